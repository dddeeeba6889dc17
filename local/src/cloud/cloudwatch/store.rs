//! All samples of the account: per metric the minutes that had any, and what a reader may see of them.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::metric::{Metric, Samples, Unit};

/// (CW-DG) CloudWatch keeps minutes for 15 days. It keeps coarser points for longer; this service does not, because no
/// alarm and no decision looks back further.
const RETENTION: TimeDelta = TimeDelta::days(15);

/// Seconds per minute, the finest resolution of a standard metric.
pub const MINUTE: i64 = 60;

/// A span of time in epoch seconds, cut into periods from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first period's start.
    pub from: i64,
    /// The end, not included.
    pub to: i64,
    /// The newest moment whose samples have become visible.
    pub visible_until: i64,
}

impl Window {
    /// What a reader at `now` may see between two moments. ASSUMED that a minute becomes visible as a whole, `delay`
    /// after it ended (UNKNOWN, a parameter).
    pub fn at(now: DateTime<Utc>, delay: TimeDelta, from: i64, to: i64) -> Self {
        Self {
            from,
            to,
            visible_until: (now - delay).timestamp(),
        }
    }
}

#[derive(Debug, Clone)]
struct Point {
    /// Epoch seconds of its start: a whole minute, or a whole second for a high-resolution metric.
    at: i64,
    /// Seconds it covers: 60, or 1 for a high-resolution metric.
    seconds: i64,
    unit: Unit,
    samples: Samples,
}

/// All metrics with their samples.
#[derive(Debug, Default)]
pub struct Store {
    series: BTreeMap<Metric, VecDeque<Point>>,
}

impl Store {
    /// Adds samples to the minute (or second, if `high_resolution`) that contains `at`.
    pub fn add(
        &mut self,
        metric: Metric,
        at: DateTime<Utc>,
        high_resolution: bool,
        unit: Unit,
        samples: Samples,
    ) {
        let seconds = if high_resolution { 1 } else { MINUTE };
        let start = at.timestamp().div_euclid(seconds) * seconds;
        let points = self.series.entry(metric).or_default();
        let key = (start, seconds, unit);
        let place = points.partition_point(|point| (point.at, point.seconds, point.unit) < key);
        match points.get_mut(place) {
            Some(point) if (point.at, point.seconds, point.unit) == key => {
                point.samples.absorb(&samples);
            }
            Some(_) | None => points.insert(
                place,
                Point {
                    at: start,
                    seconds,
                    unit,
                    samples,
                },
            ),
        }
        if let Some(newest) = points.back().map(|point| point.at) {
            let oldest = newest - RETENTION.num_seconds();
            while points.front().is_some_and(|point| point.at < oldest) {
                points.pop_front();
            }
        }
    }

    /// The samples of each period that has any, by the period's start. `unit` absent takes all units.
    pub fn read(
        &self,
        metric: &Metric,
        unit: Option<Unit>,
        window: Window,
        period: i64,
    ) -> BTreeMap<i64, Samples> {
        let mut periods: BTreeMap<i64, Samples> = BTreeMap::new();
        let Some(points) = self.series.get(metric) else {
            return periods;
        };
        let first = points.partition_point(|point| point.at < window.from);
        for point in points.range(first..) {
            if point.at >= window.to {
                break;
            }
            if point.at + point.seconds > window.visible_until
                || unit.is_some_and(|unit| unit != point.unit)
            {
                continue;
            }
            let start = window.from + (point.at - window.from).div_euclid(period) * period;
            periods
                .entry(start)
                .and_modify(|samples| samples.absorb(&point.samples))
                .or_insert_with(|| point.samples.clone());
        }
        periods
    }

    /// The unit of the newest sample in a period, for `GetMetricStatistics`.
    pub fn unit(&self, metric: &Metric, from: i64, to: i64) -> Option<Unit> {
        let points = self.series.get(metric)?;
        points
            .iter()
            .rev()
            .find(|point| point.at >= from && point.at < to)
            .map(|point| point.unit)
    }

    /// Every metric with the time of its newest sample, sorted.
    pub fn metrics(&self) -> impl Iterator<Item = (&Metric, DateTime<Utc>)> {
        self.series.iter().filter_map(|(metric, points)| {
            let newest = points.back()?.at;
            Some((metric, DateTime::from_timestamp(newest, 0)?))
        })
    }
}
