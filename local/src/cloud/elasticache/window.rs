//! Windows: the daily time of snapshots and the weekly time of maintenance, in UTC.

use chrono::{DateTime, Datelike, Timelike, Utc};

use super::refusal::{Outcome, Refusal};

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
/// Days as the API spells them, in chrono's order from Sunday.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A recurring range of minutes: of the day or of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    start: u32,
    minutes: u32,
    cycle: u32,
}

impl Window {
    /// Reads `05:00-06:00`; at least an hour ([BC]).
    pub(crate) fn daily(text: &str) -> Outcome<Self> {
        let ends = text
            .split_once('-')
            .map(|(start, end)| (minute_of_day(start), minute_of_day(end)));
        match ends {
            Some((Some(start), Some(end))) => Self::checked(start, end, DAY, text),
            Some(_) | None => Err(Refusal::value(format!(
                "Invalid snapshot window: {text}. Use hh24:mi-hh24:mi."
            ))),
        }
    }

    /// Reads `sun:23:00-mon:01:30`; at least an hour ([BC]).
    pub(crate) fn weekly(text: &str) -> Outcome<Self> {
        let ends = text
            .split_once('-')
            .map(|(start, end)| (minute_of_week(start), minute_of_week(end)));
        match ends {
            Some((Some(start), Some(end))) => Self::checked(start, end, WEEK, text),
            Some(_) | None => Err(Refusal::value(format!(
                "Invalid maintenance window: {text}. Use ddd:hh24:mi-ddd:hh24:mi."
            ))),
        }
    }

    fn checked(start: u32, end: u32, cycle: u32, text: &str) -> Outcome<Self> {
        let minutes = (end + cycle - start) % cycle;
        if minutes < 60 {
            return Err(Refusal::value(format!(
                "The window {text} must be at least 60 minutes."
            )));
        }
        Ok(Self {
            start,
            minutes,
            cycle,
        })
    }

    /// Whether `now` lies in the window.
    pub(crate) fn contains(&self, now: DateTime<Utc>) -> bool {
        let of_day = now.hour() * 60 + now.minute();
        let minute = if self.cycle == DAY {
            of_day
        } else {
            now.weekday().num_days_from_sunday() * DAY + of_day
        };
        (minute + self.cycle - self.start) % self.cycle < self.minutes
    }
}

fn minute_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

fn minute_of_week(text: &str) -> Option<u32> {
    let (day, time) = text.split_once(':')?;
    let day = DAYS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(day))?;
    Some(u32::try_from(day).ok()? * DAY + minute_of_day(time)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_daily_window_may_pass_midnight() {
        let window = Window::daily("23:30-00:30").unwrap();
        assert!(
            window.contains(at("2026-11-23T23:30:00Z"))
                && window.contains(at("2026-11-24T00:29:59Z"))
        );
        assert!(!window.contains(at("2026-11-24T00:30:00Z")));
    }

    #[test]
    fn a_weekly_window_may_pass_the_end_of_the_week() {
        let window = Window::weekly("sat:23:00-sun:01:30").unwrap();
        assert!(
            window.contains(at("2026-11-28T23:10:00Z"))
                && window.contains(at("2026-11-29T01:00:00Z"))
        );
        assert!(!window.contains(at("2026-11-23T23:10:00Z")));
    }

    #[test]
    fn windows_shorter_than_an_hour_or_misspelled_are_refused() {
        for text in ["05:00-05:30", "5-6", "25:00-26:00", ""] {
            assert!(Window::daily(text).is_err(), "{text}");
        }
        for text in ["sun:05:00-sun:05:30", "05:00-06:00", "xyz:05:00-xyz:07:00"] {
            assert!(Window::weekly(text).is_err(), "{text}");
        }
    }
}
