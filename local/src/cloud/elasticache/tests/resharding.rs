//! Facts about shards that come and go.

use chrono::TimeDelta;

use super::{World, ids, to, without};
use crate::cloud::elasticache::{
    ClusterMode, GroupSpec, Keyspace, Quotas, max_memory,
    reshard::{ModifyShards, ShardPlacement},
};

#[test]
fn scale_out_spreads_slots_evenly_and_names_nodes_by_shard() {
    let mut world = World::of_shards(2);
    assert_eq!(world.reshard(to(3)).unwrap(), "modifying");
    let time = world.settle();
    let group = world.group();
    assert_eq!(ids(&group), ["0001", "0002", "0003"]);
    assert!(
        group
            .shards
            .iter()
            .all(|shard| (5461..=5462).contains(&shard.slots))
    );
    let nodes: Vec<&str> = group.shards[2]
        .nodes
        .iter()
        .map(|node| node.id.as_str())
        .collect();
    assert_eq!(nodes, ["orders-0003-001", "orders-0003-002"]);
    assert!(time > TimeDelta::minutes(5), "{time}");
}

#[test]
fn slots_move_little_by_little_while_progress_rises() {
    let mut world = World::of_shards(2);
    world.cache.set_keyspace("orders", Keyspace::even(8 << 30));
    world.reshard(to(3)).unwrap();
    let mut sizes = vec![];
    while world.group().status == "modifying" {
        world.step();
        sizes.push(world.group().shards[2].slots);
    }
    assert!(sizes.windows(2).all(|pair| pair[0] <= pair[1]));
    sizes.dedup();
    assert!(sizes.len() > 10, "{sizes:?}");
    assert_eq!((sizes[0], *sizes.last().unwrap()), (0, 5461));
}

#[test]
fn more_bytes_take_longer_to_move() {
    let mut time = [1_u64 << 30, 16 << 30].map(|bytes| {
        let mut world = World::of_shards(2);
        world.cache.set_keyspace("orders", Keyspace::even(bytes));
        world.reshard(to(3)).unwrap();
        world.settle()
    });
    time.sort();
    // A third of 16 GiB at 16 MiB a second is 341 s, on top of the nodes' creation.
    assert!(time[1] - time[0] > TimeDelta::seconds(60), "{time:?}");
}

#[test]
fn ids_go_on_after_the_highest_ever_used() {
    let mut world = World::of_shards(3);
    world.reshard(without(2, &["0002"])).unwrap();
    world.settle();
    assert_eq!(ids(&world.group()), ["0001", "0003"]);
    world.reshard(without(1, &["0003"])).unwrap();
    world.settle();
    world.reshard(to(2)).unwrap();
    world.settle();
    assert_eq!(ids(&world.group()), ["0001", "0004"]);
}

#[test]
fn retained_shards_are_those_that_stay() {
    let mut world = World::of_shards(3);
    world
        .reshard(ModifyShards {
            retain: vec!["0003".into()],
            ..to(1)
        })
        .unwrap();
    world.settle();
    assert_eq!(ids(&world.group()), ["0003"]);
    assert_eq!(world.group().shards[0].slots, 16384);
}

#[test]
fn the_listed_count_changes_at_the_start_or_at_the_end() {
    for at_start in [true, false] {
        let mut world = World::of_shards(2);
        world.parameters.shard_count_changes_at_start = at_start;
        let listed = |world: &World| {
            world
                .group()
                .shards
                .iter()
                .filter(|shard| shard.listed)
                .count()
        };
        world.reshard(to(3)).unwrap();
        world.run(6);
        assert_eq!(
            (world.group().status.as_str(), listed(&world)),
            ("modifying", if at_start { 3 } else { 2 })
        );
        world.settle();
        assert_eq!(listed(&world), 3);
        world.reshard(without(2, &["0001"])).unwrap();
        world.run(2);
        assert_eq!(
            (world.group().status.as_str(), listed(&world)),
            ("modifying", if at_start { 2 } else { 3 })
        );
        world.settle();
        assert_eq!(listed(&world), 2);
    }
}

#[test]
fn an_accepted_change_shows_only_after_the_delay_but_blocks_at_once() {
    let mut world = World::of_shards(2);
    world.parameters.modifying_delay = TimeDelta::seconds(45);
    world.parameters.shard_count_changes_at_start = true;
    assert_eq!(world.reshard(to(3)).unwrap(), "modifying");
    world.step();
    assert_eq!(world.group().status, "available");
    assert!(!world.group().shards[2].listed);
    assert_eq!(
        world.reshard(to(4)).unwrap_err().0,
        "InvalidReplicationGroupState"
    );
    world.run(1);
    assert_eq!(world.group().status, "modifying");
    assert!(world.group().shards[2].listed);
}

#[test]
fn a_scale_in_that_does_not_fit_is_accepted_and_changes_nothing() {
    let mut world = World::of_shards(2);
    let node = max_memory("cache.r7g.large").unwrap();
    world
        .cache
        .set_keyspace("orders", Keyspace::even(node + node / 10));
    world.parameters.shard_count_changes_at_start = true;
    let before = world.group();
    assert_eq!(world.reshard(without(1, &["0002"])).unwrap(), "modifying");
    world.settle();
    assert_eq!(world.group(), before);
}

#[test]
fn a_slot_that_cannot_move_keeps_its_shard() {
    let mut world = World::of_shards(4);
    let stuck = world.group().shards[1].slot_set.iter().next().unwrap();
    let keyspace = Keyspace {
        unmovable: [stuck].into(),
        ..Keyspace::default()
    };
    world.cache.set_keyspace("orders", keyspace);
    world.reshard(without(2, &["0002", "0003"])).unwrap();
    world.settle();
    assert_eq!(ids(&world.group()), ["0001", "0002", "0004"]);
    assert_eq!(world.group().shards[1].slots, 1);
    assert!(
        world.group().shards[1]
            .nodes
            .iter()
            .all(|node| node.available)
    );
    // What is left uneven can be evened out, but for the stuck slot's own shard nothing more than that.
    world.reshard(to(3)).unwrap();
    world.settle();
    assert!(world.group().shards[1].slot_set.contains(&stuck));
    assert!(world.group().shards[1].slots > 5000);
}

#[test]
fn even_slots_are_nothing_to_rebalance() {
    let mut world = World::of_shards(3);
    assert_eq!(
        world.reshard(to(3)).unwrap_err(),
        (
            "InvalidReplicationGroupState",
            "Slots in the replication group are uniformly distributed. Nothing to do.".into()
        )
    );
}

#[test]
fn new_shards_have_as_many_nodes_as_the_smallest_and_spread_over_zones() {
    let mut world = World::with(GroupSpec {
        shards: 3,
        replicas_per_shard: 2,
        ..GroupSpec::default()
    });
    world.reshard(to(6)).unwrap();
    world.settle();
    let group = world.group();
    for shard in &group.shards {
        let zones: std::collections::BTreeSet<_> = shard
            .nodes
            .iter()
            .map(|node| &node.availability_zone)
            .collect();
        assert_eq!((shard.nodes.len(), zones.len()), (3, 3));
    }
    for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
        let primaries = group
            .shards
            .iter()
            .filter(|shard| shard.nodes[0].availability_zone == zone)
            .count();
        assert_eq!(primaries, 2, "{zone}");
    }
}

#[test]
fn a_growth_may_name_ids_and_zones() {
    let mut world = World::of_shards(2);
    let placement = ShardPlacement {
        shard: Some("0009".into()),
        zones: vec!["us-east-1c".into(), "us-east-1a".into()],
    };
    world
        .reshard(ModifyShards {
            placements: vec![placement],
            ..to(3)
        })
        .unwrap();
    world.settle();
    let shard = world.group().shards.pop().unwrap();
    assert_eq!(
        (shard.id.as_str(), shard.nodes[0].availability_zone.as_str()),
        ("0009", "us-east-1c")
    );
    world.reshard(to(4)).unwrap();
    world.settle();
    assert_eq!(ids(&world.group()), ["0001", "0002", "0009", "0010"]);
}

#[test]
fn each_wrong_request_has_its_code_and_changes_nothing() {
    let placement = |zones: &[&str]| ShardPlacement {
        shard: None,
        zones: zones.iter().map(ToString::to_string).collect(),
    };
    let cases = [
        (
            ModifyShards {
                group: "nobody".into(),
                ..to(3)
            },
            "ReplicationGroupNotFoundFault",
        ),
        (
            ModifyShards {
                apply_immediately: false,
                ..to(3)
            },
            "InvalidParameterValue",
        ),
        (to(0), "InvalidParameterValue"),
        (to(-1), "InvalidParameterValue"),
        (to(1), "InvalidParameterCombination"),
        (
            ModifyShards {
                retain: vec!["0001".into()],
                ..without(1, &["0002"])
            },
            "InvalidParameterCombination",
        ),
        (without(1, &["0002", "0001"]), "InvalidParameterValue"),
        (without(3, &["0002"]), "InvalidParameterCombination"),
        (without(2, &["0002"]), "InvalidParameterCombination"),
        (
            ModifyShards {
                placements: vec![placement(&[])],
                ..without(1, &["0002"])
            },
            "InvalidParameterCombination",
        ),
        (
            ModifyShards {
                placements: vec![placement(&["us-east-1z", "us-east-1a"])],
                ..to(3)
            },
            "InvalidParameterValue",
        ),
        (
            ModifyShards {
                placements: vec![placement(&["us-east-1a"])],
                ..to(3)
            },
            "InvalidParameterValue",
        ),
        (
            ModifyShards {
                placements: vec![placement(&[]); 2],
                ..to(3)
            },
            "InvalidParameterValue",
        ),
        (to(46), "NodeGroupsPerReplicationGroupQuotaExceeded"),
    ];
    for (request, code) in cases {
        let mut world = World::of_shards(2);
        let before = world.group();
        assert_eq!(
            world.reshard(request.clone()).unwrap_err().0,
            code,
            "{request:?}"
        );
        assert_eq!(world.group(), before);
        // A refused growth uses no id.
        world.reshard(to(3)).unwrap();
        world.settle();
        assert_eq!(ids(&world.group()), ["0001", "0002", "0003"]);
    }
}

#[test]
fn unknown_shards_are_named_in_the_refusal() {
    let mut world = World::of_shards(2);
    let refusal = world.reshard(without(1, &["0010"])).unwrap_err();
    let text = "The following node group ids are invalid: [0010]";
    assert_eq!(refusal, ("InvalidParameterValue", text.into()));
}

#[test]
fn a_busy_group_refuses_in_the_words_of_the_service() {
    let mut world = World::of_shards(2);
    world.reshard(to(3)).unwrap();
    let text = "Replication group must be in available state to modify.";
    assert_eq!(
        world.reshard(to(4)).unwrap_err(),
        ("InvalidReplicationGroupState", text.into())
    );
    assert_eq!(
        world.fail_over("orders", "0001").unwrap_err().0,
        "InvalidReplicationGroupState"
    );
}

#[test]
fn a_member_that_is_not_ready_blocks_a_group_that_says_available() {
    let mut world = World::of_shards(2);
    assert!(world.cache.set_node_status("orders-0002-002", "creating"));
    assert_eq!(world.group().status, "available");
    assert_eq!(
        world.reshard(to(3)).unwrap_err().0,
        "InvalidCacheClusterState"
    );
}

#[test]
fn only_cluster_mode_enabled_outside_global_datastores_reshards() {
    for mode in [ClusterMode::Disabled, ClusterMode::Compatible] {
        let mut world = World::with(GroupSpec {
            cluster_mode: mode,
            shards: 1,
            ..GroupSpec::default()
        });
        let text = "Operation is only applicable for cluster mode enabled replication groups.";
        assert_eq!(
            world.reshard(to(2)).unwrap_err(),
            ("InvalidParameterValue", text.into())
        );
    }
    let mut world = World::with(GroupSpec {
        global_datastore: Some("ldgnf-x".into()),
        ..GroupSpec::default()
    });
    let text = "Cluster [orders] is part of a global cluster [ldgnf-x]. Request rejected.";
    assert_eq!(
        world.reshard(to(3)).unwrap_err(),
        ("InvalidParameterValue", text.into())
    );
}

#[test]
fn quotas_count_nodes_of_the_group_and_of_the_region() {
    let mut world = World::of_shards(2);
    world.cache.set_quotas(Quotas {
        nodes_per_region: 5,
        ..Quotas::default()
    });
    assert_eq!(
        world.reshard(to(3)).unwrap_err().0,
        "NodeQuotaForCustomerExceeded"
    );
    world.cache.set_quotas(Quotas::default());
    world.reshard(to(45)).unwrap();
}

#[test]
fn full_zones_refuse_and_deleted_nodes_make_room() {
    let mut world = World::of_shards(2);
    for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
        world.cache.set_capacity(zone, Some(0));
    }
    assert_eq!(
        world.reshard(to(3)).unwrap_err().0,
        "InsufficientCacheClusterCapacity"
    );
    world.reshard(without(1, &["0002"])).unwrap();
    world.settle();
    world.reshard(to(2)).unwrap();
    world.settle();
    assert_eq!(
        world.reshard(to(3)).unwrap_err().0,
        "InsufficientCacheClusterCapacity"
    );
}

#[test]
fn heavy_slots_make_bytes_uneven() {
    let world = World::with(GroupSpec {
        keyspace: Keyspace {
            bytes_per_slot: 10.0,
            heavy: [(3, 1000)].into(),
            ..Keyspace::default()
        },
        ..GroupSpec::default()
    });
    let bytes: Vec<u64> = world
        .group()
        .shards
        .iter()
        .map(|shard| shard.bytes)
        .collect();
    assert_eq!(bytes, [82_920, 81_920]);
}
