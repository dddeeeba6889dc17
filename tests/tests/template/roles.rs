//! Roles: what each may do under each choice of parameters, and what it may not; changes only in apply mode, within a pattern,
//! and not where a tag says paused. That a role has no more than its function uses is `tests/tests/privileges.rs`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use clusterwarden::pause::TAG;
use clusterwarden_local::runtime_api::binaries::FUNCTIONS;
use clusterwarden_tests::{
    iam::{Request, Resource},
    roles::{MADE_BY_OTHERS, Role, role},
    template::Stack,
};
use serde_json::{Value, json};

use crate::{functions, resources, root, template};

/// A function, its change, and the kind of resource that it changes.
const CHANGES: [(&str, &str, &str); 4] = [
    (
        "reshard",
        "elasticache:ModifyReplicationGroupShardConfiguration",
        "elasticache:us-east-1:123456789012:replicationgroup",
    ),
    (
        "failover-shard",
        "elasticache:TestFailover",
        "elasticache:us-east-1:123456789012:replicationgroup",
    ),
    (
        "failover-db-cluster",
        "rds:FailoverDBCluster",
        "rds:us-east-1:123456789012:cluster",
    ),
    (
        "promote-replica",
        "elasticache:ModifyReplicationGroup",
        "elasticache:us-east-1:123456789012:replicationgroup",
    ),
];

/// Actions on `*`, each with the reason that nothing narrower is possible.
const ON_EVERYTHING: [(&str, &str); 12] = [
    (
        "cloudwatch:DescribeAlarmHistory",
        "a narrower grant hides composite alarms",
    ),
    (
        "cloudwatch:DescribeAlarms",
        "a narrower grant hides composite alarms",
    ),
    ("cloudwatch:GetMetricData", "has no resource"),
    (
        "ec2:CreateNetworkInterface",
        "for ElastiCache alone, by aws:ViaAWSService",
    ),
    (
        "ec2:DeleteNetworkInterface",
        "for ElastiCache alone, by aws:ViaAWSService",
    ),
    ("ec2:DescribeNetworkInterfaces", "has no resource"),
    ("ec2:DescribeSubnets", "has no resource"),
    ("ec2:DescribeVpcs", "has no resource"),
    ("elasticache:DescribeEvents", "has no resource"),
    ("rds:DescribeEvents", "has no resource"),
    ("xray:PutTelemetryRecords", "has no resource"),
    ("xray:PutTraceSegments", "has no resource"),
];

#[test]
fn no_two_functions_share_a_role_and_the_schedules_have_one() {
    let template = template();
    let functions = functions(&template);
    let roles: BTreeSet<String> = functions
        .iter()
        .map(|function| function.properties["Role"].to_string())
        .collect();
    assert_eq!(roles.len(), functions.len());
    let all = resources(&template, "AWS::IAM::Role");
    assert_eq!(roles.len() + 1, all.len());
    for function in functions {
        let id = &function.id;
        assert!(
            function.properties.get("Policies").is_none(),
            "{id}: SAM would ignore its policies beside a role"
        );
        let events = function.properties["Events"].as_object().unwrap();
        let mut schedules = events
            .values()
            .filter(|event| event["Type"] == "ScheduleV2");
        assert!(
            schedules
                .all(|one| one["Properties"]["RoleArn"]
                    == json!({ "Fn::GetAtt": "ScheduleRole.Arn" })),
            "{id}: SAM would assemble a role that this file does not show"
        );
    }
}

#[test]
fn a_role_grows_by_what_a_parameter_asks_for_and_by_nothing_else() {
    let template = template();
    let network: &[&str] = &[
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ];
    let traces: &[&str] = &["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
    let key: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];
    for (function, change, _) in CHANGES {
        let least = role(&template, function, &[]);
        let network = if function == "reshard" { network } else { &[] };
        for (parameters, more) in [
            (&[("Mode", "plan")][..], &[][..]),
            (&[("Mode", "apply")], &[change]),
            (&[("Ec2DependentActions", "yes")], &[]),
            (
                &[("Mode", "apply"), ("Ec2DependentActions", "yes")],
                &[&[change], network].concat(),
            ),
            (&[("Tracing", "PassThrough")], &[]),
            (&[("Tracing", "Active")], traces),
            (
                &[("KmsKeyArn", "arn:aws:kms:us-east-1:123456789012:key/1")],
                key,
            ),
            (
                &[("RequiredTagKey", "may"), ("RequiredTagValue", "yes")],
                &[],
            ),
        ] {
            let grown = role(&template, function, parameters);
            let gained: BTreeSet<&str> = grown
                .actions()
                .difference(&least.actions())
                .copied()
                .collect();
            let more: BTreeSet<&str> = more.iter().copied().collect();
            assert_eq!(gained, more, "{function} with {parameters:?}");
            assert!(
                grown.actions().is_superset(&least.actions()),
                "{parameters:?}"
            );
            let denies = grown.statements.iter().filter(|one| !one.allows);
            let wanted = usize::from(parameters[0].0 == "RequiredTagKey");
            assert_eq!(denies.count(), wanted, "{function} with {parameters:?}");
        }
    }
}

#[test]
fn lambda_alone_may_take_a_functions_role() {
    let template = template();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trust.as_array().unwrap().len(), 1, "{id}");
        let wanted = match id {
            "ScheduleRole" => "scheduler.amazonaws.com",
            _ => "lambda.amazonaws.com",
        };
        assert_eq!(trust[0]["Principal"], json!({ "Service": wanted }), "{id}");
        assert_eq!(trust[0]["Action"], "sts:AssumeRole", "{id}");
        assert!(
            role["Properties"]["PermissionsBoundary"].is_object(),
            "{id}"
        );
    }
}

/// A request to change the target of this name.
fn request(function: &str, target: &str, keys: &[(&str, &str)]) -> Request {
    let mut changes = CHANGES.iter();
    let (_, action, kind) = changes.find(|(one, ..)| *one == function).unwrap();
    let keys = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let mut keys: BTreeMap<String, String> = keys.collect();
    if function == "reshard" {
        keys.entry("elasticache:NumNodeGroups".to_owned())
            .or_insert("4".to_owned());
    }
    Request {
        action: (*action).to_owned(),
        on: vec![Resource {
            arn: format!("arn:aws:{kind}:{target}"),
            keys,
        }],
    }
}

/// Every role with the parameters that all of these tests share.
fn roles(template: &Value, more: &[(&str, &str)]) -> Vec<Role> {
    let parameters = [
        &[
            ("Mode", "apply"),
            ("ReplicationGroupPattern", "orders*"),
            ("DbClusterPattern", "orders*"),
        ],
        more,
    ];
    let parameters = parameters.concat();
    FUNCTIONS
        .iter()
        .map(|function| role(template, function, &parameters))
        .collect()
}

#[test]
fn a_change_is_granted_within_the_pattern_in_apply_mode_and_without_the_tag() {
    let template = template();
    let tag = format!("aws:ResourceTag/{TAG}");
    for role in roles(&template, &[]) {
        let may = |target: &str, keys: &[(&str, &str)]| {
            role.may(&request(&role.function, target, keys)).is_ok()
        };
        assert!(
            may("orders", &[]) && may("orders-eu", &[]),
            "{}",
            role.function
        );
        assert!(!may("carts", &[]), "{}", role.function);
        assert!(!may("my-orders", &[]), "{}", role.function);
        for paused in ["paused", "Paused"] {
            assert!(!may("orders", &[(&tag, paused)]), "{}", role.function);
        }
        assert!(may("orders", &[(&tag, "watched")]), "{}", role.function);
        for (other, kind, _) in CHANGES.iter().filter(|(other, ..)| *other != role.function) {
            let theirs = request(other, "orders", &[]);
            assert!(role.may(&theirs).is_err(), "{} may {kind}", role.function);
        }
    }
    for function in FUNCTIONS {
        let plan = role(&template, function, &[("Mode", "plan")]);
        assert!(
            plan.may(&request(function, "orders", &[])).is_err(),
            "{function}"
        );
    }
}

#[test]
fn where_a_tag_is_required_a_target_without_it_is_not_changed() {
    let template = template();
    let wanted = "aws:ResourceTag/clusterwarden-may";
    let given = [
        ("RequiredTagKey", "clusterwarden-may"),
        ("RequiredTagValue", "yes"),
    ];
    for role in roles(&template, &given) {
        let may =
            |keys: &[(&str, &str)]| role.may(&request(&role.function, "orders", keys)).is_ok();
        assert!(may(&[(wanted, "yes")]), "{}", role.function);
        assert!(!may(&[]), "{}", role.function);
        assert!(!may(&[(wanted, "no")]), "{}", role.function);
        assert!(!may(&[(wanted, "Yes")]), "{}", role.function);
        assert!(
            !may(&[("aws:ResourceTag/other", "yes")]),
            "{}",
            role.function
        );
        let paused = format!("aws:ResourceTag/{TAG}");
        assert!(
            !may(&[(wanted, "yes"), (&paused, "paused")]),
            "{}",
            role.function
        );
    }
}

#[test]
fn resharding_stops_at_the_ceiling() {
    let template = template();
    let mut roles = roles(&template, &[("MaxShardsCeiling", "12")]).into_iter();
    let reshard = roles
        .find(|role| role.function == "reshard")
        .expect("a role");
    for (shards, may) in [("12", true), ("13", false), ("2", true)] {
        let asked = request(
            "reshard",
            "orders",
            &[("elasticache:NumNodeGroups", shards)],
        );
        assert_eq!(reshard.may(&asked).is_ok(), may, "{shards} shards");
    }
}

#[test]
fn failing_over_to_an_instance_that_says_it_is_another_engines_is_refused() {
    let template = template();
    let role = role(&template, "failover-db-cluster", &[("Mode", "apply")]);
    for (engine, may) in [
        (Some("neptune"), true),
        (Some("graphdb"), true),
        (Some("aurora-mysql"), false),
        (Some("docdb"), false),
        // No page says that AWS always asks for it.
        (None, true),
    ] {
        let mut asked = request("failover-db-cluster", "orders", &[]);
        let keys = engine.map(|engine| ("rds:DatabaseEngine".to_owned(), engine.to_owned()));
        asked.on.push(Resource {
            arn: "arn:aws:rds:us-east-1:123456789012:db:orders-2".to_owned(),
            keys: keys.into_iter().collect(),
        });
        assert_eq!(role.may(&asked).is_ok(), may, "{engine:?}");
    }
    let description = template["Parameters"]["DbClusterPattern"]["Description"]
        .as_str()
        .unwrap();
    assert!(description.contains("Aurora") && description.contains("DocumentDB"));
}

#[test]
fn promoting_a_replica_cannot_switch_failover_or_multi_az_on_nor_exchange_other_resources() {
    let template = template();
    let role = role(&template, "promote-replica", &[("Mode", "apply")]);
    for key in [
        "elasticache:AutomaticFailoverEnabled",
        "elasticache:MultiAZEnabled",
    ] {
        for (value, may) in [("false", true), ("true", false)] {
            let asked = request("promote-replica", "orders", &[(key, value)]);
            assert_eq!(role.may(&asked).is_ok(), may, "{key} {value}");
        }
    }
    for kind in ["parametergroup", "securitygroup", "usergroup"] {
        let mut asked = request("promote-replica", "orders", &[]);
        let keys = BTreeMap::new();
        let arn = format!("arn:aws:elasticache:us-east-1:123456789012:{kind}:theirs");
        asked.on.push(Resource { arn, keys });
        assert!(role.may(&asked).is_err(), "{kind}");
    }
}

#[test]
fn only_what_cannot_be_narrowed_names_every_resource() {
    let template = template();
    let all = [
        ("PromoteReplica", "yes"),
        ("Mode", "apply"),
        ("Ec2DependentActions", "yes"),
        ("Tracing", "Active"),
    ];
    let stack = Stack::new(&template, &all);
    let mut on_everything = BTreeSet::new();
    for (id, role) in stack
        .resources()
        .iter()
        .filter(|(_, one)| one["Type"] == "AWS::IAM::Role")
    {
        let policies = role["Properties"]["Policies"].as_array().unwrap();
        for policy in policies {
            let document = &policy["PolicyDocument"];
            let raw = document["Statement"].as_array().unwrap();
            for (statement, raw) in clusterwarden_tests::iam::statements(document)
                .iter()
                .zip(raw)
            {
                let here = statement.resources.iter().all(|one| {
                    one.contains(":123456789012:")
                        && (one.contains(":us-east-1:") || one.contains(":iam:"))
                });
                if statement.resources == ["*"] {
                    on_everything.extend(statement.actions.iter().cloned());
                } else {
                    assert!(here, "{id}: {:?}", statement.resources);
                }
                let service_only = raw["Condition"]["Bool"]["aws:ViaAWSService"] == "true";
                let ec2 = statement
                    .actions
                    .iter()
                    .any(|action| action.starts_with("ec2:"));
                assert_eq!(service_only, ec2, "{id}: {}", statement.sid);
            }
        }
    }
    let known = ON_EVERYTHING.map(|(action, _)| action.to_owned());
    assert_eq!(on_everything, known.into());
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
    let template = template();
    let granted: BTreeSet<String> = roles(&template, &[])
        .iter()
        .flat_map(|role| {
            role.actions()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|action| MADE_BY_OTHERS.iter().all(|(other, _)| other != action))
        .filter_map(|action| Some(action.split_once(':')?.1.to_owned()))
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
    assert_eq!(called, granted);
}
