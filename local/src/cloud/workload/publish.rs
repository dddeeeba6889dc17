//! Metrics: what `AWS/ElastiCache` tells of each node and shard, in the dimension sets that AWS publishes.
//!
//! Which metric comes in which dimension sets: [CW-DG SupportedMetricsForResourceTags], [EC-DG CacheMetrics]. A series of a
//! shard or group gets one sample per node, so that its SampleCount, Average and Maximum mean what they mean at AWS.

use chrono::{DateTime, Utc};

use super::{
    GroupLoad, NodeLoad, Span,
    memory::{data_bytes, max_memory},
    noise::{noise, word},
};
use crate::cloud::{
    Parameters,
    cloudwatch::CloudWatch,
    elasticache::{GroupView, NodeView, ShardView},
};

const NAMESPACE: &str = "AWS/ElastiCache";

/// The part of `maxmemory` that the engine uses for itself beside the data. ASSUMED.
const OVERHEAD: f64 = 0.008;

/// Percent of the whole host that everything but the engine takes. ASSUMED.
const BACKGROUND_CPU: f64 = 1.0;

/// What network and I/O threads take beside the engine's thread on nodes of four vCPUs and more, as a part of it. ASSUMED.
const IO_THREADS: f64 = 0.5;

/// Bytes of an operation on the wire beside the item: command, key, answer. ASSUMED.
const OPERATION_BYTES: f64 = 60.0;

/// The part of writes that brings a new item instead of changing one. ASSUMED.
const NEW_ITEMS: f64 = 0.1;

/// Which dimension sets a metric comes in beside `CacheClusterId` with `CacheNodeId`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sets {
    /// `CacheClusterId`.
    Node,
    /// `CacheClusterId`; the group, its primaries, and the shard.
    EngineCpu,
    /// The group and the shard.
    CountedForEviction,
}

/// One node in one minute.
struct Place<'a> {
    group: &'a str,
    shard: &'a str,
    node: &'a NodeView,
    minute: DateTime<Utc>,
}

impl GroupLoad {
    /// Publishes the metrics of every node that serves, for the minute that starts at `minute`.
    pub(super) fn publish(
        &self,
        group: &GroupView,
        minute: DateTime<Utc>,
        silent_nodes: &[(String, Span)],
        cloudwatch: &mut CloudWatch,
        parameters: &Parameters,
    ) {
        let vcpus = vcpus(&group.node_type);
        for (shard, load) in group
            .shards
            .iter()
            .zip(self.spread(group, minute, parameters))
            .filter(|(shard, _)| !is_silent(&self.silent_shards, &shard.id, minute))
        {
            for (node, load) in
                shard.nodes.iter().zip(load.nodes).filter(|(node, _)| {
                    node.available && !is_silent(silent_nodes, &node.id, minute)
                })
            {
                let place = Place {
                    group: &group.id,
                    shard: &shard.id,
                    node,
                    minute,
                };
                place.cpu(load, vcpus, cloudwatch);
                self.memory(&place, shard, load, cloudwatch);
                self.traffic(&place, shard, load, parameters, cloudwatch);
            }
        }
    }

    fn memory(
        &self,
        place: &Place<'_>,
        shard: &ShardView,
        load: NodeLoad,
        cloudwatch: &mut CloudWatch,
    ) {
        let (data, max) = (data_bytes(shard), max_memory(shard));
        let used = (data + max * OVERHEAD).min(max);
        let percent = |bytes: f64| if max > 0.0 { bytes / max * 100.0 } else { 0.0 };
        place.put(
            "DatabaseMemoryUsagePercentage",
            percent(used),
            "Percent",
            Sets::Node,
            cloudwatch,
        );
        // Without data tiering the capacity is the memory.
        for metric in [
            "DatabaseMemoryUsageCountedForEvictPercentage",
            "DatabaseCapacityUsageCountedForEvictPercentage",
        ] {
            place.put(
                metric,
                percent(data),
                "Percent",
                Sets::CountedForEviction,
                cloudwatch,
            );
        }
        place.put(
            "BytesUsedForCache",
            used.round(),
            "Bytes",
            Sets::Node,
            cloudwatch,
        );
        // A quarter of the node's memory is reserved beside `maxmemory`, and some of that is the system's. ASSUMED.
        let host = max / 0.75 * 1.1;
        place.put(
            "FreeableMemory",
            (host * 0.95 - used).max(0.0).round(),
            "Bytes",
            Sets::Node,
            cloudwatch,
        );
        place.put("SwapUsage", 0.0, "Bytes", Sets::Node, cloudwatch);
        let (mut items, mut evictions) = (0.0, 0.0);
        if let Some(kept) = &self.data {
            items = data / kept.item_bytes;
            if place.node.is_primary && kept.evicts_in(shard) {
                evictions = load.operations * self.writes * NEW_ITEMS * 60.0;
            }
        }
        place.put("CurrItems", items.round(), "Count", Sets::Node, cloudwatch);
        // Replicas delete what the primary tells them to and evict nothing by themselves.
        place.put(
            "Evictions",
            evictions.round(),
            "Count",
            Sets::Node,
            cloudwatch,
        );
    }

    fn traffic(
        &self,
        place: &Place<'_>,
        shard: &ShardView,
        load: NodeLoad,
        parameters: &Parameters,
        cloudwatch: &mut CloudWatch,
    ) {
        let item = self.data.as_ref().map_or(0.0, |data| data.item_bytes);
        let moved = if shard.migrating && place.node.is_primary {
            super::memory::float(parameters.migration_bytes_per_second) * 60.0
        } else {
            0.0
        };
        let minute = load.operations * 60.0;
        let written = minute * (OPERATION_BYTES + item * self.writes) + moved;
        let read = minute * (OPERATION_BYTES + item * (1.0 - self.writes)) + moved;
        place.put(
            "NetworkBytesIn",
            written.round(),
            "Bytes",
            Sets::Node,
            cloudwatch,
        );
        place.put(
            "NetworkBytesOut",
            read.round(),
            "Bytes",
            Sets::Node,
            cloudwatch,
        );
        let connections = self.connections * (1.0 + 0.02 * place.noise(1));
        place.put(
            "CurrConnections",
            connections.round(),
            "Count",
            Sets::Node,
            cloudwatch,
        );
        // Pools replace about one connection in fifty a minute. ASSUMED.
        place.put(
            "NewConnections",
            (self.connections * 0.02).round(),
            "Count",
            Sets::Node,
            cloudwatch,
        );
    }
}

impl Place<'_> {
    fn cpu(&self, load: NodeLoad, vcpus: f64, cloudwatch: &mut CloudWatch) {
        self.put(
            "EngineCPUUtilization",
            load.engine,
            "Percent",
            Sets::EngineCpu,
            cloudwatch,
        );
        let threads = if vcpus > 2.0 { 1.0 + IO_THREADS } else { 1.0 };
        let host = (load.engine * threads / vcpus + BACKGROUND_CPU).min(100.0);
        self.put("CPUUtilization", host, "Percent", Sets::Node, cloudwatch);
        self.put(
            "IsMaster",
            f64::from(u8::from(self.node.is_primary)),
            "Count",
            Sets::Node,
            cloudwatch,
        );
        if let Some(lag) = self.node.lag.filter(|_| !self.node.is_primary) {
            let lag = (lag + 0.2 * self.noise(2)).max(0.0);
            self.put("ReplicationLag", lag, "Seconds", Sets::Node, cloudwatch);
        }
    }

    /// From −1 to 1, by node and minute; `purpose` keeps two uses apart.
    fn noise(&self, purpose: u64) -> f64 {
        noise(&[
            purpose,
            word(&self.node.id),
            self.minute.timestamp().unsigned_abs(),
        ])
    }

    fn put(&self, metric: &str, value: f64, unit: &str, sets: Sets, cloudwatch: &mut CloudWatch) {
        let mut put = |dimensions: &[(&str, &str)]| {
            cloudwatch.put_datum(NAMESPACE, metric, dimensions, self.minute, value, unit);
        };
        let node = ("CacheClusterId", self.node.id.as_str());
        let group = ("ReplicationGroupId", self.group);
        put(&[node, ("CacheNodeId", "0001")]);
        match sets {
            Sets::Node => put(&[node]),
            Sets::EngineCpu => {
                put(&[node]);
                put(&[group]);
                put(&[("NodeGroupId", self.shard), group]);
                if self.node.is_primary {
                    put(&[group, ("Role", "Primary")]);
                }
            }
            Sets::CountedForEviction => {
                put(&[group]);
                put(&[("NodeGroupId", self.shard), group]);
            }
        }
    }
}

/// Whether CloudWatch hears nothing of this one in this minute.
fn is_silent(silent: &[(String, Span)], id: &str, minute: DateTime<Utc>) -> bool {
    silent
        .iter()
        .any(|(silent, span)| silent == id && span.contains(minute))
}

/// The vCPUs of a node type, by its size ([EC-DG] supported node types); 2 for a size that is not known.
fn vcpus(node_type: &str) -> f64 {
    let size = node_type.rsplit('.').next().unwrap_or_default();
    match size.strip_suffix("xlarge") {
        Some("") => 4.0,
        Some(times) => times
            .parse::<u32>()
            .map_or(2.0, |times| 4.0 * f64::from(times)),
        None => 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_tell_vcpus() {
        let sizes = [
            "cache.t4g.micro",
            "cache.m7g.large",
            "cache.r7g.xlarge",
            "cache.r7g.12xlarge",
        ];
        assert_eq!(sizes.map(vcpus), [2.0, 2.0, 4.0, 48.0]);
    }
}
