use super::*;
use clusterwarden::failover::IntentKind;

use crate::commands::demo::{
    failovers,
    fixture::{
        alarmed, at, change, drill_started, drilled, group, hold, refused, scene, scheduled,
    },
    play::DAY,
};

fn texts(lines: &[Line]) -> Vec<String> {
    lines
        .iter()
        .map(|line| format!("{}{}", line.head(), line.text))
        .collect()
}

#[test]
fn a_hold_is_told_once_until_its_reason_changes() {
    let mut story = Story::new(&scene(), &DAY);
    let mut told = |reason: &str, sentence: &str, minute| {
        let pass = scheduled(vec![hold("orders", reason, sentence)]);
        texts(&story.pass(&pass, at(12, minute)))
    };
    let fits = "12:30  hold       orders: the load fits: 31 %";
    assert_eq!(told("load_fits", "the load fits: 31 %", 30), [fits]);
    assert_eq!(told("load_fits", "the load fits: 32 %", 35), [""; 0]);
    assert_eq!(
        told("paused", "paused", 40),
        ["12:40  hold       orders: paused"]
    );
    assert_eq!(told("load_fits", "the load fits: 31 %", 45).len(), 1);
}

#[test]
fn accepted_changes_tell_why_the_function_woke_and_are_told_each_time() {
    let mut story = Story::new(&scene(), &DAY);
    let out = change("orders", 3, 4, "accepted");
    let lines = story.pass(&alarmed(vec![out.clone()]), at(12, 24));
    let text =
        "12:24  scale out  orders: 3 → 4 shards: so it must be (woken by the alarm, accepted)";
    assert_eq!(texts(&lines), [text]);
    assert_eq!(story.pass(&scheduled(vec![out]), at(12, 25)).len(), 1);
}

#[test]
fn plans_and_failures_say_what_the_function_said() {
    let mut story = Story::new(&scene(), &DAY);
    let note = Some("planned only: the policy says apply = \"none\"".to_owned());
    let planned = Record {
        note,
        ..change("sessions-eu", 3, 2, "planned")
    };
    let failure = Some(serde_json::json!({ "code": "Throttling", "message": "slow down" }));
    let failed = Record {
        failure,
        ..change("orders", 3, 4, "failed")
    };
    let lines = story.pass(&scheduled(vec![planned, failed]), at(12, 25));
    assert_eq!(
        lines.iter().map(|line| line.kind).collect::<Vec<_>>(),
        [Kind::Planned, Kind::Failed]
    );
    assert!(
        lines[0]
            .text
            .ends_with("(planned only: the policy says apply = \"none\")"),
        "{}",
        lines[0].text
    );
    assert!(
        lines[1].text.ends_with("(Throttling: slow down)"),
        "{}",
        lines[1].text
    );
    assert_eq!(story.ledger().failures, ["orders: Throttling: slow down"]);
}

#[test]
fn a_look_tells_alarms_shard_counts_and_the_hour() {
    let first = scene();
    let mut story = Story::new(&first, &DAY);
    assert_eq!(story.look(&first), []);
    let mut next = scene();
    next.at = at(13, 0);
    next.alarms[0].state = StateValue::Ok;
    next.groups[1] = group("sessions-eu", &[20.0, 20.0, 26.0]);
    assert_eq!(
        texts(&story.look(&next)),
        [
            "13:00  alarm      orders-engine-cpu-high: ALARM → OK (threshold 75)",
            "13:00  shards     sessions-eu has 3 shards now, 2 before",
            "13:00  load       orders 4 shards at 54 % (hottest 82 %) · sessions-eu 3 shards at 22 % (hottest 26 %)",
        ]
    );
}

#[test]
fn the_latest_decisions_are_kept_for_the_view() {
    let mut story = Story::new(&scene(), &DAY);
    for minute in 0..5 {
        let pass = scheduled(vec![hold("orders", &format!("reason {minute}"), "held")]);
        story.pass(&pass, at(12, minute));
    }
    let minutes: Vec<u32> = story.recent().iter().map(|line| line.at.minute()).collect();
    assert_eq!(minutes, [2, 3, 4]);
}

#[test]
fn quiet_holds_are_holds_that_the_function_has() {
    for code in QUIET_HOLDS {
        assert!(
            clusterwarden::reshard::Hold::CODES.contains(&code),
            "{code}"
        );
    }
    assert!(hold("orders", "stop_alarm", "stopped").holds_back());
    assert!(!hold("orders", "load_fits", "the load fits").holds_back());
    assert!(!change("orders", 3, 4, "accepted").holds_back());
}

/// What a story tells of these runs of `failover-shard`, each a record and the minute after 14:00.
fn told_of_failovers(records: Vec<(failovers::Record, i64)>) -> Vec<String> {
    let mut story = Story::new(&scene(), &DAY);
    let policy = DAY.policy().unwrap();
    let mut told = Vec::new();
    for (record, minute) in records {
        let pass = Pass {
            cause: Cause::Schedule,
            records: Ok(vec![record]),
        };
        let at = at(14, minute);
        told.extend(texts(&story.failover_pass(
            Job::FailoverShard,
            &pass,
            at,
            &policy,
        )));
    }
    told
}

#[test]
fn a_drill_is_told_when_it_starts_and_when_it_is_measured() {
    let drilled = failovers::Record {
        decision: failovers::Decided {
            reason: Some("nothing_asked".to_owned()),
            ..drilled().decision
        },
        ..drilled()
    };
    assert_eq!(
        told_of_failovers(vec![(drill_started(), 5), (drilled, 20)]),
        [
            "14:05  drill      catalog shard 0001: catalog-0001-001 → catalog-0001-002 after 63 s (objective 120 s)",
            "14:20  drilled    catalog shard 0001: recovered after 12 min 44 s, all available; objective met",
        ]
    );
}

#[test]
fn a_drill_whose_phases_were_not_seen_says_so() {
    let mut record = drilled();
    let report = &mut record.drills[0];
    report.verdict = clusterwarden::failover::DrillVerdict::Incomplete;
    for phase in &mut report.phases {
        (phase.at, phase.seconds) = (None, None);
    }
    let unseen = failovers::Record {
        switched: None,
        outcome: "accepted".to_owned(),
        note: Some("no new primary was seen".to_owned()),
        ..drill_started()
    };
    let told = told_of_failovers(vec![(unseen, 5), (record, 125)]);
    assert_eq!(
        told[..2],
        [
            "14:05  drill      catalog shard 0001: catalog-0001-001 → nobody yet (no new primary was seen) (objective 120 s)",
            "16:05  drilled    catalog shard 0001: recovered: not seen, all available: not seen; objective incomplete",
        ]
    );
}

#[test]
fn a_persons_request_is_answered_each_time_and_other_holds_once() {
    let asked = || refused("sessions-eu", "lagging", Some(IntentKind::Request));
    let waits = || refused("catalog", "drill_waits", None);
    let told = told_of_failovers(vec![(asked(), 0), (asked(), 1), (waits(), 2), (waits(), 3)]);
    assert_eq!(
        told,
        [
            "14:00  refused    sessions-eu: it must not be: lagging (requested, nothing sent)",
            "14:01  refused    sessions-eu: it must not be: lagging (requested, nothing sent)",
            "14:02  hold       catalog: it must not be: drill_waits",
        ]
    );
    let nothing = told_of_failovers(vec![(refused("catalog", "nothing_asked", None), 0)]);
    assert_eq!(nothing, [""; 0]);
    let asked = refused("catalog", "not_available", Some(IntentKind::Request));
    assert_eq!(told_of_failovers(vec![(asked, 0)]).len(), 1);
}
