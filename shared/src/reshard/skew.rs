//! Skew: one shard hotter than the others, and what can be done about it.
//!
//! Three answers. Where slots are uneven, move slots. Where they are even, one shard more may split what is hot. Where a
//! growth did not cool the shard, it is a key that is hot, and no number of shards cures that: hold and name the shard.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Demand, Measure, Need, demand::shards_needed};
use crate::{
    cluster::{Group, SLOTS, ShardId},
    journal::{AttemptOutcome, HotShard, Journal},
    policy::Skew,
};

/// What a change did to a shard is remembered this long; keys that were hot yesterday say nothing of today's.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// A shard that carries at least this part of what it carried before a growth has not been cooled by it.
const NOT_COOLED: f64 = 0.9;

/// One shard over its target and hotter than the others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Skewed<'a> {
    /// By which measure.
    pub(super) need: &'a Need,
    /// Which shard.
    pub(super) shard: ShardId,
    /// Its load in percent.
    pub(super) load: f64,
    /// The mean over all shards.
    pub(super) mean: f64,
}

/// The most skewed measure, if any. Memory is left out: its skew is one of data, which the slots' bytes decide.
pub(super) fn skewed<'a>(policy: &Skew, demand: &'a Demand) -> Option<Skewed<'a>> {
    let candidates = demand.needs.iter().filter(|need| match need.measure {
        Measure::EngineCpu | Measure::Network => need.missing.is_empty() && need.loads.len() > 1,
        Measure::Memory | Measure::Evictions => false,
    });
    candidates
        .filter_map(|need| {
            let (shard, load) = need.hottest.clone()?;
            let mean = need.sum / f64::from(u32::try_from(need.loads.len()).ok()?);
            let skewed = load > need.target && load >= policy.ratio * mean;
            skewed.then_some(Skewed {
                need,
                shard,
                load,
                mean,
            })
        })
        .max_by(|a, b| (a.load / a.mean).total_cmp(&(b.load / b.mean)))
}

/// Shards that the measure needs if the hot shard carried what the others carry: what growth is worth to the rest.
pub(super) fn needed_by_the_rest(skewed: &Skewed<'_>) -> u32 {
    let others: Vec<f64> = skewed
        .need
        .loads
        .iter()
        .filter(|(id, _)| **id != skewed.shard)
        .map(|(_, load)| *load)
        .collect();
    let mean =
        others.iter().sum::<f64>() / f64::from(u32::try_from(others.len()).unwrap_or(1).max(1));
    shards_needed(skewed.need.sum - skewed.load + mean, skewed.need.target)
}

/// What the shard carried before the last growth, if that growth did not cool it.
pub(super) fn not_cooled(
    journal: &Journal,
    skewed: &Skewed<'_>,
    now: DateTime<Utc>,
) -> Option<f64> {
    let grown = journal.attempts.iter().rev().filter(|attempt| {
        let done = matches!(
            attempt.outcome,
            AttemptOutcome::Completed { .. } | AttemptOutcome::Partial { .. }
        );
        done && attempt.to > attempt.from && now - attempt.ended_at() < REMEMBERED
    });
    let HotShard { shard, load } = grown.filter_map(|attempt| attempt.hot.as_ref()).next()?;
    (*shard == skewed.shard && skewed.load >= NOT_COOLED * load).then_some(*load)
}

/// Whether slots differ by more than the policy's spread, and no rebalance of ours has just tried to even them: slots with
/// items that AWS does not move stay where they are.
pub(super) fn slots_are_uneven(
    policy: &Skew,
    group: &Group,
    journal: &Journal,
    now: DateTime<Utc>,
) -> bool {
    let tried = journal
        .attempts
        .iter()
        .any(|attempt| attempt.to == attempt.from && now - attempt.at < REMEMBERED);
    let even = f64::from(SLOTS) / f64::from(group.shard_count().max(1));
    let off = |slots: u32| (f64::from(slots) - even).abs() / even * 100.0;
    !tried
        && group
            .shards
            .iter()
            .filter_map(|shard| shard.slots)
            .any(|slots| off(slots) > policy.slot_spread_percent)
}

/// The hot shard's load if slots were even, provided that it falls and that no other shard passes the target. `None`: a
/// rebalance is no cure, or slots are not known.
pub(super) fn rebalanced(group: &Group, skewed: &Skewed<'_>) -> Option<f64> {
    let slots: Vec<(&ShardId, f64, f64)> = group
        .shards
        .iter()
        .map(|shard| {
            Some((
                &shard.id,
                f64::from(shard.slots?),
                *skewed.need.loads.get(&shard.id)?,
            ))
        })
        .collect::<Option<_>>()?;
    let even = f64::from(SLOTS) / f64::from(group.shard_count().max(1));
    let moved: f64 = slots
        .iter()
        .filter(|(_, held, _)| *held > even)
        .map(|(_, held, load)| load * (held - even) / held)
        .sum();
    let wanting: f64 = slots
        .iter()
        .map(|(_, held, _)| (even - held).max(0.0))
        .sum();
    let after = |held: f64, load: f64| {
        if held > even {
            load * even / held
        } else if wanting > 0.0 {
            load + moved * (even - held) / wanting
        } else {
            load
        }
    };
    let mut hot = None;
    for (id, held, load) in slots {
        let predicted = after(held, load);
        if *id == skewed.shard {
            hot = (predicted < load).then_some(predicted);
        } else if predicted > skewed.need.target {
            return None;
        }
    }
    hot
}
