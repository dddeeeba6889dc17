//! The two breakers by examples, which reason is told, and what a record keeps.

use clusterwarden::{
    admit::{FleetHold, GUARD, Ruling, stopped},
    journal::{AttemptOutcome, Retry},
    policy::{Apply, Fleet},
    record::Wanted,
    reshard::{Decision, Demand, Guard, Hold, Verdict},
};

use crate::support::{World, ago, attempt, generous, holds, now, refused, wants};

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
        ..Fleet::default()
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
        hot: None,
    }
}

#[test]
fn a_record_keeps_what_was_wanted_and_the_numbers() {
    let world = World::new(
        Fleet {
            max_changes_per_pass: 1,
            ..generous()
        },
        [wants("a", 3, 4), wants("b", 3, 4)],
    );
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
