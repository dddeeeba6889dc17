//! From a scenario file to the cloud it describes.

use std::{collections::BTreeSet, ops::Range};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Mistake,
    file::{AlarmFile, DataFile, GroupFile, LoadFile, MetricFile, ScenarioFile},
};
use crate::cloud::{
    Cloud,
    cloudwatch::{AlarmSpec, Comparison, MissingData},
    elasticache::{ClusterMode, GroupSpec, max_memory, slots::SLOT_COUNT},
    workload::{Burst, CustomMetric, Daily, Data, Demand, GroupLoad, Span, Step},
};

const MIB: f64 = 1024.0 * 1024.0;
const GIB: f64 = 1024.0 * MIB;

/// AWS's raised quota: the most shards of a group ([EC-DG]).
pub(super) const MOST_SHARDS: u32 = 500;

/// AWS's most replicas of a shard ([EC-DG]).
const MOST_REPLICAS: u32 = 5;

impl ScenarioFile {
    /// Puts everything into the cloud, which stands at the beginning of the history; times count from `start`.
    pub(super) fn build(self, start: DateTime<Utc>, cloud: &mut Cloud) -> Result<(), Mistake> {
        let mut ids = BTreeSet::new();
        for group in self.groups {
            let at = group.span();
            let group = group.into_inner();
            let wrong = |message: String| Mistake {
                at: at.clone(),
                message: format!("group `{}`: {message}", group.id),
            };
            if !ids.insert(group.id.clone()) {
                return Err(wrong("there are two of this id".to_owned()));
            }
            group.check().map_err(wrong)?;
            let spec = group.spec();
            cloud.workload.set(&spec.id, group.load(start));
            cloud.elasticache.seed_group(spec, cloud.now());
        }
        for alarm in self.alarms {
            let at = alarm.span();
            let alarm = alarm.into_inner();
            let name = alarm.name.clone();
            let spec = alarm.spec(&at)?;
            cloud
                .cloudwatch
                .put_alarm(cloud.now(), spec)
                .map_err(|refusal| Mistake {
                    at,
                    message: format!("alarm `{name}`: {refusal}"),
                })?;
        }
        for metric in &self.metrics {
            cloud.workload.publish_also(metric.series(start));
        }
        for table in self.tables {
            let (at, table) = (table.span(), table.into_inner());
            cloud
                .dynamodb
                .create_table(&table.name, &table.hash_key)
                .map_err(|refusal| Mistake {
                    at,
                    message: format!("table `{}`: {}", table.name, refusal.message),
                })?;
        }
        for act in self.acts {
            let at = act.span();
            let act = act.into_inner();
            let act = act
                .act(start, &cloud.elasticache)
                .map_err(|message| Mistake {
                    at,
                    message: format!("act of `{}`: {message}", act.by),
                })?;
            cloud.outside.expect(act);
        }
        Ok(())
    }
}

impl GroupFile {
    fn check(&self) -> Result<(), String> {
        if max_memory(&self.node_type).is_none() {
            return Err(format!("there is no node type `{}`", self.node_type));
        }
        if !(1..=MOST_SHARDS).contains(&self.shards) {
            return Err(format!("`shards` must be from 1 to {MOST_SHARDS}"));
        }
        if self.replicas_per_shard > MOST_REPLICAS {
            return Err(format!(
                "`replicas_per_shard` must be from 0 to {MOST_REPLICAS}"
            ));
        }
        let mode = ClusterMode::parse(&self.cluster_mode)
            .ok_or_else(|| format!("there is no cluster mode `{}`", self.cluster_mode))?;
        if mode != ClusterMode::Enabled && self.shards != 1 {
            return Err(format!(
                "with cluster mode `{}`, `shards` must be 1",
                self.cluster_mode
            ));
        }
        let (takes_over, multi_az) = self.availability();
        if takes_over && self.replicas_per_shard == 0 {
            return Err("`automatic_failover` needs a replica".to_owned());
        }
        if multi_az && !takes_over {
            return Err("`multi_az` needs `automatic_failover`".to_owned());
        }
        self.load.check()?;
        self.data.check()
    }

    /// Whether replicas take over, and whether they are in other zones: another zone and a replica to take over need a
    /// replica.
    fn availability(&self) -> (bool, bool) {
        let takes_over = self
            .automatic_failover
            .unwrap_or(self.replicas_per_shard > 0);
        (takes_over, self.multi_az.unwrap_or(takes_over))
    }

    fn spec(&self) -> GroupSpec {
        let default = GroupSpec::default();
        let (automatic_failover, multi_az) = self.availability();
        GroupSpec {
            id: self.id.clone(),
            node_type: self.node_type.clone(),
            shards: self.shards,
            replicas_per_shard: self.replicas_per_shard,
            engine: self.engine.clone(),
            engine_version: self.engine_version.clone(),
            snapshot_window: self.snapshot_window.clone(),
            maintenance_window: self
                .maintenance_window
                .clone()
                .unwrap_or(default.maintenance_window),
            multi_az,
            automatic_failover,
            cluster_mode: ClusterMode::parse(&self.cluster_mode).unwrap_or_default(),
            global_datastore: self.global_datastore.clone(),
            notification_topic: self.notification_topic.clone(),
            ..default
        }
    }

    fn load(&self, start: DateTime<Utc>) -> GroupLoad {
        let load = &self.load;
        GroupLoad {
            demand: Demand {
                base: load.operations,
                daily: load.daily.as_ref().map(|daily| Daily {
                    swing: daily.swing,
                    peak_hour: daily.peak_hour,
                }),
                noise: load.noise_percent / 100.0,
                seed: u64::from(load.seed),
                bursts: load
                    .bursts
                    .iter()
                    .map(|burst| Burst {
                        span: span(start, burst.after_minutes, burst.minutes),
                        operations: burst.operations,
                    })
                    .collect(),
                steps: load
                    .steps
                    .iter()
                    .map(|step| Step {
                        at: after(start, step.after_minutes),
                        operations: step.operations,
                    })
                    .collect(),
            },
            engine_operations: load.engine_operations,
            hot_slots: load
                .hot_slots
                .iter()
                .map(|hot| (hot.slot, hot.share))
                .collect(),
            replica_reads: load.replica_reads,
            writes: load.writes,
            connections: load.connections,
            data: Some(self.data.data(start)),
            outages: load
                .outages
                .iter()
                .filter(|outage| outage.shards.is_empty())
                .map(|outage| span(start, outage.after_minutes, outage.minutes))
                .collect(),
            silent_shards: load
                .outages
                .iter()
                .flat_map(|outage| {
                    let span = span(start, outage.after_minutes, outage.minutes);
                    outage.shards.iter().map(move |shard| (shard.clone(), span))
                })
                .collect(),
        }
    }
}

impl LoadFile {
    fn check(&self) -> Result<(), String> {
        let at_least_0 = [
            ("load.operations", self.operations),
            ("load.connections", self.connections),
            (
                "load.daily.swing",
                self.daily.as_ref().map_or(0.0, |daily| daily.swing),
            ),
        ];
        for (key, value) in at_least_0 {
            require(key, value, 0.0, f64::MAX)?;
        }
        require(
            "load.engine_operations",
            self.engine_operations,
            1.0,
            f64::MAX,
        )?;
        require("load.noise_percent", self.noise_percent, 0.0, 100.0)?;
        require(
            "load.daily.peak_hour",
            self.daily.as_ref().map_or(0.0, |daily| daily.peak_hour),
            0.0,
            24.0,
        )?;
        require("load.replica_reads", self.replica_reads, 0.0, 1.0)?;
        require("load.writes", self.writes, 0.0, 1.0)?;
        for hot in &self.hot_slots {
            require("load.hot_slots.share", hot.share, 0.0, 1.0)?;
        }
        require(
            "the sum of load.hot_slots.share",
            self.hot_slots.iter().map(|hot| hot.share).sum(),
            0.0,
            1.0,
        )?;
        require_slots(
            "load.hot_slots.slot",
            self.hot_slots.iter().map(|hot| hot.slot),
        )
    }
}

impl DataFile {
    fn check(&self) -> Result<(), String> {
        require("data.gib", self.gib, 0.0, f64::MAX)?;
        require("data.gib_per_hour", self.gib_per_hour, f64::MIN, f64::MAX)?;
        require("data.item_bytes", self.item_bytes, 1.0, f64::MAX)?;
        require_slots(
            "data.heavy_slots.slot",
            self.heavy_slots.iter().map(|heavy| heavy.slot),
        )?;
        require_slots("data.unmovable_slots", self.unmovable_slots.iter().copied())
    }

    fn data(&self, start: DateTime<Utc>) -> Data {
        let mib = |mib: u32| u64::from(mib) * 1024 * 1024;
        Data {
            bytes: self.gib * GIB,
            since: start,
            bytes_per_hour: self.gib_per_hour * GIB,
            evicts: self.evicts,
            item_bytes: self.item_bytes,
            heavy: self
                .heavy_slots
                .iter()
                .map(|heavy| (heavy.slot, mib(heavy.mib)))
                .collect(),
            unmovable: self.unmovable_slots.iter().copied().collect(),
        }
    }
}

impl AlarmFile {
    fn spec(self, at: &Range<usize>) -> Result<AlarmSpec, Mistake> {
        let unknown = |key: &str, value: &toml::Spanned<String>| {
            // A default has no place of its own, but is never wrong.
            let message = format!(
                "alarm `{}`: there is no {key} `{}`",
                self.name,
                value.get_ref()
            );
            Mistake {
                at: if value.span().is_empty() {
                    at.clone()
                } else {
                    value.span()
                },
                message,
            }
        };
        let comparison = Comparison::parse(self.comparison.get_ref())
            .ok_or_else(|| unknown("comparison", &self.comparison))?;
        let treat_missing = MissingData::parse(self.treat_missing.get_ref())
            .ok_or_else(|| unknown("treat_missing", &self.treat_missing))?;
        Ok(AlarmSpec {
            name: self.name,
            namespace: self.namespace,
            metric: self.metric,
            dimensions: self.dimensions.into_iter().collect(),
            statistic: self.statistic,
            period: i64::from(self.period_seconds),
            evaluation_periods: self.evaluation_periods,
            datapoints_to_alarm: self.datapoints_to_alarm,
            threshold: self.threshold,
            comparison,
            treat_missing,
            alarm_actions: self.alarm_actions,
            ok_actions: self.ok_actions,
        })
    }
}

impl MetricFile {
    fn series(&self, start: DateTime<Utc>) -> CustomMetric {
        CustomMetric {
            namespace: self.namespace.clone(),
            metric: self.metric.clone(),
            dimensions: self.dimensions.clone().into_iter().collect(),
            unit: self.unit.clone(),
            values: self
                .values
                .iter()
                .map(|value| (span(start, value.after_minutes, value.minutes), value.value))
                .collect(),
        }
    }
}

pub(super) fn after(start: DateTime<Utc>, minutes: i32) -> DateTime<Utc> {
    start + TimeDelta::minutes(i64::from(minutes))
}

fn span(start: DateTime<Utc>, after_minutes: i32, minutes: u32) -> Span {
    let from = after(start, after_minutes);
    Span {
        from,
        until: from + TimeDelta::minutes(i64::from(minutes)),
    }
}

fn require(key: &str, value: f64, min: f64, max: f64) -> Result<(), String> {
    if (min..=max).contains(&value) {
        Ok(())
    } else if max == f64::MAX {
        Err(format!("`{key}` is {value}; it must be at least {min}"))
    } else {
        Err(format!(
            "`{key}` is {value}; it must be from {min} to {max}"
        ))
    }
}

fn require_slots(key: &str, slots: impl Iterator<Item = u16>) -> Result<(), String> {
    match slots.into_iter().find(|slot| *slot >= SLOT_COUNT) {
        Some(slot) => Err(format!(
            "`{key}` is {slot}; slots are numbered from 0 to {}",
            SLOT_COUNT - 1
        )),
        None => Ok(()),
    }
}
