//! The decision record: one JSON object per target per pass, the same for hold, plan and apply.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    checks::{Guard, Input},
    failover::{DrillReport, Intent, Ranked, Replacement, Waiver},
    journal::{Attempt, Retry},
    policy::Targets,
    reshard::{Demand, KeptShard},
    seen::{Seen, Sight},
    trigger::Trigger,
};

mod shown;

pub use shown::Shown;

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
    /// A person asked for what is so already: nothing is left to do.
    AlreadyDone,
    /// The service accepted it, or said that it is so already.
    Accepted,
    /// The service accepted it, and the new primary or writer has been seen.
    Switched,
    /// The world changed between look and act; the next pass looks again.
    Superseded,
    /// The call failed.
    Failed,
}

impl Outcome {
    /// Every name.
    pub const NAMES: [&'static str; 7] = [
        "held",
        "planned",
        "already_done",
        "accepted",
        "switched",
        "superseded",
        "failed",
    ];

    /// Its name in records and in the counts of a response.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Planned => "planned",
            Self::AlreadyDone => "already_done",
            Self::Accepted => "accepted",
            Self::Switched => "switched",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
        }
    }
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

/// The new primary or writer, as the pass that asked for it saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// Who.
    pub to: String,
    /// Seconds after the request, by the service's event or by when it was first seen.
    pub seconds: i64,
}

/// One target's decision with all that led to it and came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// The function that decided.
    pub function: &'static str,
    /// Whether it may act.
    pub mode: Mode,
    /// The replication group or the Neptune cluster.
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
    /// What load and alarms ask for. Of `reshard` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<Demand>,
    /// Why a failover was thought of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Every input with its value and age.
    pub inputs: Vec<Input>,
    /// Every check with what it saw.
    pub guards: Vec<Guard>,
    /// For a scale-in, what each shard that stays would receive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptShard>,
    /// Who could take over, best first, then those that are not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<Ranked>,
    /// Pace checks that a person's request waived, and that would have held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Waiver>,
    /// Replacements of nodes that AWS has scheduled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<Replacement>,
    /// Drills whose measurement was finished in this pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drills: Vec<DrillReport>,
    /// The earlier reshard of ours whose end this pass saw, as the journal has it. Told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Attempt>,
    /// The exact request, or null.
    pub request: Option<Value>,
    /// Who is primary or writer since the failover that this pass started, and after how many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switched: Option<Switched>,
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
    /// What it was decided from, until the record is told: it has a line of its own.
    #[serde(skip)]
    pub sight: Option<Sight>,
    /// What the policy holds the group's load against, for the metrics. Of `reshard` only.
    #[serde(skip)]
    pub load_targets: Targets,
    /// `decision.kind`, of a closed set.
    #[serde(skip)]
    pub(crate) kind: &'static str,
    /// `decision.reason`, of a closed set. `None`: it is no hold.
    #[serde(skip)]
    pub(crate) reason: Option<&'static str>,
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
        verdict: impl Into<Shown>,
    ) -> Self {
        let shown = verdict.into();
        Self {
            function,
            mode,
            target: target.to_owned(),
            at,
            policy: String::new(),
            trigger: Value::Null,
            decision: shown.decision,
            wanted: None,
            demand: shown.demand,
            intent: shown.intent,
            inputs: shown.inputs,
            guards: shown.guards,
            kept: shown.kept,
            ranking: shown.ranking,
            waived: shown.waived,
            replacements: shown.replacements,
            drills: Vec::new(),
            ended: None,
            request: shown.request,
            switched: None,
            outcome: shown.outcome,
            note: None,
            failure: None,
            request_id: None,
            sight: None,
            load_targets: Targets::default(),
            kind: shown.kind,
            reason: shown.reason,
            plain: shown.plain,
        }
    }

    /// Adds the drills whose measurement was finished: a record that tells one is never left out.
    pub fn tell_drills(&mut self, drills: Vec<DrillReport>) {
        self.plain &= drills.is_empty();
        self.drills = drills;
    }

    /// Adds the earlier attempt whose end was seen, if one was: a record that tells it is never left out.
    pub fn tell_ended(&mut self, ended: Option<Attempt>) {
        self.plain &= ended.is_none();
        self.ended = ended;
    }

    /// The record alone: one line of JSON. [`record_line`](crate::metrics::record_line) adds the metrics.
    pub fn line(&self) -> String {
        // A record holds strings, numbers and lists only, which always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Adds what it was decided from, once the policy's fingerprint is known.
    pub fn decided_from(&mut self, seen: Seen) {
        self.sight = Some(Sight::new(&self.target, &self.policy, seen));
    }

    /// The log line with what it was decided from. `None`: it has been told, or this is no look at a target.
    pub fn sight_line(&self) -> Option<String> {
        Some(self.sight.as_ref()?.line())
    }
}

/// What one pass did.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Why we woke.
    pub trigger: Value,
    /// What became of an operator's request, in words; `None`: the wake was none, or the records say it.
    pub request: Option<String>,
    /// One per target, in the order of the pass.
    pub records: Vec<Record>,
    /// What could not be read or written at all, a sentence each; not empty: the invocation must fail, so that Lambda's
    /// error metric shows it.
    pub failures: Vec<String>,
    /// Metrics that the pass asked of GetMetricData.
    pub metrics_bought: u64,
    /// Test failovers that the account has left of its 24 hours. `None`: not known, or the function makes none.
    pub test_failovers_left: Option<u32>,
}

impl Report {
    /// An empty report.
    pub fn new(trigger: &Trigger) -> Self {
        Self {
            trigger: label(trigger),
            request: None,
            records: Vec::new(),
            failures: Vec::new(),
            metrics_bought: 0,
            test_failovers_left: None,
        }
    }

    /// The function's response, or why the invocation must fail: Lambda's error metric and on-failure queue then show it.
    ///
    /// # Errors
    ///
    /// What could not be read or written, a sentence each. The records are in the log all the same.
    pub fn into_response(self) -> Result<Value, String> {
        // A person waits for the answer to a request, and what became of it must not be lost behind what could not be read.
        let is_request = self.trigger.get("kind") == Some(&json!("request"));
        if self.failures.is_empty() {
            Ok(self.response())
        } else if is_request {
            let mut response = self.response();
            if let Some(map) = response.as_object_mut() {
                map.insert("failures".to_owned(), json!(self.failures));
            }
            Ok(response)
        } else {
            Err(self.failures.join("; "))
        }
    }

    /// What the pass did, as the function answers it.
    pub fn response(&self) -> Value {
        let mut counts: BTreeMap<&'static str, usize> =
            Outcome::NAMES.into_iter().map(|name| (name, 0)).collect();
        for record in &self.records {
            *counts.entry(record.outcome.name()).or_default() += 1;
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

/// The answer of a function that carries no request out. `None`: the wake was none.
pub fn no_requests(trigger: &Trigger) -> Option<String> {
    matches!(trigger, Trigger::Request(_)).then(|| NO_REQUESTS.to_owned())
}

/// A trigger as records spell it.
pub fn label(trigger: &Trigger) -> Value {
    serde_json::to_value(trigger).unwrap_or(Value::Null)
}
