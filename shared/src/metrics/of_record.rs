//! What a decision record tells as metrics.

use serde_json::Number;

use super::{
    ATTEMPTS, ATTEMPTS_ENDED, DECISIONS, DRILL_AVAILABLE_SECONDS, DRILL_FAILOVER_SECONDS,
    DRILL_RECOVERY_SECONDS, DRILLS_MISSED, Dimension, ENGINE_CPU_TARGET, FAILOVER_SECONDS,
    FAILOVERS_FAILED, HOLDS, MEMORY_TARGET, Metric, NODE_REPLACEMENTS, Publication,
    RESHARDS_FAILED, RESHARDS_INCOMPLETE, SHARDS,
    embed::{Embedded, Labels, Told},
    write,
};
use crate::{
    failover::{DrillReport, DrillVerdict},
    journal::Attempt,
    record::{Outcome, Record},
};

/// The dimensions that a record's line has as fields of its own.
const FIELDS: [Dimension; 3] = [Dimension::Function, Dimension::Target, Dimension::Outcome];

/// The log line of a record: one line of JSON, with its metrics behind its fields. `to` is where they go; `None`: nowhere, and the
/// line is the record alone.
pub fn record_line(record: &Record, to: Option<&Publication>) -> String {
    let Some(to) = to else {
        return record.line();
    };
    let labels = Labels {
        function: record.function,
        kind: Some(record.kind),
        reason: record.reason,
        outcome: Some(record.outcome.name()),
        end: record.ended.as_ref().map(|attempt| attempt.outcome.name()),
        target: Some(&record.target),
    };
    let told = told(record);
    write(record, Embedded::new(to, record.at, &labels, &FIELDS, told))
}

fn told(record: &Record) -> Vec<Told> {
    if record.outcome == Outcome::Switched {
        // The same record for the second time, now that the new primary or writer is seen: only that is new.
        let seconds = record.switched.as_ref().map(|new| new.seconds.into());
        return vec![
            Told::once(&ATTEMPTS),
            Told::values(&FAILOVER_SECONDS, seconds),
        ];
    }
    let mut told = vec![Told::once(&DECISIONS)];
    told.extend(record.reason.map(|_| Told::once(&HOLDS)));
    if record.request.is_some() {
        attempted(record, &mut told);
    }
    if let Some(attempt) = &record.ended {
        ended(attempt, &mut told);
    }
    of_group(record, &mut told);
    if !record.replacements.is_empty() {
        told.push(Told::count(&NODE_REPLACEMENTS, record.replacements.len()));
    }
    drilled(&record.drills, &mut told);
    told
}

/// What became of the record's own request, as far as anything was tried.
fn attempted(record: &Record, told: &mut Vec<Told>) {
    match record.outcome {
        Outcome::Accepted | Outcome::Switched | Outcome::Superseded => {
            told.push(Told::once(&ATTEMPTS));
        }
        Outcome::Failed => {
            // Only `reshard` asks how much load there is.
            let reshards = record.demand.is_some();
            told.push(Told::once(&ATTEMPTS));
            told.push(Told::once(if reshards {
                &RESHARDS_FAILED
            } else {
                &FAILOVERS_FAILED
            }));
        }
        Outcome::Held | Outcome::Planned | Outcome::AlreadyDone => {}
    }
}

/// What became of an earlier reshard.
fn ended(attempt: &Attempt, told: &mut Vec<Told>) {
    told.push(Told::once(&ATTEMPTS_ENDED));
    if attempt.failed() {
        told.push(Told::once(&RESHARDS_INCOMPLETE));
    }
}

/// How large a group is and what its load is held against. Only of a group that is there: a name alone is no metric.
fn of_group(record: &Record, told: &mut Vec<Told>) {
    let mut inputs = record.inputs.iter();
    let shards = inputs.find(|input| input.name == "shards");
    let shards = shards.and_then(|input| input.value.as_u64());
    let (Some(shards), true) = (shards, record.demand.is_some()) else {
        return;
    };
    let targets = &record.load_targets;
    let memory = targets.memory.map(|memory| memory.percent);
    told.extend([
        Told::count(&SHARDS, shards),
        percent(&ENGINE_CPU_TARGET, targets.engine_cpu),
        percent(&MEMORY_TARGET, memory),
    ]);
}

fn percent(metric: &'static Metric, value: Option<f64>) -> Told {
    Told::values(metric, value.and_then(Number::from_f64))
}

/// What drills measured.
fn drilled(drills: &[DrillReport], told: &mut Vec<Told>) {
    let seconds = |metric, phases: [&str; 2]| {
        let measured = drills.iter().filter_map(|drill| {
            let mut phases = phases.iter();
            phases.find_map(|phase| drill.seconds_to(phase))
        });
        Told::values(metric, measured.map(Number::from))
    };
    told.extend([
        seconds(
            &DRILL_FAILOVER_SECONDS,
            ["failover_completed", "new_writer"],
        ),
        seconds(
            &DRILL_RECOVERY_SECONDS,
            ["recovery_finished", "old_writer_back"],
        ),
        seconds(&DRILL_AVAILABLE_SECONDS, ["available", "available"]),
    ]);
    let missed = drills.iter().filter(|drill| match drill.verdict {
        DrillVerdict::Missed | DrillVerdict::Incomplete => true,
        DrillVerdict::Met => false,
    });
    let missed = missed.count();
    if missed > 0 {
        told.push(Told::count(&DRILLS_MISSED, missed));
    }
}

#[cfg(test)]
mod tests;
