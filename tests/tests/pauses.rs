//! Staging and stopping in whole passes: pauses written as a person writes them, the tag on the group, and bounds.

use clusterwarden::{
    aws::journal_table::{ChangeError, Changed, JournalTable},
    journal::EVERYTHING,
    pause::End,
    record::{Outcome, Record},
};
use clusterwarden_local::cloud::{Fault, Parameters};
use clusterwarden_tests::{
    JOURNAL,
    fixture::{Fixture, POLICY},
    monday_morning,
};
use serde_json::json;

const ARN: &str = "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:orders";

/// A group that needs growth.
fn pressed() -> Fixture {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    world
}

fn journal_table(world: &Fixture) -> JournalTable {
    JournalTable::new(&world.cloud.sdk_config(), JOURNAL, monday_morning)
}

async fn pause(world: &Fixture, pattern: &str, end: End) -> Changed {
    let table = journal_table(world);
    let paused = table.pause(pattern, &end, "INC-4711", "jana").await;
    paused.expect("a pause")
}

fn minutes(count: i64) -> End {
    End::In(chrono::TimeDelta::minutes(count))
}

#[track_caller]
fn held(record: &Record, reason: &str) -> String {
    assert_eq!(record.decision["reason"], reason, "{}", record.line());
    record.decision["sentence"].as_str().unwrap().to_owned()
}

fn tag(world: &Fixture, value: &str) -> (u16, String) {
    world.query(
        "2015-02-02",
        &format!(
            "Action=AddTagsToResource&ResourceName={ARN}&Tags.Tag.1.Key=clusterwarden&Tags.Tag.1.Value={value}"
        ),
    )
}

#[tokio::test]
async fn a_pause_holds_from_the_next_pass_on_until_it_ends() {
    let world = pressed();
    pause(&world, "orders", minutes(60)).await;
    let sentence = held(&world.record().await, "paused");
    assert_eq!(
        sentence,
        "paused by jana until 2026-11-23 09:00 UTC: INC-4711"
    );
    world.cloud.advance(60);
    world.carried(60, &[80.0], 40.0);
    assert_eq!(world.record().await.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_pause_keeps_everything_else_in_the_entry() {
    let world = pressed();
    world.record().await;
    let before = world.journal();
    assert!(before["attempts"][0].is_object());
    assert!(pause(&world, "orders", End::Lifted).await.known);
    let mut after = world.journal();
    assert_eq!(
        after.as_object_mut().unwrap().remove("pause"),
        Some(json!({ "why": "INC-4711", "by": "jana" }))
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_glob_holds_what_it_matches_also_groups_that_nobody_has_seen_yet() {
    let world = pressed();
    pause(&world, "ord*", End::Lifted).await;
    pause(&world, "sessions-*", End::Lifted).await;
    let sentence = held(&world.record().await, "paused");
    assert_eq!(sentence, "ord* is paused by jana until resumed: INC-4711");
    let table = journal_table(&world);
    table.resume("ord*").await.expect("a resume");
    assert_eq!(world.record().await.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn everything_is_paused_and_resumed_and_a_targets_own_pause_stays() {
    let world = pressed();
    pause(&world, EVERYTHING, minutes(600)).await;
    pause(&world, "orders", minutes(60)).await;
    let sentence = held(&world.record().await, "paused");
    assert!(sentence.starts_with("everything is paused by jana"));
    let table = journal_table(&world);
    let resumed = table.resume(EVERYTHING).await.expect("a resume");
    assert!(resumed.before.is_some());
    let sentence = held(&world.record().await, "paused");
    assert!(sentence.starts_with("paused by jana"), "{sentence}");
    let again = table.resume(EVERYTHING).await.expect("a resume");
    assert_eq!(again.before, None);
    table.resume("orders").await.expect("a resume");
    assert_eq!(world.record().await.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_pause_that_loses_the_race_is_written_again_and_gives_up_after_a_while() {
    let world = pressed();
    world.pass().await;
    let conflict = || Fault::Error {
        status: 400,
        code: "ConditionalCheckFailedException".to_owned(),
        message: "The conditional request failed".to_owned(),
    };
    world.cloud.lock().faults.push("PutItem", conflict());
    pause(&world, "orders", End::Lifted).await;
    assert_eq!(world.journal()["pause"]["by"], "jana");

    for _ in 0..5 {
        world.cloud.lock().faults.push("PutItem", conflict());
    }
    let table = journal_table(&world);
    let refused = table.resume("orders").await;
    assert!(matches!(refused, Err(ChangeError::Contended(key)) if key == "orders"));
}

#[tokio::test]
async fn an_end_that_is_over_is_refused_by_the_services_clock() {
    let world = pressed();
    let table = journal_table(&world);
    let past = End::At(monday_morning() - chrono::TimeDelta::minutes(1));
    let refused = table.pause("orders", &past, "x", "jana").await;
    assert!(matches!(refused, Err(ChangeError::Over { .. })));
    assert_eq!(world.journal(), json!(null));
}

#[tokio::test]
async fn the_tag_holds_a_change_and_is_read_only_before_one() {
    let world = pressed();
    assert_eq!(tag(&world, "Paused").0, 200);
    held(&world.record().await, "paused_by_tag");
    assert_eq!(world.reshards().len(), 0);
    let (status, _) = world.query(
        "2015-02-02",
        &format!("Action=RemoveTagsFromResource&ResourceName={ARN}&TagKeys.member.1=clusterwarden"),
    );
    assert_eq!(status, 200);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());

    let calm = Fixture::new(3);
    calm.carried(60, &[50.0], 40.0);
    held(&calm.record().await, "load_fits");
    let calls = &calm.cloud.lock().calls;
    assert!(
        !calls
            .iter()
            .any(|call| call.operation == "ListTagsForResource")
    );
}

#[tokio::test]
async fn tags_that_cannot_be_read_hold() {
    let world = pressed();
    let fault = |code: &str| Fault::Error {
        status: 400,
        code: code.to_owned(),
        message: "no".to_owned(),
    };
    let operation = "ListTagsForResource";
    let unknown = fault("InvalidARN");
    world.cloud.lock().faults.push(operation, unknown);
    let report = world.pass().await;
    held(&report.records[0], "unreadable");
    assert!(
        report.failures[0].contains(operation),
        "{:?}",
        report.failures
    );

    let busy = fault("InvalidReplicationGroupState");
    world.cloud.lock().faults.push(operation, busy);
    held(&world.record().await, "not_available");
    assert_eq!(world.reshards().len(), 0);
}

#[tokio::test]
async fn a_group_first_seen_outside_its_bounds_is_held_on_either_side() {
    for (shards, cpu) in [(9, 80.0), (9, 5.0), (1, 80.0), (1, 5.0)] {
        let world = Fixture::with(shards, Parameters::default(), POLICY);
        world.pass().await;
        world.cloud.advance(40);
        world.carried(60, &[cpu], 20.0);
        let sentence = held(&world.record().await, "outside_bounds");
        assert!(sentence.contains("2 to 8"), "{sentence}");
        assert_eq!(world.reshards().len(), 0);
    }
}
