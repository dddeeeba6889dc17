//! What the failover functions decide: exactly one request, or a hold, or that it is so already.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Hold, Intent, Replacement, Waiver};
use crate::{
    checks::{Guard, Guards, Input},
    cluster::{DbClusterId, InstanceId, NodeId, ReplicationGroupId, ShardId},
    pause::{TAG, read_tag},
};

/// One request that forces a failover, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failover {
    /// `TestFailover`: AWS chooses the replica.
    Shard {
        /// The group.
        group: ReplicationGroupId,
        /// The shard.
        shard: ShardId,
        /// Its primary now.
        from: NodeId,
    },
    /// `FailoverDBCluster`. Only made for a cluster whose engine is exactly `neptune`.
    DbCluster {
        /// The cluster.
        cluster: DbClusterId,
        /// Its writer now.
        from: InstanceId,
        /// The reader to promote.
        to: InstanceId,
    },
    /// `ModifyReplicationGroup` with `PrimaryClusterId`.
    Replica {
        /// The group, of one shard.
        group: ReplicationGroupId,
        /// Its primary now.
        from: NodeId,
        /// The replica to promote.
        to: NodeId,
    },
}

/// What to do about one target now.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Send exactly this request.
    Act(Failover),
    /// Do nothing, for this reason.
    Hold(Hold),
    /// A person asked to leave a node that is no longer the primary or the writer: nothing is left to do.
    AlreadyDone {
        /// The node they named.
        from: String,
        /// Who is primary or writer instead.
        now: String,
    },
}

/// One replica or reader that could take over, as it was ranked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// The node or instance.
    pub id: String,
    /// From 1, the best; null: it is not fit to take over.
    pub rank: Option<u32>,
    /// Why it stands there, in words with the numbers.
    pub because: String,
}

/// A decision with everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What to do.
    pub decision: Decision,
    /// Why, in one sentence with the numbers.
    pub sentence: String,
    /// Why a failover was thought of. `None`: it was not.
    pub intent: Option<Intent>,
    /// The shard, or the cluster or group itself, that it is about. `None`: none in particular.
    pub unit: Option<String>,
    /// Every check made, in order.
    pub guards: Vec<Guard>,
    /// Every input with its value and age.
    pub inputs: Vec<Input>,
    /// Who could take over, best first, then those that are not fit.
    pub ranking: Vec<Ranked>,
    /// Pace checks that a person's request waived, and that would have held.
    pub waived: Vec<Waiver>,
    /// Replacements that AWS has scheduled.
    pub replacements: Vec<Replacement>,
    /// Whether the decision would look further if it knew roles and lag, which cost metrics.
    pub wants_evidence: bool,
}

impl Failover {
    /// The kind of a decision as records spell it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Shard { .. } => "failover_shard",
            Self::DbCluster { .. } => "failover_db_cluster",
            Self::Replica { .. } => "promote_replica",
        }
    }

    /// The id of the group or cluster.
    pub fn target(&self) -> &str {
        match self {
            Self::Shard { group, .. } | Self::Replica { group, .. } => group.as_str(),
            Self::DbCluster { cluster, .. } => cluster.as_str(),
        }
    }

    /// The shard, or the id of the cluster or group itself.
    pub fn unit(&self) -> &str {
        match self {
            Self::Shard { shard, .. } => shard.as_str(),
            Self::DbCluster { cluster, .. } => cluster.as_str(),
            Self::Replica { group, .. } => group.as_str(),
        }
    }

    /// The primary or the writer to leave.
    pub fn from(&self) -> &str {
        match self {
            Self::Shard { from, .. } | Self::Replica { from, .. } => from.as_str(),
            Self::DbCluster { from, .. } => from.as_str(),
        }
    }

    /// Who is to take over. `None`: AWS chooses.
    pub fn to(&self) -> Option<&str> {
        match self {
            Self::Shard { .. } => None,
            Self::DbCluster { to, .. } => Some(to.as_str()),
            Self::Replica { to, .. } => Some(to.as_str()),
        }
    }

    /// The request as the API spells it: what is previewed is what is sent.
    pub fn request(&self) -> Value {
        match self {
            Self::Shard { group, shard, .. } => json!({
                "operation": "TestFailover",
                "parameters": { "ReplicationGroupId": group, "NodeGroupId": shard },
            }),
            Self::DbCluster { cluster, to, .. } => json!({
                "operation": "FailoverDBCluster",
                "parameters": { "DBClusterIdentifier": cluster, "TargetDBInstanceIdentifier": to },
            }),
            Self::Replica { group, to, .. } => json!({
                "operation": "ModifyReplicationGroup",
                "parameters": { "ReplicationGroupId": group, "PrimaryClusterId": to, "ApplyImmediately": true },
            }),
        }
    }
}

impl Verdict {
    /// The verdict with its decision replaced by a hold; what led to it stays.
    #[must_use]
    pub fn held(self, hold: Hold) -> Self {
        Self {
            sentence: hold.to_string(),
            decision: Decision::Hold(hold),
            wants_evidence: false,
            ..self
        }
    }

    /// A verdict that would act, after a look at the target's tag of the key [`TAG`]. `None`: it has no such tag. Any other
    /// verdict is returned as it is: tags cost a call per target.
    #[must_use]
    pub fn heeding_tag(mut self, tag: Option<&str>) -> Self {
        if !matches!(self.decision, Decision::Act(_)) {
            return self;
        }
        let value = json!(tag.unwrap_or("none"));
        let now = Some(chrono::TimeDelta::zero());
        self.inputs
            .push(Input::new(format!("tag {TAG}"), value, now));
        let (paused, saw) = read_tag(tag);
        let mut guards = Guards(std::mem::take(&mut self.guards));
        let heeded = guards.require("not_paused_by_tag", !paused, saw, || Hold::PausedByTag);
        self.guards = guards.0;
        match heeded {
            Ok(()) => self,
            Err(hold) => self.held(hold),
        }
    }
}

/// A time as sentences of holds spell it.
pub(crate) fn day_and_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
