//! Why a failover would be forced: conditions that can be checked again.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The kind of an intent; the earlier, the sooner it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
    /// A person asked for it.
    Request,
    /// An alarm says that the primary or the writer is in trouble.
    Evacuation,
    /// AWS means to replace the primary's node.
    Replacement,
    /// It is time for practice.
    Drill,
}

/// Why a failover would be forced.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Intent {
    /// A person asked for it.
    Request {
        /// Why, in their words.
        reason: String,
        /// Until when it holds.
        expires: DateTime<Utc>,
    },
    /// An alarm is in ALARM, and the node it watches is still the primary or the writer.
    Evacuation {
        /// The alarm.
        alarm: String,
        /// Since when it is in ALARM.
        since: DateTime<Utc>,
    },
    /// AWS means to replace the node that is the primary.
    Replacement {
        /// The node.
        node: String,
        /// From when on. `None`: not known.
        starts: Option<DateTime<Utc>>,
    },
    /// The shard or cluster has not been drilled for as long as the policy says.
    Drill {
        /// Since when it is due.
        due: DateTime<Utc>,
        /// The drill before. `None`: none is known.
        last: Option<DateTime<Utc>>,
    },
}

impl Intent {
    /// Its kind.
    pub fn kind(&self) -> IntentKind {
        match self {
            Self::Request { .. } => IntentKind::Request,
            Self::Evacuation { .. } => IntentKind::Evacuation,
            Self::Replacement { .. } => IntentKind::Replacement,
            Self::Drill { .. } => IntentKind::Drill,
        }
    }
}

impl fmt::Display for IntentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Evacuation => "evacuation",
            Self::Replacement => "replacement",
            Self::Drill => "drill",
        })
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { reason, .. } => write!(f, "requested: {reason}"),
            Self::Evacuation { alarm, .. } => write!(f, "alarm {alarm} is in ALARM"),
            Self::Replacement { node, .. } => write!(f, "AWS means to replace {node}"),
            Self::Drill {
                last: Some(last), ..
            } => write!(f, "drill due, the last was on {}", last.format("%Y-%m-%d")),
            Self::Drill { last: None, .. } => f.write_str("drill due, none is known yet"),
        }
    }
}
