//! What one pass costs, counted in the calls that the embedded AWS answered and in the lines that the pass printed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clusterwarden::{
    aws::{failover_db_cluster, failover_pass, failover_shard, reshard},
    metrics::{Heartbeat, record_line},
    policy::Policy,
    record::{Mode, Record, Report},
    trigger::Trigger,
};
use clusterwarden_local::cloud::Call;
use clusterwarden_tests::{
    JOURNAL, SharedCloud,
    emf::{self, Series},
    fixture::scheduled,
    monday_morning,
    printed::publication,
};
use serde_json::Value;

/// A consistent read of an item takes a unit for every 4 KB that are begun.
const READ_UNIT: u64 = 4096;

/// A write takes a unit for every 1 KB that are begun.
const WRITE_UNIT: u64 = 1024;

/// A function that is deployed by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    Reshard,
    FailoverShard,
    FailoverDbCluster,
}

impl Function {
    pub(crate) const ALL: [Self; 3] = [Self::Reshard, Self::FailoverShard, Self::FailoverDbCluster];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reshard => "reshard",
            Self::FailoverShard => "failover-shard",
            Self::FailoverDbCluster => "failover-db-cluster",
        }
    }
}

/// Calls by service (its signing name) and operation.
pub(crate) type Calls = BTreeMap<(&'static str, String), u64>;

/// What one pass used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Used {
    pub(crate) calls: Calls,
    /// Metrics asked for in `GetMetricData`.
    pub(crate) metrics: u64,
    /// DynamoDB's read request units.
    pub(crate) reads: u64,
    /// DynamoDB's write request units.
    pub(crate) writes: u64,
    /// Lines printed.
    pub(crate) lines: u64,
    /// Their bytes, line ends included; without the heartbeat, whose numbers have more digits in a larger fleet.
    pub(crate) bytes: u64,
    /// Custom metrics that the lines carry, the heartbeat's among them.
    pub(crate) series: u64,
    /// Those among them that are of one target.
    pub(crate) target_series: u64,
}

impl Used {
    /// Calls of every service.
    pub(crate) fn all_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Calls to CloudWatch that cost by the request, not by the metric.
    pub(crate) fn cloudwatch_requests(&self) -> u64 {
        let billed = self.calls.iter().filter(|((service, operation), _)| {
            *service == "monitoring" && operation != "GetMetricData"
        });
        billed.map(|(_, count)| count).sum()
    }

    /// What this pass used beyond another.
    pub(crate) fn beyond(&self, other: &Self) -> Self {
        let calls = self.calls.iter().map(|(call, count)| {
            let before = other.calls.get(call).copied().unwrap_or_default();
            (call.clone(), count.saturating_sub(before))
        });
        Self {
            calls: calls.filter(|(_, count)| *count > 0).collect(),
            metrics: self.metrics.saturating_sub(other.metrics),
            reads: self.reads.saturating_sub(other.reads),
            writes: self.writes.saturating_sub(other.writes),
            lines: self.lines.saturating_sub(other.lines),
            bytes: self.bytes.saturating_sub(other.bytes),
            series: self.series.saturating_sub(other.series),
            target_series: self.target_series.saturating_sub(other.target_series),
        }
    }
}

/// Runs a pass in apply mode, woken by the schedule, and counts.
pub(crate) async fn pass(
    cloud: &SharedCloud,
    policy: &Policy,
    function: Function,
) -> (Report, Used) {
    let known = cloud.lock().calls.len();
    let sizes = sizes(cloud);
    let to = publication();
    let mut printed = Vec::new();
    let report = run(cloud, policy, function, |record| {
        printed.push(record_line(record, Some(&to)));
        printed.extend(record.sight_line());
    })
    .await;
    let bytes = printed.iter().map(|line| line.len() as u64 + 1).sum();
    let cloud = cloud.lock();
    let heartbeat = Heartbeat::of(function.name(), Mode::Apply, &report, cloud.now());
    printed.push(heartbeat.line(&to));
    let now = cloud.now().timestamp_millis();
    let carried = printed.iter().filter_map(|line| emf::read(line, now));
    let series: BTreeSet<Series> = carried.flat_map(BTreeMap::into_keys).collect();
    let of_targets = series
        .iter()
        .filter(|series| series.dimensions.contains_key("target"));
    let mut used = Used {
        lines: report.records.len() as u64,
        bytes,
        target_series: of_targets.count() as u64,
        series: series.len() as u64,
        ..Used::default()
    };
    for call in &cloud.calls[known..] {
        let key = (call.service, call.operation.clone());
        *used.calls.entry(key).or_default() += 1;
        used.metrics += metrics_of(call);
        used.reads += reads_of(call, &sizes);
        used.writes += writes_of(call);
    }
    (report, used)
}

async fn run(
    cloud: &SharedCloud,
    policy: &Policy,
    function: Function,
    emit: impl FnMut(&Record),
) -> Report {
    let (aws, trigger) = (cloud.aws(), Trigger::read(&scheduled()));
    let failover = failover_pass::Pass {
        aws: &aws,
        policy,
        mode: Mode::Apply,
        trigger: &trigger,
        clock: monday_morning,
        watch_every: Duration::ZERO,
    };
    match function {
        Function::Reshard => {
            let pass = reshard::Pass {
                aws: &aws,
                policy,
                mode: Mode::Apply,
                trigger: &trigger,
                clock: monday_morning,
            };
            pass.run(emit).await
        }
        Function::FailoverShard => failover_shard::run(&failover, emit).await,
        Function::FailoverDbCluster => failover_db_cluster::run(&failover, emit).await,
    }
}

fn metrics_of(call: &Call) -> u64 {
    if call.operation != "GetMetricData" {
        return 0;
    }
    let queries = call.parameters["MetricDataQueries"].as_array();
    queries.expect("queries").len() as u64
}

/// The units of a `BatchGetItem`: each item by itself, and one for an item that is not there.
fn reads_of(call: &Call, sizes: &BTreeMap<String, u64>) -> u64 {
    if call.operation != "BatchGetItem" {
        return 0;
    }
    let asked = &call.parameters["RequestItems"][JOURNAL];
    assert_eq!(asked["ConsistentRead"], true, "half the units otherwise");
    let keys = asked["Keys"].as_array().expect("keys").iter();
    keys.map(|key| {
        let target = key["target"]["S"].as_str().expect("a key");
        let size = sizes.get(target).copied().unwrap_or_default();
        size.div_ceil(READ_UNIT).max(1)
    })
    .sum()
}

fn writes_of(call: &Call) -> u64 {
    if call.operation != "PutItem" {
        return 0;
    }
    size(&call.parameters["Item"]).div_ceil(WRITE_UNIT)
}

fn sizes(cloud: &SharedCloud) -> BTreeMap<String, u64> {
    let cloud = cloud.lock();
    let table = cloud.dynamodb.table(JOURNAL).expect("the table");
    let items = table.items().iter();
    items
        .map(|(key, item)| (key.clone(), size(&serde_json::json!(item))))
        .collect()
}

/// An item's size as DynamoDB counts it: names and texts in bytes, a number half a byte a digit and one.
pub(crate) fn size(item: &Value) -> u64 {
    let attributes = item.as_object().expect("an item").iter();
    let bytes = attributes.map(|(name, value)| {
        let text = value["S"].as_str().map(str::len);
        let number = value["N"]
            .as_str()
            .map(|digits| digits.len().div_ceil(2) + 1);
        name.len() + text.or(number).expect("a text or a number")
    });
    bytes.sum::<usize>() as u64
}
