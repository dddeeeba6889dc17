//! What the account holds: replication groups with their shards, nodes, settings and the work under way.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    keyspace::Keyspace, node_types, replacement::Replacement, reshard::Reshard, slots::SlotSet,
    takeover::Takeover,
};

/// `ClusterMode` of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterMode {
    /// Sharded; the only mode that reshards ([EC-DG]).
    #[default]
    Enabled,
    /// One shard, between the other two modes.
    Compatible,
    /// One shard, with a primary that answers name.
    Disabled,
}

impl ClusterMode {
    /// As the wire spells it.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Compatible => "compatible",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the wire's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Enabled, Self::Compatible, Self::Disabled]
            .into_iter()
            .find(|mode| mode.wire() == text)
    }
}

/// Where a group sends a kind of log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogDelivery {
    /// `slow-log` or `engine-log`.
    pub log_type: String,
    /// `cloudwatch-logs` or `kinesis-firehose`.
    pub destination_type: String,
    /// Name of the log group or of the delivery stream.
    pub destination: String,
    /// `text` or `json`.
    pub format: String,
}

/// Where notifications of a group go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) arn: String,
    /// Nothing is sent to an inactive topic.
    pub(crate) active: bool,
}

/// What a client chose for a group; echoed in answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Settings {
    pub(crate) description: String,
    pub(crate) node_type: String,
    pub(crate) engine: String,
    pub(crate) engine_version: String,
    pub(crate) parameter_group: String,
    pub(crate) subnet_group: Option<String>,
    pub(crate) cache_security_groups: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) maintenance_window: String,
    pub(crate) snapshot_window: String,
    /// Days that automatic snapshots are kept; none are taken for 0.
    pub(crate) snapshot_retention: u32,
    /// The daily snapshot's source; only with cluster mode disabled.
    pub(crate) snapshotting_node: Option<String>,
    pub(crate) port: u16,
    pub(crate) topic: Option<Topic>,
    pub(crate) auto_minor_version_upgrade: bool,
    /// When the token was last set; `None`: the group has none. The token itself is never kept.
    pub(crate) auth_token_modified: Option<DateTime<Utc>>,
    pub(crate) transit_encryption: bool,
    pub(crate) transit_mode: Option<String>,
    pub(crate) at_rest_encryption: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) user_groups: Vec<String>,
    pub(crate) logs: Vec<LogDelivery>,
    pub(crate) data_tiering: bool,
    pub(crate) network_type: String,
    pub(crate) ip_discovery: String,
    pub(crate) cluster_mode: ClusterMode,
    pub(crate) multi_az: bool,
    pub(crate) automatic_failover: bool,
    pub(crate) durability: Option<String>,
    /// Id of the Global Datastore and the group's role in it (`PRIMARY`, `SECONDARY`).
    pub(crate) global_datastore: Option<(String, String)>,
    pub(crate) outposts: bool,
    pub(crate) snapshot_arns: Vec<String>,
    pub(crate) snapshot_name: Option<String>,
    pub(crate) serverless_snapshot_name: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One node; in ElastiCache's words a cache cluster with one cache node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// `CacheClusterId`.
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) outpost: Option<String>,
    pub(crate) primary: bool,
    /// `CacheClusterStatus`.
    pub(crate) status: String,
    pub(crate) created: DateTime<Utc>,
    /// When it last took the primary role from another, or lost it.
    pub(crate) last_failover: Option<DateTime<Utc>>,
    /// Seconds that it lags behind its primary while it is a replica; `None`: nobody learns.
    pub(crate) lag: Option<f64>,
}

/// Seconds that a replica lags unless told otherwise. ASSUMED: a healthy one lags a fraction of a second.
pub(crate) const USUAL_LAG: f64 = 0.3;

impl Node {
    /// Whether it is ready for a change.
    pub(crate) fn available(&self) -> bool {
        self.status == AVAILABLE
    }

    /// Whether it answers its users.
    pub(crate) fn serves(&self) -> bool {
        [AVAILABLE, MODIFYING, SNAPSHOTTING].contains(&self.status.as_str())
    }
}

/// `CacheClusterStatus` of a node that serves.
pub(crate) const AVAILABLE: &str = "available";
/// `Status` of a group whose creation failed.
pub(crate) const CREATE_FAILED: &str = "create-failed";
/// `CacheClusterStatus` of a node not ready yet.
pub(crate) const CREATING: &str = "creating";
/// `CacheClusterStatus` of a node on its way out.
pub(crate) const DELETING: &str = "deleting";
/// `CacheClusterStatus` of a node whose type or settings change.
pub(crate) const MODIFYING: &str = "modifying";
/// `CacheClusterStatus` of a snapshot's source.
pub(crate) const SNAPSHOTTING: &str = "snapshotting";
/// `CacheClusterStatus` of a failed or replaced node until it is back (which one AWS shows is ASSUMED; the list is [BC]).
pub(crate) const REBOOTING: &str = "rebooting cluster nodes";

/// A part of the keyspace with the nodes that hold it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shard {
    /// `NodeGroupId`.
    pub(crate) id: String,
    pub(crate) slots: SlotSet,
    pub(crate) nodes: Vec<Node>,
    /// Whether answers name it. A shard under construction or removal is there before or after answers say so,
    /// by `Parameters::shard_count_changes_at_start`.
    pub(crate) listed: bool,
}

impl Shard {
    pub(crate) fn primary(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.primary)
    }
}

/// Settings on their way in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The settings as they will be.
    pub(crate) settings: Settings,
    /// The node to become primary.
    pub(crate) promote: Option<String>,
    /// `SETTING` or `ROTATING`, when the token changes.
    pub(crate) auth_token: Option<&'static str>,
}

/// What a group is busy with; it takes no other change meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    /// Nodes are being made.
    Create { until: DateTime<Utc> },
    /// The creation failed; all that is left is to delete the group.
    Failed,
    /// Everything is being deleted, but for the primary of the only shard if that is retained.
    Delete {
        until: DateTime<Utc>,
        retain_primary: bool,
    },
    /// The daily snapshot.
    Snapshot {
        until: DateTime<Utc>,
        nodes: Vec<String>,
    },
    /// Settings change.
    Modify {
        change: Box<Change>,
        until: DateTime<Utc>,
    },
    /// Slots move.
    Reshard(Box<Reshard>),
}

/// A replication group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplicationGroup {
    pub(crate) id: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) settings: Settings,
    pub(crate) shards: Vec<Shard>,
    /// The largest number that any shard of this group ever had: ids are not used twice ([GH
    /// terraform-provider-aws#43884] shows ids with gaps).
    pub(crate) highest_shard: u32,
    pub(crate) keyspace: Keyspace,
    pub(crate) work: Option<Work>,
    /// From when a describe shows the work in `Status`.
    pub(crate) work_shows_from: DateTime<Utc>,
    /// A change that waits for the maintenance window.
    pub(crate) deferred: Option<Box<Change>>,
    /// A failover under way.
    pub(crate) takeover: Option<Takeover>,
    /// Nodes that are to be replaced, or are being replaced in place; at most one entry for each.
    pub(crate) replacements: Vec<Replacement>,
    pub(crate) last_snapshot: Option<DateTime<Utc>>,
}

impl ReplicationGroup {
    /// `Status` as a describe at `now` shows it ([BC] lists the values).
    pub(crate) fn status(&self, now: DateTime<Utc>) -> &'static str {
        if now < self.work_shows_from {
            return AVAILABLE;
        }
        match &self.work {
            None => AVAILABLE,
            Some(Work::Create { .. }) => CREATING,
            Some(Work::Failed) => CREATE_FAILED,
            Some(Work::Delete { .. }) => DELETING,
            Some(Work::Snapshot { .. }) => SNAPSHOTTING,
            Some(Work::Modify { .. } | Work::Reshard(_)) => MODIFYING,
        }
    }

    /// `NodeGroup.Status`: the group's, but for a shard that is itself being made or deleted.
    pub(crate) fn shard_status(&self, shard: &Shard, now: DateTime<Utc>) -> &'static str {
        let all = |status: &str| {
            !shard.nodes.is_empty() && shard.nodes.iter().all(|node| node.status == status)
        };
        match self.status(now) {
            MODIFYING if all(CREATING) => CREATING,
            MODIFYING if all(DELETING) => DELETING,
            // Of the group's words [BC] has only creating, available, modifying and deleting here.
            SNAPSHOTTING => AVAILABLE,
            status => status,
        }
    }

    /// The shards that answers name.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| shard.listed)
    }

    pub(crate) fn shard(&self, id: &str) -> Option<&Shard> {
        self.shards.iter().find(|shard| shard.id == id)
    }

    pub(crate) fn shard_mut(&mut self, id: &str) -> Option<&mut Shard> {
        self.shards.iter_mut().find(|shard| shard.id == id)
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.shards.iter().flat_map(|shard| &shard.nodes)
    }

    pub(crate) fn node_mut(&mut self, id: &str) -> Option<&mut Node> {
        self.shards
            .iter_mut()
            .flat_map(|shard| &mut shard.nodes)
            .find(|node| node.id == id)
    }

    /// Whether the keyspace is sharded or may become so: `ClusterEnabled`.
    pub(crate) fn cluster_enabled(&self) -> bool {
        self.settings.cluster_mode == ClusterMode::Enabled
    }

    /// Bytes that one node holds. A node type outside the table cannot be set, so 0 does not happen.
    pub(crate) fn max_memory(&self) -> u64 {
        node_types::max_memory(&self.settings.node_type).unwrap_or(0)
    }

    /// Id of the `number`th node (from 1) of a shard: `group-0001-001`, or `group-001` with cluster mode disabled
    /// ([EC-DG]).
    pub(crate) fn node_id(&self, shard: &str, number: usize) -> String {
        if self.cluster_enabled() {
            format!("{}-{shard}-{number:03}", self.id)
        } else {
            format!("{}-{number:03}", self.id)
        }
    }
}

/// A node that outlived its group (`RetainPrimaryCluster`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standalone {
    pub(crate) node: Node,
    pub(crate) settings: Settings,
    pub(crate) keyspace: Keyspace,
}
