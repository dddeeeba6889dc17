//! What a rehearsal saw: the format of its file, which docs/rehearse.md describes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::plan::Stage;

/// The format that this program writes and reads.
pub const FORMAT: &str = "clusterwarden-rehearsal/1";

/// Everything that one run saw. Times are seconds since `began`, by the service's own clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// [`FORMAT`].
    pub format: String,
    /// The run's id.
    pub run: String,
    /// The program and its version.
    pub program: String,
    /// The Region.
    pub region: String,
    /// When it began, by the service's clock. `None`: no service has answered.
    pub began: Option<DateTime<Utc>>,
    /// How it ended. `None`: it has not, or it was killed.
    pub ending: Option<Ending>,
    /// What was made.
    pub parameters: Parameters,
    /// Calls that create, change, delete or ask for a refusal, with the answers, oldest first.
    pub calls: Vec<Call>,
    /// What describes showed, oldest first; an entry stands for all looks in a row that showed the same.
    pub looks: Vec<Look>,
    /// Events of the group and of its nodes, as `DescribeEvents` first listed them.
    pub events: Vec<Event>,
    /// The metric `IsMaster` of each node and minute.
    pub samples: Vec<Sample>,
    /// What follows from all that: how long things took.
    pub timings: Vec<Timing>,
    /// Reads that failed, with how often.
    pub unread: Vec<Unread>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// `Engine`.
    pub engine: String,
    /// `EngineVersion` as asked for. `None`: AWS picked.
    pub engine_version: Option<String>,
    /// `CacheNodeType`.
    pub node_type: String,
    /// Shards at the start.
    pub shards: u32,
    /// Replicas of each shard.
    pub replicas: u32,
    /// The deadline, in minutes.
    pub deadline_minutes: i64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// What ended the watching.
    pub how: How,
    /// In words.
    pub sentence: String,
    /// Whether nothing of it is left.
    pub deleted: bool,
}

/// What ended the watching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Every step was made.
    Completed,
    /// A step failed.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// The deadline passed.
    Deadline,
}

/// A call and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// When it was answered.
    pub at: i64,
    /// During which part.
    pub stage: Stage,
    /// What for; unique but for deletions, which are asked until one is taken.
    pub name: String,
    /// The API's operation.
    pub operation: String,
    /// Its parameters, without names of the account's networks.
    pub request: Value,
    /// What came back.
    pub answer: Answer,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// It was taken, or read.
    Accepted {
        /// The group's status in the answer, if it has one.
        status: Option<String>,
    },
    /// It was refused.
    Refused {
        /// HTTP status.
        http: u16,
        /// The error's code.
        code: String,
        /// The error's text.
        message: String,
    },
    /// Nobody knows whether it was taken.
    NoAnswer {
        /// What is known.
        what: String,
    },
}

impl Answer {
    /// Whether it is refused for want of a permission, which no waiting gives. Expired credentials are not that: they can be renewed.
    pub(super) fn is_denied(&self) -> bool {
        match self {
            Self::Refused { code, .. } => code.starts_with("AccessDenied"),
            Self::Accepted { .. } | Self::NoAnswer { .. } => false,
        }
    }

    /// For the person.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Accepted { .. } => "it is there".to_owned(),
            Self::Refused { code, message, .. } => format!("{code}: {message}"),
            Self::NoAnswer { what } => what.clone(),
        }
    }
}

/// What describes showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The last look before, which showed something else. `None`: there was none.
    pub after: Option<i64>,
    /// The first look that showed this.
    pub at: i64,
    /// The last look in a row that did.
    pub last: i64,
    /// How many did.
    pub looks: u32,
    /// The longest time between two of them, and before the first.
    pub longest_gap: i64,
    /// During which part.
    pub stage: Stage,
    /// The group's status. `None`: there is no such group.
    pub status: Option<String>,
    /// Its shards, as listed.
    pub shards: Vec<ShardLook>,
    /// The status of each of its nodes, by id. Empty if nodes could not be read.
    pub nodes: BTreeMap<String, String>,
    /// `SlotMigration.ProgressPercentage` in the last of these looks.
    pub moved_percent: Option<f64>,
}

/// A shard as a describe lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLook {
    /// `NodeGroupId`.
    pub id: String,
    /// `Status`.
    pub status: String,
    /// `Slots`. `None`: not said.
    pub slots: Option<String>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `Date`.
    pub at: i64,
    /// `SourceType`.
    pub source_type: String,
    /// `SourceIdentifier`.
    pub source: String,
    /// `Message`.
    pub message: String,
    /// The last reading of events that did not list it. `None`: the first one did.
    pub seen_after: Option<i64>,
    /// The first reading that listed it.
    pub seen_at: i64,
}

/// One minute of `IsMaster` of one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The node.
    pub node: String,
    /// The minute's begin.
    pub at: i64,
    /// The Average.
    pub value: f64,
    /// The last reading of metrics that did not have it. `None`: the first one had it.
    pub seen_after: Option<i64>,
    /// The first reading that had it.
    pub seen_at: i64,
}

/// How long something took: at least `after`, at most `by` seconds. The two differ by the pause between two looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// What, such as `scale_out: modifying shows`.
    pub name: String,
    /// At least.
    pub after: i64,
    /// At most.
    pub by: i64,
}

/// A read that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The API's operation.
    pub operation: String,
    /// What was said.
    pub answer: Answer,
    /// When last.
    pub last: i64,
    /// How often.
    pub times: u32,
}

/// Why a file is not a capture.
#[derive(Debug, thiserror::Error)]
pub enum NotACapture {
    /// It is no JSON, or a part of it is missing or of another type.
    #[error("it is not a rehearsal's file")]
    Shape(#[from] serde_json::Error),
    /// Another program's, or another version's.
    #[error("its format is `{0}`, and this program reads `{FORMAT}`")]
    Format(String),
}

impl Capture {
    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// It is not a capture.
    pub fn read(text: &str) -> Result<Self, NotACapture> {
        let value: Value = serde_json::from_str(text)?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) | None => Ok(serde_json::from_value(value)?),
            Some(other) => Err(NotACapture::Format(other.to_owned())),
        }
    }

    /// The group's id.
    pub fn group_id(&self) -> String {
        format!("{}{}", super::plan::PREFIX, self.run)
    }

    /// The first call of this name that was accepted.
    pub(super) fn accepted(&self, name: &str) -> Option<&Call> {
        let accepted =
            |call: &&Call| call.name == name && matches!(call.answer, Answer::Accepted { .. });
        self.calls.iter().find(accepted)
    }

    /// The looks of one part, oldest first.
    pub(super) fn looks_of(&self, stage: Stage) -> impl Iterator<Item = &Look> {
        self.looks.iter().filter(move |look| look.stage == stage)
    }
}

impl Look {
    /// Whether group, shards and nodes are all available.
    pub(super) fn settled(&self) -> bool {
        self.status.as_deref() == Some("available")
            && self.shards.iter().all(|shard| shard.status == "available")
            && self.nodes.values().all(|status| status == "available")
    }
}
