//! The nouns of a cluster: ids, shard counts, slots.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::window::{DailyWindow, WeeklyWindow};

/// The id of a replication group, lower case, as ElastiCache returns it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplicationGroupId(String);

/// The id of a shard (the API's `NodeGroupId`), such as `0001`. Never computed: ids have gaps after a removal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(String);

/// The id of a node (the API's `CacheClusterId`), such as `orders-0001-001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(String);

/// The id of a Neptune cluster (the API's `DBClusterIdentifier`), such as `graph-prod`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DbClusterId(String);

/// The id of a Neptune instance (the API's `DBInstanceIdentifier`), such as `graph-prod-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(String);

macro_rules! id {
    ($name:ident) => {
        impl $name {
            /// Wraps an id as a service or a person spelled it; ids of ElastiCache and Neptune are lower case.
            pub fn new(id: &str) -> Self {
                Self(id.to_ascii_lowercase())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(ReplicationGroupId);
id!(ShardId);
id!(NodeId);
id!(DbClusterId);
id!(InstanceId);

/// A word of the service's in a log line: the word itself, or null where it was unsaid.
macro_rules! said {
    ($name:ident) => {
        impl From<Option<String>> for $name {
            fn from(word: Option<String>) -> Self {
                Self::read(word.as_deref())
            }
        }

        impl From<$name> for Option<String> {
            fn from(value: $name) -> Self {
                (value != $name::Unsaid).then(|| value.to_string())
            }
        }
    };
}

/// How ready something is for a change, as the service words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<String>", into = "Option<String>")]
pub enum Status {
    /// `available`.
    Available,
    /// A backup is being taken (`snapshotting`): busy, but nothing changes.
    Snapshotting,
    /// Any other word, such as `modifying`, `creating`, `deleting`.
    Busy(String),
    /// The service did not say.
    Unsaid,
}

impl Status {
    /// Reads the service's word; `None` is [`Status::Unsaid`], never available.
    pub fn read(word: Option<&str>) -> Self {
        match word {
            Some("available") => Self::Available,
            Some("snapshotting") => Self::Snapshotting,
            Some(other) => Self::Busy(other.to_owned()),
            None => Self::Unsaid,
        }
    }
}

said!(Status);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available => f.write_str("available"),
            Self::Snapshotting => f.write_str("snapshotting"),
            Self::Busy(word) => f.write_str(word),
            Self::Unsaid => f.write_str("unsaid"),
        }
    }
}

/// A setting that is on or off, or on its way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Option<String>", into = "Option<String>")]
pub enum Switch {
    /// `enabled`.
    On,
    /// `disabled`.
    Off,
    /// Any other word, such as `enabling`: neither on nor off yet.
    Between(String),
    /// The service did not say; that is neither on nor off.
    #[default]
    Unsaid,
}

impl Switch {
    /// Reads the service's word; `None` is [`Switch::Unsaid`].
    pub fn read(word: Option<&str>) -> Self {
        match word {
            Some("enabled") => Self::On,
            Some("disabled") => Self::Off,
            Some(other) => Self::Between(other.to_owned()),
            None => Self::Unsaid,
        }
    }
}

said!(Switch);

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On => f.write_str("enabled"),
            Self::Off => f.write_str("disabled"),
            Self::Between(word) => f.write_str(word),
            Self::Unsaid => f.write_str("unsaid"),
        }
    }
}

/// One replication group as the service describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: ReplicationGroupId,
    /// Its own status; members have theirs.
    pub status: Status,
    /// `enabled`, `disabled` or `compatible`; `None`: the service did not say.
    pub cluster_mode: Option<String>,
    /// Such as `cache.r7g.xlarge`; `None`: the service did not say.
    pub node_type: Option<String>,
    /// Whether a replica takes over by itself when its primary fails.
    pub automatic_failover: Switch,
    /// Whether the nodes of a shard are kept in different Availability Zones.
    pub multi_az: Switch,
    /// The Global Datastore it belongs to.
    pub global_datastore: Option<String>,
    /// When the daily backup runs. `None`: backups are off.
    pub snapshot_window: Option<DailyWindow>,
    /// When weekly maintenance runs. `None`: the service did not say.
    pub maintenance_window: Option<WeeklyWindow>,
    /// How far slot migration is, in percent, while a reshard runs.
    pub slot_migration_percent: Option<f64>,
    /// How many nodes the group itself lists, to compare with its shards' members.
    pub member_count: usize,
    /// Its shards, in the service's order.
    pub shards: Vec<Shard>,
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its id.
    pub id: ShardId,
    /// Its status.
    pub status: Status,
    /// How many of the 16,384 slots it holds; `None`: the service did not say, or not readably.
    pub slots: Option<u32>,
    /// Its nodes.
    pub nodes: Vec<Node>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Where it runs.
    pub availability_zone: Option<String>,
    /// Its status.
    pub status: Status,
    /// Whether it is the primary. `None`: the service does not say, as it never does where cluster mode is enabled.
    pub is_primary: Option<bool>,
}

/// What is going on in a group, over all three levels of status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Group, shards and nodes are available and the member counts agree.
    Idle,
    /// A backup is being taken; nothing else goes on.
    Snapshotting,
    /// Something is not available: which, and what the service calls it.
    Changing {
        /// The group, shard or node.
        what: String,
        /// The service's word.
        status: String,
    },
}

impl Group {
    /// How many shards there are.
    pub fn shard_count(&self) -> u32 {
        u32::try_from(self.shards.len()).unwrap_or(u32::MAX)
    }

    /// Nodes per shard that a new shard would get: as many as the smallest shard has.
    pub fn nodes_per_new_shard(&self) -> u32 {
        let smallest = self
            .shards
            .iter()
            .map(|shard| shard.nodes.len())
            .min()
            .unwrap_or(1)
            .max(1);
        u32::try_from(smallest).unwrap_or(u32::MAX)
    }

    /// How many nodes there are, over all shards.
    pub fn node_count(&self) -> u32 {
        let nodes: usize = self.shards.iter().map(|shard| shard.nodes.len()).sum();
        u32::try_from(nodes).unwrap_or(u32::MAX)
    }

    /// Whether a node of this id is in one of its shards.
    pub fn has_node(&self, id: &str) -> bool {
        let mut nodes = self.shards.iter().flat_map(|shard| &shard.nodes);
        nodes.any(|node| node.id.as_str() == id)
    }

    /// Looks at all three levels: a group that says `available` may still have members that come or go.
    pub fn activity(&self) -> Activity {
        let of_group = std::iter::once((format!("replication group {}", self.id), &self.status));
        let of_shards = self
            .shards
            .iter()
            .map(|shard| (format!("shard {}", shard.id), &shard.status));
        let of_nodes = self.shards.iter().flat_map(|shard| &shard.nodes);
        let of_nodes = of_nodes.map(|node| (format!("node {}", node.id), &node.status));
        let mut snapshotting = false;
        for (what, status) in of_group.chain(of_shards).chain(of_nodes) {
            match status {
                Status::Available => {}
                Status::Snapshotting => snapshotting = true,
                Status::Busy(_) | Status::Unsaid => {
                    return Activity::Changing {
                        what,
                        status: status.to_string(),
                    };
                }
            }
        }
        let in_shards: usize = self.shards.iter().map(|shard| shard.nodes.len()).sum();
        if in_shards != self.member_count {
            let what = format!("the list of members of replication group {}", self.id);
            let status = format!(
                "{} long, with {in_shards} of them in shards",
                self.member_count
            );
            return Activity::Changing { what, status };
        }
        if snapshotting {
            Activity::Snapshotting
        } else {
            Activity::Idle
        }
    }

    /// vCPUs of the node type where there are at most two: there the host's CPU limits the engine, and AWS publishes
    /// `CPUUtilization` as the measure. `None`: more than two, or the size is not one we know.
    ///
    /// `micro`, `small`, `medium` and `large` nodes have two vCPUs, but for some old types that have one: doubling their
    /// percentage would call half a load a whole one.
    pub fn small_node_vcpus(&self) -> Option<u32> {
        let name = self.node_type.as_deref()?;
        let size = name.rsplit('.').next()?;
        let one = [
            "cache.t1.micro",
            "cache.t2.micro",
            "cache.t2.small",
            "cache.m1.small",
            "cache.m1.medium",
            "cache.m3.medium",
        ];
        if one.contains(&name) {
            return Some(1);
        }
        matches!(size, "micro" | "small" | "medium" | "large").then_some(2)
    }
}

/// Counts the slots of a list such as `0-324,5462-5692,9000`. `None`: not such a list.
pub fn count_slots(ranges: &str) -> Option<u32> {
    ranges
        .split(',')
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .try_fold(0_u32, |sum, range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            let count = last.checked_sub(first)?.checked_add(1)?;
            (last < SLOTS).then_some(sum + count)
        })
}

/// A cluster's keys hash to this many slots.
pub const SLOTS: u32 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_small_nodes_have_one_vcpu_and_large_ones_more_than_two() {
        let vcpus = |node_type: &str| {
            let group = Group {
                id: ReplicationGroupId::new("orders"),
                status: Status::Available,
                cluster_mode: None,
                node_type: Some(node_type.to_owned()),
                automatic_failover: Switch::Unsaid,
                multi_az: Switch::Unsaid,
                global_datastore: None,
                snapshot_window: None,
                maintenance_window: None,
                slot_migration_percent: None,
                member_count: 0,
                shards: Vec::new(),
            };
            group.small_node_vcpus()
        };
        assert_eq!(
            [vcpus("cache.t2.micro"), vcpus("cache.t2.small")],
            [Some(1); 2]
        );
        assert_eq!(
            [vcpus("cache.t2.medium"), vcpus("cache.t4g.micro")],
            [Some(2); 2]
        );
        assert_eq!(
            [vcpus("cache.r7g.large"), vcpus("cache.r7g.xlarge")],
            [Some(2), None]
        );
    }
}
