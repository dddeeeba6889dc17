//! Migration: slots on their way between shards, from the creation of nodes to the deletion of others.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{
    log::Log,
    model::{AVAILABLE, DELETING, ReplicationGroup, Work},
    placement::Zones,
};
use crate::cloud::Parameters;

/// Slots per second that a shard receives at most, however empty they are. ASSUMED: a public acceptance test that adds
/// and removes shards of an empty group ran tens of minutes ([GH terraform-provider-aws#45893]).
const EMPTY_SLOTS_PER_SECOND: u64 = 20;

/// Where a reshard stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The nodes of new shards are being made.
    Creating { until: DateTime<Utc> },
    /// Slots move.
    Moving,
    /// The nodes of drained shards are being deleted.
    Deleting { until: DateTime<Utc> },
    /// The data does not fit: nothing moves, nothing changes.
    Terminating { until: DateTime<Utc> },
}

/// What one shard still has to receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) to: String,
    /// Slots with the shard that owns each.
    pub(crate) moves: VecDeque<(u16, String)>,
    /// Bytes that could have been received and were not, for the next slot is larger.
    pub(crate) credit: u64,
}

/// A reshard under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reshard {
    pub(crate) phase: Phase,
    /// Shards made for it.
    pub(crate) added: Vec<String>,
    /// Shards to drain and delete.
    pub(crate) leaving: Vec<String>,
    /// Shards receive side by side, each its own slots one after another.
    pub(crate) queues: Vec<Queue>,
    pub(crate) planned: usize,
    pub(crate) moved: usize,
    /// Until when slots have moved.
    pub(crate) last: DateTime<Utc>,
}

impl Reshard {
    /// `SlotMigration.ProgressPercentage`.
    pub(crate) fn progress_percentage(&self) -> f64 {
        match (u32::try_from(self.moved), u32::try_from(self.planned)) {
            (Ok(moved), Ok(planned)) if planned > 0 => {
                100.0 * f64::from(moved) / f64::from(planned)
            }
            (Ok(_) | Err(_), Ok(_) | Err(_)) => 0.0,
        }
    }

    /// Whether slots enter or leave this shard at present.
    pub(crate) fn touches(&self, shard: &str) -> bool {
        let busy = |queue: &Queue| {
            !queue.moves.is_empty()
                && (queue.to == shard || queue.moves.iter().any(|(_, from)| from == shard))
        };
        self.phase == Phase::Moving && self.queues.iter().any(busy)
    }
}

/// Moves the work of a group on to `now`; leaves `group.work` empty when it is done.
pub(crate) fn step(
    group: &mut ReplicationGroup,
    mut reshard: Box<Reshard>,
    now: DateTime<Utc>,
    parameters: &Parameters,
    log: &mut Log,
    zones: &mut Zones,
) {
    loop {
        match reshard.phase {
            Phase::Creating { until } => {
                if now < until {
                    break;
                }
                nodes_created(group, &reshard.added, until, log);
                reshard.phase = Phase::Moving;
                reshard.last = until;
            }
            Phase::Moving => {
                move_slots(group, &mut reshard, now, parameters);
                if reshard.queues.iter().any(|queue| !queue.moves.is_empty()) {
                    break;
                }
                if !start_deletion(group, &mut reshard, now, parameters) {
                    finish(group);
                    return;
                }
            }
            Phase::Deleting { until } => {
                if now < until {
                    break;
                }
                delete_shards(group, &reshard.leaving, until, log, zones);
                finish(group);
                return;
            }
            Phase::Terminating { until } => {
                if now < until {
                    break;
                }
                finish(group);
                return;
            }
        }
    }
    group.work = Some(Work::Reshard(reshard));
    list_at_start(group, now, parameters);
}

/// With `shard_count_changes_at_start`, answers count the shards of the future from the moment that shows `modifying`.
pub(crate) fn list_at_start(
    group: &mut ReplicationGroup,
    now: DateTime<Utc>,
    parameters: &Parameters,
) {
    if !parameters.shard_count_changes_at_start || now < group.work_shows_from {
        return;
    }
    if let Some(Work::Reshard(reshard)) = &group.work {
        for shard in &mut group.shards {
            shard.listed = !reshard.leaving.contains(&shard.id);
        }
    }
}

fn finish(group: &mut ReplicationGroup) {
    for shard in &mut group.shards {
        shard.listed = true;
    }
}

fn nodes_created(group: &mut ReplicationGroup, added: &[String], at: DateTime<Utc>, log: &mut Log) {
    for shard in group
        .shards
        .iter_mut()
        .filter(|shard| added.contains(&shard.id))
    {
        for node in &mut shard.nodes {
            node.status = AVAILABLE.to_owned();
            node.created = at;
            created(node, &group.settings, at, log);
        }
    }
}

/// Logs a node's creation ([BC] examples give the texts, [EC-DG23] the notification).
pub(crate) fn created(
    node: &super::model::Node,
    settings: &super::model::Settings,
    at: DateTime<Utc>,
    log: &mut Log,
) {
    log.node(at, &node.id, "Cache cluster created");
    log.node(
        at,
        &node.id,
        format!("Added cache node 0001 in availability zone {}", node.zone),
    );
    log.notify(at, settings, "CacheClusterProvisioningComplete", &node.id);
}

/// Lets every shard receive what it can in the time that has passed. Slots that cannot move stay where they are.
fn move_slots(
    group: &mut ReplicationGroup,
    reshard: &mut Reshard,
    now: DateTime<Utc>,
    parameters: &Parameters,
) {
    let milliseconds = u64::try_from((now - reshard.last).num_milliseconds()).unwrap_or(0);
    reshard.last = now;
    let rate = parameters
        .migration_bytes_per_second
        .max(EMPTY_SLOTS_PER_SECOND);
    let received = rate.saturating_mul(milliseconds) / 1000;
    for queue in &mut reshard.queues {
        queue.credit = queue.credit.saturating_add(received);
        while let Some((slot, from)) = queue.moves.front() {
            let slot = *slot;
            if group.keyspace.unmovable.contains(&slot) {
                queue.moves.pop_front();
                continue;
            }
            let cost = group
                .keyspace
                .slot_bytes(slot)
                .max(rate / EMPTY_SLOTS_PER_SECOND);
            if queue.credit < cost {
                break;
            }
            queue.credit -= cost;
            let owner = group.shards.iter_mut().find(|shard| shard.id == *from);
            if owner.is_some_and(|shard| shard.slots.remove(&slot))
                && let Some(receiver) = group.shards.iter_mut().find(|shard| shard.id == queue.to)
            {
                receiver.slots.insert(slot);
            }
            reshard.moved += 1;
            queue.moves.pop_front();
        }
    }
}

/// Starts to delete the drained shards; a shard that still owns a slot stays, which makes the scale-in partial
/// ([EC-DG]). `false`: there is none to delete.
fn start_deletion(
    group: &mut ReplicationGroup,
    reshard: &mut Reshard,
    now: DateTime<Utc>,
    parameters: &Parameters,
) -> bool {
    reshard
        .leaving
        .retain(|id| group.shard(id).is_some_and(|shard| shard.slots.is_empty()));
    for id in &reshard.leaving {
        for node in group
            .shard_mut(id)
            .into_iter()
            .flat_map(|shard| &mut shard.nodes)
        {
            node.status = DELETING.to_owned();
        }
    }
    reshard.phase = Phase::Deleting {
        until: now + parameters.node_creation,
    };
    !reshard.leaving.is_empty()
}

fn delete_shards(
    group: &mut ReplicationGroup,
    leaving: &[String],
    at: DateTime<Utc>,
    log: &mut Log,
    zones: &mut Zones,
) {
    let (gone, kept) = std::mem::take(&mut group.shards)
        .into_iter()
        .partition::<Vec<_>, _>(|shard| leaving.contains(&shard.id));
    group.shards = kept;
    for node in gone.iter().flat_map(|shard| &shard.nodes) {
        zones.give_back(&node.zone);
        // Texts of these two are documented; that resharding logs them is ASSUMED.
        log.node(at, &node.id, "Removed cache nodes 0001");
        log.notify(at, &group.settings, "DeleteCacheClusterComplete", &node.id);
    }
}
