//! Which shards to drain: those with the least to move, and where the spread over Availability Zones suffers least.

use std::collections::BTreeMap;

use super::Evidence;
use crate::cluster::{Group, Shard, ShardId};

/// The shards to drain so that `count` fewer remain, in the service's order. The ids are the service's own, never
/// computed: they have gaps after a removal.
///
/// `None`: fewer shards than asked for, or the bytes of some shard are not known, so that "least" has no meaning.
pub fn shards_to_drain(group: &Group, evidence: &Evidence, count: u32) -> Option<Vec<ShardId>> {
    let mut left: Vec<(&Shard, f64)> = group
        .shards
        .iter()
        .map(|shard| Some((shard, shard_bytes(shard, evidence)?)))
        .collect::<Option<_>>()?;
    let mut drained = Vec::new();
    for _ in 0..count {
        let crowds = zone_counts(left.iter().map(|(shard, _)| *shard));
        let (index, _) =
            left.iter()
                .enumerate()
                .min_by(|(_, (a, a_bytes)), (_, (b, b_bytes))| {
                    a_bytes
                        .total_cmp(b_bytes)
                        .then_with(|| crowding(b, &crowds).cmp(&crowding(a, &crowds)))
                        .then_with(|| b.id.cmp(&a.id))
                })?;
        drained.push(left.remove(index).0.id.clone());
    }
    // At least one shard must stay; AWS refuses to remove all.
    if left.is_empty() {
        return None;
    }
    Some(
        group
            .shards
            .iter()
            .map(|shard| shard.id.clone())
            .filter(|id| drained.contains(id))
            .collect(),
    )
}

/// Bytes of a shard: those of its fullest node, since replicas hold what the primary holds. `None`: those of a node are not
/// known. The others' would not do: a replica that is still filling beside a silent primary would make the shard look empty.
pub(super) fn shard_bytes(shard: &Shard, evidence: &Evidence) -> Option<f64> {
    let bytes = shard.nodes.iter().map(|node| evidence.get(&node.id)?.bytes);
    bytes
        .collect::<Option<Vec<f64>>>()?
        .into_iter()
        .reduce(f64::max)
}

fn zone_counts<'a>(shards: impl Iterator<Item = &'a Shard>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for zone in shards
        .flat_map(|shard| &shard.nodes)
        .filter_map(|node| node.availability_zone.as_deref())
    {
        *counts.entry(zone).or_insert(0) += 1;
    }
    counts
}

/// How crowded the zones of a shard's nodes are: draining from crowded zones keeps the rest even.
fn crowding(shard: &Shard, counts: &BTreeMap<&str, usize>) -> usize {
    let zones = shard
        .nodes
        .iter()
        .filter_map(|node| node.availability_zone.as_deref());
    zones.filter_map(|zone| counts.get(zone)).sum()
}
