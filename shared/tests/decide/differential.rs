//! `decide` against the rules restated, over random worlds.

use std::collections::BTreeSet;

use clusterwarden::reshard::{Decision, Observation, decide};
use proptest::{collection::vec, prelude::*};

use crate::{
    monotone::{loss, without},
    properties::many,
    restated::{Expected, expected},
    world::{World, skewed_world, world},
};

/// The text's reason behind a code that says more: why a load is not known, or why a cooldown runs.
fn plain(code: &'static str) -> &'static str {
    match code {
        "settling" => "no_fresh_load",
        "newly_seen" => "cooling_down",
        other => other,
    }
}

fn compare(world: &World, seen: &Observation) -> Result<(), TestCaseError> {
    let verdict = decide(&world.policy, seen);
    let expected = expected(&world.policy, seen);
    match (&verdict.decision, &expected) {
        (Decision::Hold(hold), Expected::Hold(reasons)) => {
            prop_assert!(
                reasons.contains(plain(hold.code())),
                "{} is none of {:?}",
                verdict.sentence,
                reasons
            );
        }
        (Decision::Reshard(reshard), Expected::Change(from, to, removed)) => {
            let ids: BTreeSet<String> = reshard.remove.iter().map(ToString::to_string).collect();
            prop_assert_eq!((&reshard.from, &reshard.to, &ids), (from, to, removed));
        }
        (Decision::Hold(_), Expected::Change(..)) | (Decision::Reshard(_), Expected::Hold(_)) => {
            prop_assert!(false, "{} instead of {:?}", verdict.sentence, expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn the_rules_restated_decide_the_same(world in world()) {
        compare(&world, &world.seen())?;
    }

    #[test]
    fn the_rules_restated_decide_the_same_of_a_hot_shard(world in skewed_world()) {
        compare(&world, &world.seen())?;
    }

    #[test]
    fn the_rules_restated_decide_the_same_of_what_is_left(world in world(), losses in vec(loss(), 1..4)) {
        let less = losses.iter().fold(world.seen(), |less, loss| without(&less, loss));
        compare(&world, &less)?;
    }
}
