//! Entries for forced failovers: whose shards, which Neptune clusters, and which replicas may be made primary.

mod draft;
mod drill;

use std::time::Duration;

pub(super) use draft::{FailoverEntry, Kind, of_kind, read_failovers};
pub(super) use drill::DrillDraft;

use serde::{Deserialize, Serialize};

use super::{keys, matching, read};
use crate::calendar::CalendarWindow;
use crate::cluster::{DbClusterId, ReplicationGroupId};
use crate::policy::Policy;

/// One entry of `[[failover_shard]]`, `[[failover_db_cluster]]` or `[[promote_replica]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverPolicy {
    /// The id of a replication group or of a Neptune cluster, or a glob with `*` and `?`; ranked as [`Policy::reshard`] is.
    pub target: String,
    /// Whether failovers may be carried out when the function runs in apply mode.
    pub apply: FailoverApply,
    /// No failover within this time after one of the target, whoever caused it.
    pub cooldown: Duration,
    /// The most that a replica or reader may lag behind, in seconds, to be failed over to; more than 0.
    pub max_lag: f64,
    /// A newest sample older than this is stale.
    pub stale_after: Duration,
    /// Alarms that have a say.
    pub alarms: FailoverAlarms,
    /// What happens when AWS schedules the replacement of a node. Of `[[failover_shard]]` only.
    pub on_replacement: OnReplacement,
    /// Failovers for practice. `None`: there are none. Never in `[[promote_replica]]`.
    pub drill: Option<DrillPolicy>,
}

/// Which failovers may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailoverApply {
    /// None: every failover is planned and reported only.
    #[default]
    None,
    /// Every failover.
    All,
}

/// What happens when AWS schedules the replacement of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnReplacement {
    /// It is recorded and told, and no shard is removed until it is done.
    #[default]
    Freeze,
    /// That, and the primary is moved away before.
    Move,
}

/// Alarms with a say about failovers, by name; none is in both lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailoverAlarms {
    /// Each stops every failover while it is in ALARM, or not to be found.
    pub stop: Vec<String>,
    /// Each asks for a failover away from the node it watches, while that node is the primary or the writer. Empty:
    /// evacuation is off.
    pub evacuate: Vec<String>,
}

/// Failovers for practice, which measure how long recovery takes.
#[derive(Debug, Clone, PartialEq)]
pub struct DrillPolicy {
    /// Each shard, or the cluster, is drilled once in this time; whole days.
    pub every: Duration,
    /// When drills may start: named `drill`, without a minimum of shards and without a freeze.
    pub window: CalendarWindow,
    /// How long it may take from the accepted call to the new primary or writer.
    pub objective: Duration,
    /// How long it may take from the accepted call until everything is available again. `None`: it is measured, not judged.
    pub recovery_objective: Option<Duration>,
}

impl FailoverAlarms {
    /// Every alarm with a say.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.stop.iter().chain(&self.evacuate)
    }
}

impl FailoverPolicy {
    /// An entry with no alarm and no drill, and the documented default of a replication group for everything else.
    pub fn defaults(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            apply: FailoverApply::default(),
            cooldown: read::minutes(keys::FAILOVER_COOLDOWN_MINUTES),
            max_lag: keys::MAX_LAG_SECONDS,
            stale_after: read::minutes(keys::STALE_AFTER_MINUTES),
            alarms: FailoverAlarms::default(),
            on_replacement: OnReplacement::default(),
            drill: None,
        }
    }
}

impl Policy {
    /// The entry of `[[failover_shard]]` that governs a group, ranked as [`Policy::reshard_for`] ranks. `None`: no failover
    /// of its shards is ours to start.
    pub fn failover_shard_for(&self, group: &ReplicationGroupId) -> Option<&FailoverPolicy> {
        governing(&self.failover_shard, group.as_str())
    }

    /// The entry of `[[promote_replica]]` that governs a group. `None`: its replicas are never promoted.
    pub fn promote_replica_for(&self, group: &ReplicationGroupId) -> Option<&FailoverPolicy> {
        governing(&self.promote_replica, group.as_str())
    }

    /// The entries of all three kinds of failovers.
    pub fn failovers(&self) -> impl Iterator<Item = &FailoverPolicy> {
        let shards = self.failover_shard.iter();
        shards
            .chain(&self.failover_db_cluster)
            .chain(&self.promote_replica)
    }

    /// The entry of `[[failover_db_cluster]]` that governs a cluster. `None`: it is never failed over.
    pub fn failover_db_cluster_for(&self, cluster: &DbClusterId) -> Option<&FailoverPolicy> {
        governing(&self.failover_db_cluster, cluster.as_str())
    }
}

fn governing<'p>(entries: &'p [FailoverPolicy], id: &str) -> Option<&'p FailoverPolicy> {
    let globs = entries.iter().map(|entry| entry.target.as_str());
    entries.get(matching(globs, id).first().copied()?)
}
