//! The rules restated, naively and from the architecture's text, to be compared with what `decide` does.
//!
//! All eight steps, but the zones of new shards, which have properties of their own. The text does not order the reasons for a
//! hold, so the restatement lists all that apply, and the hold must be one of them.

mod care;
mod failovers;
mod shrinking;
mod skew;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use clusterwarden::{
    alarm::AlarmState,
    cluster::{Group, Shard, Status},
    journal::{Attempt, AttemptOutcome, Retry},
    load::Series,
    policy::{Freeze, Pace, ReshardPolicy},
    reshard::{Measure, Observation},
};
use shrinking::shrinking;
use skew::Answer;
use windows::near_backup;

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
    measure: Measure,
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
    let (all, measured): (Vec<Measured>, Vec<Measured>) = (
        with_evictions(policy, group, seen),
        measured(policy, group, seen),
    );
    let known = all
        .iter()
        .flat_map(|measure| &measure.shards)
        .any(|(load, _, _)| mean(policy, load).is_some());
    let scheduled = care::scheduled(policy, seen.at);
    let needed = all.iter().map(|measure| enough(policy, measure, shards));
    let mut wanted = needed.max().unwrap_or(0).max(scheduled);
    if policy.alarms.scale_out.iter().any(|name| asks(name, seen)) {
        wanted = wanted.max(shards + 1);
    }
    match skew::answer(policy, group, seen, &all, wanted, scheduled) {
        Some(Answer::Decided(expected)) => return expected,
        Some(Answer::OneMore) => wanted = shards + 1,
        None => {}
    }
    if wanted > shards {
        return growth(policy, group, seen, &measured, wanted);
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
    let pauses = seen
        .pauses
        .iter()
        .map(|scoped| &scoped.pause)
        .chain(&seen.journal.pause);
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
    if failovers::in_flight(seen) {
        why.insert("failover_in_flight");
    }
    let shards = u32::try_from(group.shards.len()).unwrap();
    if shards < policy.min_shards || shards > policy.max_shards {
        why.insert("outside_bounds");
    }
    if care::frozen(policy, seen.at, Freeze::All) {
        why.insert("frozen");
    }
}

fn of<'a>(measure: Measure, target: f64, group: &'a Group, seen: &Observation) -> Measured<'a> {
    let changed = seen.journal.last_change.map(|change| change.at);
    let by_age = |series: &Series| -> ByAge {
        let week = std::time::Duration::from_secs(7 * 24 * 3600);
        let samples = series.window(seen.at, week);
        samples
            .filter(|(at, _)| changed.is_none_or(|changed| *at >= changed))
            .map(|(at, value)| ((seen.at - at).num_minutes(), value))
            .collect()
    };
    let one = |shard: &'a Shard| match seen.load.get(&shard.id) {
        Some(load) => (by_age(measure.of(load)), measure.of(load).complete, shard),
        None => (ByAge::new(), false, shard),
    };
    Measured {
        measure,
        target,
        shards: group.shards.iter().map(one).collect(),
    }
}

/// What adds up over the shards, and may say that fewer would do.
fn measured<'a>(policy: &ReshardPolicy, group: &'a Group, seen: &Observation) -> Vec<Measured<'a>> {
    let mut all = Vec::new();
    if let Some(target) = policy.targets.engine_cpu {
        all.push(of(Measure::EngineCpu, target, group, seen));
    }
    if let Some(memory) = policy.targets.memory.filter(|memory| !memory.evicts) {
        all.push(of(Measure::Memory, memory.percent, group, seen));
    }
    if let Some(target) = policy.targets.network {
        all.push(of(Measure::Network, target, group, seen));
    }
    all
}

fn with_evictions<'a>(
    policy: &ReshardPolicy,
    group: &'a Group,
    seen: &Observation,
) -> Vec<Measured<'a>> {
    let mut all = measured(policy, group, seen);
    if let Some(limit) = policy.targets.evictions_per_minute {
        all.push(of(Measure::Evictions, limit, group, seen));
    }
    all
}

/// Shards of which none would carry more than the target; where one evicts too much, one more than there are.
fn enough(policy: &ReshardPolicy, measure: &Measured, shards: u32) -> u32 {
    let means: Vec<f64> = measure
        .shards
        .iter()
        .filter_map(|(load, _, _)| mean(policy, load))
        .collect();
    if measure.measure == Measure::Evictions {
        let too_many = means.iter().any(|keys| *keys > measure.target);
        return if too_many { shards + 1 } else { 0 };
    }
    let mut enough = 0;
    while f64::from(enough) * measure.target < means.iter().sum() {
        enough += 1;
    }
    enough
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

fn growth(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    measured: &[Measured],
    wanted: u32,
) -> Expected {
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
    care::watch(policy, seen, true, &mut why);
    care::gate(policy, measured, &mut why);
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
