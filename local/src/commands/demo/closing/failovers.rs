//! The closing's part about failovers: how often their functions ran, and what was measured beside what the events say.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Closing;
use crate::commands::demo::{
    failovers::{Reported, Runs, length, unit},
    measured::Compared,
    text::{clock, counted},
};

/// How wide the drill's name and its nodes are at the least.
const NAME_WIDTH: usize = 20;

impl Closing<'_> {
    /// `failover-shard ran 27 times: 18 on schedule, …`, a line for each function that ran.
    pub(super) fn failover_runs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (job, runs) in &self.evidence.ledger.failovers.runs {
            writeln!(
                f,
                "{} ran {}: {}.",
                job.name(),
                counted(runs.all(), "time"),
                causes(*runs)
            )?;
        }
        Ok(())
    }

    /// The table of drills; nothing where none was reported.
    pub(super) fn drills(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drills = self.evidence.compared();
        if drills.is_empty() {
            return Ok(());
        }
        let names: Vec<[String; 4]> = drills.iter().map(|(drill, _)| names(drill)).collect();
        let widths = names.iter().flatten().map(|name| name.chars().count());
        let width = widths.max().unwrap_or_default().max(NAME_WIDTH);
        writeln!(
            f,
            "\n{:<width$}  {:<18}  {:<8}  {:>11}  events say",
            "drill", "phase", "reported", "after"
        )?;
        for ((_, phases), name) in drills.iter().zip(names) {
            let mut name = name.into_iter();
            for phase in phases {
                let name = name.next().unwrap_or_default();
                writeln!(f, "{name:<width$}  {}", row(phase))?;
            }
            for rest in name {
                writeln!(f, "{rest}")?;
            }
        }
        Ok(())
    }

    /// Phases that were reported otherwise than the events say, a sentence each.
    pub(super) fn unmatched_phases(&self) -> Vec<String> {
        let compared = self.evidence.compared();
        let unmatched = compared.iter().flat_map(|(drill, phases)| {
            let unmatched = phases.iter().filter(|phase| !phase.matches);
            unmatched.map(|phase| {
                format!(
                    "{}: {} is reported at {}, the events say {}",
                    unit(&drill.target, &drill.report.unit),
                    phase.phase,
                    time(phase.reported),
                    time(phase.told)
                )
            })
        });
        unmatched.collect()
    }
}

/// What stands before a drill's phases, a line each.
fn names(drill: &Reported) -> [String; 4] {
    let report = &drill.report;
    [
        unit(&drill.target, &report.unit),
        format!("{} →", report.from),
        report
            .to
            .clone()
            .unwrap_or_else(|| "nobody seen".to_owned()),
        format!(
            "objective {} s: {}",
            report.objective_seconds, report.verdict
        ),
    ]
}

fn row(phase: &Compared) -> String {
    let seconds = phase.seconds.map_or("not seen".to_owned(), length);
    let told = if phase.matches && phase.told != phase.reported {
        // No event tells of it.
        "a match, as seen".to_owned()
    } else if phase.matches {
        "a match".to_owned()
    } else {
        format!("{}, NO MATCH", time(phase.told))
    };
    format!(
        "{:<18}  {:<8}  {:>11}  {told}",
        phase.phase,
        time(phase.reported),
        seconds
    )
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or("nothing".to_owned(), |at| {
        format!("{}{}", clock(at), at.format(":%S"))
    })
}

fn causes(runs: Runs) -> String {
    let causes = [
        (runs.on_schedule, "on schedule"),
        (runs.to_measure, "to measure a drill"),
        (runs.for_an_alarm, "for an alarm"),
        (runs.for_a_notification, "for a notification"),
        (runs.on_request, "on request"),
    ];
    let words: Vec<String> = causes
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, cause)| format!("{count} {cause}"))
        .collect();
    words.join(", ")
}
