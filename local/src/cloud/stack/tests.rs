use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::cloud::Parameters;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

fn cloud() -> Cloud {
    let start = DateTime::from_timestamp(1_795_410_000, 0).unwrap();
    Cloud::new(start, Parameters::default())
}

fn made(settings: Settings) -> (Cloud, Deployed) {
    let mut cloud = cloud();
    let deployed = deploy(&mut cloud, TEMPLATE, settings).unwrap();
    (cloud, deployed)
}

fn refusal(text: &str, settings: Settings) -> String {
    deploy(&mut cloud(), text, settings)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_template_makes_the_functions_that_its_parameters_want() {
    let (cloud, deployed) = made(Settings::named("warden"));
    let names = [
        "warden-failover-db-cluster",
        "warden-failover-shard",
        "warden-reshard",
    ];
    assert_eq!(deployed.functions, names);
    let function = cloud.lambda.function("warden-reshard").unwrap();
    let seen = &function.configuration;
    assert_eq!(
        seen["FunctionArn"],
        "arn:aws:lambda:us-east-1:123456789012:function:warden-reshard"
    );
    let variables = &seen["Environment"]["Variables"];
    assert_eq!(variables["MODE"], "plan");
    assert_eq!(variables["POLICY_FILE"], "/opt/policy.toml");
    assert_eq!(variables["JOURNAL_TABLE"], deployed.tables[0]);
    assert_eq!(seen["Architectures"], json!(["arm64"]));
    assert_eq!(function.reserved_concurrency, None);
    assert!(deployed.left_out.contains("AWS::Logs::LogGroup"));

    let few = Settings::named("few")
        .with("FailoverShard", "no")
        .with("FailoverDbCluster", "no")
        .with("PromoteReplica", "yes")
        .with("ReservedConcurrency", "1");
    let (cloud, deployed) = made(few);
    assert_eq!(deployed.functions, ["few-promote-replica", "few-reshard"]);
    let function = cloud.lambda.function("few-promote-replica").unwrap();
    assert_eq!(function.reserved_concurrency, Some(1));
}

#[test]
fn a_role_may_change_something_only_in_apply_mode_and_within_its_parameters() {
    let changing = |settings| {
        let (cloud, _) = made(settings);
        let roles = cloud.iam.roles.values();
        let documents = roles.flat_map(|role| role.inline.values());
        let statements = documents.flat_map(|one| one["Statement"].as_array().unwrap().clone());
        statements
            .filter(|one| one["Action"] == "elasticache:ModifyReplicationGroupShardConfiguration")
            .collect::<Vec<Value>>()
    };
    assert_eq!(changing(Settings::named("warden")), Vec::<Value>::new());
    let apply = Settings::named("warden")
        .with("Mode", "apply")
        .with("ReplicationGroupPattern", "orders*")
        .with("MaxShardsCeiling", "8");
    let statements = changing(apply);
    assert_eq!(statements.len(), 1);
    assert_eq!(
        statements[0]["Resource"],
        "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:orders*"
    );
    let ceiling = &statements[0]["Condition"]["NumericLessThanEquals"];
    assert_eq!(ceiling["elasticache:NumNodeGroups"], "8");
}

#[test]
fn alarms_and_topics_may_invoke_and_functions_are_subscribed() {
    let (cloud, deployed) = made(Settings::named("warden"));
    let function = cloud.lambda.function("warden-reshard").unwrap();
    let policy: Value = serde_json::from_str(&function.policy().unwrap()).unwrap();
    let principals: Vec<&Value> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["Principal"]["Service"])
        .collect();
    assert_eq!(
        principals,
        [
            "sns.amazonaws.com",
            "lambda.alarms.cloudwatch.amazonaws.com"
        ]
    );
    let alarms = &policy["Statement"][1]["Condition"];
    assert_eq!(alarms["StringEquals"]["AWS:SourceAccount"], "123456789012");
    assert_eq!(
        alarms["ArnLike"]["AWS:SourceArn"],
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*"
    );
    let mut topics = deployed.topics.iter();
    let topic = topics
        .find(|arn| arn.contains("-NotificationTopic-"))
        .unwrap();
    let topic = &cloud.sns.topics[topic];
    assert_eq!(topic.subscriptions.len(), 2);
    let document = topic.document("", "");
    assert_eq!(document["Statement"].as_array().unwrap().len(), 2);
    let invoked = function.event_invoke.as_ref().unwrap();
    let destination = invoked["DestinationConfig"]["OnFailure"]["Destination"].as_str();
    assert!(
        destination
            .unwrap()
            .starts_with("arn:aws:sqs:us-east-1:123456789012:warden-FailedEvents-")
    );
}

#[test]
fn an_imported_resource_has_the_name_that_it_had() {
    let settings = Settings::named("warden").naming("Journal", "clusterwarden-journal");
    let mut cloud = cloud();
    cloud
        .dynamodb
        .create_table("clusterwarden-journal", "target")
        .unwrap();
    let deployed = deploy(&mut cloud, TEMPLATE, settings).unwrap();
    assert_eq!(deployed.tables, ["clusterwarden-journal"]);
}

#[test]
fn what_the_reader_does_not_know_is_refused_with_its_place() {
    let topic = |value: &str| {
        format!(
            "Parameters: {{ P: {{ Type: String, Default: a, AllowedValues: [a, b] }} }}\n\
             Conditions: {{ C: !Equals [!Ref P, b] }}\n\
             Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: {value}\n  \
             Q:\n    Type: AWS::SQS::Queue\n    Condition: C\n"
        )
    };
    for (value, words) in [
        (
            "!Base64 x",
            "Fn::Base64 is not known to the embedded CloudFormation, at Resources.T.DisplayName",
        ),
        (
            "!GetAtt T.Colour",
            "the attribute Colour of a resource of type AWS::SNS::Topic",
        ),
        (
            "!Ref Nobody",
            "the stack has no resource or parameter Nobody",
        ),
        ("!Ref Q", "the stack has no resource or parameter Q"),
        ("!If [D, x, y]", "there is no condition D"),
        ("!Sub \"${P\"", "`${` without `}`"),
    ] {
        let said = refusal(&topic(value), Settings::named("s"));
        assert!(said.contains(words), "{value}: {said}");
    }
    let said = refusal(&topic("x"), Settings::named("s").with("P", "c"));
    assert!(
        said.contains("not one of the parameter's allowed values"),
        "{said}"
    );
    let said = refusal(&topic("x"), Settings::named("s").with("N", "c"));
    assert!(said.contains("no such parameter"), "{said}");
    assert!(refusal("a: [", Settings::named("s")).contains("no YAML"));
}

#[test]
fn functions_are_resolved_inside_one_another() {
    let text = "Mappings: { M: { a: { x: mapped } } }\n\
        Parameters: { P: { Type: String, Default: a }, L: { Type: CommaDelimitedList, Default: 'p, q' } }\n\
        Conditions:\n  IsA: !Equals [!Ref P, a]\n  Not: !Not [!Condition IsA]\n  Either: !Or [!Condition Not, !And [!Condition IsA, !Equals [x, x]]]\n\
        Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: t\n      DisplayName: \
        !If [Either, !Join ['-', [!Sub ['${A}${!B}', { A: !FindInMap [M, !Ref P, x] }], !Select [1, !Ref L], !Select [0, !Split ['/', 'u/v']], !Sub '${T.TopicName}@${AWS::Region}']], !Ref AWS::NoValue]\n";
    let mut cloud = cloud();
    deploy(&mut cloud, text, Settings::named("s")).unwrap();
    let topic = &cloud.sns.topics["arn:aws:sns:us-east-1:123456789012:t"];
    assert_eq!(topic.display_name, "mapped${B}-q-u-t@us-east-1");
}
