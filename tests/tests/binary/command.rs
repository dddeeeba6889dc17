//! The command around the function: what it answers, and how it fails.

use clusterwarden_tests::{
    JOURNAL,
    programs::{checkout, programs},
};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    process::{Output, Stdio},
    time::Duration,
};
use tokio::process::Command;

use crate::{
    events::check_response,
    failovers::{apply_all, lasting},
    *,
};

/// The command with an environment that would lead astray whoever listened to it.
async fn command(arguments: &[&str]) -> Command {
    let programs = programs().await;
    let mut command = Command::new(&programs.clusterwarden);
    command
        .args(arguments)
        .current_dir(checkout())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("CLUSTERWARDEN_FUNCTIONS_DIR", &programs.folder)
        .env("HTTPS_PROXY", "http://192.0.2.1:9")
        .env("HTTP_PROXY", "http://192.0.2.1:9")
        .env("AWS_ENDPOINT_URL", "http://192.0.2.1:9")
        .env("AWS_ENDPOINT_URL_ELASTICACHE", "http://192.0.2.1:9")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

pub(crate) async fn run(arguments: &[&str]) -> Output {
    let output = command(arguments).await.output();
    let output = tokio::time::timeout(Duration::from_secs(30), output).await;
    output.expect("done in time").expect("it runs")
}

pub(crate) fn stderr(output: &Output) -> String {
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
            "reshard",
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
        let mut records = response["records"].as_array().expect("records").iter();
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
    served.check_role("reshard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_asks_a_fresh_cloud_for_a_failover_sees_the_new_primary_at_once() {
    for (function, event, scenario, to) in [
        (
            "failover-shard",
            "request-failover",
            "default",
            "orders-0001-002",
        ),
        (
            "failover-db-cluster",
            "request-failover-db-cluster",
            "default",
            "graph-prod-r1",
        ),
        (
            "promote-replica",
            "request-promote-replica",
            "local/scenarios/carts.toml",
            "carts-002",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let event = lasting(folder.path(), event);
        let policy = apply_all(folder.path(), function);
        let output = run(&[
            "invoke",
            function,
            "--event",
            &event,
            "--policy",
            &policy,
            "--scenario",
            scenario,
            "--mode",
            "apply",
        ])
        .await;
        let response = response(&output);
        let record = &response["records"][0];
        assert_eq!(record["outcome"], "switched", "{function}: {response}");
        assert_eq!(record["switched"]["to"], to, "{function}");
        // By the cloud's clock it took its time.
        let seconds = record["switched"]["seconds"].as_i64().unwrap();
        assert!((5..300).contains(&seconds), "{function}: {seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_carries_metrics_where_they_are_asked_for_and_the_answer_never() {
    let invoke = ["invoke", "reshard", "--event", "events/schedule-rule.json"];
    for (more, has_metrics) in [
        (&["--metrics", "clusterwarden/test"][..], true),
        (&[], false),
    ] {
        let output = run(&[&invoke, more].concat()).await;
        let answer = response(&output).to_string();
        assert!(!answer.contains("_aws"), "{answer}");
        let log = stderr(&output);
        assert!(log.contains("\"target\":\"orders\""), "{log}");
        assert_eq!(log.contains("\"_aws\":"), has_metrics, "{log}");
        assert_eq!(log.contains("\"Passes\":1"), has_metrics, "{log}");
    }
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
        started.elapsed() < Duration::from_secs(15),
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
