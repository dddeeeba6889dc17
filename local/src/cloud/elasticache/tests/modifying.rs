//! Facts about settings that change.

use super::World;
use crate::cloud::FailoverWording;
use crate::cloud::elasticache::{
    ClusterMode, GroupSpec, Keyspace, max_memory, modify::ModifyReplicationGroup,
};

fn request() -> ModifyReplicationGroup {
    ModifyReplicationGroup {
        replication_group_id: "orders".into(),
        apply_immediately: true,
        ..ModifyReplicationGroup::default()
    }
}

fn modify(
    world: &mut World,
    request: &ModifyReplicationGroup,
) -> Result<String, (&'static str, String)> {
    world
        .cache
        .modify_replication_group(request, world.now, &world.parameters)
        .map(|answer| answer.0.status(world.now).to_owned())
        .map_err(|refusal| (refusal.code.wire(), refusal.message))
}

fn unsharded() -> World {
    World::with(GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        replicas_per_shard: 2,
        ..GroupSpec::default()
    })
}

fn primary(world: &World) -> String {
    world.group().shards[0]
        .nodes
        .iter()
        .find(|node| node.is_primary)
        .unwrap()
        .id
        .clone()
}

#[test]
fn promotion_takes_three_changes() {
    let mut world = unsharded();
    let promote = ModifyReplicationGroup {
        primary_cluster_id: Some("orders-003".into()),
        ..request()
    };
    assert_eq!(
        modify(&mut world, &promote).unwrap_err().0,
        "InvalidParameterCombination"
    );
    let off = ModifyReplicationGroup {
        automatic_failover_enabled: Some(false),
        multi_az_enabled: Some(false),
        ..request()
    };
    assert_eq!(modify(&mut world, &off).unwrap(), "modifying");
    assert_eq!(
        modify(&mut world, &promote).unwrap_err().0,
        "InvalidReplicationGroupState"
    );
    world.settle();
    modify(&mut world, &promote).unwrap();
    assert_eq!(primary(&world), "orders-001");
    world.settle();
    assert_eq!(primary(&world), "orders-003");
    let on = ModifyReplicationGroup {
        automatic_failover_enabled: Some(true),
        multi_az_enabled: Some(true),
        ..request()
    };
    modify(&mut world, &on).unwrap();
    world.settle();
    assert!(world.events().contains(
        &"orders: Automatic failover has been turned on for replication group orders".into()
    ));
}

/// A group whose replicas follow nobody by themselves.
fn manual() -> World {
    World::with(GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        replicas_per_shard: 2,
        automatic_failover: false,
        multi_az: false,
        notification_topic: Some("arn:topic".into()),
        ..GroupSpec::default()
    })
}

fn promote(node: &str) -> ModifyReplicationGroup {
    ModifyReplicationGroup {
        primary_cluster_id: Some(node.into()),
        ..request()
    }
}

#[test]
fn a_promotion_takes_a_minute_and_tells_of_itself_or_not() {
    let text = "Failover from primary node orders-001 to replica node orders-002 completed";
    for (tells, events, notified) in [
        (
            true,
            vec![format!("orders-001: {text}"), format!("orders: {text}")],
            vec!["FailoverComplete".to_owned()],
        ),
        (false, vec![], vec![]),
    ] {
        let mut world = manual();
        world.parameters.promotion_tells_failover = tells;
        world.parameters.failover_wording = FailoverWording::FromPrimary;
        let answer = modify(&mut world, &promote("orders-002")).unwrap();
        assert_eq!(answer, "modifying");
        assert_eq!(world.settle(), chrono::TimeDelta::minutes(1));
        assert_eq!(primary(&world), "orders-002");
        assert!(
            world.group().shards[0]
                .nodes
                .iter()
                .all(|node| node.available)
        );
        assert_eq!((world.events(), world.notified()), (events, notified));
    }
}

#[test]
fn the_primary_is_promoted_without_a_change() {
    let mut world = manual();
    let answer = modify(&mut world, &promote("orders-001")).unwrap();
    assert_eq!(answer, "available");
    assert_eq!(primary(&world), "orders-001");
}

#[test]
fn a_replica_is_not_promoted_while_a_node_is_down_or_a_setting_forbids_it() {
    let mut world = manual();
    world.cache.set_node_status("orders-002", "creating");
    assert_eq!(
        modify(&mut world, &promote("orders-002")).unwrap_err().0,
        "InvalidCacheClusterState"
    );
    world.cache.set_node_status("orders-002", "available");
    assert_eq!(
        modify(&mut world, &promote("orders-009")).unwrap_err().0,
        "CacheClusterNotFound"
    );
    for (automatic_failover, multi_az) in [(true, false), (true, true)] {
        let mut world = World::with(GroupSpec {
            cluster_mode: ClusterMode::Disabled,
            shards: 1,
            automatic_failover,
            multi_az,
            ..GroupSpec::default()
        });
        assert_eq!(
            modify(&mut world, &promote("orders-002")).unwrap_err().0,
            "InvalidParameterCombination"
        );
    }
}

#[test]
fn cluster_mode_enabled_keeps_automatic_failover_and_promotes_nobody() {
    let mut world = World::of_shards(2);
    let off = ModifyReplicationGroup {
        automatic_failover_enabled: Some(false),
        ..request()
    };
    let text = "Turning off automatic failover for replication group with cluster mode enabled is not supported.";
    assert_eq!(
        modify(&mut world, &off).unwrap_err(),
        ("InvalidParameterCombination", text.into())
    );
    let promote = ModifyReplicationGroup {
        primary_cluster_id: Some("orders-0001-002".into()),
        ..request()
    };
    assert_eq!(
        modify(&mut world, &promote).unwrap_err().0,
        "InvalidParameterCombination"
    );
}

#[test]
fn each_wrong_change_has_its_code() {
    let of = |change: fn(&mut ModifyReplicationGroup)| {
        let mut asked = request();
        change(&mut asked);
        asked
    };
    let cases = [
        (
            of(|asked| asked.replication_group_id = "nobody".into()),
            "ReplicationGroupNotFoundFault",
        ),
        (
            of(|asked| asked.primary_cluster_id = Some("orders-009".into())),
            "CacheClusterNotFound",
        ),
        (
            of(|asked| asked.snapshotting_cluster_id = Some("orders-009".into())),
            "CacheClusterNotFound",
        ),
        (
            of(|asked| asked.cache_node_type = Some("cache.none".into())),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.engine = Some("redis".into())),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.cluster_mode = Some("enabled".into())),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.cluster_mode = Some("on".into())),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.notification_topic_status = Some("active".into())),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.automatic_failover_enabled = Some(false)),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.auth_token = Some("short".into())),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.transit_encryption_enabled = Some(true)),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.snapshot_window = Some("never".into())),
            "InvalidParameterValue",
        ),
    ];
    for (asked, code) in cases {
        let mut world = unsharded();
        assert_eq!(modify(&mut world, &asked).unwrap_err().0, code, "{asked:?}");
        assert_eq!(world.group().status, "available");
    }
    let mut world = World::with(GroupSpec {
        global_datastore: Some("ldgnf-x".into()),
        ..GroupSpec::default()
    });
    let text = "Cluster [orders] is part of a global cluster [ldgnf-x]. Request rejected.";
    assert_eq!(
        modify(&mut world, &request()).unwrap_err(),
        ("InvalidParameterValue", text.into())
    );
}

#[test]
fn a_node_type_change_modifies_for_a_while_and_then_holds_more() {
    let mut world = World::of_shards(2);
    let bigger = ModifyReplicationGroup {
        cache_node_type: Some("cache.r7g.xlarge".into()),
        ..request()
    };
    assert_eq!(modify(&mut world, &bigger).unwrap(), "modifying");
    let room = |world: &World| Some(world.group().shards[0].nodes[0].max_memory);
    assert_eq!(room(&world), max_memory("cache.r7g.large"));
    world.settle();
    assert_eq!(room(&world), max_memory("cache.r7g.xlarge"));
    world.cache.set_keyspace("orders", Keyspace::even(40 << 30));
    let smaller = ModifyReplicationGroup {
        cache_node_type: Some("cache.r7g.large".into()),
        ..request()
    };
    assert_eq!(
        modify(&mut world, &smaller).unwrap_err().0,
        "InvalidParameterValue"
    );
}

#[test]
fn a_change_that_is_not_immediate_waits_for_the_maintenance_window() {
    let mut world = World::with(GroupSpec {
        maintenance_window: "mon:12:00-mon:13:00".into(),
        ..GroupSpec::default()
    });
    let later = ModifyReplicationGroup {
        cache_node_type: Some("cache.r7g.xlarge".into()),
        apply_immediately: false,
        ..request()
    };
    assert_eq!(modify(&mut world, &later).unwrap(), "available");
    world.run(119);
    assert_eq!(
        (
            world.group().status.as_str(),
            world.group().node_type.as_str()
        ),
        ("available", "cache.r7g.large")
    );
    world.run(2);
    assert_eq!(world.group().status, "modifying");
    world.settle();
    assert_eq!(world.group().node_type, "cache.r7g.xlarge");
}

#[test]
fn an_inactive_topic_hears_nothing() {
    let mut world = World::of_shards(2);
    let topic = ModifyReplicationGroup {
        notification_topic_arn: Some("arn:topic".into()),
        notification_topic_status: Some("inactive".into()),
        ..request()
    };
    assert_eq!(modify(&mut world, &topic).unwrap(), "available");
    world.fail_over("orders", "0001").unwrap();
    world.run(15);
    assert!(world.cache.take_notifications().is_empty());
    modify(
        &mut world,
        &ModifyReplicationGroup {
            notification_topic_status: Some("active".into()),
            ..request()
        },
    )
    .unwrap();
    world.fail_over("orders", "0001").unwrap();
    world.run(15);
    assert_eq!(world.cache.take_notifications().len(), 1);
}
