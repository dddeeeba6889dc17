//! Skew: one shard hotter than the others, and what can be done about it.
//!
//! Three answers. Where slots are uneven, move slots. Where they are even, one shard more may split what is hot. Where a
//! growth did not cool the shard, it is a key that is hot, and no number of shards cures that: hold and name the shard.

use std::collections::BTreeMap;

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

/// What the shard carried before a growth of the last day, the latest such, if it did not cool it. A growth that was made for another shard
/// in between takes nothing back: where two keys are hot, they take turns in being the hottest.
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
    grown
        .filter_map(|attempt| attempt.hot.as_ref())
        .find(|HotShard { shard, load }| *shard == skewed.shard && skewed.load >= NOT_COOLED * load)
        .map(|hot| hot.load)
}

/// Whether slots differ by more than the policy's spread, and no rebalance of ours has just tried to even them: slots with
/// items that AWS does not move stay where they are. One that was refused has tried nothing.
pub(super) fn slots_are_uneven(
    policy: &Skew,
    group: &Group,
    journal: &Journal,
    now: DateTime<Utc>,
) -> bool {
    let tried = journal.attempts.iter().any(|attempt| {
        let refused = matches!(attempt.outcome, AttemptOutcome::Refused { .. });
        attempt.to == attempt.from && !refused && now - attempt.at < REMEMBERED
    });
    let even = f64::from(SLOTS) / f64::from(group.shard_count().max(1));
    let off = |slots: u32| (f64::from(slots) - even).abs() / even * 100.0;
    !tried
        && group
            .shards
            .iter()
            .filter_map(|shard| shard.slots)
            .any(|slots| off(slots) > policy.slot_spread_percent)
}

/// The hot shard's load if slots were even, provided that it falls, and that no other shard passes a target, whatever is
/// measured: what moves off a busy shard may be what fills another.
///
/// `None`: a rebalance is no cure, or something that tells is not known: the slots, or a minute of the window of any shard
/// and measure. A hole may hide the load that asks for more shards, or that a shard has no room for what it would receive.
pub(super) fn rebalanced(group: &Group, demand: &Demand, skewed: &Skewed<'_>) -> Option<f64> {
    let known = demand.needs.iter().all(|need| need.whole);
    let slots = group.shards.iter().map(|shard| shard.slots);
    if !known || slots.sum::<Option<u32>>()? != SLOTS {
        return None;
    }
    let (hot, load) = (&skewed.shard, skewed.load);
    let after = loads_with_even_slots(group, skewed.need)?;
    let cooled = *after.get(hot)?;
    let others_stay_under = demand.needs.iter().all(|need| match need.measure {
        // They say that memory is short, not where it would be.
        Measure::Evictions => true,
        Measure::EngineCpu | Measure::Memory | Measure::Network => {
            loads_with_even_slots(group, need).is_some_and(|after| {
                after.iter().all(|(id, after)| {
                    let rises = need.loads.get(id).is_none_or(|before| after > before);
                    let speaks = need.measure == skewed.need.measure && id != hot;
                    *after <= need.target || !(rises || speaks)
                })
            })
        }
    });
    (cooled < load && others_stay_under).then_some(cooled)
}

/// The load of each shard if its slots above an even share, with their part of its load, went where slots are short.
fn loads_with_even_slots(group: &Group, need: &Need) -> Option<BTreeMap<ShardId, f64>> {
    let shards: Vec<(&ShardId, f64, f64)> = group
        .shards
        .iter()
        .map(|shard| {
            let load = *need.loads.get(&shard.id)?;
            Some((&shard.id, f64::from(shard.slots?), load))
        })
        .collect::<Option<_>>()?;
    let even = f64::from(SLOTS) / f64::from(group.shard_count().max(1));
    let moved: f64 = shards
        .iter()
        .filter(|(_, held, _)| *held > even)
        .map(|(_, held, load)| load * (held - even) / held)
        .sum();
    let wanting: f64 = shards
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
    let after = shards
        .into_iter()
        .map(|(id, held, load)| (id.clone(), after(held, load)));
    Some(after.collect())
}
