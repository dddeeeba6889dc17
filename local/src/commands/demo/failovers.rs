//! Failovers in a play: what the functions that force them recorded, and what came of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clusterwarden::failover::{DrillReport, IntentKind};
use serde::Deserialize;

use super::function::{Cause, Job, Pass};

/// One decision about one target, as a function that forces failovers records it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Record {
    /// The replication group or the cluster.
    pub(super) target: String,
    pub(super) decision: Decided,
    /// Why a failover was thought of.
    #[serde(default)]
    pub(super) intent: Option<Intended>,
    /// Drills whose measurement this run finished.
    #[serde(default)]
    pub(super) drills: Vec<DrillReport>,
    /// Who took over from the failover that this run started.
    #[serde(default)]
    pub(super) switched: Option<Switched>,
    /// `held`, `planned`, `accepted`, `switched`, `already_done`, `superseded` or `failed`.
    pub(super) outcome: String,
    pub(super) note: Option<String>,
    /// How the call failed.
    pub(super) failure: Option<serde_json::Value>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Decided {
    /// `failover_shard`, `failover_db_cluster`, `already_done` or `hold`.
    pub(super) kind: String,
    /// The shard, or the cluster itself.
    pub(super) unit: Option<String>,
    /// The primary or writer to leave.
    #[serde(default)]
    pub(super) from: Option<String>,
    /// Why, in one sentence.
    pub(super) sentence: String,
    /// A hold's code.
    #[serde(default)]
    pub(super) reason: Option<String>,
}

/// Why a failover was thought of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Intended {
    pub(super) kind: IntentKind,
}

/// Who took over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Switched {
    pub(super) to: String,
    /// Seconds after the call.
    pub(super) seconds: i64,
}

impl Record {
    /// Whether a failover was started, as far as the function knows.
    pub(super) fn has_started(&self) -> bool {
        matches!(self.outcome.as_str(), "accepted" | "switched")
    }

    /// Whether something that was asked for was turned down: by a person, or by a policy that names what must never be touched.
    pub(super) fn is_refused(&self) -> bool {
        let asked = self.intent_kind() == Some(IntentKind::Request);
        self.decision.kind == "hold"
            && (asked || self.decision.reason.as_deref() == Some("not_neptune"))
    }

    /// The kind of its intent.
    pub(super) fn intent_kind(&self) -> Option<IntentKind> {
        self.intent.as_ref().map(|intent| intent.kind)
    }

    /// What the function or the service added to the decision, or else its outcome.
    pub(super) fn said(&self) -> String {
        super::story::said(self.failure.as_ref(), self.note.as_ref(), &self.outcome)
    }
}

/// What was failed over, measured and refused in a play.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Failovers {
    /// How often each function ran, for what.
    pub(super) runs: BTreeMap<Job, Runs>,
    /// Failovers that the service accepted, in order.
    pub(super) started: Vec<Started>,
    /// Drills that were reported, in order.
    pub(super) reported: Vec<Reported>,
    /// What was refused, in order.
    pub(super) refused: Vec<Refused>,
}

/// How often a function ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Runs {
    pub(super) on_schedule: u64,
    pub(super) to_measure: u64,
    pub(super) for_an_alarm: u64,
    pub(super) for_a_notification: u64,
    pub(super) on_request: u64,
}

/// A failover that the service accepted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Started {
    pub(super) at: DateTime<Utc>,
    pub(super) job: Job,
    pub(super) target: String,
    pub(super) unit: String,
    pub(super) from: String,
    /// `None`: the run that started it did not see who took over.
    pub(super) switched: Option<Switched>,
    pub(super) kind: IntentKind,
}

/// A drill that was reported.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reported {
    pub(super) at: DateTime<Utc>,
    pub(super) job: Job,
    pub(super) target: String,
    pub(super) report: DrillReport,
}

/// Something that was refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    pub(super) at: DateTime<Utc>,
    pub(super) target: String,
    pub(super) reason: String,
    pub(super) sentence: String,
    /// Whether a person had asked.
    pub(super) requested: bool,
}

impl Runs {
    /// All of them.
    pub(super) fn all(self) -> u64 {
        self.on_schedule
            + self.to_measure
            + self.for_an_alarm
            + self.for_a_notification
            + self.on_request
    }
}

impl Failovers {
    /// Notes a run.
    pub(super) fn enter(&mut self, job: Job, pass: &Pass<Record>, at: DateTime<Utc>) {
        let runs = self.runs.entry(job).or_default();
        match pass.cause {
            Cause::Schedule => runs.on_schedule += 1,
            Cause::Measuring => runs.to_measure += 1,
            Cause::Alarm(_) => runs.for_an_alarm += 1,
            Cause::Notification => runs.for_a_notification += 1,
            Cause::Request => runs.on_request += 1,
        }
        for record in pass.records.iter().flatten() {
            self.enter_record(job, record, at);
        }
    }

    fn enter_record(&mut self, job: Job, record: &Record, at: DateTime<Utc>) {
        let decision = &record.decision;
        if let (true, Some(kind)) = (record.has_started(), record.intent_kind()) {
            self.started.push(Started {
                at,
                job,
                target: record.target.clone(),
                unit: decision.unit.clone().unwrap_or_default(),
                from: decision.from.clone().unwrap_or_default(),
                switched: record.switched.clone(),
                kind,
            });
        }
        self.reported
            .extend(record.drills.iter().map(|report| Reported {
                at,
                job,
                target: record.target.clone(),
                report: report.clone(),
            }));
        let requested = record.intent_kind() == Some(IntentKind::Request);
        if let (true, Some(reason)) = (record.is_refused(), &decision.reason) {
            // A person is refused each time; a policy's mistake is there on every run, and is one.
            let known = self.refused.iter().any(|one| {
                !one.requested && (&one.target, &one.reason) == (&record.target, reason)
            });
            if requested || !known {
                self.refused.push(Refused {
                    at,
                    target: record.target.clone(),
                    reason: reason.clone(),
                    sentence: decision.sentence.clone(),
                    requested,
                });
            }
        }
    }

    /// Drills of a function that were started and are not reported.
    pub(super) fn measured_by(&self, job: Job) -> usize {
        let started = self.drills().filter(|started| started.job == job).count();
        let reported = self.reported.iter().filter(|reported| reported.job == job);
        started.saturating_sub(reported.count())
    }

    /// The drills that were started.
    pub(super) fn drills(&self) -> impl Iterator<Item = &Started> {
        let drills = self.started.iter();
        drills.filter(|started| started.kind == IntentKind::Drill)
    }
}

/// `catalog shard 0001`, or the cluster's name alone.
pub(super) fn unit(target: &str, unit: &str) -> String {
    if unit == target {
        target.to_owned()
    } else {
        format!("{target} shard {unit}")
    }
}

/// `12 min 44 s`, `63 s`: within two minutes seconds alone are read better.
pub(super) fn length(seconds: i64) -> String {
    if seconds < 120 {
        format!("{seconds} s")
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::demo::fixture::{at, drill_started, drilled, refused};

    fn pass(cause: Cause, record: Record) -> Pass<Record> {
        Pass {
            cause,
            records: Ok(vec![record]),
        }
    }

    #[test]
    fn a_record_is_read_as_the_function_writes_it() {
        let record: Record = serde_json::from_value(json!({
            "function": "failover-shard", "target": "catalog", "outcome": "switched", "request": {},
            "intent": { "kind": "drill", "due": "2026-11-23T14:00:00Z", "last": null },
            "decision": { "kind": "failover_shard", "unit": "0001", "from": "catalog-0001-001", "to": null,
                          "sentence": "shard 0001: it is time" },
            "switched": { "to": "catalog-0001-002", "seconds": 63 },
        }))
        .unwrap();
        assert!(record.has_started() && !record.is_refused());
        assert_eq!(record.intent_kind(), Some(IntentKind::Drill));
    }

    #[test]
    fn a_drill_is_being_measured_from_its_start_to_its_report() {
        let mut failovers = Failovers::default();
        let job = Job::FailoverShard;
        failovers.enter(job, &pass(Cause::Schedule, drill_started()), at(14, 5));
        assert_eq!(failovers.measured_by(job), 1);
        assert_eq!(failovers.measured_by(Job::FailoverDbCluster), 0);
        failovers.enter(job, &pass(Cause::Measuring, drilled()), at(14, 20));
        assert_eq!(failovers.measured_by(job), 0);
        assert_eq!(failovers.runs[&job].all(), 2);
    }

    #[test]
    fn only_what_was_asked_for_or_must_never_be_is_refused() {
        assert!(refused("sessions-eu", "lagging", Some(IntentKind::Request)).is_refused());
        assert!(refused("checkout-aurora", "not_neptune", None).is_refused());
        assert!(!refused("catalog", "cooling_down", Some(IntentKind::Drill)).is_refused());
    }

    #[test]
    fn a_mistake_of_the_policy_is_refused_once_and_a_person_each_time() {
        let mut failovers = Failovers::default();
        for minute in [0, 60] {
            let foreign = refused("checkout-aurora", "not_neptune", None);
            let asked = refused("sessions-eu", "lagging", Some(IntentKind::Request));
            for (job, record) in [
                (Job::FailoverDbCluster, foreign),
                (Job::FailoverShard, asked),
            ] {
                failovers.enter(job, &pass(Cause::Schedule, record), at(14, minute));
            }
        }
        let targets: Vec<&str> = failovers
            .refused
            .iter()
            .map(|one| one.target.as_str())
            .collect();
        assert_eq!(targets, ["checkout-aurora", "sessions-eu", "sessions-eu"]);
    }

    #[test]
    fn lengths_are_in_seconds_as_long_as_that_reads_well() {
        assert_eq!(
            [63, 119, 120, 764].map(length),
            ["63 s", "119 s", "2 min 0 s", "12 min 44 s"]
        );
        assert_eq!(unit("graph", "graph"), "graph");
        assert_eq!(unit("catalog", "0001"), "catalog shard 0001");
    }
}
