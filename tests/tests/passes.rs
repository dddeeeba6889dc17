//! Whole passes of `reshard`: the real SDK, the real journal, the embedded AWS, all in one process.

use clusterwarden::record::{Mode, Outcome, Record};
use clusterwarden_local::cloud::{Fault, Parameters};
use clusterwarden_tests::fixture::{Fixture, POLICY, scheduled};
use serde_json::json;

fn reason(record: &Record) -> &str {
    record.decision["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("not a hold: {}", record.line()))
}

fn error(code: &str, message: &str) -> Fault {
    Fault::Error {
        status: 400,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

#[tokio::test]
async fn load_over_the_target_scales_out_and_the_journal_sees_it_through() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
    assert_eq!(record.decision["kind"], "scale_out");
    assert_eq!(
        (&record.decision["from"], &record.decision["to"]),
        (&json!(3), &json!(4))
    );
    assert!(record.request_id.is_some());
    assert_eq!(
        world.journal()["attempts"][0]["outcome"]["kind"],
        "accepted"
    );

    world.cloud.advance(1);
    assert_eq!(reason(&world.record().await), "not_available");
    world.cloud.advance(120);
    let record = world.record().await;
    assert_eq!(world.shards().len(), 4);
    assert_eq!(
        world.journal()["attempts"][0]["outcome"]["kind"],
        "completed",
        "{}",
        record.line()
    );
    assert_eq!(world.reshards().len(), 1);
}

#[tokio::test]
async fn plan_mode_previews_exactly_what_apply_mode_sends() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let planned = world
        .cloud
        .pass(&world.policy, Mode::Plan, &scheduled())
        .await
        .records
        .remove(0);
    assert_eq!(
        (planned.outcome.clone(), world.reshards().len()),
        (Outcome::Planned, 0)
    );
    assert_eq!(world.journal()["attempts"], json!(null));

    let applied = world.record().await;
    assert_eq!(planned.request, applied.request);
    let sent = &world.reshards()[0].parameters;
    let previewed = &planned.request.expect("a request")["parameters"];
    assert_eq!(sent["ReplicationGroupId"], previewed["ReplicationGroupId"]);
    assert_eq!(
        sent["NodeGroupCount"],
        previewed["NodeGroupCount"].to_string()
    );
    assert_eq!(sent["ApplyImmediately"], "true");
}

#[tokio::test]
async fn apply_none_and_apply_out_only_plan() {
    for (apply, cpu, kind) in [("none", 80.0, "scale_out"), ("out", 10.0, "scale_in")] {
        let world = Fixture::with(
            3,
            Parameters::default(),
            &POLICY.replace("\"all\"", &format!("{apply:?}")),
        );
        settle(&world).await;
        world.carried(60, &[cpu], 20.0);
        let record = world.record().await;
        assert_eq!(
            (record.decision["kind"].as_str(), record.outcome.clone()),
            (Some(kind), Outcome::Planned)
        );
        assert_eq!(world.reshards().len(), 0, "{}", record.line());
    }
}

/// Lets the group be known for longer than every cooldown.
async fn settle(world: &Fixture) {
    world.pass().await;
    world.cloud.advance(40);
}

#[tokio::test]
async fn low_load_drains_one_real_shard() {
    let world = Fixture::new(4);
    settle(&world).await;
    world.carried(60, &[20.0], 20.0);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Accepted, "{}", record.line());
    assert_eq!(
        (&record.decision["from"], &record.decision["to"]),
        (&json!(4), &json!(3))
    );
    let before = world.shards();
    world.cloud.advance(180);
    let request = record.request.expect("a request");
    let removed = request["parameters"]["NodeGroupsToRemove"]
        .as_array()
        .expect("a list")
        .clone();
    assert_eq!(removed.len(), 1);
    let after = world.shards();
    assert_eq!(after.len(), 3);
    assert!(before.contains(&removed[0].as_str().unwrap().to_owned()));
    assert!(!after.contains(&removed[0].as_str().unwrap().to_owned()));
}

#[tokio::test]
async fn silence_is_no_reason_to_act() {
    let world = Fixture::new(4);
    settle(&world).await;
    assert_eq!(reason(&world.record().await), "no_fresh_load");
    world.carried(60, &[20.0], 20.0);
    world.cloud.advance(30);
    assert_eq!(reason(&world.record().await), "no_fresh_load");
    assert_eq!(world.reshards().len(), 0);
}

#[tokio::test]
async fn an_alarm_without_metrics_still_grows_by_one_and_only_once() {
    let world = Fixture::new(3);
    world.set_alarm("orders-hot", "ALARM");
    let record = world.record().await;
    assert_eq!(
        (&record.decision["kind"], &record.decision["to"]),
        (&json!("scale_out"), &json!(4)),
        "{}",
        record.line()
    );
    world.cloud.advance(240);
    for _ in 0..5 {
        let record = world.record().await;
        assert_eq!(record.decision["kind"], "hold", "{}", record.line());
        world.cloud.advance(15);
    }
    assert_eq!(world.shards().len(), 4);
}

#[tokio::test]
async fn an_alarm_that_says_nothing_blocks_a_scale_in() {
    let world = Fixture::new(4);
    settle(&world).await;
    world.carried(60, &[20.0], 20.0);
    world.set_alarm("orders-hot", "INSUFFICIENT_DATA");
    assert_eq!(reason(&world.record().await), "alarm_disagrees");
}

#[tokio::test]
async fn a_lost_answer_is_not_sent_again_and_is_found_out_by_looking() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    world.cloud.lock().faults.push(RESHARD, Fault::LoseAnswer);
    let record = world.record().await;
    assert_eq!(record.outcome, Outcome::Failed);
    assert_eq!(record.failure.expect("a failure").retry, None);
    assert_eq!(world.reshards().len(), 1);
    world.cloud.advance(1);
    world.record().await;
    world.cloud.advance(120);
    world.record().await;
    assert_eq!(
        world.journal()["attempts"][0]["outcome"]["kind"],
        "completed"
    );
    assert_eq!((world.reshards().len(), world.shards().len()), (1, 4));
}

#[tokio::test]
async fn a_lost_request_is_given_up_after_a_while_and_tried_again() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    world.cloud.lock().faults.push(RESHARD, Fault::LoseRequest);
    assert_eq!(world.record().await.outcome, Outcome::Failed);
    world.cloud.advance(5);
    assert_eq!(reason(&world.record().await), "in_flight");
    world.cloud.advance(11);
    world.carried(30, &[80.0], 40.0);
    assert_eq!(reason(&world.record().await), "backing_off");
    world.cloud.advance(12);
    world.carried(30, &[80.0], 40.0);
    assert_eq!(world.record().await.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn errors_are_sorted_into_now_later_and_a_person() {
    let busy = "Replication group must be in available state to modify.";
    for (code, message, outcome, retry) in [
        (
            "InvalidReplicationGroupState",
            busy,
            Outcome::Superseded,
            "now",
        ),
        (
            "InvalidCacheClusterState",
            "creating",
            Outcome::Superseded,
            "now",
        ),
        (
            "InsufficientCacheClusterCapacity",
            "none left",
            Outcome::Failed,
            "later",
        ),
        ("Throttling", "Rate exceeded", Outcome::Failed, "later"),
        (
            "NodeQuotaForCustomerExceeded",
            "300",
            Outcome::Failed,
            "person",
        ),
        ("AccessDenied", "not authorized", Outcome::Failed, "person"),
    ] {
        let world = Fixture::new(3);
        world.carried(60, &[80.0], 40.0);
        world
            .cloud
            .lock()
            .faults
            .push(RESHARD, error(code, message));
        let record = world.record().await;
        assert_eq!(record.outcome, outcome, "{code}");
        let failure = serde_json::to_value(record.failure.expect("a failure")).unwrap();
        assert_eq!(
            (failure["code"].as_str(), failure["retry"].as_str()),
            (Some(code), Some(retry))
        );
        assert_eq!(world.reshards().len(), 1, "sent once: {code}");
    }
}

#[tokio::test]
async fn a_lost_compare_and_set_sends_nothing() {
    let world = Fixture::new(3);
    world.pass().await;
    world.carried(60, &[80.0], 40.0);
    let conflict = error(
        "ConditionalCheckFailedException",
        "The conditional request failed",
    );
    world.cloud.lock().faults.push("PutItem", conflict);
    let record = world.record().await;
    assert_eq!(
        (record.outcome, world.reshards().len()),
        (Outcome::Superseded, 0)
    );
}

#[tokio::test]
async fn a_journal_that_refuses_holds_everything_and_fails_the_invocation() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    for operation in ["BatchGetItem", "PutItem"] {
        // Not AccessDenied: beside a virtual clock the SDK takes that for its own clock being wrong, and tries again.
        let missing = error("ResourceNotFoundException", "Requested resource not found");
        world.cloud.lock().faults.push(operation, missing);
        let report = world.pass().await;
        assert_eq!(reason(&report.records[0]), "unreadable");
        assert!(
            report.failures[0].contains("journal"),
            "{:?}",
            report.failures
        );
        assert!(report.into_response().is_err());
    }
    assert_eq!(world.reshards().len(), 0);
}

#[tokio::test]
async fn unreadable_services_hold_and_fail_the_invocation() {
    for operation in [
        "DescribeReplicationGroups",
        "DescribeCacheClusters",
        "DescribeAlarms",
        "GetMetricData",
    ] {
        let world = Fixture::new(3);
        world.carried(60, &[80.0], 40.0);
        world
            .cloud
            .lock()
            .faults
            .push(operation, error("AccessDenied", "not authorized"));
        let report = world.pass().await;
        assert_eq!(report.records.len(), 1, "{operation}");
        assert_eq!(reason(&report.records[0]), "unreadable", "{operation}");
        assert_eq!(world.reshards().len(), 0);
        assert!(report.into_response().is_err());
    }
}

#[tokio::test]
async fn a_throttled_read_is_read_again() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    world
        .cloud
        .lock()
        .faults
        .push("GetMetricData", error("Throttling", "Rate exceeded"));
    assert_eq!(world.record().await.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn two_runs_at_once_send_one_request() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let (one, two) = tokio::join!(world.pass(), world.pass());
    let outcomes = [&one.records[0].outcome, &two.records[0].outcome];
    assert!(outcomes.contains(&&Outcome::Accepted), "{outcomes:?}");
    assert_eq!(world.reshards().len(), 1);
}

#[tokio::test]
async fn a_group_that_nobody_knows_is_a_hold() {
    let world = Fixture::with(
        3,
        Parameters::default(),
        &POLICY.replace("\"orders\"", "\"ghost\""),
    );
    assert_eq!(reason(&world.record().await), "not_found");
}

#[tokio::test]
async fn application_auto_scaling_is_respected() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    world.set_alarm(
        "TargetTracking-replication-group/orders-AlarmHigh-1f0e",
        "OK",
    );
    assert_eq!(reason(&world.record().await), "application_auto_scaling");
}

#[tokio::test]
async fn someone_elses_change_is_respected_for_a_cooldown() {
    let world = Fixture::new(3);
    settle(&world).await;
    let form = format!(
        "Action={RESHARD}&ReplicationGroupId=orders&NodeGroupCount=4&ApplyImmediately=true"
    );
    assert_eq!(world.query("2015-02-02", &form).0, 200);
    world.cloud.advance(1);
    assert_eq!(reason(&world.record().await), "not_available");
    world.cloud.advance(180);
    world.carried(5, &[90.0], 40.0);
    world.record().await;
    world.cloud.advance(6);
    world.carried(5, &[90.0], 40.0);
    let record = world.record().await;
    assert_eq!(reason(&record), "changed_by_others", "{}", record.line());
}

#[tokio::test]
async fn an_operators_request_is_refused_aloud() {
    let world = Fixture::new(3);
    world.carried(60, &[50.0], 40.0);
    let event = json!({ "request": { "reshard": { "replication_group": "orders", "to": 8 } } });
    let response = world
        .cloud
        .pass(&world.policy, Mode::Apply, &event)
        .await
        .response();
    assert!(
        response["request"]
            .as_str()
            .is_some_and(|answer| answer.starts_with("refused")),
        "{response}"
    );
    assert_eq!(
        (response["counts"]["held"].as_u64(), world.reshards().len()),
        (Some(1), 0)
    );
}
