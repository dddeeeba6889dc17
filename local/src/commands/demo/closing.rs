//! The closing: what the decisions led to beside what the services say, and whether the play showed what it must.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{
    claims::{Evidence, Point},
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
            "\nThe play is over: {} h {:02} min of virtual time. The function ran {}: {} on schedule, {} for an alarm.\n",
            minutes / 60,
            minutes % 60,
            counted(ledger.woken_by_alarm + ledger.woken_by_schedule, "time"),
            ledger.woken_by_schedule,
            ledger.woken_by_alarm,
        )?;
        self.table(f)?;
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
            return writeln!(f, "What was decided is what ElastiCache has.");
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
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::commands::demo::{
        fixture::{alarmed, at, change, hold, scene, scheduled},
        function::{Cause, Pass},
        ledger::Ledger,
        play::DAY,
    };

    /// A day in which `orders` went from four shards to five for an alarm and back on schedule, with one hold.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(&scene());
        ledger.enter(
            &alarmed(vec![change("orders", 4, 5, "accepted")]),
            at(12, 24),
        );
        ledger.enter(
            &scheduled(vec![hold(
                "sessions-eu",
                "evicting",
                "no scale-in while keys are evicted",
            )]),
            at(13, 0),
        );
        ledger.enter(
            &scheduled(vec![change("orders", 5, 4, "accepted")]),
            at(19, 25),
        );
        ledger
    }

    fn seen(orders: u32, sessions: u32) -> BTreeMap<String, u32> {
        BTreeMap::from([
            ("orders".to_owned(), orders),
            ("sessions-eu".to_owned(), sessions),
        ])
    }

    fn evidence<'a>(ledger: &'a Ledger, seen: &'a BTreeMap<String, u32>) -> Evidence<'a> {
        Evidence {
            ledger,
            seen,
            evicted: 0.0,
        }
    }

    fn missing(ledger: Ledger, seen: &BTreeMap<String, u32>) -> Vec<String> {
        let closing = Closing::new(&DAY, evidence(&ledger, seen), at(23, 30));
        let missing = closing.missing(&(DAY.claim)(&closing.evidence));
        assert_eq!(closing.holds(), missing.is_empty());
        missing
    }

    #[test]
    fn a_day_that_shows_everything_and_matches_holds() {
        let seen = seen(4, 2);
        let ledger = ledger();
        let closing = Closing::new(&DAY, evidence(&ledger, &seen), at(23, 30));
        assert!(closing.holds());
        let text = closing.to_string();
        for line in [
            "The play is over: 11 h 00 min of virtual time. The function ran 3 times: 2 on schedule, 1 for an alarm.",
            "orders            4  → 5 at 12:24, → 4 at 19:25                        4  4, a match",
            "sessions-eu       2  none                                              2  2, a match",
            "An alarm scaled out:    12:24 orders from 4 to 5 shards (orders-engine-cpu-high)",
            "The schedule scaled in: 19:25 orders from 5 to 4 shards",
            "A hold said why:        13:00 sessions-eu: no scale-in while keys are evicted",
            "What was decided is what ElastiCache has.",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line}\nis not in\n{text}"
            );
        }
    }

    #[test]
    fn a_shard_count_that_nobody_decided_does_not_hold() {
        assert_eq!(
            missing(ledger(), &seen(5, 2)),
            ["orders: the decisions led to 4, ElastiCache says 5"]
        );
        let gone = BTreeMap::from([("orders".to_owned(), 4), ("other".to_owned(), 1)]);
        assert_eq!(
            missing(ledger(), &gone),
            [
                "sessions-eu: the decisions led to 2, ElastiCache says nothing",
                "other was not there at the start"
            ]
        );
    }

    #[test]
    fn what_the_day_did_not_show_is_named() {
        let empty = Ledger::new(&scene());
        let said = missing(empty.clone(), &seen(4, 2));
        assert_eq!(said.len(), 3, "{said:?}");
        // A plan, a scale-in for an alarm and a scale-out on schedule are not what must be shown.
        let mut other = empty;
        other.enter(
            &scheduled(vec![change("orders", 4, 5, "accepted")]),
            at(9, 0),
        );
        other.enter(
            &alarmed(vec![
                change("orders", 5, 4, "accepted"),
                change("sessions-eu", 2, 3, "planned"),
            ]),
            at(9, 30),
        );
        other.enter(
            &scheduled(vec![hold("orders", "load_fits", "the load fits")]),
            at(10, 0),
        );
        assert_eq!(missing(other, &seen(4, 2)), said);
    }

    #[test]
    fn a_failed_run_does_not_hold() {
        let mut ledger = ledger();
        ledger.enter(
            &Pass {
                cause: Cause::Schedule,
                records: Err("Runtime.ExitError: gone".to_owned()),
            },
            at(20, 0),
        );
        assert_eq!(
            missing(ledger, &seen(4, 2)),
            ["1 failure, the first: Runtime.ExitError: gone"]
        );
    }
}
