//! Warnings that need a look at the account: what the file names and the account does not have, or has otherwise.

mod failovers;

use std::{collections::BTreeSet, ops::Range};

use super::Notes;
use crate::alarm::shows_auto_scaling;
use crate::cluster::Group;
use crate::policy::file::{Entry, PolicyFile};
use crate::policy::mistake::Warnings;
use crate::policy::read::Names;
use crate::policy::walk::Read;
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
                warn_of_nothing_governed(&entry.group, &entry.group_at, &mut notes);
            }
            for group in groups {
                warn_of_group(entry, policy, group, seen, &mut notes);
            }
        }
        self.warn_of_failovers_in(seen, &mut notes);
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
        (&whole.alarms_scale_in, "no scale-in happens"),
        (
            &whole.alarms_stop,
            "every change is held as if it were in ALARM",
        ),
        (&whole.alarms_after, "it cannot tell that a change did harm"),
    ];
    for (list, means) in lists {
        warn_of_absent(list, means, seen, notes);
    }
}

/// The alarms of a list that are not there; `means` is what follows.
fn warn_of_absent(list: &Read<Names>, means: &str, seen: &AccountSeen, notes: &mut Notes) {
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

fn warn_of_nothing_governed(group: &str, at: &Range<usize>, notes: &mut Notes) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch};

    const FILE: &str = "version = 1\n\
        [[reshard]]\n\
        replication_group = \"orders\"\n\
        min_shards = 2\n\
        max_shards = 20\n\
        node_quota = 40\n\
        targets.engine_cpu = 60\n\
        alarms.scale_out = [\"hot\"]\n\
        alarms.stop = [\"incident\"]\n\
        [[reshard]]\n\
        replication_group = \"sessions-*\"\n\
        min_shards = 2\n\
        max_shards = 8\n\
        targets.engine_cpu = 60\n";

    pub(super) fn group(id: &str, shards: usize, nodes: usize) -> Group {
        let node = |shard: usize, node: usize| Node {
            id: NodeId::new(&format!("{id}-{shard:04}-{node:03}")),
            availability_zone: None,
            status: Status::Available,
            is_primary: None,
        };
        Group {
            id: ReplicationGroupId::new(id),
            status: Status::Available,
            cluster_mode: Some("enabled".to_owned()),
            node_type: None,
            automatic_failover: Switch::On,
            multi_az: Switch::On,
            global_datastore: None,
            snapshot_window: None,
            maintenance_window: None,
            slot_migration_percent: None,
            member_count: shards * nodes,
            shards: (1..=shards)
                .map(|shard| Shard {
                    id: ShardId::new(&format!("{shard:04}")),
                    status: Status::Available,
                    slots: None,
                    nodes: (1..=nodes).map(|number| node(shard, number)).collect(),
                })
                .collect(),
        }
    }

    /// An account that has all that the file names.
    fn account() -> AccountSeen {
        AccountSeen {
            groups: vec![group("orders", 3, 2), group("sessions-eu", 3, 2)],
            alarms: ["hot", "incident"].map(str::to_owned).into(),
            auto_scaling: Vec::new(),
        }
    }

    /// The only warning about the file, with its line.
    #[track_caller]
    fn only(seen: &AccountSeen) -> (usize, String) {
        let file = PolicyFile::parse("policy.toml", FILE).unwrap();
        let warnings = file.warnings_about(seen);
        assert_eq!(warnings.len(), 1, "{warnings}");
        let warning = warnings.iter().next().unwrap();
        (warning.line, warning.message.clone())
    }

    #[test]
    fn an_account_that_has_all_is_nothing_to_warn_of() {
        let file = PolicyFile::parse("policy.toml", FILE).unwrap();
        let warnings = file.warnings_about(&account());
        assert!(warnings.is_empty(), "{warnings}");
    }

    #[test]
    fn what_is_not_there_is_named_where_it_is_written() {
        let mut seen = account();
        seen.alarms.remove("incident");
        let (line, message) = only(&seen);
        assert!(line == 9 && message.contains("\"incident\""), "{message}");

        let mut seen = account();
        seen.groups.retain(|group| group.id.as_str() != "orders");
        let (line, message) = only(&seen);
        assert!(
            line == 3 && message.contains("no replication group"),
            "{message}"
        );

        let mut seen = account();
        seen.groups.truncate(1);
        let (line, message) = only(&seen);
        assert!(
            line == 11 && message.contains("governs no replication group"),
            "{message}"
        );
    }

    #[test]
    fn a_group_that_would_only_be_held_is_named() {
        type Change = (fn(&mut Group), &'static str);
        let changes: [Change; 4] = [
            (
                |group| group.cluster_mode = Some("compatible".to_owned()),
                "cluster mode of orders is compatible",
            ),
            (|group| group.cluster_mode = None, "is unsaid"),
            (
                |group| group.global_datastore = Some("ldgnf-x".to_owned()),
                "Global Datastore ldgnf-x",
            ),
            (
                |group| group.shards.truncate(1),
                "1 shards, outside 2 to 20",
            ),
        ];
        for (change, words) in changes {
            let mut seen = account();
            change(&mut seen.groups[0]);
            let (line, message) = only(&seen);
            assert!(line == 3 && message.contains(words), "{message}");
        }
        let mut seen = account();
        seen.auto_scaling = vec!["TargetTracking-replication-group/orders-AlarmHigh-1".to_owned()];
        assert!(only(&seen).1.contains("Application Auto Scaling governs"));
    }

    #[test]
    fn the_quota_counts_the_replicas_that_the_group_really_has() {
        let mut seen = account();
        seen.groups[0] = group("orders", 3, 3);
        let (line, message) = only(&seen);
        assert!(
            line == 5 && message.contains("`max_shards` 20 would be 60 nodes"),
            "{message}"
        );
        seen.groups[0] = group("orders", 15, 3);
        let (line, message) = only(&seen);
        assert!(line == 6 && message.contains("has 45 nodes"), "{message}");
    }
}
