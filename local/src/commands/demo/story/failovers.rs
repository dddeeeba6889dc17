//! The story of failovers: drills, their measurements, and what was refused.

use chrono::{DateTime, Utc};
use clusterwarden::{
    cluster::{DbClusterId, ReplicationGroupId},
    failover::{DrillReport, IntentKind},
    policy::{FailoverPolicy, Policy},
};

use super::{Kind, Line, Story};
use crate::commands::demo::{
    failovers::{Record, length, unit},
    function::{Job, Pass},
};

/// Holds that are not worth a line: all is well, another run is at it, or a change or a failover is, which is told elsewhere.
const UNTOLD: [&str; 4] = ["nothing_asked", "superseded", "not_available", "in_flight"];

impl Story {
    /// What of a run of a function that forces failovers is new.
    pub(in crate::commands::demo) fn failover_pass(
        &mut self,
        job: Job,
        pass: &Pass<Record>,
        at: DateTime<Utc>,
        policy: &Policy,
    ) -> Vec<Line> {
        self.ledger.enter_failovers(job, pass, at);
        let mut lines = Vec::new();
        match &pass.records {
            Ok(records) => {
                for record in records {
                    let drills = record.drills.iter();
                    lines.extend(drills.map(|drill| Line {
                        at,
                        kind: Kind::Drilled,
                        text: measured(&record.target, drill),
                    }));
                    if self.is_news(job, record) {
                        let objective = entry(policy, job, &record.target);
                        lines.push(line(record, at, objective));
                    }
                }
            }
            Err(failure) => lines.push(Line {
                at,
                kind: Kind::Failed,
                text: format!("the function {} failed: {failure}", job.name()),
            }),
        }
        self.keep_recent(&lines);
        lines
    }

    /// Whether it says something else than was last said about its target by this function.
    fn is_news(&mut self, job: Job, record: &Record) -> bool {
        let decision = &record.decision;
        let key = (
            decision.kind.clone(),
            decision.reason.clone(),
            None,
            record.outcome.clone(),
        );
        let about = format!("{} {}", job.name(), record.target);
        let before = self.said.insert(about, key.clone());
        let untold = decision
            .reason
            .as_deref()
            .is_some_and(|reason| UNTOLD.contains(&reason));
        let asked = record.intent_kind() == Some(IntentKind::Request);
        let acted = record.has_started() || record.outcome == "failed";
        asked || acted || (!untold && before.as_ref() != Some(&key))
    }
}

fn entry<'p>(policy: &'p Policy, job: Job, target: &str) -> Option<&'p FailoverPolicy> {
    match job {
        Job::Reshard => None,
        Job::FailoverShard => policy.failover_shard_for(&ReplicationGroupId::new(target)),
        Job::FailoverDbCluster => policy.failover_db_cluster_for(&DbClusterId::new(target)),
    }
}

fn line(record: &Record, at: DateTime<Utc>, policy: Option<&FailoverPolicy>) -> Line {
    let decided = format!("{}: {}", record.target, record.decision.sentence);
    let (kind, text) = match record.outcome.as_str() {
        "accepted" | "switched" if record.intent_kind() == Some(IntentKind::Drill) => {
            let objective = policy.and_then(|entry| entry.drill.as_ref());
            let objective = objective.map(|drill| drill.objective.as_secs());
            (Kind::Drill, started(record, objective))
        }
        "accepted" | "switched" => (Kind::Failover, started(record, None)),
        "held" if record.is_refused() => {
            let asked = if record.intent_kind() == Some(IntentKind::Request) {
                "requested, nothing sent"
            } else {
                "nothing sent"
            };
            (Kind::Refused, format!("{decided} ({asked})"))
        }
        "held" => (Kind::Hold, decided),
        "planned" => (Kind::Planned, format!("{decided} ({})", record.said())),
        "failed" => (Kind::Failed, format!("{decided} ({})", record.said())),
        _ => (Kind::Hold, format!("{decided} ({})", record.said())),
    };
    Line { at, kind, text }
}

/// `catalog shard 0001: catalog-0001-001 → catalog-0001-002 after 63 s (objective 120 s)`.
fn started(record: &Record, objective: Option<u64>) -> String {
    let decision = &record.decision;
    let what = unit(&record.target, decision.unit.as_deref().unwrap_or_default());
    let from = decision.from.as_deref().unwrap_or("?");
    let to = match &record.switched {
        Some(switched) => format!("{} after {}", switched.to, length(switched.seconds)),
        None => format!("nobody yet ({})", record.said()),
    };
    let objective = objective
        .map(|seconds| format!(" (objective {seconds} s)"))
        .unwrap_or_default();
    format!("{what}: {from} → {to}{objective}")
}

/// `catalog shard 0001: recovered after 12 min 44 s, all available; the objectives are met`.
fn measured(target: &str, drill: &DrillReport) -> String {
    let what = unit(target, &drill.unit);
    let after = |seconds: Option<i64>, done: &str| match seconds {
        Some(seconds) => format!("{done} after {}", length(seconds)),
        None => format!("{done}: not seen"),
    };
    let mut phases = drill.phases.iter().rev();
    let available = phases.next().and_then(|phase| phase.seconds);
    let recovered = phases.next().and_then(|phase| phase.seconds);
    let all = if available.is_some() && available == recovered {
        format!("{}, all available", after(recovered, "recovered"))
    } else {
        let recovered = after(recovered, "recovered");
        format!("{recovered}, {}", after(available, "all available"))
    };
    format!("{what}: {all}; objective {}", drill.verdict)
}
