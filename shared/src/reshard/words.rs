//! Times, bytes and percents as sentences spell them.

use chrono::{DateTime, TimeDelta, Utc};

/// A time that a cooldown of days may put far from `since`: then with its date, as another day's hour would mislead.
pub(super) fn clock_after(at: DateTime<Utc>, since: DateTime<Utc>) -> String {
    if at - since < TimeDelta::hours(12) {
        clock(at)
    } else {
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    }
}

/// Two different percents with as few decimals as tell them apart: "45 %, more than 45 %" explains nothing.
pub(super) fn told_apart(value: f64, limit: f64) -> (String, String) {
    let spelled = |decimals: usize| (format!("{value:.decimals$}"), format!("{limit:.decimals$}"));
    (0..3)
        .map(spelled)
        .find(|(value, limit)| value != limit)
        .unwrap_or_else(|| spelled(3))
}

/// A time as sentences spell it; the record has the date.
pub(crate) fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M UTC").to_string()
}

/// Bytes as sentences spell them.
pub(super) fn bytes(count: f64) -> String {
    const UNITS: [(&str, f64); 3] = [
        ("GiB", 1_073_741_824.0),
        ("MiB", 1_048_576.0),
        ("KiB", 1024.0),
    ];
    match UNITS.iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", count / size),
        None => format!("{count:.0} bytes"),
    }
}
