//! What people are told: that a function fails or falls silent, and what its decision records say that they must hear.

use std::{collections::BTreeMap, fs};

use clusterwarden::{failover::DrillVerdict, record::Outcome};
use serde_json::{Value, json};

use crate::{functions, resources, root, template};

fn alarms(template: &Value) -> BTreeMap<&str, &Value> {
    resources(template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .collect()
}

/// The page that people are sent to.
const PAGE: &str = "docs/operations.md";

/// Alarms on the functions and their queue; those on decision records are below.
fn of_services(template: &Value) -> BTreeMap<&str, &Value> {
    let mut found = alarms(template);
    found.retain(|_, alarm| alarm["Properties"]["Namespace"].as_str().is_some());
    found
}

#[test]
fn every_alarm_tells_the_topic_of_the_operators_or_that_of_the_stack() {
    let template = template();
    let tell = json!([{ "Fn::If": ["HasOperatorTopic", { "Ref": "OperatorTopicArn" }, { "Ref": "OperatorTopic" }] }]);
    let alarms = of_services(&template);
    assert!(alarms.len() > 12, "{}", alarms.len());
    for (id, alarm) in alarms {
        assert_eq!(alarm["Properties"]["AlarmActions"], tell, "{id}");
        assert_eq!(alarm["Properties"]["OKActions"], tell, "{id}");
    }
}

#[test]
fn every_alarm_says_what_to_do_first_and_where_to_read_on() {
    let template = template();
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|heading| {
            heading
                .trim_start_matches('#')
                .trim()
                .to_lowercase()
                .replace(' ', "-")
        })
        .collect();
    for (id, alarm) in of_services(&template) {
        let description = &alarm["Properties"]["AlarmDescription"]["Fn::Sub"];
        let description = description.as_str().unwrap_or_else(|| panic!("{id}"));
        assert!(description.contains("First: "), "{id}: {description}");
        // CloudWatch takes 1,024 characters, and names take the place of references.
        assert!(description.len() < 800, "{id}");
        let (_, rest) = description
            .split_once(&format!("{PAGE}#"))
            .unwrap_or_else(|| panic!("{id}"));
        let anchor = rest
            .split(|end: char| !(end.is_alphanumeric() || end == '-'))
            .next()
            .unwrap();
        assert!(
            anchors.iter().any(|one| one == anchor),
            "{id}: {PAGE} has no {anchor}"
        );
        // One row for the four functions.
        let names = functions(&template)
            .into_iter()
            .map(|one| one.id.replace("Function", ""));
        let row = names.fold(id.to_owned(), |row, name| match row.strip_prefix(&name) {
            Some(rest) if !rest.is_empty() => format!("…{rest}"),
            Some(_) | None => row,
        });
        assert!(
            page.contains(&format!("| `{row}` |")),
            "{PAGE} has no row for `{row}`"
        );
    }
}

#[test]
fn events_that_were_lost_or_that_failed_are_told() {
    let template = template();
    let alarms = alarms(&template);
    let queue = &alarms["FailedEventsAlarm"]["Properties"];
    assert_eq!(queue["MetricName"], "ApproximateNumberOfMessagesVisible");
    assert_eq!(
        queue["Dimensions"],
        json!([{ "Name": "QueueName", "Value": { "Fn::GetAtt": "FailedEvents.QueueName" } }])
    );
    for function in functions(&template) {
        let name = function.id.strip_suffix("Function").unwrap();
        let lost = &alarms[format!("{name}LostEventAlarm").as_str()]["Properties"];
        assert_eq!(lost["MetricName"], "DestinationDeliveryFailures", "{name}");
        assert_eq!(
            lost["Dimensions"],
            json!([{ "Name": "FunctionName", "Value": { "Ref": function.id } }])
        );
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
