//! Every event on the warm function.

use clusterwarden_local::runtime_api::{Outcome, Source};
use clusterwarden_tests::programs::checkout;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

use crate::*;

/// What every response must have, whatever the event was.
pub(crate) fn check_response(what: &str, response: &Value) {
    assert!(
        response["trigger"].is_object() || response["trigger"].is_string(),
        "{what}: {response}"
    );
    let records = response["records"]
        .as_array()
        .unwrap_or_else(|| panic!("{what}: {response}"));
    assert!(!records.is_empty(), "{what}: no records");
    assert_eq!(response["counts"]["targets"], records.len(), "{what}");
    for record in records {
        check_record(what, record);
    }
}

fn check_record(what: &str, record: &Value) {
    assert_eq!(record["function"], "reshard", "{what}");
    assert!(
        ["plan", "apply"].iter().any(|mode| record["mode"] == *mode),
        "{what}: {record}"
    );
    assert!(
        record["target"]
            .as_str()
            .is_some_and(|target| !target.is_empty()),
        "{what}: {record}"
    );
    let decision = &record["decision"];
    let kind = decision["kind"].as_str().unwrap_or_default();
    assert!(
        ["scale_out", "scale_in", "rebalance", "hold"].contains(&kind),
        "{what}: {record}"
    );
    assert!(
        decision["sentence"]
            .as_str()
            .is_some_and(|sentence| !sentence.is_empty()),
        "{what}: {record}"
    );
    assert_eq!(
        decision["reason"].is_string(),
        kind == "hold",
        "{what}: {record}"
    );
    assert_eq!(
        record["request"].is_null(),
        kind == "hold",
        "{what}: {record}"
    );
    for input in record["inputs"]
        .as_array()
        .unwrap_or_else(|| panic!("{what}: {record}"))
    {
        let input = input.as_object().expect("an input is an object");
        assert!(
            input.contains_key("name")
                && input.contains_key("value")
                && input.contains_key("age_seconds"),
            "{what}"
        );
    }
    for guard in record["guards"]
        .as_array()
        .unwrap_or_else(|| panic!("{what}: {record}"))
    {
        assert!(
            guard["name"].is_string() && guard["passed"].is_boolean() && guard["saw"].is_string(),
            "{what}: {guard}"
        );
    }
    let outcomes = ["held", "planned", "accepted", "superseded", "failed"];
    assert!(
        outcomes.iter().any(|outcome| record["outcome"] == *outcome),
        "{what}: {record}"
    );
}

/// Every file of events/ by name.
fn events() -> Vec<(String, Value)> {
    let files = fs::read_dir(checkout().join("events")).expect("the folder is there");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read(&file).expect("a readable file");
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        (
            name,
            serde_json::from_slice(&text).expect("an event is JSON"),
        )
    };
    files.into_iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_aws_sends_ends_in_records_on_one_warm_function() {
    let served = Served::shop();
    let (mut warm, lines) = environment(&served, "plan", &policy()).await;
    let events = events();
    assert!(events.len() >= 40, "{}", events.len());
    for (name, event) in &events {
        let invocation = warm.invoke(event, name).await.expect("it runs");
        let Outcome::Response(response) = &invocation.outcome else {
            panic!("{name}: {:?}", invocation.failure());
        };
        check_response(name, response);
        // The log holds the same objects, one a line.
        let logged = std::mem::take(&mut *lines.lock().unwrap());
        let logged: Vec<Value> = logged
            .iter()
            .filter(|line| line.source == Source::Stdout)
            .filter_map(|line| serde_json::from_str(&line.text).ok())
            .collect();
        assert_eq!(json!(logged), response["records"], "{name}");
    }
    assert_eq!(served.calls(RESHARD), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_ends_in_records_too() {
    let served = Served::shop();
    let (mut warm, _) = environment(&served, "plan", &policy()).await;
    let mut nested = json!(null);
    for _ in 0..100 {
        nested = json!([nested, { "detail": "x".repeat(10_000) }]);
    }
    for event in [
        json!({}),
        json!([]),
        json!(null),
        json!("wake up"),
        json!(17),
        json!({ "Records": [] }),
        json!({ "Records": [{ "Sns": { "Message": "{" } }] }),
        json!({ "source": "aws.cloudwatch", "alarmData": 7 }),
        json!({ "request": 5 }),
        nested,
    ] {
        let name: String = event.to_string().chars().take(60).collect();
        let invocation = warm.invoke(&event, "id-1").await.expect("it runs");
        let Outcome::Response(response) = &invocation.outcome else {
            panic!("{name}: {:?}", invocation.failure());
        };
        check_response(&name, response);
    }
}
