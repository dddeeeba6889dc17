//! Neptune: clusters as they are, and the one call that fails over.
//!
//! The endpoint also answers for Aurora and DocumentDB. Nothing is filtered out here: a cluster of another engine must be seen
//! for what it is, so that the decision can say why it is left alone.

use std::collections::BTreeMap;

use aws_sdk_neptune::{
    error::ProvideErrorMetadata,
    types::{DbCluster as Described, DbInstance},
};

use super::{
    Aws, ServiceError,
    answer::{Answer, Reading},
};
use crate::{
    cluster::{DbClusterId, InstanceId, Status},
    db_cluster::{DbCluster, Member},
    journal::Retry,
    pause::TAG,
    record::CallFailure,
    window::WeeklyWindow,
};

/// A cluster with what only this room needs of it.
#[derive(Debug, Clone)]
pub(super) struct DescribedCluster {
    /// The cluster.
    pub(super) cluster: DbCluster,
    /// By which its tags are read; `None`: the service did not say.
    pub(super) arn: Option<String>,
}

impl Aws {
    /// Every cluster of the account in this Region, of whatever engine, with its instances' statuses.
    pub(super) async fn db_clusters(&self) -> Result<Vec<DescribedCluster>, ServiceError> {
        let doing = "reading clusters (DescribeDBClusters)";
        let mut pages = self
            .neptune
            .describe_db_clusters()
            .into_paginator()
            .items()
            .send();
        let mut described = Vec::new();
        while let Some(cluster) = pages.next().await {
            described.push(cluster.map_err(|error| ServiceError::new(doing, &error))?);
        }
        let instances = self.db_instances().await?;
        Ok(described
            .iter()
            .filter_map(|cluster| {
                Some(DescribedCluster {
                    cluster: read_cluster(cluster, &instances)?,
                    arn: cluster.db_cluster_arn().map(str::to_owned),
                })
            })
            .collect())
    }

    async fn db_instances(&self) -> Result<BTreeMap<InstanceId, DbInstance>, ServiceError> {
        let doing = "reading instances (DescribeDBInstances)";
        let mut pages = self
            .neptune
            .describe_db_instances()
            .into_paginator()
            .items()
            .send();
        let mut instances = BTreeMap::new();
        while let Some(instance) = pages.next().await {
            let instance = instance.map_err(|error| ServiceError::new(doing, &error))?;
            if let Some(id) = instance.db_instance_identifier() {
                instances.insert(InstanceId::new(id), instance);
            }
        }
        Ok(instances)
    }

    /// One cluster as it is now, without its instances' statuses. `None`: there is none.
    pub(super) async fn db_cluster(
        &self,
        id: &DbClusterId,
    ) -> Result<Option<DbCluster>, ServiceError> {
        let doing = format!("reading cluster {id} (DescribeDBClusters)");
        let request = self
            .neptune
            .describe_db_clusters()
            .db_cluster_identifier(id.as_str());
        match request.send().await {
            Ok(read) => Ok(read
                .db_clusters()
                .iter()
                .filter_map(|cluster| read_cluster(cluster, &BTreeMap::new()))
                .find(|cluster| cluster.id == *id)),
            Err(error) if error.code() == Some("DBClusterNotFoundFault") => Ok(None),
            Err(error) => Err(ServiceError::new(&doing, &error)),
        }
    }

    /// The cluster's tag of the key [`TAG`]. `None`: it has none.
    pub(super) async fn db_cluster_tag(
        &self,
        id: &DbClusterId,
        arn: Option<&str>,
    ) -> Result<Option<String>, ServiceError> {
        let doing = format!("reading the tags of {id} (ListTagsForResource)");
        let Some(arn) = arn else {
            let cause = "Neptune did not say its ARN".to_owned();
            return Err(ServiceError { doing, cause });
        };
        let request = self.neptune.list_tags_for_resource().resource_name(arn);
        let read = request
            .send()
            .await
            .map_err(|error| ServiceError::new(&doing, &error))?;
        let ours = read.tag_list().iter().find(|tag| tag.key() == Some(TAG));
        Ok(ours.map(|tag| tag.value().unwrap_or_default().to_owned()))
    }

    /// Sends the request once, without retries, after a last look at the cluster: that its engine is exactly Neptune's and that
    /// the writer is still the one to leave. What does not hold any more sends nothing.
    pub(super) async fn failover_db_cluster(
        &self,
        cluster: &DbClusterId,
        from: &InstanceId,
        to: &InstanceId,
    ) -> Answer {
        let unfit = match self.db_cluster(cluster).await {
            Err(error) => Some(error.to_string()),
            Ok(None) => Some(format!("cluster {cluster} is gone")),
            Ok(Some(now)) if !now.is_neptune() => Some(format!(
                "the engine of {cluster} is {}, not neptune",
                now.engine.as_deref().unwrap_or("unsaid")
            )),
            Ok(Some(now)) => match now.writer() {
                Some(writer) if writer.id == *from => None,
                Some(writer) => Some(format!("{} is the writer now, not {from}", writer.id)),
                None => Some(format!("nobody can say who is the writer of {cluster}")),
            },
        };
        if let Some(message) = unfit {
            return Answer::NotSent {
                failure: CallFailure {
                    code: "ChangedSinceTheLook".to_owned(),
                    message,
                    retry: Some(Retry::Now),
                },
            };
        }
        let sent = self
            .neptune_once
            .failover_db_cluster()
            .db_cluster_identifier(cluster.as_str())
            .target_db_instance_identifier(to.as_str())
            .send()
            .await;
        Answer::of(sent, reading)
    }
}

/// What an error code of the call says.
fn reading(code: &str, _message: &str) -> Reading {
    match code {
        // The cluster or an instance is not available (any more); the next passes see how it goes on.
        "InvalidDBClusterStateFault" | "InvalidDBInstanceState" => Reading::Busy,
        _ => Reading::Person,
    }
}

fn read_cluster(
    cluster: &Described,
    instances: &BTreeMap<InstanceId, DbInstance>,
) -> Option<DbCluster> {
    let members = cluster.db_cluster_members().iter().filter_map(|member| {
        let id = InstanceId::new(member.db_instance_identifier()?);
        let instance = instances.get(&id);
        Some(Member {
            is_writer: member.is_cluster_writer(),
            promotion_tier: member
                .promotion_tier()
                .and_then(|tier| tier.try_into().ok()),
            status: Status::read(instance.and_then(DbInstance::db_instance_status)),
            class: instance
                .and_then(DbInstance::db_instance_class)
                .map(str::to_owned),
            availability_zone: instance
                .and_then(DbInstance::availability_zone)
                .map(str::to_owned),
            id,
        })
    });
    Some(DbCluster {
        id: DbClusterId::new(cluster.db_cluster_identifier()?),
        engine: cluster.engine().map(str::to_owned),
        status: Status::read(cluster.status()),
        global_database: cluster
            .global_cluster_identifier()
            .filter(|id| !id.is_empty())
            .map(str::to_owned),
        maintenance_window: cluster
            .preferred_maintenance_window()
            .map(WeeklyWindow::read_or_any_time),
        members: members.collect(),
    })
}
