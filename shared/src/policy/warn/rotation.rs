//! Whether drills can come round in the time that they are to: by the account's budget of test failovers, and by a target's
//! window and cooldown.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Notes, pace};
use crate::calendar::CalendarWindow;
use crate::policy::failover::{FailoverEntry, Kind};
use crate::policy::{DrillPolicy, Fleet};

const MINUTES_A_WEEK: i64 = 7 * 24 * 60;

/// Starts are counted over so many weeks: a cooldown that is no part of a week evens out.
const WEEKS: i32 = 4;

/// Sums of fractions such as thirds miss the whole number by less than this.
const NOISE: f64 = 1e-6;

/// So many targets are named; what is asked of the others together is little beside them.
const MOST_NAMED: usize = 3;

/// A target of which every shard is to be drilled once in a time. A Neptune cluster counts as one shard.
pub(super) struct Round<'f> {
    entry: &'f FailoverEntry,
    drill: &'f DrillPolicy,
    /// Where `every_days` is written, and what it says.
    every: (&'f Range<usize>, u32),
    target: &'f str,
    shards: u32,
    /// What is to be said about the number of shards.
    known_by: &'static str,
}

impl<'f> Round<'f> {
    /// `None`: the entry has no drills.
    pub(super) fn of(
        entry: &'f FailoverEntry,
        target: &'f str,
        shards: u32,
        known_by: &'static str,
    ) -> Option<Self> {
        let (days, at) = entry.draft.drill.value()?.every.given()?;
        Some(Self {
            entry,
            drill: entry.policy.drill.as_ref()?,
            every: (at, *days),
            target,
            shards,
            known_by,
        })
    }

    fn a_day(&self) -> f64 {
        f64::from(self.shards) / f64::from(self.every.1)
    }

    /// Such as `12 shards every 1 day`.
    fn said(&self) -> String {
        let (shards, known_by, every) = (self.shards, self.known_by, self.every.1);
        let what = match (self.entry.kind, shards) {
            (Kind::DbCluster, _) => "a drill".to_owned(),
            (Kind::Shard | Kind::Promotion, 1) => format!("1 shard{known_by}"),
            (Kind::Shard | Kind::Promotion, _) => format!("{shards} shards{known_by}"),
        };
        let days = if every == 1 { "" } else { "s" };
        format!("{what} every {every} day{days}")
    }

    /// A target has one drill at a time, one in each cooldown, within the open hours of a week.
    pub(super) fn warn_of_window(&self, notes: &mut Notes) {
        let needed = self.a_day() * 7.0;
        let cooldown = self.entry.policy.cooldown;
        let room = starts_a_week(&self.drill.window, pace::minutes(cooldown));
        if needed > room + NOISE {
            let verb = if self.shards == 1 { "needs" } else { "need" };
            let (needed, room) = (short(needed), short(room));
            let cooldown = pace::minutes(cooldown);
            notes.warn(
                self.every.0,
                format!(
                    "{}: {} {verb} {needed} drills a week; the window and a cooldown of {cooldown} min leave {room}",
                    self.target,
                    self.said()
                ),
                "raise `every_days`, or open the window longer or on more days",
            );
        }
    }
}

/// Test failovers are counted over the whole account.
pub(super) fn warn_of_budget(rounds: &[Round<'_>], fleet: &Fleet, notes: &mut Notes) {
    let needed: f64 = rounds.iter().map(Round::a_day).sum();
    let (all, kept) = (fleet.test_failovers_per_day, fleet.test_failover_reserve);
    let left = all.saturating_sub(kept);
    let mut largest: Vec<&Round<'_>> = rounds.iter().collect();
    largest.sort_by(|one, other| other.a_day().total_cmp(&one.a_day()));
    let Some(first) = largest.first() else {
        return;
    };
    if needed <= f64::from(left) + NOISE {
        return;
    }
    let mut named: Vec<String> = largest
        .iter()
        .take(MOST_NAMED)
        .map(|round| format!("{}: {}", round.target, round.said()))
        .collect();
    let others = largest.len().saturating_sub(MOST_NAMED);
    if others > 0 {
        named.push(format!("{others} more"));
    }
    let verb = if largest.len() == 1 && first.shards == 1 {
        "needs"
    } else {
        "need"
    };
    notes.warn(
        first.every.0,
        format!(
            "{} {verb} {} a day; the budget leaves {left} ({all} test failovers a day, {kept} kept for people)",
            named.join("; "),
            short(needed)
        ),
        "drill more rarely, or lower `fleet.test_failover_reserve`",
    );
}

/// How many drills can start in a week: the next one starts in the first open minute after the cooldown.
///
/// On a clock without changes: the hour that daylight saving takes or gives is not what makes a rotation fail.
fn starts_a_week(window: &CalendarWindow, cooldown: u64) -> f64 {
    let window = CalendarWindow {
        time_zone: chrono_tz::UTC,
        ..window.clone()
    };
    let cooldown = i64::try_from(cooldown).unwrap_or(MINUTES_A_WEEK).max(1);
    let end = i64::from(WEEKS) * MINUTES_A_WEEK;
    let mut starts = 0_i32;
    let mut minute = 0;
    while minute < end {
        if window.contains(DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)) {
            starts = starts.saturating_add(1);
            minute += cooldown;
        } else {
            minute += 1;
        }
    }
    f64::from(starts) / f64::from(WEEKS)
}

/// A number with at most two digits after the point.
fn short(number: f64) -> String {
    let rounded = (number * 100.0).round() / 100.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, Weekday};

    use super::*;
    use crate::calendar::{EVERY_DAY, Freeze};

    fn window(days: &[Weekday], from: &str, to: &str) -> CalendarWindow {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        CalendarWindow {
            name: "drill".to_owned(),
            time_zone: chrono_tz::Europe::Berlin,
            days: days.to_vec(),
            from: time(from),
            to: time(to),
            dates: None,
            min_shards: None,
            freeze: Freeze::None,
        }
    }

    #[track_caller]
    fn starts(window: &CalendarWindow, cooldown: u64, expected: f64) {
        let found = starts_a_week(window, cooldown);
        assert!((found - expected).abs() < 0.01, "{found}");
    }

    #[test]
    fn one_drill_starts_in_each_cooldown_of_the_open_hours() {
        let two_days = window(&[Weekday::Tue, Weekday::Wed], "10:00", "12:00");
        starts(&two_days, 60, 4.0);
        // At 10:00 and at 11:59 or earlier.
        starts(&two_days, 119, 4.0);
        starts(&two_days, 120, 2.0);
        starts(&two_days, 10, 24.0);
    }

    #[test]
    fn a_cooldown_goes_on_while_the_window_is_closed() {
        let two_days = window(&[Weekday::Tue, Weekday::Wed], "10:00", "12:00");
        starts(&two_days, 3 * 24 * 60, 1.0);
        starts(&two_days, 7 * 24 * 60, 1.0);
        starts(&window(&EVERY_DAY, "22:00", "02:00"), 60, 28.0);
    }

    #[test]
    fn a_window_that_never_closes_has_room_by_the_cooldown_alone() {
        starts(&window(&EVERY_DAY, "00:00", "00:00"), 60, 168.0);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [short(12.0), short(8.0 / 30.0), short(2.5)],
            ["12", "0.27", "2.5"]
        );
    }
}
