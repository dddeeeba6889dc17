//! Each kind of breakage is found, and nothing else: the check, how bad, where, what was seen, and the fix.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::policy::PolicyFile;
use clusterwarden_account::doctor::{Check, Severity};
use clusterwarden_local::cloud::{
    Cloud,
    auto_scaling::ScalableTarget,
    cloudwatch::{AlarmSpec, DataStatus},
    lambda::Function,
};
use clusterwarden_tests::monday_morning;
use serde_json::{Value, json};

use crate::world::{World, apply, by_hand, plan};

const NOTIFICATIONS: &str = "arn:aws:sns:us-east-1:123456789012:clusterwarden-notifications";

/// What must be said: of what, how bad, in which words of place, sight and fix.
type Expected<'a> = (Check, Severity, [&'a str; 3]);

/// The look finds exactly this.
#[track_caller]
fn assert_found(looked: &crate::world::Looked, expected: &[Expected<'_>]) {
    let bad = looked.bad();
    for (check, severity, [place, saw, fix]) in expected {
        let found = bad.iter().any(|one| {
            let said = one.fix.as_deref().unwrap_or_default();
            one.check == *check
                && one.severity == *severity
                && one.place.contains(place)
                && one.saw.contains(saw)
                && said.contains(fix)
        });
        assert!(
            found,
            "no {} ({severity:?}) {place}: {saw}; {fix} in {bad:#?}",
            check.name()
        );
    }
    assert_eq!(bad.len(), expected.len(), "{bad:#?}");
}

async fn look(change: impl FnOnce(&mut Cloud)) -> crate::world::Looked {
    World::new(apply()).with(change).look().await
}

async fn only(change: impl FnOnce(&mut Cloud), expected: Expected<'_>) {
    assert_found(&look(change).await, &[expected]);
}

fn function<'c>(cloud: &'c mut Cloud, name: &str) -> &'c mut Function {
    cloud.lambda.function_mut(name).expect("the function")
}

fn is_of_alarms(statement: &Value) -> bool {
    statement["Principal"]["Service"] == "lambda.alarms.cloudwatch.amazonaws.com"
}

/// The condition of the statement for alarms of `reshard`.
fn of_alarms(cloud: &mut Cloud) -> &mut Value {
    let function = function(cloud, "clusterwarden-reshard");
    let mut statements = function.statements.iter_mut();
    &mut statements
        .find(|one| is_of_alarms(one))
        .expect("a statement")["Condition"]
}

#[tokio::test]
async fn an_alarm_that_is_missing_or_silenced_is_an_error() {
    only(
        |cloud| {
            by_hand(
                cloud,
                "2010-08-01",
                "Action=DeleteAlarms&AlarmNames.member.1=orders-incident",
            )
        },
        (
            Check::AlarmExists,
            Severity::Error,
            [
                "alarm orders-incident",
                "alarms.stop of orders names it: everything is held",
                "aws cloudwatch put-metric-alarm --alarm-name orders-incident",
            ],
        ),
    )
    .await;
    only(
        |cloud| by_hand(cloud, "2010-08-01", "Action=DeleteAlarms&AlarmNames.member.1=orders-engine-cpu-high"),
        (Check::AlarmExists, Severity::Error, [
            "alarm orders-engine-cpu-high",
            "it never asks for growth",
            "Value=orders --statistic Maximum --period 60 --evaluation-periods 3 --threshold 75 --comparison-operator GreaterThanThreshold \
             --alarm-actions arn:aws:lambda:us-east-1:123456789012:function:clusterwarden-reshard",
        ]),
    )
    .await;
    only(
        |cloud| {
            by_hand(
                cloud,
                "2010-08-01",
                "Action=DisableAlarmActions&AlarmNames.member.1=orders-engine-cpu-high",
            )
        },
        (
            Check::AlarmActionsEnabled,
            Severity::Error,
            [
                "alarm orders-engine-cpu-high",
                "its breach does not count",
                "aws cloudwatch enable-alarm-actions --alarm-names orders-engine-cpu-high",
            ],
        ),
    )
    .await;
}

#[tokio::test]
async fn an_alarm_that_acts_on_nobody_or_on_a_version_is_found() {
    let acting = |actions: &'static [&'static str]| {
        move |cloud: &mut Cloud| {
            let spec = AlarmSpec {
                name: "orders-engine-cpu-high".to_owned(),
                metric: "EngineCPUUtilization".to_owned(),
                alarm_actions: actions.iter().map(|one| (*one).to_owned()).collect(),
                ..AlarmSpec::default()
            };
            let now = cloud.now();
            cloud.cloudwatch.put_alarm(now, spec).expect("an alarm");
        }
    };
    let fix = "add arn:aws:lambda:us-east-1:123456789012:function:clusterwarden-reshard to its AlarmActions";
    only(
        acting(&[]),
        (
            Check::AlarmWakes,
            Severity::Warning,
            ["orders-engine-cpu-high", "has no action", fix],
        ),
    )
    .await;
    only(
        acting(&["arn:aws:sns:us-east-1:123456789012:pager"]),
        (
            Check::AlarmWakes,
            Severity::Warning,
            [
                "orders-engine-cpu-high",
                "acts on arn:aws:sns:us-east-1:123456789012:pager only",
                fix,
            ],
        ),
    )
    .await;
    only(
        acting(&["arn:aws:lambda:us-east-1:123456789012:function:clusterwarden-reshard:live"]),
        (
            Check::AlarmWakes,
            Severity::Unknown,
            [
                "orders-engine-cpu-high",
                "a version or an alias",
                "let it act on",
            ],
        ),
    )
    .await;
}

#[tokio::test]
async fn an_alarm_that_the_function_does_not_let_in_is_an_error() {
    let place = "alarm orders-engine-cpu-high, function clusterwarden-reshard";
    let fix = "--action lambda:InvokeFunction --principal lambda.alarms.cloudwatch.amazonaws.com --source-account 123456789012 \
               --source-arn arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-engine-cpu-high";
    only(
        |cloud| {
            function(cloud, "clusterwarden-reshard")
                .statements
                .retain(|one| !is_of_alarms(one))
        },
        (
            Check::AlarmMayInvoke,
            Severity::Error,
            [place, "no statement names the principal of alarms", fix],
        ),
    )
    .await;
    only(
        |cloud| of_alarms(cloud)["StringEquals"]["AWS:SourceAccount"] = json!("210987654321"),
        (
            Check::AlarmMayInvoke,
            Severity::Error,
            [place, "AWS:SourceAccount must be 210987654321", fix],
        ),
    )
    .await;
    only(
        |cloud| {
            of_alarms(cloud)["ArnLike"]["AWS:SourceArn"] =
                json!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:team-*")
        },
        (
            Check::AlarmMayInvoke,
            Severity::Error,
            [
                place,
                "AWS:SourceArn must be arn:aws:cloudwatch:us-east-1:123456789012:alarm:team-*",
                "AlarmNamePattern=PATTERN",
            ],
        ),
    )
    .await;
    only(
        |cloud| *of_alarms(cloud) = json!({}),
        (
            Check::AlarmMayInvoke,
            Severity::Warning,
            [place, "every other account", fix],
        ),
    )
    .await;
    only(
        |cloud| *of_alarms(cloud) = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }),
        (
            Check::AlarmMayInvoke,
            Severity::Unknown,
            [place, "aws:PrincipalOrgID", fix],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_topic_that_hears_nothing_is_found_at_the_group() {
    let attach = "aws elasticache modify-replication-group --replication-group-id orders --notification-topic-arn \
                  arn:aws:sns:us-east-1:123456789012:clusterwarden-notifications --notification-topic-status active --apply-immediately";
    let line = format!("id = \"orders\"\nnotification_topic = \"{NOTIFICATIONS}\"");
    let looked = World::changed(apply(), &line, "id = \"orders\"")
        .look()
        .await;
    let absent = (
        Check::TopicAttached,
        Severity::Warning,
        ["group orders", "notifies no topic", attach],
    );
    assert_found(&looked, &[absent]);
    let other =
        "id = \"orders\"\nnotification_topic = \"arn:aws:sns:us-east-1:123456789012:pager\"";
    let looked = World::changed(apply(), &line, other).look().await;
    let foreign = (
        Check::TopicAttached,
        Severity::Warning,
        [
            "group orders",
            "notifies arn:aws:sns:us-east-1:123456789012:pager",
            attach,
        ],
    );
    assert_found(&looked, &[foreign]);
    only(
        |cloud| {
            let form = "Action=ModifyReplicationGroup&ReplicationGroupId=orders&NotificationTopicStatus=inactive&ApplyImmediately=true";
            by_hand(cloud, "2015-02-02", form);
        },
        (Check::TopicActive, Severity::Error, ["group orders", "is inactive: nothing is delivered", attach]),
    )
    .await;
}

#[tokio::test]
async fn a_topic_that_delivers_to_nobody_or_admits_nobody_is_found() {
    only(
        |cloud| {
            let topic = cloud.sns.topics.get_mut(NOTIFICATIONS).expect("the topic");
            topic.subscriptions.retain(|one| !one.endpoint.ends_with("-reshard"));
        },
        (Check::TopicSubscribed, Severity::Error, [
            "clusterwarden-notifications, function clusterwarden-reshard",
            "has not subscribed",
            "aws sns subscribe --topic-arn arn:aws:sns:us-east-1:123456789012:clusterwarden-notifications --protocol lambda \
             --notification-endpoint arn:aws:lambda:us-east-1:123456789012:function:clusterwarden-reshard",
        ]),
    )
    .await;
    let keep = |kept: &'static [usize]| {
        move |cloud: &mut Cloud| {
            let topic = cloud.sns.topics.get_mut(NOTIFICATIONS).expect("the topic");
            let statements = topic.policy.as_mut().expect("a policy")["Statement"].as_array_mut();
            let statements = statements.expect("statements");
            *statements = kept.iter().map(|at| statements[*at].clone()).collect();
        }
    };
    let fix = "add these statements to the topic's policy";
    let check = Check::TopicPolicy;
    let place = "topic arn:aws:sns:us-east-1:123456789012:clusterwarden-notifications";
    only(
        keep(&[0]),
        (
            check,
            Severity::Warning,
            [place, "but not elasticache.amazonaws.com", fix],
        ),
    )
    .await;
    only(
        keep(&[1]),
        (
            check,
            Severity::Warning,
            [place, "but not this account", fix],
        ),
    )
    .await;
    only(
        keep(&[]),
        (check, Severity::Error, [place, "nothing is delivered", fix]),
    )
    .await;
    only(
        |cloud| {
            let topic = cloud.sns.topics.get_mut(NOTIFICATIONS).expect("the topic");
            topic.kms_key = Some("alias/ours".to_owned());
        },
        (
            Check::TopicEncryption,
            Severity::Error,
            [
                place,
                "encrypted with alias/ours",
                "--attribute-name KmsMasterKeyId",
            ],
        ),
    )
    .await;
    only(
        |cloud| {
            _ = cloud
                .sns
                .topics
                .remove("arn:aws:sns:us-east-1:123456789012:clusterwarden-database-events")
        },
        (
            check,
            Severity::Error,
            [
                "clusterwarden-database-events",
                "is not there",
                "deploy template.yaml again",
            ],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_journal_that_is_not_there_is_an_error() {
    let looked = look(|cloud| _ = cloud.dynamodb.delete_table("clusterwarden-journal")).await;
    assert_found(
        &looked,
        &[(
            Check::JournalTable,
            Severity::Error,
            [
                "table clusterwarden-journal",
                "is not there",
                "sam deploy --stack-name clusterwarden --config-env apply",
            ],
        )],
    );
}

#[tokio::test]
async fn a_role_that_does_not_cover_a_target_or_covers_more_is_found() {
    let narrow = apply().with("ReplicationGroupPattern", "orders*");
    let looked = World::new(narrow).look().await;
    let check = Check::RoleCoversTargets;
    let fix = "set ReplicationGroupPattern=* in [apply.deploy.parameters]";
    assert_found(
        &looked,
        &[
            (
                check,
                Severity::Error,
                [
                    "role clusterwarden-ReshardRole-",
                    "does not cover sessions-eu",
                    fix,
                ],
            ),
            (
                check,
                Severity::Warning,
                [
                    "role clusterwarden-ReshardRole-",
                    "does not cover catalog",
                    fix,
                ],
            ),
        ],
    );
    let wide = apply().with("DbClusterPattern", "*");
    let looked = World::new(wide).look().await;
    assert_found(
        &looked,
        &[(
            Check::RoleCoversOthers,
            Severity::Warning,
            [
                "role clusterwarden-FailoverDbClusterRole-",
                "also covers checkout-aurora, profiles-docdb",
                "set DbClusterPattern=graph-prod in [apply.deploy.parameters]",
            ],
        )],
    );
    let low = apply().with("MaxShardsCeiling", "10");
    let looked = World::new(low).look().await;
    assert_found(
        &looked,
        &[(
            Check::RoleCeiling,
            Severity::Error,
            [
                "role clusterwarden-ReshardRole-",
                "refuses more than 10 shards, but the policy's max_shards go up to 12",
                "MaxShardsCeiling=12",
            ],
        )],
    );
}

#[tokio::test]
async fn a_role_that_grants_too_little_or_in_the_wrong_mode_is_found() {
    // The mode of the function and that of the role are one parameter; by hand they may differ.
    let set_mode = |mode: &'static str| {
        move |cloud: &mut Cloud| {
            for function in cloud.lambda.functions.values_mut() {
                function.configuration["Environment"]["Variables"]["MODE"] = json!(mode);
            }
        }
    };
    let looked = World::new(plan()).with(set_mode("apply")).look().await;
    let missing = |role: &'static str| {
        (
            Check::RoleChanges,
            Severity::Error,
            [
                role,
                "every change is refused",
                "sam deploy --config-env apply --stack-name clusterwarden",
            ],
        )
    };
    assert_found(
        &looked,
        &[
            missing("role clusterwarden-ReshardRole-"),
            missing("role clusterwarden-FailoverShardRole-"),
            missing("role clusterwarden-FailoverDbClusterRole-"),
        ],
    );
    let looked = World::new(apply()).with(set_mode("plan")).look().await;
    let granted = |role: &'static str| {
        (
            Check::RoleChanges,
            Severity::Warning,
            [
                role,
                "in plan mode",
                "sam build && sam deploy --stack-name clusterwarden",
            ],
        )
    };
    assert_found(
        &looked,
        &[
            granted("role clusterwarden-ReshardRole-"),
            granted("role clusterwarden-FailoverShardRole-"),
            granted("role clusterwarden-FailoverDbClusterRole-"),
        ],
    );
    let looked = look(|cloud| {
        let mut roles = cloud.iam.roles.iter_mut();
        let (_, role) = roles
            .find(|(name, _)| name.contains("-ReshardRole-"))
            .expect("the role");
        let statements =
            role.inline.get_mut("reshard").expect("a policy")["Statement"].as_array_mut();
        statements
            .expect("statements")
            .retain(|one| one["Sid"] != "Journal");
    })
    .await;
    assert_found(
        &looked,
        &[(
            Check::RoleObserves,
            Severity::Error,
            [
                "role clusterwarden-ReshardRole-",
                "may not dynamodb:BatchGetItem, dynamodb:PutItem",
                "sam deploy --stack-name clusterwarden --config-env apply",
            ],
        )],
    );
}

#[tokio::test]
async fn what_else_grants_or_limits_a_role_is_told() {
    let of_reshard = |cloud: &mut Cloud, change: fn(&mut clusterwarden_local::cloud::iam::Role)| {
        let mut roles = cloud.iam.roles.iter_mut();
        let (_, role) = roles
            .find(|(name, _)| name.contains("-ReshardRole-"))
            .expect("the role");
        change(role);
    };
    only(
        |cloud| {
            of_reshard(cloud, |role| {
                role.attached
                    .push("arn:aws:iam::aws:policy/AdministratorAccess".to_owned())
            })
        },
        (
            Check::RoleOtherPolicies,
            Severity::Warning,
            [
                "ReshardRole",
                "policy/AdministratorAccess",
                "aws iam detach-role-policy --role-name clusterwarden-ReshardRole-",
            ],
        ),
    )
    .await;
    only(
        |cloud| {
            of_reshard(cloud, |role| {
                role.boundary = Some("arn:aws:iam::123456789012:policy/edge".to_owned())
            })
        },
        (
            Check::RoleOtherPolicies,
            Severity::Unknown,
            [
                "ReshardRole",
                "boundary arn:aws:iam::123456789012:policy/edge",
                "aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::123456789012:role/clusterwarden-ReshardRole-",
            ],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_function_that_is_not_there_or_cannot_run_is_found() {
    only(
        |cloud| {
            _ = cloud
                .lambda
                .functions
                .remove("clusterwarden-failover-db-cluster")
        },
        (
            Check::FunctionDeployed,
            Severity::Error,
            [
                "function clusterwarden-failover-db-cluster",
                "the policy has [[failover_db_cluster]]",
                "set FailoverDbCluster=yes in [apply.deploy.parameters] of samconfig.toml, then sam build --config-env apply && \
                 sam deploy --config-env apply --stack-name clusterwarden",
            ],
        ),
    )
    .await;
    only(
        |cloud| function(cloud, "clusterwarden-reshard").reserved_concurrency = Some(0),
        (
            Check::FunctionConcurrency,
            Severity::Error,
            [
                "clusterwarden-reshard",
                "it never runs",
                "aws lambda delete-function-concurrency --function-name clusterwarden-reshard",
            ],
        ),
    )
    .await;
    only(
        |cloud| function(cloud, "clusterwarden-reshard").event_invoke = None,
        (
            Check::FailuresKept,
            Severity::Warning,
            [
                "clusterwarden-reshard",
                "are lost",
                "aws lambda put-function-event-invoke-config",
            ],
        ),
    )
    .await;
    only(
        |cloud| function(cloud, "clusterwarden-reshard").configuration["State"] = json!("Failed"),
        (
            Check::FunctionActive,
            Severity::Error,
            [
                "clusterwarden-reshard",
                "its state is Failed",
                "aws lambda get-function-configuration",
            ],
        ),
    )
    .await;
    only(
        |cloud| function(cloud, "clusterwarden-reshard").configuration["Layers"] = json!([]),
        (
            Check::FunctionPolicy,
            Severity::Error,
            [
                "clusterwarden-reshard",
                "has no layer",
                "deploy template.yaml again",
            ],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_quota_that_is_too_low_is_an_error() {
    only(
        |cloud| cloud.quotas.listed[1].applied = Some(20.0),
        (Check::QuotaClusterNodes, Severity::Error, [
            "quota Nodes per cluster per instance type (Redis cluster mode enabled) (L-AF354865)",
            "max_shards 12 of sessions-eu are 24 nodes",
            "aws service-quotas request-service-quota-increase --service-code elasticache --quota-code L-AF354865 --desired-value 24",
        ]),
    )
    .await;
    only(
        |cloud| cloud.quotas.listed[0].applied = Some(200.0),
        (
            Check::QuotaRegionNodes,
            Severity::Error,
            [
                "Nodes per Region",
                "counts on 300",
                "fleet.max_nodes_in_region = 200",
            ],
        ),
    )
    .await;
    only(
        |cloud| cloud.quotas.listed.truncate(1),
        (
            Check::QuotaClusterNodes,
            Severity::Unknown,
            [
                "Service Quotas",
                "lists no quota",
                "list-aws-default-service-quotas",
            ],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_second_scaler_and_global_clusters_are_errors() {
    only(
        |cloud| {
            let created = cloud.now();
            cloud.auto_scaling.targets.push(ScalableTarget {
                namespace: "elasticache".to_owned(),
                resource: "replication-group/orders".to_owned(),
                dimension: "elasticache:replication-group:NodeGroups".to_owned(),
                min: 1,
                max: 9,
                created,
            });
        },
        (Check::AutoScaling, Severity::Error, [
            "group orders",
            "two scalers must not",
            "aws application-autoscaling deregister-scalable-target --service-namespace elasticache --resource-id replication-group/orders \
             --scalable-dimension elasticache:replication-group:NodeGroups",
        ]),
    )
    .await;
    let looked = World::changed(
        apply(),
        "id = \"orders\"\n",
        "id = \"orders\"\nglobal_datastore = \"ldgnf-shop\"\n",
    )
    .look()
    .await;
    assert_found(
        &looked,
        &[(
            Check::GlobalDatastore,
            Severity::Error,
            [
                "group orders",
                "Global Datastore ldgnf-shop",
                "take orders out of the policy",
            ],
        )],
    );
    let looked = World::changed(
        apply(),
        "id = \"graph-prod\"\n",
        "id = \"graph-prod\"\nglobal_cluster = \"world\"\n",
    )
    .look()
    .await;
    assert_found(
        &looked,
        &[(
            Check::DbCluster,
            Severity::Error,
            [
                "cluster graph-prod",
                "Global Database world",
                "[[failover_db_cluster]]",
            ],
        )],
    );
}

#[tokio::test]
async fn a_group_that_its_function_could_not_change_is_an_error() {
    let looked = World::changed(
        apply(),
        "id = \"orders\"\n",
        "id = \"orders\"\nmulti_az = false\n",
    )
    .look()
    .await;
    assert_found(
        &looked,
        &[(
            Check::FailoverSettings,
            Severity::Error,
            [
                "group orders",
                "automatic failover is enabled, Multi-AZ is disabled",
                "--automatic-failover-enabled --multi-az-enabled",
            ],
        )],
    );
    let looked = World::changed(apply(), "id = \"catalog\"\n", "id = \"catalogue\"\n")
        .look()
        .await;
    assert_found(
        &looked,
        &[
            (
                Check::PolicyFitsAccount,
                Severity::Warning,
                [
                    "of the policy",
                    "no replication group \"catalog\"",
                    "correct the id",
                ],
            ),
            (
                Check::RoleCoversOthers,
                Severity::Warning,
                ["ReshardRole", "also covers catalogue", "none fits exactly"],
            ),
            (
                Check::RoleCoversOthers,
                Severity::Warning,
                [
                    "FailoverShardRole",
                    "also covers catalogue",
                    "none fits exactly",
                ],
            ),
        ],
    );
    let looked = World::changed(apply(), "shards = 3\n", "shards = 1\n")
        .look()
        .await;
    assert_found(
        &looked,
        &[(
            Check::PolicyFitsAccount,
            Severity::Warning,
            [
                "of the policy",
                "orders has 1 shards, outside 2 to 8",
                "widen the bounds",
            ],
        )],
    );
}

#[tokio::test]
async fn silence_of_a_target_is_an_error() {
    let silent = "[groups.load]\noperations = 36_000\n";
    let outage = format!("{silent}outages = [{{ after_minutes = -70, minutes = 100 }}]\n");
    let looked = World::changed(apply(), silent, &outage).look().await;
    assert_found(
        &looked,
        &[(
            Check::MetricsFresh,
            Severity::Error,
            [
                "group catalog",
                "no sample of EngineCPUUtilization of 0001, 0002, 0003 in the last hour",
                "aws cloudwatch list-metrics --namespace AWS/ElastiCache --metric-name EngineCPUUtilization --dimensions Name=NodeGroupId,Value=0001 \
                 Name=ReplicationGroupId,Value=catalog",
            ],
        )],
    );
}

#[tokio::test]
async fn a_failover_is_asked_for_roles_and_not_for_load() {
    let failover = "version = 1\n[[failover_shard]]\nreplication_group = \"orders\"\n";
    let mut world = World::new(apply());
    world.policy = PolicyFile::parse("policy.toml", failover).expect("a policy");
    world.look().await;
    let cloud = world.cloud.lock();
    let asked = cloud
        .calls
        .iter()
        .filter(|call| call.operation == "GetMetricData");
    let asked: Vec<String> = asked.map(|call| format!("{:?}", call.parameters)).collect();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].contains("IsMaster") && asked[0].contains("CacheClusterId"),
        "{asked:?}"
    );
    assert!(!asked[0].contains("CPUUtilization"), "{asked:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_complete_is_not_silence() {
    for (status, words) in [
        (DataStatus::PartialData, "CloudWatch answered PartialData"),
        (
            DataStatus::InternalError,
            "CloudWatch answered InternalError",
        ),
        (
            DataStatus::Forbidden,
            "the caller lacks cloudwatch:GetMetricData",
        ),
    ] {
        let looked = look(|cloud| cloud.cloudwatch.force_status(status)).await;
        let bad = looked.bad();
        // Load of three groups, roles of one, lag of one cluster.
        assert_eq!(bad.len(), 5, "{bad:#?}");
        for one in bad {
            assert_eq!(
                (one.check, one.severity),
                (Check::MetricsFresh, Severity::Unknown)
            );
            assert!(one.saw.contains(words), "{one:?}");
        }
    }
}

fn ten_minutes_late() -> DateTime<Utc> {
    monday_morning() - TimeDelta::minutes(10)
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_warning() {
    let world = World::new(apply());
    let looked = world
        .look_as(&world.cloud.sdk_config(), ten_minutes_late)
        .await;
    assert_found(
        &looked,
        &[(
            Check::Clock,
            Severity::Warning,
            [
                "this machine",
                "600 s behind AWS's",
                "timedatectl set-ntp true",
            ],
        )],
    );
}
