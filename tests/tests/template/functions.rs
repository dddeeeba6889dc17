//! One folder, one function: what it is built from, told, and what becomes of its failures and its log.

use std::{collections::BTreeSet, fs};

use serde_json::json;

use crate::{functions, resources, root, template};

#[test]
fn every_folder_of_functions_is_one_function() {
    let folders: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().to_str().unwrap().to_owned())
        .collect();
    let template = template();
    let functions = functions(&template);
    let deployed: BTreeSet<String> = functions
        .iter()
        .map(|function| {
            assert_eq!(function.metadata["BuildMethod"], "rust-cargolambda");
            function.folder.clone()
        })
        .collect();
    assert_eq!(deployed, folders);
    assert_eq!(deployed.len(), functions.len(), "a folder deployed twice");
}

#[test]
fn mode_is_plan_unless_a_person_says_otherwise() {
    let template = template();
    assert_eq!(template["Parameters"]["Mode"]["Default"], "plan");
    assert_eq!(
        template["Parameters"]["Mode"]["AllowedValues"],
        json!(["plan", "apply"])
    );
    for function in functions(&template) {
        let mode = &function.properties["Environment"]["Variables"]["MODE"];
        assert_eq!(mode, &json!({ "Ref": "Mode" }), "{}", function.id);
    }
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let samconfig: toml::Table = samconfig.parse().unwrap();
    let default = samconfig["default"]["deploy"]["parameters"]["parameter_overrides"].as_array();
    let default = default.expect("a list");
    assert!(default.iter().any(|one| one.as_str() == Some("Mode=plan")));
}

#[test]
fn a_stack_may_want_fewer_functions_and_promotes_replicas_only_when_told_to() {
    let template = template();
    for (folder, parameter, default) in [
        ("reshard", None, ""),
        ("failover-shard", Some("FailoverShard"), "yes"),
        ("failover-db-cluster", Some("FailoverDbCluster"), "yes"),
        ("promote-replica", Some("PromoteReplica"), "no"),
    ] {
        let functions = functions(&template);
        let function = functions.iter().find(|one| one.folder == folder).unwrap();
        let condition = parameter.map(|parameter| format!("With{parameter}"));
        assert_eq!(function.condition, condition, "{folder}");
        let (Some(parameter), Some(condition)) = (parameter, condition) else {
            continue;
        };
        assert_eq!(
            template["Conditions"][&condition],
            json!({ "Fn::Equals": [{ "Ref": parameter }, "yes"] })
        );
        let parameter = &template["Parameters"][parameter];
        assert_eq!(parameter["Default"], default, "{folder}");
        assert_eq!(parameter["AllowedValues"], json!(["no", "yes"]), "{folder}");
    }
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    assert!(samconfig.contains("\"PromoteReplica=no\""));
}

#[test]
fn what_belongs_to_a_function_comes_and_goes_with_it() {
    let template = template();
    for function in functions(&template) {
        let name = function.id.strip_suffix("Function").unwrap();
        for part in [
            "AlarmPermission",
            "Role",
            "LogGroup",
            "FailingAlarm",
            "SilentAlarm",
            "LostEventAlarm",
        ] {
            let resource = &template["Resources"][format!("{name}{part}")];
            assert!(resource.is_object(), "{name} has no {part}");
            assert_eq!(
                resource["Condition"].as_str(),
                function.condition.as_deref(),
                "{name}{part}"
            );
        }
    }
}

#[test]
fn every_function_finds_its_policy_and_its_journal() {
    let template = template();
    for function in functions(&template) {
        let properties = &function.properties;
        assert_eq!(properties["Layers"], json!([{ "Ref": "PolicyLayer" }]));
        let variables = &properties["Environment"]["Variables"];
        assert_eq!(variables["POLICY_FILE"], "/opt/policy.toml");
        assert_eq!(variables["JOURNAL_TABLE"], json!({ "Ref": "Journal" }));
        assert_eq!(
            variables["METRICS_NAMESPACE"],
            json!({ "Fn::Sub": "clusterwarden/${AWS::StackName}" })
        );
        assert_eq!(
            variables["TARGET_METRICS"],
            json!({ "Ref": "TargetMetrics" })
        );
        assert!(
            variables.get("WATCH_SECONDS").is_none(),
            "the pace of looks after a call is the program's to choose"
        );
    }
    let layer = &template["Resources"]["PolicyLayer"];
    assert_eq!(layer["Properties"]["ContentUri"], "policy/");
    assert!(
        layer.get("Metadata").is_none(),
        "without a build method SAM zips the folder as it is"
    );
}

#[test]
fn a_function_that_waits_for_the_new_primary_has_the_time_for_it() {
    let template = template();
    for function in functions(&template) {
        let timeout = function.properties["Timeout"].as_i64().unwrap();
        if function.folder == "reshard" {
            // A look, and done before the schedule's next one.
            assert!((60..300).contains(&timeout), "{}", function.id);
        } else {
            // Five minutes of waiting and the look before; Lambda allows 900 seconds.
            assert!((420..=900).contains(&timeout), "{}", function.id);
        }
    }
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
fn decisions_are_logged_as_they_are_and_survive_the_stack() {
    let template = template();
    let groups = resources(&template, "AWS::Logs::LogGroup");
    let functions = functions(&template);
    assert_eq!(groups.len(), functions.len());
    for function in functions {
        let logging = &function.properties["LoggingConfig"];
        // A text format would wrap each record, and no metric filter could read it.
        assert_eq!(logging["LogFormat"], "JSON", "{}", function.id);
        let group = logging["LogGroup"]["Ref"].as_str().unwrap();
        let (_, group) = groups.iter().find(|(id, _)| *id == group).unwrap();
        assert_eq!(group["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(group["UpdateReplacePolicy"], "Retain");
        assert_eq!(
            group["Properties"]["RetentionInDays"],
            json!({ "Ref": "LogRetentionDays" })
        );
        let key =
            json!({ "Fn::If": ["HasKmsKey", { "Ref": "KmsKeyArn" }, { "Ref": "AWS::NoValue" }] });
        assert_eq!(group["Properties"]["KmsKeyId"], key);
        assert_eq!(function.properties["KmsKeyArn"], key);
    }
}

#[test]
fn an_event_is_tried_for_as_long_as_lambda_allows() {
    let template = template();
    for function in functions(&template) {
        let id = &function.id;
        let config = &function.properties["EventInvokeConfig"];
        assert!(
            config["MaximumEventAgeInSeconds"].as_i64().unwrap() <= 21_600,
            "{id}"
        );
        assert!(
            config["MaximumRetryAttempts"].as_i64().unwrap() <= 2,
            "{id}"
        );
    }
}
