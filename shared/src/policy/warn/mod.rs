//! What a policy may say, and a careful person would not.
//!
//! A warning stands on something that the file writes; what is built in is no reason to warn.

mod alarms;
mod failovers;
mod load;
mod online;
mod pace;
mod rotation;

use std::ops::Range;

pub use online::AccountSeen;

use super::draft::Draft;
use super::file::PolicyFile;
use super::mistake::{Slip, Warnings};
use super::names::GROUP_IDS;
use super::walk::Read;
use super::{Apply, ReshardPolicy, cover, rank};

/// What AWS recommends at the least: a primary and one replica.
const USUAL_NODES_A_SHARD: u32 = 2;

impl PolicyFile {
    /// What the file says that is legal but unwise.
    pub fn warnings(&self) -> Warnings {
        let mut notes = Notes::default();
        let globs = self.entries.iter();
        let globs = globs.map(|entry| (entry.group.as_str(), &entry.group_at));
        self.warn_of_cover(&globs.collect::<Vec<_>>(), GROUP_IDS.longest, &mut notes);
        for (entry, policy) in self.entries.iter().zip(&self.policy.reshard) {
            let subject = Subject {
                own: &entry.own,
                whole: &entry.whole,
                defaults: &self.defaults,
                policy,
            };
            Everything {
                glob: &entry.group,
                at: &entry.group_at,
                applies: policy.apply > Apply::None,
                noun: GROUP_IDS.noun,
                may_be: "changed",
            }
            .warn(&mut notes);
            subject.warn_of_bounds(&mut notes);
            subject.warn_of_targets(&mut notes);
            subject.warn_of_pace(&mut notes);
            subject.warn_of_windows(&mut notes);
            subject.warn_of_alarms(&mut notes);
        }
        self.warn_of_fleet(&mut notes);
        self.warn_of_failovers(&mut notes);
        Warnings::new(&self.name, &self.text, notes.0)
    }

    /// Entries whose every target is governed by another of the same kind; `longest` is the length of an id.
    fn warn_of_cover(&self, globs: &[(&str, &Range<usize>)], longest: usize, notes: &mut Notes) {
        for (place, (glob, at)) in globs.iter().enumerate() {
            let own = rank(place, glob);
            let winner = globs.iter().enumerate().find(|(other, (wide, _))| {
                rank(*other, wide) > own && cover::covers(wide, glob, longest)
            });
            if let Some((_, (winner, winner_at))) = winner {
                let line = self.line(winner_at);
                notes.warn(
                    at,
                    format!("this entry governs nothing: \"{winner}\" on line {line} wins wherever it matches"),
                    "remove one of the two, or make this one more exact",
                );
            }
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

/// An entry, to see whether it takes in everything, with leave to change it.
struct Everything<'f> {
    glob: &'f str,
    at: &'f Range<usize>,
    applies: bool,
    noun: &'static str,
    may_be: &'static str,
}

impl Everything<'_> {
    fn warn(&self, notes: &mut Notes) {
        if self.applies && self.glob.chars().all(|letter| letter == '*') {
            let (noun, may_be) = (self.noun, self.may_be);
            notes.warn(
                self.at,
                format!("every {noun} of the account and Region may be {may_be}, tomorrow's too"),
                format!(
                    "name the {}s, or write `apply = \"none\"` here",
                    short_noun(noun)
                ),
            );
        }
    }
}

/// The last word: `group` for a replication group.
fn short_noun(noun: &str) -> &str {
    noun.rsplit(' ').next().unwrap_or(noun)
}

/// CloudWatch shows samples minutes late; below this most newest samples would be stale.
const LEAST_STALE_AFTER_MINUTES: u32 = 3;

fn warn_of_stale(stale_after: &Read<u32>, means: &str, notes: &mut Notes) {
    if let Some((minutes, at)) = stale_after.given()
        && *minutes < LEAST_STALE_AFTER_MINUTES
    {
        notes.warn(
            at,
            format!(
                "samples count as stale after {minutes} min, and CloudWatch shows them minutes late"
            ),
            format!("write at least {LEAST_STALE_AFTER_MINUTES}, or {means}"),
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
