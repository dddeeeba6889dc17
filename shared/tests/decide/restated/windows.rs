//! Windows restated: read back from their text and walked minute by minute.

use chrono::{DateTime, Datelike, Timelike, Utc};
use clusterwarden::cluster::Group;

pub(super) fn backup(group: &Group) -> Option<(i64, i64)> {
    let text = group.snapshot_window?.to_string();
    let (start, end) = text.trim_end_matches(" UTC").split_once('-').unwrap();
    Some((minute_of_day(start), minute_of_day(end)))
}

/// Within ten minutes of the backup's start.
pub(super) fn near_backup(group: &Group, now: DateTime<Utc>) -> bool {
    backup(group).is_some_and(|(start, _)| passes(start - 10, start + 11, 24 * 60, now_in_day(now)))
}

/// Walks from start to end and looks whether it passes `now`.
pub(super) fn passes(start: i64, end: i64, round: i64, now: i64) -> bool {
    let (mut minute, end) = (start.rem_euclid(round), end.rem_euclid(round));
    while minute != end {
        if minute == now {
            return true;
        }
        minute = (minute + 1) % round;
    }
    false
}

pub(super) fn minute_of_day(text: &str) -> i64 {
    let (hour, minute) = text.split_once(':').unwrap();
    hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()
}

pub(super) fn minute_of_week(text: &str) -> i64 {
    let (day, time) = text.split_once(' ').unwrap();
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = days.iter().position(|name| *name == day).unwrap();
    i64::try_from(day).unwrap() * 24 * 60 + minute_of_day(time)
}

pub(super) fn now_in_day(now: DateTime<Utc>) -> i64 {
    i64::from(now.hour()) * 60 + i64::from(now.minute())
}

pub(super) fn now_in_week(now: DateTime<Utc>) -> i64 {
    i64::from(now.weekday().num_days_from_monday()) * 24 * 60 + now_in_day(now)
}
