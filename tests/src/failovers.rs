//! A small world to run the passes that force failovers in: groups and Neptune clusters under the embedded workload, whose metrics
//! tell who is primary and how far replicas lag.
//!
//! Every call takes five seconds of virtual time, so that a pass which waits for a new primary sees time move.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_elasticache::types::SourceType;
use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    aws::{Aws, failover_db_cluster, failover_pass::Pass, failover_shard, promote_replica},
    failover::FailoverAttempt,
    journal::Journal,
    policy::Policy,
    record::{Mode, Record, Report},
    trigger::Trigger,
};
use clusterwarden_local::cloud::{
    Call, Cloud, Parameters,
    elasticache::{GroupSpec, NodeView, ShardView},
    neptune::DbClusterSpec,
    workload::Span,
};
use serde_json::{Value, json};

use crate::{JOURNAL, SharedCloud, line::Line, monday_morning, replayed::replays};

/// How long each answer takes, as the pass sees it.
const ANSWER: TimeDelta = TimeDelta::seconds(5);

/// Calls that look and change nothing but our own table.
const LOOKS: [&str; 4] = ["Describe", "List", "Get", "BatchGet"];

/// A function that forces failovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `failover-shard`.
    Shard,
    /// `failover-db-cluster`.
    DbCluster,
    /// `promote-replica`.
    Promote,
}

impl Function {
    /// The name of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shard => "failover-shard",
            Self::DbCluster => "failover-db-cluster",
            Self::Promote => "promote-replica",
        }
    }
}

/// An event as the services' own logs have it, however late they tell it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The group, node, cluster or instance.
    pub source: String,
    /// The service's words.
    pub message: String,
}

/// An embedded AWS with a policy.
#[derive(Debug, Clone)]
pub struct Failovers {
    /// The embedded AWS.
    pub cloud: SharedCloud,
    /// The policy in force.
    pub policy: Policy,
}

impl Failovers {
    /// An account with nothing in it but the journal's table.
    pub fn new(parameters: Parameters, policy: &str) -> Self {
        let cloud = SharedCloud::empty(Parameters {
            answer_time: ANSWER,
            ..parameters
        });
        let mut inside = cloud.lock();
        let table = inside.dynamodb.create_table(JOURNAL, "target");
        table.expect("a new table");
        drop(inside);
        Self {
            cloud,
            policy: parse(policy),
        }
    }

    /// Replaces the policy.
    pub fn set_policy(&mut self, policy: &str) {
        self.policy = parse(policy);
    }

    /// A replication group that is ready.
    pub fn add_group(&self, spec: GroupSpec) {
        let mut cloud = self.cloud.lock();
        let now = cloud.now();
        cloud.elasticache.seed_group(spec, now);
    }

    /// A database cluster that is ready.
    pub fn add_cluster(&self, spec: DbClusterSpec) {
        let mut cloud = self.cloud.lock();
        let now = cloud.now();
        cloud.neptune.seed_cluster(spec, now);
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.cloud.lock().now()
    }

    /// One pass of a function in apply mode, woken by the schedule.
    pub async fn wake(&self, function: Function) -> Report {
        self.pass(function, Mode::Apply, &crate::fixture::scheduled())
            .await
    }

    /// One pass of a function in apply mode with a person's request.
    pub async fn ask(&self, function: Function, request: &Value) -> Report {
        let event = json!({ "request": { "failover": request } });
        self.pass(function, Mode::Apply, &event).await
    }

    /// One pass of a function.
    pub async fn pass(&self, function: Function, mode: Mode, event: &Value) -> Report {
        let aws = self.cloud.by(function.name()).aws();
        run(&aws, &self.policy, function, mode, event).await
    }

    /// One pass over a line. `None`: it was cut off.
    pub async fn pass_over(
        &self,
        line: &Line,
        function: Function,
        mode: Mode,
        event: &Value,
    ) -> Option<Report> {
        let way = line.by(function.name());
        let aws = Aws::new(&self.cloud.sdk_config_over(way), JOURNAL);
        tokio::select! {
            report = run(&aws, &self.policy, function, mode, event) => Some(report),
            () = line.cut() => None,
        }
    }

    /// Passes of a function every five minutes, as the schedule wakes it.
    pub async fn wakes(&self, function: Function, minutes: i64) -> Vec<Report> {
        let until = self.now() + TimeDelta::minutes(minutes);
        let mut reports = Vec::new();
        while self.now() < until {
            self.cloud.advance(5);
            reports.push(self.wake(function).await);
        }
        reports
    }

    /// Lets so many hours pass in which CloudWatch hears of nothing but the last half hour: what nobody looks at need not be
    /// published.
    pub fn skip_hours(&self, hours: i64) {
        let mut cloud = self.cloud.lock();
        let (from, until) = (cloud.now(), cloud.now() + TimeDelta::hours(hours));
        let quiet = Span {
            from,
            until: until - TimeDelta::minutes(30),
        };
        let groups: Vec<String> = cloud.elasticache.groups().map(|group| group.id).collect();
        for group in groups {
            cloud.workload.load_mut(&group).outages.push(quiet);
        }
        let clusters: Vec<String> = cloud.neptune.clusters().map(|one| one.id).collect();
        for cluster in clusters {
            cloud.workload.database_mut(&cluster).outages.push(quiet);
        }
        cloud.advance_to(until);
    }

    /// Every call of an operation.
    pub fn calls(&self, operation: &str) -> Vec<Call> {
        let cloud = self.cloud.lock();
        let calls = cloud.calls.iter();
        calls
            .filter(|call| call.operation == operation)
            .cloned()
            .collect()
    }

    /// Every call that could have changed something of a service, our own table aside.
    pub fn changes(&self) -> Vec<Call> {
        let cloud = self.cloud.lock();
        let calls = cloud.calls.iter();
        calls
            .filter(|call| call.service != "dynamodb")
            .filter(|call| !LOOKS.iter().any(|look| call.operation.starts_with(look)))
            .cloned()
            .collect()
    }

    /// Creates an alarm on a quiet metric of these dimensions, OK at first; later calls with the name leave it as it is.
    pub fn add_alarm(&self, name: &str, dimensions: &[(&str, &str)]) {
        let quiet = "ComparisonOperator=GreaterThanThreshold&EvaluationPeriods=1&Period=60&Threshold=1e9&Statistic=Maximum\
                     &MetricName=Quiet&Namespace=Test&TreatMissingData=ignore";
        let dimensions: String = (1..)
            .zip(dimensions)
            .map(|(place, (name, value))| {
                let member = format!("Dimensions.member.{place}");
                format!("&{member}.Name={name}&{member}.Value={value}")
            })
            .collect();
        self.query(
            "2010-08-01",
            &format!("Action=PutMetricAlarm&AlarmName={name}&{quiet}{dimensions}"),
        );
        self.set_alarm(name, "OK");
    }

    /// Sets the state of an alarm.
    pub fn set_alarm(&self, name: &str, state: &str) {
        self.query(
            "2010-08-01",
            &format!("Action=SetAlarmState&AlarmName={name}&StateValue={state}&StateReason=test"),
        );
    }

    /// Sends an AWS Query request, as somebody else's client would.
    ///
    /// # Panics
    ///
    /// It is refused.
    pub fn query(&self, version: &str, form: &str) -> String {
        let (status, text) = self.try_query(version, form);
        assert_eq!(status, 200, "{form}: {text}");
        text
    }

    /// Sends an AWS Query request that may be refused.
    pub fn try_query(&self, version: &str, form: &str) -> (u16, String) {
        let body = format!("Version={version}&{form}");
        let request = http::Request::post("/").body(body.into());
        let request = request.expect("a request");
        let mut cloud = self.cloud.lock();
        let answer = clusterwarden_local::wire::answer(&mut cloud, &request);
        let answer = answer.expect("an answer");
        // Somebody else's call is not one of ours.
        cloud.calls.pop();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        (answer.status().as_u16(), text)
    }

    /// A shard as it really is.
    pub fn shard(&self, group: &str, shard: &str) -> ShardView {
        let cloud = self.cloud.lock();
        let group = cloud.elasticache.group(group).expect("the group is there");
        let mut shards = group.shards.into_iter();
        shards
            .find(|one| one.id == shard)
            .expect("the shard is there")
    }

    /// The node that really is a shard's primary.
    pub fn primary(&self, group: &str, shard: &str) -> NodeView {
        let nodes = self.shard(group, shard).nodes;
        let mut nodes = nodes.into_iter();
        nodes.find(|node| node.is_primary).expect("a primary")
    }

    /// How many primaries there really are in each Availability Zone.
    pub fn primaries_per_zone(&self, group: &str) -> BTreeMap<String, u32> {
        let cloud = self.cloud.lock();
        let group = cloud.elasticache.group(group).expect("the group is there");
        let mut zones = BTreeMap::new();
        let nodes = group.shards.into_iter().flat_map(|shard| shard.nodes);
        for node in nodes.filter(|node| node.is_primary) {
            *zones.entry(node.availability_zone).or_insert(0) += 1;
        }
        zones
    }

    /// The instance that really is a cluster's writer.
    pub fn writer(&self, cluster: &str) -> String {
        let cluster = self.cloud.lock().neptune.cluster(cluster);
        let cluster = cluster.expect("the cluster is there");
        cluster.writer().expect("a writer").id.clone()
    }

    /// CloudWatch hears nothing of a group from now on.
    pub fn silence(&self, group: &str) {
        let mut cloud = self.cloud.lock();
        let span = from_now(&cloud);
        cloud.workload.load_mut(group).outages.push(span);
    }

    /// CloudWatch hears nothing of a database cluster from now on.
    pub fn silence_cluster(&self, cluster: &str) {
        let mut cloud = self.cloud.lock();
        let span = from_now(&cloud);
        cloud.workload.database_mut(cluster).outages.push(span);
    }

    /// All events of ElastiCache and Neptune that are not forgotten, oldest first: as they happened, whether or not they can
    /// be read yet.
    pub async fn told(&self) -> Vec<Told> {
        let (delay, takes) = {
            let parameters = &mut self.cloud.lock().parameters;
            let before = (parameters.event_delay, parameters.answer_time);
            (parameters.event_delay, parameters.answer_time) =
                (TimeDelta::zero(), TimeDelta::zero());
            before
        };
        let (known, faults) = {
            let mut cloud = self.cloud.lock();
            // What no pass has met is not for the test to meet.
            (cloud.calls.len(), std::mem::take(&mut cloud.faults))
        };
        let mut told = self.cache_events().await;
        told.extend(self.database_events().await);
        told.sort();
        let mut cloud = self.cloud.lock();
        cloud.calls.truncate(known);
        cloud.faults = faults;
        (cloud.parameters.event_delay, cloud.parameters.answer_time) = (delay, takes);
        told
    }

    async fn cache_events(&self) -> Vec<Told> {
        let client = aws_sdk_elasticache::Client::new(&self.cloud.sdk_config());
        let mut told = Vec::new();
        for source in [SourceType::ReplicationGroup, SourceType::CacheCluster] {
            let request = client.describe_events().source_type(source);
            let request = request.duration(14 * 24 * 60 - 5);
            let mut pages = request.into_paginator().items().send();
            while let Some(event) = pages.next().await {
                let event = event.expect("an event");
                told.push(Told {
                    at: date(event.date().map(|at| at.secs())),
                    source: event.source_identifier().unwrap_or_default().to_owned(),
                    message: event.message().unwrap_or_default().to_owned(),
                });
            }
        }
        told
    }

    async fn database_events(&self) -> Vec<Told> {
        let client = aws_sdk_neptune::Client::new(&self.cloud.sdk_config());
        let request = client.describe_events().duration(14 * 24 * 60 - 5);
        let mut pages = request.into_paginator().items().send();
        let mut told = Vec::new();
        while let Some(event) = pages.next().await {
            let event = event.expect("an event");
            told.push(Told {
                at: date(event.date().map(|at| at.secs())),
                source: event.source_identifier().unwrap_or_default().to_owned(),
                message: event.message().unwrap_or_default().to_owned(),
            });
        }
        told
    }

    /// What the journal has of a target; nothing where there is no item.
    pub fn journal(&self, key: &str) -> Journal {
        let cloud = self.cloud.lock();
        let item = cloud.dynamodb.item(JOURNAL, key);
        let entry = item.and_then(|item| item.get("entry")?.get("S")?.as_str().map(str::to_owned));
        entry.map_or_else(Journal::default, |text| {
            serde_json::from_str(&text).expect("a readable journal")
        })
    }

    /// The failovers that the journal has of a target.
    pub fn attempts(&self, key: &str) -> Vec<FailoverAttempt> {
        self.journal(key).failovers
    }
}

async fn run(aws: &Aws, policy: &Policy, function: Function, mode: Mode, event: &Value) -> Report {
    let trigger = Trigger::read(event);
    let pass = Pass {
        aws,
        policy,
        mode,
        trigger: &trigger,
        clock: monday_morning,
        watch_every: Duration::ZERO,
    };
    let told = |record: &Record| replays(policy, record);
    match function {
        Function::Shard => failover_shard::run(&pass, told).await,
        Function::DbCluster => failover_db_cluster::run(&pass, told).await,
        Function::Promote => promote_replica::run(&pass, told).await,
    }
}

/// The record of a target.
///
/// # Panics
///
/// There is none.
pub fn record<'r>(report: &'r Report, target: &str) -> &'r Record {
    let mut records = report.records.iter();
    let found = records.find(|record| record.target == target);
    found.unwrap_or_else(|| panic!("no record of {target}: {report:?}"))
}

/// The reason of a hold, or the kind of another decision.
pub fn reason(record: &Record) -> &str {
    let decision = &record.decision;
    let said = decision["reason"].as_str().or(decision["kind"].as_str());
    said.unwrap_or_default()
}

fn parse(policy: &str) -> Policy {
    Policy::parse("test", policy).unwrap_or_else(|mistakes| panic!("{mistakes}\n{policy}"))
}

fn from_now(cloud: &Cloud) -> Span {
    Span {
        from: cloud.now(),
        until: cloud.now() + TimeDelta::days(60),
    }
}

fn date(seconds: Option<i64>) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds.expect("a date"), 0).expect("a year that chrono holds")
}
