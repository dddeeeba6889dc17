//! How many primaries there are in each Availability Zone.

use std::collections::BTreeMap;

use clusterwarden::{cluster::NodeId, failover_shard::primaries_per_zone};

use crate::build::{Room, evidence, group, minutes};

/// The zones of three shards of two nodes each, with the roles of these nodes changed: minutes ago, and whether primary.
fn zones(changed: &[(&str, Option<(i64, bool)>)]) -> Vec<(String, u32)> {
    let group = group(Room::Shard, 3, 1);
    let mut evidence = evidence(&group);
    for (node, role) in changed {
        let found = evidence.get_mut(&NodeId::new(node)).unwrap();
        found.is_primary = role.map(|(ago, primary)| (minutes(-ago), primary));
    }
    let zones: BTreeMap<String, u32> = primaries_per_zone(&group, &evidence);
    zones
        .into_iter()
        .map(|(zone, count)| (zone.replace("eu-west-1", ""), count))
        .collect()
}

fn told(zones: &[(&str, u32)]) -> Vec<(String, u32)> {
    let zones = zones.iter();
    zones
        .map(|(zone, count)| ((*zone).to_owned(), *count))
        .collect()
}

#[test]
fn each_shard_counts_where_its_primary_is() {
    assert_eq!(zones(&[]), told(&[("a", 1), ("b", 1), ("c", 1)]));
}

#[test]
fn a_shard_whose_primary_is_not_known_counts_nowhere() {
    let silent = zones(&[("orders-0001-001", None)]);
    let two = zones(&[("orders-0001-002", Some((2, true)))]);
    assert_eq!((silent.len(), two.len()), (2, 2));
    assert_eq!(silent, two);
}

#[test]
fn of_two_primaries_the_one_of_the_newest_minute_is_the_one() {
    let before = zones(&[]);
    let switched = zones(&[("orders-0001-002", Some((1, true)))]);
    let stayed = zones(&[("orders-0001-002", Some((3, true)))]);
    assert_ne!(switched, before);
    assert_eq!(stayed, before);
}
