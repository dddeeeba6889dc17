//! Who is primary and how far replicas lag, by metrics: what describes do not tell where cluster mode is enabled.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cluster::NodeId;

/// One value with the start of the minute it stands for.
pub type Sample<T> = (DateTime<Utc>, T);

/// What the metrics say of each node of a group.
pub type Evidence = BTreeMap<NodeId, NodeEvidence>;

/// What the metrics say of one node.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeEvidence {
    /// `IsMaster`, if its newest minute is plainly 1 or plainly 0. `None`: no sample, or a minute in which it changed.
    pub is_primary: Option<Sample<bool>>,
    /// The newest minute in which its role was plainly another one than in its newest minute. `None`: none of those that were read.
    /// It shows the service's own failover minutes before its event.
    pub changed: Option<DateTime<Utc>>,
    /// `ReplicationLag` in seconds, of its newest minute. `None`: no sample; a primary has none.
    pub lag: Option<Sample<f64>>,
}
