//! `clusterwarden replay` on the log that the real function wrote.

use std::{fs, path::Path};

use serde_json::Value;

use crate::command::{run, stderr};

/// The log of one pass of a function over the sample world.
async fn log(function: &str, folder: &Path) -> String {
    let output = run(&[
        "invoke",
        function,
        "--event",
        "events/schedule-scheduler.json",
    ])
    .await;
    let file = folder.join(format!("{function}.log"));
    fs::write(&file, &output.stderr).expect("a file");
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_functions_decisions_come_out_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    for function in ["reshard", "failover-shard", "failover-db-cluster"] {
        let log = log(function, folder.path()).await;
        let output = run(&["replay", &log, "--json"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert!(!lines.is_empty(), "{function} decided nothing");
        assert!(
            lines
                .iter()
                .all(|line| line["result"] == "same" && line["function"] == function),
            "{lines:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_policy_is_refused_unless_asked_what_it_would_have_decided() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = log("reshard", folder.path()).await;
    let policy = fs::read_to_string(crate::policy()).expect("the sample policy");
    let lower = policy.replace("engine_cpu = 60", "engine_cpu = 40");
    assert_ne!(lower, policy);
    let other = folder.path().join("other.toml");
    fs::write(&other, lower).expect("a file");
    let other = other.display().to_string();

    let refused = run(&["replay", &log, "--policy", &other]).await;
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        said.contains("NOT MADE AGAIN: it followed policy "),
        "{said}"
    );

    let told = run(&[
        "replay",
        &log,
        "--policy",
        &other,
        "--what-if",
        "--target",
        "orders",
    ])
    .await;
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        said.contains("÷ target 40 %")
            && said.contains("    it was: ")
            && said.contains("÷ target 60 %"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_what_was_seen_is_refused() {
    let output = run(&["replay", "events/schedule-rule.json"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("holds no line with what was seen"),
        "{}",
        stderr(&output)
    );
}
