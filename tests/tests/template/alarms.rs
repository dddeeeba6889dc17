//! What people are told: that a function fails or falls silent, and what its decision records say that they must hear.

use std::collections::BTreeMap;

use clusterwarden::{failover::DrillVerdict, record::Outcome};
use serde_json::{Value, json};

use crate::{functions, resources, template};

fn alarms(template: &Value) -> BTreeMap<&str, &Value> {
    resources(template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .collect()
}

#[test]
fn every_alarm_tells_the_operators_topic_if_there_is_one() {
    let template = template();
    let topic = json!([{ "Fn::If": ["HasOperatorTopic", { "Ref": "OperatorTopicArn" }, { "Ref": "OperatorTopic" }] }]);
    // Those that do not yet; none may come to be among them.
    let silent = [
        "DrillMissedAlarm",
        "FailoverFailedAlarm",
        "NodeReplacementScheduledAlarm",
    ];
    for (id, alarm) in alarms(&template) {
        if silent.contains(&id) {
            continue;
        }
        assert_eq!(alarm["Properties"]["AlarmActions"], topic, "{id}");
        assert_eq!(alarm["Properties"]["OKActions"], topic, "{id}");
    }
}

#[test]
fn each_function_is_watched_for_failing_and_for_silence() {
    let template = template();
    let alarms = alarms(&template);
    for function in functions(&template) {
        let name = function.id.strip_suffix("Function").unwrap();
        for (alarm, metric, missing) in [
            ("Failing", "Errors", "notBreaching"),
            ("Silent", "Invocations", "breaching"),
        ] {
            let properties = &alarms[format!("{name}{alarm}Alarm").as_str()]["Properties"];
            assert_eq!(properties["MetricName"], metric, "{name}");
            assert_eq!(properties["TreatMissingData"], missing, "{name}");
            assert_eq!(
                properties["Dimensions"],
                json!([{ "Name": "FunctionName", "Value": { "Ref": function.id } }])
            );
        }
    }
}

/// The metric filters that feed a metric: log group and pattern.
fn filters<'a>(template: &'a Value, metric: &str) -> BTreeMap<&'a str, &'a str> {
    let filters = resources(template, "AWS::Logs::MetricFilter");
    let feeds = filters.iter().filter(|(_, filter)| {
        let transformation = &filter["Properties"]["MetricTransformations"][0];
        assert_eq!(transformation["MetricValue"], "1");
        assert_eq!(
            transformation["MetricNamespace"],
            json!({ "Fn::Sub": "clusterwarden/${AWS::StackName}" })
        );
        transformation["MetricName"] == metric
    });
    feeds
        .map(|(_, filter)| {
            let properties = &filter["Properties"];
            let group = properties["LogGroupName"]["Ref"].as_str().unwrap();
            let function = group.strip_suffix("LogGroup").unwrap();
            // A filter on a log group that is not there would fail the stack.
            assert_eq!(filter["Condition"], format!("With{function}"));
            (function, properties["FilterPattern"].as_str().unwrap())
        })
        .collect()
}

/// An alarm on one of our own metrics: one record in three periods is enough.
fn assert_tells(template: &Value, alarm: &str, metric: &str, condition: &str) {
    let alarm = &template["Resources"][alarm];
    assert_eq!(alarm["Condition"], condition);
    let properties = &alarm["Properties"];
    assert_eq!(properties["MetricName"], metric);
    assert_eq!(
        properties["Namespace"],
        json!({ "Fn::Sub": "clusterwarden/${AWS::StackName}" })
    );
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
fn a_failed_failover_is_told_whichever_function_asked_for_it() {
    let template = template();
    assert_tells(
        &template,
        "FailoverFailedAlarm",
        "FailoversFailed",
        "WithFailovers",
    );
    let pattern = format!(r#"{{ $.outcome = "{}" }}"#, Outcome::Failed.name());
    assert_eq!(
        filters(&template, "FailoversFailed"),
        ["FailoverShard", "FailoverDbCluster", "PromoteReplica"]
            .map(|function| (function, pattern.as_str()))
            .into()
    );
}

#[test]
fn a_drill_that_missed_its_objective_or_was_not_seen_to_its_end_is_told() {
    let template = template();
    assert_tells(&template, "DrillMissedAlarm", "DrillsMissed", "WithDrills");
    let pattern = format!(
        r#"{{ ($.drills[0].verdict = "{}") || ($.drills[0].verdict = "{}") }}"#,
        DrillVerdict::Missed,
        DrillVerdict::Incomplete
    );
    assert_eq!(
        filters(&template, "DrillsMissed"),
        ["FailoverShard", "FailoverDbCluster"]
            .map(|function| (function, pattern.as_str()))
            .into()
    );
}

#[test]
fn a_scheduled_replacement_of_a_node_is_told() {
    let template = template();
    assert_tells(
        &template,
        "NodeReplacementScheduledAlarm",
        "NodeReplacements",
        "WithFailoverShard",
    );
    assert_eq!(
        filters(&template, "NodeReplacements"),
        [("FailoverShard", r#"{ $.replacements[0].node = "*" }"#)].into()
    );
}
