//! The real function binary, woken by an event, and what it answers.

use std::{io::Write, path::PathBuf, sync::Arc};

use serde::Deserialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::{failure::DemoFailure, play, play::Play};
use crate::runtime_api::{Endpoint, Environment, Function, Outcome};

/// Why the function woke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// An alarm went into ALARM; its name.
    Alarm(String),
    /// Five minutes have passed.
    Schedule,
}

impl Cause {
    /// The cause that an alarm's action is.
    pub(super) fn of_alarm(event: &Value) -> Self {
        let name = event
            .pointer("/alarmData/alarmName")
            .and_then(Value::as_str);
        Self::Alarm(name.unwrap_or("of unknown name").to_owned())
    }
}

/// One decision about one group, as the function records it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Record {
    /// The group.
    pub(super) target: String,
    pub(super) decision: Decided,
    /// `accepted`, `held`, `planned`, `superseded` or `failed`.
    pub(super) outcome: String,
    /// Why a change was planned only, or what the service said.
    pub(super) note: Option<String>,
    /// How the call failed.
    pub(super) failure: Option<Value>,
    /// What load and alarms asked for.
    #[serde(default)]
    pub(super) demand: Demand,
}

/// What load and alarms asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Demand {
    /// One per measure that has a say.
    #[serde(default)]
    pub(super) needs: Vec<Need>,
    /// Alarms that asked for a shard.
    #[serde(default)]
    pub(super) alarms: Vec<String>,
}

/// What a measure asked for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Need {
    /// `engine_cpu`, `memory`, …
    pub(super) measure: String,
    /// How many shards it needs; 0: not known.
    pub(super) shards: u32,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Decided {
    /// `scale_out`, `scale_in`, `rebalance` or `hold`.
    pub(super) kind: String,
    /// Shards before; `None` when the group could not be seen.
    pub(super) from: Option<u32>,
    /// Shards afterwards.
    pub(super) to: Option<u32>,
    /// Why, in one sentence.
    pub(super) sentence: String,
    /// A hold's code.
    pub(super) reason: Option<String>,
}

/// One run of the function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass {
    /// Why it woke.
    pub(super) cause: Cause,
    /// What it decided, or how it failed.
    pub(super) records: Result<Vec<Record>, String>,
}

/// The function's response, of which the records matter here.
#[derive(Debug, Deserialize)]
struct Response {
    records: Vec<Record>,
}

/// The function in its execution environment, in apply mode, under the play's policy.
#[derive(Debug)]
pub(super) struct WokenFunction {
    environment: Environment,
    invocations: u64,
    /// Deleted when the demo ends.
    _policy: NamedTempFile,
}

impl WokenFunction {
    /// A cold function; its process starts with the first event.
    pub(super) fn new(
        binary: PathBuf,
        endpoint: Endpoint,
        play: &Play,
    ) -> Result<Self, DemoFailure> {
        let mut policy = NamedTempFile::with_suffix(".toml").map_err(DemoFailure::PolicyFile)?;
        policy
            .write_all(play.policy.as_bytes())
            .map_err(DemoFailure::PolicyFile)?;
        let function = Function::new(play::FUNCTION, binary)
            .with("MODE", "apply")
            .with("POLICY_FILE", policy.path().to_string_lossy())
            .with("JOURNAL_TABLE", play::JOURNAL_TABLE);
        // Its log lines are the records that it answers as well.
        let environment = Environment::new(function, endpoint, Arc::new(|_| {}));
        Ok(Self {
            environment,
            invocations: 0,
            _policy: policy,
        })
    }

    /// Runs the function on one event.
    pub(super) async fn wake(&mut self, cause: Cause, event: &Value) -> Result<Pass, DemoFailure> {
        self.invocations += 1;
        let request_id = format!("00000000-0000-4000-8000-{:012}", self.invocations);
        let invocation = self.environment.invoke(event, &request_id).await?;
        let failure = invocation.failure();
        let records = match (invocation.outcome, failure) {
            (Outcome::Response(response), _) => read(response),
            (_, failure) => Err(failure.unwrap_or_else(|| "no answer".to_owned())),
        };
        Ok(Pass { cause, records })
    }
}

fn read(response: Value) -> Result<Vec<Record>, String> {
    match serde_json::from_value::<Response>(response) {
        Ok(response) => Ok(response.records),
        Err(error) => Err(format!(
            "its response has another form than records: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_response_is_read_as_the_function_writes_it() {
        let response = json!({ "trigger": {}, "counts": {}, "records": [{
            "target": "orders", "outcome": "held", "at": "2026-11-23T05:05:00Z", "request": null,
            "decision": { "kind": "hold", "from": 3, "to": 3, "sentence": "the load fits", "reason": "load_fits" },
        }]});
        let records = read(response).unwrap();
        assert_eq!(
            (records[0].target.as_str(), records[0].decision.from),
            ("orders", Some(3))
        );
        assert!(read(json!({ "records": [{ "target": "orders" }] })).is_err());
    }

    #[test]
    fn an_alarms_action_names_its_alarm() {
        let event = json!({ "alarmData": { "alarmName": "orders-engine-cpu-high" } });
        assert_eq!(
            Cause::of_alarm(&event),
            Cause::Alarm("orders-engine-cpu-high".to_owned())
        );
    }
}
