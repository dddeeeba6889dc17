//! The closing: what the decisions led to beside what the services say, and whether the play showed what it must.

mod failovers;

use std::fmt;

use chrono::{DateTime, Utc};

use super::{
    claims::{Evidence, Point},
    function::Job,
    ledger::{Account, Hand},
    play::Play,
    text::{clock, counted, wrap},
};

/// The end of the demo.
#[derive(Debug)]
pub(super) struct Closing<'a> {
    play: &'static Play,
    evidence: Evidence<'a>,
    ended: DateTime<Utc>,
}

/// The widest that a line may be: a terminal that can show the live view shows it well enough.
const WIDTH: usize = 100;

/// Where the sentences of the last lines begin.
const POINT_WIDTH: usize = 24;

/// The widest that a list of changes may be before it goes on in the next line.
const CHANGES_WIDTH: usize = 46;

impl<'a> Closing<'a> {
    /// Compares what was decided and seen with what the services say.
    pub(super) fn new(play: &'static Play, evidence: Evidence<'a>, ended: DateTime<Utc>) -> Self {
        Self {
            play,
            evidence,
            ended,
        }
    }

    /// Whether the counts match and the play showed what it must.
    pub(super) fn holds(&self) -> bool {
        self.missing(&(self.play.claim)(&self.evidence)).is_empty()
    }

    /// What speaks against success, a sentence each.
    fn missing(&self, points: &[Point]) -> Vec<String> {
        let Evidence { ledger, seen, .. } = &self.evidence;
        let mut missing = Vec::new();
        for (group, account) in &ledger.groups {
            if seen.get(group) != Some(&account.decided()) {
                let seen = seen.get(group).map_or("nothing".to_owned(), u32::to_string);
                missing.push(format!(
                    "{group}: the decisions led to {}, ElastiCache says {seen}",
                    account.decided()
                ));
            }
        }
        missing.extend(
            seen.keys()
                .filter(|group| !ledger.groups.contains_key(*group))
                .map(|group| format!("{group} was not there at the start")),
        );
        missing.extend(self.unmatched_phases());
        missing.extend(points.iter().filter_map(|point| match point {
            Point::Shown(..) => None,
            Point::Missing(sentence) => Some(sentence.clone()),
        }));
        if let Some(first) = ledger.failures.first() {
            let count = u64::try_from(ledger.failures.len()).unwrap_or(u64::MAX);
            missing.push(format!("{}, the first: {first}", counted(count, "failure")));
        }
        missing
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "group         start  changes{:width$}  end  ElastiCache says",
            "",
            width = CHANGES_WIDTH - 7
        )?;
        for (group, account) in &self.evidence.ledger.groups {
            let mut changes = change_lines(account).into_iter();
            let first = changes.next().unwrap_or_default();
            let says = match self.evidence.seen.get(group) {
                Some(seen) if *seen == account.decided() => format!("{seen}, a match"),
                Some(seen) => format!("{seen}, NO MATCH"),
                None => "nothing, NO MATCH".to_owned(),
            };
            writeln!(
                f,
                "{group:<12}  {:>5}  {first:<CHANGES_WIDTH$}  {:>3}  {says}",
                account.start,
                account.decided(),
            )?;
            for more in changes {
                writeln!(f, "{:19}  {more}", "")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = self.evidence.ledger;
        let minutes = (self.ended - ledger.began).num_minutes();
        writeln!(
            f,
            "\nThe play is over: {} h {:02} min of virtual time. {} ran {}: {} on schedule, {} for an alarm.",
            minutes / 60,
            minutes % 60,
            Job::Reshard.name(),
            counted(ledger.woken_by_alarm + ledger.woken_by_schedule, "time"),
            ledger.woken_by_schedule,
            ledger.woken_by_alarm,
        )?;
        self.failover_runs(f)?;
        writeln!(f)?;
        self.table(f)?;
        self.drills(f)?;
        writeln!(f)?;
        let points = (self.play.claim)(&self.evidence);
        for shown in &points {
            match shown {
                Point::Shown(name, sentence) => point(f, name, sentence)?,
                Point::Missing(_) => {}
            }
        }
        let missing = self.missing(&points);
        if missing.is_empty() {
            point(f, "What this shows:", self.play.shows)?;
            let drilled = if ledger.failovers.reported.is_empty() {
                ""
            } else {
                ", and what was measured is what its events say"
            };
            return writeln!(f, "What was decided is what ElastiCache has{drilled}.");
        }
        missing
            .iter()
            .try_for_each(|sentence| point(f, "Missing:", sentence))
    }
}

/// A named sentence, broken to hang under itself.
fn point(f: &mut fmt::Formatter<'_>, name: &str, sentence: &str) -> fmt::Result {
    for (at, part) in wrap(sentence, WIDTH - POINT_WIDTH).iter().enumerate() {
        let name = if at == 0 { name } else { "" };
        writeln!(f, "{name:<POINT_WIDTH$}{part}")?;
    }
    Ok(())
}

/// The changes as `→ 4 at 09:55`, those of others in brackets, broken between changes.
fn change_lines(account: &Account) -> Vec<String> {
    if account.changes.is_empty() {
        return vec!["none".to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for change in &account.changes {
        let word = format!("→ {} at {}", change.to, clock(change.at));
        let word = match change.by {
            Hand::Ours(_) => word,
            Hand::Other(_) => format!("[{word}]"),
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + word.chars().count() <= CHANGES_WIDTH => {
                line.push_str(", ");
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
