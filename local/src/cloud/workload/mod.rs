//! Workload: what users ask of the groups, and the metrics that follow from demand, slot share and hot keys.
//!
//! The loop is closed here: load follows the slots, so a reshard changes the metrics that called for it.

mod demand;
mod load;
mod memory;
mod noise;
mod publish;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Parameters,
    cloudwatch::CloudWatch,
    elasticache::{ElastiCache, GroupView},
};

pub use demand::{Burst, Daily, Demand, Span, Step};
pub use load::{NodeLoad, ShardLoad};
pub use memory::Data;

/// Where a group's demand falls, and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupLoad {
    /// Operations a second that users ask for.
    pub demand: Demand,
    /// Operations a second that one shard's engine thread carries when it is busy all the time.
    pub engine_operations: f64,
    /// Slots that draw a part of the demand (0 to 1) of their own, wherever they lie. The rest falls evenly on all slots.
    pub hot_slots: BTreeMap<u16, f64>,
    /// The part of the demand, 0 to 1, that clients read from replicas.
    pub replica_reads: f64,
    /// The part of the demand, 0 to 1, that writes. Replicas replay it.
    pub writes: f64,
    /// Connections that clients hold to each node.
    pub connections: f64,
    /// The data; `None`: what the group holds already, left alone.
    pub data: Option<Data>,
    /// When CloudWatch hears nothing of the group.
    pub outages: Vec<Span>,
    /// When CloudWatch hears nothing of a shard, by `NodeGroupId`.
    pub silent_shards: Vec<(String, Span)>,
}

impl Default for GroupLoad {
    /// A group that nobody uses.
    fn default() -> Self {
        Self {
            demand: Demand::default(),
            engine_operations: 100_000.0,
            hot_slots: BTreeMap::new(),
            replica_reads: 0.0,
            writes: 0.2,
            connections: 20.0,
            data: None,
            outages: Vec::new(),
            silent_shards: Vec::new(),
        }
    }
}

/// A metric that users publish themselves, once a minute.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomMetric {
    /// For example `Shop`.
    pub namespace: String,
    /// For example `OpenIncidents`.
    pub metric: String,
    /// Name and value of each dimension.
    pub dimensions: Vec<(String, String)>,
    /// For example `Count`.
    pub unit: String,
    /// What is published when; nothing is published outside of these spans.
    pub values: Vec<(Span, f64)>,
}

/// The demand on every group. A group without an entry is one that nobody uses.
#[derive(Debug, Default)]
pub struct Workload {
    groups: BTreeMap<String, GroupLoad>,
    custom: Vec<CustomMetric>,
    silent_nodes: Vec<(String, Span)>,
}

impl Workload {
    /// Sets the load of a group from now on.
    pub fn set(&mut self, group: &str, load: GroupLoad) {
        self.groups.insert(group.to_owned(), load);
    }

    /// The load of a group, to change it under way; an unused one if none was set.
    pub fn load_mut(&mut self, group: &str) -> &mut GroupLoad {
        self.groups.entry(group.to_owned()).or_default()
    }

    /// Publishes a metric of the users as well from now on.
    pub fn publish_also(&mut self, metric: CustomMetric) {
        self.custom.push(metric);
    }

    /// Lets CloudWatch hear nothing of a node, by `CacheClusterId`, for a while; it serves all the same.
    pub fn silence_node(&mut self, node: &str, span: Span) {
        self.silent_nodes.push((node.to_owned(), span));
    }

    /// What each shard and node of a group really carries at a moment, whether or not a metric tells.
    pub fn loads(
        &self,
        group: &GroupView,
        at: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Vec<ShardLoad> {
        match self.groups.get(&group.id) {
            Some(load) => load.spread(group, at, parameters),
            None => GroupLoad::default().spread(group, at, parameters),
        }
    }

    /// Publishes the metrics of the minute that ends at `now`.
    pub fn publish(
        &mut self,
        now: DateTime<Utc>,
        elasticache: &mut ElastiCache,
        cloudwatch: &mut CloudWatch,
        parameters: &Parameters,
    ) {
        let minute = now - TimeDelta::minutes(1);
        let unused = GroupLoad::default();
        let groups: Vec<GroupView> = elasticache.groups().collect();
        for group in &groups {
            let load = self.groups.get(&group.id).unwrap_or(&unused);
            if let Some(data) = &load.data {
                // Measured first, so that the new keyspace shows from the next minute on in every room alike.
                elasticache.set_keyspace(&group.id, data.keyspace(group, now));
            }
            if !load.outages.iter().any(|outage| outage.contains(minute)) {
                load.publish(group, minute, &self.silent_nodes, cloudwatch, parameters);
            }
        }
        for custom in &self.custom {
            custom.publish(minute, cloudwatch);
        }
    }
}

impl CustomMetric {
    fn publish(&self, minute: DateTime<Utc>, cloudwatch: &mut CloudWatch) {
        let dimensions: Vec<(&str, &str)> = self
            .dimensions
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        for (_, value) in self.values.iter().filter(|(span, _)| span.contains(minute)) {
            cloudwatch.put_datum(
                &self.namespace,
                &self.metric,
                &dimensions,
                minute,
                *value,
                &self.unit,
            );
        }
    }
}
