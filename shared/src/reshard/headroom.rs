//! The proof that the shards that stay can take what the drained ones hold.

use chrono::TimeDelta;
use serde::Serialize;

use super::{
    Evidence, Hold, Observation,
    demand::{SCALE_IN_BELOW, low_window, measures},
    drain::shard_bytes,
};
use crate::{
    checks::Guards,
    cluster::{Group, SLOTS, Shard, ShardId},
    load::{Series, delta, newest_whole_minute},
    policy::ReshardPolicy,
};

/// A replica that lags more than this is not a healthy copy; ElastiCache's usual lag is well under a second.
const LAG_LIMIT_SECONDS: f64 = 10.0;

/// What one shard that stays would receive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptShard {
    /// Which shard.
    pub shard: ShardId,
    /// Its part of the slots that move, 0 to 1: by how many slots it is short of an even share.
    pub part: f64,
    /// Bytes that it would receive.
    pub receives: f64,
    /// Free bytes of its worst node at the window's peak.
    pub free: f64,
    /// Percent of `maxmemory` of its worst node afterwards.
    pub percent_after: f64,
}

/// What each shard that stays would receive if `drain` were drained. Slots go where they are short of an even share, so a
/// shard that already holds many receives few: an even split would be wrong wherever slots are uneven.
///
/// `None`: slots of a shard, or bytes or memory of a node, are not known; or the slots are not all that there are, so that
/// what the service said of them cannot be right.
pub fn kept_shards(
    group: &Group,
    evidence: &Evidence,
    drain: &[ShardId],
) -> Option<Vec<KeptShard>> {
    let kept = group
        .shards
        .iter()
        .filter(|shard| !drain.contains(&shard.id));
    let kept: Vec<&Shard> = kept.collect();
    let slots = group.shards.iter().map(|shard| shard.slots);
    if slots.sum::<Option<u32>>()? != SLOTS {
        return None;
    }
    let even = even_share(group, drain)?;
    let moving_bytes = moving(group, drain, |shard| shard_bytes(shard, evidence))?;
    let deficits = kept
        .iter()
        .map(|shard| Some((even - f64::from(shard.slots?)).max(0.0)));
    let deficits: Vec<f64> = deficits.collect::<Option<_>>()?;
    let total: f64 = deficits.iter().sum();
    kept.iter()
        .zip(deficits)
        .map(|(shard, deficit)| {
            let part = if total > 0.0 { deficit / total } else { 0.0 };
            let receives = moving_bytes * part;
            let (mut free, mut percent_after) = (f64::INFINITY, 0.0_f64);
            for node in &shard.nodes {
                let seen = evidence.get(&node.id)?;
                let (used, percent) = (
                    seen.bytes?,
                    seen.memory_percent.filter(|percent| *percent > 0.0)?,
                );
                let capacity = used * 100.0 / percent;
                free = free.min(capacity - used);
                percent_after = percent_after.max((used + receives) / capacity * 100.0);
            }
            free.is_finite().then(|| KeptShard {
                shard: shard.id.clone(),
                part,
                receives,
                free,
                percent_after,
            })
        })
        .collect()
}

/// Slots of each shard that stays, if they were spread evenly. `None`: none stays.
fn even_share(group: &Group, drain: &[ShardId]) -> Option<f64> {
    let kept = group.shards.len().checked_sub(drain.len())?;
    let kept = u32::try_from(kept).ok().filter(|count| *count > 0)?;
    Some(f64::from(SLOTS) / f64::from(kept))
}

/// How much of something moves: all that the drained shards have, and of a shard that stays what its slots above an even
/// share have, because those may move as well. `None`: a shard's amount or slots are not known.
fn moving(group: &Group, drain: &[ShardId], amount: impl Fn(&Shard) -> Option<f64>) -> Option<f64> {
    let even = even_share(group, drain)?;
    let of_one = |shard: &Shard| {
        let all = amount(shard)?;
        if drain.contains(&shard.id) {
            return Some(all);
        }
        let slots = f64::from(shard.slots?);
        Some(if slots > even {
            all * (slots - even) / slots
        } else {
            0.0
        })
    };
    group.shards.iter().map(of_one).sum()
}

/// Every check on memory, evictions, replicas and load that a scale-in must pass.
pub(super) fn require_room(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    evidence: &Evidence,
    drain: &[ShardId],
    guards: &mut Guards,
) -> Result<Vec<KeptShard>, Hold> {
    require_no_evictions(group, evidence, guards)?;
    require_healthy_replicas(group, evidence, guards)?;
    let kept = kept_shards(group, evidence, drain);
    let Some(kept) = kept else {
        let missing = || {
            Hold::EvidenceMissing("slots of every shard, bytes and memory of every node".to_owned())
        };
        return Err(guards
            .require("memory_known", false, "incomplete", missing)
            .err()
            .unwrap_or_else(missing));
    };
    for shard in &kept {
        let (ratio, limit) = (
            policy.headroom.free_ratio,
            policy.headroom.max_memory_percent,
        );
        let KeptShard {
            shard: id,
            receives,
            free,
            percent_after,
            ..
        } = shard;
        let saw =
            format!("{id}: {free:.0} bytes free, receives {receives:.0}, wanted {ratio} times");
        guards.require("headroom", *free >= ratio * receives, saw, || {
            Hold::HeadroomShort {
                shard: id.clone(),
                free: *free,
                receives: *receives,
                ratio,
            }
        })?;
        let saw = format!("{id}: {percent_after:.1} % afterwards, at most {limit} %");
        guards.require("memory_afterwards", *percent_after <= limit, saw, || {
            Hold::MemoryAfterwards {
                shard: id.clone(),
                predicted: *percent_after,
                limit,
            }
        })?;
    }
    require_light_load(policy, group, seen, drain, &kept, guards)?;
    Ok(kept)
}

fn require_no_evictions(
    group: &Group,
    evidence: &Evidence,
    guards: &mut Guards,
) -> Result<(), Hold> {
    for node in group.shards.iter().flat_map(|shard| &shard.nodes) {
        let keys = evidence.get(&node.id).and_then(|seen| seen.evictions);
        let saw = keys.map_or_else(
            || format!("{}: not known", node.id),
            |keys| format!("{}: {keys:.0} keys", node.id),
        );
        guards.require("no_evictions", keys == Some(0.0), saw, || match keys {
            Some(keys) => Hold::Evicting {
                node: node.id.to_string(),
                keys,
            },
            None => Hold::EvidenceMissing(format!("evictions of node {}", node.id)),
        })?;
    }
    Ok(())
}

/// Replicas report a lag and primaries do not, so one node per shard may be silent; a second silent one is unknown.
fn require_healthy_replicas(
    group: &Group,
    evidence: &Evidence,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let uneven = group
        .shards
        .iter()
        .any(|shard| u32::try_from(shard.nodes.len()).ok() != Some(group.nodes_per_new_shard()));
    guards.require(
        "replicas_even",
        !uneven,
        if uneven {
            "shards differ in nodes"
        } else {
            "even"
        },
        || Hold::ReplicasUnhealthy("shards have different numbers of nodes".to_owned()),
    )?;
    for shard in &group.shards {
        let lags: Vec<f64> = shard
            .nodes
            .iter()
            .filter_map(|node| evidence.get(&node.id)?.replication_lag)
            .collect();
        let silent = shard.nodes.len() - lags.len();
        let worst = lags.into_iter().fold(0.0_f64, f64::max);
        let healthy = silent <= 1 && worst <= LAG_LIMIT_SECONDS;
        let saw = format!(
            "shard {}: worst lag {worst:.1} s, {silent} nodes without",
            shard.id
        );
        guards.require("replicas_healthy", healthy, saw, || {
            Hold::ReplicasUnhealthy(if silent > 1 {
                format!("the replication lag of shard {} is not known", shard.id)
            } else {
                format!("a replica of shard {} lags {worst:.0} s", shard.id)
            })
        })?;
    }
    Ok(())
}

/// Each shard that stays carries its own load and its part of the load that moves, at their peaks.
fn require_light_load(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    drain: &[ShardId],
    kept: &[KeptShard],
    guards: &mut Guards,
) -> Result<(), Hold> {
    // What was measured before the last change, other shards carried.
    let settled = seen.journal.last_change.map(|change| change.at);
    for (measure, target) in measures(policy) {
        let limit = target * SCALE_IN_BELOW;
        let series: Option<Vec<&Series>> = group
            .shards
            .iter()
            .map(|shard| Some(measure.of(seen.load.get(&shard.id)?)))
            .collect();
        // The window ends with the newest whole minute; a hot minute that only some shards have told yet counts as well.
        let end = series.and_then(|series| newest_whole_minute(&series));
        let start = end.map(|end| end - delta(low_window(policy)) + TimeDelta::minutes(1));
        let from = settled.max(start);
        let peak = |id: &ShardId| measure.of(seen.load.get(id)?).since(from).peak();
        let moving = moving(group, drain, |shard| peak(&shard.id));
        for shard in kept {
            let own = peak(&shard.shard);
            let (Some(moving), Some(own)) = (moving, own) else {
                return Err(Hold::EvidenceMissing(format!("{measure} of every shard")));
            };
            let predicted = own + moving * shard.part;
            let saw = format!(
                "{}: {measure} {predicted:.1} % afterwards, at most {limit:.1} %",
                shard.shard
            );
            guards.require("load_afterwards", predicted <= limit, saw, || {
                Hold::LoadAfterwards {
                    measure,
                    shard: shard.shard.clone(),
                    predicted,
                    limit,
                }
            })?;
        }
    }
    Ok(())
}
