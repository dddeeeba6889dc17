//! What people are told of functions and of their queue: what it means, what to do first, where to read on.

use std::fs;

use serde_json::{Value, json};

use crate::{functions, resources, root, template};

/// The page that people are sent to.
const PAGE: &str = "docs/operations.md";

/// Alarms on metrics of AWS's own; those on what our records say are others'.
fn of_services(template: &Value) -> Vec<(&str, &Value)> {
    let mut found = resources(template, "AWS::CloudWatch::Alarm");
    found.retain(|(_, alarm)| {
        let namespace = alarm["Properties"]["Namespace"].as_str();
        namespace.is_some_and(|namespace| namespace.starts_with("AWS/"))
    });
    found
}

#[test]
fn every_alarm_says_what_to_do_first_and_where_to_read_on() {
    let template = template();
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchors: Vec<String> = headings
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase())
        .map(|words| words.replace(' ', "-"))
        .collect();
    let alarms = of_services(&template);
    assert!(alarms.len() > functions(&template).len());
    for (id, alarm) in alarms {
        let description = &alarm["Properties"]["AlarmDescription"]["Fn::Sub"];
        let description = description.as_str().unwrap_or_else(|| panic!("{id}"));
        assert!(description.contains("Do: "), "{id}: {description}");
        // CloudWatch takes 1,024 characters, and names take the place of references.
        assert!(description.len() < 800, "{id}");
        let told = description.split_once(&format!("{PAGE}#"));
        let (_, rest) = told.unwrap_or_else(|| panic!("{id} names no place"));
        let end = |letter: char| !(letter.is_alphanumeric() || letter == '-');
        let anchor = rest.split(end).next().unwrap_or_default();
        assert!(
            anchors.iter().any(|one| one == anchor),
            "{id}: {PAGE} has no {anchor}"
        );
        assert!(
            page.contains(&format!("`{id}`")),
            "{PAGE} has no row of {id}"
        );
    }
}

#[test]
fn events_that_were_lost_or_that_failed_are_told() {
    let template = template();
    let resources = &template["Resources"];
    let queue = &resources["FailedEventsAlarm"]["Properties"];
    assert_eq!(queue["MetricName"], "ApproximateNumberOfMessagesVisible");
    assert_eq!(
        queue["Dimensions"],
        json!([{ "Name": "QueueName", "Value": { "Fn::GetAtt": "FailedEvents.QueueName" } }])
    );
    for function in functions(&template) {
        let name = function.id.strip_suffix("Function").unwrap();
        let lost = &resources[format!("{name}LostEventAlarm")]["Properties"];
        assert_eq!(lost["MetricName"], "DestinationDeliveryFailures", "{name}");
        assert_eq!(
            lost["Dimensions"],
            json!([{ "Name": "FunctionName", "Value": { "Ref": function.id } }])
        );
    }
}
