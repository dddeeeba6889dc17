//! Every event on each warm function.

use clusterwarden::record::Outcome;
use clusterwarden_local::runtime_api::{self, Source, binaries::FUNCTIONS};
use clusterwarden_tests::programs::checkout;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

use crate::*;

/// What every response must have, whatever the event was.
pub(crate) fn check_response(what: &str, function: &str, response: &Value) {
    assert!(
        response["trigger"].is_object() || response["trigger"].is_string(),
        "{what}: {response}"
    );
    let records = response["records"]
        .as_array()
        .unwrap_or_else(|| panic!("{what}: {response}"));
    // A request that a function cannot carry out is answered in words, and looks at nothing.
    let refused = response["request"]
        .as_str()
        .is_some_and(|words| words.starts_with("refused: "));
    assert!(refused || !records.is_empty(), "{what}: no records");
    assert_eq!(response["counts"]["targets"], records.len(), "{what}");
    for record in records {
        check_record(what, function, record);
    }
}

/// The kinds of decisions of each function, besides `hold` and, of requests, `already_done`.
fn changes(function: &str) -> &'static [&'static str] {
    match function {
        "reshard" => &["scale_out", "scale_in", "rebalance"],
        "failover-shard" => &["failover_shard"],
        "failover-db-cluster" => &["failover_db_cluster"],
        "promote-replica" => &["promote_replica"],
        other => panic!("{other} is new here"),
    }
}

fn check_record(what: &str, function: &str, record: &Value) {
    assert_eq!(record["function"], function, "{what}");
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
    let changes = changes(function).contains(&kind);
    assert!(
        changes || ["hold", "already_done"].contains(&kind),
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
    assert_eq!(record["request"].is_null(), !changes, "{what}: {record}");
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
    assert!(
        Outcome::NAMES.iter().any(|name| record["outcome"] == *name),
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

/// A served scenario and a policy under which a function has targets.
pub(crate) fn targets_of(function: &str) -> (Served, PathBuf) {
    let scenarios = checkout().join("local/scenarios");
    match function {
        "promote-replica" => {
            let scenario = scenarios.join("carts.toml");
            let served = Served::moving(&scenario.to_string_lossy());
            (served, scenarios.join("carts.policy.toml"))
        }
        _ => (Served::shop(), policy()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_aws_sends_ends_in_records_on_each_warm_function() {
    let events = events();
    assert!(events.len() >= 40, "{}", events.len());
    for function in FUNCTIONS {
        let (served, policy) = targets_of(function);
        let (mut warm, lines) = environment(function, &served, "plan", &policy).await;
        for (name, event) in &events {
            let what = format!("{function} on {name}");
            let invocation = warm.invoke(event, name).await.expect("it runs");
            let runtime_api::Outcome::Response(response) = &invocation.outcome else {
                panic!("{what}: {:?}", invocation.failure());
            };
            check_response(&what, function, response);
            // The log holds the same objects, one a line.
            let logged = std::mem::take(&mut *lines.lock().unwrap());
            let logged: Vec<Value> = logged
                .iter()
                .filter(|line| line.source == Source::Stdout)
                .filter_map(|line| serde_json::from_str(&line.text).ok())
                .collect();
            assert_eq!(json!(logged), response["records"], "{what}");
        }
        served.check_role(function);
        let change = roles::change(function);
        assert_eq!(served.calls(change), 0, "{function}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_ends_in_records_too() {
    let mut nested = json!(null);
    for _ in 0..100 {
        nested = json!([nested, { "detail": "x".repeat(10_000) }]);
    }
    let rubbish = [
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
    ];
    for function in FUNCTIONS {
        let (served, policy) = targets_of(function);
        let (mut warm, _) = environment(function, &served, "plan", &policy).await;
        for event in &rubbish {
            let start: String = event.to_string().chars().take(60).collect();
            let what = format!("{function} on {start}");
            let invocation = warm.invoke(event, "id-1").await.expect("it runs");
            let runtime_api::Outcome::Response(response) = &invocation.outcome else {
                panic!("{what}: {:?}", invocation.failure());
            };
            check_response(&what, function, response);
        }
    }
}
