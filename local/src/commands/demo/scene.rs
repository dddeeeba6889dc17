//! The scene: what there is to see of the embedded AWS at one moment.

use chrono::{DateTime, Utc};
use clusterwarden::{cluster::ReplicationGroupId, policy::Policy};

use crate::cloud::{
    Cloud,
    cloudwatch::StateValue,
    elasticache::{GroupView, ShardView, model::Work},
};

/// What there is to see at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    /// The virtual time.
    pub(super) at: DateTime<Utc>,
    /// By id.
    pub(super) groups: Vec<GroupScene>,
    /// By name.
    pub(super) alarms: Vec<AlarmScene>,
}

/// A replication group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GroupScene {
    pub(super) id: String,
    /// `Status`, as a describe says it.
    pub(super) status: String,
    /// Shards that a describe lists.
    pub(super) listed: u32,
    /// All shards, those under construction and removal too.
    pub(super) shards: Vec<ShardScene>,
    /// Whether every node of every listed shard serves.
    pub(super) whole: bool,
    /// Percent of the slots that have to move and have moved; `None`: nothing is resharded.
    pub(super) migrated: Option<f64>,
    /// Percent of the engine's thread that the policy wants on a shard at the most.
    pub(super) target: Option<f64>,
}

/// A shard.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShardScene {
    pub(super) id: String,
    /// Percent of the engine's thread of its hottest node.
    pub(super) load: f64,
    /// Percent of `maxmemory` that its data takes.
    pub(super) memory: f64,
    /// How many slots it owns.
    pub(super) slots: u32,
    /// Whether slots enter or leave it.
    pub(super) migrating: bool,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AlarmScene {
    pub(super) name: String,
    pub(super) state: StateValue,
    /// `None` for a composite alarm.
    pub(super) threshold: Option<f64>,
}

impl Scene {
    /// What there is to see of a cloud now.
    pub(super) fn of(cloud: &Cloud, policy: &Policy) -> Self {
        let group = |view: GroupView| {
            let loads = cloud.workload.loads(&view, cloud.now(), &cloud.parameters);
            let shards = view
                .shards
                .iter()
                .zip(loads)
                .map(|(shard, load)| ShardScene {
                    id: shard.id.clone(),
                    load: load.hottest(),
                    memory: memory(shard),
                    slots: shard.slots,
                    migrating: shard.migrating,
                });
            let entry = policy.reshard_for(&ReplicationGroupId::new(&view.id));
            GroupScene {
                shards: shards.collect(),
                listed: count(view.shards.iter().filter(|shard| shard.listed).count()),
                whole: view
                    .shards
                    .iter()
                    .filter(|shard| shard.listed)
                    .all(|shard| shard.nodes.iter().all(|node| node.available)),
                migrated: migrated(cloud, &view.id),
                target: entry.and_then(|entry| entry.targets.engine_cpu),
                id: view.id,
                status: view.status,
            }
        };
        let alarm = |alarm: crate::cloud::cloudwatch::AlarmView<'_>| AlarmScene {
            name: alarm.name.to_owned(),
            state: alarm.state,
            threshold: alarm.threshold,
        };
        Self {
            at: cloud.now(),
            groups: cloud.elasticache.groups().map(group).collect(),
            alarms: cloud.cloudwatch.alarms().map(alarm).collect(),
        }
    }
}

impl GroupScene {
    /// Whether nothing is under way.
    pub(super) fn is_available(&self) -> bool {
        self.status == "available"
    }

    /// Percent of one engine's thread that all shards carry together.
    pub(super) fn sum(&self) -> f64 {
        self.shards.iter().map(|shard| shard.load).sum()
    }

    /// The load of the shards that are listed and serve: their mean and the highest.
    pub(super) fn load(&self) -> (f64, f64) {
        let serving = || {
            self.shards
                .iter()
                .map(|shard| shard.load)
                .filter(|load| *load > 0.0)
        };
        let shards = f64::from(count(serving().count()).max(1));
        (
            serving().sum::<f64>() / shards,
            serving().fold(0.0, f64::max),
        )
    }
}

/// Percent of `maxmemory` that the data of a shard takes; 0 while it has no nodes.
fn memory(shard: &ShardView) -> f64 {
    let room = shard.nodes.first().map_or(0, |node| node.max_memory);
    // In hundredths of a percent, which a u32 holds.
    let part = shard.bytes.saturating_mul(10_000).checked_div(room);
    f64::from(u32::try_from(part.unwrap_or(0)).unwrap_or(u32::MAX)) / 100.0
}

/// `SlotMigration.ProgressPercentage`.
fn migrated(cloud: &Cloud, id: &str) -> Option<f64> {
    let page = cloud
        .elasticache
        .describe_replication_groups(Some(id), &Default::default())
        .ok()?;
    match &page.items.first()?.work {
        Some(Work::Reshard(reshard)) => Some(reshard.progress_percentage()),
        Some(
            Work::Create { .. }
            | Work::Delete { .. }
            | Work::Snapshot { .. }
            | Work::Modify { .. }
            | Work::Failed,
        )
        | None => None,
    }
}

/// A count as wide as shard counts are here.
pub(super) fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
