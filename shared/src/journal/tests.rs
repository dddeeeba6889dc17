//! Tests of the journal.

mod formats;

use std::collections::BTreeMap;

use super::*;
use crate::failover::{FailoverOutcome, IntentKind};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn changing() -> Activity {
    Activity::Changing {
        what: "replication group orders".into(),
        status: "modifying".into(),
    }
}

#[test]
fn a_change_is_dated_by_its_completion_whoever_made_it() {
    let seen = Journal::default()
        .sighted(at(0), 3, &Activity::Idle)
        .sighted(at(5), 4, &changing());
    assert_eq!(seen.last_change, None);
    let seen = seen.sighted(at(35), 4, &Activity::Idle);
    assert_eq!(
        seen.last_change,
        Some(Change {
            at: at(35),
            from: Some(3),
            to: 4,
            ours: false
        })
    );
    assert_eq!(seen, seen.sighted(at(40), 4, &Activity::Idle));
}

#[test]
fn an_attempt_ends_completed_unchanged_or_partial() {
    let asked = Journal::default()
        .sighted(at(0), 5, &Activity::Idle)
        .asking(at(1), 5, 3, vec![]);
    let accepted = asked
        .answered(AttemptOutcome::Accepted)
        .sighted(at(2), 5, &changing());
    let end = |shards| {
        accepted.sighted(at(30), shards, &Activity::Idle).attempts[0]
            .outcome
            .clone()
    };
    assert_eq!(end(3), AttemptOutcome::Completed { at: at(30) });
    assert_eq!(end(5), AttemptOutcome::Unchanged { at: at(30) });
    assert_eq!(
        end(4),
        AttemptOutcome::Partial {
            at: at(30),
            shards: 4
        }
    );
}

#[test]
fn a_change_that_is_not_visible_yet_stays_open() {
    let asked = Journal::default()
        .sighted(at(0), 3, &Activity::Idle)
        .asking(at(1), 3, 4, vec![]);
    assert!(
        asked
            .sighted(at(2), 3, &Activity::Idle)
            .open_attempt()
            .is_some()
    );
    let given_up = asked.sighted(at(16), 3, &Activity::Idle);
    assert_eq!(
        given_up.attempts[0].outcome,
        AttemptOutcome::Unchanged { at: at(16) }
    );
}

#[test]
fn a_backup_is_not_a_change() {
    let seen = Journal::default().sighted(at(0), 3, &Activity::Idle);
    let after = seen
        .sighted(at(5), 3, &Activity::Snapshotting)
        .sighted(at(10), 3, &Activity::Idle);
    assert_eq!(after.last_change, None);
}

#[test]
fn failures_in_a_row_double_the_hold_up_to_four_hours() {
    let cooldown = Duration::from_secs(600);
    let mut journal = Journal::default();
    for (minute, expected) in [
        (0, 10),
        (100, 20),
        (200, 40),
        (300, 80),
        (400, 160),
        (600, 240),
        (900, 240),
    ] {
        let refused = AttemptOutcome::Refused {
            code: "X".into(),
            retry: Retry::Later,
        };
        journal = journal.asking(at(minute), 3, 4, vec![]).answered(refused);
        assert_eq!(
            journal.backing_off(cooldown, true).unwrap().0,
            at(minute + expected)
        );
    }
    let done = journal
        .asking(at(999), 3, 4, vec![])
        .answered(AttemptOutcome::Completed { at: at(1010) });
    assert_eq!(done.backing_off(cooldown, true), None);
}

fn refused(journal: &Journal, minute: i64, to: u32, retry: Retry) -> Journal {
    let outcome = AttemptOutcome::Refused {
        code: "X".into(),
        retry,
    };
    journal.asking(at(minute), 3, to, vec![]).answered(outcome)
}

#[test]
fn failed_scale_ins_do_not_delay_growth_and_failed_growth_delays_scale_ins() {
    let cooldown = Duration::from_secs(600);
    let shrunk = refused(&Journal::default(), 0, 2, Retry::Later);
    assert_eq!(shrunk.backing_off(cooldown, true), None);
    assert!(shrunk.backing_off(cooldown, false).is_some());
    let grown = refused(&Journal::default(), 0, 4, Retry::Later);
    assert!(grown.backing_off(cooldown, false).is_some());
}

#[test]
fn finding_the_target_busy_does_not_end_a_row_of_failures() {
    let cooldown = Duration::from_secs(600);
    let twice = refused(&Journal::default(), 0, 4, Retry::Later);
    let twice = refused(&twice, 20, 4, Retry::Person);
    let busy = refused(&twice, 30, 4, Retry::Now);
    let (until, failures, _) = busy.backing_off(cooldown, true).unwrap();
    assert_eq!((until, failures), (at(40), 2));
    let only_busy = refused(&Journal::default(), 0, 4, Retry::Now);
    assert_eq!(only_busy.backing_off(cooldown, true), None);
}

#[test]
fn finding_the_target_busy_for_hours_does_not_make_failures_forgotten() {
    let cooldown = Duration::from_secs(600);
    let mut journal = refused(&Journal::default(), 0, 4, Retry::Later);
    for minute in 1..60 {
        journal = refused(&journal, minute, 4, Retry::Now);
    }
    assert_eq!(journal.attempts.len(), ATTEMPTS_KEPT);
    assert!(journal.backing_off(cooldown, true).is_some());
}

#[test]
fn a_look_from_before_the_journals_last_word_is_behind_it() {
    let seen = Journal::default().sighted(at(0), 3, &Activity::Idle);
    let asked = seen.asking(at(10), 3, 4, vec![]);
    assert!(asked.is_ahead_of(at(9)) && !asked.is_ahead_of(at(10)));
    let busy = asked.sighted(at(12), 3, &changing());
    assert!(busy.is_ahead_of(at(11)) && !busy.is_ahead_of(at(12)));
    let settled = busy.sighted(at(40), 4, &Activity::Idle);
    assert!(settled.is_ahead_of(at(39)) && !settled.is_ahead_of(at(41)));
    let wrong_clock = seen.asking(at(10_000), 3, 4, vec![]);
    assert!(!wrong_clock.is_ahead_of(at(10)));
}

#[test]
fn what_others_keep_in_the_item_survives() {
    let text = r#"{"shards":3,"rotations":[{"shard":"0001"}]}"#;
    let journal: Journal = serde_json::from_str(text).unwrap();
    assert_eq!(journal.others["rotations"][0]["shard"], "0001");
    assert!(
        serde_json::to_string(&journal)
            .unwrap()
            .contains("rotations")
    );
}

fn failover(minute: i64, outcome: FailoverOutcome) -> FailoverAttempt {
    FailoverAttempt {
        at: at(minute),
        intent: IntentKind::Drill,
        why: String::new(),
        unit: "0001".into(),
        from: "orders-0001-001".into(),
        to: None,
        zones: BTreeMap::new(),
        accepted: None,
        outcome,
        objective: None,
        busy_at: None,
        reported: false,
    }
}

#[test]
fn failovers_refused_for_hours_do_not_push_out_the_one_that_happened() {
    let happened = failover(0, FailoverOutcome::Accepted);
    let mut journal = Journal::default().failing_over(happened.clone());
    for quarter in 1..=60 {
        let refused = FailoverOutcome::Refused {
            code: "InvalidReplicationGroupState".into(),
            retry: Retry::Now,
        };
        journal = journal.failing_over(failover(quarter * 15, refused));
    }
    assert_eq!(journal.failovers.len(), 20);
    assert_eq!(journal.last_failover(), Some(&happened));
    // The newest is kept as well: the wait after a refusal counts from it.
    assert_eq!(journal.failovers.last().map(|one| one.at), Some(at(900)));
}

#[test]
fn a_drill_to_be_reported_outlives_other_failovers() {
    let drill = failover(0, FailoverOutcome::Accepted);
    let mut journal = Journal::default().failing_over(drill.clone());
    for hour in 1..=30 {
        let requested = FailoverAttempt {
            intent: IntentKind::Request,
            ..failover(hour * 60, FailoverOutcome::Accepted)
        };
        journal = journal.failing_over(requested);
    }
    assert_eq!(journal.failovers.len(), 20);
    assert_eq!(journal.failovers.first(), Some(&drill));
}
