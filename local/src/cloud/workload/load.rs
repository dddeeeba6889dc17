//! Load: how a group's demand falls on its shards and nodes.

use chrono::{DateTime, Utc};

use super::{
    GroupLoad,
    noise::{noise, word},
};
use crate::cloud::{
    Parameters,
    elasticache::{GroupView, ShardView, slots::SLOT_COUNT},
};

/// Percent of the engine's thread that a node spends on itself: heartbeats, expiry, INFO. ASSUMED.
const IDLE_ENGINE: f64 = 0.5;

/// What replaying a write costs a replica, beside what it cost the primary: no parsing, no answer. ASSUMED.
const REPLAY_COST: f64 = 0.4;

/// How far the shards of a group stray from their share within one minute, as a part of it: users do not spread as
/// evenly as slots. ASSUMED.
const STRAY: f64 = 0.015;

/// What one shard carries.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardLoad {
    /// `NodeGroupId`.
    pub id: String,
    /// The part of the group's demand, 0 to 1, that falls on its slots.
    pub share: f64,
    /// Its nodes, in the order of the view.
    pub nodes: Vec<NodeLoad>,
}

impl ShardLoad {
    /// The load of the hottest node; 0 when none serves.
    pub fn hottest(&self) -> f64 {
        self.nodes
            .iter()
            .map(|node| node.engine)
            .fold(0.0, f64::max)
    }
}

/// What one node carries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NodeLoad {
    /// Operations a second that it answers; what lies above its capacity waits or fails.
    pub operations: f64,
    /// Percent of the engine's thread, 0 to 100.
    pub engine: f64,
}

impl GroupLoad {
    /// How the demand at a moment falls on the shards and nodes of a group.
    pub(super) fn spread(
        &self,
        group: &GroupView,
        at: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Vec<ShardLoad> {
        let demand = self.demand.at(at);
        let minute = at.timestamp().div_euclid(60).unsigned_abs();
        let shard = |shard: &ShardView| {
            let share = self.share(shard);
            let stray =
                1.0 + STRAY * noise(&[self.demand.seed, word(&group.id), word(&shard.id), minute]);
            let migration = if shard.migrating {
                parameters.migration_cpu_percent
            } else {
                0.0
            };
            ShardLoad {
                id: shard.id.clone(),
                share,
                nodes: self.nodes(shard, demand * share * stray, migration),
            }
        };
        group.shards.iter().map(shard).collect()
    }

    /// The part of the demand that falls on a shard: its hot slots', and by the number of its slots of the rest.
    fn share(&self, shard: &ShardView) -> f64 {
        let hot: f64 = self.hot_slots.values().sum();
        let own = self
            .hot_slots
            .iter()
            .filter(|(slot, _)| shard.slot_set.contains(slot))
            .map(|(_, part)| part);
        own.sum::<f64>() + (1.0 - hot).max(0.0) * f64::from(shard.slots) / f64::from(SLOT_COUNT)
    }

    /// What the nodes of a shard carry of its demand. Reads meant for replicas fall on the primary when no replica serves.
    fn nodes(&self, shard: &ShardView, demand: f64, migration: f64) -> Vec<NodeLoad> {
        let replicas = shard
            .nodes
            .iter()
            .filter(|node| node.available && !node.is_primary)
            .count();
        let replicas = f64::from(u32::try_from(replicas).unwrap_or(u32::MAX));
        let reads = if replicas > 0.0 {
            demand * self.replica_reads
        } else {
            0.0
        };
        let node = |is_primary: bool| {
            let (answered, replayed) = if is_primary {
                (demand - reads, 0.0)
            } else {
                (reads / replicas.max(1.0), demand * self.writes)
            };
            let work = answered + replayed * REPLAY_COST;
            let engine = IDLE_ENGINE + work / self.engine_operations * 100.0 + migration;
            NodeLoad {
                operations: answered.min(self.engine_operations),
                engine: engine.clamp(0.0, 100.0),
            }
        };
        shard
            .nodes
            .iter()
            .map(|seen| {
                if seen.available {
                    node(seen.is_primary)
                } else {
                    NodeLoad::default()
                }
            })
            .collect()
    }
}
