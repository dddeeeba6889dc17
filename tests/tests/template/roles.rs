//! Roles: exactly what each function calls, and changes only in apply mode, within a pattern, and not where a tag says paused.

use std::{collections::BTreeSet, fs};

use clusterwarden::pause::TAG;
use clusterwarden_tests::roles::{EVERY_FUNCTION, ROLES, role};
use serde_json::{Value, json};

use crate::{Function, actions, functions, resources, role_of, root, template};

/// Granted to the role of `reshard` by a parameter of its own, for calls that ElastiCache makes on its behalf.
const NETWORK: [&str; 5] = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
];

/// The statements of all policies of a role, each with the condition that it stands under (`None`: always granted).
pub(crate) fn statements(role: &Value) -> Vec<(Option<&str>, &Value)> {
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

fn granted<'a>(role: &'a Value, under: Option<&str>) -> BTreeSet<&'a str> {
    let statements = statements(role);
    let these = statements.iter().filter(|(one, _)| *one == under);
    these
        .flat_map(|(_, statement)| actions(statement))
        .collect()
}

/// The statements that let a function make its change: resource and condition.
fn change<'a>(template: &'a Value, function: &str) -> Vec<(&'a str, &'a Value)> {
    let functions = functions(template);
    let function = functions.iter().find(|one| one.folder == function).unwrap();
    statements(role_of(template, function))
        .into_iter()
        .filter(|(_, statement)| actions(statement).contains(&role(&function.folder).change))
        .map(|(under, statement)| {
            assert_eq!(under, Some("MayApply"));
            let resource = statement["Resource"]["Fn::Sub"].as_str().unwrap();
            let here = ":${AWS::Region}:${AWS::AccountId}:";
            let (_, resource) = resource
                .split_once(here)
                .expect("of this account and Region");
            (resource, &statement["Condition"])
        })
        .collect()
}

#[test]
fn no_two_functions_share_a_role() {
    let template = template();
    let functions = functions(&template);
    let roles: BTreeSet<String> = functions
        .iter()
        .map(|function| function.properties["Role"].to_string())
        .collect();
    assert_eq!(roles.len(), functions.len());
    assert_eq!(roles.len(), resources(&template, "AWS::IAM::Role").len());
}

#[test]
fn each_role_may_do_exactly_what_its_function_calls_and_change_things_in_apply_mode_only() {
    let template = template();
    assert_eq!(
        template["Conditions"]["MayApply"],
        json!({ "Fn::Equals": [{ "Ref": "Mode" }, "apply"] })
    );
    let functions = functions(&template);
    assert_eq!(functions.len(), ROLES.len());
    for function in &functions {
        let (role, expected) = (role_of(&template, function), role(&function.folder));
        let always: BTreeSet<&str> = expected
            .reads
            .iter()
            .copied()
            .chain(EVERY_FUNCTION)
            .collect();
        assert_eq!(granted(role, None), always, "{}", function.id);
        let changes = granted(role, Some("MayApply"));
        assert_eq!(
            changes,
            BTreeSet::from([expected.change]),
            "{}",
            function.id
        );
        let network = granted(role, Some("MayUseEc2"));
        let expected = if function.folder == "reshard" {
            BTreeSet::from(NETWORK)
        } else {
            BTreeSet::new()
        };
        assert_eq!(network, expected, "{}", function.id);
        let conditions: BTreeSet<_> = statements(role).iter().map(|(under, _)| *under).collect();
        let known = BTreeSet::from([None, Some("MayApply"), Some("MayUseEc2")]);
        assert!(conditions.is_subset(&known), "{conditions:?}");
    }
}

#[test]
fn every_statement_allows_and_lambda_alone_may_take_a_role() {
    let template = template();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        for (_, statement) in statements(role) {
            assert_eq!(statement["Effect"], "Allow", "{id}");
            assert!(statement.get("NotAction").is_none(), "{id}");
        }
        assert_eq!(
            role["Properties"]["AssumeRolePolicyDocument"]["Statement"],
            json!([{
                "Effect": "Allow",
                "Principal": { "Service": "lambda.amazonaws.com" },
                "Action": "sts:AssumeRole",
            }]),
            "{id}"
        );
    }
    for Function { id, properties, .. } in functions(&template) {
        assert!(
            properties.get("Policies").is_none(),
            "{id}: SAM would ignore its policies beside a role"
        );
    }
}

/// The condition that leaves a target alone that is tagged as paused, even if the program were wrong. True without the tag.
fn not_paused() -> Value {
    json!({ format!("aws:ResourceTag/{TAG}"): "paused" })
}

#[test]
fn resharding_is_granted_within_the_pattern_under_the_ceiling_and_without_the_tag() {
    assert_eq!(
        change(&template(), "reshard"),
        [(
            "replicationgroup:${ReplicationGroupPattern}",
            &json!({
                "NumericLessThanEquals": { "elasticache:NumNodeGroups": { "Ref": "MaxShardsCeiling" } },
                "StringNotEqualsIgnoreCase": not_paused(),
            })
        )]
    );
}

#[test]
fn failing_over_a_shard_is_granted_within_the_pattern_and_without_the_tag() {
    assert_eq!(
        change(&template(), "failover-shard"),
        [(
            "replicationgroup:${ReplicationGroupPattern}",
            &json!({ "StringNotEqualsIgnoreCase": not_paused() })
        )]
    );
}

#[test]
fn failing_over_a_cluster_is_granted_within_a_pattern_and_to_no_instance_that_says_it_is_another_engines()
 {
    let template = template();
    assert_eq!(
        change(&template, "failover-db-cluster"),
        [
            (
                "cluster:${DbClusterPattern}",
                &json!({ "StringNotEqualsIgnoreCase": not_paused() })
            ),
            (
                "db:*",
                &json!({ "StringEqualsIfExists": { "rds:DatabaseEngine": ["neptune", "graphdb"] } })
            ),
        ]
    );
    let description = template["Parameters"]["DbClusterPattern"]["Description"]
        .as_str()
        .unwrap();
    assert!(description.contains("Aurora") && description.contains("DocumentDB"));
}

#[test]
fn promoting_a_replica_cannot_switch_failover_or_multi_az_on_nor_exchange_other_resources() {
    // A parameter group, a security group or a user group is a resource of its own, and none is named.
    assert_eq!(
        change(&template(), "promote-replica"),
        [(
            "replicationgroup:${ReplicationGroupPattern}",
            &json!({
                "BoolIfExists": {
                    "elasticache:AutomaticFailoverEnabled": "false",
                    "elasticache:MultiAZEnabled": "false",
                },
                "StringNotEqualsIgnoreCase": not_paused(),
            })
        )]
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

/// The operations that a file of `aws/` calls, in the API's spelling: `.describe_db_clusters()` is `DescribeDBClusters`.
fn called_operations(source: &str) -> impl Iterator<Item = String> {
    const VERBS: [&str; 10] = [
        "batch", "create", "delete", "describe", "failover", "list", "modify", "put", "test",
        "update",
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
                match *word {
                    "db" => "DB".to_owned(),
                    _ => first.to_uppercase() + rest,
                }
            });
            capitals.collect()
        })
}

#[test]
fn every_operation_that_the_core_calls_is_granted_and_none_that_it_does_not() {
    let granted: BTreeSet<&str> = ROLES
        .iter()
        .flat_map(|role| role.reads.iter().chain([&role.change]))
        .chain(
            EVERY_FUNCTION
                .iter()
                .filter(|action| action.starts_with("dynamodb:")),
        )
        .filter_map(|action| Some(action.split_once(':')?.1))
        .collect();
    let mut called = BTreeSet::new();
    for entry in fs::read_dir(root().join("shared/src/aws")).unwrap() {
        let path = entry.unwrap().path();
        // A person's credentials, not the role, carry out what this file asks.
        let a_persons = path.ends_with("journal_table.rs");
        if !a_persons && path.extension().is_some_and(|extension| extension == "rs") {
            called.extend(called_operations(&fs::read_to_string(path).unwrap()));
        }
    }
    let called: BTreeSet<&str> = called.iter().map(String::as_str).collect();
    assert_eq!(called, granted);
}
