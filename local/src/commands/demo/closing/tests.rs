use std::collections::BTreeMap;

use chrono::TimeDelta;
use clusterwarden::failover::IntentKind;

use super::*;
use crate::commands::demo::{
    failovers,
    fixture::{
        alarmed, at, change, drill_started, drilled, group, hold, refused, scene, scheduled,
    },
    function::{Cause, Pass},
    ledger::Ledger,
    measured::Told,
    play::DAY,
    readback::{Sent, Services},
    scene::{GroupScene, Scene},
};

/// A day in which `orders` went from four shards to five for an alarm and back on schedule, with one hold.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(&scene());
    ledger.enter(
        &alarmed(vec![change("orders", 4, 5, "accepted")]),
        at(12, 24),
    );
    ledger.enter(
        &scheduled(vec![hold(
            "sessions-eu",
            "evicting",
            "no scale-in while keys are evicted",
        )]),
        at(13, 0),
    );
    ledger.enter(
        &scheduled(vec![change("orders", 5, 4, "accepted")]),
        at(19, 25),
    );
    let job = Job::FailoverShard;
    ledger.enter_failovers(
        job,
        &failing_over(Cause::Schedule, drill_started()),
        at(14, 5),
    );
    ledger.enter_failovers(job, &failing_over(Cause::Measuring, drilled()), at(14, 20));
    let lags = refused("sessions-eu", "lagging", Some(IntentKind::Request));
    ledger.enter_failovers(job, &failing_over(Cause::Request, lags), at(16, 0));
    let foreign = refused("checkout-aurora", "not_neptune", None);
    ledger.enter_failovers(
        Job::FailoverDbCluster,
        &failing_over(Cause::Schedule, foreign),
        at(5, 5),
    );
    for (minute, whole) in [(4, true), (6, false), (17, false), (18, true)] {
        let catalog = GroupScene {
            whole,
            ..group("catalog", &[10.0])
        };
        ledger.see(&Scene {
            at: at(14, minute),
            groups: vec![catalog],
            alarms: Vec::new(),
        });
    }
    ledger
}

fn failing_over(cause: Cause, record: failovers::Record) -> Pass<failovers::Record> {
    Pass {
        cause,
        records: Ok(vec![record]),
    }
}

fn seen(orders: u32, sessions: u32) -> BTreeMap<String, u32> {
    BTreeMap::from([
        ("orders".to_owned(), orders),
        ("sessions-eu".to_owned(), sessions),
    ])
}

/// What the services say of the failovers in [`ledger`].
fn services() -> Services {
    let after = |seconds| at(14, 5) + TimeDelta::seconds(seconds);
    Services {
        told: vec![Told {
            called: Some(at(14, 5)),
            completed: Some((after(63), "catalog-0001-002".to_owned())),
            recovery_started: Some(after(146)),
            recovery_finished: Some(after(764)),
        }],
        sent: vec![Sent {
            operation: "TestFailover".to_owned(),
            target: "catalog".to_owned(),
        }],
    }
}

fn evidence<'a>(
    ledger: &'a Ledger,
    seen: &'a BTreeMap<String, u32>,
    services: &'a Services,
) -> Evidence<'a> {
    Evidence {
        ledger,
        seen,
        services,
        evicted: 0.0,
    }
}

fn missing(ledger: Ledger, seen: &BTreeMap<String, u32>) -> Vec<String> {
    missing_beside(ledger, seen, &services())
}

fn missing_beside(
    ledger: Ledger,
    seen: &BTreeMap<String, u32>,
    services: &Services,
) -> Vec<String> {
    let closing = Closing::new(&DAY, evidence(&ledger, seen, services), at(23, 30));
    let missing = closing.missing(&(DAY.claim)(&closing.evidence));
    assert_eq!(closing.holds(), missing.is_empty());
    missing
}

#[test]
fn a_day_that_shows_everything_and_matches_holds() {
    let seen = seen(4, 2);
    let (ledger, services) = (ledger(), services());
    let closing = Closing::new(&DAY, evidence(&ledger, &seen, &services), at(23, 30));
    assert!(closing.holds());
    let text = closing.to_string();
    for line in [
        "The play is over: 11 h 00 min of virtual time. reshard ran 3 times: 2 on schedule, 1 for an alarm.",
        "failover-shard ran 3 times: 1 on schedule, 1 to measure a drill, 1 on request.",
        "failover-db-cluster ran 1 time: 1 on schedule.",
        "orders            4  → 5 at 12:24, → 4 at 19:25                        4  4, a match",
        "sessions-eu       2  none                                              2  2, a match",
        "An alarm scaled out:    12:24 orders from 4 to 5 shards (orders-engine-cpu-high)",
        "The schedule scaled in: 19:25 orders from 5 to 4 shards",
        "A hold said why:        13:00 sessions-eu: no scale-in while keys are evicted",
        "catalog shard 0001    accepted            14:05:00          0 s  a match",
        "catalog-0001-001 →    failover completed  14:06:03         63 s  a match",
        "objective 120 s: met  recovery finished   14:17:44  12 min 44 s  a match",
        "                      available           14:17:44  12 min 44 s  a match, as seen",
        "What was decided is what ElastiCache has, and what was measured is what its events say.",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nis not in\n{text}"
        );
    }
}

#[test]
fn a_shard_count_that_nobody_decided_does_not_hold() {
    assert_eq!(
        missing(ledger(), &seen(5, 2)),
        ["orders: the decisions led to 4, ElastiCache says 5"]
    );
    let gone = BTreeMap::from([("orders".to_owned(), 4), ("other".to_owned(), 1)]);
    assert_eq!(
        missing(ledger(), &gone),
        [
            "sessions-eu: the decisions led to 2, ElastiCache says nothing",
            "other was not there at the start"
        ]
    );
}

#[test]
fn what_the_day_did_not_show_is_named() {
    let empty = Ledger::new(&scene());
    let said = missing(empty.clone(), &seen(4, 2));
    assert_eq!(said.len(), 6, "{said:?}");
    // A plan, a scale-in for an alarm and a scale-out on schedule are not what must be shown.
    let mut other = empty;
    other.enter(
        &scheduled(vec![change("orders", 4, 5, "accepted")]),
        at(9, 0),
    );
    other.enter(
        &alarmed(vec![
            change("orders", 5, 4, "accepted"),
            change("sessions-eu", 2, 3, "planned"),
        ]),
        at(9, 30),
    );
    other.enter(
        &scheduled(vec![hold("orders", "load_fits", "the load fits")]),
        at(10, 0),
    );
    assert_eq!(missing(other, &seen(4, 2)), said);
}

#[test]
fn a_phase_that_the_events_tell_otherwise_does_not_hold() {
    let mut services = services();
    services.told[0].recovery_started = None;
    let late = at(14, 30);
    services.told[0].completed = Some((late, "catalog-0001-002".to_owned()));
    assert_eq!(
        missing_beside(ledger(), &seen(4, 2), &services),
        [
            "catalog shard 0001: failover completed is reported at 14:06:03, the events say 14:30:00",
            "catalog shard 0001: recovery started is reported at 14:07:26, the events say nothing",
        ]
    );
}

#[test]
fn a_group_that_is_whole_later_than_reported_does_not_hold() {
    let mut ledger = ledger();
    for scene in &mut ledger.scenes {
        for group in &mut scene.groups {
            group.whole &= scene.at != at(14, 18);
        }
    }
    let said = missing(ledger, &seen(4, 2));
    assert_eq!(
        said,
        ["catalog shard 0001: available is reported at 14:17:44, the events say nothing"]
    );
}

#[test]
fn a_drill_reported_twice_or_never_and_a_call_about_what_was_refused_do_not_hold() {
    let job = Job::FailoverShard;
    let mut twice = ledger();
    twice.enter_failovers(job, &failing_over(Cause::Measuring, drilled()), at(14, 25));
    let mut services = services();
    services.told.push(services.told[0].clone());
    let said = missing_beside(twice, &seen(4, 2), &services);
    assert_eq!(
        said,
        ["the drill of catalog shard 0001 was reported 2 times, not once"]
    );

    let mut never = ledger();
    let again = failovers::Record {
        decision: failovers::Decided {
            unit: Some("0002".to_owned()),
            ..drill_started().decision
        },
        ..drill_started()
    };
    never.enter_failovers(job, &failing_over(Cause::Schedule, again), at(15, 5));
    assert_eq!(
        missing(never, &seen(4, 2)),
        ["the drill of catalog shard 0002 was reported 0 times, not once"]
    );

    let mut sent = self::services();
    sent.sent[0].target = "sessions-eu".to_owned();
    assert_eq!(
        missing_beside(ledger(), &seen(4, 2), &sent),
        ["no request of a person was refused without anything being sent"]
    );
}

#[test]
fn a_failed_run_does_not_hold() {
    let mut ledger = ledger();
    ledger.enter(
        &Pass {
            cause: Cause::Schedule,
            records: Err("Runtime.ExitError: gone".to_owned()),
        },
        at(20, 0),
    );
    assert_eq!(
        missing(ledger, &seen(4, 2)),
        ["1 failure, the first: Runtime.ExitError: gone"]
    );
}
