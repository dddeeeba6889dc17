//! Whole passes of `reshard` on AWS's bad days, and on people's: what is wrong in one place stays there.

use clusterwarden::{
    aws::reshard::Pass,
    policy::Policy,
    record::{Mode, Outcome, Record},
    trigger::Trigger,
};
use clusterwarden_local::cloud::{Fault, Parameters, cloudwatch::DataStatus, dynamodb::Item};
use clusterwarden_tests::{
    JOURNAL,
    fixture::{Fixture, POLICY, scheduled},
    monday_morning,
};
use serde_json::json;

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

fn reason(record: &Record) -> &str {
    record.decision["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("not a hold: {}", record.line()))
}

/// Puts an item into the journal's table as a person would, without any condition.
fn write(world: &Fixture, target: &str, version: &str, entry: &str) {
    let item =
        json!({ "target": { "S": target }, "version": { "N": version }, "entry": { "S": entry } });
    let item: Item = item
        .as_object()
        .expect("an object")
        .clone()
        .into_iter()
        .collect();
    let mut cloud = world.cloud.lock();
    let table = cloud.dynamodb.table_mut(JOURNAL).expect("the table");
    table.put(item, None).expect("a good item");
}

fn in_two_groups() -> Policy {
    let other = POLICY
        .replace("version = 1", "")
        .replace("\"orders\"", "\"ghost\"");
    Policy::parse("test", &format!("{POLICY}{other}")).expect("a good policy")
}

#[tokio::test]
async fn an_item_that_nobody_can_read_holds_its_own_target_only() {
    let mut world = Fixture::new(3);
    world.policy = in_two_groups();
    world.carried(60, &[80.0], 40.0);
    write(&world, "ghost", "1", "{ not JSON");
    let report = world.pass().await;
    let of = |target: &str| {
        let mut records = report.records.iter();
        records
            .find(|record| record.target == target)
            .expect("a record")
    };
    assert_eq!(
        of("orders").outcome,
        Outcome::Accepted,
        "{}",
        of("orders").line()
    );
    assert_eq!(reason(of("ghost")), "unreadable");
    assert!(
        report.failures[0].contains("journal of ghost"),
        "{:?}",
        report.failures
    );
}

#[tokio::test]
async fn a_pause_of_everything_that_nobody_can_read_holds_everything() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    write(&world, "*", "1", r#"{"pause":{"until":"tomorrow"}}"#);
    let report = world.pass().await;
    assert_eq!(reason(&report.records[0]), "unreadable");
    assert_eq!((report.failures.len(), world.reshards().len()), (1, 0));
}

#[tokio::test]
async fn an_item_that_a_person_wrote_with_version_0_is_written_on() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    write(&world, "orders", "0", "{}");
    assert_eq!(world.record().await.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_look_that_is_older_than_the_journal_is_given_up() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let entry =
        json!({ "shards": 3, "busy_since": monday_morning() + chrono::TimeDelta::seconds(20) });
    write(&world, "orders", "7", &entry.to_string());
    let record = world.record().await;
    assert_eq!(
        (reason(&record), record.outcome.clone()),
        ("superseded", Outcome::Superseded)
    );
    assert_eq!(
        world.journal()["busy_since"],
        entry["busy_since"],
        "{}",
        record.line()
    );
}

#[tokio::test]
async fn a_refusal_keeps_the_services_id_of_the_call() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let refusal = Fault::Error {
        status: 400,
        code: "NodeQuotaForCustomerExceeded".to_owned(),
        message: "300".to_owned(),
    };
    world.cloud.lock().faults.push(RESHARD, refusal);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Failed);
    assert!(record.request_id.is_some(), "{}", record.line());
}

#[tokio::test]
async fn a_pass_that_hears_no_time_does_not_use_the_last_ones() {
    let world = Fixture::new(3);
    let (aws, event) = (world.cloud.by("reshard").aws(), scheduled());
    let trigger = Trigger::read(&event);
    let pass = Pass {
        aws: &aws,
        policy: &world.policy,
        mode: Mode::Plan,
        trigger: &trigger,
        clock: a_day_later,
    };
    assert_eq!(pass.run(|_| {}).await.records[0].at, monday_morning());
    for _ in 0..3 {
        world
            .cloud
            .lock()
            .faults
            .push("DescribeReplicationGroups", Fault::LoseRequest);
    }
    let record = pass.run(|_| {}).await.records.remove(0);
    assert_eq!((reason(&record), record.at), ("unreadable", a_day_later()));
}

fn a_day_later() -> chrono::DateTime<chrono::Utc> {
    monday_morning() + chrono::TimeDelta::days(1)
}

#[tokio::test]
async fn the_minute_that_is_still_running_is_not_read() {
    // The minute that is running is to be seen, as far as it got.
    let parameters = Parameters {
        metric_delay: chrono::TimeDelta::minutes(-1),
        ..Parameters::default()
    };
    let world = Fixture::with(3, parameters, POLICY);
    world.carried(60, &[80.0], 40.0);
    {
        let mut cloud = world.cloud.lock();
        cloud.advance(chrono::TimeDelta::seconds(40));
        let (now, shard) = (
            cloud.now(),
            [("NodeGroupId", "0001"), ("ReplicationGroupId", "orders")],
        );
        let metrics = &mut cloud.cloudwatch;
        metrics.put_datum(
            "AWS/ElastiCache",
            "EngineCPUUtilization",
            &shard,
            now,
            5.0,
            "Percent",
        );
    }
    let record = world.record().await;
    let mut inputs = record.inputs.iter();
    let load = inputs
        .find(|input| input.name == "engine_cpu of shard 0001")
        .expect("the load");
    assert_eq!((&load.value, load.age_seconds), (&json!(80.0), Some(100)));
}

#[tokio::test]
async fn every_input_of_a_scale_in_has_a_value_and_an_age() {
    let world = Fixture::new(4);
    world.pass().await;
    world.cloud.advance(40);
    world.carried(60, &[20.0], 20.0);
    let record = world.record().await;
    assert_eq!(record.decision["kind"], "scale_in", "{}", record.line());
    let of_nodes = record
        .inputs
        .iter()
        .filter(|input| input.name.contains("node"));
    assert_eq!(of_nodes.count(), 8);
    for input in &record.inputs {
        assert!(
            !input.value.is_null() && input.age_seconds.is_some(),
            "{input:?}"
        );
    }
}

#[tokio::test]
async fn half_an_answer_of_metrics_is_no_proof_for_a_scale_in() {
    for status in [
        DataStatus::PartialData,
        DataStatus::InternalError,
        DataStatus::Forbidden,
    ] {
        let world = Fixture::with(4, Parameters::default(), POLICY);
        world.pass().await;
        world.cloud.advance(40);
        world.carried(60, &[20.0], 20.0);
        world.cloud.lock().cloudwatch.force_status(status);
        assert_eq!(reason(&world.record().await), "no_fresh_load", "{status:?}");
    }
}

#[tokio::test]
async fn an_item_of_another_version_is_acted_on_and_keeps_what_only_that_version_knows() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let older = r#"{"shards": 3, "moon": {"phase": "full"}, "attempts": [{"at": "2026-11-22T08:00:00Z", "from": 2, "to": 3,
                    "outcome": {"kind": "completed", "at": "2026-11-22T08:20:00Z"}}]}"#;
    write(&world, "orders", "41", older);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
    let journal = world.journal();
    assert_eq!(journal["moon"], json!({ "phase": "full" }));
    let attempts = journal["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 2, "{journal}");
    assert_eq!(attempts[0]["outcome"]["kind"], "completed");

    // The word of a version that is newer still: a rollback meets it, and holds rather than forget.
    let newer = r#"{"shards": 4, "attempts": [{"at": "2026-11-23T08:00:00Z", "from": 3, "to": 4,
                    "outcome": {"kind": "moonstruck"}}]}"#;
    write(&world, "orders", "50", newer);
    let report = world.pass().await;
    assert_eq!(reason(&report.records[0]), "unreadable");
    let sentence = &report.records[0].decision["sentence"];
    let sentence = sentence.as_str().expect("a sentence");
    assert!(sentence.contains("moonstruck"), "{sentence}");
    assert_eq!(world.reshards().len(), 1);
}
