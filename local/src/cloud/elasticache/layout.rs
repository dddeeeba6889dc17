//! Layout: how many shards, nodes and slots a new group gets. Wordings are ASSUMED.

use super::{
    create::{CreateReplicationGroup, ShardConfiguration},
    model::ClusterMode,
    refusal::{Outcome, Refusal},
    slots::{self, SlotSet},
    validate,
};

/// One shard to make.
#[derive(Debug, Clone)]
pub(crate) struct ShardPlan {
    pub(crate) id: String,
    pub(crate) slots: SlotSet,
    pub(crate) nodes: usize,
    /// Preferred zones, the primary's first.
    pub(crate) zones: Vec<String>,
    pub(crate) outposts: Vec<String>,
}

/// The shards that a request asks for, with their slots.
pub(crate) fn layout(
    request: &CreateReplicationGroup,
    mode: ClusterMode,
) -> Outcome<Vec<ShardPlan>> {
    let configured = &request.node_group_configuration;
    let count = match request.num_node_groups {
        Some(count) => usize::try_from(count).ok().filter(|&count| count > 0),
        None => Some(configured.len().max(1)),
    };
    let count = count.ok_or_else(|| Refusal::value("NumNodeGroups must be at least 1."))?;
    if !configured.is_empty() && configured.len() != count {
        return Err(Refusal::combination(
            "The number of node group configurations must equal the number of node groups.",
        ));
    }
    let clusters = request.num_cache_clusters;
    if clusters.is_some()
        && (mode == ClusterMode::Enabled || request.replicas_per_node_group.is_some())
    {
        return Err(Refusal::combination(
            "NumCacheClusters cannot be combined with NumNodeGroups or ReplicasPerNodeGroup.",
        ));
    }
    if clusters.is_some_and(|clusters| !(1..=6).contains(&clusters)) {
        return Err(Refusal::value("NumCacheClusters must be between 1 and 6."));
    }
    let azs = &request.preferred_cache_cluster_azs;
    let replicas = match (request.replicas_per_node_group, clusters) {
        (Some(replicas), _) => replicas,
        (None, Some(clusters)) => clusters - 1,
        (None, None) => i32::try_from(azs.len().saturating_sub(1)).unwrap_or(0),
    };
    if !azs.is_empty() && count == 1 && azs.len() != validate::replicas(replicas)? + 1 {
        return Err(Refusal::value(
            "The number of Availability Zones must equal the number of cache clusters.",
        ));
    }
    let ranges = ranges(configured, count)?;
    let mut plans: Vec<ShardPlan> = Vec::new();
    for (at, slots) in ranges.into_iter().enumerate() {
        let own = configured.get(at).cloned().unwrap_or_default();
        let id = own.id.unwrap_or_else(|| format!("{:04}", at + 1));
        if plans.iter().any(|plan| plan.id == id) {
            return Err(Refusal::value(format!(
                "The node group id {id} is given twice."
            )));
        }
        let mut zones: Vec<String> = own.primary_zone.into_iter().collect();
        if !zones.is_empty() {
            zones.extend(own.replica_zones);
        }
        if configured.is_empty() && count == 1 {
            zones.clone_from(azs);
        }
        plans.push(ShardPlan {
            id,
            slots,
            nodes: validate::replicas(own.replicas.unwrap_or(replicas))? + 1,
            zones,
            outposts: own
                .primary_outpost
                .into_iter()
                .chain(own.replica_outposts)
                .collect(),
        });
    }
    Ok(plans)
}

/// The configured slots, all or none of them given; together they must be the whole keyspace.
fn ranges(configured: &[ShardConfiguration], count: usize) -> Outcome<Vec<SlotSet>> {
    if configured.iter().all(|shard| shard.slots.is_none()) {
        return Ok(slots::even_ranges(count));
    }
    let mut seen = SlotSet::new();
    let mut ranges = Vec::new();
    for shard in configured {
        let text = shard.slots.as_deref().unwrap_or_default();
        let own =
            slots::parse(text).ok_or_else(|| Refusal::value(format!("Invalid slots: {text}.")))?;
        if !seen.is_disjoint(&own) {
            return Err(Refusal::value(format!(
                "The slots {text} are given to two node groups."
            )));
        }
        seen.union_with(&own);
        ranges.push(own);
    }
    if seen.len() != usize::from(slots::SLOT_COUNT) {
        return Err(Refusal::value("The node groups must own all 16384 slots."));
    }
    Ok(ranges)
}
