//! Random fleets, small enough that every limit bites often.

use chrono::TimeDelta;
use clusterwarden::{
    cluster::ReplicationGroupId,
    journal::{Attempt, AttemptOutcome, Retry},
    policy::{Apply, Fleet},
};
use proptest::prelude::*;

use crate::support::{Target, World, ago, attempt, now, refused};

fn outcome() -> impl Strategy<Value = AttemptOutcome> {
    let ended = -5_i64..90;
    prop_oneof![
        Just(AttemptOutcome::Asked),
        Just(AttemptOutcome::Accepted),
        Just(refused(Retry::Now)),
        Just(refused(Retry::Later)),
        Just(refused(Retry::Person)),
        ended
            .clone()
            .prop_map(|minutes| AttemptOutcome::Completed { at: ago(minutes) }),
        ended
            .clone()
            .prop_map(|minutes| AttemptOutcome::Unchanged { at: ago(minutes) }),
        ended.prop_map(|minutes| AttemptOutcome::Partial {
            at: ago(minutes),
            shards: 3
        }),
    ]
}

fn tried() -> impl Strategy<Value = Attempt> {
    (-5_i64..90, 1_u32..6, 1_u32..6, outcome()).prop_map(|(minutes, from, to, outcome)| {
        attempt(now() - TimeDelta::minutes(minutes), from, to, outcome)
    })
}

prop_compose! {
    fn target()(
        shards in 1_u32..6,
        nodes_per_shard in 1_u32..4,
        to in prop::option::weighted(0.8, 1_u32..9),
        lacking in 0_u32..5,
        spoken_of in prop::bool::weighted(0.2),
        apply in prop_oneof![1 => Just(Apply::None), 1 => Just(Apply::Out), 6 => Just(Apply::All)],
        attempts in prop::collection::vec(tried(), 0..3),
    ) -> Target {
        Target {
            id: ReplicationGroupId::new("unnamed"),
            shards,
            nodes_per_shard,
            to,
            wanted: to.unwrap_or(shards) + lacking,
            spoken_of,
            apply,
            attempts,
        }
    }
}

prop_compose! {
    fn limits()(
        max_changes_per_pass in 1_u32..6,
        max_changes_per_hour in 1_u32..20,
        max_nodes_in_region in 10_u32..150,
        percent in 1_u32..=100,
        max_failures_per_hour in 1_u32..12,
    ) -> Fleet {
        Fleet {
            max_changes_per_pass,
            max_changes_per_hour,
            max_nodes_in_region,
            scale_in_breaker_percent: f64::from(percent),
            max_failures_per_hour,
            ..Fleet::default()
        }
    }
}

prop_compose! {
    /// A fleet of up to nine targets.
    pub(crate) fn world()(
        limits in limits(),
        targets in prop::collection::vec(target(), 0..10),
    ) -> World {
        let named = targets.into_iter().enumerate().map(|(n, target)| Target {
            id: ReplicationGroupId::new(&format!("group-{n}")),
            ..target
        });
        World::new(limits, named)
    }
}
