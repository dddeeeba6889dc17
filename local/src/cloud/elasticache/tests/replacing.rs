//! Facts about nodes that the service replaces.

use chrono::{DateTime, TimeDelta, Utc};

use super::{World, start, to};
use crate::cloud::{EventTimes, elasticache::GroupSpec};

fn notifying(spec: GroupSpec) -> World {
    World::with(GroupSpec {
        notification_topic: Some("arn:topic".into()),
        ..spec
    })
}

fn minute(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

fn schedule(world: &mut World, node: &str, from: i64) -> bool {
    let World {
        cache,
        parameters,
        now,
    } = world;
    cache.schedule_replacement(node, minute(from), minute(from + 60), *now, parameters)
}

#[test]
fn a_schedule_is_an_event_of_the_node_in_the_documented_wording_and_a_notification() {
    for (times, from, until) in [
        (
            EventTimes::Rfc3339,
            "2026-11-23T10:30:00Z",
            "2026-11-23T11:30:00Z",
        ),
        (
            EventTimes::Milliseconds,
            "2026-11-23T10:30:00.000Z",
            "2026-11-23T11:30:00.000Z",
        ),
        (
            EventTimes::Java,
            "Mon Nov 23 10:30:00 UTC 2026",
            "Mon Nov 23 11:30:00 UTC 2026",
        ),
    ] {
        let mut world = notifying(GroupSpec::default());
        world.parameters.replacement_times = times;
        assert!(schedule(&mut world, "orders-0001-002", 30));
        assert_eq!(
            world.events(),
            [format!(
                "orders-0001-002: The node with Cache Cluster ID: orders-0001-002, Node ID: 0001 is scheduled for \
                 replacement during the maintenance window from Start Time: {from}, End Time: {until}"
            )]
        );
        let sent = world.cache.take_notifications();
        assert_eq!(
            sent[0].event,
            "{\"ElastiCache:NodeReplacementScheduled\":\"orders-0001-002\"}"
        );
        // Once is enough, and nobody replaces what is not there.
        assert!(!schedule(&mut world, "orders-0001-002", 40));
        assert!(!schedule(&mut world, "orders-0007-001", 40));
        assert_eq!(world.events().len(), 1);
    }
}

#[test]
fn a_schedule_moves_and_is_canceled_until_it_begins() {
    let mut world = notifying(GroupSpec::default());
    let node = "orders-0001-002";
    schedule(&mut world, node, 30);
    let (now, parameters) = (world.now, world.parameters.clone());
    let moved = |world: &mut World, from| {
        world
            .cache
            .reschedule_replacement(node, minute(from), minute(from + 60), now, &parameters)
    };
    assert!(moved(&mut world, 50));
    assert_eq!(
        world.events()[1],
        "orders-0001-002: The replacement in maintenance window for node with Cache Cluster ID: orders-0001-002, Node \
         ID: 0001 has re-scheduled from Previous Start Time: 2026-11-23T10:30:00Z, Previous End Time: \
         2026-11-23T11:30:00Z to New Start Time: 2026-11-23T10:50:00Z, New End Time: 2026-11-23T11:50:00Z"
    );
    let window = world.cache.scheduled_replacement(node);
    assert_eq!(window, Some((minute(50), minute(110))));
    world.run(49);
    assert!(world.group().shards[0].nodes[1].available);
    world.run(2);
    assert!(!world.group().shards[0].nodes[1].available);
    assert!(!moved(&mut world, 200));
    let cancel = |world: &mut World| world.cache.cancel_replacement(node, now, &parameters);
    assert!(!cancel(&mut world));
    assert_eq!(world.cache.scheduled_replacement(node), None);

    world.run(20);
    schedule(&mut world, node, 100);
    assert!(cancel(&mut world));
    assert_eq!(
        world.events().pop().unwrap(),
        "orders-0001-002: The replacement for Cache Cluster ID: orders-0001-002, Node ID: 0001 scheduled during the \
         maintenance window from Start Time: 2026-11-23T11:40:00Z, End Time: 2026-11-23T12:40:00Z has been canceled"
    );
    assert_eq!(
        world.notified(),
        [
            "NodeReplacementScheduled",
            "NodeReplacementRescheduled",
            "CacheNodeReplaceStarted",
            "CacheNodeReplaceComplete",
            "NodeReplacementScheduled",
            "NodeReplacementCanceled",
        ]
    );
    world.run(60);
    assert!(world.group().shards[0].nodes[1].available);
}

#[test]
fn a_primary_is_moved_away_before_it_is_replaced() {
    let mut world = notifying(GroupSpec::default());
    schedule(&mut world, "orders-0001-001", 30);
    world.run(31);
    let nodes = |world: &World| {
        let nodes = world.group().shards.remove(0).nodes;
        let told = nodes.iter().map(|node| (node.is_primary, node.available));
        told.collect::<Vec<_>>()
    };
    assert_eq!(nodes(&world), [(true, false), (false, true)]);
    world.run(1);
    assert_eq!(nodes(&world), [(false, false), (true, true)]);
    world.run(12);
    assert_eq!(nodes(&world), [(false, true), (true, true)]);
    assert_eq!(world.group().status, "available");
    assert_eq!(
        world.events()[1..],
        [
            "orders: Failover to replica node orders-0001-002 completed",
            "orders-0001-001: Recovering cache nodes 0001",
            "orders-0001-001: Finished recovery for cache nodes 0001",
        ]
    );
    assert_eq!(
        world.notified(),
        [
            "NodeReplacementScheduled",
            "FailoverComplete",
            "CacheNodeReplaceStarted",
            "CacheNodeReplaceComplete",
        ]
    );
}

#[test]
fn a_primary_that_nobody_may_follow_is_replaced_in_its_place() {
    let mut world = World::with(GroupSpec {
        automatic_failover: false,
        multi_az: false,
        ..GroupSpec::default()
    });
    schedule(&mut world, "orders-0001-001", 1);
    world.run(5);
    let down = &world.group().shards[0].nodes[0];
    assert!(down.is_primary && !down.available);
    assert_eq!(
        world.fail_over("orders", "0002").unwrap_err().0,
        "InvalidReplicationGroupState"
    );
    world.run(8);
    let back = &world.group().shards[0].nodes[0];
    assert!(back.is_primary && back.available);
}

#[test]
fn nothing_else_starts_on_a_group_whose_node_is_being_replaced() {
    let mut world = World::of_shards(2);
    schedule(&mut world, "orders-0001-002", 1);
    world.run(2);
    assert_eq!(
        world.fail_over("orders", "0002").unwrap_err().0,
        "InvalidCacheClusterState"
    );
    assert_eq!(
        world.reshard(to(3)).unwrap_err().0,
        "InvalidCacheClusterState"
    );
    world.run(11);
    world.fail_over("orders", "0002").unwrap();
}

#[test]
fn a_replacement_waits_for_the_change_under_way_and_for_the_one_before() {
    let mut world = World::of_shards(2);
    schedule(&mut world, "orders-0001-001", 1);
    schedule(&mut world, "orders-0002-001", 1);
    world.reshard(to(3)).unwrap();
    let down = |world: &World| {
        let shards = world.group().shards;
        let nodes = shards.into_iter().filter(|shard| shard.id != "0003");
        let nodes = nodes.flat_map(|shard| shard.nodes);
        nodes.filter(|node| !node.available).count()
    };
    while world.group().status != "available" {
        assert_eq!(down(&world), 0);
        world.step();
    }
    let mut most = 0;
    for _ in 0..30 {
        world.run(1);
        most = most.max(down(&world));
    }
    assert_eq!((most, down(&world)), (1, 0));
    let primaries: Vec<bool> = world
        .group()
        .shards
        .iter()
        .map(|shard| shard.nodes[1].is_primary)
        .collect();
    assert_eq!(primaries, [true, true, false]);
}

#[test]
fn a_node_that_went_with_its_shard_is_not_replaced() {
    let mut world = World::of_shards(3);
    schedule(&mut world, "orders-0003-001", 60);
    world.reshard(super::without(2, &["0003"])).unwrap();
    world.settle();
    world.run(70);
    assert_eq!(world.cache.scheduled_replacement("orders-0003-001"), None);
    assert!(
        !world
            .events()
            .iter()
            .any(|event| event.contains("Recovering"))
    );
}
