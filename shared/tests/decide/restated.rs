//! The rules restated, naively and from the architecture's text, to be compared with what `decide` does.
//!
//! Steps 1, 2, 3, 6 and 7, step limits, cooldowns and the hold after failures. The text does not order the reasons for a
//! hold, so the restatement lists all that apply, and the hold must be one of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Timelike, Utc};
use clusterwarden::{
    alarm::AlarmState,
    cluster::{Group, Shard, Status},
    journal::{Attempt, AttemptOutcome, Retry},
    load::Series,
    policy::{Pace, ReshardPolicy},
    reshard::{Observation, ShardSeries},
};

/// What should be decided.
#[derive(Debug, PartialEq)]
pub(crate) enum Expected {
    /// From, to, and the ids to remove.
    Change(u32, u32, BTreeSet<String>),
    /// For one of these reasons.
    Hold(BTreeSet<&'static str>),
}

type Reasons = BTreeSet<&'static str>;

/// Samples by age in minutes; those from before the last change are gone.
type ByAge = BTreeMap<i64, f64>;

struct Measured<'a> {
    target: f64,
    shards: Vec<(ByAge, bool, &'a Shard)>,
}

pub(crate) fn expected(policy: &ReshardPolicy, seen: &Observation) -> Expected {
    let mut why = Reasons::new();
    if seen.unreadable.is_some() {
        return Expected::Hold(Reasons::from(["unreadable"]));
    }
    let Some(group) = &seen.group else {
        return Expected::Hold(Reasons::from(["not_found"]));
    };
    preconditions(policy, group, seen, &mut why);
    if !why.is_empty() {
        return Expected::Hold(why);
    }
    let shards = u32::try_from(group.shards.len()).unwrap();
    let measured = measured(policy, group, seen);
    let mut wanted = 0;
    let mut known = false;
    for measure in &measured {
        let means: Vec<f64> = measure
            .shards
            .iter()
            .filter_map(|(load, _, _)| mean(policy, load))
            .collect();
        known |= !means.is_empty();
        let mut enough = 0;
        while f64::from(enough) * measure.target < means.iter().sum() {
            enough += 1;
        }
        wanted = wanted.max(enough);
    }
    if policy.alarms.scale_out.iter().any(|name| asks(name, seen)) {
        wanted = wanted.max(shards + 1);
    }
    if wanted > shards {
        return growth(policy, group, seen, wanted);
    }
    if !measured.is_empty() && !known {
        return Expected::Hold(Reasons::from(["no_fresh_load"]));
    }
    shrinking(policy, group, seen, &measured)
}

fn preconditions(policy: &ReshardPolicy, group: &Group, seen: &Observation, why: &mut Reasons) {
    if group.cluster_mode.as_deref() != Some("enabled") {
        why.insert("cluster_mode_not_enabled");
    }
    if group.global_datastore.is_some() {
        why.insert("global_datastore_member");
    }
    let nodes: Vec<&Status> = group
        .shards
        .iter()
        .flat_map(|shard| &shard.nodes)
        .map(|node| &node.status)
        .collect();
    if nodes.len() != group.member_count {
        why.insert("not_available");
    }
    let all = nodes
        .into_iter()
        .chain(group.shards.iter().map(|shard| &shard.status))
        .chain([&group.status]);
    for status in all {
        match status {
            Status::Available => {}
            Status::Snapshotting => {
                why.insert("snapshotting");
            }
            Status::Busy(_) | Status::Unsaid => {
                why.insert("not_available");
            }
        }
    }
    let pauses = seen.pause_of_everything.iter().chain(&seen.journal.pause);
    for pause in pauses {
        if pause.until.is_none() || pause.until > Some(seen.at) {
            why.insert("paused");
        }
    }
    for name in &policy.alarms.stop {
        match seen.alarms.get(name).map(|alarm| alarm.state) {
            None => why.insert("stop_alarm_missing"),
            Some(AlarmState::Alarm) => why.insert("stop_alarm"),
            Some(AlarmState::Ok | AlarmState::InsufficientData) => false,
        };
    }
    if seen.auto_scaling.is_some() {
        why.insert("application_auto_scaling");
    }
    let open = |attempt: &&Attempt| {
        matches!(
            attempt.outcome,
            AttemptOutcome::Asked | AttemptOutcome::Accepted
        )
    };
    if seen.journal.attempts.last().filter(open).is_some() {
        why.insert("in_flight");
    }
    let shards = u32::try_from(group.shards.len()).unwrap();
    if shards < policy.min_shards || shards > policy.max_shards {
        why.insert("outside_bounds");
    }
}

fn measured<'a>(policy: &ReshardPolicy, group: &'a Group, seen: &Observation) -> Vec<Measured<'a>> {
    let changed = seen.journal.last_change.map(|change| change.at);
    let by_age = |series: &Series| -> ByAge {
        let week = std::time::Duration::from_secs(7 * 24 * 3600);
        let samples = series.window(seen.at, week);
        samples
            .filter(|(at, _)| changed.is_none_or(|changed| *at >= changed))
            .map(|(at, value)| ((seen.at - at).num_minutes(), value))
            .collect()
    };
    let shards = |of: fn(&ShardSeries) -> &Series| {
        let one = |shard: &'a Shard| match seen.load.get(&shard.id) {
            Some(load) => (by_age(of(load)), of(load).complete, shard),
            None => (ByAge::new(), false, shard),
        };
        group.shards.iter().map(one).collect()
    };
    let mut all = Vec::new();
    if let Some(target) = policy.targets.engine_cpu {
        all.push(Measured {
            target,
            shards: shards(|load| &load.engine_cpu),
        });
    }
    if let Some(memory) = policy.targets.memory.filter(|memory| !memory.evicts) {
        all.push(Measured {
            target: memory.percent,
            shards: shards(|load| &load.memory),
        });
    }
    all
}

fn whole_minutes(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs() / 60).unwrap()
}

/// Averaged over the window that ends with the newest sample, if that is fresh and half of the minutes are there.
fn mean(policy: &ReshardPolicy, load: &ByAge) -> Option<f64> {
    let newest = *load.keys().next()?;
    let window = whole_minutes(policy.window);
    let values: Vec<f64> = load
        .range(newest..newest + window)
        .map(|(_, value)| *value)
        .collect();
    let count = i32::try_from(values.len()).unwrap();
    (newest <= whole_minutes(policy.stale_after) && i64::from(count) * 2 >= window)
        .then(|| values.iter().sum::<f64>() / f64::from(count))
}

/// One step per transition into ALARM, unless growth has followed it.
fn asks(name: &str, seen: &Observation) -> bool {
    let Some(alarm) = seen.alarms.get(name) else {
        return false;
    };
    let (AlarmState::Alarm, Some(since), None) = (alarm.state, alarm.since, &alarm.silence) else {
        return false;
    };
    let grew = seen
        .journal
        .last_change
        .iter()
        .any(|change| change.at >= since && change.from.is_some_and(|from| from < change.to));
    let tried = seen.journal.attempts.iter().any(|attempt| {
        let had_effect = !matches!(
            attempt.outcome,
            AttemptOutcome::Refused { .. } | AttemptOutcome::Unchanged { .. }
        );
        attempt.at >= since && attempt.from < attempt.to && had_effect
    });
    !grew && !tried
}

fn growth(policy: &ReshardPolicy, group: &Group, seen: &Observation, wanted: u32) -> Expected {
    let shards = u32::try_from(group.shards.len()).unwrap();
    let sizes: Vec<u32> = group
        .shards
        .iter()
        .map(|shard| u32::try_from(shard.nodes.len()).unwrap())
        .collect();
    let mut to = shards;
    let mut nodes: u32 = sizes.iter().sum();
    while to < wanted
        && to < policy.max_shards
        && to < shards + policy.scale_out.max_step
        && nodes + sizes.iter().min().unwrap() <= policy.node_quota
    {
        to += 1;
        nodes += sizes.iter().min().unwrap();
    }
    let mut why = Reasons::new();
    if to == shards {
        why.insert("at_maximum");
    }
    if near_backup(group, seen.at) {
        why.insert("snapshot_window");
    }
    cooldown(
        policy.scale_out,
        seen.journal
            .last_change
            .map(|change| (change.at, change.ours)),
        seen,
        &mut why,
    );
    let growths = seen
        .journal
        .attempts
        .iter()
        .filter(|attempt| attempt.to > attempt.from);
    failures(policy.scale_out, growths, seen, &mut why);
    if why.is_empty() {
        Expected::Change(shards, to, BTreeSet::new())
    } else {
        Expected::Hold(why)
    }
}

fn cooldown(
    pace: Pace,
    settled: Option<(DateTime<Utc>, bool)>,
    seen: &Observation,
    why: &mut Reasons,
) {
    if let Some((at, ours)) = settled
        && (seen.at - at).num_minutes() < whole_minutes(pace.cooldown)
    {
        why.insert(if ours {
            "cooling_down"
        } else {
            "changed_by_others"
        });
    }
}

/// Failures in a row double the cooldown, up to four hours.
fn failures<'a>(
    pace: Pace,
    attempts: impl DoubleEndedIterator<Item = &'a Attempt>,
    seen: &Observation,
    why: &mut Reasons,
) {
    let mut hold = whole_minutes(pace.cooldown);
    let mut until = None;
    for attempt in attempts.rev() {
        let ended = match attempt.outcome {
            AttemptOutcome::Refused {
                retry: Retry::Now, ..
            } => continue,
            AttemptOutcome::Refused { .. } => attempt.at,
            AttemptOutcome::Unchanged { at } | AttemptOutcome::Partial { at, .. } => at,
            AttemptOutcome::Asked | AttemptOutcome::Accepted | AttemptOutcome::Completed { .. } => {
                break;
            }
        };
        match until {
            None => until = Some(ended),
            Some(_) => hold = (hold * 2).min(4 * 60),
        }
    }
    if until.is_some_and(|ended| (seen.at - ended).num_minutes() < hold) {
        why.insert("backing_off");
    }
}

fn shrinking(
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
    let missing = Reasons::from(["evidence_missing"]);
    let evidence = seen.evidence.as_ref().ok_or_else(|| missing.clone())?;
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
    let mut by_bytes: Vec<(f64, &Shard)> = Vec::new();
    for shard in &group.shards {
        let bytes: Option<Vec<f64>> = of(shard).iter().map(|node| node.bytes).collect();
        let bytes = bytes.ok_or_else(|| missing.clone())?;
        by_bytes.push((bytes.into_iter().fold(0.0, f64::max), shard));
    }
    let slots: Option<Vec<u32>> = group.shards.iter().map(|shard| shard.slots).collect();
    if slots.ok_or_else(|| missing.clone())?.iter().sum::<u32>() != 16_384 {
        return Err(missing);
    }
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
            let whole = used / node.memory_percent.ok_or_else(|| missing.clone())? * 100.0;
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

fn backup(group: &Group) -> Option<(i64, i64)> {
    let text = group.snapshot_window?.to_string();
    let (start, end) = text.trim_end_matches(" UTC").split_once('-').unwrap();
    Some((minute_of_day(start), minute_of_day(end)))
}

/// Within ten minutes of the backup's start.
fn near_backup(group: &Group, now: DateTime<Utc>) -> bool {
    backup(group).is_some_and(|(start, _)| passes(start - 10, start + 11, 24 * 60, now_in_day(now)))
}

/// Walks from start to end and looks whether it passes `now`.
fn passes(start: i64, end: i64, round: i64, now: i64) -> bool {
    let (mut minute, end) = (start.rem_euclid(round), end.rem_euclid(round));
    while minute != end {
        if minute == now {
            return true;
        }
        minute = (minute + 1) % round;
    }
    false
}

fn minute_of_day(text: &str) -> i64 {
    let (hour, minute) = text.split_once(':').unwrap();
    hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()
}

fn minute_of_week(text: &str) -> i64 {
    let (day, time) = text.split_once(' ').unwrap();
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = days.iter().position(|name| *name == day).unwrap();
    i64::try_from(day).unwrap() * 24 * 60 + minute_of_day(time)
}

fn now_in_day(now: DateTime<Utc>) -> i64 {
    i64::from(now.hour()) * 60 + i64::from(now.minute())
}

fn now_in_week(now: DateTime<Utc>) -> i64 {
    i64::from(now.weekday().num_days_from_monday()) * 24 * 60 + now_in_day(now)
}
