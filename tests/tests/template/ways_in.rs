//! What may wake a function, and who may send it.

use serde_json::{Value, json};

use crate::{actions, functions, resources, template};

#[test]
fn alarms_of_this_account_alone_may_invoke_each_function() {
    let template = template();
    let permissions = resources(&template, "AWS::Lambda::Permission");
    for function in functions(&template) {
        let id = &function.id;
        let (_, permission) = permissions
            .iter()
            .find(|(_, permission)| {
                permission["Properties"]["FunctionName"]
                    == json!({ "Fn::GetAtt": format!("{id}.Arn") })
            })
            .unwrap_or_else(|| panic!("no alarm may invoke {id}"));
        let properties = &permission["Properties"];
        assert_eq!(
            properties["Principal"],
            "lambda.alarms.cloudwatch.amazonaws.com"
        );
        assert_eq!(
            properties["SourceAccount"],
            json!({ "Ref": "AWS::AccountId" })
        );
        let source = properties["SourceArn"]["Fn::Sub"].as_str().unwrap();
        assert!(source.contains(":cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"));
    }
    for (id, permission) in permissions {
        assert!(
            permission["Properties"].get("SourceAccount").is_some(),
            "{id}"
        );
    }
}

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

/// That a topic admits a service in both documented ways, and nobody of another account.
fn assert_admits(template: &Value, topic: &str, service: &str) {
    let properties = &template["Resources"][topic]["Properties"];
    assert!(
        properties.get("KmsMasterKeyId").is_none(),
        "the services cannot publish to a topic encrypted with a customer's key"
    );
    let policy = &template["Resources"][format!("{topic}Policy")]["Properties"];
    assert_eq!(policy["Topics"], json!([{ "Ref": topic }]));
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let account = json!({ "Ref": "AWS::AccountId" });
    let by_owner = statements.iter().any(|statement| {
        statement["Principal"] == json!({ "AWS": "*" })
            && statement["Condition"]["StringEquals"]["AWS:SourceOwner"] == account
    });
    let by_service = statements.iter().any(|statement| {
        statement["Principal"] == json!({ "Service": service })
            && statement["Condition"]["StringEquals"]["aws:SourceAccount"] == account
    });
    assert!(by_owner && by_service, "{topic}");
    for statement in statements {
        assert_eq!(actions(statement), ["sns:Publish"]);
        assert!(
            statement["Condition"]["StringEquals"]
                .as_object()
                .unwrap()
                .values()
                .all(|value| *value == account),
            "open to other accounts: {statement}"
        );
    }
}

#[test]
fn the_topics_admit_their_service_in_both_documented_ways_and_this_account_only() {
    let template = template();
    assert_admits(&template, "NotificationTopic", "elasticache.amazonaws.com");
    assert_admits(&template, "DatabaseEventsTopic", "events.rds.amazonaws.com");
    assert_eq!(resources(&template, "AWS::SNS::Topic").len(), 2);
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
