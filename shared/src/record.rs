//! The decision record: one JSON object per target per pass, the same for hold, plan and apply.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    journal::Retry,
    reshard::{Decision, Demand, Guard, Input, KeptShard, Verdict},
    trigger::Trigger,
};

/// Above this many targets, records of plain holds are left out of a response (never out of the log), so that it stays
/// under Lambda's 6 MB.
const RECORDS_IN_FULL: usize = 100;

/// The answer to an operator's request: said aloud, because a person waits for it.
const NO_REQUESTS: &str = "refused: this function takes no operator requests; it looked at every target as on any other wake";

/// Whether a function may act at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Report only.
    #[default]
    Plan,
    /// Act, where the policy's `apply` allows it too.
    Apply,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
        })
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "plan" => Ok(Self::Plan),
            "apply" => Ok(Self::Apply),
            other => Err(format!(
                "the mode is {other:?}; it must be \"plan\" or \"apply\""
            )),
        }
    }
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was to be done.
    Held,
    /// It would be done in apply mode.
    Planned,
    /// The service accepted it, or said that it is so already.
    Accepted,
    /// The world changed between look and act; the next pass looks again.
    Superseded,
    /// The call failed.
    Failed,
}

/// How a failed call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallFailure {
    /// The service's error code, or what went wrong on the way.
    pub code: String,
    /// Its message.
    pub message: String,
    /// When it can be tried again; null: it is not known whether the call took effect, and the next passes will see.
    pub retry: Option<Retry>,
}

/// A change that was decided on, and not admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// `scale_out`, `scale_in` or `rebalance`.
    pub kind: &'static str,
    /// Shards there are.
    pub from: u32,
    /// Shards wanted.
    pub to: u32,
    /// Why, in one sentence with the numbers.
    pub sentence: String,
}

/// One target's decision with all that led to it and came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// The function that decided.
    pub function: &'static str,
    /// Whether it may act.
    pub mode: Mode,
    /// The replication group.
    pub target: String,
    /// The services' time of the look.
    pub at: DateTime<Utc>,
    /// Fingerprint of the policy file.
    pub policy: String,
    /// Why we woke.
    pub trigger: Value,
    /// What was decided: `kind`, `from`, `to`, `sentence`, for a hold `reason`.
    pub decision: Value,
    /// What would have been done but for the fleet's limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Wanted>,
    /// What load and alarms ask for.
    pub demand: Demand,
    /// Every input with its value and age.
    pub inputs: Vec<Input>,
    /// Every check with what it saw.
    pub guards: Vec<Guard>,
    /// For a scale-in, what each shard that stays would receive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptShard>,
    /// The exact request, or null.
    pub request: Option<Value>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why a change was planned only, or what the service said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How the call failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<CallFailure>,
    /// The service's id of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip)]
    plain: bool,
}

impl Record {
    /// The record of a verdict about which nothing has been done yet: held, or planned.
    pub fn new(
        function: &'static str,
        mode: Mode,
        target: &str,
        at: DateTime<Utc>,
        verdict: Verdict,
    ) -> Self {
        let sentence = verdict.sentence;
        let shards = verdict
            .inputs
            .iter()
            .find(|input| input.name == "shards")
            .map(|input| input.value.clone());
        let (decision, request, outcome, plain) = match verdict.decision {
            Decision::Reshard(reshard) => {
                let decision = json!({ "kind": reshard.kind(), "from": reshard.from, "to": reshard.to, "sentence": sentence });
                (decision, Some(reshard.request()), Outcome::Planned, false)
            }
            Decision::Hold(hold) => {
                let decision = json!({
                    "kind": "hold", "from": shards, "to": shards, "sentence": sentence, "reason": hold.code(),
                });
                (decision, None, Outcome::Held, hold.is_plain())
            }
        };
        Self {
            function,
            mode,
            target: target.to_owned(),
            at,
            policy: String::new(),
            trigger: Value::Null,
            decision,
            wanted: None,
            demand: verdict.demand,
            inputs: verdict.inputs,
            guards: verdict.guards,
            kept: verdict.kept,
            request,
            outcome,
            note: None,
            failure: None,
            request_id: None,
            plain,
        }
    }

    /// The log line: one line of JSON.
    pub fn line(&self) -> String {
        // A record holds strings, numbers and lists only, which always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What one pass did.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Why we woke.
    pub trigger: Value,
    /// What became of an operator's request; `None`: the wake was none.
    pub request: Option<String>,
    /// One per target, in the order of the pass.
    pub records: Vec<Record>,
    /// What could not be read or written at all, a sentence each; not empty: the invocation must fail, so that Lambda's
    /// error metric shows it.
    pub failures: Vec<String>,
}

impl Report {
    /// An empty report.
    pub fn new(trigger: &Trigger) -> Self {
        Self {
            trigger: label(trigger),
            request: matches!(trigger, Trigger::Request(_)).then(|| NO_REQUESTS.to_owned()),
            records: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// The function's response, or why the invocation must fail: Lambda's error metric and on-failure queue then show it.
    ///
    /// # Errors
    ///
    /// What could not be read or written, a sentence each. The records are in the log all the same.
    pub fn into_response(self) -> Result<Value, String> {
        if self.failures.is_empty() {
            Ok(self.response())
        } else {
            Err(self.failures.join("; "))
        }
    }

    /// What the pass did, as the function answers it.
    pub fn response(&self) -> Value {
        let mut counts: BTreeMap<&'static str, usize> =
            ["held", "planned", "accepted", "superseded", "failed"]
                .into_iter()
                .map(|name| (name, 0))
                .collect();
        for record in &self.records {
            let name = match record.outcome {
                Outcome::Held => "held",
                Outcome::Planned => "planned",
                Outcome::Accepted => "accepted",
                Outcome::Superseded => "superseded",
                Outcome::Failed => "failed",
            };
            *counts.entry(name).or_default() += 1;
        }
        counts.insert("targets", self.records.len());
        let full = self.records.len() <= RECORDS_IN_FULL;
        let records: Vec<&Record> = self
            .records
            .iter()
            .filter(|record| full || !record.plain)
            .collect();
        let mut response = json!({ "trigger": self.trigger, "counts": counts, "records": records });
        if let (Some(request), Some(map)) = (&self.request, response.as_object_mut()) {
            map.insert("request".to_owned(), json!(request));
        }
        response
    }
}

/// A trigger as records spell it.
pub fn label(trigger: &Trigger) -> Value {
    serde_json::to_value(trigger).unwrap_or(Value::Null)
}
