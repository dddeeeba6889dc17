//! Nodes that AWS means to replace, in whole passes: no shard is removed until it is done, and nothing else waits.

use chrono::TimeDelta;
use clusterwarden::record::{Mode, Outcome, Record};
use clusterwarden_local::cloud::{Call, EventTimes, Fault, Parameters, dynamodb::Item};
use clusterwarden_tests::{
    JOURNAL,
    fixture::{Fixture, POLICY, scheduled},
};
use serde_json::{Value, json};

const NODE: &str = "orders-0002-002";

/// A group that has been idle for longer than every cooldown, so that the next pass would remove a shard.
async fn idle(parameters: Parameters) -> Fixture {
    let world = Fixture::with(4, parameters, POLICY);
    world.pass().await;
    world.cloud.advance(40);
    world.carried(60, &[20.0], 20.0);
    world
}

/// AWS announces that it will replace the node from `start` minutes on, within an hour.
fn announce(world: &Fixture, node: &str, start: i64) {
    let mut cloud = world.cloud.lock();
    let (now, parameters) = (cloud.now(), cloud.parameters.clone());
    let start = now + TimeDelta::minutes(start);
    let end = start + TimeDelta::hours(1);
    let elasticache = &mut cloud.elasticache;
    assert!(elasticache.schedule_replacement(node, start, end, now, &parameters));
}

fn reason(record: &Record) -> &str {
    record.decision["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("not a hold: {}", record.line()))
}

/// What the guard saw the last time it was asked: the events.
fn saw(record: &Record) -> (bool, &str) {
    let asked = record.guards.iter().rev();
    let guard = asked.into_iter().find(|one| one.name == "no_replacement");
    guard.map_or((false, ""), |guard| (guard.passed, guard.saw.as_str()))
}

/// Puts a list into the journal's entry of `orders`, as another function would have written it.
fn remember(world: &Fixture, key: &str, list: Value) {
    let mut entry = world.journal();
    entry[key] = list;
    let mut cloud = world.cloud.lock();
    let table = cloud.dynamodb.table_mut(JOURNAL).expect("the table");
    let key = Item::from([("target".to_owned(), json!({ "S": "orders" }))]);
    let mut item = table
        .get(&key)
        .expect("a good key")
        .expect("an item")
        .clone();
    item.insert("entry".to_owned(), json!({ "S": entry.to_string() }));
    table.put(item, None).expect("a good item");
}

fn event_reads(world: &Fixture) -> Vec<Call> {
    let cloud = world.cloud.lock();
    let calls = cloud.calls.iter();
    calls
        .filter(|call| call.operation == "DescribeEvents")
        .cloned()
        .collect()
}

#[tokio::test]
async fn an_announced_replacement_holds_a_scale_in_until_it_is_done() {
    // A replica, and a primary that is moved away first.
    for node in [NODE, "orders-0002-001"] {
        let world = idle(Parameters::default()).await;
        announce(&world, node, 60);
        // Long before the six hours after its window in which it may last.
        let until = world.cloud.lock().now() + TimeDelta::hours(4);
        world.cloud.advance(5);
        world.carried(60, &[20.0], 20.0);
        let record = world.record().await;
        assert_eq!(reason(&record), "replacement_scheduled");
        assert_eq!(saw(&record), (false, node), "{}", record.line());

        // The window opens; what goes on then shows in the statuses as well.
        world.cloud.advance(57);
        world.carried(60, &[20.0], 20.0);
        let held = ["replacement_scheduled", "not_available"];
        assert!(held.contains(&reason(&world.record().await)));
        // Done. Where the statuses showed it, the cooldown runs from then on.
        let mut last = String::new();
        while world.reshards().is_empty() && world.cloud.lock().now() < until {
            world.cloud.advance(60);
            world.carried(60, &[20.0], 20.0);
            last = world.record().await.line();
        }
        assert_eq!(world.reshards().len(), 1, "{node}: {last}");
    }
}

#[tokio::test]
async fn a_preview_holds_as_the_function_would() {
    let world = idle(Parameters::default()).await;
    announce(&world, NODE, 24 * 60);
    world.cloud.advance(5);
    let plan = world
        .cloud
        .pass(&world.policy, Mode::Plan, &scheduled())
        .await
        .records
        .remove(0);
    assert_eq!(reason(&plan), "replacement_scheduled");
    let applied = world.record().await;
    assert_eq!(plan.decision, applied.decision);
    assert_eq!(world.reshards().len(), 0);
}

#[tokio::test]
async fn however_aws_spells_the_times_the_scale_in_is_held() {
    for replacement_times in EventTimes::ALL {
        let world = idle(Parameters {
            replacement_times,
            ..Parameters::default()
        })
        .await;
        announce(&world, NODE, 24 * 60);
        world.cloud.advance(5);
        assert_eq!(
            reason(&world.record().await),
            "replacement_scheduled",
            "{replacement_times:?}"
        );
    }
}

#[tokio::test]
async fn an_announcement_of_almost_two_weeks_ago_still_holds() {
    let world = idle(Parameters::default()).await;
    let days = 13 * 24 * 60;
    announce(&world, NODE, days + 120);
    world.cloud.advance(days);
    world.carried(60, &[20.0], 20.0);
    assert_eq!(reason(&world.record().await), "replacement_scheduled");
}

#[tokio::test]
async fn a_canceled_replacement_holds_nothing() {
    let world = idle(Parameters::default()).await;
    announce(&world, NODE, 24 * 60);
    world.cloud.advance(5);
    assert_eq!(reason(&world.record().await), "replacement_scheduled");
    {
        let mut cloud = world.cloud.lock();
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        assert!(cloud.elasticache.cancel_replacement(NODE, now, &parameters));
    }
    world.cloud.advance(5);
    world.carried(60, &[20.0], 20.0);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
    assert_eq!(record.decision["kind"], "scale_in");
    assert_eq!(saw(&record), (true, "none is announced by events"));
}

#[tokio::test]
async fn growth_neither_waits_for_a_replacement_nor_reads_events() {
    let world = Fixture::new(3);
    announce(&world, NODE, 24 * 60);
    world.cloud.advance(5);
    world.carried(60, &[80.0], 40.0);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
    assert_eq!(record.decision["kind"], "scale_out");
    assert_eq!(event_reads(&world).len(), 0);
}

#[tokio::test]
async fn the_events_of_each_node_are_read_for_as_long_as_aws_tells_them() {
    let world = idle(Parameters::default()).await;
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
    let reads = event_reads(&world);
    let mut nodes = Vec::new();
    for read in &reads {
        assert_eq!(read.parameters["SourceType"], "cache-cluster");
        let text = |key: &str| read.parameters[key].as_str().unwrap_or_default().to_owned();
        nodes.push(text("SourceIdentifier"));
        let start: chrono::DateTime<chrono::Utc> = text("StartTime").parse().expect("a time");
        let back = read.at - start;
        assert!(back <= TimeDelta::days(14), "{back}");
        assert!(back > TimeDelta::days(13), "{back}");
    }
    let all: Vec<String> = (1..=4)
        .flat_map(|shard| (1..=2).map(move |node| format!("orders-{shard:04}-{node:03}")))
        .collect();
    assert_eq!(nodes, all);
}

#[tokio::test]
async fn events_that_cannot_be_read_hold_a_scale_in() {
    let world = idle(Parameters::default()).await;
    let fault = Fault::Error {
        status: 400,
        code: "InvalidParameterValue".to_owned(),
        message: "no".to_owned(),
    };
    world.cloud.lock().faults.push("DescribeEvents", fault);
    let report = world.pass().await;
    assert_eq!(reason(&report.records[0]), "unreadable");
    assert!(
        report.failures[0].contains("DescribeEvents"),
        "{:?}",
        report.failures
    );
    assert_eq!(world.reshards().len(), 0);
}

#[tokio::test]
async fn what_the_journal_remembers_holds_without_a_look_at_events() {
    let world = idle(Parameters::default()).await;
    let told = "2026-11-22T08:00:00Z";
    let ahead = json!([{ "node": NODE, "told": told, "state": "scheduled" }]);
    remember(&world, "replacements", ahead);
    assert_eq!(reason(&world.record().await), "replacement_scheduled");
    assert_eq!(event_reads(&world).len(), 0);
}

#[tokio::test]
async fn a_failover_in_flight_holds_growth_for_a_quarter_of_an_hour() {
    let world = Fixture::new(3);
    world.pass().await;
    world.cloud.advance(1);
    let asked = world.cloud.lock().now().to_rfc3339();
    let failover = json!([{
        "at": asked, "intent": "drill", "unit": "0001", "from": "orders-0001-001", "outcome": { "kind": "accepted" },
    }]);
    remember(&world, "failovers", failover);
    world.cloud.advance(5);
    world.carried(60, &[80.0], 40.0);
    assert_eq!(reason(&world.record().await), "failover_in_flight");
    assert_eq!(world.reshards().len(), 0);
    world.cloud.advance(11);
    world.carried(60, &[80.0], 40.0);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
}
