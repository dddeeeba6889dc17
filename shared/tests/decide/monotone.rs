//! What taking data away and adding load may change, and what deciding again does.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    cluster::{Activity, Shard, ShardId, Status},
    journal::AttemptOutcome,
    load::Series,
    policy::CpuGate,
    reshard::{Measure, Observation, Reshard, ShardSeries, decide},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    properties::{change, kind, many},
    support::build,
    world::{World, set_status, world},
};

/// One thing that was known and is no longer. Places count through what there is.
#[derive(Debug, Clone)]
pub(crate) enum Loss {
    /// Minutes of a shard's series, by the bits of a mask; see [`without`].
    Samples(usize, Measure, u64),
    /// All samples of every shard above so many percent: what an adversary would take.
    Hottest(Measure, f64),
    Series(usize, Measure),
    Completeness(usize, Measure),
    Shard(usize),
    Alarm(usize),
    AlarmDate(usize),
    Evidence,
    Node(usize),
    NodeMetric(usize, u8),
    Slots(usize),
    Status(usize),
    ClusterMode,
    Clarity,
}

fn measure() -> impl Strategy<Value = Measure> {
    prop_oneof![
        6 => Just(Measure::EngineCpu),
        3 => Just(Measure::Memory),
        1 => Just(Measure::Network),
        1 => Just(Measure::Evictions),
    ]
}

pub(crate) fn loss() -> impl Strategy<Value = Loss> {
    let place = || 0..40_usize;
    prop_oneof![
        8 => (place(), measure(), any::<u64>()).prop_map(|(shard, measure, mask)| Loss::Samples(shard, measure, mask)),
        4 => (place(), measure(), 0..64_u32).prop_map(|(shard, measure, bit)| Loss::Samples(shard, measure, 1 << bit)),
        4 => (measure(), 0.0..100.0_f64).prop_map(|(measure, percent)| Loss::Hottest(measure, percent)),
        1 => (place(), measure()).prop_map(|(shard, measure)| Loss::Series(shard, measure)),
        1 => (place(), measure()).prop_map(|(shard, measure)| Loss::Completeness(shard, measure)),
        1 => place().prop_map(Loss::Shard),
        1 => place().prop_map(Loss::Alarm),
        1 => place().prop_map(Loss::AlarmDate),
        1 => Just(Loss::Evidence),
        2 => place().prop_map(Loss::Node),
        4 => (place(), 0..4_u8).prop_map(|(node, metric)| Loss::NodeMetric(node, metric)),
        1 => place().prop_map(Loss::Slots),
        1 => place().prop_map(Loss::Status),
        1 => Just(Loss::ClusterMode),
        1 => Just(Loss::Clarity),
    ]
}

fn of(measure: Measure, series: &mut ShardSeries) -> &mut Series {
    measure.of_mut(series)
}

fn samples(series: &Series, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, f64)> {
    let week = std::time::Duration::from_secs(7 * 24 * 3600);
    series.window(now + TimeDelta::hours(1), week).collect()
}

/// The newest minute that every shard has a sample for.
fn newest_whole(seen: &Observation, measure: Measure) -> Option<DateTime<Utc>> {
    let series: Vec<&Series> = seen.load.values().map(|load| measure.of(load)).collect();
    let first = samples(series.first()?, seen.at);
    let whole = first
        .into_iter()
        .rev()
        .find(|(minute, _)| series.iter().all(|one| one.at(*minute).is_some()));
    whole.map(|(minute, _)| minute)
}

fn nth_shard(seen: &Observation, place: usize) -> Option<ShardId> {
    seen.load.keys().cycle().nth(place).cloned()
}

/// The sight without what is lost.
///
/// Samples are lost only from before the newest minute that every shard has one for. Losing that minute too is no less
/// knowledge but an earlier look: what came after it is not known yet, as in every pass, for `stale_after` at the most.
pub(crate) fn without(seen: &Observation, loss: &Loss) -> Observation {
    let mut less = seen.clone();
    let group = less.group.as_mut().unwrap();
    let shards = group.shards.len();
    match *loss {
        Loss::Samples(place, measure, mask) => {
            let newest = newest_whole(seen, measure);
            if let Some(load) = nth_shard(seen, place).and_then(|id| less.load.get_mut(&id)) {
                let series = of(measure, load);
                let kept = samples(series, seen.at).into_iter().filter(|(at, _)| {
                    let bit = (seen.at - *at).num_minutes() % 64;
                    newest.is_some_and(|newest| *at >= newest) || mask >> bit & 1 == 0
                });
                *series = Series::new(kept, series.complete);
            }
        }
        Loss::Hottest(measure, percent) => {
            let newest = newest_whole(seen, measure);
            for load in less.load.values_mut() {
                let series = of(measure, load);
                let kept = samples(series, seen.at).into_iter().filter(|(at, value)| {
                    newest.is_some_and(|newest| *at >= newest) || *value <= percent
                });
                *series = Series::new(kept, series.complete);
            }
        }
        Loss::Series(place, measure) => {
            if let Some(load) = nth_shard(seen, place).and_then(|id| less.load.get_mut(&id)) {
                *of(measure, load) = Series::default();
            }
        }
        Loss::Completeness(place, measure) => {
            if let Some(load) = nth_shard(seen, place).and_then(|id| less.load.get_mut(&id)) {
                of(measure, load).complete = false;
            }
        }
        Loss::Shard(place) => {
            if let Some(id) = nth_shard(seen, place) {
                less.load.remove(&id);
            }
        }
        Loss::Alarm(place) => {
            let name = less.alarms.keys().cycle().nth(place).cloned();
            name.and_then(|name| less.alarms.remove(&name));
        }
        Loss::AlarmDate(place) => {
            let name = less.alarms.keys().cycle().nth(place).cloned();
            if let Some(alarm) = name.and_then(|name| less.alarms.get_mut(&name)) {
                alarm.since = None;
            }
        }
        Loss::Evidence => less.evidence = None,
        Loss::Node(place) => {
            if let Some(evidence) = &mut less.evidence {
                let node = evidence.keys().cycle().nth(place).cloned();
                node.and_then(|node| evidence.remove(&node));
            }
        }
        Loss::NodeMetric(place, metric) => {
            let count = less
                .evidence
                .as_ref()
                .map_or(1, |evidence| evidence.len().max(1));
            let node = less.evidence.iter_mut().flatten().nth(place % count);
            if let Some((_, node)) = node {
                match metric {
                    0 => node.bytes = None,
                    1 => node.memory_percent = None,
                    2 => node.evictions = None,
                    _ => node.replication_lag = None,
                }
            }
        }
        Loss::Slots(place) => group.shards[place % shards].slots = None,
        Loss::Status(place) => set_status(group, place, Status::Unsaid),
        Loss::ClusterMode => group.cluster_mode = None,
        Loss::Clarity => less.unreadable = Some("a service did not answer".to_owned()),
    }
    less
}

/// The sight with more load in some minutes of some shards.
fn with_more(seen: &Observation, more: &[(usize, Measure, u64, f64)]) -> Observation {
    let mut hotter = seen.clone();
    for (place, measure, mask, load) in more {
        let id = nth_shard(seen, *place);
        if let Some(shard) = id.and_then(|id| hotter.load.get_mut(&id)) {
            let series = of(*measure, shard);
            let raised = samples(series, seen.at).into_iter().map(|(at, value)| {
                let hit = mask >> ((seen.at - at).num_minutes() % 64) & 1 == 1;
                (at, if hit { value + load } else { value })
            });
            *series = Series::new(raised, series.complete);
        }
    }
    hotter
}

/// How many shards a decision removes.
fn removed(change: Option<&Reshard>) -> u32 {
    change.map_or(0, |reshard| reshard.from.saturating_sub(reshard.to))
}

fn count_after(seen: &Observation, change: Option<&Reshard>) -> u32 {
    let now = seen.group.as_ref().unwrap().shard_count();
    change.map_or(now, |reshard| reshard.to)
}

/// The world after the change was carried out, seen again: at once, or `later` with fresh samples of the same load, spread
/// evenly as the slots are now.
pub(crate) fn carried_out(
    world: &World,
    reshard: &Reshard,
    later: Option<TimeDelta>,
) -> Observation {
    let seen = world.seen();
    let demand = decide(&world.policy, &seen).demand;
    let mut next = seen.clone();
    let group = next.group.as_mut().unwrap();
    let replicas = usize::try_from(group.nodes_per_new_shard() - 1).unwrap();
    group
        .shards
        .retain(|shard| !reshard.remove.contains(&shard.id));
    for number in reshard.from..reshard.to {
        let new: Shard = build::group(&[format!("9{number:03}")], &[replicas])
            .shards
            .remove(0);
        group.shards.push(new);
    }
    for (index, shard) in (0..).zip(&mut group.shards) {
        shard.slots = Some(build::even_slots(index, reshard.to));
    }
    group.member_count = group.shards.iter().map(|shard| shard.nodes.len()).sum();
    let busy = Activity::Changing {
        what: "replication group orders".to_owned(),
        status: "modifying".to_owned(),
    };
    next.journal = seen
        .journal
        .asking(seen.at, reshard.from, reshard.to, reshard.remove.clone())
        .answered(AttemptOutcome::Accepted)
        .sighted(seen.at, reshard.from, &busy)
        .sighted(seen.at, reshard.to, &Activity::Idle);
    if let Some(later) = later {
        next.at = seen.at + later;
        next.load.clear();
        for shard in &group.shards {
            let mut load = ShardSeries::default();
            for need in &demand.needs {
                let each = need.sum / f64::from(reshard.to);
                *of(need.measure, &mut load) = Series::new(
                    build::sampled_minutes(next.at).map(|minute| (minute, each)),
                    true,
                );
            }
            next.load.insert(shard.id.clone(), load);
        }
    }
    next
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn taking_data_away_never_turns_a_hold_into_a_scale_in_or_a_rebalance_nor_removes_more(
        world in world(),
        losses in vec(loss(), 1..4),
    ) {
        let seen = world.seen();
        let less = losses.iter().fold(seen.clone(), |less, loss| without(&less, loss));
        let before = change(&decide(&world.policy, &seen));
        let verdict = decide(&world.policy, &less);
        let after = change(&verdict);
        prop_assert!(
            removed(after.as_ref()) <= removed(before.as_ref()),
            "{:?} became {}", before, verdict.sentence,
        );
        let moves = |change: Option<&Reshard>| change.is_some_and(|reshard| reshard.kind() == "rebalance");
        prop_assert!(!moves(after.as_ref()) || before.is_some(), "a hold became {}", verdict.sentence);
    }

    /// A hold stays a hold or becomes growth, growth never lessens, a scale-in removes no more than before. Skew is left out:
    /// more load on the others is what makes a shard one of many.
    #[test]
    fn adding_load_never_lessens_the_shards_decided_on(
        mut world in world(),
        more in vec((0..40_usize, measure(), any::<u64>(), 0.0..60.0_f64), 1..4),
    ) {
        world.policy.skew.ratio = 1000.0;
        // More CPU may pass the gate, which is there to hold growth.
        world.policy.care.cpu_gate = CpuGate::Act;
        let seen = world.seen();
        let (before, after) = (
            change(&decide(&world.policy, &seen)),
            change(&decide(&world.policy, &with_more(&seen, &more))),
        );
        prop_assert!(count_after(&seen, after.as_ref()) >= count_after(&seen, before.as_ref()));
    }

    #[test]
    fn deciding_again_once_the_change_was_carried_out_holds(world in world()) {
        if let Some(reshard) = change(&decide(&world.policy, &world.seen())) {
            let again = decide(&world.policy, &carried_out(&world, &reshard, None));
            // The calendar goes on asking, at the pace of growth: it needs no load that would have to be measured first.
            let asked = again.demand.calendar.as_ref().is_some_and(|(_, least)| *least > reshard.to);
            prop_assert!(change(&again).is_none() || asked, "{}", again.sentence);
        }
    }

    /// Where the load stays what it was, growth that met no bound was enough, and no change is taken back.
    #[test]
    fn an_unchanged_load_never_takes_a_change_back(world in world()) {
        let first = decide(&world.policy, &world.seen());
        if let Some(reshard) = change(&first) {
            let later = carried_out(&world, &reshard, Some(TimeDelta::minutes(61)));
            let again = decide(&world.policy, &later);
            prop_assert!(
                kind(&again) != if reshard.kind() == "scale_out" { "scale_in" } else { "scale_out" },
                "{} and then {}", first.sentence, again.sentence,
            );
            if reshard.kind() == "scale_out" && !first.sentence.contains("limited by") {
                // How many keys are evicted does not add up: each growth asks anew.
                let adds_up = world.policy.targets.evictions_per_minute.is_none();
                let known = adds_up && first.demand.needs.iter().all(|need| need.missing.is_empty());
                prop_assert!(!known || kind(&again) != "scale_out", "{}", again.sentence);
            }
        }
    }
}
