//! CloudWatch: how old the newest samples are of what the functions decide by.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StatusCode};
use aws_smithy_types::DateTime as SdkTime;
use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    cluster::Group,
    db_cluster::DbCluster,
    policy::{Policy, ReshardPolicy},
};

use super::{Clients, unread};
use crate::doctor::{Function, MetricSeen, Read, Unread};

/// What a read of samples needs.
const PERMISSION: &str = "cloudwatch:GetMetricData";

/// GetMetricData takes at most this many queries.
const QUERIES_PER_READ: usize = 500;

/// How far back a newest sample is looked for.
const BACK: TimeDelta = TimeDelta::hours(1);

/// Where ElastiCache publishes.
const ELASTICACHE: &str = "AWS/ElastiCache";

/// Where Neptune publishes.
const NEPTUNE: &str = "AWS/Neptune";

impl Clients {
    /// The newest samples of what the functions decide by. Of targets that could not be listed there is nothing.
    pub(super) async fn newest(
        &self,
        policy: &Policy,
        groups: Option<&Vec<Group>>,
        db_clusters: Option<&Vec<DbCluster>>,
        now: DateTime<Utc>,
    ) -> Read<Vec<MetricSeen>> {
        let groups = groups.into_iter().flatten();
        let of_groups = groups.flat_map(|group| of_group(policy, group));
        let db_clusters = db_clusters.into_iter().flatten();
        let db_clusters =
            db_clusters.filter(|one| policy.failover_db_cluster_for(&one.id).is_some());
        let mut wanted: Vec<MetricSeen> =
            of_groups.chain(db_clusters.flat_map(of_cluster)).collect();
        for wanted in wanted.chunks_mut(QUERIES_PER_READ) {
            self.read_newest(wanted, now).await?;
        }
        Ok(wanted)
    }

    async fn read_newest(&self, wanted: &mut [MetricSeen], now: DateTime<Utc>) -> Read<()> {
        let queries = wanted.iter().enumerate();
        let queries = queries.map(|(index, one)| query(index, one)).collect();
        let asked = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(SdkTime::from_millis((now - BACK).timestamp_millis()))
            .end_time(SdkTime::from_millis(now.timestamp_millis()));
        let mut pages = asked.into_paginator().send();
        let mut answered: BTreeMap<usize, (Option<StatusCode>, Option<i64>)> = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unread(PERMISSION, &error))?;
            for result in page.metric_data_results() {
                let index = result
                    .id()
                    .and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
                let Some(index) = index else {
                    continue;
                };
                let times = result.timestamps().iter();
                let last = times.filter_map(|at| at.to_millis().ok()).max();
                let (status, newest) = answered.entry(index).or_default();
                // `PartialData` on an early page means that more pages follow; the last page's word counts.
                *status = result.status_code().cloned();
                *newest = last.max(*newest);
            }
        }
        for (index, one) in wanted.iter_mut().enumerate() {
            let (status, newest) = answered.remove(&index).unwrap_or_default();
            let newest = newest.and_then(DateTime::from_timestamp_millis);
            one.newest = require_complete(status.as_ref()).map(|()| newest);
        }
        Ok(())
    }
}

/// Of an answer that is not complete, a missing sample says nothing.
fn require_complete(status: Option<&StatusCode>) -> Read<()> {
    if status == Some(&StatusCode::Complete) {
        return Ok(());
    }
    let said = status.map_or("without a status", StatusCode::as_str);
    Err(Unread {
        permission: PERMISSION.to_owned(),
        denied: status == Some(&StatusCode::Forbidden),
        cause: format!("CloudWatch answered {said}"),
    })
}

fn metric(
    function: Function,
    target: &str,
    (namespace, metric): (&'static str, &'static str),
    dimensions: Vec<(&'static str, String)>,
) -> MetricSeen {
    MetricSeen {
        function,
        target: target.to_owned(),
        namespace,
        metric,
        dimensions,
        newest: Ok(None),
    }
}

fn of_group(policy: &Policy, group: &Group) -> Vec<MetricSeen> {
    let mut metrics = Vec::new();
    if let Some(entry) = policy.reshard_for(&group.id) {
        metrics.extend(of_load(entry, group));
    }
    let failovers = [
        (
            Function::FailoverShard,
            policy.failover_shard_for(&group.id).is_some(),
        ),
        (
            Function::PromoteReplica,
            policy.promote_replica_for(&group.id).is_some(),
        ),
    ];
    for (function, governs) in failovers {
        if governs {
            metrics.extend(of_nodes(function, group, "IsMaster"));
        }
    }
    metrics
}

/// Of the metrics of load the one that an entry asks for first: what is published of one comes with the others.
fn of_load(entry: &ReshardPolicy, group: &Group) -> Vec<MetricSeen> {
    let of_shards = |name| {
        let shards = group.shards.iter().map(|shard| {
            let dimensions = vec![
                ("NodeGroupId", shard.id.to_string()),
                ("ReplicationGroupId", group.id.to_string()),
            ];
            metric(
                Function::Reshard,
                group.id.as_str(),
                (ELASTICACHE, name),
                dimensions,
            )
        });
        shards.collect()
    };
    if entry.targets.engine_cpu.is_some() && group.small_node_vcpus().is_some() {
        of_nodes(Function::Reshard, group, "CPUUtilization")
    } else if entry.targets.engine_cpu.is_some() {
        of_shards("EngineCPUUtilization")
    } else if entry.targets.memory.is_some() {
        of_shards("DatabaseMemoryUsageCountedForEvictPercentage")
    } else {
        Vec::new()
    }
}

fn of_nodes(function: Function, group: &Group, name: &'static str) -> Vec<MetricSeen> {
    let nodes = group.shards.iter().flat_map(|shard| &shard.nodes);
    let nodes = nodes.map(|node| {
        let dimensions = vec![("CacheClusterId", node.id.to_string())];
        metric(function, group.id.as_str(), (ELASTICACHE, name), dimensions)
    });
    nodes.collect()
}

/// The lag of its readers: the writer has none.
fn of_cluster(cluster: &DbCluster) -> Vec<MetricSeen> {
    let members = cluster.members.iter();
    let readers = members.filter(|one| cluster.is_neptune() && one.is_writer == Some(false));
    let readers = readers.map(|reader| {
        let dimensions = vec![("DBInstanceIdentifier", reader.id.to_string())];
        let function = Function::FailoverDbCluster;
        let name = (NEPTUNE, "ClusterReplicaLag");
        metric(function, cluster.id.as_str(), name, dimensions)
    });
    readers.collect()
}

fn query(index: usize, wanted: &MetricSeen) -> MetricDataQuery {
    let dimensions = wanted.dimensions.iter();
    let dimensions = dimensions
        .map(|(name, value)| Dimension::builder().name(*name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(wanted.namespace)
        .metric_name(wanted.metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Maximum")
        .build();
    MetricDataQuery::builder()
        .id(format!("q{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}
