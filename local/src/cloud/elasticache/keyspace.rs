//! Keyspaces: how many bytes lie in which slot of a group, and which slots cannot move.

use std::collections::{BTreeMap, BTreeSet};

use super::slots::{SLOT_COUNT, SlotSet};

/// The data of one group: the same in every slot, and more in some.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keyspace {
    /// Bytes in every slot. Not negative.
    pub bytes_per_slot: f64,
    /// Bytes on top of that, by slot.
    pub heavy: BTreeMap<u16, u64>,
    /// Slots with an item over 256 MB once serialized, which never move ([EC-DG] online resharding).
    pub unmovable: BTreeSet<u16>,
}

impl Keyspace {
    /// A keyspace of `bytes` spread evenly over all slots.
    pub fn even(bytes: u64) -> Self {
        Self {
            bytes_per_slot: float(bytes) / f64::from(SLOT_COUNT),
            ..Self::default()
        }
    }

    /// Bytes in one slot.
    pub(crate) fn slot_bytes(&self, slot: u16) -> u64 {
        whole(self.bytes_per_slot) + self.heavy.get(&slot).copied().unwrap_or(0)
    }

    /// Bytes in these slots.
    pub(crate) fn bytes(&self, slots: &SlotSet) -> u64 {
        let even =
            u32::try_from(slots.len()).map_or(0.0, |count| self.bytes_per_slot * f64::from(count));
        let heavy = self.heavy.iter().filter(|(slot, _)| slots.contains(slot));
        whole(even) + heavy.map(|(_, bytes)| bytes).sum::<u64>()
    }
}

#[expect(
    clippy::as_conversions,
    reason = "std has no other way from f64 to u64; the cast saturates, and NaN becomes 0"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[expect(
    clippy::as_conversions,
    reason = "std has no other way from u64 to f64; byte counts stay far below 2^53"
)]
fn float(number: u64) -> f64 {
    number as f64
}
