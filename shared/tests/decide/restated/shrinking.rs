//! Scale-in restated: low for long enough, everybody agrees, and the shards that stay have room.

use std::collections::BTreeSet;

use clusterwarden::{
    alarm::AlarmState,
    cluster::{Group, Shard},
    journal::AttemptOutcome,
    policy::{Freeze, ReshardPolicy},
    reshard::Observation,
};

use super::{
    Expected, Measured, Reasons, care, cooldown, failovers, failures, whole_minutes,
    windows::{backup, minute_of_week, near_backup, now_in_day, now_in_week, passes},
};

pub(super) fn shrinking(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    measured: &[Measured],
) -> Expected {
    let shards = u32::try_from(group.shards.len()).unwrap();
    let window = whole_minutes(policy.stabilization).max(whole_minutes(policy.window));
    let fits = |count: &u32| {
        !measured.is_empty()
            && measured
                .iter()
                .all(|measure| low_throughout(*count, measure, window, policy))
    };
    let lowest = policy
        .min_shards
        .max(care::scheduled(policy, seen.at))
        .max(shards.saturating_sub(policy.scale_in.max_step))
        .max(1);
    let counts: Vec<u32> = (lowest..shards).filter(fits).collect();
    if counts.is_empty() {
        return Expected::Hold(Reasons::from([
            "load_fits",
            "not_low_long_enough",
            "no_fresh_load",
        ]));
    }
    let mut why = Reasons::new();
    if let Some(window) = &group.maintenance_window {
        let text = window.to_string();
        let (start, end) = text.trim_end_matches(" UTC").split_once(" to ").unwrap();
        if passes(
            minute_of_week(start),
            minute_of_week(end),
            7 * 24 * 60,
            now_in_week(seen.at),
        ) {
            why.insert("maintenance_window");
        }
    }
    if let Some((start, end)) = backup(group)
        && (near_backup(group, seen.at) || passes(start, end, 24 * 60, now_in_day(seen.at)))
    {
        why.insert("snapshot_window");
    }
    for name in policy.alarms.scale_out.iter().chain(&policy.alarms.stop) {
        if seen.alarms.get(name).map(|alarm| alarm.state) != Some(AlarmState::Ok) {
            why.insert("alarm_disagrees");
        }
    }
    for name in &policy.alarms.scale_in {
        let alarm = seen.alarms.get(name);
        if !alarm.is_some_and(|alarm| alarm.state == AlarmState::Alarm && alarm.silence.is_none()) {
            why.insert("alarm_disagrees");
        }
    }
    if care::frozen(policy, seen.at, Freeze::ScaleIn) {
        why.insert("frozen");
    }
    if failovers::node_to_be_replaced(group, seen) {
        why.insert("replacement_scheduled");
    }
    if grew_lately(policy, seen) {
        why.insert("reversal");
    }
    care::watch(policy, seen, false, &mut why);
    care::gate(policy, measured, &mut why);
    let change = seen
        .journal
        .last_change
        .map(|change| (change.at, change.ours));
    cooldown(policy.scale_in, change, seen, &mut why);
    cooldown(
        policy.scale_in,
        seen.journal.first_seen.map(|at| (at, true)),
        seen,
        &mut why,
    );
    failures(
        policy.scale_in,
        seen.journal.attempts.iter(),
        seen,
        &mut why,
    );
    let calm = why.is_empty();
    for to in counts {
        match proof(policy, group, seen, measured, to, window) {
            Ok(removed) if calm => return Expected::Change(shards, to, removed),
            Ok(_) => {}
            Err(reasons) => why.extend(reasons),
        }
    }
    Expected::Hold(why)
}

/// A growth, ours or another's, ended within the reversal hold.
fn grew_lately(policy: &ReshardPolicy, seen: &Observation) -> bool {
    let ours = seen.journal.attempts.iter().filter_map(|attempt| {
        let ended = match attempt.outcome {
            AttemptOutcome::Completed { at } | AttemptOutcome::Partial { at, .. } => at,
            AttemptOutcome::Asked
            | AttemptOutcome::Accepted
            | AttemptOutcome::Refused { .. }
            | AttemptOutcome::Unchanged { .. } => return None,
        };
        (attempt.to > attempt.from).then_some(ended)
    });
    let anyones = seen.journal.last_change.iter();
    let anyones = anyones.filter(|change| change.from.is_some_and(|from| from < change.to));
    let mut ends = ours.chain(anyones.map(|change| change.at));
    ends.any(|end| seen.at < end + policy.reversal)
}

/// Every minute of the window that ends with the newest minute known of all shards.
fn window_of(measure: &Measured, window: i64) -> Option<std::ops::Range<i64>> {
    let (first, _, _) = measure.shards.first()?;
    let newest = *first.keys().find(|age| {
        measure
            .shards
            .iter()
            .all(|(load, _, _)| load.contains_key(age))
    })?;
    Some(newest..newest + window)
}

fn low_throughout(count: u32, measure: &Measured, window: i64, policy: &ReshardPolicy) -> bool {
    let Some(mut minutes) = window_of(measure, window) else {
        return false;
    };
    let fresh = minutes.start <= whole_minutes(policy.stale_after);
    let complete = measure.shards.iter().all(|(_, complete, _)| *complete);
    let low = minutes.all(|age| {
        let loads: Option<Vec<f64>> = measure
            .shards
            .iter()
            .map(|(load, _, _)| load.get(&age).copied())
            .collect();
        loads.is_some_and(|loads| {
            loads.iter().sum::<f64>() / f64::from(count) <= 0.75 * measure.target
        })
    });
    fresh && complete && low
}

fn proof(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    measured: &[Measured],
    to: u32,
    window: i64,
) -> Result<BTreeSet<String>, Reasons> {
    let mut why = Reasons::new();
    let evidence = seen
        .evidence
        .as_ref()
        .ok_or_else(|| Reasons::from(["evidence_missing"]))?;
    let of = |shard: &Shard| -> Vec<_> {
        shard
            .nodes
            .iter()
            .map(|node| evidence.get(&node.id).copied().unwrap_or_default())
            .collect()
    };
    for shard in &group.shards {
        let nodes = of(shard);
        if nodes.len() != group.shards[0].nodes.len() {
            why.insert("replicas_unhealthy");
        }
        if nodes.iter().any(|node| node.evictions.is_none()) {
            why.insert("evidence_missing");
        }
        if nodes
            .iter()
            .any(|node| node.evictions.is_some_and(|keys| keys != 0.0))
        {
            why.insert("evicting");
        }
        let lags: Vec<f64> = nodes
            .iter()
            .filter_map(|node| node.replication_lag)
            .collect();
        if lags.len() + 1 < nodes.len() || lags.iter().any(|lag| *lag > 10.0) {
            why.insert("replicas_unhealthy");
        }
    }
    let nothing_missing = group
        .shards
        .iter()
        .all(|shard| shard.slots.is_some() && of(shard).iter().all(|node| node.bytes.is_some()));
    let slots: u32 = group.shards.iter().filter_map(|shard| shard.slots).sum();
    if !nothing_missing || slots != 16_384 {
        why.insert("evidence_missing");
        return Err(why);
    }
    let bytes = |shard: &Shard| {
        let nodes = of(shard);
        nodes
            .iter()
            .filter_map(|node| node.bytes)
            .fold(0.0, f64::max)
    };
    let mut by_bytes: Vec<(f64, &Shard)> = group
        .shards
        .iter()
        .map(|shard| (bytes(shard), shard))
        .collect();
    by_bytes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let kept = by_bytes.split_off(group.shards.len() - usize::try_from(to).unwrap());
    let drained = by_bytes;
    let even = 16_384.0 / f64::from(to);
    let slots = |shard: &Shard| f64::from(shard.slots.unwrap());
    let above = |shard: &Shard| ((slots(shard) - even) / slots(shard)).max(0.0);
    let short = |shard: &Shard| (even - slots(shard)).max(0.0);
    let all_short: f64 = kept.iter().map(|(_, shard)| short(shard)).sum();
    let part = |shard: &Shard| {
        if all_short > 0.0 {
            short(shard) / all_short
        } else {
            0.0
        }
    };
    let moving = drained.iter().map(|(bytes, _)| bytes).sum::<f64>()
        + kept
            .iter()
            .map(|(bytes, shard)| bytes * above(shard))
            .sum::<f64>();
    for (_, shard) in &kept {
        for node in of(shard) {
            let used = node.bytes.unwrap();
            let Some(percent) = node.memory_percent else {
                why.insert("evidence_missing");
                continue;
            };
            let whole = used / percent * 100.0;
            let receives = moving * part(shard);
            if whole - used < policy.headroom.free_ratio * receives {
                why.insert("headroom_short");
            }
            if (used + receives) / whole * 100.0 > policy.headroom.max_memory_percent {
                why.insert("memory_afterwards");
            }
        }
    }
    for measure in measured {
        let end = window_of(measure, window).unwrap().end;
        let peak = |id: &Shard| {
            let (load, _, _) = measure
                .shards
                .iter()
                .find(|(_, _, shard)| shard.id == id.id)
                .unwrap();
            load.range(..end)
                .map(|(_, value)| *value)
                .fold(0.0, f64::max)
        };
        let moving = drained.iter().map(|(_, shard)| peak(shard)).sum::<f64>()
            + kept
                .iter()
                .map(|(_, shard)| peak(shard) * above(shard))
                .sum::<f64>();
        if kept
            .iter()
            .any(|(_, shard)| peak(shard) + moving * part(shard) > 0.75 * measure.target)
        {
            why.insert("load_afterwards");
        }
    }
    let ids = drained
        .iter()
        .map(|(_, shard)| shard.id.to_string())
        .collect();
    if why.is_empty() { Ok(ids) } else { Err(why) }
}
