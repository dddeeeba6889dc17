//! The windows in which AWS takes backups and does maintenance, in UTC.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use serde::{Deserialize, Serialize};

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

/// How a window that could not be read is spelled; none that can be read is as long.
const NOT_READABLE: &str = "that could not be read";

/// A window that opens every day, such as `05:00-06:00`; one that ends before it starts passes midnight.
///
/// In a log line: minutes of the day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyWindow {
    start: i64,
    length: i64,
}

/// A window that opens once a week, such as `sun:05:00-sun:06:00`.
///
/// In a log line: minutes of the week, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyWindow {
    start: i64,
    length: i64,
}

impl DailyWindow {
    /// Reads the service's spelling. `None`: not a daily window.
    pub fn read(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('-')?;
        let (start, end) = (minute_of_day(start)?, minute_of_day(end)?);
        Some(Self {
            start,
            length: (end - start).rem_euclid(DAY),
        })
    }

    /// Reads the service's spelling; one that cannot be read may mean any time, so it is a window that never closes.
    pub fn read_or_any_time(text: &str) -> Self {
        Self::read(text).unwrap_or(Self {
            start: 0,
            length: DAY,
        })
    }

    /// Whether `at` lies in the window, widened by `before` ahead of its start.
    pub fn contains(&self, at: DateTime<Utc>, before: TimeDelta) -> bool {
        let minute = i64::from(at.hour() * 60 + at.minute());
        let before = before.num_minutes();
        (minute - self.start + before).rem_euclid(DAY) < self.length + before
    }

    /// Whether the window's start is at most `around` away from `at`, on either side. A window that never closes has none.
    pub fn starts_near(&self, at: DateTime<Utc>, around: TimeDelta) -> bool {
        if self.length == DAY {
            return false;
        }
        let minute = i64::from(at.hour() * 60 + at.minute());
        let around = around.num_minutes();
        (minute - self.start + around).rem_euclid(DAY) <= 2 * around
    }
}

impl WeeklyWindow {
    /// Reads the service's spelling. `None`: not a weekly window.
    pub fn read(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('-')?;
        let (start, end) = (minute_of_week(start)?, minute_of_week(end)?);
        Some(Self {
            start,
            length: (end - start).rem_euclid(WEEK),
        })
    }

    /// Reads the service's spelling; one that cannot be read may mean any time, so it is a window that never closes.
    pub fn read_or_any_time(text: &str) -> Self {
        Self::read(text).unwrap_or(Self {
            start: 0,
            length: WEEK,
        })
    }

    /// Whether `at` lies in the window.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        let day = i64::from(at.weekday().num_days_from_monday());
        let minute = day * DAY + i64::from(at.hour() * 60 + at.minute());
        (minute - self.start).rem_euclid(WEEK) < self.length
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == DAY {
            return f.write_str(NOT_READABLE);
        }
        let end = (self.start + self.length) % DAY;
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02} UTC",
            self.start / 60,
            self.start % 60,
            end / 60,
            end % 60
        )
    }
}

impl fmt::Display for WeeklyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == WEEK {
            return f.write_str(NOT_READABLE);
        }
        let spell = |minute: i64| {
            let day = match (minute / DAY) % 7 {
                0 => Weekday::Mon,
                1 => Weekday::Tue,
                2 => Weekday::Wed,
                3 => Weekday::Thu,
                4 => Weekday::Fri,
                5 => Weekday::Sat,
                _ => Weekday::Sun,
            };
            format!("{day} {:02}:{:02}", minute % DAY / 60, minute % 60)
        };
        write!(
            f,
            "{} to {} UTC",
            spell(self.start),
            spell((self.start + self.length) % WEEK)
        )
    }
}

fn minute_of_day(text: &str) -> Option<i64> {
    let time = NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()?;
    Some(i64::from(time.hour() * 60 + time.minute()))
}

fn minute_of_week(text: &str) -> Option<i64> {
    let (day, time) = text.trim().split_once(':')?;
    let day: Weekday = day.parse().ok()?;
    Some(i64::from(day.num_days_from_monday()) * DAY + minute_of_day(time)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_daily_window_may_pass_midnight() {
        let window = DailyWindow::read("23:30-00:30").unwrap();
        let margin = TimeDelta::minutes(10);
        assert!(window.contains(at("2026-11-23T23:20:00Z"), margin));
        assert!(window.contains(at("2026-11-24T00:29:00Z"), margin));
        assert!(!window.contains(at("2026-11-24T00:30:00Z"), margin));
        assert!(!window.contains(at("2026-11-23T23:19:00Z"), margin));
        assert!(window.starts_near(at("2026-11-23T23:40:00Z"), margin));
        assert!(!window.starts_near(at("2026-11-23T23:41:00Z"), margin));
        assert_eq!(window.to_string(), "23:30-00:30 UTC");
    }

    #[test]
    fn a_weekly_window_may_pass_the_weeks_end() {
        let window = WeeklyWindow::read("sun:23:00-mon:01:00").unwrap();
        assert!(window.contains(at("2026-11-22T23:30:00Z")));
        assert!(window.contains(at("2026-11-23T00:59:00Z")));
        assert!(!window.contains(at("2026-11-23T01:00:00Z")));
        assert_eq!(window.to_string(), "Sun 23:00 to Mon 01:00 UTC");
    }

    #[test]
    fn a_window_that_cannot_be_read_never_closes_and_never_starts() {
        let any = at("2026-11-24T00:00:00Z");
        let weekly = WeeklyWindow::read_or_any_time("someday");
        let daily = DailyWindow::read_or_any_time("sometime");
        let margin = TimeDelta::minutes(10);
        for minute in 0..WEEK {
            let at = any + TimeDelta::minutes(minute);
            assert!(weekly.contains(at) && daily.contains(at, margin));
            assert!(!daily.starts_near(at, margin));
        }
        assert_eq!(weekly.to_string(), daily.to_string());
        let readable = WeeklyWindow::read("sun:05:00-sun:06:00");
        assert_eq!(
            readable,
            Some(WeeklyWindow::read_or_any_time("sun:05:00-sun:06:00"))
        );
    }

    #[test]
    fn other_texts_are_no_windows() {
        assert!(DailyWindow::read("later").is_none() && DailyWindow::read("25:00-26:00").is_none());
        assert!(WeeklyWindow::read("05:00-06:00").is_none());
    }
}
