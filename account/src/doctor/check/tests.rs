//! Each check over a look that is healthy, broken in one place, or could not be had in one place.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    cluster::{
        Group, InstanceId, Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch,
    },
    db_cluster::{DbCluster, Member},
};
use serde_json::{Value, json};

use super::*;
use crate::doctor::{
    AlarmSeen, Check, Clocks, Function, FunctionSeen, MetricSeen, NodeNotification, OF_ALL,
    QuotaSeen, RoleSeen, Scalable, Severity, TableDescribed, TableSeen, TopicAttributes, TopicSeen,
    Unread,
};

const POLICY: &str = "version = 1\n\
    [[reshard]]\nreplication_group = \"orders\"\napply = \"all\"\nmin_shards = 2\nmax_shards = 8\ntargets.engine_cpu = 60\n\
    alarms = { scale_out = [\"hot\"], stop = [\"incident\"] }\n\
    [[failover_shard]]\nreplication_group = \"orders\"\n\
    [[failover_db_cluster]]\ndb_cluster = \"graph\"\napply = \"all\"\n\
    [[promote_replica]]\nreplication_group = \"carts\"\napply = \"all\"\n";

const TOPIC: &str = "arn:aws:sns:eu-west-1:1:topic";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_420_800, 0).unwrap()
}

fn group(id: &str, shards: usize, mode: &str, failover: Switch) -> Group {
    let node = |shard: usize, node: usize| Node {
        id: NodeId::new(&format!("{id}-{shard:04}-{node:03}")),
        availability_zone: None,
        status: Status::Available,
        is_primary: None,
    };
    Group {
        id: ReplicationGroupId::new(id),
        status: Status::Available,
        cluster_mode: Some(mode.to_owned()),
        node_type: None,
        automatic_failover: failover.clone(),
        multi_az: failover,
        global_datastore: None,
        snapshot_window: None,
        maintenance_window: None,
        slot_migration_percent: None,
        member_count: shards * 2,
        shards: (1..=shards)
            .map(|shard| Shard {
                id: ShardId::new(&format!("{shard:04}")),
                status: Status::Available,
                slots: None,
                nodes: vec![node(shard, 1), node(shard, 2)],
            })
            .collect(),
    }
}

fn graph() -> DbCluster {
    let member = |id: &str, is_writer| Member {
        id: InstanceId::new(id),
        is_writer: Some(is_writer),
        promotion_tier: Some(1),
        status: Status::Available,
        class: None,
        availability_zone: None,
    };
    DbCluster {
        id: clusterwarden::cluster::DbClusterId::new("graph"),
        engine: Some("neptune".to_owned()),
        status: Status::Available,
        global_database: None,
        maintenance_window: None,
        members: vec![member("w", true), member("r", false)],
    }
}

fn function(function: Function) -> FunctionSeen {
    let name = function.name_in("s");
    let arn = format!("arn:aws:lambda:eu-west-1:1:function:{name}");
    let own = match function {
        Function::FailoverDbCluster => "arn:aws:rds:eu-west-1:1:cluster:graph",
        Function::Reshard | Function::FailoverShard | Function::PromoteReplica => {
            "arn:aws:elasticache:eu-west-1:1:replicationgroup:*"
        }
    };
    let change = json!({
        "Effect": "Allow", "Action": function.change(), "Resource": own,
        "Condition": { "NumericLessThanEquals": { "elasticache:NumNodeGroups": "8" } },
    });
    let rest: Vec<&str> = function.reads().iter().chain(&OF_ALL).copied().collect();
    let rest = json!({ "Effect": "Allow", "Action": rest, "Resource": "*" });
    let invoke = |principal: &str, key: &str, source: &str| {
        json!({
            "Effect": "Allow", "Principal": { "Service": principal }, "Action": "lambda:InvokeFunction", "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceAccount": "1" }, "ArnLike": { key: source } },
        })
    };
    FunctionSeen {
        name: name.clone(),
        arn: arn.clone(),
        state: Some("Active".to_owned()),
        last_update: Some("Successful".to_owned()),
        variables: [("MODE", "apply"), ("JOURNAL_TABLE", "journal")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        layers: vec!["arn:layer:1".to_owned()],
        statements: Ok(vec![
            invoke(
                "lambda.alarms.cloudwatch.amazonaws.com",
                "AWS:SourceArn",
                "arn:aws:cloudwatch:eu-west-1:1:alarm:*",
            ),
            invoke("sns.amazonaws.com", "AWS:SourceArn", TOPIC),
        ]),
        on_failure: Ok(Some("arn:aws:sqs:eu-west-1:1:failed".to_owned())),
        reserved: Ok(None),
        role: RoleSeen {
            name: format!("{name}-role"),
            arn: format!("arn:aws-cn:iam::1:role/teams/data/{name}-role"),
            documents: Ok(vec![(
                "p".to_owned(),
                json!({ "Statement": [change, rest] }),
            )]),
            attached: Ok(Vec::new()),
            boundary: Ok(None),
        },
    }
}

fn topic() -> TopicSeen {
    let statement = |principal: Value, key: &str| json!({ "Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Condition": { "StringEquals": { key: "1" } } });
    let endpoint = |one: Function| {
        (
            "lambda".to_owned(),
            format!("arn:aws:lambda:eu-west-1:1:function:{}", one.name_in("s")),
        )
    };
    TopicSeen {
        attributes: Ok(Some(TopicAttributes {
            statements: vec![
                statement(json!({ "AWS": "*" }), "AWS:SourceOwner"),
                statement(
                    json!({ "Service": "elasticache.amazonaws.com" }),
                    "aws:SourceAccount",
                ),
            ],
            kms_key: None,
        })),
        subscriptions: Ok(Function::ALL.map(endpoint).into()),
    }
}

fn healthy() -> Seen {
    let alarm = |name: &str| {
        let seen = AlarmSeen {
            arn: format!("arn:aws:cloudwatch:eu-west-1:1:alarm:{name}"),
            actions_enabled: true,
            actions: vec!["arn:aws:lambda:eu-west-1:1:function:s-reshard".to_owned()],
        };
        (name.to_owned(), seen)
    };
    let quota = |code: &str, name: &str, value: f64| QuotaSeen {
        code: code.to_owned(),
        name: name.to_owned(),
        value,
    };
    let key = ("target", "HASH", "S");
    let attached = |group: &str| NodeNotification {
        group: group.to_owned(),
        topic: Some((TOPIC.to_owned(), "active".to_owned())),
    };
    Seen {
        stack: "s".to_owned(),
        region: Some("eu-west-1".to_owned()),
        clocks: Some(Clocks {
            aws: now(),
            here: now(),
        }),
        at: now(),
        functions: Function::ALL
            .map(|one| (one, Ok(Some(function(one)))))
            .into(),
        tables: [(
            "journal".to_owned(),
            TableSeen {
                described: Ok(Some(TableDescribed {
                    status: "ACTIVE".to_owned(),
                    key: vec![(key.0.to_owned(), key.1.to_owned(), key.2.to_owned())],
                })),
                readable: Ok(()),
            },
        )]
        .into(),
        topics: [(TOPIC.to_owned(), topic())].into(),
        alarms: Ok([alarm("hot"), alarm("incident")].into()),
        groups: Ok(vec![
            group("orders", 3, "enabled", Switch::On),
            group("carts", 1, "disabled", Switch::Off),
        ]),
        notifications: Ok(vec![attached("orders"), attached("carts")]),
        db_clusters: Ok(vec![graph()]),
        quotas: Ok(vec![
            quota(
                "L-1",
                "Nodes per cluster per instance type (Valkey or Redis OSS cluster mode enabled)",
                90.0,
            ),
            quota("L-2", "Nodes per Region", 300.0),
        ]),
        scalable: Ok(Vec::new()),
        scaling_alarms: Ok(Vec::new()),
        newest: Ok(samples()),
    }
}

fn samples() -> Vec<MetricSeen> {
    let sample = |function, target: &str, metric, part: &str| MetricSeen {
        function,
        target: target.to_owned(),
        namespace: "AWS/ElastiCache",
        metric,
        dimensions: vec![("Part", part.to_owned())],
        newest: Ok(Some(now())),
    };
    vec![
        sample(Function::Reshard, "orders", "EngineCPUUtilization", "0001"),
        sample(Function::Reshard, "orders", "EngineCPUUtilization", "0002"),
        sample(Function::FailoverShard, "orders", "IsMaster", "o-1"),
        sample(Function::FailoverShard, "orders", "IsMaster", "o-2"),
        sample(Function::PromoteReplica, "carts", "IsMaster", "c-1"),
        sample(
            Function::FailoverDbCluster,
            "graph",
            "ClusterReplicaLag",
            "r",
        ),
    ]
}

fn found(change: impl FnOnce(&mut Seen)) -> Vec<Finding> {
    let file = PolicyFile::parse("policy.toml", POLICY).unwrap();
    let mut seen = healthy();
    change(&mut seen);
    let mut findings = examine(&file, &seen);
    findings.retain(|one| one.severity != Severity::Ok);
    findings
}

/// The only thing that is not as it should be.
#[track_caller]
fn only(change: impl FnOnce(&mut Seen), check: Check, severity: Severity, words: &str) {
    let findings = found(change);
    let [one] = findings.as_slice() else {
        panic!("{words}: {findings:#?}");
    };
    assert_eq!((one.check, one.severity), (check, severity), "{one:?}");
    assert!(one.saw.contains(words), "{one:?}");
    assert!(
        one.fix.as_ref().is_some_and(|fix| !fix.is_empty()),
        "{one:?}"
    );
}

fn denied<T>() -> crate::doctor::Read<T> {
    Err(Unread {
        permission: "x:Read".to_owned(),
        denied: true,
        cause: "AccessDenied".to_owned(),
    })
}

fn reshard(seen: &mut Seen) -> &mut FunctionSeen {
    let read = seen.functions.get_mut(&Function::Reshard).unwrap();
    read.as_mut().unwrap().as_mut().unwrap()
}

fn groups(seen: &mut Seen) -> &mut Vec<Group> {
    seen.groups.as_mut().unwrap()
}

fn set(name: &'static str, value: Option<&'static str>) -> impl FnOnce(&mut Seen) {
    move |seen| {
        let variables = &mut reshard(seen).variables;
        match value {
            Some(value) => variables.insert(name.to_owned(), value.to_owned()),
            None => variables.remove(name),
        };
    }
}

#[test]
fn every_check_has_something_to_say_of_a_healthy_look() {
    assert_eq!(found(|_| {}), []);
    let file = PolicyFile::parse("policy.toml", POLICY).unwrap();
    let said: std::collections::BTreeSet<Check> = examine(&file, &healthy())
        .into_iter()
        .map(|one| one.check)
        .collect();
    let all: std::collections::BTreeSet<Check> = Check::ALL.iter().copied().collect();
    assert_eq!(said, all);
}

#[test]
fn functions_are_judged_by_state_mode_layer_and_what_they_keep() {
    use Check::{
        FailuresKept, FunctionActive, FunctionConcurrency, FunctionDeployed, FunctionMode,
        FunctionPolicy,
    };
    use Severity::{Error, Unknown, Warning};
    only(
        |seen| _ = seen.functions.insert(Function::PromoteReplica, Ok(None)),
        FunctionDeployed,
        Error,
        "is not there",
    );
    only(
        |seen| _ = seen.functions.insert(Function::PromoteReplica, denied()),
        FunctionDeployed,
        Unknown,
        "the caller lacks x:Read",
    );
    only(
        |seen| reshard(seen).state = None,
        FunctionActive,
        Error,
        "its state is unsaid",
    );
    only(
        |seen| reshard(seen).last_update = Some("Failed".to_owned()),
        FunctionActive,
        Error,
        "its last update Failed",
    );
    only(
        |seen| reshard(seen).last_update = Some("InProgress".to_owned()),
        FunctionActive,
        Warning,
        "InProgress",
    );
    assert_eq!(
        found(|seen| reshard(seen).state = Some("Inactive".to_owned())),
        []
    );
    only(
        |seen| reshard(seen).reserved = Ok(Some(0)),
        FunctionConcurrency,
        Error,
        "it never runs",
    );
    only(
        |seen| reshard(seen).reserved = denied(),
        FunctionConcurrency,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| reshard(seen).on_failure = Ok(None),
        FailuresKept,
        Warning,
        "are lost",
    );
    only(
        |seen| reshard(seen).on_failure = denied(),
        FailuresKept,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| reshard(seen).layers.clear(),
        FunctionPolicy,
        Error,
        "has no layer",
    );
    only(
        |seen| reshard(seen).layers = vec!["arn:layer:2".to_owned()],
        FunctionPolicy,
        Warning,
        "arn:layer:1, arn:layer:2",
    );
    only(
        set("POLICY_FILE", Some("/tmp/policy.toml")),
        FunctionPolicy,
        Error,
        "/tmp/policy.toml",
    );
    let modes = found(set("MODE", Some("dry")));
    assert!(
        modes.iter().any(|one| one.check == FunctionMode
            && one.severity == Error
            && one.saw.contains("MODE is dry")),
        "{modes:#?}"
    );
}

#[test]
fn the_journal_is_one_active_table_with_the_right_key() {
    use Check::{JournalReadable, JournalShared, JournalTable};
    use Severity::{Error, Unknown};
    let shared = found(set("JOURNAL_TABLE", Some("other")));
    assert!(
        shared
            .iter()
            .any(|one| one.check == JournalShared && one.saw.contains("journal, other")),
        "{shared:#?}"
    );
    let unset = found(set("JOURNAL_TABLE", None));
    assert!(
        unset
            .iter()
            .any(|one| one.check == JournalShared && one.saw.contains("is not set")),
        "{unset:#?}"
    );
    let table =
        |described| |seen: &mut Seen| seen.tables.get_mut("journal").unwrap().described = described;
    let described = |status: &str, kind: &str| {
        Ok(Some(TableDescribed {
            status: status.to_owned(),
            key: vec![("target".to_owned(), "HASH".to_owned(), kind.to_owned())],
        }))
    };
    only(table(Ok(None)), JournalTable, Error, "is not there");
    only(table(denied()), JournalTable, Unknown, "lacks x:Read");
    only(
        table(described("CREATING", "S")),
        JournalTable,
        Error,
        "is CREATING",
    );
    only(
        table(described("ACTIVE", "N")),
        JournalTable,
        Error,
        "its key is target HASH N",
    );
    only(
        |seen| seen.tables.get_mut("journal").unwrap().readable = denied(),
        JournalReadable,
        Unknown,
        "lacks x:Read",
    );
}

#[test]
fn what_could_not_be_read_is_never_good() {
    use Check::{
        AlarmExists, AutoScaling, Clock, MetricsFresh, QuotaClusterNodes, RoleChanges,
        RoleOtherPolicies, TopicAttached, TopicPolicy, TopicSubscribed,
    };
    use Severity::Unknown;
    only(
        |seen| seen.alarms = denied(),
        AlarmExists,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| seen.quotas = denied(),
        QuotaClusterNodes,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| seen.scalable = denied(),
        AutoScaling,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| seen.scaling_alarms = denied(),
        AutoScaling,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| seen.newest = denied(),
        MetricsFresh,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| seen.notifications = denied(),
        TopicAttached,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| seen.topics.get_mut(TOPIC).unwrap().attributes = denied(),
        TopicPolicy,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| reshard(seen).role.documents = denied(),
        RoleChanges,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| reshard(seen).role.attached = denied(),
        RoleOtherPolicies,
        Unknown,
        "lacks x:Read",
    );
    only(
        |seen| reshard(seen).role.boundary = denied(),
        RoleOtherPolicies,
        Unknown,
        "lacks x:Read",
    );
    only(|seen| seen.clocks = None, Clock, Unknown, "no answer");
    let unsubscribed = found(|seen| seen.topics.get_mut(TOPIC).unwrap().subscriptions = denied());
    assert!(
        unsubscribed
            .iter()
            .all(|one| one.check == TopicSubscribed && one.severity == Unknown)
    );
    assert_eq!(unsubscribed.len(), 4);
    let policy = found(|seen| reshard(seen).statements = denied());
    assert!(
        policy
            .iter()
            .all(|one| one.severity == Unknown && one.place == "function s-reshard")
    );
    assert_eq!(policy.len(), 2);
}

/// How bad each check with something to say about it is, and what it says.
#[track_caller]
fn assert_found(findings: &[Finding], expected: &[(Check, Severity, &str)]) {
    let said: Vec<(Check, Severity)> = findings
        .iter()
        .map(|one| (one.check, one.severity))
        .collect();
    let wanted: Vec<(Check, Severity)> = expected.iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(said, wanted, "{findings:#?}");
    for (finding, (_, _, words)) in findings.iter().zip(expected) {
        assert!(finding.saw.contains(words), "{words}: {finding:?}");
    }
}

#[test]
fn nothing_is_good_of_targets_that_could_not_be_listed() {
    use Check::{
        AutoScaling, DbCluster, PolicyFitsAccount, QuotaClusterNodes, QuotaRegionNodes,
        RoleCoversTargets,
    };
    use Severity::Unknown;
    let unread = |check| (check, Unknown, "lacks x:Read");
    assert_found(
        &found(|seen| seen.groups = denied()),
        &[
            unread(RoleCoversTargets),
            unread(RoleCoversTargets),
            unread(RoleCoversTargets),
            unread(PolicyFitsAccount),
            unread(AutoScaling),
            unread(QuotaClusterNodes),
            unread(QuotaRegionNodes),
        ],
    );
    assert_found(
        &found(|seen| seen.db_clusters = denied()),
        &[unread(RoleCoversTargets), unread(DbCluster)],
    );
    let file = PolicyFile::parse("policy.toml", POLICY).unwrap();
    let mut seen = healthy();
    seen.groups = denied();
    for one in examine(&file, &seen) {
        let about = [AutoScaling, QuotaClusterNodes, QuotaRegionNodes].contains(&one.check)
            || (one.check == RoleCoversTargets && !one.place.contains("failover-db-cluster"));
        assert!(!about || one.severity == Unknown, "{one:?}");
    }
}

#[test]
fn nothing_is_good_of_targets_that_match_nothing() {
    use Check::{AutoScaling, DbCluster, GlobalDatastore, QuotaClusterNodes, RoleCoversTargets};
    use Severity::{Error, Unknown, Warning};
    let none = found(|seen| seen.groups = Ok(Vec::new()));
    for (check, count) in [
        (RoleCoversTargets, 3),
        (GlobalDatastore, 3),
        (AutoScaling, 1),
        (QuotaClusterNodes, 1),
    ] {
        let mut of_check = none.clone();
        of_check.retain(|one| one.check == check);
        assert_eq!(of_check.len(), count, "{none:#?}");
        for one in of_check {
            assert_eq!(one.severity, Unknown, "{one:?}");
            assert!(
                one.saw.contains("no target of the account matches [["),
                "{one:?}"
            );
        }
    }
    assert_found(
        &found(|seen| seen.db_clusters = Ok(Vec::new())),
        &[
            (
                RoleCoversTargets,
                Unknown,
                "matches [[failover_db_cluster]]",
            ),
            (DbCluster, Error, "is not in this account"),
        ],
    );
    let pattern = POLICY.replace("\"graph\"", "\"chart-*\"");
    let file = PolicyFile::parse("policy.toml", &pattern).unwrap();
    let mut findings = examine(&file, &healthy());
    findings.retain(|one| one.check == DbCluster);
    assert_found(
        &findings,
        &[(
            DbCluster,
            Warning,
            "no cluster of this account and Region matches",
        )],
    );
}

/// What is said of a role, with the mode that all functions have.
fn in_mode(mode: &str, change: impl FnOnce(&mut Seen)) -> Vec<Finding> {
    found(|seen| {
        for read in seen.functions.values_mut() {
            let variables = &mut read.as_mut().unwrap().as_mut().unwrap().variables;
            _ = variables.insert("MODE".to_owned(), mode.to_owned());
        }
        change(seen);
    })
}

#[test]
fn no_fix_of_a_stack_in_plan_mode_has_it_apply() {
    // The roles grant the change, and not of every target: what they cover is of no matter, as plan mode is the mend.
    let found = in_mode("plan", |seen| {
        groups(seen).push(group("others", 1, "enabled", Switch::On));
    });
    assert_eq!(found.len(), 4, "{found:#?}");
    for one in &found {
        assert_eq!(
            (one.check, one.severity),
            (Check::RoleChanges, Severity::Warning)
        );
        assert_eq!(
            one.fix.as_deref(),
            Some("sam build && sam deploy --stack-name s")
        );
    }
    let gone = in_mode("plan", |seen| {
        _ = seen.functions.insert(Function::PromoteReplica, Ok(None));
        seen.tables.get_mut("journal").unwrap().described = Ok(None);
    });
    for one in gone {
        assert!(
            !one.fix.unwrap_or_default().contains("apply"),
            "{}",
            one.saw
        );
    }
}

#[test]
fn no_fix_of_a_stack_in_apply_mode_puts_it_back() {
    let fixes: Vec<String> = found(|seen| {
        _ = seen.functions.insert(Function::PromoteReplica, Ok(None));
        seen.tables.get_mut("journal").unwrap().described = Ok(None);
        reshard(seen).role.documents = Ok(Vec::new());
        reshard(seen).layers = vec!["arn:layer:2".to_owned()];
        groups(seen).push(group("others", 1, "enabled", Switch::On));
    })
    .into_iter()
    .filter_map(|one| one.fix)
    .filter(|fix| fix.contains("sam deploy"))
    .collect();
    assert!(fixes.len() >= 5, "{fixes:#?}");
    for fix in &fixes {
        assert!(
            fix.contains("sam deploy --stack-name s --config-env apply")
                || fix.contains(
                    "sam build --config-env apply && sam deploy --config-env apply --stack-name s"
                ),
            "{fix}"
        );
    }
    let parameter = "set PromoteReplica=yes in [apply.deploy.parameters] of samconfig.toml, then sam build --config-env apply";
    assert!(
        fixes.iter().any(|fix| fix.contains(parameter)),
        "{fixes:#?}"
    );
}

#[test]
fn clusters_without_a_common_pattern_are_not_given_the_one_that_the_template_refuses() {
    let policy = POLICY.replace(
        "[[promote",
        "[[failover_db_cluster]]\ndb_cluster = \"people\"\n[[promote",
    );
    let file = PolicyFile::parse("policy.toml", &policy).unwrap();
    let mut seen = healthy();
    let mut people = graph();
    people.id = clusterwarden::cluster::DbClusterId::new("people");
    seen.db_clusters.as_mut().unwrap().push(people);
    for finding in examine(&file, &seen) {
        let fix = finding.fix.unwrap_or_default();
        assert!(!fix.contains("DbClusterPattern=*"), "{fix}");
    }
    let read = seen
        .functions
        .get_mut(&Function::FailoverDbCluster)
        .unwrap();
    read.as_mut().unwrap().as_mut().unwrap().role.documents = Ok(Vec::new());
    let findings = examine(&file, &seen);
    let changes = findings
        .iter()
        .find(|one| one.check == Check::RoleChanges && one.severity == Severity::Error);
    let fix = changes.unwrap().fix.as_deref().unwrap();
    assert!(
        fix.contains("DbClusterPattern=PATTERN_OF_YOUR_CLUSTERS"),
        "{fix}"
    );
}

#[test]
fn a_role_with_policies_that_are_not_read_is_not_judged_by_its_own_alone() {
    let found = found(|seen| {
        let role = &mut reshard(seen).role;
        role.attached = Ok(vec!["arn:aws:iam::aws:policy/Some".to_owned()]);
        role.documents = Ok(Vec::new());
    });
    let severities: BTreeMap<Check, Severity> =
        found.iter().map(|one| (one.check, one.severity)).collect();
    let expected = [
        (Check::RoleObserves, Severity::Unknown),
        (Check::RoleChanges, Severity::Unknown),
        (Check::RoleOtherPolicies, Severity::Warning),
    ];
    assert_eq!(severities, expected.into());
}

#[test]
fn targets_are_judged_as_their_function_needs_them() {
    use Check::{AutoScaling, ClusterMode, DbCluster, FailoverSettings, GlobalDatastore};
    use Severity::Error;
    only(
        |seen| groups(seen)[0].cluster_mode = Some("compatible".to_owned()),
        ClusterMode,
        Error,
        "compatible; reshard needs enabled",
    );
    only(
        |seen| groups(seen)[1].cluster_mode = None,
        ClusterMode,
        Error,
        "unsaid; promote-replica needs disabled",
    );
    only(
        |seen| groups(seen)[0].automatic_failover = Switch::Unsaid,
        FailoverSettings,
        Error,
        "automatic failover is unsaid",
    );
    only(
        |seen| groups(seen)[1].multi_az = Switch::On,
        FailoverSettings,
        Error,
        "Multi-AZ is enabled; promote-replica needs both disabled",
    );
    only(
        |seen| groups(seen)[1].global_datastore = Some("d".to_owned()),
        GlobalDatastore,
        Error,
        "Global Datastore d",
    );
    let clusters = |change: fn(&mut clusterwarden::db_cluster::DbCluster)| {
        move |seen: &mut Seen| change(&mut seen.db_clusters.as_mut().unwrap()[0])
    };
    only(
        clusters(|one| one.engine = Some("docdb".to_owned())),
        DbCluster,
        Error,
        "its engine is docdb",
    );
    only(
        clusters(|one| one.global_database = Some("g".to_owned())),
        DbCluster,
        Error,
        "Global Database g",
    );
    only(
        clusters(|one| one.members.truncate(1)),
        DbCluster,
        Error,
        "no reader",
    );
    only(
        |seen| {
            seen.scaling_alarms = Ok(vec![
                "TargetTracking-replication-group/orders-AlarmHigh-1".to_owned(),
            ])
        },
        AutoScaling,
        Error,
        "looks like",
    );
    let replicas = Scalable {
        resource: "replication-group/carts".to_owned(),
        dimension: "x".to_owned(),
    };
    assert_eq!(
        found(|seen| seen.scalable = Ok(vec![replicas])),
        [],
        "carts is not resharded"
    );
}

#[test]
fn samples_are_judged_by_what_each_function_reads() {
    use Severity::{Error, Unknown, Warning};
    let newest = |part: &'static str, newest: crate::doctor::Read<Option<DateTime<Utc>>>| {
        move |seen: &mut Seen| {
            let mut all = seen.newest.as_mut().unwrap().iter_mut();
            all.find(|one| one.dimensions[0].1 == part).unwrap().newest = newest;
        }
    };
    let check = Check::MetricsFresh;
    let old = Ok(Some(now() - TimeDelta::minutes(59)));
    only(
        newest("r", Ok(None)),
        check,
        Error,
        "no sample of ClusterReplicaLag of r in the last hour",
    );
    only(
        newest("0002", Ok(None)),
        check,
        Error,
        "no sample of EngineCPUUtilization of 0002",
    );
    only(
        newest("0002", old.clone()),
        check,
        Error,
        "EngineCPUUtilization of 0002 is 3540 s old",
    );
    only(
        newest("o-2", Ok(None)),
        check,
        Warning,
        "no sample of IsMaster of o-2",
    );
    only(
        newest("c-1", old),
        check,
        Error,
        "IsMaster of c-1 is 3540 s old",
    );
    only(newest("o-1", denied()), check, Unknown, "lacks x:Read");
}

#[test]
fn quotas_are_found_by_name_and_compared_with_what_the_policy_allows() {
    use Check::{QuotaClusterNodes, QuotaRegionNodes};
    use Severity::{Error, Unknown, Warning};
    let value = |at: usize, value: f64| {
        move |seen: &mut Seen| seen.quotas.as_mut().unwrap()[at].value = value
    };
    only(
        value(0, 15.0),
        QuotaClusterNodes,
        Error,
        "max_shards 8 of orders are 16 nodes",
    );
    only(
        value(0, 60.0),
        QuotaClusterNodes,
        Warning,
        "node_quota of orders counts on 90",
    );
    only(value(1, 299.0), QuotaRegionNodes, Error, "counts on 300");
    only(
        |seen| _ = seen.quotas.as_mut().unwrap().pop(),
        QuotaRegionNodes,
        Unknown,
        "lists no quota",
    );
    let memcached = |seen: &mut Seen| {
        seen.quotas.as_mut().unwrap()[0].name = "Nodes per cluster (Memcached)".to_owned()
    };
    only(memcached, QuotaClusterNodes, Unknown, "lists no quota");
    let many = |seen: &mut Seen| {
        let others =
            (0..150).map(|number| group(&format!("other-{number}"), 1, "enabled", Switch::On));
        groups(seen).extend(others);
    };
    let found = found(many);
    assert!(
        found.iter().any(|one| one.check == QuotaRegionNodes
            && one.severity == Warning
            && one.saw.contains("318 nodes")),
        "{found:#?}"
    );
}

#[test]
fn a_topic_that_anybody_may_publish_to_is_a_warning() {
    only(
        |seen| {
            let attributes = seen
                .topics
                .get_mut(TOPIC)
                .unwrap()
                .attributes
                .as_mut()
                .unwrap();
            let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "sns:*" });
            attributes.as_mut().unwrap().statements.push(open);
        },
        Check::TopicPolicy,
        Severity::Warning,
        "anybody may publish",
    );
}

/// The look with the topic's policy changed.
fn with_policy(change: impl FnOnce(&mut Vec<Value>)) -> impl FnOnce(&mut Seen) {
    |seen| {
        let topic = seen.topics.get_mut(TOPIC).unwrap();
        let attributes = topic.attributes.as_mut().unwrap();
        change(&mut attributes.as_mut().unwrap().statements);
    }
}

#[test]
fn a_topic_that_is_stricter_than_ours_is_not_called_wrong() {
    let check = Check::TopicPolicy;
    let strict = |service: &'static str| {
        with_policy(move |statements| {
            *statements = vec![json!({
                "Effect": "Allow", "Principal": { "Service": service }, "Action": "sns:Publish",
                "Condition": { "StringEquals": { "aws:SourceAccount": "1" }, "ArnLike": { "aws:SourceArn": "arn:aws:elasticache:eu-west-1:1:*" } },
            })];
        })
    };
    only(
        strict("elasticache.amazonaws.com"),
        check,
        Severity::Unknown,
        "a condition on aws:SourceArn decides",
    );
    // Another service's condition says nothing of this one.
    only(
        strict("s3.amazonaws.com"),
        check,
        Severity::Error,
        "nothing is delivered",
    );
    let everybody = json!({
        "Effect": "Allow", "Principal": "*", "Action": "sns:Publish",
        "Condition": { "StringEquals": { "aws:SourceAccount": "1" } },
    });
    only(
        with_policy(|all| *all = vec![everybody]),
        check,
        Severity::Warning,
        "but not this account",
    );
    let fixes = found(with_policy(Vec::clear));
    let fix = fixes[0].fix.as_deref().unwrap();
    assert!(
        fix.contains("add these statements to the topic's policy")
            && !fix.contains("--attribute-value"),
        "{fix}"
    );
}

#[test]
fn a_denial_counts_before_what_allows_wherever_it_stands() {
    let deny = |principal: Value, condition: Value| {
        move |seen: &mut Seen| {
            let deny = json!({
                "Effect": "Deny", "Principal": principal, "Action": "lambda:*", "Condition": condition,
            });
            reshard(seen).statements.as_mut().unwrap().push(deny);
        }
    };
    let check = Check::AlarmMayInvoke;
    let alarms = json!({ "Service": "lambda.alarms.cloudwatch.amazonaws.com" });
    let here = json!({ "StringEquals": { "AWS:SourceAccount": "1" } });
    only(
        deny(alarms.clone(), here.clone()),
        check,
        Severity::Error,
        "a statement denies it",
    );
    only(
        deny(json!("*"), here),
        check,
        Severity::Error,
        "a statement denies it",
    );
    let elsewhere = json!({ "StringEquals": { "AWS:SourceAccount": "2" } });
    assert_eq!(found(deny(alarms.clone(), elsewhere)), []);
    let unknown = json!({ "StringNotEquals": { "aws:SourceVpc": "v" } });
    only(
        deny(alarms, unknown),
        check,
        Severity::Unknown,
        "a condition on aws:SourceVpc",
    );
}

#[test]
fn a_role_is_named_as_lambda_names_it() {
    let found = found(|seen| reshard(seen).role.boundary = Ok(Some("arn:b".to_owned())));
    let fix = found[0].fix.as_deref().unwrap();
    let source = "--policy-source-arn arn:aws-cn:iam::1:role/teams/data/s-reshard-role ";
    assert!(fix.contains(source), "{fix}");
}

#[test]
fn a_topic_that_only_a_pattern_names_is_not_judged() {
    let pattern = json!({
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "lambda:InvokeFunction",
        "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:sns:eu-west-1:1:*" } },
    });
    only(
        |seen| reshard(seen).statements.as_mut().unwrap().push(pattern),
        Check::TopicSubscribed,
        Severity::Unknown,
        "names a pattern",
    );
}

#[test]
fn clocks_may_differ_by_what_an_answer_takes() {
    let here = |seconds: i64| {
        move |seen: &mut Seen| {
            let clocks = seen.clocks.as_mut().unwrap();
            clocks.here = clocks.aws + TimeDelta::seconds(seconds);
        }
    };
    assert_eq!(found(here(30)), []);
    only(here(31), Check::Clock, Severity::Warning, "31 s ahead of");
    only(here(-400), Check::Clock, Severity::Warning, "400 s behind");
}
