//! The recommended alarms of a group and of a cluster: on what the decisions read, straight to their function, named as the sample
//! policy names them, and honest about new shards and new writers.

use std::fs;

use clusterwarden::policy::Policy;
use clusterwarden_tests::template::{Stack, read};
use serde_json::{Value, json};

use crate::root;

const GROUP: &str = "alarms/elasticache-group.yaml";
const CLUSTER: &str = "alarms/neptune-cluster.yaml";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:clusterwarden-it";

/// The properties of the alarms that a template makes for a target.
fn made(path: &str, more: &[(&str, &str)]) -> Vec<Value> {
    let template = read(path);
    let (target, function) = match path {
        GROUP => (("ReplicationGroupId", "orders"), "ReshardFunctionArn"),
        _ => (
            ("DbClusterId", "graph-prod"),
            "FailoverDbClusterFunctionArn",
        ),
    };
    let given = [&[target, (function, FUNCTION)], more].concat();
    let resources = Stack::new(&template, &given).resources();
    resources
        .into_values()
        .map(|resource| {
            assert_eq!(resource["Type"], "AWS::CloudWatch::Alarm");
            resource["Properties"].clone()
        })
        .collect()
}

#[test]
fn a_groups_alarms_watch_the_hottest_node_of_whichever_shards_there_are() {
    let alarms = made(GROUP, &[]);
    let metrics: Vec<&Value> = alarms.iter().map(|alarm| &alarm["MetricName"]).collect();
    assert_eq!(
        metrics,
        [
            "EngineCPUUtilization",
            "DatabaseMemoryUsageCountedForEvictPercentage"
        ]
    );
    for alarm in &alarms {
        assert_eq!(alarm["Namespace"], "AWS/ElastiCache");
        assert_eq!(alarm["Statistic"], "Maximum");
        let dimensions = json!([{ "Name": "ReplicationGroupId", "Value": "orders" }]);
        assert_eq!(alarm["Dimensions"], dimensions);
    }
    assert_eq!(made(GROUP, &[("MemoryAlarm", "no")]).len(), 1);
}

#[test]
fn a_clusters_alarms_follow_the_writer() {
    let alarms = made(CLUSTER, &[]);
    assert_eq!(alarms.len(), 2);
    for alarm in alarms {
        assert_eq!(alarm["Namespace"], "AWS/Neptune");
        let dimensions = json!([
            { "Name": "DBClusterIdentifier", "Value": "graph-prod" },
            { "Name": "Role", "Value": "WRITER" },
        ]);
        assert_eq!(alarm["Dimensions"], dimensions);
    }
}

#[test]
fn they_wake_their_function_directly_and_take_silence_for_silence() {
    for alarm in [made(GROUP, &[]), made(CLUSTER, &[])].concat() {
        let name = &alarm["AlarmName"];
        assert_eq!(alarm["AlarmActions"], json!([FUNCTION]), "{name}");
        assert_eq!(alarm["TreatMissingData"], "missing", "{name}");
        assert_eq!(alarm["Period"], 60, "{name}");
        let description = alarm["AlarmDescription"].as_str().unwrap();
        assert!(description.contains("wakes clusterwarden's"), "{name}");
        assert!(description.len() < 1024, "{name}");
    }
    for path in [GROUP, CLUSTER] {
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert!(!text.contains("AWS::SNS"), "{path}");
    }
}

#[test]
fn they_are_named_after_their_target_as_the_sample_policy_names_them() {
    for (path, target) in [(GROUP, "orders-"), (CLUSTER, "graph-prod-")] {
        for alarm in made(path, &[]) {
            // So that one AlarmNamePattern takes in all alarms of a target.
            assert!(
                alarm["AlarmName"].as_str().unwrap().starts_with(target),
                "{path}"
            );
        }
    }
    let policy = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    let cpu = &made(GROUP, &[])[0]["AlarmName"];
    assert!(policy.contains(&format!("scale_out = [{cpu}]")), "{cpu}");
}

#[test]
fn the_lines_that_they_print_are_lines_of_a_policy() {
    for (path, section, target) in [
        (
            GROUP,
            "reshard",
            "replication_group = \"orders\"\nmin_shards = 2\nmax_shards = 8\ntargets.engine_cpu = 60",
        ),
        (
            CLUSTER,
            "failover_db_cluster",
            "db_cluster = \"graph-prod\"",
        ),
    ] {
        let template = read(path);
        let names: Vec<String> = made(path, &[])
            .iter()
            .map(|alarm| alarm["AlarmName"].to_string())
            .collect();
        let output = &template["Outputs"]["PolicyLines"]["Value"];
        let line = output["Fn::Sub"]
            .as_str()
            .or(output["Fn::If"][1]["Fn::Sub"].as_str());
        let (key, list) = line.unwrap().split_once(" = ").unwrap();
        // `Ref` of an alarm is its name; the places of the list are those of the resources.
        assert_eq!(list.matches("${").count(), names.len(), "{path}");
        let text = format!(
            "version = 1\n[[{section}]]\n{target}\n{key} = [{}]\n",
            names.join(", ")
        );
        let parsed = Policy::parse("test", &text);
        assert!(parsed.is_ok(), "{path}: {}\n{text}", parsed.unwrap_err());
    }
}
