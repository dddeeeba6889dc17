//! One hot shard: a rebalance where slots are uneven, one shard more where they are not, and no ratchet.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    cluster::Activity,
    journal::{AttemptOutcome, Journal},
    reshard::{Decision, Verdict, decide},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    monotone::carried_out,
    properties::{change, kind, many},
    support::{self, build},
    world::skewed_world,
};

const TARGET: f64 = 60.0;

/// A group that is looked at every forty minutes, and in which everything that is asked for happens.
struct Life {
    now: DateTime<Utc>,
    shards: u32,
    journal: Journal,
}

impl Life {
    fn of(shards: u32) -> Self {
        let now = build::now();
        let (_, seen) = support::read(&format!("shards = {shards}"));
        let journal = seen.journal;
        Self {
            now,
            shards,
            journal,
        }
    }

    /// Decides about these loads, and does it.
    fn look(&mut self, loads: &[f64]) -> Verdict {
        let scenario = format!(
            "at = \"{}\"\nshards = {}\ncpu = {loads:?}\npolicy.max_shards = 40",
            self.now.to_rfc3339(),
            self.shards
        );
        let (policy, mut seen) = support::read(&scenario);
        seen.journal.clone_from(&self.journal);
        let verdict = decide(&policy, &seen);
        if let Decision::Reshard(reshard) = &verdict.decision {
            let busy = Activity::Changing {
                what: "replication group orders".to_owned(),
                status: "modifying".to_owned(),
            };
            let hot = verdict.hot.clone().filter(|_| reshard.to > reshard.from);
            self.journal = self
                .journal
                .asking(self.now, reshard.from, reshard.to, reshard.remove.clone())
                .because_of(hot)
                .answered(AttemptOutcome::Accepted)
                .sighted(self.now + TimeDelta::minutes(2), reshard.from, &busy)
                .sighted(
                    self.now + TimeDelta::minutes(9),
                    reshard.to,
                    &Activity::Idle,
                );
            self.shards = reshard.to;
        }
        // Longer than the window, so that every load is one of the shards that there are.
        self.now += TimeDelta::minutes(51);
        verdict
    }

    /// The others' load, spread over the shards that are not hot.
    fn loads(&self, hot: &[f64], others: f64) -> Vec<f64> {
        let rest = usize::try_from(self.shards).unwrap() - hot.len();
        let each = others / f64::from(u32::try_from(rest).unwrap());
        let rest = vec![each; rest];
        [hot, &rest].concat()
    }
}

/// Shards for all of the load, if the hot shards carried what the others do.
fn for_the_rest(shards: u32, hot: usize, others: f64) -> u32 {
    let cool = f64::from(shards - u32::try_from(hot).unwrap());
    let all = others / cool * f64::from(shards);
    (1..)
        .find(|count| f64::from(*count) * TARGET >= all)
        .unwrap()
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn a_rebalance_moves_uneven_slots_and_nothing_else(world in skewed_world()) {
        let seen = world.seen();
        let verdict = decide(&world.policy, &seen);
        let Some(reshard) = change(&verdict).filter(|reshard| reshard.kind() == "rebalance") else { return Ok(()) };
        let group = seen.group.as_ref().unwrap();
        prop_assert_eq!((reshard.from, reshard.to), (group.shard_count(), group.shard_count()));
        prop_assert!(reshard.remove.is_empty() && reshard.zones.is_empty());
        prop_assert!(world.policy.skew.rebalance);
        let even = 16_384.0 / f64::from(reshard.to);
        let off = |slots: u32| (f64::from(slots) - even).abs() / even * 100.0;
        let most = group.shards.iter().map(|shard| off(shard.slots.unwrap())).fold(0.0, f64::max);
        prop_assert!(most > world.policy.skew.slot_spread_percent);
        // Once carried out it is not asked for again: not where the load is as predicted, not where nothing of it came true,
        // and not by somebody who does not know of it.
        for later in [None, Some(TimeDelta::minutes(61))] {
            let again = decide(&world.policy, &carried_out(&world, &reshard, later));
            prop_assert!(kind(&again) != "rebalance", "{}", again.sentence);
        }
        let mut even = seen.clone();
        let shards = reshard.to;
        for (index, shard) in (0..).zip(&mut even.group.as_mut().unwrap().shards) {
            shard.slots = Some(build::even_slots(index, shards));
        }
        prop_assert!(kind(&decide(&world.policy, &even)) != "rebalance");
    }

    #[test]
    fn a_hot_shard_with_even_slots_is_never_rebalanced(mut world in skewed_world()) {
        world.policy.skew.rebalance = false;
        prop_assert!(kind(&decide(&world.policy, &world.seen())) != "rebalance");
    }

}

proptest! {
    // Each case is a day of looks.
    #![proptest_config(ProptestConfig { cases: 100, ..many() })]

    /// One key is hot, and stays so: at most one growth is spent on it, whatever its load does within a few percent.
    #[test]
    fn a_hot_shard_does_not_ratchet(
        shards in 2..7_u32,
        heat in 66.0..95.0_f64,
        others in 1.0..200.0_f64,
        noise in vec(0.96..1.04_f64, 14),
    ) {
        let mut life = Life::of(shards);
        let mut tried = false;
        for (look, noise) in noise.into_iter().enumerate() {
            let (before, loads) = (life.shards, life.loads(&[heat * noise], others));
            let verdict = life.look(&loads);
            if life.shards > before {
                let rest = for_the_rest(before, 1, others);
                prop_assert!(!tried || rest > before, "look {}: {}", look, verdict.sentence);
                tried |= verdict.hot.is_some();
            }
        }
    }

    /// Two keys are hot, and take turns in being the hotter one: at most a growth for each.
    #[test]
    fn hot_shards_that_take_turns_do_not_ratchet(
        shards in 4..8_u32,
        heat in 80.0..95.0_f64,
        others in 1.0..60.0_f64,
        noise in vec((0.97..1.03_f64, 0.97..1.03_f64), 14),
    ) {
        let mut life = Life::of(shards);
        let mut growths = 0;
        let mut last = String::new();
        for (one, other) in noise {
            let before = life.shards;
            let loads = life.loads(&[heat * one, heat * other], others);
            let verdict = life.look(&loads);
            growths += u32::from(life.shards > before && verdict.hot.is_some());
            last = verdict.sentence;
        }
        prop_assert!(growths <= 2, "{} growths, then: {}", growths, last);
    }
}

/// Otherwise the properties above would be empty.
#[test]
fn skewed_worlds_know_all_three_answers() {
    let seen = std::cell::RefCell::new([0_u32; 3]);
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(many(), seed)
        .run(&skewed_world(), |world| {
            let verdict = decide(&world.policy, &world.seen());
            let answers = [
                kind(&verdict) == "rebalance",
                kind(&verdict) == "scale_out" && verdict.demand.hot.is_some(),
                kind(&verdict) == "hot_shard",
            ];
            for (count, answer) in seen.borrow_mut().iter_mut().zip(answers) {
                *count += u32::from(answer);
            }
            Ok(())
        })
        .unwrap();
    let seen = seen.into_inner();
    assert!(seen.iter().all(|count| *count >= 10), "{seen:?}");
}
