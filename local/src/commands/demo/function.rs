//! The real function binaries, woken by events, and what they answer.

use std::{io::Write, path::PathBuf, sync::Arc};

use clusterwarden::policy::Policy;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::NamedTempFile;

use super::{failure::DemoFailure, play, play::Play};
use crate::runtime_api::{Endpoint, Environment, Function, Outcome};

/// A function that the demo may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    /// `reshard`, in every play.
    Reshard,
    /// `failover-shard`, where the policy has entries for it.
    FailoverShard,
    /// `failover-db-cluster`, likewise.
    FailoverDbCluster,
}

impl Job {
    /// The functions that force failovers.
    pub(super) const FAILOVERS: [Self; 2] = [Self::FailoverShard, Self::FailoverDbCluster];

    /// The function's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reshard => "reshard",
            Self::FailoverShard => "failover-shard",
            Self::FailoverDbCluster => "failover-db-cluster",
        }
    }

    /// The function's ARN, on which the scenarios' alarms act.
    pub(super) fn arn(self) -> String {
        format!(
            "arn:aws:lambda:us-east-1:123456789012:function:{}",
            self.name()
        )
    }

    /// Whether a policy gives it anything to do.
    pub(super) fn has_work(self, policy: &Policy) -> bool {
        match self {
            Self::Reshard => true,
            Self::FailoverShard => !policy.failover_shard.is_empty(),
            Self::FailoverDbCluster => !policy.failover_db_cluster.is_empty(),
        }
    }
}

/// Why a function woke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// An alarm went into ALARM; its name.
    Alarm(String),
    /// Its time has come.
    Schedule,
    /// Its time has come more often than else, because a drill of its own is being measured.
    Measuring,
    /// A service told of something.
    Notification,
    /// A person asked.
    Request,
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

/// One run of a function whose records are read as `R`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass<R = Record> {
    /// Why it woke.
    pub(super) cause: Cause,
    /// What it decided, or how it failed.
    pub(super) records: Result<Vec<R>, String>,
}

/// A function's response, of which the records matter here.
#[derive(Debug, Deserialize)]
struct Response<R> {
    /// Why a person's request was not even looked at.
    request: Option<String>,
    records: Vec<R>,
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
        job: Job,
        binary: PathBuf,
        endpoint: Endpoint,
        play: &Play,
    ) -> Result<Self, DemoFailure> {
        let mut policy = NamedTempFile::with_suffix(".toml").map_err(DemoFailure::PolicyFile)?;
        policy
            .write_all(play.policy.as_bytes())
            .map_err(DemoFailure::PolicyFile)?;
        // While it looks for a new primary it need not wait: here time passes with each answer.
        let function = Function::new(job.name(), binary)
            .with("MODE", "apply")
            .with("POLICY_FILE", policy.path().to_string_lossy())
            .with("JOURNAL_TABLE", play::JOURNAL_TABLE)
            .with("WATCH_SECONDS", "0");
        // Its log lines are the records that it answers as well.
        let environment = Environment::new(function, endpoint, Arc::new(|_| {}));
        Ok(Self {
            environment,
            invocations: 0,
            _policy: policy,
        })
    }

    /// Runs the function on one event.
    pub(super) async fn wake<R: DeserializeOwned>(
        &mut self,
        cause: Cause,
        event: &Value,
    ) -> Result<Pass<R>, DemoFailure> {
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

fn read<R: DeserializeOwned>(response: Value) -> Result<Vec<R>, String> {
    match serde_json::from_value::<Response<R>>(response) {
        Ok(Response {
            request: Some(refusal),
            ..
        }) => Err(refusal),
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
        let records: Vec<Record> = read(response).unwrap();
        assert_eq!(
            (records[0].target.as_str(), records[0].decision.from),
            ("orders", Some(3))
        );
        assert!(read::<Record>(json!({ "records": [{ "target": "orders" }] })).is_err());
        let refused = json!({ "request": "refused: `from` is missing", "records": [] });
        assert_eq!(
            read::<Record>(refused).unwrap_err(),
            "refused: `from` is missing"
        );
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
