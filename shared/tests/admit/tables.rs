//! The order and each limit by an example, with its sentence.

use chrono::TimeDelta;
use clusterwarden::{
    journal::{AttemptOutcome, Retry},
    policy::{Apply, Fleet},
};

use crate::support::{World, ago, attempt, generous, holds, now, refused, wants};

fn per_pass(limit: u32) -> Fleet {
    Fleet {
        max_changes_per_pass: limit,
        ..generous()
    }
}

fn per_hour(limit: u32) -> Fleet {
    Fleet {
        max_changes_per_hour: limit,
        ..generous()
    }
}

fn nodes(limit: u32) -> Fleet {
    Fleet {
        max_nodes_in_region: limit,
        ..generous()
    }
}

#[test]
fn growth_goes_first_then_what_the_trigger_speaks_of_then_what_lacks_most_then_the_id() {
    let mut lacks_most = wants("lacks-most", 3, 4);
    lacks_most.wanted = 9;
    let mut spoken = wants("spoken-of", 10, 11);
    spoken.spoken_of = true;
    let mut spoken_shrink = wants("spoken-shrink", 4, 3);
    spoken_shrink.spoken_of = true;
    let mut spoken_hold = holds("spoken-hold", 3);
    spoken_hold.spoken_of = true;
    let world = World::new(
        generous(),
        [
            spoken_hold,
            holds("a-hold", 3),
            wants("halves", 4, 2),
            wants("shrinks", 4, 3),
            spoken_shrink,
            wants("moves-slots", 4, 4),
            wants("grows-b", 5, 6),
            wants("grows-a", 5, 6),
            lacks_most,
            spoken,
        ],
    );
    assert_eq!(
        world.told(),
        [
            "spoken-of acts",
            "lacks-most acts",
            "grows-a acts",
            "grows-b acts",
            "moves-slots acts",
            "spoken-shrink acts",
            "halves acts",
            "shrinks acts",
            "spoken-hold not_asked",
            "a-hold not_asked",
        ]
    );
}

#[test]
fn a_pass_makes_no_more_changes_than_its_limit() {
    let world = World::new(per_pass(2), ["a", "b", "c", "d"].map(|id| wants(id, 3, 4)));
    assert_eq!(
        world.told(),
        [
            "a acts",
            "b acts",
            "c fleet_pass_limit",
            "d fleet_pass_limit"
        ]
    );
    assert_eq!(
        world.why("c"),
        "all changes of this pass are taken (fleet.max_changes_per_pass 2)"
    );
}

#[test]
fn a_scale_in_never_takes_the_place_of_a_growth_even_if_the_trigger_speaks_of_it() {
    let mut shrinks = wants("a", 4, 3);
    shrinks.spoken_of = true;
    let world = World::new(per_pass(1), [shrinks, wants("z", 3, 4)]);
    assert_eq!(world.told(), ["z acts", "a fleet_pass_limit"]);
}

#[test]
fn a_change_that_is_only_planned_takes_nobodys_place() {
    let mut none = wants("a", 3, 9);
    none.apply = Apply::None;
    let mut out = wants("b", 4, 3);
    out.apply = Apply::Out;
    let mut may = wants("c", 3, 4);
    may.apply = Apply::Out;
    let world = World::new(
        Fleet {
            max_changes_per_hour: 1,
            max_nodes_in_region: 26,
            ..per_pass(1)
        },
        [none, out, may, wants("d", 2, 1)],
    );
    assert_eq!(
        world.told(),
        ["a not_asked", "c acts", "d fleet_hour_limit", "b not_asked"]
    );
}

#[test]
fn an_hour_counts_what_was_sent_and_not_refused_by_all_targets() {
    let done = |minutes| {
        let at = ago(minutes);
        attempt(at, 3, 4, AttemptOutcome::Completed { at })
    };
    let earlier = holds("earlier", 3).tried([done(60), done(59)]);
    let other = holds("other", 3).tried([
        attempt(ago(40), 3, 4, AttemptOutcome::Accepted),
        attempt(ago(20), 3, 4, refused(Retry::Now)),
        attempt(ago(20), 3, 4, refused(Retry::Later)),
    ]);
    let told = |limit| {
        World::new(
            per_hour(limit),
            [
                earlier.clone(),
                other.clone(),
                wants("a", 3, 4),
                wants("b", 3, 4),
            ],
        )
    };
    assert_eq!(told(4).told()[..2], ["a acts", "b acts"]);
    assert_eq!(told(3).told()[..2], ["a acts", "b fleet_hour_limit"]);
    assert_eq!(
        told(2).told()[..2],
        ["a fleet_hour_limit", "b fleet_hour_limit"]
    );
    assert_eq!(
        told(2).why("a"),
        "2 changes are made within the hour, 2 is the most (fleet.max_changes_per_hour); waiting until 10:01 UTC"
    );
    assert_eq!(
        told(3).why("b"),
        "3 changes are made within the hour, 3 is the most (fleet.max_changes_per_hour); waiting until 10:01 UTC"
    );
}

#[test]
fn what_is_asked_for_and_unanswered_counts_as_made_and_so_does_what_lies_in_the_future() {
    for at in [ago(5), now() + TimeDelta::minutes(5)] {
        let open = holds("open", 3).tried([attempt(at, 3, 4, AttemptOutcome::Asked)]);
        let world = World::new(per_hour(1), [open, wants("a", 3, 4)]);
        assert_eq!(world.told()[0], "a fleet_hour_limit");
    }
}

#[test]
fn scale_ins_leave_half_of_an_hours_changes_to_growth() {
    let shrunk = |minutes| attempt(ago(minutes), 4, 3, AttemptOutcome::Accepted);
    let earlier = holds("earlier", 3).tried([shrunk(50), shrunk(30)]);
    let world = |limit| {
        World::new(
            per_hour(limit),
            [
                earlier.clone(),
                wants("a", 4, 3),
                wants("b", 4, 3),
                wants("c", 3, 4),
            ],
        )
    };
    assert_eq!(
        world(6).told()[..3],
        ["c acts", "a acts", "b fleet_hour_limit"]
    );
    assert_eq!(
        world(6).why("b"),
        "3 scale-ins are made within the hour, 3 is the most \
         (fleet.max_changes_per_hour, half of them at the most to shrink); waiting until 10:10 UTC"
    );
    let alone = World::new(per_hour(1), [wants("a", 4, 3), wants("b", 4, 3)]);
    assert_eq!(alone.told(), ["a acts", "b fleet_hour_limit"]);
}

#[test]
fn growth_that_does_not_fit_the_regions_nodes_waits_and_smaller_growth_goes() {
    // 6 + 6 + 4 nodes there are.
    let mut big = wants("big", 3, 6);
    big.spoken_of = true;
    let world = World::new(nodes(20), [big, wants("small", 3, 4), wants("gone", 2, 1)]);
    assert_eq!(
        world.told(),
        ["big fleet_node_limit", "small acts", "gone acts"]
    );
    assert_eq!(
        world.why("big"),
        "the Region's 16 nodes and 6 more are over fleet.max_nodes_in_region 20"
    );
    let growing = [wants("a", 3, 4), wants("b", 3, 4), wants("c", 3, 4)];
    let world = World::new(nodes(22), growing);
    assert_eq!(
        world.told(),
        ["a acts", "b acts", "c fleet_node_limit"],
        "growth admitted so far counts"
    );
}

#[test]
fn nodes_that_growth_under_way_will_add_are_there_already() {
    let open = |to| attempt(ago(10), 3, to, AttemptOutcome::Accepted);
    let world = |shards| {
        let growing = holds("growing", shards).tried([open(5)]);
        World::new(nodes(18), [growing, wants("a", 3, 4)])
    };
    // 6 + 6 nodes, 4 to come, 2 wanted; then the same with one of the two new shards in sight.
    assert_eq!(world(3).told()[0], "a acts");
    assert_eq!(world(4).told()[0], "a acts");
    let mut tight = world(3);
    tight.limits.max_nodes_in_region = 17;
    assert_eq!(tight.told()[0], "a fleet_node_limit");
    assert_eq!(
        tight.why("a"),
        "the Region's 16 nodes and 2 more are over fleet.max_nodes_in_region 17"
    );
}

#[test]
fn a_region_over_its_nodes_still_shrinks_and_rebalances() {
    let world = World::new(nodes(1), [wants("a", 4, 3), wants("b", 4, 4)]);
    assert_eq!(world.told(), ["b acts", "a acts"]);
}
