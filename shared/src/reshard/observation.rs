//! What one pass saw of one replication group: everything that a decision may rest on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    alarm::AlarmsSeen,
    cluster::{Group, NodeId, ShardId},
    journal::Journal,
    load::Series,
    pause::ScopedPause,
};

/// What was seen of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The services' time when the group was described: the `now` of the decision.
    pub at: DateTime<Utc>,
    /// The group; `None`: the service does not know it.
    pub group: Option<Group>,
    /// Load per shard; a shard that is absent has no series at all.
    pub load: BTreeMap<ShardId, ShardSeries>,
    /// The alarms that the policy names and that were found.
    pub alarms: AlarmsSeen,
    /// The name of an alarm that shows that AWS Application Auto Scaling governs the group.
    pub auto_scaling: Option<String>,
    /// The journal, already brought up to date with this sight.
    pub journal: Journal,
    /// The pauses of patterns that cover the group, and of everything; its own is in its journal. Some may have ended.
    pub pauses: Vec<ScopedPause>,
    /// What could not be read at all, with the reason; not empty: every decision is a hold.
    pub unreadable: Option<String>,
    /// What nodes have in memory; `None`: not read, because nothing asked for it yet. Reading it costs a metric per node
    /// and measure, and only a scale-in needs it.
    pub evidence: Option<Evidence>,
}

/// The load of one shard: that of its hottest node.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ShardSeries {
    /// Percent of the engine's thread.
    pub engine_cpu: Series,
    /// Percent of `maxmemory` counted for eviction.
    pub memory: Series,
    /// Percent of the network baseline, in or out, whichever is more.
    pub network: Series,
    /// Keys evicted per minute.
    pub evictions: Series,
}

/// What each node has in memory, over the stabilization window.
pub type Evidence = BTreeMap<NodeId, NodeEvidence>;

/// What one node has in memory. Every `None` means that the metric was absent or incomplete, which never counts as good.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeEvidence {
    /// Most bytes used in the window.
    pub bytes: Option<f64>,
    /// Most percent of `maxmemory` used in the window.
    pub memory_percent: Option<f64>,
    /// Keys evicted in the window.
    pub evictions: Option<f64>,
    /// Largest replication lag in seconds; a primary has none.
    pub replication_lag: Option<f64>,
    /// When the newest sample of its bytes was taken, for the record. `None`: there is none.
    pub newest: Option<DateTime<Utc>>,
}
