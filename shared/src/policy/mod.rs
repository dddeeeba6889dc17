//! The policy: every target this deployment may touch, with its bounds and its pace.
//!
//! [`Policy::parse`] reads the file and lists every mistake of it at once, drawn under its line. [`PolicyFile`] keeps the text
//! as well: it warns of what is legal but unwise, and says where each value of a target comes from. [`KEYS`] is the list of
//! keys; `docs/policy.md` explains each of them, and [`schema`] tells editors.

mod cover;
mod draft;
mod explain;
mod failover;
mod file;
mod keys;
mod mistake;
mod names;
mod read;
mod schema;
mod spelled;
#[cfg(test)]
mod tests;
mod together;
mod walk;
mod warn;
mod windows;

use std::time::Duration;

pub use explain::{Explained, ExplainedEntry, Explanation, Origin};
pub use failover::{DrillPolicy, FailoverAlarms, FailoverApply, FailoverPolicy, OnReplacement};
pub use file::PolicyFile;
pub use keys::{Absent, KEYS, Key, Takes};
pub use mistake::{Mistake, Mistakes, Warning, Warnings};
pub use schema::schema;
pub use warn::AccountSeen;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use crate::calendar::{CalendarWindow, Freeze};
use crate::cluster::ReplicationGroupId;

/// A whole policy file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// A short fingerprint of the file's text: the version that a decision record names.
    pub version: String,
    /// The entries of `[[reshard]]`, in the file's order.
    pub reshard: Vec<ReshardPolicy>,
    /// The entries of `[[failover_shard]]`: replication groups of which shards may be failed over.
    pub failover_shard: Vec<FailoverPolicy>,
    /// The entries of `[[failover_db_cluster]]`: Neptune clusters that may be failed over.
    pub failover_db_cluster: Vec<FailoverPolicy>,
    /// The entries of `[[promote_replica]]`: replication groups of which a replica may be made primary.
    pub promote_replica: Vec<FailoverPolicy>,
    /// What all targets together may do.
    pub fleet: Fleet,
}

/// What all targets together may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// Changes that one pass may make; at least 1.
    pub max_changes_per_pass: u32,
    /// Changes within any hour; at least 1.
    pub max_changes_per_hour: u32,
    /// Nodes that AWS allows in the Region (the default quota is 300, raisable).
    pub max_nodes_in_region: u32,
    /// All scale-ins are held when more than this percentage of the targets, and at least 3 of them, want one at once.
    pub scale_in_breaker_percent: f64,
    /// So many failed, unchanged or partial attempts within an hour, over all targets, stop every further change; at least 1.
    pub max_failures_per_hour: u32,
    /// Failovers that one pass may start, over all targets; from 1 to 15.
    pub max_failovers_per_pass: u32,
    /// Test failovers that AWS allows an account in any 24 hours.
    pub test_failovers_per_day: u32,
    /// So many of [`Fleet::test_failovers_per_day`] are kept for what people request; at most all of them.
    pub test_failover_reserve: u32,
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
    /// What to make of one shard that is hotter than the others.
    pub skew: Skew,
    /// Care around a change.
    pub care: Care,
    /// No scale-in within this time after a scale-out completed. It never delays growth.
    pub reversal: Duration,
    /// Times at which other rules hold.
    pub windows: Vec<CalendarWindow>,
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
    /// Percent of the node's network baseline on the shard's busiest node: the larger of `NetworkBaselineUsageInPercentage` and
    /// `NetworkBaselineUsageOutPercentage`. `None`: the network has no say.
    pub network: Option<f64>,
    /// Keys that one shard may evict per minute before it asks for more shards; at least 1. `None`: evictions never ask for
    /// shards. Right with any memory target: where `evicts` is false a low number catches what memory missed, where it is
    /// true this is the only measure of a cache that has become too small.
    pub evictions_per_minute: Option<f64>,
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
    /// Each must be in ALARM for a scale-in to happen ("traffic is low"); none of them asks for one.
    pub scale_in: Vec<String>,
    /// Watched for [`Care::after_change`] after a change of ours: one that is in ALARM then freezes the next change.
    pub after_change: Vec<String>,
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

/// What to make of one shard that is hotter than the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// Load of the hottest shard, divided by the mean, from which load counts as skewed; more than 1.
    pub ratio: f64,
    /// Whether slots may be moved without a change of the count.
    pub rebalance: bool,
    /// Slots count as uneven when a shard is off the even share by more than this percentage of it.
    pub slot_spread_percent: f64,
}

/// Care around a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Care {
    /// What happens to a change while CPU is above the gate.
    pub cpu_gate: CpuGate,
    /// The gate, in percent. `None`: AWS's advice, which depends on the node type; see [`Care::cpu_gate_percent_for`].
    pub cpu_gate_percent: Option<f64>,
    /// Whether the Availability Zones of new shards are chosen, so that primaries spread.
    pub place_zones: bool,
    /// How long after a change of ours completed [`Alarms::after_change`] are watched.
    pub after_change: Duration,
}

/// What happens to a change while CPU is above the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CpuGate {
    /// It is made, and the CPU recorded: the group that most needs growth is the one above the gate.
    #[default]
    Act,
    /// It waits until CPU is below.
    Wait,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            max_changes_per_pass: keys::MAX_CHANGES_PER_PASS,
            max_changes_per_hour: keys::MAX_CHANGES_PER_HOUR,
            max_nodes_in_region: keys::MAX_NODES_IN_REGION,
            scale_in_breaker_percent: keys::SCALE_IN_BREAKER_PERCENT,
            max_failures_per_hour: keys::MAX_FAILURES_PER_HOUR,
            max_failovers_per_pass: keys::MAX_FAILOVERS_PER_PASS,
            test_failovers_per_day: keys::TEST_FAILOVERS_PER_DAY,
            test_failover_reserve: keys::TEST_FAILOVER_RESERVE,
        }
    }
}

impl Default for Skew {
    fn default() -> Self {
        Self {
            ratio: keys::SKEW_RATIO,
            rebalance: true,
            slot_spread_percent: keys::SLOT_SPREAD_PERCENT,
        }
    }
}

impl Default for Care {
    fn default() -> Self {
        Self {
            cpu_gate: CpuGate::default(),
            cpu_gate_percent: None,
            // Off until the list's form is verified on a real account: a growth that is refused for its zones is worse
            // than zones that AWS chose.
            place_zones: false,
            after_change: read::minutes(keys::AFTER_CHANGE_MINUTES),
        }
    }
}

impl Care {
    /// The gate in percent of CPU: as written, else AWS's advice, which is lower on `small` nodes, of at most two vCPUs.
    pub fn cpu_gate_percent_for(&self, small: bool) -> f64 {
        let advice = if small {
            keys::SMALL_CPU_GATE_PERCENT
        } else {
            keys::CPU_GATE_PERCENT
        };
        self.cpu_gate_percent.unwrap_or(advice)
    }
}

impl ReshardPolicy {
    /// The windows that are open at an instant, in the file's order.
    pub fn windows_at(&self, at: DateTime<Utc>) -> impl Iterator<Item = &CalendarWindow> {
        self.windows
            .iter()
            .filter(move |window| window.contains(at))
    }

    /// The least shards at an instant: the entry's minimum, or more where an open window raises it.
    pub fn min_shards_at(&self, at: DateTime<Utc>) -> u32 {
        self.windows_at(at)
            .filter_map(|window| window.min_shards)
            .fold(self.min_shards, u32::max)
    }
}

impl Alarms {
    /// Every alarm with a say.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let growth = self.scale_out.iter().chain(&self.stop);
        growth.chain(&self.scale_in).chain(&self.after_change)
    }
}

impl Policy {
    /// The entry that governs a group: an exact id wins over a glob, a longer glob over a shorter one, the earlier entry
    /// over a later one of the same length. `None`: the group is not ours to touch.
    pub fn reshard_for(&self, group: &ReplicationGroupId) -> Option<&ReshardPolicy> {
        let globs = self
            .reshard
            .iter()
            .map(|entry| entry.replication_group.as_str());
        let first = matching(globs, group.as_str()).first().copied()?;
        self.reshard.get(first)
    }
}

/// The places of the globs that match an id, the one that governs it first.
fn matching<'g>(globs: impl Iterator<Item = &'g str>, id: &str) -> Vec<usize> {
    let mut found: Vec<(usize, &str)> = globs
        .enumerate()
        .filter(|(_, glob)| wildmatch::WildMatch::new(glob).matches(id))
        .collect();
    found.sort_by_key(|&(place, glob)| std::cmp::Reverse(rank(place, glob)));
    found.into_iter().map(|(place, _)| place).collect()
}

/// Whether an entry names one group, without `*` and `?`.
fn is_exact(glob: &str) -> bool {
    !glob.contains(['*', '?'])
}

/// The greater of two ranks governs: an exact id, the longer glob, the earlier entry.
fn rank(place: usize, glob: &str) -> (bool, usize, std::cmp::Reverse<usize>) {
    (is_exact(glob), glob.len(), std::cmp::Reverse(place))
}
