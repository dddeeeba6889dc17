//! Load in words.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::load::Series;

use super::build::sampled_minutes;

/// Reads a series of the last forty minutes. `30` is flat; `30, 90 @-20, none @-5` is 30, then 90 from twenty minutes ago,
/// then no samples from five minutes ago; `incomplete` at the end: the service did not say that the answer is whole.
pub(super) fn read(text: &str, now: DateTime<Utc>) -> Series {
    let (text, complete) = match text.strip_suffix("incomplete") {
        Some(rest) => (rest, false),
        None => (text, true),
    };
    let steps: Vec<(DateTime<Utc>, Option<f64>)> = text
        .split(',')
        .map(|step| {
            let (value, from) = step.split_once("@-").unwrap_or((step, "1000"));
            let from: i64 = from.trim().parse().unwrap();
            let value = match value.trim() {
                "none" => None,
                value => Some(value.parse().unwrap()),
            };
            (now - TimeDelta::minutes(from), value)
        })
        .collect();
    let value = |minute| {
        let step = steps.iter().rev().find(|(from, _)| *from <= minute);
        step.and_then(|(_, value)| *value)
    };
    Series::new(
        sampled_minutes(now).filter_map(|minute| Some((minute, value(minute)?))),
        complete,
    )
}
