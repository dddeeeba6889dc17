//! Each rule by an example, with its sentence.

use chrono::TimeDelta;
use clusterwarden::{
    admit::{FleetHold, GUARD, Ruling, stopped},
    journal::{AttemptOutcome, Retry},
    policy::{Apply, Fleet},
    record::Wanted,
    reshard::{Decision, Demand, Guard, Hold, Verdict},
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

fn breaker(percent: f64) -> Fleet {
    Fleet {
        scale_in_breaker_percent: percent,
        ..generous()
    }
}

fn failures(limit: u32) -> Fleet {
    Fleet {
        max_failures_per_hour: limit,
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

#[test]
fn scale_ins_wait_when_more_than_the_percentage_and_at_least_three_want_one() {
    for (shrinking, others, percent, held) in [
        (2, 0, 1.0, false),
        (3, 0, 99.0, true),
        (3, 0, 100.0, false),
        (3, 6, 33.0, true),
        (3, 7, 30.0, false),
        (33, 67, 33.0, false),
        (34, 66, 33.0, true),
    ] {
        let shrinks = (0..shrinking).map(|n| wants(&format!("in-{n:02}"), 4, 3));
        let others = (0..others).map(|n| holds(&format!("other-{n:02}"), 4));
        let world = World::new(breaker(percent), shrinks.chain(others));
        let expected = if held { "scale_in_breaker" } else { "acts" };
        assert_eq!(
            world.told()[0],
            format!("in-00 {expected}"),
            "{shrinking} at {percent}"
        );
    }
}

#[test]
fn the_scale_in_breaker_counts_planned_scale_ins_and_lets_growth_through() {
    let planned = |id| {
        let mut target = wants(id, 4, 3);
        target.apply = Apply::Out;
        target
    };
    let world = World::new(
        breaker(33.0),
        [
            planned("a"),
            planned("b"),
            wants("c", 4, 3),
            wants("d", 3, 4),
        ],
    );
    assert_eq!(
        world.told(),
        ["d acts", "a not_asked", "b not_asked", "c scale_in_breaker"]
    );
    assert_eq!(
        world.why("c"),
        "3 of 4 targets want a scale-in at once, more than 33 %, as after one fault of the metrics"
    );
}

#[test]
fn failed_unchanged_and_partial_attempts_of_the_hour_stop_everything() {
    let at = ago(30);
    let failed = holds("failed", 3).tried([
        attempt(at, 3, 4, refused(Retry::Person)),
        attempt(ago(90), 3, 4, AttemptOutcome::Unchanged { at: ago(10) }),
    ]);
    let partial = holds("partial", 3).tried([
        attempt(
            ago(90),
            4,
            2,
            AttemptOutcome::Partial {
                at: ago(20),
                shards: 3,
            },
        ),
        attempt(ago(60), 3, 4, refused(Retry::Person)),
        attempt(ago(5), 3, 4, refused(Retry::Now)),
        attempt(ago(4), 3, 4, AttemptOutcome::Asked),
    ]);
    let world = |limit| {
        World::new(
            failures(limit),
            [
                failed.clone(),
                partial.clone(),
                wants("a", 3, 4),
                wants("b", 4, 3),
            ],
        )
    };
    assert_eq!(world(4).told()[..2], ["a acts", "b acts"]);
    assert_eq!(
        world(3).told()[..2],
        ["a failure_breaker", "b failure_breaker"]
    );
    assert_eq!(
        world(3).why("a"),
        "3 attempts failed within the hour over all targets (fleet.max_failures_per_hour 3); \
         a person must look; waiting until 10:30 UTC"
    );
}

#[test]
fn failures_of_the_pass_itself_stop_what_comes_after() {
    let failed = |count| {
        let attempts = (0..count).map(|_| attempt(now(), 3, 4, refused(Retry::Person)));
        World::new(failures(2), [holds("a", 3).tried(attempts)])
    };
    let stopped = |count| {
        let world = failed(count);
        stopped(&world.limits, &world.journals(), now())
    };
    assert_eq!(stopped(1), None);
    let Some(Ruling::Held(hold, guard)) = stopped(2) else {
        panic!("not stopped");
    };
    assert_eq!(hold.code(), "failure_breaker");
    assert_eq!(
        (guard.passed, guard.saw.as_str()),
        (false, "2 of 2 failures in an hour")
    );
}

#[test]
fn the_reason_that_a_person_should_know_of_is_told_first() {
    let failed = || holds("z", 3).tried([attempt(ago(1), 3, 4, refused(Retry::Later))]);
    let mut limits = Fleet {
        max_changes_per_pass: 1,
        max_changes_per_hour: 1,
        max_nodes_in_region: 1,
        scale_in_breaker_percent: 1.0,
        max_failures_per_hour: 1,
    };
    let targets = || {
        [
            wants("o", 3, 3),
            wants("g", 3, 4),
            wants("i1", 3, 2),
            wants("i2", 3, 2),
            wants("i3", 3, 2),
            failed(),
        ]
    };
    let mut codes = |change: fn(&mut Fleet)| {
        change(&mut limits);
        World::new(limits.clone(), targets()).told()[..3].join(", ")
    };
    assert_eq!(
        codes(|_| {}),
        "g failure_breaker, o failure_breaker, i1 failure_breaker"
    );
    assert_eq!(
        codes(|limits| limits.max_failures_per_hour = 2),
        "g fleet_node_limit, o acts, i1 scale_in_breaker"
    );
    assert_eq!(
        codes(|limits| limits.max_nodes_in_region = 99),
        "g acts, o fleet_hour_limit, i1 scale_in_breaker"
    );
    assert_eq!(
        codes(|limits| limits.scale_in_breaker_percent = 100.0),
        "g acts, o fleet_hour_limit, i1 fleet_hour_limit"
    );
    assert_eq!(
        codes(|limits| limits.max_changes_per_hour = 2),
        "g acts, o fleet_pass_limit, i1 fleet_pass_limit"
    );
}

fn verdict(decision: Decision) -> Verdict {
    Verdict {
        decision,
        sentence: "3 → 4 shards: engine_cpu needs 4".to_owned(),
        demand: Demand::default(),
        guards: Vec::new(),
        inputs: Vec::new(),
        kept: Vec::new(),
        wants_evidence: false,
    }
}

#[test]
fn a_record_keeps_what_was_wanted_and_the_numbers() {
    let world = World::new(per_pass(1), [wants("a", 3, 4), wants("b", 3, 4)]);
    let mut admissions = world.admit();
    let held = admissions.pop().unwrap().ruling;
    let (held, wanted) = held.apply_to(verdict(world.targets[1].decision()));
    assert_eq!(
        held.sentence,
        "3 → 4 shards wanted, but all changes of this pass are taken (fleet.max_changes_per_pass 1)"
    );
    assert_eq!(
        held.decision,
        Decision::Hold(Hold::Fleet(FleetHold::PassLimit { limit: 1 }))
    );
    let expected = Wanted {
        kind: "scale_out",
        from: 3,
        to: 4,
        sentence: "3 → 4 shards: engine_cpu needs 4".to_owned(),
    };
    assert_eq!(wanted, Some(expected));
    let guard = |passed, saw: &str| Guard {
        name: GUARD,
        passed,
        saw: saw.to_owned(),
    };
    let saw = "change 2 of 1 in this pass and 2 of 1000 in an hour, 16 of 10000 nodes, 0 of 1000 failures";
    assert_eq!(held.guards, [guard(false, saw)]);

    let admitted = admissions.pop().unwrap().ruling;
    let (stands, wanted) = admitted.apply_to(verdict(world.targets[0].decision()));
    assert_eq!(
        (&stands.decision, wanted),
        (&world.targets[0].decision(), None)
    );
    let saw = "change 1 of 1 in this pass and 1 of 1000 in an hour, 14 of 10000 nodes, 0 of 1000 failures";
    assert_eq!(stands.guards, [guard(true, saw)]);
}

#[test]
fn the_record_of_a_scale_in_says_how_many_want_one() {
    let world = World::new(generous(), [wants("a", 3, 2), holds("b", 3)]);
    let Ruling::Admitted(guard) = &world.admit()[0].ruling else {
        panic!("not admitted");
    };
    assert!(
        guard
            .saw
            .ends_with(", scale-in 1 of 500 in an hour, wanted by 1 of 2 targets"),
        "{}",
        guard.saw
    );
}

#[test]
fn what_was_not_asked_stays_as_it_was() {
    let held = verdict(Decision::Hold(Hold::Snapshotting));
    assert_eq!(Ruling::NotAsked.apply_to(held.clone()), (held, None));
}
