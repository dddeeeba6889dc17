//! What a policy may say, and a careful person would not.
//!
//! A warning stands on something that the file writes; what is built in is no reason to warn.

mod alarms;
mod load;
mod pace;

use std::ops::Range;

use super::draft::Draft;
use super::file::{Entry, PolicyFile};
use super::mistake::{Slip, Warnings};
use super::{Apply, ReshardPolicy, cover, rank};

/// What AWS recommends at the least: a primary and one replica.
const USUAL_NODES_A_SHARD: u32 = 2;

impl PolicyFile {
    /// What the file says that is legal but unwise.
    pub fn warnings(&self) -> Warnings {
        let mut notes = Notes::default();
        for (place, (entry, policy)) in self.entries.iter().zip(&self.policy.reshard).enumerate() {
            let subject = Subject {
                own: &entry.own,
                whole: &entry.whole,
                defaults: &self.defaults,
                policy,
            };
            self.warn_of_cover(place, entry, &mut notes);
            warn_of_everything(entry, policy, &mut notes);
            subject.warn_of_bounds(&mut notes);
            subject.warn_of_targets(&mut notes);
            subject.warn_of_pace(&mut notes);
            subject.warn_of_windows(&mut notes);
            subject.warn_of_alarms(&mut notes);
        }
        self.warn_of_fleet(&mut notes);
        Warnings::new(&self.name, &self.text, notes.0)
    }

    /// An entry whose every group is governed by another.
    fn warn_of_cover(&self, place: usize, entry: &Entry, notes: &mut Notes) {
        let own = rank(place, &entry.group);
        let winner = self.entries.iter().enumerate().find(|(other, wide)| {
            rank(*other, &wide.group) > own && cover::covers(&wide.group, &entry.group)
        });
        if let Some((_, winner)) = winner {
            let line = self.line(&winner.group_at);
            notes.warn(
                &entry.group_at,
                format!(
                    "this entry governs nothing: \"{}\" on line {line} wins wherever it matches",
                    winner.group
                ),
                "remove one of the two, or make this one more exact",
            );
        }
    }

    fn warn_of_fleet(&self, notes: &mut Notes) {
        let fleet = &self.policy.fleet;
        if let Some((pass, at)) = self.fleet.per_pass.given()
            && *pass > fleet.max_changes_per_hour
        {
            let hour = fleet.max_changes_per_hour;
            notes.warn(
                at,
                format!(
                    "`max_changes_per_pass` {pass} has no say: {hour} are allowed within an hour"
                ),
                "lower it, or raise `max_changes_per_hour`",
            );
        }
        // A glob stands for one group at the least.
        let most = self
            .policy
            .reshard
            .iter()
            .map(|entry| u64::from(entry.max_shards));
        let nodes = most.sum::<u64>() * u64::from(USUAL_NODES_A_SHARD);
        let quota = fleet.max_nodes_in_region;
        let largest = self
            .entries
            .iter()
            .filter_map(|entry| entry.whole.max_shards.given())
            .max_by_key(|(max, _)| **max);
        if nodes > u64::from(quota)
            && let Some((_, at)) = self.fleet.nodes.given().or(largest)
        {
            notes.warn(
                at,
                format!(
                    "at their maxima these groups have {nodes} nodes with one replica a shard; the Region has {quota}"
                ),
                "ask AWS for more and raise `fleet.max_nodes_in_region`, or lower a maximum",
            );
        }
    }
}

/// A glob that takes in everything, with leave to change it.
fn warn_of_everything(entry: &Entry, policy: &ReshardPolicy, notes: &mut Notes) {
    if policy.apply > Apply::None && entry.group.chars().all(|letter| letter == '*') {
        notes.warn(
            &entry.group_at,
            "every replication group of the account and Region may be changed, tomorrow's too",
            "name the groups, or write `apply = \"none\"` here",
        );
    }
}

/// Warnings as they are found.
#[derive(Debug, Default)]
struct Notes(Vec<Slip>);

impl Notes {
    fn warn(&mut self, at: &Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Slip {
            at: at.clone(),
            message: message.into(),
            fix: advice.into(),
            missing: false,
        });
    }
}

/// One entry: what it writes, what it inherits, what it comes to.
struct Subject<'f> {
    own: &'f Draft,
    whole: &'f Draft,
    defaults: &'f Draft,
    policy: &'f ReshardPolicy,
}

impl Subject<'_> {
    fn warn_of_bounds(&self, notes: &mut Notes) {
        let policy = self.policy;
        let Some((max, at)) = self.whole.max_shards.given() else {
            return;
        };
        let nodes = max.saturating_mul(USUAL_NODES_A_SHARD);
        let quota = policy.node_quota;
        if nodes > quota {
            notes.warn(
                at,
                format!("`max_shards` {max} is {nodes} nodes with one replica a shard, over the quota of {quota}"),
                format!(
                    "lower it to {}, or raise `node_quota` once AWS granted more",
                    quota / USUAL_NODES_A_SHARD
                ),
            );
        }
        if *max == policy.min_shards {
            notes.warn(
                at,
                format!("`min_shards` and `max_shards` are both {max}: the count never changes"),
                "to watch only, write `apply = \"none\"` and the bounds you would want",
            );
        }
    }
}
