//! Neptune's events: of a cluster, and of its instances.

use aws_sdk_neptune::types::SourceType;
use chrono::{DateTime, Utc};

use super::{Aws, ServiceError, from_sdk, to_sdk};
use crate::{
    cluster::{DbClusterId, InstanceId},
    failover::{ServiceEvent, Source},
};

impl Aws {
    /// The events of a cluster since a time, oldest first; at most 14 days back, by AWS's memory.
    pub(super) async fn db_cluster_events(
        &self,
        cluster: &DbClusterId,
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        self.database_events(
            SourceType::DbCluster,
            Source::DbCluster,
            cluster.as_str(),
            since,
        )
        .await
    }

    /// The events of an instance since a time, as above.
    pub(super) async fn db_instance_events(
        &self,
        instance: &InstanceId,
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        self.database_events(
            SourceType::DbInstance,
            Source::DbInstance,
            instance.as_str(),
            since,
        )
        .await
    }

    async fn database_events(
        &self,
        source_type: SourceType,
        source: Source,
        id: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        let doing = format!("reading events of {id} (DescribeEvents)");
        let request = self
            .neptune
            .describe_events()
            .source_type(source_type)
            .source_identifier(id)
            .start_time(to_sdk(since));
        let mut pages = request.into_paginator().items().send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            let event = event.map_err(|error| ServiceError::new(&doing, &error))?;
            let (Some(at), Some(message)) = (event.date().and_then(from_sdk), event.message())
            else {
                // Passing over one could pass over a failover.
                let cause = "an event came without its time or its text".to_owned();
                return Err(ServiceError { doing, cause });
            };
            events.push(ServiceEvent {
                at,
                source,
                id: event.source_identifier().unwrap_or(id).to_ascii_lowercase(),
                message: message.to_owned(),
            });
        }
        events.sort();
        Ok(events)
    }
}
