//! Replacements: nodes that the service exchanges for new ones in a maintenance window, and nodes that come back in place.
//!
//! The events' wordings are the older user guide's, the notifications [EC-DG23]'s.

use chrono::{DateTime, Utc};

use super::{
    ElastiCache,
    log::Log,
    model::{REBOOTING, ReplicationGroup},
    takeover::{Cause, Failover, RECOVERY, recovery_ends, recovery_starts, successor},
};
use crate::cloud::Parameters;

/// A node that is to be replaced, or is being replaced in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    pub(crate) node: String,
    /// Begin of the window.
    pub(crate) start: DateTime<Utc>,
    /// End of the window.
    pub(crate) end: DateTime<Utc>,
    /// Until when it is being replaced in place; `None`: that has not begun.
    until: Option<DateTime<Utc>>,
}

impl ElastiCache {
    /// Schedules the replacement of a node for a maintenance window: the event is written and the notification sent now,
    /// the replacement begins with the window, or as soon after that as the group is idle (ASSUMED; \[EC-DG\] says no
    /// more than that it happens in the window). `false`: the node is unknown, or its replacement is scheduled already.
    pub fn schedule_replacement(
        &mut self,
        node: &str,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> bool {
        self.tick(now);
        let Some(group) = group_of(self.groups.values_mut(), node) else {
            return false;
        };
        if group.replacements.iter().any(|found| found.node == node) {
            return false;
        }
        let spell = |at| parameters.replacement_times.spell(at);
        let text = format!(
            "The node with Cache Cluster ID: {node}, Node ID: 0001 is scheduled for replacement during the maintenance \
             window from Start Time: {}, End Time: {}",
            spell(start),
            spell(end)
        );
        self.log.node(now, node, text);
        self.log
            .notify(now, &group.settings, "NodeReplacementScheduled", node);
        group.replacements.push(Replacement {
            node: node.to_owned(),
            start,
            end,
            until: None,
        });
        true
    }

    /// Moves a replacement that has not begun to another window. `false`: there is none.
    pub fn reschedule_replacement(
        &mut self,
        node: &str,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> bool {
        self.tick(now);
        let Some(group) = group_of(self.groups.values_mut(), node) else {
            return false;
        };
        let Some(found) = waiting(&mut group.replacements, node) else {
            return false;
        };
        let spell = |at| parameters.replacement_times.spell(at);
        let text = format!(
            "The replacement in maintenance window for node with Cache Cluster ID: {node}, Node ID: 0001 has \
             re-scheduled from Previous Start Time: {}, Previous End Time: {} to New Start Time: {}, New End Time: {}",
            spell(found.start),
            spell(found.end),
            spell(start),
            spell(end)
        );
        (found.start, found.end) = (start, end);
        self.log.node(now, node, text);
        self.log
            .notify(now, &group.settings, "NodeReplacementRescheduled", node);
        true
    }

    /// Cancels a replacement that has not begun. `false`: there is none.
    pub fn cancel_replacement(
        &mut self,
        node: &str,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> bool {
        self.tick(now);
        let Some(group) = group_of(self.groups.values_mut(), node) else {
            return false;
        };
        let Some(found) = waiting(&mut group.replacements, node) else {
            return false;
        };
        let spell = |at| parameters.replacement_times.spell(at);
        let text = format!(
            "The replacement for Cache Cluster ID: {node}, Node ID: 0001 scheduled during the maintenance window from \
             Start Time: {}, End Time: {} has been canceled",
            spell(found.start),
            spell(found.end)
        );
        self.log.node(now, node, text);
        self.log
            .notify(now, &group.settings, "NodeReplacementCanceled", node);
        group.replacements.retain(|found| found.node != node);
        true
    }

    /// The window for which a node's replacement is scheduled; `None`: none is, or it has begun.
    pub fn scheduled_replacement(&self, node: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let mut all = self.groups.values().flat_map(|group| &group.replacements);
        let found = all.find(|found| found.node == node && found.until.is_none())?;
        Some((found.start, found.end))
    }
}

/// The group that a node is a member of.
fn group_of<'a>(
    mut groups: impl Iterator<Item = &'a mut ReplicationGroup>,
    node: &str,
) -> Option<&'a mut ReplicationGroup> {
    groups.find(|group| group.nodes().any(|member| member.id == node))
}

/// The replacement of a node, unless it has begun.
fn waiting<'a>(all: &'a mut [Replacement], node: &str) -> Option<&'a mut Replacement> {
    all.iter_mut()
        .find(|found| found.node == node && found.until.is_none())
}

/// A node is down from now on until it has been replaced where it is; its role stays.
pub(crate) fn replace_in_place(
    group: &mut ReplicationGroup,
    node: &str,
    now: DateTime<Utc>,
    log: &mut Log,
) {
    if let Some(member) = group.node_mut(node) {
        member.status = REBOOTING.to_owned();
    }
    // What was scheduled for it happens herewith.
    group.replacements.retain(|found| found.node != node);
    let until = now + RECOVERY;
    group.replacements.push(Replacement {
        node: node.to_owned(),
        start: now,
        end: until,
        until: Some(until),
    });
    recovery_starts(group, node, true, now, log);
}

/// Does what falls due by `now`: ends replacements, and begins the next one while nothing else happens to the group.
pub(crate) fn step(group: &mut ReplicationGroup, now: DateTime<Utc>, log: &mut Log) {
    for found in std::mem::take(&mut group.replacements) {
        match found.until {
            Some(until) if now >= until => recovery_ends(group, &found.node, true, until, log),
            // A node that went with its shard needs no replacement.
            Some(_) | None if group.node_mut(&found.node).is_none() => {}
            Some(_) | None => group.replacements.push(found),
        }
    }
    let quiet = group.work.is_none()
        && group.takeover.is_none()
        && group.nodes().all(|node| node.available());
    let mut waiting = group.replacements.iter();
    let due = waiting.find(|found| found.until.is_none() && found.start <= now);
    if let Some(node) = due.filter(|_| quiet).map(|found| found.node.clone()) {
        begin(group, &node, now, log);
    }
}

/// Begins a replacement. A primary is moved away first where a replica can take over (\[EC-DG\] on replacing nodes).
fn begin(group: &mut ReplicationGroup, node: &str, now: DateTime<Utc>, log: &mut Log) {
    let led = group
        .shards
        .iter()
        .find(|shard| shard.primary().is_some_and(|primary| primary.id == node))
        .filter(|_| group.settings.automatic_failover)
        .map(|shard| shard.id.clone());
    let takeover = led.and_then(|shard| {
        let (old, new) = successor(group, &shard)?;
        Some(Failover {
            shard,
            old,
            new,
            cause: Cause::Replacement,
        })
    });
    match takeover {
        Some(failover) => {
            group.replacements.retain(|found| found.node != node);
            failover.start(group, now);
        }
        None => replace_in_place(group, node, now, log),
    }
}
