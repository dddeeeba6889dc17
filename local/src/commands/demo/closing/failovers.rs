//! The closing's part about failovers: how often their functions ran, and what was measured beside what the events say.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Closing;
use crate::commands::demo::{
    failovers::{Runs, length, unit},
    measured::Compared,
    text::{clock, counted},
};

/// How wide the drill's name and its nodes are.
const NAME_WIDTH: usize = 30;

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
        writeln!(
            f,
            "\n{:<NAME_WIDTH$}  phase               reported                    events say",
            "drill"
        )?;
        for (drill, phases) in drills {
            let report = &drill.report;
            let to = report.to.as_deref().unwrap_or("nobody seen");
            let objective = format!(
                "objective {} s: {}",
                report.objective_seconds, report.verdict
            );
            let name = [
                unit(&drill.target, &report.unit),
                format!("{} →", report.from),
                to.to_owned(),
                objective,
            ];
            let mut name = name.into_iter();
            for phase in &phases {
                let name = name.next().unwrap_or_default();
                writeln!(f, "{name:<NAME_WIDTH$}  {}", row(phase))?;
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
        "{:<18}  {:<12}  {:>12}  {told}",
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
