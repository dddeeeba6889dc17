//! Tests of what a drill measured.

use super::*;
use crate::failover::{FailoverOutcome, IntentKind};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(1) + TimeDelta::seconds(second)
}

fn attempt() -> FailoverAttempt {
    FailoverAttempt {
        at: at(0),
        intent: IntentKind::Drill,
        why: String::new(),
        unit: "graph".to_owned(),
        from: "graph-w".to_owned(),
        to: Some("graph-r1".to_owned()),
        zones: BTreeMap::new(),
        accepted: Some(at(2)),
        outcome: FailoverOutcome::Accepted,
        objective: Some(Objective {
            seconds: 120,
            recovery_seconds: Some(300),
        }),
        busy_at: None,
        reported: false,
    }
}

fn event(second: i64, source: Source, id: &str, message: &str) -> ServiceEvent {
    ServiceEvent {
        at: at(second),
        source,
        id: id.to_owned(),
        message: message.to_owned(),
    }
}

fn report(events: &[ServiceEvent], alarms: Option<Vec<String>>) -> DrillReport {
    let attempt = attempt();
    let phases = Phases::of_db_cluster(&attempt, events, Some(at(1200)));
    DrillReport::of(&attempt, &phases, |_| None, alarms)
}

#[test]
fn a_restart_before_the_call_is_not_the_old_writers_return() {
    let restarted = "DB instance restarted";
    let events = [
        event(-70, Source::DbInstance, "graph-w", restarted),
        event(
            40,
            Source::DbCluster,
            "graph",
            "Completed failover to DB instance: graph-r1",
        ),
        event(900, Source::DbInstance, "graph-w", restarted),
    ];
    let report = report(&events, None);
    assert_eq!(report.seconds_to("old_writer_back"), Some(898));
    assert_eq!(report.verdict, DrillVerdict::Missed);
}

#[test]
fn a_failover_to_another_reader_than_the_chosen_one_is_not_the_drill() {
    let to_another = "Completed failover to DB instance: graph-r2";
    let events = [event(40, Source::DbCluster, "graph", to_another)];
    let report = report(&events, None);
    assert_eq!(
        (report.to, report.verdict),
        (None, DrillVerdict::Incomplete)
    );
}

#[test]
fn a_storm_of_alarms_does_not_fill_the_journal() {
    let storm = (0..500).map(|place| format!("alarm-{place}")).collect();
    let report = report(&[], Some(storm));
    let kept = report.alarms.map(|alarms| alarms.len());
    assert_eq!((kept, report.more_alarms), (Some(20), 480));
}

fn of_a_shard(unit: &FailoverAttempt, events: &[ServiceEvent], idle: i64) -> Phases {
    Phases::of_shard(
        unit,
        events,
        |node| node.starts_with("orders-0001"),
        Some(at(idle)),
    )
}

fn shard_attempt(accepted: Option<DateTime<Utc>>) -> FailoverAttempt {
    FailoverAttempt {
        unit: "0001".to_owned(),
        from: "orders-0001-001".to_owned(),
        to: None,
        accepted,
        ..attempt()
    }
}

fn shard_events() -> Vec<ServiceEvent> {
    let node = "orders-0001-001";
    let done = "Failover to replica node orders-0001-002 completed";
    vec![
        event(65, Source::Group, "orders", done),
        event(148, Source::Node, node, "Recovering cache nodes 0001"),
        event(
            766,
            Source::Node,
            node,
            "Finished recovery for cache nodes 0001",
        ),
    ]
}

#[test]
fn a_failover_that_nobody_says_we_called_is_not_the_drill() {
    let lost = shard_attempt(None);
    assert_eq!(of_a_shard(&lost, &shard_events(), 800).switched(), None);
    let mut events = shard_events();
    let called = "Test Failover API called for node group 0001";
    events.push(event(2, Source::Group, "orders", called));
    assert_eq!(of_a_shard(&lost, &events, 800).switched(), Some(at(65)));
}

#[test]
fn a_failover_long_after_the_call_is_another_one() {
    let attempt = shard_attempt(Some(at(2)));
    let late: Vec<ServiceEvent> = shard_events()
        .into_iter()
        .map(|one| ServiceEvent {
            at: one.at + TimeDelta::minutes(20),
            ..one
        })
        .collect();
    assert_eq!(of_a_shard(&attempt, &late, 5000).switched(), None);
}

#[test]
fn what_was_seen_busy_after_the_last_event_is_available_from_the_look_on_that_found_it_so() {
    let attempt = shard_attempt(Some(at(2)));
    let available = |attempt: &FailoverAttempt| {
        of_a_shard(attempt, &shard_events(), 1800)
            .reached
            .last()
            .unwrap()
            .1
    };
    assert_eq!(available(&attempt), Some(at(766)));
    let busy = FailoverAttempt {
        busy_at: Some(at(1500)),
        ..attempt.clone()
    };
    assert_eq!(available(&busy), Some(at(1800)));
    let busy_before = FailoverAttempt {
        busy_at: Some(at(700)),
        ..attempt
    };
    assert_eq!(available(&busy_before), Some(at(766)));
}
