//! `clusterwarden doctor` against a served embedded AWS with the stack of template.yaml.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::PathBuf, process::Output};

use serde_json::Value;

use support::served::Served;

fn policy() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../policy/policy.toml")
}

fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_new_user_reads_a_report_without_errors() {
    let served = Served::start();
    let policy = policy();
    let policy = policy.to_str().unwrap();
    let output = served.run(&["doctor", policy, "--deny-warnings"]);
    let (said, complaint) = told(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{complaint}");
    for words in [
        "against stack clusterwarden, account 123456789012, Region us-east-1, at ",
        "\nFunctions\n  ok       function clusterwarden-reshard: is deployed [function_deployed]\n",
        "           next: when you apply: set ReplicationGroupPattern=* DbClusterPattern=graph-prod MaxShardsCeiling=12 in [apply.deploy.parameters]",
        "\nNot looked at\n",
        "\n0 errors, 0 warnings, 0 not known, ",
    ] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
    let output = served.run(&["doctor", policy, "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["errors"], 0);
    assert_eq!(report["findings"][0]["check"], "function_deployed");
}

#[test]
fn errors_are_exit_code_1_and_warnings_only_where_they_are_denied() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(policy()).unwrap();
    let write = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let path = folder.path().join("policy.toml");
        fs::write(&path, text.replace(from, to)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let wrong = write("orders-incident", "orders-incidents");
    let output = served.run(&["doctor", &wrong]);
    let (said, complaint) = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("  error    alarm orders-incidents: is not there"),
        "{said}"
    );
    assert!(
        complaint.ends_with("clusterwarden: the doctor found 1 error\n"),
        "{complaint}"
    );

    let unwise = write(
        "replication_group = \"catalog\"",
        "replication_group = \"catalogue\"",
    );
    let output = served.run(&["doctor", &unwise]);
    let (said, complaint) = told(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{complaint}");
    assert!(said.contains("0 errors, 1 warning, "), "{said}");
    let output = served.run(&["doctor", &unwise, "--deny-warnings"]);
    assert_eq!(output.status.code(), Some(1));

    let output = served.run(&["doctor", &wrong, "--stack", "other"]);
    let (said, _) = told(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("function other-reshard: is not there"),
        "{said}"
    );
}

#[test]
fn a_policy_that_is_not_there_is_a_mistake_of_the_command_line() {
    let served = Served::start();
    let output = served.run(&["doctor", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
