//! Metrics by the real programs: what stands on their standard output, beside which response.

use std::collections::BTreeMap;

use clusterwarden::metrics::METRICS;
use clusterwarden_local::runtime_api::{Outcome, Source, binaries::FUNCTIONS};
use clusterwarden_tests::emf;
use serde_json::{Map, Value, json};

use crate::{events::targets_of, *};

/// The lines of standard output since the last time.
fn printed(lines: &Mutex<Vec<LogLine>>) -> Vec<String> {
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    let lines = lines.into_iter();
    lines
        .filter(|line| line.source == Source::Stdout)
        .map(|line| line.text)
        .collect()
}

/// What the lines since the last time publish: the sum of each series. Every line must publish something.
pub(crate) fn published(lines: &Mutex<Vec<LogLine>>, served: &Served) -> BTreeMap<String, f64> {
    sums(&printed(lines), served)
}

fn sums(lines: &[String], served: &Served) -> BTreeMap<String, f64> {
    let now = served.cloud.lock().unwrap().now().timestamp_millis();
    let mut sums = BTreeMap::new();
    for line in lines {
        let published = emf::read(line, now).unwrap_or_else(|| panic!("no metrics: {line}"));
        for (series, values) in published {
            assert_eq!(series.namespace, "clusterwarden/test");
            *sums.entry(series.short()).or_default() += values.iter().sum::<f64>();
        }
    }
    sums
}

/// A record without its metrics.
fn plain(line: &str) -> Value {
    let mut record: Map<String, Value> = serde_json::from_str(line).unwrap();
    for key in ["_aws", "kind", "reason", "end"] {
        record.remove(key);
    }
    for metric in METRICS {
        record.remove(metric.name);
    }
    record.into()
}

fn schedule() -> Value {
    json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event", "resources": [], "detail": "{}" })
}

async fn response(function: &mut Environment, event: &Value) -> Value {
    let invocation = function.invoke(event, "id-1").await.expect("it runs");
    match &invocation.outcome {
        Outcome::Response(response) => response.clone(),
        _ => panic!("{:?}", invocation.failure()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_function_prints_its_records_with_metrics_and_a_heartbeat_and_answers_without() {
    for function in FUNCTIONS {
        let (served, policy) = targets_of(function);
        let namespace = [("METRICS_NAMESPACE", "clusterwarden/test")];
        let (mut warm, lines) =
            environment_with(function, &served, "plan", &policy, &namespace).await;
        for pass in 0..2 {
            let response = response(&mut warm, &schedule()).await;
            let text = response.to_string();
            assert!(!text.contains("_aws"), "{function}: {text}");
            assert!(!text.contains("\"Decisions\""), "{function}: {text}");
            let printed = printed(&lines);
            let (heartbeat, records) = printed.split_last().expect("a line");
            let records: Vec<Value> = records.iter().map(|line| plain(line)).collect();
            assert!(!records.is_empty(), "{function}");
            assert_eq!(json!(records), response["records"], "{function}");
            let sums = sums(&printed, &served);
            let targets = f64::from(u32::try_from(records.len()).unwrap());
            for (metric, wanted) in [("Passes", 1.0), ("Targets", targets)] {
                let name = format!("{metric} function={function}");
                assert_eq!(sums.get(&name), Some(&wanted), "{sums:?}");
            }
            // Asked anew in each pass, though the process goes on.
            let bought = sums[&format!("MetricsBought function={function}")];
            let asked = served.metrics_asked();
            assert_eq!(bought, asked, "{function}, pass {pass}");
            let beat: Value = serde_json::from_str(heartbeat).unwrap();
            assert_eq!(
                (&beat["function"], &beat["mode"]),
                (&json!(function), &json!("plan"))
            );
            assert!(beat.get("target").is_none(), "{heartbeat}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_namespace_the_log_has_the_records_alone() {
    let (served, policy) = targets_of("reshard");
    let (mut warm, lines) = environment("reshard", &served, "plan", &policy).await;
    let response = response(&mut warm, &schedule()).await;
    let printed = printed(&lines);
    let records = printed
        .iter()
        .map(|line| serde_json::from_str(line).unwrap());
    let records: Vec<Value> = records.collect();
    assert_eq!(json!(records), response["records"]);
    assert!(!printed.concat().contains("_aws"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_could_read_nothing_has_a_heartbeat_all_the_same() {
    let (served, policy) = targets_of("reshard");
    let namespace = [("METRICS_NAMESPACE", "clusterwarden/test")];
    let (mut warm, lines) = environment_with("reshard", &served, "plan", &policy, &namespace).await;
    // More often than the SDK tries.
    for _ in 0..10 {
        let denied = clusterwarden_local::cloud::Fault::Error {
            status: 403,
            code: "AccessDenied".to_owned(),
            message: "no".to_owned(),
        };
        let mut cloud = served.cloud.lock().unwrap();
        cloud.faults.push("DescribeReplicationGroups", denied);
    }
    let invocation = warm.invoke(&schedule(), "id-1").await.expect("it runs");
    assert!(invocation.failure().is_some());
    let sums = published(&lines, &served);
    assert_eq!(sums.get("Passes function=reshard"), Some(&1.0), "{sums:?}");
    let shards = sums.keys().any(|name| name.starts_with("Shards"));
    assert!(!shards, "nobody knows how many there are: {sums:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_for_metrics_per_target_that_is_neither_yes_nor_no_fails_the_start() {
    let (served, policy) = targets_of("reshard");
    let variables = [
        ("METRICS_NAMESPACE", "AWS/Lambda"),
        ("TARGET_METRICS", "maybe"),
    ];
    let (mut cold, lines) = environment_with("reshard", &served, "plan", &policy, &variables).await;
    let started = cold.invoke(&schedule(), "id-1").await;
    assert!(
        started.is_err() || started.is_ok_and(|invocation| invocation.failure().is_some()),
        "it starts"
    );
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    let log: String = lines.into_iter().map(|line| line.text + "\n").collect();
    for words in [
        "METRICS_NAMESPACE is \"AWS/Lambda\"",
        "TARGET_METRICS is \"maybe\"; it must be \"yes\" or \"no\"",
    ] {
        assert!(log.contains(words), "{words} is not in: {log}");
    }
}

impl Served {
    /// How many metrics were asked of CloudWatch since the last time.
    fn metrics_asked(&self) -> f64 {
        let mut cloud = self.cloud.lock().unwrap();
        let calls = std::mem::take(&mut cloud.calls);
        let reads = calls
            .iter()
            .filter(|call| call.operation == "GetMetricData")
            .map(|call| &call.parameters["MetricDataQueries"]);
        let asked: usize = reads.map(|queries| queries.as_array().unwrap().len()).sum();
        f64::from(u32::try_from(asked).unwrap())
    }
}
