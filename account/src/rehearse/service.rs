//! The only file of the rehearsal that calls AWS. Reads are retried by the SDK; what creates, changes or deletes is sent once.

use std::{collections::BTreeMap, fmt, sync::Arc};

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_elasticache::{
    error::{ProvideErrorMetadata, SdkError},
    types::{ReplicationGroup, SourceType, Tag},
};
use aws_smithy_types::retry::RetryConfig;
use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::aws::{
    ServiceClock,
    access::{Access, configuration},
    causes,
};

use super::{
    capture::{Answer, Event, Sample, ShardLook},
    plan::{PREFIX, Plan, SHARDS},
};

/// A clock of this machine, for the time when no service says what time it is.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The clients of a rehearsal, and its two clocks.
pub struct Service {
    reads: aws_sdk_elasticache::Client,
    /// Never retries: a lost answer followed by a retry would make or change something twice.
    once: aws_sdk_elasticache::Client,
    metrics: aws_sdk_cloudwatch::Client,
    services_clock: ServiceClock,
    clock: Clock,
    region: Option<String>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A group as a describe shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSeen {
    /// `ReplicationGroupId`.
    pub id: String,
    /// `ARN`. `None`: not said.
    pub arn: Option<String>,
    /// `Description`; empty if not said.
    pub description: String,
    /// `Status`; empty if not said.
    pub status: String,
    /// `NodeGroups`.
    pub shards: Vec<ShardLook>,
    /// How many nodes it says it has.
    pub members: usize,
    /// `SlotMigration.ProgressPercentage`.
    pub moved_percent: Option<f64>,
}

/// The code of AWS's "no such group" ([BC]).
pub(super) const NO_GROUP: &str = "ReplicationGroupNotFoundFault";

/// The tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// What a call came to, if it was not taken.
pub type Told<T> = Result<T, Answer>;

impl Service {
    /// Clients as the environment says, but for what `access` says.
    pub async fn open(access: &Access, clock: Clock) -> Self {
        Self::new(&configuration(access).await, clock)
    }

    /// Clients with a configuration of one's own.
    pub fn new(config: &SdkConfig, clock: Clock) -> Self {
        let services_clock = ServiceClock::default();
        let reads =
            aws_sdk_elasticache::config::Builder::from(config).interceptor(services_clock.clone());
        let once = reads.clone().retry_config(RetryConfig::disabled());
        Self {
            reads: aws_sdk_elasticache::Client::from_conf(reads.build()),
            once: aws_sdk_elasticache::Client::from_conf(once.build()),
            metrics: aws_sdk_cloudwatch::Client::new(config),
            services_clock,
            clock,
            region: config.region().map(|region| region.as_ref().to_owned()),
        }
    }

    /// The Region that is asked. `None`: nobody has named one.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The service's time, as of its newest answer. `None`: none has said so yet.
    pub(super) fn services_now(&self) -> Option<DateTime<Utc>> {
        self.services_clock.now()
    }

    /// This machine's time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// `DescribeReplicationGroups` of one group; `None`: AWS says that there is none.
    pub(super) async fn group(&self, id: &str) -> Told<Option<GroupSeen>> {
        match self.describe(id).await {
            Ok(groups) => Ok(groups.into_iter().find(|group| group.id == id)),
            Err(Answer::Refused { code, .. }) if code == NO_GROUP => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The same with the refusal as AWS words it.
    pub(super) async fn describe(&self, id: &str) -> Told<Vec<GroupSeen>> {
        let request = self
            .reads
            .describe_replication_groups()
            .replication_group_id(id);
        let answer = request.send().await.map_err(told)?;
        Ok(answer.replication_groups().iter().map(seen).collect())
    }

    /// Every group of the Region whose id has the prefix of a rehearsal.
    pub(super) async fn groups(&self) -> Told<Vec<GroupSeen>> {
        let mut pages = self
            .reads
            .describe_replication_groups()
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(group) = pages.next().await {
            let group = seen(&group.map_err(told)?);
            if group.id.starts_with(PREFIX) {
                found.push(group);
            }
        }
        Ok(found)
    }

    /// `ListTagsForResource`.
    pub(super) async fn tags(&self, arn: &str) -> Told<Tags> {
        let answer = self
            .reads
            .list_tags_for_resource()
            .resource_name(arn)
            .send()
            .await
            .map_err(told)?;
        let pair = |tag: &Tag| {
            Some((
                tag.key()?.to_owned(),
                tag.value().unwrap_or_default().to_owned(),
            ))
        };
        Ok(answer.tag_list().iter().filter_map(pair).collect())
    }

    /// The status of each node of a group, by id.
    pub(super) async fn nodes(&self, group: &str) -> Told<BTreeMap<String, String>> {
        let mut pages = self
            .reads
            .describe_cache_clusters()
            .into_paginator()
            .items()
            .send();
        let mut nodes = BTreeMap::new();
        while let Some(node) = pages.next().await {
            let node = node.map_err(told)?;
            if node.replication_group_id() == Some(group)
                && let Some(id) = node.cache_cluster_id()
            {
                let status = node.cache_cluster_status().unwrap_or_default();
                nodes.insert(id.to_owned(), status.to_owned());
            }
        }
        Ok(nodes)
    }

    /// The events since a time that are about a group or its nodes: of one source type, or of all. Times are counted from
    /// `began`.
    pub(super) async fn events(
        &self,
        group: &str,
        source_type: Option<&str>,
        began: DateTime<Utc>,
    ) -> Told<Vec<Event>> {
        let request = self
            .reads
            .describe_events()
            .set_source_type(source_type.map(SourceType::from))
            .start_time(aws_smithy_types::DateTime::from_secs(began.timestamp()));
        let mut pages = request.into_paginator().items().send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            let event = event.map_err(told)?;
            let source = event.source_identifier().unwrap_or_default();
            let message = event.message().unwrap_or_default();
            if !source.starts_with(group) && !message.contains(group) {
                continue;
            }
            if let Some(at) = event.date() {
                events.push(Event {
                    at: at.secs() - began.timestamp(),
                    source_type: event
                        .source_type()
                        .map_or("", SourceType::as_str)
                        .to_owned(),
                    source: source.to_owned(),
                    message: message.to_owned(),
                    seen_after: None,
                    seen_at: 0,
                });
            }
        }
        Ok(events)
    }

    /// `IsMaster` of these nodes in the last quarter of an hour, minute by minute, as our functions read it.
    pub(super) async fn roles(
        &self,
        nodes: &[String],
        now: DateTime<Utc>,
        began: DateTime<Utc>,
    ) -> Told<Vec<Sample>> {
        let query = |(number, node): (usize, &String)| {
            let dimension = Dimension::builder()
                .name("CacheClusterId")
                .value(node)
                .build();
            let metric = Metric::builder()
                .namespace("AWS/ElastiCache")
                .metric_name("IsMaster")
                .dimensions(dimension);
            let stat = MetricStat::builder()
                .metric(metric.build())
                .period(60)
                .stat("Average")
                .build();
            MetricDataQuery::builder()
                .id(format!("node{number}"))
                .metric_stat(stat)
                .build()
        };
        let time = |at: DateTime<Utc>| aws_smithy_types::DateTime::from_secs(at.timestamp());
        let request = self
            .metrics
            .get_metric_data()
            .set_metric_data_queries(Some(nodes.iter().enumerate().map(query).collect()))
            .start_time(time(now - TimeDelta::minutes(15)))
            .end_time(time(now + TimeDelta::minutes(1)));
        let mut pages = request.into_paginator().send();
        let mut samples = Vec::new();
        while let Some(page) = pages.next().await {
            for result in page.map_err(told)?.metric_data_results() {
                let number = result
                    .id()
                    .and_then(|id| id.strip_prefix("node")?.parse::<usize>().ok());
                let Some(node) = number.and_then(|number| nodes.get(number)) else {
                    continue;
                };
                for (at, value) in result.timestamps().iter().zip(result.values()) {
                    samples.push(Sample {
                        node: node.clone(),
                        at: at.secs() - began.timestamp(),
                        value: *value,
                        seen_after: None,
                        seen_at: 0,
                    });
                }
            }
        }
        Ok(samples)
    }

    /// `CreateReplicationGroup`. The status in the answer. No snapshots are ever taken.
    pub(super) async fn create(
        &self,
        plan: &Plan,
        deadline: DateTime<Utc>,
    ) -> Told<Option<String>> {
        let tags = plan
            .tags(deadline)
            .map(|(key, value)| Tag::builder().key(key).value(value).build());
        let groups = &plan.security_groups;
        let sent = self
            .once
            .create_replication_group()
            .replication_group_id(plan.group_id())
            .replication_group_description(plan.description())
            .engine(&plan.engine)
            .set_engine_version(plan.engine_version.clone())
            .cache_node_type(&plan.node_type)
            .cluster_mode(aws_sdk_elasticache::types::ClusterMode::Enabled)
            .num_node_groups(whole(SHARDS))
            .replicas_per_node_group(whole(plan.replicas))
            .automatic_failover_enabled(true)
            .multi_az_enabled(true)
            .snapshot_retention_limit(0)
            // cfn-lint's E3704 wants it said for Valkey; that the API itself does is not verified. Both engines have it.
            .transit_encryption_enabled(true)
            .set_cache_subnet_group_name(plan.subnet_group.clone())
            .set_security_group_ids((!groups.is_empty()).then(|| groups.clone()))
            .set_tags(Some(tags.to_vec()))
            .send()
            .await;
        let answer = sent.map_err(told)?;
        Ok(status(answer.replication_group()))
    }

    /// `ModifyReplicationGroupShardConfiguration` with the parameters that the function `reshard` sends.
    pub(super) async fn reshard(
        &self,
        group: &str,
        count: usize,
        remove: &[String],
    ) -> Told<Option<String>> {
        let sent = self
            .once
            .modify_replication_group_shard_configuration()
            .replication_group_id(group)
            .node_group_count(i32::try_from(count).unwrap_or(i32::MAX))
            .apply_immediately(true)
            .set_node_groups_to_remove((!remove.is_empty()).then(|| remove.to_vec()))
            .send()
            .await;
        Ok(status(sent.map_err(told)?.replication_group()))
    }

    /// `TestFailover`.
    pub(super) async fn fail_over(&self, group: &str, shard: &str) -> Told<Option<String>> {
        let sent = self
            .once
            .test_failover()
            .replication_group_id(group)
            .node_group_id(shard)
            .send()
            .await;
        Ok(status(sent.map_err(told)?.replication_group()))
    }

    /// `DeleteReplicationGroup`, without a final snapshot and without keeping a node.
    pub(super) async fn delete(&self, group: &str) -> Told<Option<String>> {
        let sent = self
            .once
            .delete_replication_group()
            .replication_group_id(group)
            .send()
            .await;
        Ok(status(sent.map_err(told)?.replication_group()))
    }
}

fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn status(group: Option<&ReplicationGroup>) -> Option<String> {
    group.and_then(|group| group.status()).map(str::to_owned)
}

fn seen(group: &ReplicationGroup) -> GroupSeen {
    let shards = group.node_groups().iter().map(|shard| ShardLook {
        id: shard.node_group_id().unwrap_or_default().to_owned(),
        status: shard.status().unwrap_or_default().to_owned(),
        slots: shard.slots().map(str::to_owned),
    });
    let pending = group
        .pending_modified_values()
        .and_then(|values| values.resharding());
    GroupSeen {
        id: group.replication_group_id().unwrap_or_default().to_owned(),
        arn: group.arn().map(str::to_owned),
        description: group.description().unwrap_or_default().to_owned(),
        status: group.status().unwrap_or_default().to_owned(),
        shards: shards.collect(),
        members: group.member_clusters().len(),
        moved_percent: pending
            .and_then(|resharding| resharding.slot_migration())
            .and_then(|migration| migration.progress_percentage())
            // A tenth of a percent is plenty, and reads back from a file as it was.
            .map(|percent| (percent * 10.0).round() / 10.0),
    }
}

/// Only an error that the service worded, with a status below 500, says that nothing was done.
fn told<E>(error: SdkError<E>) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let http = error
        .raw_response()
        .map(|response| response.status().as_u16());
    match (error.code(), http) {
        (Some(code), Some(http @ 0..500)) => Answer::Refused {
            http,
            code: code.to_owned(),
            message: error.message().unwrap_or_default().to_owned(),
        },
        _ => Answer::NoAnswer {
            what: causes(&error),
        },
    }
}
