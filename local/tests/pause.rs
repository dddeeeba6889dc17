//! `clusterwarden pause`, `resume` and `status` against a served embedded AWS.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::Value;

use support::served::{Served, command};

#[test]
fn a_pause_is_shown_replaced_and_lifted() {
    let served = Served::start();
    let said = served.says(&["pause", "Orders", "--why", "INC-1"]);
    assert!(
        said.starts_with("orders is paused until resumed by jana: INC-1\n"),
        "{said}"
    );
    assert!(said.contains("No pass has seen orders yet"), "{said}");
    let why = [
        "pause", "orders", "--for", "2h", "--why", "INC-2", "--by", "ana",
    ];
    let said = served.says(&why);
    assert!(
        said.contains("It replaces: paused until resumed by jana: INC-1"),
        "{said}"
    );
    let status = served.status();
    let pause = &status["targets"][0]["pause"];
    assert_eq!(
        (pause["by"].as_str(), pause["why"].as_str()),
        (Some("ana"), Some("INC-2"))
    );
    let table = served.says(&["status", "orders"]);
    assert!(table.starts_with("TARGET"), "{table}");
    assert!(table.contains("\norders  ?"), "{table}");

    let said = served.says(&["resume", "orders"]);
    assert!(said.starts_with("orders is resumed."), "{said}");
    assert!(served.status()["targets"][0]["pause"].is_null());
    let said = served.says(&["resume", "orders"]);
    assert_eq!(said, "orders was not paused by that name.\n");
}

#[test]
fn a_resumed_target_that_a_pattern_still_holds_is_told_so() {
    let served = Served::start();
    served.says(&["pause", "orders", "--why", "a"]);
    let said = served.says(&["pause", "ord*", "--why", "b"]);
    assert!(
        said.contains("It covers 1 known target (orders), and those that appear later."),
        "{said}"
    );
    served.says(&["pause", "--everything", "--until", "23:59", "--why", "c"]);
    let said = served.says(&["resume", "orders"]);
    assert!(said.contains("clusterwarden resume 'ord*'"), "{said}");
    assert!(said.contains("clusterwarden resume --everything"), "{said}");
    let status = served.status();
    assert_eq!(status["pauses"].as_array().unwrap().len(), 2);
    assert_eq!(status["targets"][0]["pause"]["pattern"], "ord*");
    served.says(&["resume", "ord*"]);
    assert_eq!(served.status()["targets"][0]["pause"]["pattern"], "*");
}

#[test]
fn what_cannot_be_a_pause_is_refused() {
    let served = Served::start();
    for (arguments, code, words) in [
        (&["pause", "orders"][..], 2, "--why"),
        (&["pause", "--why", "x"], 2, "--everything"),
        (
            &["pause", "orders", "--everything", "--why", "x"],
            2,
            "cannot be used with",
        ),
        (&["pause", "orders", "--why", ""], 2, "--why"),
        (&["pause", "a/b", "--why", "x"], 2, "hyphens"),
        (
            &["pause", "orders", "--for", "2", "--why", "x"],
            2,
            "such as 45m",
        ),
        (
            &[
                "pause", "orders", "--for", "2h", "--until", "09:00", "--why", "x",
            ],
            2,
            "cannot be used with",
        ),
        (
            &[
                "pause",
                "orders",
                "--until",
                "2020-01-01 09:00",
                "--why",
                "x",
            ],
            2,
            "clusterwarden: not paused: 2020-01-01 09:00 UTC is over",
        ),
        (
            &["status", "--journal-table", "absent"],
            1,
            "clusterwarden: the journal is not to be reached: looking for the table absent",
        ),
    ] {
        let output = served.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
    assert_eq!(served.status()["targets"], Value::Array(Vec::new()));
}

#[test]
fn without_a_region_nothing_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("none");
    let output = command(&["status"])
        .env("AWS_CONFIG_FILE", &nothing)
        .env("AWS_SHARED_CREDENTIALS_FILE", &nothing)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(
        stderr,
        "clusterwarden: no Region: give --region, or set AWS_REGION\n"
    );
}

#[test]
fn a_policy_is_compared_with_the_account_that_it_is_for() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(
        &policy,
        "version = 1\n[[reshard]]\nreplication_group = \"ordres\"\nmin_shards = 2\nmax_shards = 8\n\
         targets.engine_cpu = 60\nalarms.stop = [\"no-such-alarm\"]\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let check = ["check", policy, "--online"];
    let output = served.run(&check);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("the account and Region have no replication group \"ordres\""),
        "{stderr}"
    );
    assert!(
        stderr.contains("no alarm \"no-such-alarm\": every change is held")
            && stderr.contains("policy.toml:7:"),
        "{stderr}"
    );
    let denied = served.run(&[&check[..], &["--deny-warnings"]].concat());
    assert_eq!(denied.status.code(), Some(1));
    let offline = served.run(&["check", policy]);
    assert_eq!(
        offline.status.code(),
        Some(2),
        "an endpoint without --online"
    );
}
