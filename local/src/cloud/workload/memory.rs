//! Data: how much a group holds over time, and what of it fits.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::cloud::elasticache::{GroupView, Keyspace, ShardView, slots::SLOT_COUNT};

/// The part of `maxmemory` that data takes in a full cache; the rest is overhead. ASSUMED.
const FULL: f64 = 0.99;

/// What users keep in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Bytes that they would keep at `since`, all shards together, without `heavy`.
    pub bytes: f64,
    /// See `bytes`.
    pub since: DateTime<Utc>,
    /// Bytes that come on top with every hour; negative when data shrinks.
    pub bytes_per_hour: f64,
    /// Whether a full shard evicts, as a cache does. What evicts is full by design as soon as users would keep more than
    /// fits. Without it a full shard takes no more.
    pub evicts: bool,
    /// Bytes of one item, key and overhead included.
    pub item_bytes: f64,
    /// Bytes on top, by slot.
    pub heavy: BTreeMap<u16, u64>,
    /// Slots with an item too large to move.
    pub unmovable: BTreeSet<u16>,
}

impl Data {
    /// The group's data at a moment: what users would keep, or what fits.
    pub(super) fn keyspace(&self, group: &GroupView, at: DateTime<Utc>) -> Keyspace {
        let seconds = i32::try_from((at - self.since).num_seconds()).map_or(0.0, f64::from);
        let wanted = (self.bytes + self.bytes_per_hour * seconds / 3600.0).max(0.0);
        let room: f64 = group
            .shards
            .iter()
            .filter(|shard| shard.slots > 0)
            .map(|shard| max_memory(shard) * FULL)
            .sum();
        Keyspace {
            bytes_per_slot: wanted.min(room) / f64::from(SLOT_COUNT),
            heavy: self.heavy.clone(),
            unmovable: self.unmovable.clone(),
        }
    }

    /// Whether a shard must evict to take a new item.
    pub(super) fn evicts_in(&self, shard: &ShardView) -> bool {
        // A little under full, because the keyspace is cut into whole bytes per slot.
        self.evicts && data_bytes(shard) >= max_memory(shard) * FULL * 0.999
    }
}

/// Bytes that one node of the shard holds at most; 0 for a shard without nodes.
pub(super) fn max_memory(shard: &ShardView) -> f64 {
    shard
        .nodes
        .first()
        .map_or(0.0, |node| float(node.max_memory))
}

/// Bytes of data that each node of the shard holds.
pub(super) fn data_bytes(shard: &ShardView) -> f64 {
    float(shard.bytes).min(max_memory(shard) * FULL)
}

#[expect(
    clippy::as_conversions,
    reason = "std has no other way from u64 to f64; byte counts stay far below 2^53"
)]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}
