//! Warnings about failovers that need a look at the account. It sees replication groups, and no Neptune clusters.

use super::{AccountSeen, warn_of_absent, warn_of_nothing_governed};
use crate::cluster::{Group, ReplicationGroupId};
use crate::policy::failover::{FailoverEntry, Kind};
use crate::policy::file::PolicyFile;
use crate::policy::warn::Notes;
use crate::policy::warn::rotation::{Round, warn_of_budget};
use crate::policy::{FailoverPolicy, Policy};

impl PolicyFile {
    pub(super) fn warn_of_failovers_in(&self, seen: &AccountSeen, notes: &mut Notes) {
        let mut rounds = Vec::new();
        for entry in &self.failovers {
            entry.warn_of_absent_alarms(seen, notes);
            let groups: Vec<&Group> = match entry.kind {
                Kind::Shard => self.governed(seen, entry, Policy::failover_shard_for),
                Kind::Promotion => self.governed(seen, entry, Policy::promote_replica_for),
                Kind::DbCluster => continue,
            };
            if groups.is_empty() {
                warn_of_nothing_governed(&entry.policy.target, &entry.target_at, notes);
            }
            for group in groups {
                entry.warn_of_group(group, notes);
                rounds.extend(Round::of(entry, group.id.as_str(), group.shard_count(), ""));
            }
        }
        for round in &rounds {
            round.warn_of_window(notes);
        }
        warn_of_budget(&rounds, &self.policy.fleet, notes);
    }

    /// The groups that an entry governs.
    fn governed<'s, 'p>(
        &'p self,
        seen: &'s AccountSeen,
        entry: &FailoverEntry,
        governs: impl Fn(&'p Policy, &ReplicationGroupId) -> Option<&'p FailoverPolicy>,
    ) -> Vec<&'s Group> {
        let groups = seen.groups.iter();
        groups
            .filter(|group| {
                governs(&self.policy, &group.id)
                    .is_some_and(|other| other.target == entry.policy.target)
            })
            .collect()
    }
}

impl FailoverEntry {
    fn warn_of_absent_alarms(&self, seen: &AccountSeen, notes: &mut Notes) {
        let lists = [
            (
                &self.draft.stop,
                "every failover is held as if it were in ALARM",
            ),
            (&self.draft.evacuate, "it never asks for a failover"),
        ];
        for (list, means) in lists {
            warn_of_absent(list, means, seen, notes);
        }
    }

    /// What a group is that no failover of this kind can happen in.
    fn warn_of_group(&self, group: &Group, notes: &mut Notes) {
        let (id, at) = (&group.id, &self.target_at);
        let mode = group.cluster_mode.as_deref();
        if self.kind == Kind::Promotion && mode != Some("disabled") {
            let mode = mode.unwrap_or("unsaid");
            notes.warn(
                at,
                format!("cluster mode of {id} is {mode}: its replicas cannot be promoted"),
                "write the group in `[[failover_shard]]`, or leave it out",
            );
        }
        let alone = group.shards.iter().filter(|shard| shard.nodes.len() < 2);
        let alone: Vec<&str> = alone.map(|shard| shard.id.as_str()).collect();
        let what = match alone.as_slice() {
            [] => return,
            [one] => format!("shard {one} of {id} has"),
            [first, others @ ..] => {
                format!("shard {first} and {} more of {id} have", others.len())
            }
        };
        notes.warn(
            at,
            format!("{what} no replica to fail over to"),
            "add a replica to each shard, or leave the group out",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::group;
    use super::*;

    const FILE: &str = "version = 1\n\
        [[failover_shard]]\n\
        replication_group = \"orders-*\"\n\
        alarms = { stop = [\"incident\"], evacuate = [\"hot\"] }\n\
        apply = \"all\"\n\
        cooldown_minutes = 10\n\
        drill.every_days = 2\n\
        drill.time_zone = \"UTC\"\n\
        drill.from = \"09:00\"\n\
        drill.to = \"12:00\"\n\
        [[failover_db_cluster]]\n\
        db_cluster = \"graph\"\n\
        alarms.stop = [\"incident\"]\n\
        [[promote_replica]]\n\
        replication_group = \"carts\"\n";

    /// An account that has all that the file names, but the Neptune cluster, at which nobody looks.
    fn account() -> AccountSeen {
        let mut carts = group("carts", 1, 2);
        carts.cluster_mode = Some("disabled".to_owned());
        AccountSeen {
            groups: vec![group("orders-eu", 12, 2), group("orders-us", 8, 2), carts],
            alarms: ["hot", "incident"].map(str::to_owned).into(),
            auto_scaling: Vec::new(),
        }
    }

    fn warnings(seen: &AccountSeen) -> Vec<(usize, String)> {
        let file = PolicyFile::parse("policy.toml", FILE).unwrap();
        let warnings = file.warnings_about(seen);
        let warnings = warnings.iter();
        warnings
            .map(|warning| (warning.line, warning.message.clone()))
            .collect()
    }

    /// The only warning about the file holds these words, and stands on this line.
    #[track_caller]
    fn only(seen: &AccountSeen, line: usize, words: &str) {
        let found = warnings(seen);
        let [(at, message)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(*at == line && message.contains(words), "{at}: {message}");
    }

    #[test]
    fn drills_that_come_round_are_nothing_to_warn_of() {
        assert_eq!(warnings(&account()), []);
    }

    #[test]
    fn shards_of_all_groups_of_a_glob_count_against_the_budget() {
        let mut seen = account();
        seen.groups.push(group("orders-ap", 1, 2));
        only(
            &seen,
            7,
            "orders-eu: 12 shards every 2 days; orders-us: 8 shards every 2 days; orders-ap: 1 shard every 2 days \
             need 10.5 a day; the budget leaves 10",
        );
    }

    #[test]
    fn shards_of_a_group_count_against_its_window() {
        let mut seen = account();
        seen.groups.truncate(1);
        let file = FILE.replace("12:00", "10:00");
        let file = PolicyFile::parse("policy.toml", &file).unwrap();
        let drawn = |seen: &AccountSeen| file.warnings_about(seen).to_string();
        // Six starts in an hour, every day: 42 a week.
        let fits = drawn(&seen);
        assert!(!fits.contains("window"), "{fits}");
        seen.groups = vec![group("orders-eu", 13, 2)];
        let late = drawn(&seen);
        let words = "orders-eu: 13 shards every 2 days need 45.5 drills a week; the window and a cooldown of 10 min leave 42";
        assert!(late.contains(words), "{late}");
    }

    #[test]
    fn what_is_not_there_is_named_where_it_is_written() {
        let mut seen = account();
        seen.alarms.remove("hot");
        only(&seen, 4, "no alarm \"hot\": it never asks for a failover");
        let mut seen = account();
        seen.groups.retain(|group| group.id.as_str() != "carts");
        only(&seen, 15, "no replication group \"carts\"");
        let mut seen = account();
        seen.groups.drain(..2);
        only(&seen, 3, "\"orders-*\" governs no replication group");
        let mut seen = account();
        seen.alarms.remove("incident");
        let found = warnings(&seen);
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [4, 13], "{found:?}");
    }

    #[test]
    fn a_group_in_which_nothing_can_be_failed_over_is_named() {
        let mut seen = account();
        seen.groups[2].cluster_mode = Some("enabled".to_owned());
        only(&seen, 15, "cluster mode of carts is enabled");
        let mut seen = account();
        seen.groups[1] = group("orders-us", 8, 1);
        only(
            &seen,
            3,
            "shard 0001 and 7 more of orders-us have no replica",
        );
    }
}
