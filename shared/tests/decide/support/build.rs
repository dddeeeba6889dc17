//! Plain parts of an observation, for scenarios and random worlds alike.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    cluster::{Group, Node, NodeId, ReplicationGroupId, SLOTS, Shard, ShardId, Status, Switch},
    reshard::NodeEvidence,
};

const GIB: f64 = 1_073_741_824.0;

/// Tuesday, 2 pm.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

/// A group `orders` in which everything is available and slots are even. Nodes are `orders-<shard>-001`, …; their zones
/// take turns.
pub(crate) fn group(ids: &[String], replicas: &[usize]) -> Group {
    let count = u32::try_from(ids.len()).unwrap();
    let shards: Vec<Shard> = (0..)
        .zip(ids.iter().zip(replicas))
        .map(|(index, (id, replicas))| Shard {
            id: ShardId::new(id),
            status: Status::Available,
            slots: Some(even_slots(index, count)),
            nodes: (0..=*replicas)
                .map(|node| Node {
                    id: node_id(id, node),
                    availability_zone: zone(usize::try_from(index).unwrap() + node),
                    status: Status::Available,
                    is_primary: None,
                })
                .collect(),
        })
        .collect();
    Group {
        id: ReplicationGroupId::new("orders"),
        status: Status::Available,
        cluster_mode: Some("enabled".to_owned()),
        node_type: Some("cache.r7g.xlarge".to_owned()),
        automatic_failover: Switch::On,
        multi_az: Switch::On,
        global_datastore: None,
        snapshot_window: None,
        maintenance_window: None,
        slot_migration_percent: None,
        member_count: shards.iter().map(|shard| shard.nodes.len()).sum(),
        shards,
    }
}

/// The id of a shard's node, the first being 0.
pub(crate) fn node_id(shard: &str, node: usize) -> NodeId {
    NodeId::new(&format!("orders-{shard}-{:03}", node + 1))
}

/// The slots of one of `count` shards that share all slots as evenly as whole slots allow.
pub(crate) fn even_slots(index: u32, count: u32) -> u32 {
    SLOTS * (index + 1) / count - SLOTS * index / count
}

/// A healthy node; a primary reports no lag.
pub(crate) fn node_evidence(gib: f64, node_gib: f64, primary: bool) -> NodeEvidence {
    NodeEvidence {
        bytes: Some(gib * GIB),
        memory_percent: Some(gib / node_gib * 100.0).filter(|percent| percent.is_finite()),
        evictions: Some(0.0),
        replication_lag: (!primary).then_some(0.2),
        newest: Some(now() - TimeDelta::minutes(1)),
    }
}

/// The minutes whose samples CloudWatch would have by now, oldest first: forty, the newest a minute old.
pub(crate) fn sampled_minutes(now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    (1..=40).rev().map(move |age| now - TimeDelta::minutes(age))
}

fn zone(turn: usize) -> Option<String> {
    let zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
    Some(zones[turn % zones.len()].to_owned())
}
