//! What holds in every world.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use clusterwarden::{
    admit::FleetHold,
    cluster::Status,
    reshard::{Decision, Hold, Observation, Reshard, Verdict, decide},
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use crate::world::{set_status, world};

/// Enough for the rare corners, few enough for a debug build.
pub(crate) fn many() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    }
}

pub(crate) fn change(verdict: &Verdict) -> Option<Reshard> {
    match &verdict.decision {
        Decision::Reshard(reshard) => Some(reshard.clone()),
        Decision::Hold(_) => None,
    }
}

pub(crate) fn kind(verdict: &Verdict) -> &'static str {
    match &verdict.decision {
        Decision::Reshard(reshard) => reshard.kind(),
        Decision::Hold(hold) => hold.code(),
    }
}

fn nodes(seen: &Observation) -> u32 {
    seen.group.as_ref().unwrap().node_count()
}

/// The check whose failure each hold reports; a hold that is not here rests on no single check.
const CHECKS: [(&str, &str); 31] = [
    ("not_frozen", "frozen"),
    ("no_reversal", "reversal"),
    ("quiet_after_change", "after_change_alarm"),
    ("cpu_gate", "cpu_gate"),
    ("growth_cools", "hot_shard"),
    ("bounds", "outside_bounds"),
    ("known_long_enough", "newly_seen"),
    ("not_paused", "paused"),
    ("stop_alarm", "stop_alarm"),
    ("stop_alarm", "stop_alarm_missing"),
    ("cluster_mode", "cluster_mode_not_enabled"),
    ("global_datastore", "global_datastore_member"),
    ("application_auto_scaling", "application_auto_scaling"),
    ("available", "not_available"),
    ("available", "snapshotting"),
    ("nothing_in_flight", "in_flight"),
    ("no_failover_in_flight", "failover_in_flight"),
    ("no_replacement", "replacement_scheduled"),
    ("room_to_grow", "at_maximum"),
    ("clear_of_backup", "snapshot_window"),
    ("outside_backup", "snapshot_window"),
    ("outside_maintenance", "maintenance_window"),
    ("cooled_down", "cooling_down"),
    ("cooled_down", "changed_by_others"),
    ("backed_off", "backing_off"),
    ("alarms_agree", "alarm_disagrees"),
    ("no_evictions", "evicting"),
    ("replicas_healthy", "replicas_unhealthy"),
    ("headroom", "headroom_short"),
    ("memory_afterwards", "memory_afterwards"),
    ("load_afterwards", "load_afterwards"),
];

/// Checks that fail for several holds.
const CHECKS_TOO: [(&str, &str); 3] = [
    ("no_evictions", "evidence_missing"),
    ("memory_known", "evidence_missing"),
    ("replicas_even", "replicas_unhealthy"),
];

/// Otherwise the properties would be empty. The seed is fixed: rare holds are rare.
#[test]
fn the_worlds_know_growth_shrinking_and_every_hold() {
    let counts = RefCell::new(BTreeMap::<&'static str, u32>::new());
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let cases = 2000;
    let mut runner = TestRunner::new_with_rng(ProptestConfig { cases, ..many() }, seed);
    runner
        .run(&world(), |world| {
            let verdict = decide(&world.policy, &world.seen());
            *counts.borrow_mut().entry(kind(&verdict)).or_default() += 1;
            Ok(())
        })
        .unwrap();
    let counts = counts.into_inner();
    assert!(counts.contains_key("rebalance"), "{counts:?}");
    let often = |name| counts.get(name).copied().unwrap_or_default() >= cases / 20;
    assert!(often("scale_out") && often("scale_in"), "{counts:?}");
    let never = [
        &["not_found", "superseded", "paused_by_tag"][..],
        &FleetHold::CODES,
    ]
    .concat();
    for code in Hold::CODES.iter().filter(|code| !never.contains(code)) {
        assert!(counts.contains_key(code), "{code} is missing in {counts:?}");
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn a_change_stays_within_bounds_steps_and_quota(world in world()) {
        let (policy, seen) = (&world.policy, world.seen());
        if let Some(reshard) = change(&decide(policy, &seen)) {
            let group = seen.group.as_ref().unwrap();
            prop_assert_eq!(reshard.from, group.shard_count());
            prop_assert!((policy.min_shards..=policy.max_shards).contains(&reshard.to));
            prop_assert!(reshard.to >= reshard.from || reshard.to >= policy.min_shards_at(seen.at));
            prop_assert!(reshard.kind() == "rebalance" || reshard.to != reshard.from);
            let grown = reshard.to.saturating_sub(reshard.from);
            prop_assert!(grown <= policy.scale_out.max_step);
            prop_assert!(reshard.from.saturating_sub(reshard.to) <= policy.scale_in.max_step);
            prop_assert!(grown == 0 || nodes(&seen) + grown * group.nodes_per_new_shard() <= policy.node_quota);
        }
    }

    #[test]
    fn nothing_is_changed_while_anything_is_not_available(
        world in world(),
        place in any::<u16>(),
        word in prop_oneof![Just(None), Just(Some("modifying")), Just(Some("snapshotting")), Just(Some("create-failed"))],
    ) {
        let mut seen = world.seen();
        set_status(seen.group.as_mut().unwrap(), usize::from(place), Status::read(word));
        prop_assert_eq!(change(&decide(&world.policy, &seen)), None);
        let mut seen = world.seen();
        seen.group.as_mut().unwrap().member_count += 1 + usize::from(place);
        prop_assert_eq!(change(&decide(&world.policy, &seen)), None);
    }

    #[test]
    fn drained_shards_are_real_distinct_exactly_as_many_and_never_all(world in world()) {
        let seen = world.seen();
        if let Some(reshard) = change(&decide(&world.policy, &seen)) {
            let group = seen.group.as_ref().unwrap();
            let in_order: Vec<_> =
                group.shards.iter().map(|shard| &shard.id).filter(|id| reshard.remove.contains(id)).collect();
            prop_assert_eq!(in_order, reshard.remove.iter().collect::<Vec<_>>());
            let distinct: BTreeSet<_> = reshard.remove.iter().collect();
            prop_assert_eq!(distinct.len(), reshard.remove.len());
            let fewer = reshard.from.saturating_sub(reshard.to);
            prop_assert_eq!(u32::try_from(reshard.remove.len()).unwrap(), fewer);
            prop_assert!(reshard.remove.len() < group.shards.len());
            let request = reshard.request();
            let asked = &request["parameters"];
            prop_assert_eq!(&asked["NodeGroupCount"], reshard.to);
            prop_assert_eq!(asked["NodeGroupsToRemove"].is_null(), reshard.remove.is_empty());
        }
    }

    #[test]
    fn the_same_sight_gives_the_same_verdict(world in world()) {
        let first = decide(&world.policy, &world.seen());
        prop_assert_eq!(&first, &decide(&world.policy, &world.seen()));
        prop_assert!(!first.sentence.is_empty() && !first.sentence.contains('\n'));
        prop_assert!(!first.sentence.contains("NaN") && !first.sentence.contains("inf"));
    }

    #[test]
    fn evidence_is_read_only_where_it_can_change_the_verdict(world in world()) {
        let with = decide(&world.policy, &world.seen());
        let without = decide(&world.policy, &Observation { evidence: None, ..world.seen() });
        if without.wants_evidence {
            prop_assert!(with.decision == without.decision || kind(&with) != "scale_out");
            prop_assert_eq!(change(&without), None);
        } else {
            prop_assert_eq!(with.decision, without.decision);
        }
    }

    #[test]
    fn the_check_that_failed_is_the_last_and_agrees_with_the_hold(world in world()) {
        let verdict = decide(&world.policy, &world.seen());
        let failed: Vec<_> = verdict.guards.iter().filter(|guard| !guard.passed).map(|guard| guard.name).collect();
        if let Some(name) = failed.first() {
            prop_assert_eq!(failed.len(), 1);
            prop_assert_eq!(&verdict.guards.last().unwrap().name, name);
            let pair = (*name, kind(&verdict));
            prop_assert!(CHECKS.contains(&pair) || CHECKS_TOO.contains(&pair), "{:?}", pair);
        } else {
            let code = kind(&verdict);
            prop_assert!(CHECKS.iter().all(|(_, hold)| *hold != code), "{} without a failed check", code);
        }
    }

    #[test]
    fn a_scale_in_leaves_every_node_under_the_limits_of_the_policy(world in world()) {
        let seen = world.seen();
        if let Some(reshard) = change(&decide(&world.policy, &seen)).filter(|reshard| reshard.kind() == "scale_in") {
            let (group, evidence) = (seen.group.as_ref().unwrap(), seen.evidence.as_ref().unwrap());
            let even = 16_384.0 / f64::from(reshard.to);
            let slots = |index: usize| f64::from(group.shards[index].slots.unwrap());
            let gone = |index: usize| reshard.remove.contains(&group.shards[index].id);
            let bytes = |index: usize| {
                let nodes = group.shards[index].nodes.iter();
                nodes.map(|node| evidence[&node.id].bytes.unwrap()).fold(0.0, f64::max)
            };
            let (mut moving, mut short) = (0.0, 0.0);
            for index in 0..group.shards.len() {
                if gone(index) {
                    moving += bytes(index);
                } else {
                    moving += bytes(index) * (slots(index) - even).max(0.0) / slots(index).max(1.0);
                    short += (even - slots(index)).max(0.0);
                }
            }
            for index in (0..group.shards.len()).filter(|index| !gone(*index)) {
                let receives = if short > 0.0 { moving * (even - slots(index)).max(0.0) / short } else { 0.0 };
                for node in &group.shards[index].nodes {
                    let node = &evidence[&node.id];
                    let (used, percent) = (node.bytes.unwrap(), node.memory_percent.unwrap());
                    let whole = used / percent * 100.0;
                    let room = world.policy.headroom;
                    prop_assert!((used + receives) / whole * 100.0 <= room.max_memory_percent + 1e-6);
                    prop_assert!(whole - used >= receives * room.free_ratio * (1.0 - 1e-9));
                    prop_assert_eq!(node.evictions, Some(0.0));
                }
            }
        }
    }
}
