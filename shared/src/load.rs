//! Load over time: samples by the minute, and what may be concluded from those that are there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use samples::Samples;

mod samples;

/// Samples of one metric, one per minute, stamped with the minute's start. A minute without a sample is absent, which
/// says nothing: it is never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Samples", into = "Samples")]
pub struct Series {
    samples: BTreeMap<DateTime<Utc>, f64>,
    /// Minutes of which a part is missing, so that their sample is a lower bound: a node of a shard was silent. They may ask
    /// for growth, and count as absent where nothing may be missing.
    lower_bounds: BTreeSet<DateTime<Utc>>,
    /// Whether the service said that the answer is complete (`StatusCode` `Complete`).
    pub complete: bool,
}

impl Default for Series {
    /// Nothing known.
    fn default() -> Self {
        Self {
            samples: BTreeMap::new(),
            lower_bounds: BTreeSet::new(),
            complete: false,
        }
    }
}

impl Series {
    /// Builds a series; samples that are not finite numbers are left out, as if never sent.
    pub fn new(samples: impl IntoIterator<Item = (DateTime<Utc>, f64)>, complete: bool) -> Self {
        let samples = samples
            .into_iter()
            .filter(|(_, value)| value.is_finite())
            .collect();
        Self {
            samples,
            lower_bounds: BTreeSet::new(),
            complete,
        }
    }

    /// Adds what another page of the same answer holds.
    pub fn extend(&mut self, more: &Series) {
        self.samples
            .extend(more.samples.iter().map(|(at, value)| (*at, *value)));
        self.lower_bounds.extend(&more.lower_bounds);
        self.complete = more.complete;
    }

    /// The newest sample.
    pub fn newest(&self) -> Option<(DateTime<Utc>, f64)> {
        self.samples
            .last_key_value()
            .map(|(at, value)| (*at, *value))
    }

    /// The samples of `(end − window, end]`.
    pub fn window(
        &self,
        end: DateTime<Utc>,
        window: Duration,
    ) -> impl Iterator<Item = (DateTime<Utc>, f64)> {
        let start = end - delta(window);
        self.samples
            .range(start..=end)
            .filter(move |(at, _)| **at > start)
            .map(|(at, value)| (*at, *value))
    }

    /// The same series without samples from before `at`. A minute that `at` falls into is dropped with them, because its
    /// sample mixes before and after.
    #[must_use]
    pub fn since(&self, at: Option<DateTime<Utc>>) -> Series {
        let samples = match at {
            Some(at) => self
                .samples
                .range(at..)
                .map(|(at, value)| (*at, *value))
                .collect(),
            None => self.samples.clone(),
        };
        Self {
            samples,
            lower_bounds: self.lower_bounds.clone(),
            complete: self.complete,
        }
    }

    /// The mean over the newest `window`, if the newest sample is fresh and at least half of the window's minutes have
    /// one; fewer would let one odd minute speak for the window. `None`: not known.
    pub fn recent_mean(
        &self,
        now: DateTime<Utc>,
        window: Duration,
        stale_after: Duration,
    ) -> Option<Mean> {
        let (newest, _) = self.newest()?;
        let age = now - newest;
        if age > delta(stale_after) {
            return None;
        }
        let (mut sum, mut count) = (0.0, 0_u32);
        for (_, value) in self.window(newest, window) {
            sum += value;
            count += 1;
        }
        let needed = u64::from(count) * 2 * 60;
        (count > 0 && needed >= window.as_secs()).then(|| Mean {
            value: sum / f64::from(count),
            age,
        })
    }

    /// Whether every minute of the window that ends with the newest sample has one, the newest is fresh, and the service said
    /// that the answer is complete: whether a peak or a sum over the window means what it says.
    pub fn covers(&self, now: DateTime<Utc>, window: Duration, stale_after: Duration) -> bool {
        let Some((newest, _)) = self.newest() else {
            return false;
        };
        let count = self
            .window(newest, window)
            .filter(|(minute, _)| !self.lower_bounds.contains(minute))
            .fold(0_u64, |count, _| count + 1);
        self.complete && now - newest <= delta(stale_after) && count * 60 >= window.as_secs()
    }

    /// The largest sample. `None`: there is none.
    pub fn peak(&self) -> Option<f64> {
        self.samples.values().copied().reduce(f64::max)
    }

    /// The sum of all samples. `None`: there is none.
    pub fn sum(&self) -> Option<f64> {
        (!self.samples.is_empty()).then(|| self.samples.values().sum())
    }

    /// Each sample multiplied.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Series {
        Self {
            samples: self
                .samples
                .iter()
                .map(|(at, value)| (*at, value * factor))
                .collect(),
            lower_bounds: self.lower_bounds.clone(),
            complete: self.complete,
        }
    }

    /// Two series joined minute by minute, the larger sample winning: several nodes' series become their shard's. A minute that
    /// only one of them has is a lower bound, as the silent one may have been the hot one.
    #[must_use]
    pub fn hottest(&self, other: &Series) -> Series {
        let mut samples = self.samples.clone();
        for (at, value) in &other.samples {
            samples
                .entry(*at)
                .and_modify(|mine| *mine = mine.max(*value))
                .or_insert(*value);
        }
        let of_one =
            |at: &&DateTime<Utc>| self.samples.contains_key(*at) != other.samples.contains_key(*at);
        let mut lower_bounds: BTreeSet<_> = samples.keys().filter(of_one).copied().collect();
        lower_bounds.extend(self.lower_bounds.union(&other.lower_bounds));
        Self {
            samples,
            lower_bounds,
            complete: self.complete && other.complete,
        }
    }

    /// The value at exactly this minute.
    pub fn at(&self, minute: DateTime<Utc>) -> Option<f64> {
        self.samples.get(&minute).copied()
    }

    /// The value at exactly this minute, if nothing of it is missing.
    fn whole_at(&self, minute: DateTime<Utc>) -> Option<f64> {
        self.at(minute)
            .filter(|_| !self.lower_bounds.contains(&minute))
    }
}

/// A mean with the age of its newest sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// In the metric's unit.
    pub value: f64,
    /// How old the newest sample is.
    pub age: TimeDelta,
}

/// The sum over several shards, minute by minute, for the minutes that every shard has a sample for.
///
/// `None` unless the window ends fresh, the services said that the answers are complete, and every minute of the window is
/// whole: a scale-in must not rest on minutes that nobody saw, and the one that is missing may be the one that was hot.
/// CloudWatch's late arrivals cost nothing: the window ends with the newest minute that is whole.
pub fn sums_throughout(
    series: &[&Series],
    now: DateTime<Utc>,
    window: Duration,
    stale_after: Duration,
) -> Option<Vec<(DateTime<Utc>, f64)>> {
    let first = series.first()?;
    let end = newest_whole_minute(series)?;
    if series.iter().any(|one| !one.complete) || now - end > delta(stale_after) {
        return None;
    }
    let sums: Vec<_> = first
        .window(end, window)
        .filter_map(|(minute, _)| Some((minute, sum_at(series, minute)?)))
        .collect();
    let covered = u64::try_from(sums.len()).ok()? * 60;
    (covered >= window.as_secs()).then_some(sums)
}

/// The newest minute that every shard has a sample for: what comes after it is not known yet. `None`: there is none.
pub fn newest_whole_minute(series: &[&Series]) -> Option<DateTime<Utc>> {
    let minutes = series.first()?.samples.keys().rev();
    minutes
        .copied()
        .find(|minute| sum_at(series, *minute).is_some())
}

fn sum_at(series: &[&Series], minute: DateTime<Utc>) -> Option<f64> {
    series.iter().map(|one| one.whole_at(minute)).sum()
}

/// A standard duration as a signed one; policy durations are minutes, far below the limit.
pub fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
    }

    fn flat(minutes: impl IntoIterator<Item = i64>, value: f64) -> Series {
        Series::new(minutes.into_iter().map(|n| (minute(n), value)), true)
    }

    #[test]
    fn an_absent_minute_is_not_zero() {
        let mean = flat([1, 2, 4, 5], 60.0)
            .recent_mean(minute(6), 5 * MINUTE, 10 * MINUTE)
            .unwrap();
        assert_eq!((mean.value, mean.age), (60.0, TimeDelta::minutes(1)));
    }

    #[test]
    fn a_stale_or_thin_window_is_not_known() {
        assert!(
            flat(0..5, 60.0)
                .recent_mean(minute(15), 5 * MINUTE, 10 * MINUTE)
                .is_none()
        );
        assert!(
            flat([5], 60.0)
                .recent_mean(minute(6), 5 * MINUTE, 10 * MINUTE)
                .is_none()
        );
        assert!(
            Series::default()
                .recent_mean(minute(6), 5 * MINUTE, 10 * MINUTE)
                .is_none()
        );
    }

    #[test]
    fn sums_need_every_shard_in_every_minute() {
        let (whole, holes) = (flat(0..30, 10.0), flat((0..30).filter(|n| *n != 13), 10.0));
        let sums =
            sums_throughout(&[&whole, &whole], minute(30), 30 * MINUTE, 10 * MINUTE).unwrap();
        assert!(sums.len() == 30 && sums.iter().all(|(_, sum)| *sum == 20.0));
        assert!(sums_throughout(&[&whole, &holes], minute(30), 30 * MINUTE, 10 * MINUTE).is_none());
        let late = flat(0..28, 10.0);
        let sums = sums_throughout(&[&whole, &late], minute(30), 28 * MINUTE, 10 * MINUTE).unwrap();
        assert_eq!(sums.last(), Some(&(minute(27), 20.0)));
        let partial = Series::new((0..30).map(|n| (minute(n), 10.0)), false);
        assert!(
            sums_throughout(&[&whole, &partial], minute(30), 30 * MINUTE, 10 * MINUTE).is_none()
        );
    }

    #[test]
    fn a_missing_minute_leaves_a_peak_in_doubt() {
        let covers = |series: &Series| series.covers(minute(30), 30 * MINUTE, 10 * MINUTE);
        assert!(covers(&flat(0..30, 10.0)) && !covers(&flat((0..30).filter(|n| *n != 13), 10.0)));
    }

    #[test]
    fn a_minute_that_a_node_did_not_tell_may_ask_for_growth_and_proves_no_low_load() {
        let (replica, primary) = (flat(0..30, 5.0), flat((0..30).filter(|n| *n != 13), 60.0));
        let shard = primary.hottest(&replica).scaled(2.0).since(None);
        assert_eq!(shard.at(minute(13)), Some(10.0));
        let mean = shard.recent_mean(minute(30), 30 * MINUTE, 10 * MINUTE);
        assert!(mean.is_some_and(|mean| mean.value > 100.0));
        let throughout =
            |one: &Series| sums_throughout(&[one], minute(30), 30 * MINUTE, 10 * MINUTE);
        assert_eq!(throughout(&shard), None);
        assert!(!shard.covers(minute(30), 30 * MINUTE, 10 * MINUTE));
        assert!(throughout(&replica.hottest(&replica)).is_some());
    }

    #[test]
    fn numbers_that_are_none_are_left_out() {
        assert_eq!(Series::new([(minute(1), f64::NAN)], true).newest(), None);
    }

    #[test]
    fn the_minute_of_a_change_belongs_to_before_it() {
        let series = flat(0..10, 5.0).since(Some(minute(4) + TimeDelta::seconds(1)));
        assert_eq!(
            (series.at(minute(4)), series.at(minute(5))),
            (None, Some(5.0))
        );
    }
}
