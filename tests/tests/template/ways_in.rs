//! What may wake a function, and who may send it.

use serde_json::json;

use crate::{functions, resources, template};

#[test]
fn every_function_wakes_by_schedule_and_by_what_its_service_tells() {
    let template = template();
    for function in functions(&template) {
        let id = &function.id;
        let events = function.properties["Events"].as_object().unwrap();
        let of = |kind: &str| {
            let mut events = events.values();
            let found = events.find(|event| event["Type"] == kind);
            &found.unwrap_or_else(|| panic!("{id} has no {kind}"))["Properties"]
        };
        // The schedule makes us certain, notifications make us quick.
        assert_eq!(of("ScheduleV2")["ScheduleExpression"], "rate(5 minutes)");
        let topic = match function.folder.as_str() {
            "failover-db-cluster" => "DatabaseEventsTopic",
            _ => "NotificationTopic",
        };
        assert_eq!(of("SNS")["Topic"], json!({ "Ref": topic }), "{id}");
    }
}

#[test]
fn no_topic_is_encrypted_with_a_key_of_the_stack() {
    // ElastiCache cannot publish to one that is, and a key policy that forgets CloudWatch would silence the alarms.
    for (id, topic) in resources(&template(), "AWS::SNS::Topic") {
        assert!(topic["Properties"].get("KmsMasterKeyId").is_none(), "{id}");
    }
}

#[test]
fn only_alarms_are_admitted_by_a_permission_of_ours() {
    let template = template();
    let permissions = resources(&template, "AWS::Lambda::Permission");
    assert_eq!(permissions.len(), functions(&template).len());
    for (id, permission) in permissions {
        let principal = &permission["Properties"]["Principal"];
        assert_eq!(principal, "lambda.alarms.cloudwatch.amazonaws.com", "{id}");
    }
}

#[test]
fn neptune_tells_the_topic_of_the_clusters_failovers() {
    let template = template();
    let subscriptions = resources(&template, "AWS::Neptune::EventSubscription");
    let [(_, subscription)] = subscriptions.as_slice() else {
        panic!("one subscription, not {}", subscriptions.len())
    };
    assert_eq!(subscription["Condition"], "WithFailoverDbCluster");
    // A subscription to a topic that does not admit the service yet is refused.
    assert_eq!(subscription["DependsOn"], "DatabaseEventsTopicPolicy");
    assert_eq!(
        subscription["Properties"],
        json!({
            "SnsTopicArn": { "Ref": "DatabaseEventsTopic" },
            "SourceType": "db-cluster",
            "EventCategories": ["failover"],
        })
    );
}
