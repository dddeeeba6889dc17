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

/// Roles are read so far back: a service's own failover shows in them at once, and by its event up to ten minutes later.
const ROLES_LOOK_BACK: Duration = Duration::from_secs(15 * 60);

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
    let window = stale_after.max(ROLES_LOOK_BACK);
    let answered = aws.metrics(&wanted, now, window).await?;
    // What is there of an incomplete answer may be the past of a role that has changed since.
    let of_one = |two: &[Series]| match two {
        [role, lag] => {
            let nothing = Series::default();
            let role = if role.complete { role } else { &nothing };
            let is_primary = role.newest().and_then(plain_role);
            let minutes = role.window(now, window).filter_map(plain_role);
            NodeEvidence {
                is_primary,
                changed: is_primary.and_then(|(_, now)| {
                    let other = minutes.filter(|(_, then)| *then != now);
                    other.map(|(at, _)| at).max()
                }),
                lag: lag.newest().filter(|_| lag.complete),
            }
        }
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
