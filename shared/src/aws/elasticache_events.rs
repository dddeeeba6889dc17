//! ElastiCache's events, as far back as the service tells them.

use aws_sdk_elasticache::types::{Event, SourceType};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Aws, ServiceError, from_sdk, to_sdk};
use crate::{
    cluster::{NodeId, ReplicationGroupId},
    failover::{ServiceEvent, Source},
};

/// ElastiCache tells events of the last 14 days and refuses to be asked for older ones. Five minutes less, because the
/// time asked for is older once the request arrives, and its clock is not ours.
const TOLD_FOR: TimeDelta = TimeDelta::minutes(14 * 24 * 60 - 5);

impl Aws {
    /// The events of these nodes since a time, sorted by time; one call per node, because that is how AWS narrows them.
    pub(super) async fn node_events(
        &self,
        nodes: &[NodeId],
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        let mut events = Vec::new();
        for node in nodes {
            let of_node = self.events(Source::Node, Some(node.as_str()), since);
            events.extend(of_node.await?);
        }
        events.sort();
        Ok(events)
    }

    /// The events of a replication group since a time, without those of its nodes, sorted by time.
    pub(super) async fn group_events(
        &self,
        group: &ReplicationGroupId,
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        let mut events = self
            .events(Source::Group, Some(group.as_str()), since)
            .await?;
        events.sort();
        Ok(events)
    }

    /// The events of every replication group and every node of the account in this Region since a time, sorted by time.
    pub(super) async fn events_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        let mut events = self.events(Source::Group, None, since).await?;
        events.extend(self.events(Source::Node, None, since).await?);
        events.sort();
        Ok(events)
    }

    async fn events(
        &self,
        source: Source,
        id: Option<&str>,
        since: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        let of = id.map_or_else(String::new, |id| format!(" of {id}"));
        let doing = format!("reading events{of} (DescribeEvents)");
        let source_type = match source {
            Source::Group => SourceType::ReplicationGroup,
            Source::Node => SourceType::CacheCluster,
            Source::DbCluster | Source::DbInstance => {
                let cause = "ElastiCache has no events of Neptune".to_owned();
                return Err(ServiceError { doing, cause });
            }
        };
        let earliest = self.clock.now().map(|now| now - TOLD_FOR);
        let mut pages = self
            .elasticache
            .describe_events()
            .source_type(source_type)
            .set_source_identifier(id.map(str::to_owned))
            .start_time(to_sdk(earliest.map_or(since, |at| at.max(since))))
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            let event = event.map_err(|error| ServiceError::new(&doing, &error))?;
            // Passing over one could pass over a failover.
            events.push(read(&event, source).ok_or_else(|| ServiceError {
                doing: doing.clone(),
                cause: "an event came without its time, its source or its text".to_owned(),
            })?);
        }
        Ok(events)
    }
}

/// `None`: a part of it is missing.
fn read(event: &Event, source: Source) -> Option<ServiceEvent> {
    Some(ServiceEvent {
        at: from_sdk(event.date()?)?,
        source,
        id: event.source_identifier()?.to_ascii_lowercase(),
        message: event.message()?.to_owned(),
    })
}
