//! A series as a log line holds it: short, for an hour of one shard is sixty samples, and a group has many shards.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Series;

/// Each sample as milliseconds after the one before it (the first: after `from`), and its value.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Samples {
    /// When the first sample was taken; absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    samples: Vec<(i64, f64)>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    lower_bounds: BTreeSet<DateTime<Utc>>,
    complete: bool,
}

impl From<Series> for Samples {
    fn from(series: Series) -> Self {
        let from = series.samples.keys().next().copied();
        let mut before = from;
        let samples = series.samples.iter().map(|(at, value)| {
            let after = before
                .replace(*at)
                .map_or(0, |before| (*at - before).num_milliseconds());
            (after, *value)
        });
        Self {
            from,
            samples: samples.collect(),
            lower_bounds: series.lower_bounds,
            complete: series.complete,
        }
    }
}

impl From<Samples> for Series {
    /// A sample whose time no calendar holds is left out, as if never sent.
    fn from(line: Samples) -> Self {
        let mut at = line.from;
        let samples = line.samples.into_iter().filter_map(|(after, value)| {
            at = at?.checked_add_signed(TimeDelta::try_milliseconds(after)?);
            Some((at?, value))
        });
        let mut series = Self::new(samples, line.complete);
        series.lower_bounds = line.lower_bounds;
        series
    }
}
