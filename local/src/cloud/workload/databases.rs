//! Databases: what users ask of Neptune's clusters, and the metrics that follow from roles, restarts and lag.
//!
//! Only clusters of the engine `neptune` publish here: Aurora's and DocumentDB's metrics lie in namespaces of their own.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    demand::{Demand, Span},
    memory::float,
    noise::{noise, word},
    publish::is_silent,
};
use crate::cloud::{
    cloudwatch::CloudWatch,
    neptune::{DbClusterView, DbInstanceView, memory},
};

const NAMESPACE: &str = "AWS/Neptune";

/// Bytes of a class that is not known here, such as `db.serverless`. ASSUMED.
const UNKNOWN_MEMORY: u64 = 16 * 1024 * 1024 * 1024;

/// The part of an instance's memory that stays free: Neptune's buffer cache takes the rest. ASSUMED.
const FREE: f64 = 0.3;

/// Percent of CPU above which requests wait, and how many wait for each percent more. ASSUMED.
const QUEUES_ABOVE: f64 = 90.0;
const QUEUED_PER_PERCENT: f64 = 20.0;

/// What a database cluster's users ask of it, and what goes wrong with its metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseLoad {
    /// Percent of CPU of whichever instance is the writer: a demand whose operations stand for percent.
    pub writer_cpu: Demand,
    /// Percent of CPU of each reader, in the same way.
    pub reader_cpu: Demand,
    /// Percent of CPU on top of one instance's, whatever its role: what a bad host or a stuck query takes.
    pub extra_cpu: BTreeMap<String, f64>,
    /// `ClusterReplicaLag` in milliseconds of the readers that `lags` does not name.
    pub lag: f64,
    /// `ClusterReplicaLag` in milliseconds, by instance.
    pub lags: BTreeMap<String, f64>,
    /// When CloudWatch hears nothing of the whole cluster.
    pub outages: Vec<Span>,
    /// When CloudWatch hears nothing of an instance, by its id.
    pub silent_instances: Vec<(String, Span)>,
}

impl Default for DatabaseLoad {
    /// A cluster that is used a little.
    fn default() -> Self {
        Self {
            writer_cpu: Demand::constant(20.0),
            reader_cpu: Demand::constant(10.0),
            extra_cpu: BTreeMap::new(),
            lag: 20.0,
            lags: BTreeMap::new(),
            outages: Vec::new(),
            silent_instances: Vec::new(),
        }
    }
}

impl DatabaseLoad {
    /// Lets CloudWatch hear nothing of an instance for a while; it serves all the same.
    pub fn silence(&mut self, instance: &str, span: Span) {
        self.silent_instances.push((instance.to_owned(), span));
    }

    /// A reader lags by so many milliseconds from now on.
    pub fn set_lag(&mut self, instance: &str, milliseconds: f64) {
        self.lags.insert(instance.to_owned(), milliseconds);
    }

    /// Percent of CPU that an instance takes at a moment.
    pub fn cpu(&self, instance: &DbInstanceView, at: DateTime<Utc>) -> f64 {
        let demand = if instance.is_writer {
            &self.writer_cpu
        } else {
            &self.reader_cpu
        };
        let extra = self.extra_cpu.get(&instance.id).copied().unwrap_or(0.0);
        (demand.at(at) + extra).clamp(0.0, 100.0)
    }

    /// Publishes the metrics of every instance that serves, for the minute that starts at `minute`.
    pub(super) fn publish(
        &self,
        cluster: &DbClusterView,
        minute: DateTime<Utc>,
        cloudwatch: &mut CloudWatch,
    ) {
        if self.outages.iter().any(|outage| outage.contains(minute)) {
            return;
        }
        let mut lags = Vec::new();
        let speaking = |instance: &&DbInstanceView| {
            instance.serves && !is_silent(&self.silent_instances, &instance.id, minute)
        };
        for instance in cluster.instances.iter().filter(speaking) {
            let place = Place {
                cluster: &cluster.id,
                instance,
                minute,
            };
            place.put_all(self.cpu(instance, minute), cloudwatch);
            if !instance.is_writer {
                let lag = self.lags.get(&instance.id).copied().unwrap_or(self.lag);
                // Replicas of shared storage stray by a few milliseconds. ASSUMED: a tenth.
                let lag = (lag * (1.0 + 0.1 * place.noise())).max(0.0);
                place.put_alone("ClusterReplicaLag", lag, "Milliseconds", cloudwatch);
                lags.push(lag);
            }
        }
        let extremes = [
            (
                "ClusterReplicaLagMaximum",
                lags.iter().copied().reduce(f64::max),
            ),
            (
                "ClusterReplicaLagMinimum",
                lags.iter().copied().reduce(f64::min),
            ),
        ];
        for (metric, value) in extremes {
            if let Some(value) = value {
                let dimensions = [("DBClusterIdentifier", cluster.id.as_str())];
                cloudwatch.put_datum(
                    NAMESPACE,
                    metric,
                    &dimensions,
                    minute,
                    value,
                    "Milliseconds",
                );
            }
        }
    }
}

/// One instance in one minute.
struct Place<'a> {
    cluster: &'a str,
    instance: &'a DbInstanceView,
    minute: DateTime<Utc>,
}

impl Place<'_> {
    fn put_all(&self, cpu: f64, cloudwatch: &mut CloudWatch) {
        let memory = memory(&self.instance.class).unwrap_or(UNKNOWN_MEMORY);
        let free = (float(memory) * FREE * (1.0 + 0.02 * self.noise())).round();
        let queued = ((cpu - QUEUES_ABOVE).max(0.0) * QUEUED_PER_PERCENT).round();
        let up = (self.minute - self.instance.restarted).num_seconds().max(0);
        let up = float(up.unsigned_abs());
        for (metric, value, unit) in [
            ("CPUUtilization", cpu, "Percent"),
            ("FreeableMemory", free, "Bytes"),
            ("MainRequestQueuePendingRequests", queued, "Count"),
            ("EngineUptime", up, "Seconds"),
        ] {
            self.put(metric, value, unit, cloudwatch);
        }
    }

    /// Under the instance, the cluster, and the role within the cluster.
    fn put(&self, metric: &str, value: f64, unit: &str, cloudwatch: &mut CloudWatch) {
        let role = if self.instance.is_writer {
            "WRITER"
        } else {
            "READER"
        };
        let cluster = ("DBClusterIdentifier", self.cluster);
        self.put_alone(metric, value, unit, cloudwatch);
        for dimensions in [&[cluster][..], &[cluster, ("Role", role)][..]] {
            cloudwatch.put_datum(NAMESPACE, metric, dimensions, self.minute, value, unit);
        }
    }

    /// Under the instance.
    fn put_alone(&self, metric: &str, value: f64, unit: &str, cloudwatch: &mut CloudWatch) {
        let dimensions = [("DBInstanceIdentifier", self.instance.id.as_str())];
        cloudwatch.put_datum(NAMESPACE, metric, &dimensions, self.minute, value, unit);
    }

    /// From −1 to 1, by instance and minute.
    fn noise(&self) -> f64 {
        let minute = self.minute.timestamp().unsigned_abs();
        noise(&[word(&self.instance.id), minute])
    }
}
