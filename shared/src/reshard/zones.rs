//! Availability Zones of new shards: where the fewest nodes are, so that primaries stay spread.

use std::collections::BTreeMap;

use crate::cluster::Group;

/// The zones of every shard after growing to `count`, the present ones first as they are: the API's list speaks of "each
/// node group in the cluster". The first zone of a shard is its primary's.
///
/// `None`: a node's zone is not known, or there is only one zone, so that there is nothing to choose.
pub(super) fn zones_after_growth(group: &Group, count: u32) -> Option<Vec<Vec<String>>> {
    let mut zones: Vec<Vec<String>> = group
        .shards
        .iter()
        .map(|shard| {
            shard
                .nodes
                .iter()
                .map(|node| node.availability_zone.clone())
                .collect()
        })
        .collect::<Option<_>>()?;
    let mut nodes: BTreeMap<String, usize> = BTreeMap::new();
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    for shard in &zones {
        for zone in shard {
            *nodes.entry(zone.clone()).or_default() += 1;
        }
        if let Some(first) = shard.first() {
            *firsts.entry(first.clone()).or_default() += 1;
        }
    }
    if nodes.len() < 2 {
        return None;
    }
    for _ in group.shard_count()..count {
        let mut shard: Vec<String> = Vec::new();
        for _ in 0..group.nodes_per_new_shard() {
            let crowd = |zone: &String| {
                let here = shard.iter().filter(|taken| *taken == zone).count();
                let primaries = if shard.is_empty() {
                    firsts.get(zone).copied().unwrap_or(0)
                } else {
                    0
                };
                (here, primaries, nodes.get(zone).copied().unwrap_or(0))
            };
            let zone = nodes.keys().min_by_key(|zone| crowd(zone))?.clone();
            if shard.is_empty() {
                *firsts.entry(zone.clone()).or_default() += 1;
            }
            *nodes.entry(zone.clone()).or_default() += 1;
            shard.push(zone);
        }
        zones.push(shard);
    }
    Some(zones)
}
