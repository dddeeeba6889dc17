//! Which metrics tell roles and lag, and how their answers become evidence.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    Aws, ServiceError,
    cloudwatch::{ELASTICACHE, Wanted},
};
use crate::{
    cluster::{Group, InstanceId, NodeId},
    db_cluster::DbCluster,
    failover::{Evidence, NodeEvidence, Sample},
    failover_db_cluster::Lags,
    load::Series,
};

/// Where Neptune publishes.
const NEPTUNE: &str = "AWS/Neptune";

/// Neptune publishes lag in milliseconds.
const MILLISECONDS: f64 = 1000.0;

/// Roles and lag of every node of a group, in the newest minute of each.
pub(super) async fn evidence(
    aws: &Aws,
    group: &Group,
    now: DateTime<Utc>,
    stale_after: Duration,
) -> Result<Evidence, ServiceError> {
    let nodes: Vec<&NodeId> = group
        .shards
        .iter()
        .flat_map(|shard| &shard.nodes)
        .map(|node| &node.id)
        .collect();
    let of_node = |node: &NodeId, metric, statistic| Wanted {
        namespace: ELASTICACHE,
        metric,
        dimensions: vec![("CacheClusterId", node.to_string())],
        statistic,
    };
    // The Average of a minute in which the role changed is neither 0 nor 1, and then nobody was primary throughout.
    let wanted: Vec<Wanted> = nodes
        .iter()
        .flat_map(|node| {
            [
                of_node(node, "IsMaster", "Average"),
                of_node(node, "ReplicationLag", "Maximum"),
            ]
        })
        .collect();
    let answered = aws.metrics(&wanted, now, stale_after).await?;
    let of_one = |two: &[Series]| match two {
        [role, lag] => NodeEvidence {
            is_primary: role.newest().and_then(plain_role),
            lag: lag.newest(),
        },
        _ => NodeEvidence::default(),
    };
    Ok(nodes
        .into_iter()
        .cloned()
        .zip(answered.chunks(2).map(of_one))
        .collect())
}

fn plain_role((at, value): Sample<f64>) -> Option<Sample<bool>> {
    if value == 1.0 {
        Some((at, true))
    } else if value == 0.0 {
        Some((at, false))
    } else {
        None
    }
}

/// The lag of every instance of a cluster, in seconds, in the newest minute of each.
pub(super) async fn lags(
    aws: &Aws,
    cluster: &DbCluster,
    now: DateTime<Utc>,
    stale_after: Duration,
) -> Result<Lags, ServiceError> {
    let wanted: Vec<Wanted> = cluster
        .members
        .iter()
        .map(|member| Wanted {
            namespace: NEPTUNE,
            metric: "ClusterReplicaLag",
            dimensions: vec![("DBInstanceIdentifier", member.id.to_string())],
            statistic: "Maximum",
        })
        .collect();
    let answered = aws.metrics(&wanted, now, stale_after).await?;
    let known: BTreeMap<InstanceId, Sample<f64>> = cluster
        .members
        .iter()
        .zip(answered)
        .filter_map(|(member, series)| {
            let (at, value) = series.newest()?;
            Some((member.id.clone(), (at, value / MILLISECONDS)))
        })
        .collect();
    Ok(known)
}
