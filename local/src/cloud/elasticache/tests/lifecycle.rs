//! Facts about creation, deletion and snapshots.

use chrono::TimeDelta;

use super::{World, ids, to};
use crate::cloud::elasticache::{
    GroupSpec, Quotas,
    create::{CreateReplicationGroup, ShardConfiguration},
    describe::Paging,
};

fn request(id: &str) -> CreateReplicationGroup {
    CreateReplicationGroup {
        replication_group_id: id.into(),
        description: "text".into(),
        cache_node_type: Some("cache.r7g.large".into()),
        engine: Some("valkey".into()),
        num_node_groups: Some(2),
        replicas_per_node_group: Some(1),
        automatic_failover_enabled: Some(true),
        ..CreateReplicationGroup::default()
    }
}

fn create(world: &mut World, request: &CreateReplicationGroup) -> Result<(), &'static str> {
    world
        .cache
        .create_replication_group(request, world.now, &world.parameters)
        .map(|_| ())
        .map_err(|refusal| refusal.code.wire())
}

fn status(world: &World, id: &str) -> Option<String> {
    world.cache.group(id).map(|group| group.status)
}

#[test]
fn a_group_is_created_in_a_while_with_its_events_and_notifications() {
    let mut world = World::of_shards(2);
    let asked = CreateReplicationGroup {
        notification_topic_arn: Some("arn:topic".into()),
        ..request("Fresh")
    };
    create(&mut world, &asked).unwrap();
    assert_eq!(status(&world, "fresh").unwrap(), "creating");
    world.run(6);
    assert_eq!(status(&world, "fresh").unwrap(), "available");
    let events = world.events();
    assert!(
        events.contains(&"fresh: Replication group fresh created".into()),
        "{events:?}"
    );
    assert!(events.contains(&"fresh-0002-001: Cache cluster created".into()));
    let last = world.cache.take_notifications().pop().unwrap();
    assert_eq!(
        last.event,
        "{\"ElastiCache:CreateReplicationGroupComplete\":\"fresh\"}"
    );
}

#[test]
fn a_failed_creation_stays_until_it_is_deleted() {
    let mut world = World::of_shards(2);
    create(&mut world, &request("fresh")).unwrap();
    assert!(world.cache.fail_creation("fresh"));
    world.run(30);
    assert_eq!(status(&world, "fresh").unwrap(), "create-failed");
    world
        .cache
        .delete_replication_group("fresh", false, None, world.now, &world.parameters)
        .unwrap();
    world.run(6);
    assert_eq!(status(&world, "fresh"), None);
}

#[test]
fn each_wrong_creation_has_its_code() {
    let shard = |slots: &str| ShardConfiguration {
        slots: Some(slots.into()),
        ..ShardConfiguration::default()
    };
    let of = |change: fn(&mut CreateReplicationGroup)| {
        let mut asked = request("fresh");
        change(&mut asked);
        asked
    };
    let cases = [
        (request("orders"), "ReplicationGroupAlreadyExists"),
        (request("1st"), "InvalidParameterValue"),
        (request("a--b"), "InvalidParameterValue"),
        (
            of(|asked| asked.cache_node_type = Some("cache.none".into())),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.cache_node_type = None),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.engine = Some("memcached".into())),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.automatic_failover_enabled = None),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.cluster_mode = Some("disabled".into())),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.replicas_per_node_group = Some(6)),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.num_node_groups = Some(91)),
            "NodeGroupsPerReplicationGroupQuotaExceeded",
        ),
        (
            of(|asked| asked.num_node_groups = Some(46)),
            "NodeQuotaForClusterExceeded",
        ),
        (
            of(|asked| asked.global_replication_group_id = Some("none".into())),
            "GlobalReplicationGroupNotFoundFault",
        ),
        (
            of(|asked| asked.primary_cluster_id = Some("none".into())),
            "CacheClusterNotFound",
        ),
        (
            of(|asked| asked.auth_token = Some("0123456789abcdef".into())),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.data_tiering_enabled = Some(true)),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| asked.snapshot_retention_limit = Some(36)),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.snapshot_window = Some("05:00".into())),
            "InvalidParameterValue",
        ),
        (
            of(|asked| asked.durability = Some("sync".into())),
            "InvalidParameterCombination",
        ),
        (
            of(|asked| {
                asked.tags = (0..51)
                    .map(|number| (number.to_string(), String::new()))
                    .collect()
            }),
            "TagQuotaPerResourceExceeded",
        ),
        (
            CreateReplicationGroup {
                node_group_configuration: vec![shard("0-1"), shard("1-16383")],
                ..request("fresh")
            },
            "InvalidParameterValue",
        ),
        (
            CreateReplicationGroup {
                node_group_configuration: vec![shard("0-1")],
                ..request("fresh")
            },
            "InvalidParameterCombination",
        ),
    ];
    for (asked, code) in cases {
        let mut world = World::of_shards(2);
        assert_eq!(create(&mut world, &asked), Err(code), "{asked:?}");
        assert_eq!(status(&world, "fresh"), None);
    }
    let mut world = World::of_shards(2);
    world.cache.set_quotas(Quotas {
        nodes_per_region: 7,
        ..Quotas::default()
    });
    assert_eq!(
        create(&mut world, &request("fresh")),
        Err("NodeQuotaForCustomerExceeded")
    );
}

#[test]
fn shards_may_be_configured_one_by_one() {
    let mut world = World::of_shards(2);
    let shard = |slots: &str, replicas, zone: &str| ShardConfiguration {
        slots: Some(slots.into()),
        replicas: Some(replicas),
        primary_zone: Some(zone.into()),
        ..ShardConfiguration::default()
    };
    let asked = CreateReplicationGroup {
        num_node_groups: None,
        node_group_configuration: vec![
            shard("0-99", 0, "us-east-1c"),
            shard("100-16383", 2, "us-east-1b"),
        ],
        ..request("fresh")
    };
    create(&mut world, &asked).unwrap();
    let group = world.cache.group("fresh").unwrap();
    let found: Vec<_> = group
        .shards
        .iter()
        .map(|shard| {
            (
                shard.slots,
                shard.nodes.len(),
                shard.nodes[0].availability_zone.as_str(),
            )
        })
        .collect();
    assert_eq!(found, [(100, 1, "us-east-1c"), (16284, 3, "us-east-1b")]);
    // Growth then follows the smallest shard.
    world.run(6);
    world
        .cache
        .modify_shard_configuration(
            &crate::cloud::elasticache::reshard::ModifyShards {
                group: "fresh".into(),
                ..to(3)
            },
            world.now,
            &world.parameters,
        )
        .unwrap();
    assert_eq!(world.cache.group("fresh").unwrap().shards[2].nodes.len(), 1);
}

#[test]
fn a_retained_primary_outlives_its_group_and_can_found_another() {
    let mut world = World::with(GroupSpec {
        cluster_mode: crate::cloud::elasticache::ClusterMode::Disabled,
        shards: 1,
        ..GroupSpec::default()
    });
    world
        .cache
        .delete_replication_group("orders", true, None, world.now, &world.parameters)
        .unwrap();
    assert_eq!(world.group().status, "deleting");
    world.run(6);
    assert!(world.cache.group("orders").is_none());
    let page = world
        .cache
        .describe_cache_clusters(None, true, &Paging::default())
        .unwrap();
    assert_eq!(page.items.len(), 1);
    let asked = CreateReplicationGroup {
        primary_cluster_id: Some("orders-001".into()),
        num_node_groups: None,
        cache_node_type: None,
        ..request("heir")
    };
    create(&mut world, &asked).unwrap();
    world.run(6);
    let nodes: Vec<String> = world.cache.group("heir").unwrap().shards[0]
        .nodes
        .iter()
        .map(|node| node.id.clone())
        .collect();
    assert_eq!(nodes, ["orders-001", "heir-002"]);
}

#[test]
fn a_group_is_snapshotting_once_a_day_in_its_window() {
    let mut world = World::with(GroupSpec {
        snapshot_window: Some("10:30-11:30".into()),
        ..GroupSpec::default()
    });
    let mut snapshotting = vec![];
    for _ in 0..2 * 24 * 60 {
        let before = world.group().status;
        world.run(1);
        if before != "snapshotting" && world.group().status == "snapshotting" {
            snapshotting.push(world.now - super::start());
            assert_eq!(
                world.reshard(to(3)).unwrap_err().0,
                "InvalidReplicationGroupState"
            );
            let group = world.group();
            assert!(
                group
                    .shards
                    .iter()
                    .all(|shard| shard.nodes.iter().all(|node| node.available))
            );
        }
    }
    assert_eq!(
        snapshotting,
        [TimeDelta::minutes(30), TimeDelta::minutes(24 * 60 + 30)]
    );
    let text = "orders-0001-002: Snapshot succeeded for snapshot with ID 'automatic.orders-2026-11-23-10-38' of \
                replication group with ID 'orders'";
    assert!(
        world.events().contains(&text.to_owned()),
        "{:?}",
        world.events()
    );
    assert_eq!(ids(&world.group()), ["0001", "0002"]);
}
