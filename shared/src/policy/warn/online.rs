//! Warnings that need a look at the account: what the file names and the account does not have, or has otherwise.

use std::{collections::BTreeSet, ops::Range};

use super::Notes;
use crate::alarm::shows_auto_scaling;
use crate::cluster::Group;
use crate::policy::file::{Entry, PolicyFile};
use crate::policy::mistake::Warnings;
use crate::policy::{ReshardPolicy, is_exact};

/// What an account and Region have of what a policy is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccountSeen {
    /// Every replication group.
    pub groups: Vec<Group>,
    /// Of the alarms that the policy names, those that are there.
    pub alarms: BTreeSet<String>,
    /// The names of alarms that look like those of Application Auto Scaling.
    pub auto_scaling: Vec<String>,
}

impl PolicyFile {
    /// What the file says that does not fit the account.
    pub fn warnings_about(&self, seen: &AccountSeen) -> Warnings {
        let mut notes = Notes::default();
        for (entry, policy) in self.entries.iter().zip(&self.policy.reshard) {
            warn_of_absent_alarms(entry, seen, &mut notes);
            let groups: Vec<&Group> = seen
                .groups
                .iter()
                .filter(|group| {
                    let governs = self.policy.reshard_for(&group.id);
                    governs.is_some_and(|other| other.replication_group == entry.group)
                })
                .collect();
            if groups.is_empty() {
                warn_of_nothing_governed(entry, &mut notes);
            }
            for group in groups {
                warn_of_group(entry, policy, group, seen, &mut notes);
            }
        }
        Warnings::new(&self.name, &self.text, notes.0)
    }
}

fn warn_of_absent_alarms(entry: &Entry, seen: &AccountSeen, notes: &mut Notes) {
    let whole = &entry.whole;
    let lists = [
        (
            &whole.alarms_scale_out,
            "it never asks for growth, and no scale-in happens",
        ),
        (
            &whole.alarms_stop,
            "every change is held as if it were in ALARM",
        ),
        (&whole.alarms_after, "it cannot tell that a change did harm"),
    ];
    for (list, means) in lists {
        for (name, at) in list.value().into_iter().flatten() {
            if !seen.alarms.contains(name) {
                notes.warn(
                    at,
                    format!("the account and Region have no alarm \"{name}\": {means}"),
                    "correct the name, or create the alarm",
                );
            }
        }
    }
}

fn warn_of_nothing_governed(entry: &Entry, notes: &mut Notes) {
    let (group, at) = (&entry.group, &entry.group_at);
    if is_exact(group) {
        let message = format!("the account and Region have no replication group \"{group}\"");
        notes.warn(at, message, "correct the id, or remove the entry");
    } else {
        let message = format!("\"{group}\" governs no replication group of the account and Region");
        notes.warn(
            at,
            message,
            "correct the glob, unless the groups are yet to come",
        );
    }
}

fn warn_of_group(
    entry: &Entry,
    policy: &ReshardPolicy,
    group: &Group,
    seen: &AccountSeen,
    notes: &mut Notes,
) {
    let (id, at) = (&group.id, &entry.group_at);
    let mode = group.cluster_mode.as_deref();
    if mode != Some("enabled") {
        let mode = mode.unwrap_or("unsaid");
        notes.warn(
            at,
            format!("cluster mode of {id} is {mode}: its shards cannot be changed"),
            "enable cluster mode, or leave the group out",
        );
    }
    if let Some(datastore) = &group.global_datastore {
        notes.warn(
            at,
            format!("{id} belongs to Global Datastore {datastore}, whose shards change through the datastore"),
            "leave the group out",
        );
    }
    if let Some(alarm) = seen
        .auto_scaling
        .iter()
        .find(|name| shows_auto_scaling(name, id))
    {
        notes.warn(
            at,
            format!(
                "AWS Application Auto Scaling governs {id} (alarm {alarm}): every change is held"
            ),
            "deregister its scalable target, or leave the group out",
        );
    }
    let (shards, min, max) = (group.shard_count(), policy.min_shards, policy.max_shards);
    if !(min..=max).contains(&shards) {
        notes.warn(
            at,
            format!("{id} has {shards} shards, outside {min} to {max}: every change is held"),
            "widen the bounds, or reshard it by hand",
        );
    }
    warn_of_nodes(entry, policy, group, notes);
}

/// The quota counts nodes, so how many shards fit depends on the replicas that the group really has.
fn warn_of_nodes(entry: &Entry, policy: &ReshardPolicy, group: &Group, notes: &mut Notes) {
    let (id, quota, max) = (&group.id, policy.node_quota, policy.max_shards);
    let written = [
        entry.whole.node_quota.given(),
        entry.whole.max_shards.given(),
    ];
    let [quota_at, max_at] = written.map(|given| given.map(|(_, at)| at));
    let place = |first: Option<&Range<usize>>| first.cloned().unwrap_or(entry.group_at.clone());
    let (there, each) = (group.node_count(), group.nodes_per_new_shard());
    let at_most = max.saturating_mul(each);
    if there > quota {
        notes.warn(
            &place(quota_at.or(max_at)),
            format!(
                "{id} has {there} nodes already, more than `node_quota` {quota}: it never grows"
            ),
            "write the quota that AWS granted",
        );
    } else if at_most > quota {
        notes.warn(
            &place(max_at.or(quota_at)),
            format!(
                "`max_shards` {max} would be {at_most} nodes of {id}, over the quota of {quota}"
            ),
            format!(
                "lower it to {}, or raise `node_quota` once AWS granted more",
                quota / each
            ),
        );
    }
}
