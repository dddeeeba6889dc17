//! Resharding: `ModifyReplicationGroupShardConfiguration`, from the request's checks to the acceptance.
//!
//! The room `migration` does the work that is accepted here.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    migration::{Phase, Queue},
    model::{CREATING, Node, ReplicationGroup, Shard, USUAL_LAG, Work},
    placement::Placer,
    refusal::{Code, Outcome, Refusal},
    slots::{self, SlotSet},
};
use crate::cloud::Parameters;

pub(crate) use super::migration::Reshard;

/// Time from an accepted scale-in that does not fit until the group is available again, unchanged. ASSUMED.
const TERMINATION: TimeDelta = TimeDelta::minutes(2);

/// Where a new shard's nodes go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShardPlacement {
    /// The new shard's id; `None`: the service picks one.
    pub shard: Option<String>,
    /// One zone per node, the primary's first; empty: the service picks.
    pub zones: Vec<String>,
}

/// `ModifyReplicationGroupShardConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModifyShards {
    /// The group.
    pub group: String,
    /// Shards in the end.
    pub count: i32,
    /// Only `true` is permitted.
    pub apply_immediately: bool,
    /// For growth only.
    pub placements: Vec<ShardPlacement>,
    /// Shards to drain.
    pub remove: Vec<String>,
    /// All shards but these are drained.
    pub retain: Vec<String>,
}

impl ElastiCache {
    /// Adds, removes or evens out shards. Returns the group as the answer shows it.
    ///
    /// # Errors
    ///
    /// Every refusal of \[BC\] and [EC-DG] for this call.
    pub fn modify_shard_configuration(
        &mut self,
        request: &ModifyShards,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<GroupAnswer> {
        self.tick(now);
        let nodes_in_region = self.node_count();
        let quotas = self.quotas;
        // Straight from the field, so that the zones stay readable next to it.
        let id = request.group.to_ascii_lowercase();
        let group = self
            .groups
            .get_mut(&id)
            .ok_or_else(|| Refusal::no_group(&id))?;
        if !request.apply_immediately {
            return Err(Refusal::value(
                "ApplyImmediately must be true: the only permitted value is true.",
            ));
        }
        let count = usize::try_from(request.count).unwrap_or(0);
        if count == 0 {
            return Err(Refusal::value("NodeGroupCount must be at least 1."));
        }
        if !request.remove.is_empty() && !request.retain.is_empty() {
            return Err(Refusal::combination(
                "NodeGroupsToRemove and NodeGroupsToRetain cannot be specified together.",
            ));
        }
        require_resharding_allowed(group)?;
        require_idle(group)?;
        let leaving = leaving_shards(group, request, count)?;
        let current = group.shards.len();
        let per_shard = group
            .shards
            .iter()
            .map(|shard| shard.nodes.len())
            .min()
            .unwrap_or(1);
        let mut placer = Placer::new(&self.zones, Some(group));
        let mut added = Vec::new();
        if count > current {
            let new_nodes = (count - current) * per_shard;
            let nodes = group.nodes().count() + new_nodes;
            if count > quotas.nodes_per_group || nodes > quotas.nodes_per_group {
                return Err(Refusal::new(
                    Code::NodeGroupsPerReplicationGroupQuotaExceeded,
                    format!(
                        "The request cannot be processed because it would exceed the maximum allowed number of node \
                         groups (shards) in a single replication group. The default maximum is {}",
                        quotas.nodes_per_group
                    ),
                ));
            }
            if nodes_in_region + new_nodes > quotas.nodes_per_region {
                return Err(Refusal::new(
                    Code::NodeQuotaForCustomerExceeded,
                    "The request cannot be processed because it would exceed the allowed number of cache nodes per \
                     customer.",
                ));
            }
            added = new_shards(
                group,
                &request.placements,
                count,
                per_shard,
                &mut placer,
                now,
            )?;
        }
        let answer = accept(group, added, &leaving, now, parameters);
        self.zones = placer.zones;
        Ok(GroupAnswer(answer))
    }
}

/// A replication group as one answer shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupAnswer(pub(crate) ReplicationGroup);

/// Only a group with cluster mode enabled, outside Global Datastores, reshards ([EC-DG]; the wording for a member is
/// that of `ModifyReplicationGroup`, [GH terraform-provider-aws#22528], ASSUMED to be the same here).
fn require_resharding_allowed(group: &ReplicationGroup) -> Outcome<()> {
    super::modify::require_not_global(group)?;
    if !group.cluster_enabled() {
        return Err(Refusal::value(
            "Operation is only applicable for cluster mode enabled replication groups.",
        ));
    }
    Ok(())
}

/// A group takes one change at a time, and none while a member is not ready ([GH terraform-provider-aws#50096]).
pub(crate) fn require_idle(group: &ReplicationGroup) -> Outcome<()> {
    if group.work.is_some() {
        return Err(Refusal::busy());
    }
    match group.nodes().find(|node| !node.available()) {
        Some(node) => Err(Refusal::new(
            Code::InvalidCacheClusterState,
            format!(
                "Cache cluster {} is not in available state: {}.",
                node.id, node.status
            ),
        )),
        None => Ok(()),
    }
}

/// The shards to drain; empty for growth and rebalance. Wordings but the id list's ([GH
/// terraform-provider-aws#43884]) and the rebalance's ([EC-DG]) are ASSUMED.
fn leaving_shards(
    group: &ReplicationGroup,
    request: &ModifyShards,
    count: usize,
) -> Outcome<BTreeSet<String>> {
    let current = group.shards.len();
    let named = if request.remove.is_empty() {
        &request.retain
    } else {
        &request.remove
    };
    if count >= current && !named.is_empty() {
        return Err(Refusal::combination(
            "NodeGroupsToRemove and NodeGroupsToRetain can be specified only when NodeGroupCount is less than the \
             current number of node groups.",
        ));
    }
    if count <= current && !request.placements.is_empty() {
        return Err(Refusal::combination(
            "ReshardingConfiguration can be specified only when NodeGroupCount is greater than the current number of \
             node groups.",
        ));
    }
    if count == current {
        let sizes = || group.shards.iter().map(|shard| shard.slots.len());
        if sizes().max().unwrap_or(0) - sizes().min().unwrap_or(0) <= 1 {
            return Err(Refusal::new(
                Code::InvalidReplicationGroupState,
                "Slots in the replication group are uniformly distributed. Nothing to do.",
            ));
        }
    }
    if count >= current {
        return Ok(BTreeSet::new());
    }
    if named.is_empty() {
        return Err(Refusal::combination(
            "Either NodeGroupsToRemove or NodeGroupsToRetain is required when NodeGroupCount is less than the current \
             number of node groups.",
        ));
    }
    let unknown: Vec<&str> = named
        .iter()
        .filter(|id| group.shard(id).is_none())
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        return Err(Refusal::value(format!(
            "The following node group ids are invalid: [{}]",
            unknown.join(", ")
        )));
    }
    let named: BTreeSet<String> = named.iter().cloned().collect();
    let leaving: BTreeSet<String> = if request.remove.is_empty() {
        let ids = group.shards.iter().map(|shard| shard.id.clone());
        ids.filter(|id| !named.contains(id)).collect()
    } else {
        named
    };
    if leaving.len() != current - count {
        return Err(Refusal::value(format!(
            "The number of node groups to remove, {}, does not match NodeGroupCount {count} of {current}.",
            leaving.len()
        )));
    }
    Ok(leaving)
}

/// The shards of a growth, still without slots. Each gets as many nodes as the smallest shard has ([EC-DG]); ids go on
/// after the highest ever used.
fn new_shards(
    group: &mut ReplicationGroup,
    placements: &[ShardPlacement],
    count: usize,
    per_shard: usize,
    placer: &mut Placer,
    now: DateTime<Utc>,
) -> Outcome<Vec<Shard>> {
    let missing = count - group.shards.len();
    // A list as long as the whole group speaks of its present shards too (ASSUMED: the parameter's description speaks
    // of "each node group in the cluster", its user guide's examples of new ones).
    let skipped = if placements.len() == count {
        group.shards.len()
    } else {
        0
    };
    let wanted: Vec<&ShardPlacement> = placements
        .iter()
        .enumerate()
        .filter(|(at, placement)| match &placement.shard {
            Some(id) => group.shard(id).is_none(),
            None => *at >= skipped,
        })
        .map(|(_, placement)| placement)
        .collect();
    if wanted.len() > missing {
        return Err(Refusal::value(format!(
            "ReshardingConfiguration names {} new node groups where {missing} are added.",
            wanted.len()
        )));
    }
    let mut ids: BTreeSet<String> = group.shards.iter().map(|shard| shard.id.clone()).collect();
    let mut highest = group.highest_shard;
    let mut added = Vec::new();
    for at in 0..missing {
        let placement = wanted.get(at);
        let id = match placement.and_then(|placement| placement.shard.clone()) {
            Some(id) => {
                highest = highest.max(shard_number(&id)?);
                id
            }
            None => {
                highest += 1;
                format!("{highest:04}")
            }
        };
        if !ids.insert(id.clone()) {
            return Err(Refusal::value(format!(
                "The following node group ids are invalid: [{id}]"
            )));
        }
        let preferred = placement.map_or(&[][..], |placement| &placement.zones);
        if !preferred.is_empty() && preferred.len() != per_shard {
            return Err(Refusal::value(format!(
                "PreferredAvailabilityZones of node group {id} must name {per_shard} zones, one for each node."
            )));
        }
        let zones = placer.place(per_shard, preferred)?;
        let nodes = zones.into_iter().enumerate().map(|(place, zone)| Node {
            id: group.node_id(&id, place + 1),
            zone,
            outpost: None,
            primary: place == 0,
            status: CREATING.to_owned(),
            created: now,
            last_failover: None,
            lag: Some(USUAL_LAG),
        });
        added.push(Shard {
            nodes: nodes.collect(),
            slots: SlotSet::new(),
            listed: false,
            id,
        });
    }
    group.highest_shard = highest;
    Ok(added)
}

/// The number in a shard id: one to four digits (\[BC\] `AllowedNodeGroupId`).
pub(crate) fn shard_number(id: &str) -> Outcome<u32> {
    let digits = (1..=4).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| digits).ok_or_else(|| {
        Refusal::value(format!(
            "Invalid node group id: {id}. It has one to four digits."
        ))
    })
}

/// Starts the work and returns the group as the call's answer shows it: `modifying` at once (ASSUMED), whatever
/// `modifying_delay` does to describes.
fn accept(
    group: &mut ReplicationGroup,
    added: Vec<Shard>,
    leaving: &BTreeSet<String>,
    now: DateTime<Utc>,
    parameters: &Parameters,
) -> ReplicationGroup {
    let added_ids: Vec<String> = added.iter().map(|shard| shard.id.clone()).collect();
    group.shards.extend(added);
    let owned: Vec<SlotSet> = group
        .shards
        .iter()
        .map(|shard| shard.slots.clone())
        .collect();
    let stays: Vec<bool> = group
        .shards
        .iter()
        .map(|shard| !leaving.contains(&shard.id))
        .collect();
    let moves = slots::plan_moves(&owned, &stays);
    let id = |at: usize| group.shards[at].id.clone();
    let queues = (0..group.shards.len())
        .map(|to| Queue {
            to: id(to),
            moves: moves
                .iter()
                .filter(|step| step.to == to)
                .map(|step| (step.slot, id(step.from)))
                .collect::<VecDeque<_>>(),
            credit: 0,
        })
        .filter(|queue| !queue.moves.is_empty())
        .collect();
    let phase = if !leaving.is_empty() && !fits(group, owned, &moves, &stays) {
        Phase::Terminating {
            until: now + TERMINATION,
        }
    } else if added_ids.is_empty() {
        Phase::Moving
    } else {
        Phase::Creating {
            until: now + parameters.node_creation,
        }
    };
    let reshard = Reshard {
        phase,
        added: added_ids,
        leaving: leaving.iter().cloned().collect(),
        queues,
        planned: moves.len(),
        moved: 0,
        last: now,
    };
    group.work = Some(Work::Reshard(Box::new(reshard)));
    group.work_shows_from = now + parameters.modifying_delay;
    super::migration::list_at_start(group, now, parameters);
    ReplicationGroup {
        work_shows_from: now,
        ..group.clone()
    }
}

/// Whether every shard that stays can hold what it would own in the end ([EC-DG]: a scale-in whose data does not fit is
/// accepted and then terminated; that it is accepted is the inference of the facts).
fn fits(
    group: &ReplicationGroup,
    mut owned: Vec<SlotSet>,
    moves: &[slots::Move],
    stays: &[bool],
) -> bool {
    for step in moves {
        owned[step.from].remove(&step.slot);
        owned[step.to].insert(step.slot);
    }
    let room = group.max_memory();
    owned
        .iter()
        .zip(stays)
        .filter(|(_, stays)| **stays)
        .all(|(slots, _)| group.keyspace.bytes(slots) <= room)
}
