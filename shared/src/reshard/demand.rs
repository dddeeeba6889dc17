//! Demand: how many shards the load and the alarms ask for.

use std::{cmp::Ordering, collections::BTreeMap, fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Observation, ShardSeries, words::told_apart};
use crate::{
    cluster::{Group, ShardId},
    journal::AttemptOutcome,
    load::{Series, delta, sums_throughout},
    policy::ReshardPolicy,
};

/// A scale-in is considered only where the load would be at most this part of the target afterwards: with less of a gap
/// the next ripple asks for the shard back. AWS Application Auto Scaling uses the same number.
pub(super) const SCALE_IN_BELOW: f64 = 0.75;

/// No cluster has more shards than AWS's raised quota allows.
const MOST_SHARDS: u32 = 500;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Percent of the engine's thread.
    EngineCpu,
    /// Percent of `maxmemory` counted for eviction.
    Memory,
    /// Percent of the network baseline.
    Network,
    /// Keys evicted per minute. It says that memory is short, not by how much: it asks for one shard more, never for a
    /// number.
    Evictions,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EngineCpu => "engine_cpu",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Evictions => "evictions",
        })
    }
}

impl Measure {
    /// This measure's series of a shard, to be set.
    pub fn of_mut(self, load: &mut ShardSeries) -> &mut Series {
        match self {
            Self::EngineCpu => &mut load.engine_cpu,
            Self::Memory => &mut load.memory,
            Self::Network => &mut load.network,
            Self::Evictions => &mut load.evictions,
        }
    }

    /// This measure's series of a shard.
    pub fn of(self, load: &ShardSeries) -> &Series {
        match self {
            Self::EngineCpu => &load.engine_cpu,
            Self::Memory => &load.memory,
            Self::Network => &load.network,
            Self::Evictions => &load.evictions,
        }
    }
}

/// What one measure asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    /// Which measure.
    pub measure: Measure,
    /// Percent that one shard should carry at the most.
    pub target: f64,
    /// Sum over the shards whose load is known: a lower bound where some are missing.
    pub sum: f64,
    /// The hottest shard with its load.
    pub hottest: Option<(ShardId, f64)>,
    /// Shards needed: the sum divided by the target, rounded up. 0: no shard's load is known.
    pub shards: u32,
    /// Shards whose load is not known.
    pub missing: Vec<ShardId>,
    /// The load of each shard that is known.
    #[serde(skip)]
    pub loads: BTreeMap<ShardId, f64>,
    /// Whether every minute of the window is known of every shard, not only enough of them for a mean.
    #[serde(skip)]
    pub whole: bool,
}

/// What load and alarms ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Demand {
    /// Per measure with a target.
    pub needs: Vec<Need>,
    /// Breaching alarms that no growth has answered yet: each asks for one more step.
    pub alarms: Vec<String>,
    /// The open window of the calendar that asks for more shards than the policy's minimum, with its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<(String, u32)>,
    /// A shard that is hot by itself, which one shard more might cool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hot: Option<ShardId>,
}

impl Demand {
    /// Shards that are wanted: the largest need, and one more than there are if an alarm asks.
    pub fn wanted(&self, shards: u32) -> u32 {
        let measured = self.needs.iter().map(|need| need.shards).max().unwrap_or(0);
        let asks = !self.alarms.is_empty() || self.hot.is_some();
        let asked = if asks { shards.saturating_add(1) } else { 0 };
        let scheduled = self.calendar.as_ref().map_or(0, |(_, least)| *least);
        measured.max(asked).max(scheduled)
    }

    /// Whether at least one shard's load is known.
    pub fn knows_load(&self) -> bool {
        self.needs.iter().any(|need| need.hottest.is_some())
    }

    /// The need that asks for the most shards.
    pub fn largest(&self) -> Option<&Need> {
        self.needs.iter().max_by(|a, b| a.by_size(b))
    }
}

impl Need {
    /// By shards, then by the sum.
    pub(super) fn by_size(&self, other: &Self) -> Ordering {
        let shards = self.shards.cmp(&other.shards);
        shards.then(self.sum.total_cmp(&other.sum))
    }
}

/// The measures that add up over shards and have a say, with the percent that a shard should carry. Memory has none where the group evicts: a
/// cache that evicts is full by design.
pub(super) fn measures(policy: &ReshardPolicy) -> Vec<(Measure, f64)> {
    let cpu = policy
        .targets
        .engine_cpu
        .map(|percent| (Measure::EngineCpu, percent));
    let memory = policy
        .targets
        .memory
        .filter(|memory| !memory.evicts)
        .map(|memory| (Measure::Memory, memory.percent));
    let network = policy
        .targets
        .network
        .map(|percent| (Measure::Network, percent));
    cpu.into_iter().chain(memory).chain(network).collect()
}

/// What load and alarms ask for now. Only samples from after the last change count: earlier ones measured other shards.
pub(super) fn demand(policy: &ReshardPolicy, group: &Group, seen: &Observation) -> Demand {
    let evictions = policy
        .targets
        .evictions_per_minute
        .map(|limit| (Measure::Evictions, limit));
    let needs = measures(policy)
        .into_iter()
        .chain(evictions)
        .map(|(measure, target)| need(measure, target, policy, group, seen))
        .collect();
    let calendar = policy
        .windows_at(seen.at)
        .filter_map(|window| Some((window.name.clone(), window.min_shards?)))
        .filter(|(_, least)| *least > policy.min_shards)
        .max_by_key(|(_, least)| *least);
    let alarms = policy
        .alarms
        .scale_out
        .iter()
        .filter(|name| asks_for_growth(name, seen))
        .cloned()
        .collect();
    Demand {
        needs,
        alarms,
        calendar,
        hot: None,
    }
}

fn need(
    measure: Measure,
    target: f64,
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
) -> Need {
    let settled = seen.journal.last_change.map(|change| change.at);
    let (mut sum, mut hottest, mut missing) = (0.0, None::<(ShardId, f64)>, Vec::new());
    let (mut loads, mut whole) = (BTreeMap::new(), true);
    for shard in &group.shards {
        let series = seen
            .load
            .get(&shard.id)
            .map(|load| measure.of(load).since(settled));
        whole &= series
            .as_ref()
            .is_some_and(|series| series.covers(seen.at, policy.window, policy.stale_after));
        match series
            .and_then(|series| series.recent_mean(seen.at, policy.window, policy.stale_after))
        {
            Some(mean) => {
                sum += mean.value;
                loads.insert(shard.id.clone(), mean.value);
                if hottest.as_ref().is_none_or(|(_, most)| mean.value > *most) {
                    hottest = Some((shard.id.clone(), mean.value));
                }
            }
            None => missing.push(shard.id.clone()),
        }
    }
    let shards = match (&hottest, measure) {
        (None, _) => 0,
        (Some((_, most)), Measure::Evictions) => group.shard_count() + u32::from(*most > target),
        (Some(_), Measure::EngineCpu | Measure::Memory | Measure::Network) => {
            shards_needed(sum, target)
        }
    };
    Need {
        measure,
        target,
        sum,
        hottest,
        shards,
        missing,
        loads,
        whole,
    }
}

/// The least number of shards of which none would carry more than the target if the load spread evenly.
pub(super) fn shards_needed(sum: f64, target: f64) -> u32 {
    (1..=MOST_SHARDS)
        .find(|count| sum <= f64::from(*count) * target)
        .unwrap_or(MOST_SHARDS)
}

/// Whether every alarm that could ask for growth says plainly whether it does.
pub(super) fn alarms_are_known(policy: &ReshardPolicy, seen: &Observation) -> bool {
    policy.alarms.scale_out.iter().all(|name| {
        let alarm = seen.alarms.get(name);
        alarm.is_some_and(|alarm| !alarm.breaches() || alarm.since.is_some())
    })
}

/// An alarm asks once per transition into ALARM: a breach that shards cannot cure must not ratchet to the maximum. One
/// whose transition is not dated could not be told from one that was answered, so it does not ask.
fn asks_for_growth(name: &str, seen: &Observation) -> bool {
    let Some(alarm) = seen.alarms.get(name).filter(|alarm| alarm.breaches()) else {
        return false;
    };
    let Some(since) = alarm.since else {
        return false;
    };
    let grown = seen.journal.last_change.is_some_and(|change| {
        change.at >= since && change.from.is_some_and(|from| change.to > from)
    });
    let answered = seen.journal.attempts.iter().any(|attempt| {
        // A refused or ineffective attempt was no answer; the hold after failures paces the next one.
        let refused = matches!(
            attempt.outcome,
            AttemptOutcome::Refused { .. } | AttemptOutcome::Unchanged { .. }
        );
        attempt.at >= since && attempt.to > attempt.from && !refused
    });
    !grown && !answered
}

/// How long a low load must have lasted: the stabilization window, or the window that the load is averaged over where that is
/// longer, because a load that the average still calls high is not low.
pub fn low_window(policy: &ReshardPolicy) -> Duration {
    policy.stabilization.max(policy.window)
}

/// Whether a lower count would carry the load, throughout the stabilization window.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Low {
    /// Yes: the highest predicted load in the window, per measure.
    Throughout(Vec<(Measure, f64)>),
    /// In the newest minute, but not throughout: why not.
    NotYet(String),
    /// Not even in the newest minute.
    No,
    /// What would have to be known is not: which measure.
    Unknown(Measure),
}

/// Whether `count` shards would carry the load with a gap, in every minute of the stabilization window. One measure that
/// says no is enough, whatever the others say; then one that is not known; then one that says not yet.
pub(super) fn low_enough(
    count: u32,
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
) -> Low {
    let (mut peaks, mut unknown, mut not_yet) = (Vec::new(), None, None);
    for (measure, target) in measures(policy) {
        match low_enough_by(measure, target, count, policy, group, seen) {
            Low::Throughout(peak) => peaks.extend(peak),
            Low::No => return Low::No,
            Low::Unknown(measure) => {
                unknown.get_or_insert(measure);
            }
            Low::NotYet(because) => {
                not_yet.get_or_insert(because);
            }
        }
    }
    match (unknown, not_yet) {
        (Some(measure), _) => Low::Unknown(measure),
        (None, Some(because)) => Low::NotYet(because),
        (None, None) if peaks.is_empty() => Low::No,
        (None, None) => Low::Throughout(peaks),
    }
}

fn low_enough_by(
    measure: Measure,
    target: f64,
    count: u32,
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
) -> Low {
    let settled = seen.journal.last_change.map(|change| change.at);
    let nothing = ShardSeries::default();
    let limit = target * SCALE_IN_BELOW * f64::from(count);
    let series: Vec<Series> = group
        .shards
        .iter()
        .map(|shard| {
            measure
                .of(seen.load.get(&shard.id).unwrap_or(&nothing))
                .since(settled)
        })
        .collect();
    let series: Vec<&Series> = series.iter().collect();
    let window = low_window(policy);
    let Some(sums) = sums_throughout(&series, seen.at, window, policy.stale_after) else {
        return match newest_sum(&series, seen.at, policy) {
            Some(newest) if newest > limit => Low::No,
            Some(_) if too_young(settled, seen.at, policy) => Low::NotYet(
                "the shards have not been as they are for a whole stabilization window".to_owned(),
            ),
            Some(_) | None => Low::Unknown(measure),
        };
    };
    let (newest, peak) = newest_and_peak(&sums);
    let per_shard = peak / f64::from(count);
    if peak <= limit {
        Low::Throughout(vec![(measure, per_shard)])
    } else if newest > limit {
        Low::No
    } else {
        let allowed = target * SCALE_IN_BELOW;
        let minutes = window.as_secs() / 60;
        let (peak, allowed) = told_apart(per_shard, allowed);
        Low::NotYet(format!(
            "{measure} would have peaked at {peak} % a shard in the last {minutes} min, more than {allowed} %"
        ))
    }
}

fn newest_and_peak(sums: &[(DateTime<Utc>, f64)]) -> (f64, f64) {
    let newest = sums.last().map_or(f64::INFINITY, |(_, sum)| *sum);
    let peak = sums
        .iter()
        .map(|(_, sum)| *sum)
        .fold(f64::NEG_INFINITY, f64::max);
    (newest, peak)
}

fn newest_sum(series: &[&Series], now: DateTime<Utc>, policy: &ReshardPolicy) -> Option<f64> {
    let mean = |one: &&Series| {
        one.recent_mean(now, policy.window, policy.stale_after)
            .map(|mean| mean.value)
    };
    series.iter().map(mean).sum()
}

fn too_young(settled: Option<DateTime<Utc>>, now: DateTime<Utc>, policy: &ReshardPolicy) -> bool {
    let wanted = delta(low_window(policy)) + TimeDelta::minutes(1);
    settled.is_some_and(|at| now - at < wanted + delta(policy.stale_after))
}
