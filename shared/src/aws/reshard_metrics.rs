//! Which metrics tell a group's load and its nodes' memory, and how their answers become series and evidence.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    Aws, ServiceError,
    cloudwatch::{ELASTICACHE, Wanted},
};
use crate::{
    cluster::{Group, NodeId, ReplicationGroupId, Shard, ShardId},
    load::{Series, delta},
    policy::ReshardPolicy,
    reshard::{Evidence, Measure, NodeEvidence, ShardSeries, low_window},
};

/// Where one answered series belongs.
enum Place {
    EngineCpu(ShardId),
    /// `CPUUtilization` of one node, to be multiplied by its vCPUs.
    HostCpu(ShardId, u32),
    Memory(ShardId),
    /// In or out, of one node.
    Network(ShardId),
    /// Of one node.
    Evictions(ShardId),
}

/// How far back a policy looks: its longest window, and the lag that it tolerates.
pub(super) fn span(policy: &ReshardPolicy) -> Duration {
    low_window(policy) + policy.stale_after
}

/// The load of every shard of these groups, all read together because GetMetricData takes 500 metrics a call.
pub(super) async fn load(
    aws: &Aws,
    groups: &[(&Group, &ReshardPolicy)],
    now: DateTime<Utc>,
) -> Result<BTreeMap<ReplicationGroupId, BTreeMap<ShardId, ShardSeries>>, ServiceError> {
    let (mut wanted, mut places) = (Vec::new(), Vec::new());
    for (group, policy) in groups {
        for (place, metric) in group
            .shards
            .iter()
            .flat_map(|shard| load_metrics(group, shard, policy))
        {
            wanted.push(metric);
            places.push((*group, *policy, place));
        }
    }
    let longest = groups
        .iter()
        .map(|(_, policy)| span(policy))
        .max()
        .unwrap_or_default();
    let answered = if wanted.is_empty() {
        Vec::new()
    } else {
        aws.metrics(&wanted, now, longest).await?
    };
    let mut load: BTreeMap<ReplicationGroupId, BTreeMap<ShardId, ShardSeries>> = BTreeMap::new();
    let mut begun = BTreeSet::new();
    for ((group, policy, place), series) in places.into_iter().zip(answered) {
        let series = series.since(Some(now - delta(span(policy))));
        let shards = load.entry(group.id.clone()).or_default();
        let (shard, measure, series) = match place {
            Place::EngineCpu(shard) => (shard, Measure::EngineCpu, series),
            Place::HostCpu(shard, vcpus) => {
                (shard, Measure::EngineCpu, series.scaled(f64::from(vcpus)))
            }
            Place::Memory(shard) => (shard, Measure::Memory, series),
            Place::Network(shard) => (shard, Measure::Network, series),
            Place::Evictions(shard) => (shard, Measure::Evictions, series),
        };
        // The nodes' series become their shard's: the hottest in each minute.
        let first = begun.insert((group.id.clone(), shard.clone(), measure));
        let known = measure.of_mut(shards.entry(shard).or_default());
        *known = if first {
            series
        } else {
            known.hottest(&series)
        };
    }
    Ok(load)
}

/// The metrics of one shard that the policy has a use for.
///
/// `EngineCPUUtilization` exists per shard; its Maximum is the hottest node, while its Average would mix a busy primary with
/// an idle replica. On nodes of at most two vCPUs AWS advises `CPUUtilization`, which exists per node only: all vCPUs
/// together, so that 45 % of two may be 90 % of the one that the engine's thread has.
fn load_metrics(group: &Group, shard: &Shard, policy: &ReshardPolicy) -> Vec<(Place, Wanted)> {
    let of_shard = |metric| Wanted {
        namespace: ELASTICACHE,
        metric,
        dimensions: vec![
            ("NodeGroupId", shard.id.to_string()),
            ("ReplicationGroupId", group.id.to_string()),
        ],
        statistic: "Maximum",
    };
    let mut metrics = Vec::new();
    if policy.targets.engine_cpu.is_some() {
        match group.small_node_vcpus() {
            Some(vcpus) => metrics.extend(shard.nodes.iter().map(|node| {
                (
                    Place::HostCpu(shard.id.clone(), vcpus),
                    of_node(&node.id, "CPUUtilization", "Maximum"),
                )
            })),
            None => metrics.push((
                Place::EngineCpu(shard.id.clone()),
                of_shard("EngineCPUUtilization"),
            )),
        }
    }
    if policy.targets.memory.is_some() {
        let metric = of_shard("DatabaseMemoryUsageCountedForEvictPercentage");
        metrics.push((Place::Memory(shard.id.clone()), metric));
    }
    if policy.targets.network.is_some() {
        let both = [
            "NetworkBaselineUsageInPercentage",
            "NetworkBaselineUsageOutPercentage",
        ];
        let each = shard
            .nodes
            .iter()
            .flat_map(|node| both.map(|metric| of_cache_node(&node.id, metric)));
        metrics.extend(each.map(|metric| (Place::Network(shard.id.clone()), metric)));
    }
    if policy.targets.evictions_per_minute.is_some() {
        let each = shard
            .nodes
            .iter()
            .map(|node| of_node(&node.id, "Evictions", "Sum"));
        metrics.extend(each.map(|metric| (Place::Evictions(shard.id.clone()), metric)));
    }
    metrics
}

/// A metric that AWS publishes with both of a node's ids only. The nodes of a replication group are clusters of one node
/// each, whose own id is always `0001`.
fn of_cache_node(node: &NodeId, metric: &'static str) -> Wanted {
    let dimensions = vec![
        ("CacheClusterId", node.to_string()),
        ("CacheNodeId", "0001".to_owned()),
    ];
    Wanted {
        namespace: ELASTICACHE,
        metric,
        dimensions,
        statistic: "Maximum",
    }
}

pub(super) fn of_node(node: &NodeId, metric: &'static str, statistic: &'static str) -> Wanted {
    Wanted {
        namespace: ELASTICACHE,
        metric,
        dimensions: vec![("CacheClusterId", node.to_string())],
        statistic,
    }
}

/// What each node of a group has in memory, over the stabilization window.
///
/// A metric counts only if it covers the window. That also guards the load: a shard's Maximum says nothing of a primary that
/// has fallen silent beside an idle replica, but such a node has no bytes here either.
pub(super) async fn evidence(
    aws: &Aws,
    group: &Group,
    policy: &ReshardPolicy,
    now: DateTime<Utc>,
) -> Result<Evidence, ServiceError> {
    let nodes: Vec<&NodeId> = group
        .shards
        .iter()
        .flat_map(|shard| &shard.nodes)
        .map(|node| &node.id)
        .collect();
    let wanted: Vec<Wanted> = nodes
        .iter()
        .flat_map(|node| {
            [
                of_node(node, "BytesUsedForCache", "Maximum"),
                of_node(node, "DatabaseMemoryUsagePercentage", "Maximum"),
                of_node(node, "Evictions", "Sum"),
                of_node(node, "ReplicationLag", "Maximum"),
            ]
        })
        .collect();
    let answered = aws.metrics(&wanted, now, span(policy)).await?;
    let of_one = |four: &[Series]| of_one_node(four, now, policy);
    Ok(nodes
        .into_iter()
        .cloned()
        .zip(answered.chunks(4).map(of_one))
        .collect())
}

/// A node's evidence from its four series: peaks and sums of the very minutes that a scale-in calls low, if each is known.
fn of_one_node(four: &[Series], now: DateTime<Utc>, policy: &ReshardPolicy) -> NodeEvidence {
    let within = |series: &Series| {
        let (newest, _) = series.newest()?;
        let minutes = series.window(newest, low_window(policy));
        series
            .covers(now, low_window(policy), policy.stale_after)
            .then(|| Series::new(minutes, true))
    };
    let peak = |series| within(series)?.peak();
    match four {
        [bytes, memory, evictions, lag] => NodeEvidence {
            bytes: peak(bytes),
            memory_percent: peak(memory),
            evictions: within(evictions).and_then(|series| series.sum()),
            replication_lag: peak(lag),
            newest: bytes.newest().map(|(at, _)| at),
        },
        _ => NodeEvidence::default(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn evidence(
        stabilization: u64,
        window: u64,
        age_of: impl Fn(i64) -> Option<f64>,
    ) -> NodeEvidence {
        let mut policy = ReshardPolicy::defaults("orders", 2, 8);
        let minutes = |count: u64| Duration::from_secs(count * 60);
        (policy.stabilization, policy.window) = (minutes(stabilization), minutes(window));
        let now: DateTime<Utc> = "2026-11-24T14:00:00Z".parse().unwrap();
        let samples =
            (1..=60).filter_map(|age| Some((now - TimeDelta::minutes(age), age_of(age)?)));
        let series = Series::new(samples, true);
        of_one_node(
            &[series.clone(), series.clone(), series.clone(), series],
            now,
            &policy,
        )
    }

    #[test]
    fn a_peak_is_one_of_the_minutes_that_are_called_low() {
        let old_peak = |age| Some(if age == 31 { 90.0 } else { 10.0 });
        assert_eq!(evidence(30, 5, old_peak).bytes, Some(10.0));
        assert_eq!(evidence(30, 5, old_peak).evictions, Some(300.0));
        assert_eq!(evidence(31, 5, old_peak).memory_percent, Some(90.0));
        // A load that is averaged over longer must have been low for as long.
        assert_eq!(evidence(5, 31, old_peak).replication_lag, Some(90.0));
    }

    #[test]
    fn each_of_those_minutes_must_be_known() {
        let hole = |age| (age != 20).then_some(10.0);
        for (stabilization, window) in [(30, 5), (5, 30)] {
            let known = evidence(stabilization, window, hole);
            // Its age is known all the same, for the record.
            let nothing = NodeEvidence {
                newest: known.newest,
                ..NodeEvidence::default()
            };
            assert_eq!(known, nothing);
        }
        assert_eq!(evidence(10, 5, hole).bytes, Some(10.0));
    }
}
