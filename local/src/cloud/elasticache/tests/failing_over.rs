//! Facts about failovers.

use chrono::TimeDelta;

use super::{World, to};
use crate::cloud::{
    FailoverWording,
    elasticache::{ClusterMode, GroupSpec},
};

fn primary(world: &World, shard: usize) -> String {
    let group = world.group();
    let mut primaries = group.shards[shard]
        .nodes
        .iter()
        .filter(|node| node.is_primary);
    let found = primaries.next().unwrap().id.clone();
    assert!(primaries.next().is_none());
    found
}

#[test]
fn a_replica_takes_over_after_a_minute_and_the_old_primary_returns_as_replica() {
    let mut world = World::of_shards(2);
    world.fail_over("orders", "0001").unwrap();
    world.run(1);
    assert_eq!(primary(&world, 0), "orders-0001-001");
    assert!(!world.group().shards[0].nodes[0].available);
    world.step();
    assert_eq!(primary(&world, 0), "orders-0001-002");
    assert_eq!(world.group().status, "available");
    let switched = world.group().shards[0].nodes[1].last_failover.unwrap();
    assert_eq!(switched, super::start() + TimeDelta::seconds(63));
    world.run(13);
    assert!(world.group().shards[0].nodes[0].available);
    assert_eq!(primary(&world, 1), "orders-0002-001");
}

#[test]
fn events_come_in_the_published_order_and_in_each_documented_wording() {
    let mut world = World::of_shards(2);
    world.fail_over("orders", "0001").unwrap();
    world.run(15);
    assert_eq!(
        world.events(),
        [
            "orders: Test Failover API called for node group 0001",
            "orders: Failover to replica node orders-0001-002 completed",
            "orders-0001-001: Recovering cache nodes 0001",
            "orders-0001-001: Finished recovery for cache nodes 0001",
        ]
    );
    for (wording, role) in [
        (FailoverWording::FromPrimary, "primary"),
        (FailoverWording::FromMaster, "master"),
    ] {
        let mut world = World::of_shards(2);
        world.parameters.failover_wording = wording;
        world.fail_over("orders", "0001").unwrap();
        world.run(15);
        let text = format!(
            "Failover from {role} node orders-0001-001 to replica node orders-0001-002 completed"
        );
        assert_eq!(
            world.events(),
            [
                "orders: Test Failover API called for node group 0001".to_owned(),
                format!("orders-0001-001: {text}"),
                format!("orders: {text}"),
                "orders-0001-001: Recovering cache nodes 0001".to_owned(),
                "orders-0001-001: Finished recovery for cache nodes 0001".to_owned(),
            ]
        );
    }
}

#[test]
fn a_group_fails_over_one_shard_at_a_time() {
    for (blames_member, code) in [
        (false, "InvalidReplicationGroupState"),
        (true, "InvalidCacheClusterState"),
    ] {
        let mut world = World::of_shards(2);
        world.parameters.busy_failover_blames_member = blames_member;
        world.cache.seed_group(
            GroupSpec {
                id: "other".into(),
                ..GroupSpec::default()
            },
            world.now,
        );
        world.fail_over("orders", "0001").unwrap();
        world.run(10);
        assert_eq!(world.fail_over("orders", "0002").unwrap_err().0, code);
        assert_eq!(
            world.reshard(to(3)).unwrap_err().0,
            "InvalidCacheClusterState"
        );
        world.fail_over("other", "0001").unwrap();
        world.run(3);
        world.fail_over("orders", "0002").unwrap();
    }
}

#[test]
fn fifteen_distinct_shards_in_a_day_are_the_accounts_budget() {
    let mut world = World::of_shards(10);
    world.cache.seed_group(
        GroupSpec {
            id: "other".into(),
            shards: 10,
            ..GroupSpec::default()
        },
        world.now,
    );
    for number in 1..=8 {
        for group in ["orders", "other"] {
            if (group, number) != ("other", 8) {
                world.fail_over(group, &format!("{number:04}")).unwrap();
            }
        }
        world.run(13);
    }
    assert_eq!(
        world.fail_over("other", "0008").unwrap_err().0,
        "APICallRateForCustomerExceeded"
    );
    // A shard already counted costs nothing more.
    world.fail_over("orders", "0001").unwrap();
    world.run(24 * 60 - 13 * 8 + 1);
    world.fail_over("other", "0008").unwrap();
}

#[test]
fn a_second_failover_of_a_shard_spends_budget_if_the_parameter_says_so() {
    for (spends, expected) in [
        (true, Err("APICallRateForCustomerExceeded")),
        (false, Ok(())),
    ] {
        let mut world = World::of_shards(2);
        world.parameters.repeated_failover_spends_budget = spends;
        for _ in 0..15 {
            world.fail_over("orders", "0001").unwrap();
            world.run(13);
        }
        for shard in ["0001", "0002"] {
            let answer = world.fail_over("orders", shard);
            assert_eq!(answer.map_err(|refusal| refusal.0), expected, "{shard}");
            world.run(13);
        }
        // A day after the first of them there is room again.
        world.run(24 * 60 - 13 * 17 + 1);
        world.fail_over("orders", "0002").unwrap();
    }
}

#[test]
fn the_available_replica_that_lags_least_takes_over() {
    let of_three = || {
        World::with(GroupSpec {
            replicas_per_shard: 3,
            ..GroupSpec::default()
        })
    };
    let after = |world: &mut World| {
        world.fail_over("orders", "0001").unwrap();
        world.run(2);
        primary(world, 0)
    };
    let mut world = of_three();
    assert!(world.cache.set_lag("orders-0001-003", Some(0.1)));
    assert_eq!(after(&mut world), "orders-0001-003");

    // All lag alike: the first.
    assert_eq!(after(&mut of_three()), "orders-0001-002");

    // A lag that nobody knows comes last.
    let mut world = of_three();
    world.cache.set_lag("orders-0001-002", None);
    world.cache.set_lag("orders-0001-003", Some(9.0));
    world.cache.set_lag("orders-0001-004", Some(8.0));
    assert_eq!(after(&mut world), "orders-0001-004");

    // A broken primary is followed by the least lag too, and by nobody who is not available.
    let mut world = of_three();
    world.cache.set_lag("orders-0001-004", Some(0.1));
    world
        .cache
        .set_node_status("orders-0001-004", "rebooting cluster nodes");
    assert!(world.cache.fail_primary("orders", "0001", world.now));
    world.run(2);
    assert_eq!(primary(&world, 0), "orders-0001-002");
    assert!(!world.cache.set_lag("orders-0009-001", None));
}

#[test]
fn refused_calls_spend_budget_if_the_parameter_says_so() {
    for (spends, expected) in [
        (true, Err("APICallRateForCustomerExceeded")),
        (false, Ok(())),
    ] {
        let mut world = World::of_shards(16);
        world.parameters.refused_failover_spends_budget = spends;
        world.fail_over("orders", "0001").unwrap();
        for number in 2..=15 {
            world
                .fail_over("orders", &format!("{number:04}"))
                .unwrap_err();
        }
        world.run(13);
        assert_eq!(
            world
                .fail_over("orders", "0016")
                .map_err(|refusal| refusal.0),
            expected
        );
    }
}

#[test]
fn each_wrong_request_has_its_code() {
    let group = |spec: GroupSpec| World::with(spec);
    let default = GroupSpec::default;
    let mut cases = vec![
        (
            group(default()),
            "nobody",
            "0001",
            "ReplicationGroupNotFoundFault",
        ),
        (group(default()), "orders", "0007", "NodeGroupNotFoundFault"),
        (group(default()), "orders", "first", "InvalidParameterValue"),
        (group(default()), "orders", "00001", "InvalidParameterValue"),
        (
            group(GroupSpec {
                replicas_per_shard: 0,
                multi_az: false,
                ..default()
            }),
            "orders",
            "0001",
            "InvalidReplicationGroupState",
        ),
        (
            group(GroupSpec {
                cluster_mode: ClusterMode::Disabled,
                shards: 1,
                automatic_failover: false,
                multi_az: false,
                ..default()
            }),
            "orders",
            "0001",
            "InvalidReplicationGroupState",
        ),
    ];
    let mut blocked = group(default());
    blocked.cache.block_test_failover(true);
    cases.push((blocked, "orders", "0001", "TestFailoverNotAvailableFault"));
    let mut creating = group(default());
    creating
        .cache
        .set_node_status("orders-0001-002", "creating");
    cases.push((creating, "orders", "0001", "InvalidCacheClusterState"));
    for (mut world, id, shard, code) in cases {
        assert_eq!(
            world.fail_over(id, shard).unwrap_err().0,
            code,
            "{id} {shard}"
        );
        assert!(world.events().is_empty());
    }
}

#[test]
fn a_broken_primary_is_replaced_without_any_call() {
    let mut world = World::of_shards(2);
    assert!(world.cache.fail_primary("orders", "0002", world.now));
    world.run(15);
    assert_eq!(primary(&world, 1), "orders-0002-002");
    assert!(
        !world
            .events()
            .iter()
            .any(|event| event.contains("API called"))
    );
    assert!(!world.cache.fail_primary("orders", "0009", world.now));
}

#[test]
fn a_broken_primary_that_nobody_follows_comes_back_in_its_place() {
    let alone = GroupSpec {
        replicas_per_shard: 0,
        multi_az: false,
        automatic_failover: false,
        ..GroupSpec::default()
    };
    let manual = GroupSpec {
        automatic_failover: false,
        multi_az: false,
        ..GroupSpec::default()
    };
    for spec in [alone, manual] {
        let mut world = World::with(spec);
        assert!(world.cache.fail_primary("orders", "0001", world.now));
        // It is down already.
        assert!(!world.cache.fail_primary("orders", "0001", world.now));
        world.run(10);
        assert!(!world.group().shards[0].nodes[0].available);
        world.run(1);
        assert!(world.group().shards[0].nodes[0].available);
        assert_eq!(primary(&world, 0), "orders-0001-001");
        assert_eq!(
            world.events(),
            [
                "orders-0001-001: Recovering cache nodes 0001",
                "orders-0001-001: Finished recovery for cache nodes 0001",
            ]
        );
    }
}

#[test]
fn a_test_failover_sends_the_notifications_of_a_replaced_node_if_the_parameter_says_so() {
    for (notifies, expected) in [
        (false, &["FailoverComplete"][..]),
        (
            true,
            &[
                "FailoverComplete",
                "CacheNodeReplaceStarted",
                "CacheNodeReplaceComplete",
            ],
        ),
    ] {
        let mut world = World::with(GroupSpec {
            notification_topic: Some("arn:topic".into()),
            ..GroupSpec::default()
        });
        world.parameters.test_failover_notifies_replacement = notifies;
        world.fail_over("orders", "0001").unwrap();
        world.run(15);
        assert_eq!(world.notified(), expected);
    }
}

#[test]
fn the_notification_names_the_group_or_the_new_primary() {
    for (names_node, value) in [(false, "orders"), (true, "orders-0001-002")] {
        let topic = "arn:aws:sns:us-east-1:123456789012:cache";
        let mut world = World::with(GroupSpec {
            notification_topic: Some(topic.into()),
            ..GroupSpec::default()
        });
        world.parameters.failover_complete_names_node = names_node;
        world.fail_over("orders", "0001").unwrap();
        world.run(15);
        let sent = world.cache.take_notifications();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].target, topic);
        assert_eq!(
            sent[0].event,
            format!("{{\"ElastiCache:FailoverComplete\":\"{value}\"}}")
        );
        assert!(world.cache.take_notifications().is_empty());
    }
}

#[test]
fn events_appear_after_their_delay() {
    let mut world = World::of_shards(2);
    world.parameters.event_delay = TimeDelta::minutes(5);
    world.fail_over("orders", "0001").unwrap();
    world.run(4);
    assert!(world.events().is_empty());
    world.run(1);
    assert_eq!(world.events().len(), 1);
}
