//! The policy: every target this deployment may touch, with its bounds and its pace.
//!
//! [`Policy::parse`] reads the file and lists every mistake of it at once, drawn under its line. [`KEYS`] is the list of
//! keys it knows; `docs/policy.md` explains each of them.

mod draft;
mod keys;
mod mistake;
mod names;
mod parse;
#[cfg(test)]
mod tests;
mod walk;

use std::time::Duration;

pub use keys::{Absent, KEYS, Key, Takes};
pub use mistake::{Mistake, Mistakes};

use serde::{Deserialize, Serialize};

use crate::cluster::ReplicationGroupId;

/// A whole policy file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// A short fingerprint of the file's text: the version that a decision record names.
    pub version: String,
    /// The entries of `[[reshard]]`, in the file's order.
    pub reshard: Vec<ReshardPolicy>,
}

/// One entry of `[[reshard]]`: what may be done to the groups it names.
#[derive(Debug, Clone, PartialEq)]
pub struct ReshardPolicy {
    /// An id, or a glob with `*` and `?`. An exact id wins over a glob, a longer glob over a shorter one.
    pub replication_group: String,
    /// Which changes may be carried out when the function runs in apply mode.
    pub apply: Apply,
    /// Never fewer shards than this; at least 1.
    pub min_shards: u32,
    /// Never more shards than this.
    pub max_shards: u32,
    /// The most nodes a cluster may have (AWS's default quota is 90, raisable to 500).
    pub node_quota: u32,
    /// What one shard should carry at the most.
    pub targets: Targets,
    /// Alarms that have a say.
    pub alarms: Alarms,
    /// Pace of growth.
    pub scale_out: Pace,
    /// Pace of shrinking.
    pub scale_in: Pace,
    /// How long a low load must have lasted before a scale-in.
    pub stabilization: Duration,
    /// Load is averaged over this window before it asks for shards.
    pub window: Duration,
    /// A newest sample older than this is stale.
    pub stale_after: Duration,
    /// What the shards that stay must have left after a scale-in.
    pub headroom: Headroom,
}

/// Which changes may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// None: every change is planned and reported only.
    #[default]
    None,
    /// Scale-outs only.
    Out,
    /// Every change.
    All,
}

/// Per-shard targets; a scale-out happens when the hottest measure asks for more shards than there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Targets {
    /// Percent of the engine's thread on the shard's hottest node. `None`: CPU has no say.
    pub engine_cpu: Option<f64>,
    /// Percent of `maxmemory` counted for eviction. `None`: memory has no say.
    pub memory: Option<MemoryTarget>,
}

/// The memory target of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryTarget {
    /// Percent of `maxmemory`.
    pub percent: f64,
    /// Whether the group evicts keys by design (an LRU cache, full on purpose): then memory never asks for shards.
    pub evicts: bool,
}

/// Alarms that have a say, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alarms {
    /// Each asks for one more step per transition into ALARM; each must be OK before a scale-in.
    pub scale_out: Vec<String>,
    /// Each stops every change while it is in ALARM, or not to be found.
    pub stop: Vec<String>,
}

/// The pace of changes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The most shards that one change may add or remove; at least 1.
    pub max_step: u32,
    /// Time after a change completes before the next in this direction.
    pub cooldown: Duration,
}

/// What the shards that stay must have left after a scale-in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headroom {
    /// Free bytes per byte received; AWS advises 1.5.
    pub free_ratio: f64,
    /// Percent of `maxmemory` in use on a shard that stays, after it received its part.
    pub max_memory_percent: f64,
}

impl Policy {
    /// The entry that governs a group: an exact id wins over a glob, a longer glob over a shorter one, the earlier entry
    /// over a later one of the same length. `None`: the group is not ours to touch.
    pub fn reshard_for(&self, group: &ReplicationGroupId) -> Option<&ReshardPolicy> {
        self.reshard
            .iter()
            .enumerate()
            .filter(|(_, entry)| {
                wildmatch::WildMatch::new(&entry.replication_group).matches(group.as_str())
            })
            .max_by_key(|(index, entry)| {
                let exact = !entry.replication_group.contains(['*', '?']);
                (
                    exact,
                    entry.replication_group.len(),
                    std::cmp::Reverse(*index),
                )
            })
            .map(|(_, entry)| entry)
    }
}
