//! Failovers by the real programs: what they change, what they never do, and what of their log people are told.

use chrono::TimeDelta;
use clusterwarden_local::runtime_api::Outcome;
use clusterwarden_tests::programs::checkout;
use serde_json::{Value, json};
use std::{fs, path::Path};

use crate::{metrics::published, *};

const FAILOVER: &str = "FailoverDBCluster";

/// A request of events/ that no clock of a test outlives, as a file.
pub(crate) fn lasting(folder: &Path, name: &str) -> String {
    let file = folder.join(format!("{name}.json"));
    fs::write(&file, request(name).to_string()).expect("a writable folder");
    file.to_string_lossy().into_owned()
}

fn request(name: &str) -> Value {
    let text = fs::read_to_string(checkout().join(format!("events/{name}.json")));
    let mut event: Value = serde_json::from_str(&text.expect("the event is there")).unwrap();
    event["request"]["failover"]["expires"] = json!("2100-01-01T00:00:00Z");
    event
}

/// A policy under which a function may do what the requests of events/ ask, as a file.
pub(crate) fn apply_all(folder: &Path, function: &str) -> String {
    let (section, key, id) = match function {
        "failover-shard" => ("failover_shard", "replication_group", "orders"),
        "failover-db-cluster" => ("failover_db_cluster", "db_cluster", "graph-prod"),
        "promote-replica" => ("promote_replica", "replication_group", "carts"),
        other => panic!("{other} forces no failovers"),
    };
    let entry = format!("[[{section}]]\n{key} = \"{id}\"\napply = \"all\"\n");
    policy_file(folder, &entry).to_string_lossy().into_owned()
}

fn policy_file(folder: &Path, entries: &str) -> PathBuf {
    let file = folder.join("policy.toml");
    fs::write(&file, format!("version = 1\n\n{entries}")).expect("a writable folder");
    file
}

/// An entry that wants a drill at any time of any day.
fn always_drilled(section: &str, key: &str, id: &str) -> String {
    format!(
        "[[{section}]]\n{key} = \"{id}\"\napply = \"all\"\n\n[{section}.drill]\nevery_days = 1\ntime_zone = \"UTC\"\n\
         days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nfrom = \"00:00\"\nto = \"23:59\"\n\n"
    )
}

fn schedule() -> Value {
    json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event", "resources": [], "detail": "{}" })
}

async fn records(function: &mut Environment, event: &Value) -> Vec<Value> {
    let invocation = function.invoke(event, "id-1").await.expect("it runs");
    let Outcome::Response(response) = &invocation.outcome else {
        panic!("{:?}", invocation.failure());
    };
    response["records"].as_array().expect("records").clone()
}

/// The clusters that somebody asked to fail over.
fn failed_over(served: &Served) -> Vec<String> {
    let cloud = served.cloud.lock().unwrap();
    let calls = cloud.calls.iter().filter(|call| call.operation == FAILOVER);
    calls
        .map(|call| {
            call.parameters["DBClusterIdentifier"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn aurora_and_documentdb_are_never_failed_over_though_policy_schedule_and_person_ask_for_it()
{
    let served = Served::moving("default");
    let folder = tempfile::tempdir().unwrap();
    let others = [
        ("checkout-aurora", "aurora-mysql"),
        ("profiles-docdb", "docdb"),
    ];
    let entries = others.map(|(id, _)| always_drilled("failover_db_cluster", "db_cluster", id));
    let policy = policy_file(folder.path(), &entries.concat());
    let (mut function, _) = environment("failover-db-cluster", &served, "apply", &policy).await;
    let mut wakes = vec![(schedule(), 2)];
    for (id, _) in others {
        for to in [None, Some(format!("{id}-2"))] {
            let mut event = request("request-failover-db-cluster");
            let body = &mut event["request"]["failover"];
            body["db_cluster"] = json!(id);
            body["from"] = json!(format!("{id}-1"));
            body["to"] = json!(to);
            body["accept"] = json!(["cooldown"]);
            wakes.push((event, 1));
        }
    }
    for (event, targets) in wakes {
        let records = records(&mut function, &event).await;
        assert_eq!(records.len(), targets, "{event}");
        for record in records {
            assert_eq!(record["decision"]["reason"], "not_neptune", "{record}");
            let (_, engine) = others
                .iter()
                .find(|(id, _)| record["target"] == *id)
                .unwrap();
            let sentence = record["decision"]["sentence"].as_str().unwrap();
            assert!(sentence.contains(engine), "{sentence}");
        }
        // Nor is it asked for on the way to a decision that is dropped.
        assert_eq!(failed_over(&served), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_matches_everything_drills_the_graph_and_no_other_engine() {
    let served = Served::moving("default");
    let folder = tempfile::tempdir().unwrap();
    let entry = always_drilled("failover_db_cluster", "db_cluster", "*");
    let policy = policy_file(folder.path(), &entry);
    let (mut function, _) = environment("failover-db-cluster", &served, "apply", &policy).await;
    let records = records(&mut function, &schedule()).await;
    let targets: Vec<&Value> = records.iter().map(|record| &record["target"]).collect();
    assert_eq!(targets, ["graph-prod"]);
    assert_eq!(records[0]["outcome"], "switched", "{}", records[0]);
    assert_eq!(failed_over(&served), ["graph-prod"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requested_failover_happens_once_within_its_functions_role_and_a_repeated_one_is_done_already()
 {
    for (function, event, scenario) in [
        ("failover-shard", "request-failover", "default".to_owned()),
        (
            "failover-db-cluster",
            "request-failover-db-cluster",
            "default".to_owned(),
        ),
        (
            "promote-replica",
            "request-promote-replica",
            checkout()
                .join("local/scenarios/carts.toml")
                .to_string_lossy()
                .into_owned(),
        ),
    ] {
        let served = Served::moving(&scenario);
        let folder = tempfile::tempdir().unwrap();
        let policy = apply_all(folder.path(), function);
        let (mut warm, _) = environment(function, &served, "apply", Path::new(&policy)).await;
        let event = request(event);
        let first = records(&mut warm, &event).await;
        assert_eq!(first[0]["outcome"], "switched", "{function}: {first:?}");
        served.cloud.lock().unwrap().advance(TimeDelta::minutes(30));
        let again = records(&mut warm, &event).await;
        assert_eq!(again[0]["outcome"], "already_done", "{function}: {again:?}");
        let change = roles::change(function);
        assert_eq!(served.calls(change), 1, "{function}");
        served.check_role(function);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_publishes_what_the_templates_alarms_on_failovers_count() {
    let served = Served::moving("default");
    let folder = tempfile::tempdir().unwrap();
    let mut entry = always_drilled("failover_shard", "replication_group", "orders");
    // No failover is that quick.
    entry.push_str("objective_seconds = 1\n");
    let policy = policy_file(folder.path(), &entry);
    let namespace = [("METRICS_NAMESPACE", "clusterwarden/test")];
    let (mut function, lines) =
        environment_with("failover-shard", &served, "apply", &policy, &namespace).await;
    records(&mut function, &schedule()).await;
    let first = published(&lines, &served);
    let switched = "Attempts function=failover-shard outcome=switched target=orders";
    assert_eq!(first.get(switched), Some(&1.0), "{first:?}");
    {
        let mut cloud = served.cloud.lock().unwrap();
        cloud.advance(TimeDelta::minutes(40));
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        let scheduled = cloud.elasticache.schedule_replacement(
            "orders-0002-001",
            now + TimeDelta::days(1),
            now + TimeDelta::days(1) + TimeDelta::hours(1),
            now,
            &parameters,
        );
        assert!(scheduled, "the node is there");
        cloud.advance(TimeDelta::minutes(15));
    }
    records(&mut function, &schedule()).await;
    let second = published(&lines, &served);
    for (metric, wanted) in [
        ("DrillsMissed", 1.0),
        ("NodeReplacements", 1.0),
        ("TestFailoversLeft function=failover-shard", 14.0),
    ] {
        assert_eq!(second.get(metric), Some(&wanted), "{second:?}");
    }
    // A drill's report asks which alarms went off meanwhile; only this function's role grants that.
    assert_eq!(served.calls("DescribeAlarmHistory"), 1);
    served.check_role("failover-shard");
}
