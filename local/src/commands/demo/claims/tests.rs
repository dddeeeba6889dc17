use super::*;
use crate::commands::demo::{fixture::scene, play::PLAYS};

#[test]
fn no_claim_holds_of_a_play_in_which_nothing_happened() {
    let ledger = Ledger::new(&scene());
    let seen = BTreeMap::new();
    let evidence = Evidence {
        ledger: &ledger,
        seen: &seen,
        evicted: 0.0,
    };
    for play in &PLAYS {
        let points = (play.claim)(&evidence);
        assert!(
            points
                .iter()
                .any(|point| matches!(point, Point::Missing(_))),
            "{}: {points:?}",
            play.name
        );
    }
}
