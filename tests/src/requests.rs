//! What a recorded call is to IAM: the action that grants it, and the resources that it is about.

use std::collections::BTreeMap;

use clusterwarden_local::cloud::{Call, Cloud};
use serde_json::Value;

use crate::{
    iam::{Request, Resource},
    template::{ACCOUNT, REGION},
};

/// How a call names what it is about.
#[derive(Debug, Clone, Copy)]
enum About {
    /// Nothing: the service knows no resource for it, or is asked about everything.
    Everything,
    /// One of a kind by this parameter; all of them where that is not given.
    Kind(&'static str, &'static str),
    /// The ARN that it gives.
    Arn,
    /// Tables of the journal's service.
    Tables,
}

/// Service by its signing name, operation, action, and what it is about. The actions and their resources are those of AWS's
/// Service Authorization Reference. Neptune's operations are RDS's to IAM. CloudWatch's two reads of alarms count as about
/// everything, because a narrower grant hides composite alarms. [CloudWatch API reference]
const TABLE: [(&str, &str, &str, About); 17] = [
    (
        "dynamodb",
        "BatchGetItem",
        "dynamodb:BatchGetItem",
        About::Tables,
    ),
    ("dynamodb", "PutItem", "dynamodb:PutItem", About::Tables),
    (
        "elasticache",
        "DescribeCacheClusters",
        "elasticache:DescribeCacheClusters",
        About::Kind("cluster", "CacheClusterId"),
    ),
    (
        "elasticache",
        "DescribeEvents",
        "elasticache:DescribeEvents",
        About::Everything,
    ),
    (
        "elasticache",
        "DescribeReplicationGroups",
        "elasticache:DescribeReplicationGroups",
        About::Kind("replicationgroup", "ReplicationGroupId"),
    ),
    (
        "elasticache",
        "ListTagsForResource",
        "elasticache:ListTagsForResource",
        About::Arn,
    ),
    (
        "elasticache",
        "ModifyReplicationGroup",
        "elasticache:ModifyReplicationGroup",
        About::Kind("replicationgroup", "ReplicationGroupId"),
    ),
    (
        "elasticache",
        "ModifyReplicationGroupShardConfiguration",
        "elasticache:ModifyReplicationGroupShardConfiguration",
        About::Kind("replicationgroup", "ReplicationGroupId"),
    ),
    (
        "elasticache",
        "TestFailover",
        "elasticache:TestFailover",
        About::Kind("replicationgroup", "ReplicationGroupId"),
    ),
    (
        "monitoring",
        "DescribeAlarmHistory",
        "cloudwatch:DescribeAlarmHistory",
        About::Everything,
    ),
    (
        "monitoring",
        "DescribeAlarms",
        "cloudwatch:DescribeAlarms",
        About::Everything,
    ),
    (
        "monitoring",
        "GetMetricData",
        "cloudwatch:GetMetricData",
        About::Everything,
    ),
    (
        "monitoring",
        "ListAlarmMuteRules",
        "cloudwatch:ListAlarmMuteRules",
        About::Kind("alarm-mute-rule", ""),
    ),
    (
        "rds",
        "DescribeDBClusters",
        "rds:DescribeDBClusters",
        About::Kind("cluster", "DBClusterIdentifier"),
    ),
    (
        "rds",
        "DescribeDBInstances",
        "rds:DescribeDBInstances",
        About::Kind("db", "DBInstanceIdentifier"),
    ),
    (
        "rds",
        "DescribeEvents",
        "rds:DescribeEvents",
        About::Everything,
    ),
    (
        "rds",
        "ListTagsForResource",
        "rds:ListTagsForResource",
        About::Arn,
    ),
];

/// As [`TABLE`]; beside the cluster it is about the instance that is to take over.
const FAILOVER: (&str, &str, &str) = ("rds", "FailoverDBCluster", "rds:FailoverDBCluster");

/// Parameters that IAM shows to conditions, by operation.
const KEYS: [(&str, &str, &str); 3] = [
    (
        "ModifyReplicationGroupShardConfiguration",
        "NodeGroupCount",
        "elasticache:NumNodeGroups",
    ),
    (
        "ModifyReplicationGroup",
        "AutomaticFailoverEnabled",
        "elasticache:AutomaticFailoverEnabled",
    ),
    (
        "ModifyReplicationGroup",
        "MultiAZEnabled",
        "elasticache:MultiAZEnabled",
    ),
];

/// Parameters of `ModifyReplicationGroup` that make it about further resources.
const FURTHER: [(&str, &str); 3] = [
    ("CacheParameterGroupName", "parametergroup"),
    ("CacheSecurityGroupNames", "securitygroup"),
    ("UserGroupIdsToAdd", "usergroup"),
];

/// The request that a call was.
///
/// # Panics
///
/// No line of the table has it: a new call needs an action, and somebody who thinks about it.
pub fn request(call: &Call, cloud: &Cloud) -> Request {
    if (call.service, call.operation.as_str()) == (FAILOVER.0, FAILOVER.1) {
        return failover(call, cloud);
    }
    let known = TABLE.iter().find(|(service, operation, ..)| {
        (call.service, call.operation.as_str()) == (*service, *operation)
    });
    let (service, _, action, about) = known
        .unwrap_or_else(|| panic!("no action is known for {} {}", call.service, call.operation));
    let service = action.split(':').next().unwrap_or(service);
    let arns = match about {
        About::Everything => vec!["*".to_owned()],
        About::Kind(kind, parameter) => {
            let id = text(call, parameter).unwrap_or_else(|| "*".to_owned());
            let further = FURTHER.iter().filter(|(parameter, _)| has(call, parameter));
            let mut arns = vec![arn(service, &format!("{kind}:{id}"))];
            arns.extend(further.map(|(_, kind)| arn(service, &format!("{kind}:*"))));
            arns
        }
        About::Arn => vec![text(call, "ResourceName").expect("an ARN")],
        About::Tables => tables(call),
    };
    let keys = KEYS
        .iter()
        .filter(|(operation, ..)| *operation == call.operation);
    let keys: BTreeMap<String, String> = keys
        .filter_map(|(_, parameter, key)| Some(((*key).to_owned(), text(call, parameter)?)))
        .collect();
    Request {
        action: (*action).to_owned(),
        on: arns
            .into_iter()
            .map(|arn| Resource {
                arn,
                keys: keys.clone(),
            })
            .collect(),
    }
}

fn failover(call: &Call, cloud: &Cloud) -> Request {
    let cluster = text(call, "DBClusterIdentifier").expect("a cluster");
    let engine = cloud
        .neptune
        .cluster(&cluster)
        .map(|cluster| cluster.engine);
    let instance = text(call, "TargetDBInstanceIdentifier").map(|instance| Resource {
        arn: arn("rds", &format!("db:{instance}")),
        keys: engine
            .into_iter()
            .map(|engine| ("rds:DatabaseEngine".to_owned(), engine))
            .collect(),
    });
    let cluster = Resource {
        arn: arn("rds", &format!("cluster:{cluster}")),
        keys: BTreeMap::new(),
    };
    Request {
        action: FAILOVER.2.to_owned(),
        on: [Some(cluster), instance].into_iter().flatten().collect(),
    }
}

fn tables(call: &Call) -> Vec<String> {
    let parameters = &call.parameters;
    let names: Vec<&str> = match parameters["RequestItems"].as_object() {
        Some(items) => items.keys().map(String::as_str).collect(),
        None => parameters["TableName"].as_str().into_iter().collect(),
    };
    assert!(!names.is_empty(), "no table: {call:?}");
    names
        .iter()
        .map(|name| arn("dynamodb", &format!("table/{name}")))
        .collect()
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
}

fn text(call: &Call, parameter: &str) -> Option<String> {
    match &call.parameters[parameter] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a Query request has the parameter, or a member of the list of that name.
fn has(call: &Call, parameter: &str) -> bool {
    let names = call.parameters.as_object();
    let mut names = names.into_iter().flat_map(serde_json::Map::keys);
    names.any(|name| name == parameter || name.starts_with(&format!("{parameter}.")))
}
