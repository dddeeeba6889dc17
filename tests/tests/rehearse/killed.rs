//! Killed at every call, just before AWS hears of it and just after AWS has done it: a cleaning finds what is left.

use crate::{
    way::{Fate, Way},
    world::{COARSE, RUN, World},
};

async fn calls_of_a_whole_run() -> usize {
    let world = World::new(COARSE);
    let way = world.way(|_, _| Fate::Serve);
    world.run_over(&way).await;
    way.calls()
}

/// A way on which the caller dies at its call of this number.
fn dying(world: &World, number: usize, fate: Fate) -> Way {
    world.way(move |call, _| if call == number { fate } else { Fate::Serve })
}

#[tokio::test]
async fn killed_at_any_call_a_cleaning_leaves_nothing() {
    let calls = calls_of_a_whole_run().await;
    assert!(calls > 40, "{calls}");
    let mut found = 0;
    for number in 0..calls {
        for fate in [Fate::DieBefore, Fate::DieAfter] {
            let why = format!("killed at call {number}, {fate:?}");
            let world = World::new(COARSE);
            assert_eq!(
                world.run_over(&dying(&world, number, fate)).await,
                None,
                "{why}"
            );
            found += world.left().len();
            let cleaned = world.clean().await;
            assert_eq!(cleaned.left, [], "{why}");
            assert_eq!(cleaned.others, [crate::world::FOREIGN], "{why}");
            world.assert_clean(&why);
            assert!(world.calls("CreateReplicationGroup").len() <= 1, "{why}");
        }
    }
    assert!(
        found > calls,
        "most of these deaths left a group: {found} of {}",
        2 * calls
    );
}

#[tokio::test]
async fn killed_and_cleaned_by_a_cleaning_that_is_killed_too_the_next_one_leaves_nothing() {
    let calls = calls_of_a_whole_run().await;
    for number in (0..calls).step_by(11) {
        for second in 0..8 {
            let why = format!("killed at call {number}, the cleaning at its call {second}");
            let world = World::new(COARSE);
            world.run_over(&dying(&world, number, Fate::DieAfter)).await;
            let fate = if second % 2 == 0 {
                Fate::DieBefore
            } else {
                Fate::DieAfter
            };
            world
                .clean_over(&dying(&world, second, fate), Some(RUN))
                .await;
            world.clean().await;
            world.assert_clean(&why);
        }
    }
}

#[tokio::test]
async fn a_cleaning_on_a_bad_line_leaves_nothing() {
    let calls = calls_of_a_whole_run().await;
    for number in (0..calls).step_by(5) {
        let world = World::new(COARSE);
        world.run_over(&dying(&world, number, Fate::DieAfter)).await;
        // Three of four calls go wrong, in all ways.
        let way = world.way(move |call, _| match (call + number) % 8 {
            0 | 1 => Fate::LoseAnswer,
            2 | 3 => Fate::LoseRequest,
            4 => Fate::Refuse(500, "InternalFailure"),
            5 => Fate::Refuse(403, "ExpiredToken"),
            _ => Fate::Serve,
        });
        let cleaned = world.clean_over(&way, None).await.expect("nobody kills it");
        assert!(cleaned.is_ok(), "{cleaned:?}");
        world.assert_clean(&format!("killed at call {number}, cleaned on a bad line"));
    }
}
