//! Parameters: each in a group, bounded, with a default that changes nothing, and on the page; nonsense refused; what samconfig.toml
//! deploys accepted; outputs that say what they are for.

use std::{collections::BTreeMap, fs};

use clusterwarden_tests::template::Stack;
use serde_json::{Value, json};

use crate::{root, template};

fn parameters(template: &Value) -> &serde_json::Map<String, Value> {
    template["Parameters"].as_object().unwrap()
}

#[test]
fn every_parameter_is_described_bounded_has_a_default_and_stands_in_one_group() {
    let template = template();
    let groups =
        template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array();
    let grouped = groups
        .unwrap()
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap());
    let mut grouped: Vec<&str> = grouped.map(|name| name.as_str().unwrap()).collect();
    grouped.sort_unstable();
    let mut known: Vec<&str> = parameters(&template).keys().map(String::as_str).collect();
    known.sort_unstable();
    assert_eq!(grouped, known);
    for (name, parameter) in parameters(&template) {
        assert!(parameter.get("Default").is_some(), "{name}");
        let description = parameter["Description"].as_str().unwrap_or_default();
        assert!(description.len() > 20, "{name}");
        let bounded = ["AllowedValues", "AllowedPattern", "MinValue"];
        assert!(
            bounded.iter().any(|one| parameter.get(one).is_some()),
            "{name}"
        );
    }
}

#[test]
fn the_page_has_each_parameter_with_its_default() {
    let template = template();
    let page = fs::read_to_string(root().join("docs/parameters.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let told: BTreeMap<String, String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert!(cells[3].len() > 20, "{row}");
            (
                cells[1].trim_matches('`').to_owned(),
                cells[2].trim_matches('`').to_owned(),
            )
        })
        .collect();
    let default = |parameter: &Value| match &parameter["Default"] {
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let known = parameters(&template).iter();
    let known = known
        .map(|(name, parameter)| (name.clone(), default(parameter)))
        .collect();
    assert_eq!(told, known);
}

#[test]
fn what_can_only_be_a_mistake_is_refused_before_anything_is_made() {
    let template = template();
    let topic = "arn:aws:sns:us-east-1:123456789012:people";
    for (given, refusal) in [
        (&[][..], None),
        (&[("Mode", "apply")], Some("Name your Neptune clusters")),
        (&[("Mode", "apply"), ("DbClusterPattern", "graph-*")], None),
        (&[("Mode", "apply"), ("FailoverDbCluster", "no")], None),
        // A group that a pattern names too widely is still only changed if the policy names it: no nuisance.
        (
            &[
                ("Mode", "apply"),
                ("FailoverDbCluster", "no"),
                ("ReplicationGroupPattern", "*"),
            ],
            None,
        ),
        (&[("RequiredTagKey", "may")], Some("both, or neither")),
        (&[("RequiredTagValue", "yes")], Some("both, or neither")),
        (
            &[("RequiredTagKey", "may"), ("RequiredTagValue", "yes")],
            None,
        ),
        (&[("OperatorEmail", "jana@example.com")], None),
        (&[("OperatorTopicArn", topic)], None),
        (
            &[
                ("OperatorTopicArn", topic),
                ("OperatorEmail", "jana@example.com"),
            ],
            Some("leave one of the two empty"),
        ),
    ] {
        let refusals = Stack::new(&template, given).refusals();
        match refusal {
            None => assert_eq!(refusals, [""; 0], "{given:?}"),
            Some(words) => {
                assert_eq!(refusals.len(), 1, "{given:?}: {refusals:?}");
                assert!(refusals[0].contains(words), "{given:?}: {refusals:?}");
            }
        }
    }
}

#[test]
fn samconfig_deploys_plan_by_default_and_nothing_that_is_refused() {
    let template = template();
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let samconfig: toml::Table = samconfig.parse().unwrap();
    for (environment, mode) in [("default", "plan"), ("apply", "apply")] {
        let deploy = &samconfig[environment]["deploy"]["parameters"];
        assert_eq!(
            deploy["confirm_changeset"].as_bool(),
            Some(true),
            "{environment}"
        );
        let overrides = deploy["parameter_overrides"].as_array().unwrap().iter();
        let overrides = overrides.map(|one| one.as_str().unwrap().split_once('=').unwrap());
        let overrides: Vec<(&str, &str)> = overrides.collect();
        let stack = Stack::new(&template, &overrides);
        assert_eq!(stack.refusals(), [""; 0], "{environment}");
        assert_eq!(stack.parameter("Mode"), mode);
        let built = &samconfig[environment]["build"]["parameters"]["parameter_overrides"][0];
        let architecture = format!("Architecture={}", stack.parameter("Architecture"));
        assert_eq!(built.as_str(), Some(architecture.as_str()), "{environment}");
    }
    let stack =
        |environment: &str| samconfig[environment]["global"]["parameters"]["stack_name"].as_str();
    assert_eq!(stack("default"), stack("apply"));
    assert_eq!(samconfig.len(), 3, "version, default, apply");
}

#[test]
fn a_topic_is_made_only_where_people_have_none_and_mail_only_where_an_address_is_given() {
    let template = template();
    let arn = "arn:aws:sns:us-east-1:123456789012:people";
    for (given, topic, mail) in [
        (&[][..], true, false),
        (&[("OperatorEmail", "jana@example.com")], true, true),
        (&[("OperatorTopicArn", arn)], false, false),
    ] {
        let resources = Stack::new(&template, given).resources();
        assert_eq!(resources.contains_key("OperatorTopic"), topic, "{given:?}");
        assert_eq!(
            resources.contains_key("OperatorTopicPolicy"),
            topic,
            "{given:?}"
        );
        assert_eq!(
            resources.contains_key("OperatorEmailSubscription"),
            mail,
            "{given:?}"
        );
        let told = &resources["FailedEventsAlarm"]["Properties"]["AlarmActions"];
        let made = "arn:aws:sns:us-east-1:123456789012:clusterwarden-OperatorTopic";
        assert_eq!(told, &json!([if topic { made } else { arn }]), "{given:?}");
    }
}

#[test]
fn a_key_of_ones_own_encrypts_what_the_stack_keeps_and_aws_does_without_one() {
    let template = template();
    let key = "arn:aws:kms:us-east-1:123456789012:key/1";
    for (given, expected) in [("", None), (key, Some(key))] {
        let resources = Stack::new(&template, &[("KmsKeyArn", given)]).resources();
        let of = |id: &str, pointer: &str| {
            let value = resources[id].pointer(&format!("/Properties/{pointer}"));
            value.and_then(Value::as_str).map(str::to_owned)
        };
        let expected = expected.map(str::to_owned);
        assert_eq!(of("Journal", "SSESpecification/KMSMasterKeyId"), expected);
        assert_eq!(of("FailedEvents", "KmsMasterKeyId"), expected);
        assert_eq!(of("ReshardLogGroup", "KmsKeyId"), expected);
        assert_eq!(of("ReshardFunction", "KmsKeyArn"), expected);
        let by_sqs = &resources["FailedEvents"]["Properties"]["SqsManagedSseEnabled"];
        assert_eq!(by_sqs.as_bool(), expected.is_none().then_some(true));
        assert_eq!(
            resources["Journal"]["Properties"]["SSESpecification"]["SSEEnabled"],
            true
        );
    }
}

#[test]
fn every_output_says_what_it_is_for_and_stands_under_the_condition_of_what_it_shows() {
    let template = template();
    for (name, output) in template["Outputs"].as_object().unwrap() {
        let description = output["Description"].as_str().unwrap_or_default();
        assert!(description.len() > 15, "{name}");
        let shown = output["Value"]["Ref"].as_str();
        let shown = shown.or_else(|| output["Value"]["Fn::GetAtt"].as_str()?.split('.').next());
        if let Some(shown) = shown {
            let resource = &template["Resources"][shown];
            assert_eq!(resource["Condition"], output["Condition"], "{name}");
        }
    }
}
