//! The calls that force a failover, each sent once.

use super::{
    Aws,
    answer::{Answer, Reading},
};
use crate::failover::Failover;

impl Aws {
    /// Sends the request of a failover once, without retries.
    pub(super) async fn fail_over(&self, failover: &Failover) -> Answer {
        match failover {
            Failover::Shard { group, shard, .. } => {
                let sent = self
                    .elasticache_once
                    .test_failover()
                    .replication_group_id(group.as_str())
                    .node_group_id(shard.as_str())
                    .send()
                    .await;
                Answer::of(sent, reading)
            }
            Failover::Replica { group, to, .. } => {
                let sent = self
                    .elasticache_once
                    .modify_replication_group()
                    .replication_group_id(group.as_str())
                    .primary_cluster_id(to.as_str())
                    .apply_immediately(true)
                    .send()
                    .await;
                Answer::of(sent, reading)
            }
            Failover::DbCluster { cluster, from, to } => {
                self.failover_db_cluster(cluster, from, to).await
            }
        }
    }
}

/// What an error code of ElastiCache's two calls says.
fn reading(code: &str, _message: &str) -> Reading {
    match code {
        "InvalidReplicationGroupState" | "InvalidCacheClusterState" => Reading::Busy,
        "InsufficientCacheClusterCapacity" => Reading::Later,
        // The quota frees itself within a day; our own count of it was wrong, or somebody else spent it.
        "APICallRateForCustomerExceeded" => Reading::Later,
        // Blocked by AWS, not found, permissions, parameters, and codes that nobody has documented.
        _ => Reading::Person,
    }
}
