//! The scenario file as written: TOML, times in minutes from the start (negative ones lie in the history).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

/// A scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioFile {
    /// What the scenario is for; for readers of the file only.
    #[serde(rename = "description")]
    pub(super) _description: Option<String>,
    /// Minutes of metrics before the start.
    #[serde(default = "seventy")]
    pub(super) history_minutes: u16,
    #[serde(default)]
    pub(super) groups: Vec<Spanned<GroupFile>>,
    #[serde(default)]
    pub(super) db_clusters: Vec<Spanned<DbClusterFile>>,
    #[serde(default)]
    pub(super) alarms: Vec<Spanned<AlarmFile>>,
    #[serde(default)]
    pub(super) metrics: Vec<MetricFile>,
    #[serde(default)]
    pub(super) tables: Vec<Spanned<TableFile>>,
    #[serde(default)]
    pub(super) acts: Vec<Spanned<ActFile>>,
}

/// `[[groups]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupFile {
    pub(super) id: String,
    pub(super) node_type: String,
    pub(super) shards: u32,
    #[serde(default = "one")]
    pub(super) replicas_per_shard: u32,
    #[serde(default = "valkey")]
    pub(super) engine: String,
    #[serde(default = "version")]
    pub(super) engine_version: String,
    /// `03:00-04:00`, UTC; absent: no snapshots.
    pub(super) snapshot_window: Option<String>,
    /// `sun:05:00-sun:06:00`, UTC.
    pub(super) maintenance_window: Option<String>,
    /// An active SNS topic.
    pub(super) notification_topic: Option<String>,
    /// The Global Datastore that the group is a member of.
    pub(super) global_datastore: Option<String>,
    /// `enabled`, `compatible` or `disabled`.
    #[serde(default = "enabled")]
    pub(super) cluster_mode: String,
    /// Absent: on where there are replicas.
    pub(super) automatic_failover: Option<bool>,
    /// Absent: on where replicas take over.
    pub(super) multi_az: Option<bool>,
    pub(super) load: LoadFile,
    pub(super) data: DataFile,
}

/// `[groups.load]`: rates are operations a second.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadFile {
    /// What the whole group is asked at all times.
    pub(super) operations: f64,
    /// What one shard's engine thread carries at 100 %.
    pub(super) engine_operations: f64,
    pub(super) daily: Option<DailyFile>,
    #[serde(default)]
    pub(super) noise_percent: f64,
    #[serde(default)]
    pub(super) seed: u32,
    #[serde(default)]
    pub(super) bursts: Vec<BurstFile>,
    #[serde(default)]
    pub(super) steps: Vec<StepFile>,
    #[serde(default)]
    pub(super) hot_slots: Vec<HotSlotFile>,
    /// The part of the demand, 0 to 1, that clients read from replicas.
    #[serde(default)]
    pub(super) replica_reads: f64,
    /// The part of the demand, 0 to 1, that writes.
    #[serde(default = "fifth")]
    pub(super) writes: f64,
    /// Client connections to each node.
    #[serde(default = "connections")]
    pub(super) connections: f64,
    /// When CloudWatch hears nothing of the group.
    #[serde(default)]
    pub(super) outages: Vec<OutageFile>,
}

/// Demand that follows the clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DailyFile {
    /// On top of `operations` at the peak; none twelve hours later.
    pub(super) swing: f64,
    /// Hour of the day, UTC.
    pub(super) peak_hour: f64,
}

/// Demand for a while.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BurstFile {
    pub(super) after_minutes: i32,
    pub(super) minutes: u32,
    pub(super) operations: f64,
}

/// Demand from a minute on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    pub(super) after_minutes: i32,
    pub(super) operations: f64,
}

/// A slot that draws a part of the demand of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HotSlotFile {
    pub(super) slot: u16,
    /// 0 to 1.
    pub(super) share: f64,
}

/// Silence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutageFile {
    pub(super) after_minutes: i32,
    pub(super) minutes: u32,
    /// Only of these shards; empty: of the whole group.
    #[serde(default)]
    pub(super) shards: BTreeSet<String>,
}

/// `[groups.data]`: sizes in GiB of all shards together, at the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataFile {
    pub(super) gib: f64,
    #[serde(default)]
    pub(super) gib_per_hour: f64,
    /// Whether full shards evict.
    #[serde(default)]
    pub(super) evicts: bool,
    #[serde(default = "kibibyte")]
    pub(super) item_bytes: f64,
    #[serde(default)]
    pub(super) heavy_slots: Vec<HeavySlotFile>,
    /// Slots with an item over 256 MB, which never move.
    #[serde(default)]
    pub(super) unmovable_slots: Vec<u16>,
}

/// A slot that holds more than others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeavySlotFile {
    pub(super) slot: u16,
    pub(super) mib: u32,
}

/// `[[db_clusters]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DbClusterFile {
    pub(super) id: String,
    #[serde(default = "neptune")]
    pub(super) engine: String,
    /// Absent: a current one of the engine.
    pub(super) engine_version: Option<String>,
    /// The first is the writer.
    #[serde(default)]
    pub(super) instances: Vec<DbInstanceFile>,
    /// The global database that the cluster is a member of.
    pub(super) global_cluster: Option<String>,
    /// An SNS topic that hears of the cluster and its instances.
    pub(super) notification_topic: Option<String>,
    #[serde(default)]
    pub(super) load: DbLoadFile,
    /// `ClusterReplicaLag` of each reader.
    #[serde(default = "twenty")]
    pub(super) lag_milliseconds: f64,
}

/// `[[db_clusters.instances]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DbInstanceFile {
    pub(super) id: String,
    pub(super) class: String,
    pub(super) zone: String,
    #[serde(default = "first")]
    pub(super) promotion_tier: u8,
}

/// `[db_clusters.load]`: percent of CPU, by role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DbLoadFile {
    /// Of whichever instance is the writer.
    pub(super) writer_cpu: f64,
    /// Of each reader.
    pub(super) reader_cpu: f64,
    pub(super) steps: Vec<DbStepFile>,
}

impl Default for DbLoadFile {
    fn default() -> Self {
        Self {
            writer_cpu: 20.0,
            reader_cpu: 10.0,
            steps: Vec::new(),
        }
    }
}

/// Percent of CPU on top, from a minute on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DbStepFile {
    pub(super) after_minutes: i32,
    #[serde(default)]
    pub(super) writer_cpu: f64,
    #[serde(default)]
    pub(super) reader_cpu: f64,
}

/// `[[alarms]]`, with CloudWatch's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmFile {
    pub(super) name: String,
    #[serde(default = "namespace")]
    pub(super) namespace: String,
    pub(super) metric: String,
    #[serde(default)]
    pub(super) dimensions: BTreeMap<String, String>,
    #[serde(default = "maximum")]
    pub(super) statistic: String,
    #[serde(default = "sixty")]
    pub(super) period_seconds: u32,
    #[serde(default = "one")]
    pub(super) evaluation_periods: u32,
    pub(super) datapoints_to_alarm: Option<u32>,
    #[serde(default = "greater")]
    pub(super) comparison: Spanned<String>,
    pub(super) threshold: f64,
    #[serde(default = "missing")]
    pub(super) treat_missing: Spanned<String>,
    #[serde(default)]
    pub(super) alarm_actions: Vec<String>,
    #[serde(default)]
    pub(super) ok_actions: Vec<String>,
}

/// `[[metrics]]`: what users publish themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricFile {
    pub(super) namespace: String,
    pub(super) metric: String,
    #[serde(default)]
    pub(super) dimensions: BTreeMap<String, String>,
    #[serde(default = "count")]
    pub(super) unit: String,
    pub(super) values: Vec<ValueFile>,
}

/// A value that is published once a minute for a while.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueFile {
    pub(super) after_minutes: i32,
    pub(super) minutes: u32,
    pub(super) value: f64,
}

/// `[[tables]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    pub(super) name: String,
    /// The text attribute that is the key.
    pub(super) hash_key: String,
}

/// `[[acts]]`: what somebody else does to a group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActFile {
    /// Who does it.
    pub(super) by: String,
    pub(super) after_minutes: i32,
    /// Again and again at this pace; absent: once.
    pub(super) every_minutes: Option<u16>,
    pub(super) operation: String,
    #[serde(default)]
    pub(super) parameters: ActParametersFile,
}

/// The parameters of all operations that can be played; each takes some of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActParametersFile {
    #[serde(rename = "ReplicationGroupId")]
    pub(super) group: Option<String>,
    #[serde(rename = "NodeGroupCount")]
    pub(super) shards: Option<u32>,
    #[serde(rename = "NodeGroupId")]
    pub(super) shard: Option<String>,
    #[serde(rename = "CacheClusterId")]
    pub(super) node: Option<String>,
    pub(super) starts_after_minutes: Option<u32>,
    pub(super) minutes: Option<u32>,
    pub(super) seconds: Option<f64>,
}

fn seventy() -> u16 {
    // Over an hour, so that a decision that looks back for an hour has all of it.
    70
}

fn one() -> u32 {
    1
}

fn first() -> u8 {
    1
}

fn twenty() -> f64 {
    20.0
}

fn neptune() -> String {
    "neptune".to_owned()
}

fn sixty() -> u32 {
    60
}

fn fifth() -> f64 {
    0.2
}

fn connections() -> f64 {
    400.0
}

fn kibibyte() -> f64 {
    1024.0
}

fn valkey() -> String {
    "valkey".to_owned()
}

fn enabled() -> String {
    "enabled".to_owned()
}

fn version() -> String {
    "8.0".to_owned()
}

fn namespace() -> String {
    "AWS/ElastiCache".to_owned()
}

fn count() -> String {
    "Count".to_owned()
}

fn maximum() -> String {
    "Maximum".to_owned()
}

fn greater() -> Spanned<String> {
    Spanned::new(0..0, "GreaterThanThreshold".to_owned())
}

fn missing() -> Spanned<String> {
    Spanned::new(0..0, "missing".to_owned())
}
