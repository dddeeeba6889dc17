//! What holds in every fleet.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use clusterwarden::{
    admit::{FleetHold, Ruling},
    journal::AttemptOutcome,
    policy::Apply,
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    support::{Target, World, ago, attempt, generous, told},
    world::world,
};

/// Enough for the rare corners, few enough for a debug build.
pub(crate) fn many() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    }
}

/// Otherwise the properties would be empty. The seed is fixed, for the same counts on each run.
#[test]
fn the_fleets_know_every_ruling_and_every_hold() {
    let counts = RefCell::new(BTreeMap::<&'static str, u32>::new());
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(many(), seed)
        .run(&world(), |world| {
            for admission in world.admit() {
                *counts
                    .borrow_mut()
                    .entry(told(&admission.ruling))
                    .or_default() += 1;
            }
            Ok(())
        })
        .unwrap();
    let counts = counts.into_inner();
    let expected = FleetHold::CODES.iter().chain(&["acts", "not_asked"]);
    for word in expected {
        assert!(
            counts.get(word).is_some_and(|count| *count >= 50),
            "{word} is rare in {counts:?}"
        );
    }
}

fn ids<'a>(targets: impl IntoIterator<Item = &'a Target>) -> BTreeSet<String> {
    targets
        .into_iter()
        .map(|target| target.id.to_string())
        .collect()
}

fn growth(world: &World) -> BTreeSet<String> {
    ids(world.admitted().into_iter().filter(|target| target.grows()))
}

fn len(targets: &[&Target]) -> u32 {
    u32::try_from(targets.len()).unwrap()
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn no_limit_is_ever_exceeded(world in world()) {
        let (limits, admitted) = (&world.limits, world.admitted());
        prop_assert!(len(&admitted) <= limits.max_changes_per_pass);
        let sent = |shrinking: bool| {
            let attempts = world.targets.iter().flat_map(|target| &target.attempts);
            let made = attempts.filter(|attempt| attempt.at > ago(60) && (!shrinking || attempt.to < attempt.from));
            let refused = |outcome: &_| matches!(outcome, AttemptOutcome::Refused { .. });
            u32::try_from(made.filter(|attempt| !refused(&attempt.outcome)).count()).unwrap()
        };
        prop_assert!(admitted.is_empty() || sent(false) + len(&admitted) <= limits.max_changes_per_hour);
        let shrinking: Vec<_> = admitted.iter().copied().filter(|target| target.shrinks()).collect();
        prop_assert!(shrinking.is_empty() || sent(true) + len(&shrinking) <= (limits.max_changes_per_hour / 2).max(1));
        let there: u32 = world.targets.iter().map(|target| target.shards * target.nodes_per_shard).sum();
        let growing = admitted.iter().filter(|target| target.grows());
        let more: u32 = growing.map(|target| (target.to.unwrap() - target.shards) * target.nodes_per_shard).sum();
        prop_assert!(more == 0 || there + more <= limits.max_nodes_in_region);
    }

    #[test]
    fn every_target_is_ruled_on_once_and_only_what_is_allowed_acts(world in world()) {
        let ruled: Vec<String> = world.admit().iter().map(|admission| admission.target.to_string()).collect();
        prop_assert_eq!(ruled.len(), world.targets.len());
        prop_assert_eq!(ruled.into_iter().collect::<BTreeSet<_>>(), ids(&world.targets));
        for target in world.admitted() {
            prop_assert!(target.to.is_some() && target.apply != Apply::None);
            prop_assert!(target.apply == Apply::All || target.grows());
        }
    }

    #[test]
    fn the_same_fleet_in_any_order_is_ruled_the_same(world in world(), turn in 0_usize..9, mirror in any::<bool>()) {
        let mut other = world.clone();
        let turn = turn.min(other.targets.len());
        other.targets.rotate_left(turn);
        if mirror {
            other.targets.reverse();
        }
        prop_assert_eq!(world.admit(), other.admit());
    }

    #[test]
    fn removing_a_scale_in_never_takes_a_growth_back(world in world()) {
        let before = growth(&world);
        for index in (0..world.targets.len()).filter(|index| world.targets[*index].shrinks()) {
            let mut fewer = world.clone();
            fewer.targets[index].to = None;
            prop_assert_eq!(&before, &growth(&fewer));
        }
    }

    #[test]
    fn no_scale_in_acts_while_a_growth_waits_for_a_place(world in world()) {
        let waits = world.admit().iter().any(|admission| {
            let target = world.targets.iter().find(|target| target.id == admission.target).unwrap();
            target.grows() && matches!(
                admission.ruling,
                Ruling::Held(FleetHold::PassLimit { .. } | FleetHold::HourLimit { .. } | FleetHold::FailureBreaker { .. }, _)
            )
        });
        prop_assert!(!waits || !world.admitted().iter().any(|target| target.shrinks()));
    }

    #[test]
    fn wider_limits_admit_no_less_growth(world in world()) {
        let mut wider = world.clone();
        wider.limits.max_changes_per_pass += 1;
        wider.limits.max_changes_per_hour += 1;
        wider.limits.max_failures_per_hour += 1;
        prop_assert!(growth(&wider).is_superset(&growth(&world)));
    }

    #[test]
    fn the_guard_agrees_with_the_ruling_and_a_hold_waits_until_later(world in world()) {
        for admission in world.admit() {
            match admission.ruling {
                Ruling::NotAsked => {}
                Ruling::Admitted(guard) => prop_assert!(guard.passed),
                Ruling::Held(hold, guard) => {
                    prop_assert!(!guard.passed && !hold.to_string().contains('\n'));
                    if let FleetHold::HourLimit { until, .. } | FleetHold::FailureBreaker { until, .. } = hold {
                        prop_assert!(until > ago(0));
                    }
                }
            }
        }
    }

    #[test]
    fn once_the_hour_has_room_again_what_waited_for_it_acts(world in world()) {
        let waiting = world.admit().into_iter().find_map(|admission| match admission.ruling {
            Ruling::Held(FleetHold::HourLimit { until, .. }, _) => Some((admission.target, until)),
            Ruling::NotAsked | Ruling::Admitted(_) | Ruling::Held(..) => None,
        });
        if let Some((id, until)) = waiting {
            let mut alone = world.clone();
            // Nothing else happens meanwhile: what was admitted is made, and the others want nothing any more.
            let by = until - ago(0);
            let admitted: BTreeSet<String> = ids(world.admitted());
            for target in &mut alone.targets {
                if admitted.contains(target.id.as_str()) {
                    let (from, to) = (target.shards, target.to.unwrap());
                    let done = AttemptOutcome::Completed { at: ago(0) };
                    target.attempts.push(attempt(ago(0), from, to, done));
                }
                if target.id != id {
                    target.to = None;
                }
                for attempt in &mut target.attempts {
                    attempt.at -= by;
                }
            }
            alone.limits = generous();
            alone.limits.max_changes_per_hour = world.limits.max_changes_per_hour;
            prop_assert!(ids(alone.admitted()).contains(id.as_str()), "{:?}", alone.told());
        }
    }
}
