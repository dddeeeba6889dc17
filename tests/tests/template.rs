//! What `template.yaml` promises: one function and one narrow role per folder, plan by default, every way in and out kept.

use std::{collections::BTreeSet, fs, path::PathBuf};

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

/// Everything that a role of a function may do. A new action is a new line here, with a reviewer's name on it.
const ALLOWED_ACTIONS: [&str; 19] = [
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListAlarmMuteRules",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeEvents",
    "elasticache:DescribeReplicationGroups",
    RESHARD,
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "sts:AssumeRole",
];

const RESHARD: &str = "elasticache:ModifyReplicationGroupShardConfiguration";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template with CloudFormation's short tags in their long form: `!Ref X` becomes `{"Ref": "X"}`.
fn template() -> Value {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    to_json(&Yaml::load_from_str(&text).unwrap()[0])
}

fn to_json(node: &Yaml) -> Value {
    match node {
        Yaml::Tagged(tag, inner) => {
            let name = tag.suffix.trim_start_matches('!');
            let key = match name {
                "Ref" | "Condition" => name.to_owned(),
                _ => format!("Fn::{name}"),
            };
            json!({ key: to_json(inner) })
        }
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), to_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        scalar => {
            if let Some(text) = scalar.as_str() {
                text.into()
            } else if let Some(number) = scalar.as_integer() {
                number.into()
            } else if let Some(flag) = scalar.as_bool() {
                flag.into()
            } else if scalar.is_null() {
                Value::Null
            } else {
                panic!("unexpected node in the template: {scalar:?}")
            }
        }
    }
}

/// The resources of one type with their logical ids.
fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), resource))
        .collect()
}

fn functions(template: &Value) -> Vec<(&str, &Value)> {
    let found = resources(template, "AWS::Serverless::Function");
    assert!(!found.is_empty(), "no function in the template");
    found
}

/// The statements of all policies of a role, each with the condition that it stands under (`None`: always granted).
fn statements(role: &Value) -> Vec<(Option<&str>, &Value)> {
    assert!(
        role["Properties"].get("ManagedPolicyArns").is_none(),
        "a managed policy grants what this file does not show"
    );
    let policies = role["Properties"]["Policies"].as_array().unwrap();
    policies
        .iter()
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .map(|statement| match statement.get("Fn::If") {
            Some(choice) => {
                assert_eq!(choice[2], json!({ "Ref": "AWS::NoValue" }));
                (choice[0].as_str(), &choice[1])
            }
            None => (None, statement),
        })
        .collect()
}

fn actions(statement: &Value) -> Vec<&str> {
    match &statement["Action"] {
        Value::String(one) => vec![one],
        many => many
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap())
            .collect(),
    }
}

fn role_of<'a>(template: &'a Value, function: &Value) -> &'a Value {
    let role = function["Properties"]["Role"]["Fn::GetAtt"]
        .as_str()
        .and_then(|attribute| attribute.strip_suffix(".Arn"))
        .expect("the function names a role of this template, so that SAM adds none");
    &template["Resources"][role]
}

#[test]
fn every_folder_of_functions_is_one_function() {
    let folders: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| format!("functions/{}", entry.file_name().to_str().unwrap()))
        .collect();
    let template = template();
    let functions = functions(&template);
    let deployed: BTreeSet<String> = functions
        .iter()
        .map(|(_, function)| {
            assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda");
            let folder = function["Properties"]["CodeUri"].as_str().unwrap();
            folder.trim_end_matches('/').to_owned()
        })
        .collect();
    assert_eq!(deployed, folders);
    assert_eq!(deployed.len(), functions.len(), "a folder deployed twice");
}

#[test]
fn no_two_functions_share_a_role() {
    let template = template();
    let functions = functions(&template);
    let roles: BTreeSet<String> = functions
        .iter()
        .map(|(_, function)| function["Properties"]["Role"].to_string())
        .collect();
    assert_eq!(roles.len(), functions.len());
}

#[test]
fn mode_is_plan_unless_a_person_says_otherwise() {
    let template = template();
    assert_eq!(template["Parameters"]["Mode"]["Default"], "plan");
    assert_eq!(
        template["Parameters"]["Mode"]["AllowedValues"],
        json!(["plan", "apply"])
    );
    for (id, function) in functions(&template) {
        let mode = &function["Properties"]["Environment"]["Variables"]["MODE"];
        assert_eq!(mode, &json!({ "Ref": "Mode" }), "{id}");
    }
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    assert!(samconfig.contains("\"Mode=plan\"") && !samconfig.contains("Mode=apply"));
}

#[test]
fn every_function_finds_its_policy_and_its_journal() {
    let template = template();
    let shared = &template["Globals"]["Function"];
    assert_eq!(shared["Layers"], json!([{ "Ref": "PolicyLayer" }]));
    assert_eq!(
        shared["Environment"]["Variables"]["POLICY_FILE"],
        "/opt/policy.toml"
    );
    assert_eq!(
        shared["Environment"]["Variables"]["JOURNAL_TABLE"],
        json!({ "Ref": "Journal" })
    );
    let layer = &template["Resources"]["PolicyLayer"];
    assert_eq!(layer["Properties"]["ContentUri"], "policy/");
    assert!(
        layer.get("Metadata").is_none(),
        "without a build method SAM zips the folder as it is"
    );
}

#[test]
fn the_journal_survives_the_stack_and_is_keyed_by_target() {
    let template = template();
    let journal = &template["Resources"]["Journal"];
    assert_eq!(journal["Type"], "AWS::DynamoDB::Table");
    assert_eq!(journal["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(journal["UpdateReplacePolicy"], "Retain");
    let properties = &journal["Properties"];
    assert_eq!(
        properties["KeySchema"],
        json!([{ "AttributeName": "target", "KeyType": "HASH" }])
    );
    assert_eq!(
        properties["AttributeDefinitions"],
        json!([{ "AttributeName": "target", "AttributeType": "S" }])
    );
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    let recovery = &properties["PointInTimeRecoverySpecification"];
    assert_eq!(recovery["PointInTimeRecoveryEnabled"], true);
}

#[test]
fn alarms_of_this_account_alone_may_invoke_each_function() {
    let template = template();
    let permissions = resources(&template, "AWS::Lambda::Permission");
    for (id, _) in functions(&template) {
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
fn every_function_wakes_by_schedule_and_by_notification() {
    let template = template();
    for (id, function) in functions(&template) {
        let events = function["Properties"]["Events"].as_object().unwrap();
        let has = |kind: &str| events.values().any(|event| event["Type"] == kind);
        assert!(has("ScheduleV2"), "{id}: the schedule makes us certain");
        assert!(has("SNS"), "{id}: notifications make us quick");
    }
}

#[test]
fn the_topic_admits_elasticache_in_both_documented_ways_and_this_account_only() {
    let template = template();
    let topic = &template["Resources"]["NotificationTopic"];
    assert!(
        topic["Properties"].get("KmsMasterKeyId").is_none(),
        "ElastiCache cannot publish to a topic encrypted with a customer's key"
    );
    let policy = &template["Resources"]["NotificationTopicPolicy"]["Properties"];
    assert_eq!(policy["Topics"], json!([{ "Ref": "NotificationTopic" }]));
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let account = json!({ "Ref": "AWS::AccountId" });
    let by_owner = statements.iter().any(|statement| {
        statement["Principal"] == json!({ "AWS": "*" })
            && statement["Condition"]["StringEquals"]["AWS:SourceOwner"] == account
    });
    let by_service = statements.iter().any(|statement| {
        statement["Principal"] == json!({ "Service": "elasticache.amazonaws.com" })
            && statement["Condition"]["StringEquals"]["aws:SourceAccount"] == account
    });
    assert!(by_owner && by_service);
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
fn no_role_may_do_anything_outside_the_list() {
    let template = template();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        let trusted = trust
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| (None, statement));
        for (_, statement) in statements(role).into_iter().chain(trusted) {
            assert_eq!(statement["Effect"], "Allow", "{id}");
            assert!(statement.get("NotAction").is_none(), "{id}");
            for action in actions(statement) {
                assert!(ALLOWED_ACTIONS.contains(&action), "{id} may {action}");
            }
        }
    }
    for (id, function) in functions(&template) {
        assert!(
            function["Properties"].get("Policies").is_none(),
            "{id}: SAM would ignore its policies beside a role"
        );
    }
}

#[test]
fn resharding_is_granted_in_apply_mode_only_within_the_pattern_and_under_the_ceiling() {
    let template = template();
    assert_eq!(
        template["Conditions"]["MayApply"],
        json!({ "Fn::Equals": [{ "Ref": "Mode" }, "apply"] })
    );
    let (_, function) = functions(&template)
        .into_iter()
        .find(|(_, function)| function["Properties"]["CodeUri"] == "functions/reshard")
        .unwrap();
    let granted: Vec<_> = statements(role_of(&template, function))
        .into_iter()
        .filter(|(_, statement)| actions(statement).contains(&RESHARD))
        .collect();
    let [(condition, statement)] = granted.as_slice() else {
        panic!("one statement grants the reshard, not {}", granted.len())
    };
    assert_eq!(*condition, Some("MayApply"));
    assert_eq!(actions(statement), [RESHARD]);
    let resource = statement["Resource"]["Fn::Sub"].as_str().unwrap();
    assert!(resource.ends_with(":replicationgroup:${ReplicationGroupPattern}"));
    assert_eq!(
        statement["Condition"],
        json!({ "NumericLessThanEquals": { "elasticache:NumNodeGroups": { "Ref": "MaxShardsCeiling" } } })
    );
}

/// The operations that a file of `aws/` calls, in the API's spelling: `.describe_events()` is `DescribeEvents`.
fn called_operations(source: &str) -> impl Iterator<Item = String> {
    const VERBS: [&str; 9] = [
        "batch", "create", "delete", "describe", "list", "modify", "put", "test", "update",
    ];
    source
        .split('.')
        .filter_map(|piece| piece.split_once("()"))
        .map(|(name, _)| name.split('_').collect::<Vec<_>>())
        .filter(|words| {
            words.len() > 1 && (VERBS.contains(&words[0]) || words[..2] == ["get", "metric"])
        })
        .map(|words| {
            let capitals = words.iter().map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_uppercase() + rest
            });
            capitals.collect()
        })
}

#[test]
fn every_operation_that_the_core_calls_is_granted() {
    let template = template();
    let granted: BTreeSet<String> = functions(&template)
        .iter()
        .flat_map(|(_, function)| statements(role_of(&template, function)))
        .flat_map(|(_, statement)| actions(statement))
        .filter_map(|action| action.split_once(':'))
        .map(|(_, operation)| operation.to_owned())
        .collect();
    let mut called = BTreeSet::new();
    for entry in fs::read_dir(root().join("shared/src/aws")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            called.extend(called_operations(&fs::read_to_string(path).unwrap()));
        }
    }
    assert!(called.contains("DescribeReplicationGroups"), "{called:?}");
    assert!(
        called.is_subset(&granted),
        "called but not granted: {:?}",
        &called - &granted
    );
}

#[test]
fn only_reads_that_cannot_be_narrowed_name_every_resource() {
    let template = template();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        for (_, statement) in statements(role) {
            if statement["Resource"] != "*" {
                continue;
            }
            let service_only = statement["Condition"]["Bool"]["aws:ViaAWSService"] == "true";
            for action in actions(statement) {
                let (_, verb) = action.split_once(':').unwrap();
                let reads = ["Describe", "Get", "List"]
                    .iter()
                    .any(|prefix| verb.starts_with(prefix));
                assert!(reads || service_only, "{id} may {action} on everything");
            }
        }
    }
}

#[test]
fn an_event_whose_runs_failed_is_kept() {
    let template = template();
    for (id, function) in functions(&template) {
        let config = &function["Properties"]["EventInvokeConfig"];
        assert!(
            config["MaximumEventAgeInSeconds"].as_i64().unwrap() <= 21_600,
            "{id}"
        );
        assert!(
            config["MaximumRetryAttempts"].as_i64().unwrap() <= 2,
            "{id}"
        );
        let destination = &config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"];
        let queue = destination
            .as_str()
            .and_then(|attribute| attribute.strip_suffix(".Arn"))
            .unwrap();
        assert_eq!(template["Resources"][queue]["Type"], "AWS::SQS::Queue");
        assert!(
            statements(role_of(&template, function)).iter().any(
                |(_, statement)| statement["Resource"]["Fn::GetAtt"] == *destination
                    && actions(statement).contains(&"sqs:SendMessage")
            ),
            "{id} may not write to its destination"
        );
    }
}
