//! Every demo shows what it is for: the binary plays it with the function's real binary, and exits 0 only if its claim held.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output, Stdio};

fn demo(name: &str) -> Output {
    // In the checkout, so that the function is built if it is not there.
    Command::new(env!("CARGO_BIN_EXE_clusterwarden"))
        .args(["demo", "--scenario", name])
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn holds(name: &str) -> String {
    let output = demo(name);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("\nWhat this shows:"), "{stdout}");
    assert!(!stdout.contains('\x1b'), "{stdout}");
    stdout
}

#[test]
fn the_day_drills_a_shard_once_and_refuses_what_must_not_be() {
    let told = holds("day");
    let lines = |word: &str| {
        let lines = told
            .lines()
            .filter(|line| line.get(7..).is_some_and(|rest| rest.starts_with(word)));
        lines.collect::<Vec<&str>>()
    };
    let (drills, drilled, refused) = (lines("drill "), lines("drilled "), lines("refused "));
    assert_eq!((drills.len(), drilled.len()), (1, 1), "{told}");
    assert!(
        drills[0].ends_with("after 63 s (objective 120 s)"),
        "{told}"
    );
    assert!(
        drilled[0].ends_with("recovered after 12 min 44 s, all available; objective met"),
        "{told}"
    );
    assert_eq!(refused.len(), 2, "{told}");
    assert!(refused[0].contains("checkout-aurora"), "{told}");
    assert!(refused[1].contains("sessions-eu-0001-002 lags"), "{told}");
    for end in [
        "What was decided is what ElastiCache has, and what was measured is what its events say.",
        "failover-shard ran ",
        "failover-db-cluster ran ",
    ] {
        assert!(told.contains(end), "{told}");
    }
}

#[test]
fn a_hot_key_is_named_after_one_growth() {
    holds("hot-key");
}

#[test]
fn growing_data_gets_shards_before_any_is_full() {
    holds("memory-growth");
}

#[test]
fn swinging_load_does_not_swing_the_shard_count() {
    holds("flapping");
}

#[test]
fn a_calendar_has_the_shards_there_before_the_people() {
    holds("busy-weekday");
}

#[test]
fn silence_removes_no_shard_and_an_alarm_still_adds_one() {
    holds("metric-outage");
}

#[test]
fn somebody_elses_change_is_left_alone_for_the_cooldown() {
    holds("terraform-fights-us");
}

#[test]
fn an_unknown_demo_is_refused_with_the_names_there_are() {
    let output = demo("hot-keys");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let names = "clusterwarden: there is no demo `hot-keys`; the scenarios are: day, hot-key, memory-growth, flapping, \
                 busy-weekday, metric-outage, terraform-fights-us\n";
    assert_eq!(stderr, names);
    assert!(output.stdout.is_empty());
}
