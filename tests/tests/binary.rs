//! The real programs end to end: the very binary that deploys, under the Runtime API, against the embedded AWS over HTTP, and
//! the command `clusterwarden invoke` around it.
#![cfg(unix)]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use clusterwarden_local::{
    cloud::{Cloud, Parameters, scenario},
    runtime_api::{Endpoint, Environment, Function, LogLine, Logs, Outcome, Source},
    wire::http_server::CloudServer,
};
use clusterwarden_tests::{
    JOURNAL, monday_morning,
    programs::{checkout, programs},
};
use serde_json::{Value, json};
use tokio::process::Command;

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

/// The embedded AWS with the shop of the default scenario, served on loopback.
struct Served {
    cloud: Arc<Mutex<Cloud>>,
    server: CloudServer,
}

impl Served {
    fn shop() -> Self {
        let cloud = scenario::load("default", monday_morning(), Parameters::default());
        Self::serve(cloud.expect("the scenario is good"))
    }

    fn serve(cloud: Cloud) -> Self {
        let cloud = Arc::new(Mutex::new(cloud));
        let server = CloudServer::start(Arc::clone(&cloud), 0).expect("a free port");
        Self { cloud, server }
    }

    fn calls(&self, operation: &str) -> usize {
        let cloud = self.cloud.lock().unwrap();
        cloud
            .calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    fn shards(&self, group: &str) -> usize {
        let cloud = self.cloud.lock().unwrap();
        cloud
            .elasticache
            .group(group)
            .map_or(0, |group| group.shards.len())
    }
}

fn policy() -> PathBuf {
    checkout().join("policy/policy.toml")
}

/// The function in an environment of its own, with its log.
async fn environment(
    served: &Served,
    mode: &str,
    policy: &Path,
) -> (Environment, Arc<Mutex<Vec<LogLine>>>) {
    let function = Function::new("reshard", programs().await.reshard)
        .with("MODE", mode)
        .with("POLICY_FILE", policy.to_string_lossy())
        .with("JOURNAL_TABLE", JOURNAL);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let logs: Logs = Arc::new(move |line| sink.lock().unwrap().push(line));
    let endpoint = Endpoint::embedded(&served.server.url).expect("a loopback URL");
    (Environment::new(function, endpoint, logs), lines)
}

/// What every response must have, whatever the event was.
fn check_response(what: &str, response: &Value) {
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

/// The command with an environment that would lead astray whoever listened to it.
async fn command(arguments: &[&str]) -> Command {
    let programs = programs().await;
    let mut command = Command::new(&programs.clusterwarden);
    command
        .args(arguments)
        .current_dir(checkout())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env(
            "CLUSTERWARDEN_FUNCTIONS_DIR",
            programs.reshard.parent().expect("a folder"),
        )
        .env("HTTPS_PROXY", "http://192.0.2.1:9")
        .env("HTTP_PROXY", "http://192.0.2.1:9")
        .env("AWS_ENDPOINT_URL", "http://192.0.2.1:9")
        .env("AWS_ENDPOINT_URL_ELASTICACHE", "http://192.0.2.1:9")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn run(arguments: &[&str]) -> Output {
    let output = command(arguments).await.output();
    let output = tokio::time::timeout(Duration::from_secs(30), output).await;
    output.expect("done in time").expect("it runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn response(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("the response is JSON")
}

/// Exit code 1 and one last sentence that says all of these words.
fn assert_failed(output: &Output, words: &[&str]) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("clusterwarden: "), "{stderr}");
    for word in words {
        assert!(last.contains(word), "{word} is not in: {last}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_answers_with_records_for_events_of_every_family() {
    for name in [
        "alarm-direct-metric-math",
        "alarm-sns-composite",
        "database-eventbridge-failover-completed",
        "notification-not-json",
        "request-reshard",
        "schedule-scheduler-constant-input",
    ] {
        let file = format!("events/{name}.json");
        check_response(
            name,
            &response(&run(&["invoke", "reshard", "--event", &file]).await),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_reshards_the_cloud_that_is_named_and_plan_does_not() {
    let served = Served::shop();
    let url = served.server.url.clone();
    let invoke = [
        "invoke",
        "reshard",
        "--event",
        "events/schedule-rule.json",
        "--endpoint-url",
        &url,
        "--mode",
    ];
    let orders = |response: &Value| {
        let records = response["records"].as_array().expect("records").iter();
        records
            .find(|record| record["target"] == "orders")
            .cloned()
            .expect("a record of orders")
    };

    let planned = orders(&response(&run(&[&invoke[..], &["plan"]].concat()).await));
    assert_eq!(
        (&planned["outcome"], &planned["decision"]["kind"]),
        (&json!("planned"), &json!("scale_out")),
        "{planned}"
    );
    assert_eq!((served.calls(RESHARD), served.shards("orders")), (0, 3));

    let applied = orders(&response(&run(&[&invoke[..], &["apply"]].concat()).await));
    assert_eq!(applied["outcome"], "accepted", "{applied}");
    assert_eq!(applied["request"], planned["request"]);
    assert_eq!(served.calls(RESHARD), 1);
    served.cloud.lock().unwrap().advance(TimeDelta::hours(2));
    let wanted = usize::try_from(applied["decision"]["to"].as_u64().expect("a count")).unwrap();
    assert_eq!(served.shards("orders"), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_there_fails_soon_and_says_so() {
    // Taken and given back: nobody listens there now.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let started = tokio::time::Instant::now();
    let output = run(&[
        "invoke",
        "reshard",
        "--event",
        "events/schedule-rule.json",
        "--endpoint-url",
        &url,
    ])
    .await;
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert_failed(
        &output,
        &[
            "`reshard` failed",
            "DescribeReplicationGroups",
            "Connection refused",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_never_answers_fails_by_the_functions_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let arguments = [
        "invoke",
        "reshard",
        "--event",
        "events/schedule-rule.json",
        "--endpoint-url",
        &url,
        "--timeout",
        "3",
    ];
    assert_failed(
        &run(&arguments).await,
        &["Task timed out after 3.00 seconds"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_refuses_fails_the_invocation_and_nothing_is_changed() {
    let served = Served::shop();
    served.cloud.lock().unwrap().dynamodb =
        clusterwarden_local::cloud::dynamodb::DynamoDb::new("123456789012", "us-east-1");
    let arguments = [
        "invoke",
        "reshard",
        "--event",
        "events/schedule-rule.json",
        "--endpoint-url",
        &served.server.url,
        "--mode",
        "apply",
    ];
    let output = run(&arguments).await;
    assert_failed(&output, &["journal", JOURNAL, "ResourceNotFoundException"]);
    assert_eq!(served.calls(RESHARD), 0);
    // The records are in the log all the same.
    assert!(
        stderr(&output).contains("\"reason\":\"unreadable\""),
        "{}",
        stderr(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_mistakes_fails_the_start_and_draws_each() {
    let file = checkout().join("tests/tests/policy_bad/ten-mistakes.toml");
    let file = file.to_string_lossy();
    let output = run(&[
        "invoke",
        "reshard",
        "--event",
        "events/schedule-rule.json",
        "--policy",
        &file,
    ])
    .await;
    assert_failed(&output, &["`reshard` failed"]);
    let stderr = stderr(&output);
    let drawn = stderr
        .lines()
        .filter(|line| line.trim_start().starts_with("error: "))
        .count();
    assert!(drawn >= 10, "{stderr}");
    assert!(stderr.contains("ten-mistakes.toml:"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_is_told_of_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("reshard");
    // Written by a child, lest the file is still open for writing in a process forked meanwhile.
    let text = "printf '#!/bin/sh\\nenv >&2\\nexit 1\\n' > \"$1\" && chmod +x \"$1\"";
    let written = Command::new("/bin/sh")
        .args(["-c", text, "sh"])
        .arg(&script)
        .status()
        .await
        .unwrap();
    assert!(written.success());
    let mut command = command(&["invoke", "reshard", "--event", "events/schedule-rule.json"]).await;
    let output = command
        .env("CLUSTERWARDEN_FUNCTIONS_DIR", folder.path())
        .output()
        .await
        .unwrap();
    let stderr = stderr(&output);
    let told: Vec<(&str, &str)> = stderr
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let urls: Vec<&(&str, &str)> = told
        .iter()
        .filter(|(name, _)| name.contains("ENDPOINT_URL") && !name.contains("IGNORE"))
        .collect();
    assert!(urls.len() >= 4, "{stderr}");
    for (name, value) in urls {
        assert!(value.starts_with("http://127.0.0.1:"), "{name} {value}");
    }
    assert!(
        !told
            .iter()
            .any(|(name, _)| name.to_uppercase().contains("PROXY")),
        "{stderr}"
    );
    assert!(
        told.contains(&("AWS_EC2_METADATA_DISABLED", "true")),
        "{stderr}"
    );
    assert!(!stderr.contains("192.0.2.1"), "{stderr}");
}
