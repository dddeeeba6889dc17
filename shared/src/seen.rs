//! What a decision rested on, as a log line of its own beside the record: with the policy file it makes the decision again.
//!
//! A record says what was decided and why, in words and numbers for people. It leaves out what a person does not read, such as
//! each minute of each shard's load; this line leaves out nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{failover_db_cluster, failover_shard, promote_replica, reshard};

/// The version of [`Sight`]'s form. A change of an observation's fields that older lines do not fit is a new number.
pub const FORMAT: u32 = 1;

/// The longest line that is written. CloudWatch Logs takes events of 1 MB (256 KB until 2025) and cuts longer ones, which nobody
/// could read; the record's own line is not touched by this.
pub const LONGEST_LINE: usize = 250_000;

/// What a function saw of one target when it decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "function", content = "seen", rename_all = "kebab-case")]
pub enum Seen {
    /// `reshard`.
    Reshard(Box<reshard::Observation>),
    /// `failover-shard`.
    FailoverShard(Box<failover_shard::Observation>),
    /// `failover-db-cluster`.
    FailoverDbCluster(Box<failover_db_cluster::Observation>),
    /// `promote-replica`.
    PromoteReplica(Box<promote_replica::Observation>),
}

impl Seen {
    /// The time of the decision.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Reshard(seen) => seen.at,
            Self::FailoverShard(seen) => seen.at,
            Self::FailoverDbCluster(seen) => seen.at,
            Self::PromoteReplica(seen) => seen.at,
        }
    }

    /// The function's name in records.
    pub fn function(&self) -> &'static str {
        match self {
            Self::Reshard(_) => "reshard",
            Self::FailoverShard(_) => "failover-shard",
            Self::FailoverDbCluster(_) => "failover-db-cluster",
            Self::PromoteReplica(_) => "promote-replica",
        }
    }
}

/// The log line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// The target, spelled as in its record.
    pub observation_of: String,
    /// The time of the look, as in its record.
    pub at: DateTime<Utc>,
    /// Fingerprint of the policy file, as in its record.
    pub policy: String,
    /// [`FORMAT`].
    pub format: u32,
    /// The version of the program that decided.
    pub program: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: Seen,
}

impl Sight {
    /// What this program saw.
    pub fn new(target: &str, policy: &str, seen: Seen) -> Self {
        Self {
            observation_of: target.to_owned(),
            at: seen.at(),
            policy: policy.to_owned(),
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            seen,
        }
    }

    /// The line of JSON. One longer than [`LONGEST_LINE`] says so instead, in `left_out`.
    pub fn line(&self) -> String {
        // An observation holds strings, numbers, lists and maps by text only, which always serialize.
        let line = serde_json::to_string(self).unwrap_or_default();
        if line.len() <= LONGEST_LINE {
            return line;
        }
        let left_out = format!(
            "its line has {} bytes, more than a log event holds",
            line.len()
        );
        json!({
            "observation_of": self.observation_of, "at": self.at, "policy": self.policy,
            "function": self.seen.function(), "left_out": left_out,
        })
        .to_string()
    }
}
