//! Which metrics tell a group's load and its nodes' memory, and how their answers become series and evidence.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{Aws, ServiceError, cloudwatch::Wanted};
use crate::{
    cluster::{Group, NodeId, ReplicationGroupId, Shard, ShardId},
    load::{Series, delta},
    policy::ReshardPolicy,
    reshard::{Evidence, Measure, NodeEvidence, ShardSeries},
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
    policy.stabilization.max(policy.window) + policy.stale_after
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
        metric,
        dimensions,
        statistic: "Maximum",
    }
}

fn of_node(node: &NodeId, metric: &'static str, statistic: &'static str) -> Wanted {
    Wanted {
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
    let whole = |series: &Series, value: Option<f64>| {
        value.filter(|_| series.covers(now, policy.stabilization, policy.stale_after))
    };
    let of_one = |four: &[Series]| match four {
        [bytes, memory, evictions, lag] => NodeEvidence {
            bytes: whole(bytes, bytes.peak()),
            memory_percent: whole(memory, memory.peak()),
            evictions: whole(evictions, evictions.sum()),
            replication_lag: whole(lag, lag.peak()),
            newest: bytes.newest().map(|(at, _)| at),
        },
        _ => NodeEvidence::default(),
    };
    Ok(nodes
        .into_iter()
        .cloned()
        .zip(answered.chunks(4).map(of_one))
        .collect())
}
