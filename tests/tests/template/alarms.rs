//! What people are told: that a function fails or falls silent, and what its decision records say that they must hear.

use std::collections::BTreeMap;

use clusterwarden::metrics::{
    DRILLS_MISSED, Dimension, FAILOVERS_FAILED, METRICS, Metric, NODE_REPLACEMENTS, PASSES,
    RESHARDS_FAILED, RESHARDS_INCOMPLETE, TEST_FAILOVERS_LEFT,
};
use serde_json::{Value, json};

use crate::{functions, resources, template};

/// CloudWatch's longest description of an alarm.
const LONGEST_DESCRIPTION: usize = 1024;

pub(crate) fn alarms(template: &Value) -> BTreeMap<&str, &Value> {
    resources(template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .collect()
}

/// The namespace of our own metrics.
fn ours() -> Value {
    json!({ "Fn::Sub": "clusterwarden/${AWS::StackName}" })
}

#[test]
fn every_alarm_tells_the_operators_topic_or_the_stacks_own() {
    let template = template();
    let topic = json!([{ "Fn::If": ["HasOperatorTopic", { "Ref": "OperatorTopicArn" }, { "Ref": "OperatorTopic" }] }]);
    for (id, alarm) in alarms(&template) {
        assert_eq!(alarm["Properties"]["AlarmActions"], topic, "{id}");
        assert_eq!(alarm["Properties"]["OKActions"], topic, "{id}");
    }
}

#[test]
fn every_alarm_says_what_to_do_and_where_to_read_on() {
    for (id, alarm) in alarms(&template()) {
        let description = &alarm["Properties"]["AlarmDescription"];
        let text = description["Fn::Sub"].as_str().or(description.as_str());
        let text = text.unwrap_or_else(|| panic!("{id} has no description"));
        assert!(text.contains("Do: "), "{id}: {text}");
        assert!(text.contains("docs/"), "{id}: {text}");
        // What is substituted is longer than its place, but by less than this.
        assert!(text.len() + 200 < LONGEST_DESCRIPTION, "{id}: {text}");
    }
}

#[test]
fn each_function_is_watched_for_failing_and_for_silence() {
    let template = template();
    let alarms = alarms(&template);
    let passes = PASSES.sets;
    assert_eq!(passes, [[Dimension::Function]]);
    for function in functions(&template) {
        let name = function.id.strip_suffix("Function").unwrap();
        let watched = |alarm: &str| &alarms[format!("{name}{alarm}Alarm").as_str()]["Properties"];
        let failing = watched("Failing");
        assert_eq!(
            (&failing["Namespace"], &failing["MetricName"]),
            (&json!("AWS/Lambda"), &json!("Errors")),
            "{name}"
        );
        assert_eq!(failing["TreatMissingData"], "notBreaching", "{name}");
        assert_eq!(
            failing["Dimensions"],
            json!([{ "Name": "FunctionName", "Value": { "Ref": function.id } }])
        );
        // By the heartbeat: that no pass ends, or no line of the log arrives, is seen by nothing else.
        let silent = watched("Silent");
        assert_eq!(
            silent["Metrics"],
            json!([
                { "Id": "heartbeats", "Expression": "FILL(passes, 0)", "ReturnData": true },
                { "Id": "passes", "ReturnData": false, "MetricStat": {
                    "Metric": {
                        "Namespace": ours(), "MetricName": PASSES.name,
                        "Dimensions": [{ "Name": "function", "Value": function.folder }],
                    },
                    "Period": 300, "Stat": "Sum",
                } },
            ]),
            "{name}"
        );
        assert_eq!(silent["TreatMissingData"], "breaching", "{name}");
        assert_eq!(silent["ComparisonOperator"], "LessThanThreshold", "{name}");
        assert_eq!(
            (&silent["Threshold"], &silent["EvaluationPeriods"]),
            (&json!(1), &json!(3)),
            "{name}: three periods of five minutes"
        );
    }
}

/// An alarm on one of our own metrics: one record in three periods is enough.
fn assert_tells(template: &Value, alarm: &str, metric: &Metric, condition: Option<&str>) {
    let alarm = &template["Resources"][alarm];
    assert_eq!(alarm["Condition"].as_str(), condition);
    let properties = &alarm["Properties"];
    assert_eq!(properties["MetricName"], metric.name);
    assert_eq!(properties["Namespace"], ours());
    // All functions together: an alarm per function would tell one thing four times.
    assert_eq!(metric.sets, [&[] as &[Dimension]]);
    assert!(properties.get("Dimensions").is_none());
    assert_eq!(properties["Statistic"], "Sum");
    assert_eq!(properties["Threshold"], 1);
    assert_eq!(
        properties["ComparisonOperator"],
        "GreaterThanOrEqualToThreshold"
    );
    assert_eq!(properties["TreatMissingData"], "notBreaching");
    // Every pass says it again while it is so, and passes come every five minutes, not at once: the alarm must not flap.
    assert_eq!(properties["DatapointsToAlarm"], 1);
    assert!(properties["EvaluationPeriods"].as_i64().unwrap() >= 2);
}

#[test]
fn what_a_record_says_that_people_must_hear_is_told_whichever_function_wrote_it() {
    let template = template();
    let (failovers, drills, shard) = (
        Some("WithFailovers"),
        Some("WithDrills"),
        Some("WithFailoverShard"),
    );
    for (alarm, metric, condition) in [
        ("ReshardFailedAlarm", &RESHARDS_FAILED, None),
        ("ReshardIncompleteAlarm", &RESHARDS_INCOMPLETE, None),
        ("FailoverFailedAlarm", &FAILOVERS_FAILED, failovers),
        ("DrillMissedAlarm", &DRILLS_MISSED, drills),
        ("NodeReplacementScheduledAlarm", &NODE_REPLACEMENTS, shard),
    ] {
        assert_tells(&template, alarm, metric, condition);
    }
    assert!(
        resources(&template, "AWS::Logs::MetricFilter").is_empty(),
        "what a filter would count, the records tell as metrics"
    );
}

#[test]
fn every_metric_of_the_stack_as_a_whole_has_its_alarm() {
    let template = template();
    let alarms = alarms(&template);
    let told: Vec<&str> = alarms
        .values()
        .filter_map(|alarm| alarm["Properties"]["MetricName"].as_str())
        .collect();
    for metric in METRICS {
        if metric.sets.contains(&([].as_slice())) {
            assert!(told.contains(&metric.name), "{} tells nobody", metric.name);
        }
    }
}

#[test]
fn a_budget_of_test_failovers_that_is_spent_is_told() {
    let template = template();
    let alarm = &template["Resources"]["TestFailoverBudgetAlarm"];
    assert_eq!(alarm["Condition"], "WithFailoverShard");
    let properties = &alarm["Properties"];
    assert_eq!(TEST_FAILOVERS_LEFT.sets, [[Dimension::Function]]);
    assert_eq!(
        (&properties["Namespace"], &properties["MetricName"]),
        (&ours(), &json!(TEST_FAILOVERS_LEFT.name))
    );
    assert_eq!(
        properties["Dimensions"],
        json!([{ "Name": "function", "Value": "failover-shard" }])
    );
    assert_eq!(properties["Statistic"], "Minimum");
    assert_eq!(
        (&properties["ComparisonOperator"], &properties["Threshold"]),
        (&json!("LessThanOrEqualToThreshold"), &json!(0))
    );
    // A budget that nobody knows is not a budget that is spent.
    assert_eq!(properties["TreatMissingData"], "notBreaching");
}
