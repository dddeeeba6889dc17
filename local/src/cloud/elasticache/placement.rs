//! Placement: which Availability Zone each new node goes to, and how many nodes a zone still has.

use std::collections::BTreeMap;

use super::{
    model::ReplicationGroup,
    refusal::{Code, Outcome, Refusal},
};

/// The Region's zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zones {
    names: Vec<String>,
    /// Nodes that can still be made; a zone not named here never runs out.
    free: BTreeMap<String, u32>,
}

impl Zones {
    /// Three zones, `us-east-1a` to `us-east-1c`, without limit.
    pub(crate) fn of_region(region: &str) -> Self {
        Self {
            names: ["a", "b", "c"]
                .map(|zone| format!("{region}{zone}"))
                .to_vec(),
            free: BTreeMap::new(),
        }
    }

    /// Limits a zone, or adds one; `None` lifts the limit.
    pub(crate) fn set_capacity(&mut self, zone: &str, nodes: Option<u32>) {
        if !self.names.iter().any(|name| name == zone) {
            self.names.push(zone.to_owned());
        }
        match nodes {
            Some(nodes) => self.free.insert(zone.to_owned(), nodes),
            None => self.free.remove(zone),
        };
    }

    /// A deleted node makes room.
    pub(crate) fn give_back(&mut self, zone: &str) {
        if let Some(free) = self.free.get_mut(zone) {
            *free += 1;
        }
    }

    fn has_room(&self, zone: &str) -> bool {
        self.free.get(zone).is_none_or(|&free| free > 0)
    }

    fn take(&mut self, zone: &str) {
        if let Some(free) = self.free.get_mut(zone) {
            *free = free.saturating_sub(1);
        }
    }
}

/// Places nodes one shard after another. Its zones replace the account's once the whole change is accepted.
#[derive(Debug)]
pub(crate) struct Placer {
    pub(crate) zones: Zones,
    nodes: BTreeMap<String, usize>,
    primaries: BTreeMap<String, usize>,
}

impl Placer {
    /// Starts from where the group's nodes are now; `None` for a new group.
    pub(crate) fn new(zones: &Zones, group: Option<&ReplicationGroup>) -> Self {
        let mut placer = Self {
            zones: zones.clone(),
            nodes: BTreeMap::new(),
            primaries: BTreeMap::new(),
        };
        for node in group.into_iter().flat_map(ReplicationGroup::nodes) {
            placer.count(&node.zone, node.primary);
        }
        placer
    }

    fn count(&mut self, zone: &str, primary: bool) {
        *self.nodes.entry(zone.to_owned()).or_default() += 1;
        if primary {
            *self.primaries.entry(zone.to_owned()).or_default() += 1;
        }
    }

    /// Zones for one shard's nodes, the primary's first: as `preferred` where that says, else spread over zones that
    /// the shard does not use yet and that hold fewest of the group's primaries or nodes (ASSUMED: AWS only says that
    /// it selects zones).
    pub(crate) fn place(&mut self, nodes: usize, preferred: &[String]) -> Outcome<Vec<String>> {
        let mut chosen: Vec<String> = Vec::new();
        for number in 0..nodes {
            let zone = match preferred.get(number) {
                Some(zone) => self.require_zone(zone)?,
                None => self.choose(&chosen)?,
            };
            self.zones.take(&zone);
            self.count(&zone, number == 0);
            chosen.push(zone);
        }
        Ok(chosen)
    }

    fn require_zone(&self, zone: &str) -> Outcome<String> {
        if !self.zones.names.iter().any(|name| name == zone) {
            return Err(Refusal::value(format!(
                "{zone} is not a valid availability zone."
            )));
        }
        if !self.zones.has_room(zone) {
            return Err(no_capacity(zone));
        }
        Ok(zone.to_owned())
    }

    fn choose(&self, taken: &[String]) -> Outcome<String> {
        let counts = if taken.is_empty() {
            &self.primaries
        } else {
            &self.nodes
        };
        self.zones
            .names
            .iter()
            .filter(|zone| self.zones.has_room(zone))
            .min_by_key(|zone| {
                let here = taken.iter().filter(|name| name == zone).count();
                (here, counts.get(*zone).copied().unwrap_or(0))
            })
            .cloned()
            .ok_or_else(|| no_capacity("any zone"))
    }
}

fn no_capacity(zone: &str) -> Refusal {
    Refusal::new(
        Code::InsufficientCacheClusterCapacity,
        format!(
            "The requested cache node type is not available in the specified Availability Zone: {zone}."
        ),
    )
}
