//! ElastiCache: groups as they are, and the one call that reshards.

use std::collections::BTreeMap;

use aws_sdk_elasticache::{
    error::ProvideErrorMetadata,
    types::{CacheCluster, ClusterMode, NodeGroup, ReplicationGroup, ReshardingConfiguration},
};

use super::{
    Aws, ServiceError,
    answer::{Answer, Reading},
};
use crate::{
    cluster::{
        Group, Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch, count_slots,
    },
    reshard::{Reshard, TAG},
    window::{DailyWindow, WeeklyWindow},
};

/// A group with what only this room needs of it.
#[derive(Debug, Clone)]
pub(super) struct Described {
    /// The group.
    pub(super) group: Group,
    /// By which its tags are read; `None`: the service did not say.
    pub(super) arn: Option<String>,
}

/// What the tags of a group said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tagged {
    /// The value of our tag; `None`: there is no such tag.
    Value(Option<String>),
    /// Tags are not shown, because the group has become busy since we looked.
    Busy,
}

impl Aws {
    /// Every replication group of the account in this Region, with its nodes' statuses.
    pub(super) async fn groups(&self) -> Result<Vec<Described>, ServiceError> {
        let mut pages = self
            .elasticache
            .describe_replication_groups()
            .into_paginator()
            .items()
            .send();
        let mut described = Vec::new();
        while let Some(group) = pages.next().await {
            let doing = "reading replication groups (DescribeReplicationGroups)";
            described.push(group.map_err(|error| ServiceError::new(doing, &error))?);
        }
        let clusters = self.clusters().await?;
        Ok(described
            .iter()
            .filter_map(|group| {
                Some(Described {
                    group: read_group(group, &clusters)?,
                    arn: group.arn().map(str::to_owned),
                })
            })
            .collect())
    }

    /// The primary of a group without shards as it is now. `None`: nobody, or the service does not say.
    pub(super) async fn primary_of(
        &self,
        id: &ReplicationGroupId,
    ) -> Result<Option<NodeId>, ServiceError> {
        let doing = format!("reading group {id} (DescribeReplicationGroups)");
        let request = self
            .elasticache
            .describe_replication_groups()
            .replication_group_id(id.as_str());
        let read = request
            .send()
            .await
            .map_err(|error| ServiceError::new(&doing, &error))?;
        let groups = read.replication_groups().iter();
        let mut nodes = groups
            .filter_map(|group| read_group(group, &BTreeMap::new()))
            .flat_map(|group| group.shards)
            .flat_map(|shard| shard.nodes);
        Ok(nodes
            .find(|node| node.is_primary == Some(true))
            .map(|node| node.id))
    }

    async fn clusters(&self) -> Result<BTreeMap<NodeId, CacheCluster>, ServiceError> {
        let request = self
            .elasticache
            .describe_cache_clusters()
            .show_cache_node_info(true);
        let mut pages = request.into_paginator().items().send();
        let mut clusters = BTreeMap::new();
        while let Some(cluster) = pages.next().await {
            let cluster = cluster.map_err(|error| {
                ServiceError::new("reading nodes (DescribeCacheClusters)", &error)
            })?;
            if let Some(id) = cluster.cache_cluster_id() {
                clusters.insert(NodeId::new(id), cluster);
            }
        }
        Ok(clusters)
    }

    /// The group's tag of the key [`TAG`].
    pub(super) async fn tag(
        &self,
        id: &ReplicationGroupId,
        arn: Option<&str>,
    ) -> Result<Tagged, ServiceError> {
        let doing = format!("reading the tags of {id} (ListTagsForResource)");
        let Some(arn) = arn else {
            let cause = "ElastiCache did not say its ARN".to_owned();
            return Err(ServiceError { doing, cause });
        };
        let request = self.elasticache.list_tags_for_resource().resource_name(arn);
        match request.send().await {
            Ok(read) => {
                let mut tags = read.tag_list().iter();
                let ours = tags.find(|tag| tag.key() == Some(TAG));
                Ok(Tagged::Value(
                    ours.map(|tag| tag.value().unwrap_or_default().to_owned()),
                ))
            }
            Err(error) if error.code() == Some("InvalidReplicationGroupState") => Ok(Tagged::Busy),
            Err(error) => Err(ServiceError::new(&doing, &error)),
        }
    }

    /// Sends the request once, without retries.
    pub(super) async fn reshard(&self, reshard: &Reshard) -> Answer {
        let remove: Vec<String> = reshard
            .remove
            .iter()
            .map(|id| id.as_str().to_owned())
            .collect();
        let zones: Vec<ReshardingConfiguration> =
            reshard.zones.iter().map(|zones| placement(zones)).collect();
        let sent = self
            .elasticache_once
            .modify_replication_group_shard_configuration()
            .replication_group_id(reshard.group.as_str())
            .node_group_count(i32::try_from(reshard.to).unwrap_or(i32::MAX))
            .apply_immediately(true)
            .set_node_groups_to_remove((!remove.is_empty()).then_some(remove))
            .set_resharding_configuration((!zones.is_empty()).then_some(zones))
            .send()
            .await;
        Answer::of(sent, reading)
    }
}

/// What an error code of the shard call says.
fn reading(code: &str, message: &str) -> Reading {
    match code {
        "InvalidReplicationGroupState" if message.contains("Nothing to do") => Reading::AlreadySo,
        "InvalidReplicationGroupState" | "InvalidCacheClusterState" => Reading::Busy,
        "InsufficientCacheClusterCapacity" => Reading::Later,
        // Quotas, permissions, networks, keys, parameters, and codes that nobody has documented.
        _ => Reading::Person,
    }
}

fn placement(zones: &[String]) -> ReshardingConfiguration {
    ReshardingConfiguration::builder()
        .set_preferred_availability_zones(Some(zones.to_vec()))
        .build()
}

fn read_group(
    group: &ReplicationGroup,
    clusters: &BTreeMap<NodeId, CacheCluster>,
) -> Option<Group> {
    let id = ReplicationGroupId::new(group.replication_group_id()?);
    let mode = match (group.cluster_mode(), group.cluster_enabled()) {
        (Some(mode), _) => Some(mode.as_str().to_owned()),
        // Groups from before the field existed say only this.
        (None, Some(true)) => Some(ClusterMode::Enabled.as_str().to_owned()),
        (None, Some(false)) => Some(ClusterMode::Disabled.as_str().to_owned()),
        (None, None) => None,
    };
    let backups = group
        .snapshot_retention_limit()
        .is_some_and(|days| days > 0);
    let shards: Vec<Shard> = group
        .node_groups()
        .iter()
        .filter_map(|shard| read_shard(shard, clusters))
        .collect();
    let mut nodes = shards.iter().flat_map(|shard| &shard.nodes);
    let maintenance = nodes.find_map(|node| clusters.get(&node.id)?.preferred_maintenance_window());
    let pending = group.pending_modified_values();
    let migration = pending
        .and_then(|values| values.resharding())
        .and_then(|resharding| resharding.slot_migration());
    Some(Group {
        status: Status::read(group.status()),
        cluster_mode: mode,
        node_type: group.cache_node_type().map(str::to_owned),
        automatic_failover: Switch::read(group.automatic_failover().map(|it| it.as_str())),
        multi_az: Switch::read(group.multi_az().map(|it| it.as_str())),
        global_datastore: group
            .global_replication_group_info()
            .and_then(|info| info.global_replication_group_id())
            .filter(|datastore| !datastore.is_empty())
            .map(str::to_owned),
        snapshot_window: group
            .snapshot_window()
            .filter(|_| backups)
            .map(DailyWindow::read_or_any_time),
        maintenance_window: maintenance.map(WeeklyWindow::read_or_any_time),
        slot_migration_percent: migration.and_then(|migration| migration.progress_percentage()),
        member_count: group.member_clusters().len(),
        shards,
        id,
    })
}

fn read_shard(shard: &NodeGroup, clusters: &BTreeMap<NodeId, CacheCluster>) -> Option<Shard> {
    let node = |id: &str, zone: Option<&str>, role: Option<&str>| {
        let id = NodeId::new(id);
        let cluster = clusters.get(&id);
        let zone = zone.or_else(|| cluster?.preferred_availability_zone());
        Node {
            availability_zone: zone.map(str::to_owned),
            status: Status::read(cluster.and_then(|cluster| cluster.cache_cluster_status())),
            is_primary: role.map(|role| role == "primary"),
            id,
        }
    };
    Some(Shard {
        id: ShardId::new(shard.node_group_id()?),
        status: Status::read(shard.status()),
        slots: shard.slots().and_then(count_slots),
        nodes: shard
            .node_group_members()
            .iter()
            .filter_map(|member| {
                Some(node(
                    member.cache_cluster_id()?,
                    member.preferred_availability_zone(),
                    member.current_role(),
                ))
            })
            .collect(),
    })
}
