//! What was looked at: each part read, or why it was not.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use clusterwarden::{cluster::Group, db_cluster::DbCluster};
use serde_json::Value;

use super::{Function, Read};

/// An account and Region with a stack, as far as a policy is about it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The stack's name.
    pub stack: String,
    /// The Region asked. `None`: nobody said.
    pub region: Option<String>,
    /// AWS's time and the time here, of one moment. `None`: no answer said the time.
    pub clocks: Option<Clocks>,
    /// The time of the look: AWS's, else the one here.
    pub at: DateTime<Utc>,
    /// Each function that the policy has entries for. `None`: the stack has none of this name.
    pub functions: BTreeMap<Function, Read<Option<FunctionSeen>>>,
    /// The tables that the functions name.
    pub tables: BTreeMap<String, TableSeen>,
    /// The topics that may wake the functions, by ARN.
    pub topics: BTreeMap<String, TopicSeen>,
    /// Of the alarms that the policy names, those that are there, by name.
    pub alarms: Read<BTreeMap<String, AlarmSeen>>,
    /// Every replication group of the Region.
    pub groups: Read<Vec<Group>>,
    /// What each node's notifications go to.
    pub notifications: Read<Vec<NodeNotification>>,
    /// Every cluster that Neptune's API answers for.
    pub db_clusters: Read<Vec<DbCluster>>,
    /// ElastiCache's quotas.
    pub quotas: Read<Vec<QuotaSeen>>,
    /// What Application Auto Scaling governs of ElastiCache.
    pub scalable: Read<Vec<Scalable>>,
    /// Names of alarms that look like Application Auto Scaling's.
    pub scaling_alarms: Read<Vec<String>>,
    /// The newest samples of what the functions decide by.
    pub newest: Read<Vec<MetricSeen>>,
}

/// A metric of a target, or of a part of it, that a function decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSeen {
    /// Which function.
    pub function: Function,
    /// The id of the group or cluster.
    pub target: String,
    /// `AWS/ElastiCache`, `AWS/Neptune`.
    pub namespace: &'static str,
    /// Its name.
    pub metric: &'static str,
    /// Names and values of its dimensions, as the function asks for them.
    pub dimensions: Vec<(&'static str, String)>,
    /// When its newest sample of the last hour is of. `None`: there is none.
    pub newest: Read<Option<DateTime<Utc>>>,
}

/// Two clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// AWS's, from an answer's `Date` header; whole seconds.
    pub aws: DateTime<Utc>,
    /// The one of this machine.
    pub here: DateTime<Utc>,
}

/// One function.
#[derive(Debug, Clone)]
pub struct FunctionSeen {
    /// Its name.
    pub name: String,
    /// Its ARN, without a version.
    pub arn: String,
    /// `Active`, `Pending`, `Inactive`, `Failed`. `None`: Lambda did not say.
    pub state: Option<String>,
    /// `Successful`, `InProgress`, `Failed`. `None`: Lambda did not say.
    pub last_update: Option<String>,
    /// Its environment.
    pub variables: BTreeMap<String, String>,
    /// ARNs of its layers, with their versions.
    pub layers: Vec<String>,
    /// The statements of its resource policy; empty: it has none.
    pub statements: Read<Vec<Value>>,
    /// Where events go whose runs failed; `None`: nowhere.
    pub on_failure: Read<Option<String>>,
    /// Reserved runs at once; `None`: nothing is reserved.
    pub reserved: Read<Option<i32>>,
    /// What it may do.
    pub role: RoleSeen,
}

/// A function's role.
#[derive(Debug, Clone)]
pub struct RoleSeen {
    /// Its name; empty: Lambda did not say.
    pub name: String,
    /// Its ARN, with its partition and path, as Lambda says it; empty: it did not.
    pub arn: String,
    /// Documents of its inline policies, by name.
    pub documents: Read<Vec<(String, Value)>>,
    /// ARNs of managed policies.
    pub attached: Read<Vec<String>>,
    /// ARN of its permissions boundary; `None`: it has none.
    pub boundary: Read<Option<String>>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct TableSeen {
    /// `None`: there is none of this name.
    pub described: Read<Option<TableDescribed>>,
    /// Whether an item could be asked for.
    pub readable: Read<()>,
}

/// What a table says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDescribed {
    /// `ACTIVE`, `CREATING`, …
    pub status: String,
    /// Name, kind (`HASH`, `RANGE`) and type (`S`, `N`) of each attribute of the key.
    pub key: Vec<(String, String, String)>,
}

/// A topic.
#[derive(Debug, Clone)]
pub struct TopicSeen {
    /// Its policy and its key. `None`: there is no such topic.
    pub attributes: Read<Option<TopicAttributes>>,
    /// Protocol and endpoint of each subscription.
    pub subscriptions: Read<BTreeSet<(String, String)>>,
}

/// What a topic says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicAttributes {
    /// The statements of its policy.
    pub statements: Vec<Value>,
    /// The key that encrypts it; `None`: none.
    pub kms_key: Option<String>,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSeen {
    /// Its ARN; empty: CloudWatch did not say.
    pub arn: String,
    /// Whether its actions run.
    pub actions_enabled: bool,
    /// What it does on ALARM.
    pub actions: Vec<String>,
}

/// What a node's notifications go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeNotification {
    /// The node's group.
    pub group: String,
    /// Topic and status (`active`, `inactive`). `None`: none is attached.
    pub topic: Option<(String, String)>,
}

/// A quota.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaSeen {
    /// By which a raise is asked for.
    pub code: String,
    /// By which it is found.
    pub name: String,
    /// What AWS grants.
    pub value: f64,
}

/// What Application Auto Scaling governs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalable {
    /// `replication-group/orders`.
    pub resource: String,
    /// `elasticache:replication-group:NodeGroups`, …
    pub dimension: String,
}
