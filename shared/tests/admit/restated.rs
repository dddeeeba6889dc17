//! The rules once more, written down from docs/operations.md in the plainest way: choose the next, count everything anew.

use clusterwarden::{journal::AttemptOutcome, policy::Apply};
use proptest::prelude::*;

use crate::{
    properties::many,
    support::{Target, World, now},
    world::world,
};

fn minutes_old(at: chrono::DateTime<chrono::Utc>) -> i64 {
    (now() - at).num_minutes()
}

/// Growth, rebalance, shrinking, holds.
fn class(target: &Target) -> u32 {
    match target.to {
        Some(to) if to > target.shards => 1,
        Some(to) if to == target.shards => 2,
        Some(_) => 3,
        None => 4,
    }
}

/// How much is wanted of what there is; for shrinking how little of it is left. In parts of a common multiple of all counts
/// that random fleets have, so that it is exact.
fn off_by(target: &Target) -> u32 {
    const WHOLE: u32 = 360_360;
    match class(target) {
        1 => WHOLE / target.shards * target.wanted,
        3 => WHOLE - WHOLE / target.shards * target.to.unwrap(),
        _ => 0,
    }
}

/// Whether `a` goes before `b`.
fn before(a: &Target, b: &Target) -> bool {
    if class(a) != class(b) {
        return class(a) < class(b);
    }
    if a.spoken_of != b.spoken_of {
        return a.spoken_of;
    }
    if off_by(a) != off_by(b) {
        return off_by(a) > off_by(b);
    }
    a.id < b.id
}

/// What becomes of the chosen target when these have been admitted before it.
fn ruled(world: &World, target: &Target, admitted: &[&Target]) -> &'static str {
    let limits = &world.limits;
    let allowed = match target.apply {
        Apply::None => false,
        Apply::Out => target.grows(),
        Apply::All => true,
    };
    if !allowed || target.to.is_none() {
        return "not_asked";
    }
    let (mut failed, mut changes, mut shrinks, mut nodes) = (0, 0, 0, 0);
    for other in &world.targets {
        nodes += other.shards * other.nodes_per_shard;
        for attempt in &other.attempts {
            let lately = minutes_old(attempt.at) < 60;
            match &attempt.outcome {
                AttemptOutcome::Refused { retry, .. } => {
                    let busy = *retry == clusterwarden::journal::Retry::Now;
                    failed += u32::from(lately && !busy);
                    continue;
                }
                AttemptOutcome::Unchanged { at } | AttemptOutcome::Partial { at, .. } => {
                    failed += u32::from(minutes_old(*at) < 60);
                }
                AttemptOutcome::Asked
                | AttemptOutcome::Accepted
                | AttemptOutcome::Completed { .. } => {}
            }
            changes += u32::from(lately);
            shrinks += u32::from(lately && attempt.to < attempt.from);
        }
        if let Some(last) = other.attempts.last() {
            let open =
                last.outcome == AttemptOutcome::Asked || last.outcome == AttemptOutcome::Accepted;
            if open && last.to > other.shards {
                nodes += (last.to - other.shards) * other.nodes_per_shard;
            }
        }
    }
    for other in admitted {
        changes += 1;
        shrinks += u32::from(other.shrinks());
        if other.grows() {
            nodes += (other.to.unwrap() - other.shards) * other.nodes_per_shard;
        }
    }
    let wanting = world.targets.iter().filter(|other| other.shrinks()).count();
    let share = u32::try_from(wanting * 100).unwrap();
    let targets = u32::try_from(world.targets.len()).unwrap();
    let half = (limits.max_changes_per_hour / 2).max(1);
    if failed >= limits.max_failures_per_hour {
        "failure_breaker"
    } else if target.shrinks()
        && wanting >= 3
        && f64::from(share) / f64::from(targets) > limits.scale_in_breaker_percent + 1e-9
    {
        "scale_in_breaker"
    } else if target.grows()
        && nodes + (target.to.unwrap() - target.shards) * target.nodes_per_shard
            > limits.max_nodes_in_region
    {
        "fleet_node_limit"
    } else if changes >= limits.max_changes_per_hour || target.shrinks() && shrinks >= half {
        "fleet_hour_limit"
    } else if u32::try_from(admitted.len()).unwrap() >= limits.max_changes_per_pass {
        "fleet_pass_limit"
    } else {
        "acts"
    }
}

fn restated(world: &World) -> Vec<String> {
    let mut waiting: Vec<&Target> = world.targets.iter().collect();
    let (mut admitted, mut told) = (Vec::new(), Vec::new());
    while !waiting.is_empty() {
        let next = (0..waiting.len())
            .find(|&n| !waiting.iter().any(|other| before(other, waiting[n])))
            .unwrap();
        let next = waiting.remove(next);
        let word = ruled(world, next, &admitted);
        if word == "acts" {
            admitted.push(next);
        }
        told.push(format!("{} {word}", next.id));
    }
    told
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn the_plain_rules_say_the_same(world in world()) {
        prop_assert_eq!(world.told(), restated(&world));
    }
}
