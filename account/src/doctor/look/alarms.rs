//! CloudWatch: the alarms that a policy names, and how old the newest samples are.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{AlarmType, Dimension, Metric, MetricDataQuery, MetricStat};
use aws_smithy_types::DateTime as SdkTime;
use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{cluster::Group, db_cluster::DbCluster, policy::Policy};

use super::{Clients, unread};
use crate::doctor::{AlarmSeen, Read};

/// DescribeAlarms takes at most this many names.
const NAMES_PER_READ: usize = 100;

/// GetMetricData takes at most this many queries.
const QUERIES_PER_READ: usize = 500;

/// How far back a newest sample is looked for.
const BACK: TimeDelta = TimeDelta::hours(1);

impl Clients {
    pub(super) async fn alarms(&self, policy: &Policy) -> Read<BTreeMap<String, AlarmSeen>> {
        let resharding = policy.reshard.iter().flat_map(|entry| entry.alarms.names());
        let failovers = policy.failovers().flat_map(|entry| entry.alarms.names());
        let names: BTreeSet<&String> = resharding.chain(failovers).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let mut seen = BTreeMap::new();
        for names in names.chunks(NAMES_PER_READ) {
            let asked = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm);
            let mut pages = asked.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| unread("cloudwatch:DescribeAlarms", &error))?;
                let metric = page.metric_alarms().iter().map(|one| {
                    (
                        one.alarm_name(),
                        one.alarm_arn(),
                        one.actions_enabled(),
                        one.alarm_actions(),
                    )
                });
                let composite = page.composite_alarms().iter().map(|one| {
                    (
                        one.alarm_name(),
                        one.alarm_arn(),
                        one.actions_enabled(),
                        one.alarm_actions(),
                    )
                });
                for (name, arn, enabled, actions) in metric.chain(composite) {
                    let alarm = AlarmSeen {
                        arn: arn.unwrap_or_default().to_owned(),
                        actions_enabled: enabled.unwrap_or(true),
                        actions: actions.to_vec(),
                    };
                    seen.insert(name.unwrap_or_default().to_owned(), alarm);
                }
            }
        }
        Ok(seen)
    }

    /// The newest sample of each target's CPU. What could not be listed is not looked for.
    pub(super) async fn newest(
        &self,
        policy: &Policy,
        groups: Option<&Vec<Group>>,
        db_clusters: Option<&Vec<DbCluster>>,
        now: DateTime<Utc>,
    ) -> Read<BTreeMap<String, DateTime<Utc>>> {
        let groups = groups.into_iter().flatten().filter(|group| {
            policy.reshard_for(&group.id).is_some()
                || policy.failover_shard_for(&group.id).is_some()
                || policy.promote_replica_for(&group.id).is_some()
        });
        let of_group = |group: &Group| {
            let id = group.id.as_str();
            (
                id.to_owned(),
                "AWS/ElastiCache",
                "EngineCPUUtilization",
                "ReplicationGroupId",
            )
        };
        let db_clusters = db_clusters.into_iter().flatten();
        let db_clusters =
            db_clusters.filter(|one| policy.failover_db_cluster_for(&one.id).is_some());
        let of_cluster = |cluster: &DbCluster| {
            let id = cluster.id.as_str();
            (
                id.to_owned(),
                "AWS/Neptune",
                "CPUUtilization",
                "DBClusterIdentifier",
            )
        };
        let wanted: Vec<_> = groups
            .map(of_group)
            .chain(db_clusters.map(of_cluster))
            .collect();
        let mut newest = BTreeMap::new();
        for wanted in wanted.chunks(QUERIES_PER_READ) {
            let queries =
                wanted
                    .iter()
                    .enumerate()
                    .map(|(index, (id, namespace, metric, dimension))| {
                        query(index, (namespace, metric), (dimension, id))
                    });
            let asked = self
                .cloudwatch
                .get_metric_data()
                .set_metric_data_queries(Some(queries.collect()))
                .start_time(SdkTime::from_millis((now - BACK).timestamp_millis()))
                .end_time(SdkTime::from_millis(now.timestamp_millis()));
            let mut pages = asked.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| unread("cloudwatch:GetMetricData", &error))?;
                for result in page.metric_data_results() {
                    let index = result
                        .id()
                        .and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
                    let target = index.and_then(|index| wanted.get(index));
                    let times = result.timestamps().iter();
                    let last = times.filter_map(|at| at.to_millis().ok()).max();
                    if let (Some((id, ..)), Some(at)) =
                        (target, last.and_then(DateTime::from_timestamp_millis))
                    {
                        let known = newest.entry(id.clone()).or_insert(at);
                        *known = at.max(*known);
                    }
                }
            }
        }
        Ok(newest)
    }
}

fn query(
    index: usize,
    (namespace, metric): (&str, &str),
    (dimension, value): (&str, &str),
) -> MetricDataQuery {
    let dimension = Dimension::builder().name(dimension).value(value).build();
    let metric = Metric::builder()
        .namespace(namespace)
        .metric_name(metric)
        .dimensions(dimension)
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
