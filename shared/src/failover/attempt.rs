//! What the journal remembers of a failover that we asked for.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Failover, Intent, IntentKind};
use crate::{journal::Retry, policy::DrillPolicy};

/// How long after it was accepted a failover may switch. AWS's take one to two minutes and promise no most.
pub const LONGEST_FAILOVER: TimeDelta = TimeDelta::minutes(5);

/// One failover that we asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailoverAttempt {
    /// When it was written, just before the call.
    pub at: DateTime<Utc>,
    /// Why.
    pub intent: IntentKind,
    /// Why, in words.
    #[serde(default)]
    pub why: String,
    /// The shard, or the id of the cluster or group itself.
    pub unit: String,
    /// The primary or the writer there was.
    pub from: String,
    /// The one we chose. `None`: AWS chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Primaries or writers per Availability Zone, before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zones: BTreeMap<String, u32>,
    /// When the service answered that it accepts it. `None`: it did not, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<DateTime<Utc>>,
    /// How it went.
    pub outcome: FailoverOutcome,
    /// What a drill was to be measured against: the policy may say something else by the time it is. `None`: it is no drill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// When the target was last seen not to be available all over, while a drill of it is measured. `None`: never so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_at: Option<DateTime<Utc>>,
    /// Whether its drill has been reported. Meaningless for other intents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reported: bool,
}

/// What a drill is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Seconds allowed until the new primary or writer.
    pub seconds: u64,
    /// Seconds allowed until all is available. `None`: that is not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_seconds: Option<u64>,
}

impl Objective {
    /// What the policy says.
    pub fn of(policy: &DrillPolicy) -> Self {
        Self {
            seconds: policy.objective.as_secs(),
            recovery_seconds: policy.recovery_objective.map(|span| span.as_secs()),
        }
    }
}

/// How a failover went, as far as known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FailoverOutcome {
    /// Written before the call; if it stays so, the function ended or the answer was lost before we knew.
    Asked,
    /// The service accepted it.
    Accepted,
    /// The service refused it.
    Refused {
        /// Its error code.
        code: String,
        /// When it can be tried again.
        retry: Retry,
    },
    /// It was written, but the request was not sent after all.
    NotSent,
    /// Somebody else is primary or writer now.
    Switched {
        /// When, by the service's event, or when it was first seen.
        at: DateTime<Utc>,
        /// Who.
        to: String,
    },
}

impl FailoverAttempt {
    /// The attempt for a failover, as it must be written before the call.
    pub fn asking(
        failover: &Failover,
        intent: &Intent,
        drill: Option<&DrillPolicy>,
        zones: BTreeMap<String, u32>,
        at: DateTime<Utc>,
    ) -> Self {
        let drill = drill.filter(|_| intent.kind() == IntentKind::Drill);
        Self {
            at,
            intent: intent.kind(),
            why: intent.to_string(),
            unit: failover.unit().to_owned(),
            from: failover.from().to_owned(),
            to: failover.to().map(str::to_owned),
            zones,
            accepted: None,
            outcome: FailoverOutcome::Asked,
            objective: drill.map(Objective::of),
            busy_at: None,
            reported: false,
        }
    }

    /// Whether its new primary or writer is still to be seen.
    pub fn is_open(&self) -> bool {
        matches!(
            self.outcome,
            FailoverOutcome::Asked | FailoverOutcome::Accepted
        )
    }

    /// Whether it may have changed anything: all but what was refused or not sent.
    pub fn may_have_happened(&self) -> bool {
        match self.outcome {
            FailoverOutcome::Asked
            | FailoverOutcome::Accepted
            | FailoverOutcome::Switched { .. } => true,
            FailoverOutcome::Refused { .. } | FailoverOutcome::NotSent => false,
        }
    }

    /// Whether it is a drill that may have happened and whose report is not there.
    pub fn awaits_report(&self) -> bool {
        self.intent == IntentKind::Drill && self.may_have_happened() && !self.reported
    }

    /// When the service accepted it, or, where its answer was lost, when it was asked for.
    pub fn accepted_at(&self) -> DateTime<Utc> {
        self.accepted.unwrap_or(self.at)
    }

    /// When it was last known to be going on: when it switched, or when it was accepted or asked for.
    pub fn ended_at(&self) -> DateTime<Utc> {
        match self.outcome {
            FailoverOutcome::Switched { at, .. } => at.max(self.accepted_at()),
            FailoverOutcome::Asked
            | FailoverOutcome::Accepted
            | FailoverOutcome::Refused { .. }
            | FailoverOutcome::NotSent => self.accepted_at(),
        }
    }
}

impl fmt::Display for FailoverOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked, answer not known"),
            Self::Accepted => f.write_str("accepted, the new primary not seen yet"),
            Self::Refused { code, .. } => write!(f, "refused with {code}"),
            Self::NotSent => f.write_str("not sent"),
            Self::Switched { to, .. } => write!(f, "{to} took over"),
        }
    }
}
