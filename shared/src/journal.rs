//! The journal: what only we know of a target. That we asked for a change, when, and how it ended.
//!
//! It never stores what a service can tell; it dates changes because no service does. One item per target, shared by all
//! functions, written with compare-and-set on its version.

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    cluster::{Activity, ShardId},
    failover::{DrillReport, FailoverAttempt, Replacement, Spent},
    load::delta,
    pause::ScopedPause,
};

mod failovers;

pub use crate::pause::Pause;
pub use failovers::Leader;

/// The item whose pauses are about more than one target.
pub const EVERYTHING: &str = "*";

/// Attempts kept per target: enough for a day at the shortest cooldown worth having.
const ATTEMPTS_KEPT: usize = 20;

/// How long an accepted change may stay invisible before we conclude that it will not come: AWS starts a change within a
/// minute or two, and its own answers lag by at most a few.
pub const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// The longest that one pass lives: Lambda's own limit. A word in the journal that is further ahead of a sight than this was
/// not written by a run beside ours but by a wrong clock, and must not blind us until that clock's time comes.
const PASS_LIVES: TimeDelta = TimeDelta::minutes(15);

/// The longest hold after failures in a row: long enough not to hammer, short enough that a fixed quota is noticed the
/// same morning.
const LONGEST_BACKOFF: Duration = Duration::from_secs(4 * 3600);

/// Everything remembered of one target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Journal {
    /// Version of the item that was read; 0: there is no item yet. Not part of the stored entry.
    #[serde(skip)]
    pub version: u64,
    /// When a pass first saw the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<DateTime<Utc>>,
    /// The shard count last seen while nothing was going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// Since when the group has been seen busy with a change, whoever asked for it. `None`: it was not, when last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_since: Option<DateTime<Utc>>,
    /// The last change seen to complete, whoever asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<Change>,
    /// Our own attempts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Our own failovers, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failovers: Vec<FailoverAttempt>,
    /// The primary or writer last seen, where describes tell. `None`: they do not, or no pass has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<Leader>,
    /// The drills that were reported, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drills: Vec<DrillReport>,
    /// When each shard, or the cluster itself, was drilled last. The reports tell it too, but only the newest are kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drilled: BTreeMap<String, DateTime<Utc>>,
    /// Replacements of nodes that AWS told of and that are not done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<Replacement>,
    /// In the item of [`LEDGER`](crate::failover::LEDGER) only: what we spent of the account's quota.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledger: Vec<Spent>,
    /// A person's wish that we leave the target alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// In the item of [`EVERYTHING`] only: the pauses of patterns, so that they also cover groups that appear later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<ScopedPause>,
    /// What other versions and functions keep in the same item; carried along untouched.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

/// A change that was seen to complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When a pass first saw it complete.
    pub at: DateTime<Utc>,
    /// Shards before; `None`: not known.
    pub from: Option<u32>,
    /// Shards after.
    pub to: u32,
    /// Whether it was our attempt.
    pub ours: bool,
}

/// One change that we asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was written, just before the call.
    pub at: DateTime<Utc>,
    /// Shards before.
    pub from: u32,
    /// Shards asked for.
    pub to: u32,
    /// Shards to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<ShardId>,
    /// The hottest shard when it was asked for, where load was skewed: whether it cooled tells what growth was worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot: Option<HotShard>,
    /// How it went.
    pub outcome: AttemptOutcome,
}

/// A shard that was hotter than the others when an attempt was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotShard {
    /// Which shard.
    pub shard: ShardId,
    /// Its load, in percent.
    pub load: f64,
}

/// How an attempt went, as far as known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Written before the call; if it stays so, the function ended or the answer was lost before we knew.
    Asked,
    /// The service accepted it.
    Accepted,
    /// The service refused it.
    Refused {
        /// Its error code.
        code: String,
        /// When it can be tried again.
        retry: Retry,
    },
    /// The shard count asked for was seen.
    Completed {
        /// When.
        at: DateTime<Utc>,
    },
    /// The group settled with the count it had before: AWS ends a scale-in that does not fit without saying so.
    Unchanged {
        /// When that was seen.
        at: DateTime<Utc>,
    },
    /// The group settled in between.
    Partial {
        /// When that was seen.
        at: DateTime<Utc>,
        /// The count it settled with.
        shards: u32,
    },
}

/// When a refused change can be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// On the next pass: the target was busy, and we look again anyway.
    Now,
    /// After a while: capacity or a throttle.
    Later,
    /// After a person did something: a quota, a permission, a network.
    Person,
}

impl Attempt {
    /// Whether its end is still to be seen.
    pub fn is_open(&self) -> bool {
        matches!(
            self.outcome,
            AttemptOutcome::Asked | AttemptOutcome::Accepted
        )
    }

    /// Whether it failed in a way that the next attempt may meet again.
    pub fn failed(&self) -> bool {
        match self.outcome {
            AttemptOutcome::Refused { retry, .. } => retry != Retry::Now,
            AttemptOutcome::Unchanged { .. } | AttemptOutcome::Partial { .. } => true,
            AttemptOutcome::Asked | AttemptOutcome::Accepted | AttemptOutcome::Completed { .. } => {
                false
            }
        }
    }

    /// Whether it came to nothing only because something else was going on: neither a failure nor a success.
    fn found_the_target_busy(&self) -> bool {
        matches!(
            self.outcome,
            AttemptOutcome::Refused {
                retry: Retry::Now,
                ..
            }
        )
    }

    /// When its end was seen, or when it was asked for.
    pub fn ended_at(&self) -> DateTime<Utc> {
        match self.outcome {
            AttemptOutcome::Completed { at }
            | AttemptOutcome::Unchanged { at }
            | AttemptOutcome::Partial { at, .. } => at,
            AttemptOutcome::Asked | AttemptOutcome::Accepted | AttemptOutcome::Refused { .. } => {
                self.at
            }
        }
    }
}

impl AttemptOutcome {
    /// Its name, as `kind` spells it in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Completed { .. } => "completed",
            Self::Unchanged { .. } => "unchanged",
            Self::Partial { .. } => "partial",
        }
    }
}

impl fmt::Display for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked, answer not known"),
            Self::Accepted => f.write_str("accepted"),
            Self::Refused { code, .. } => write!(f, "refused with {code}"),
            Self::Completed { .. } => f.write_str("completed"),
            Self::Unchanged { .. } => f.write_str("left the shard count unchanged"),
            Self::Partial { shards, .. } => write!(f, "ended partway, at {shards} shards"),
        }
    }
}

impl Journal {
    /// Whether a run beside ours wrote here after `at`: a group that was looked at then may have changed since, and what this
    /// says of it is newer than the look.
    pub fn is_ahead_of(&self, at: DateTime<Utc>) -> bool {
        let words = [
            self.busy_since,
            self.last_change.map(|change| change.at),
            self.attempts.last().map(Attempt::ended_at),
            self.failovers.last().map(FailoverAttempt::ended_at),
            self.led_since(),
        ];
        words
            .into_iter()
            .flatten()
            .any(|word| at < word && word - at <= PASS_LIVES)
    }

    /// What the journal says after a group was seen at `at` with `shards` shards and this activity. Equal to `self` when
    /// the sight adds nothing, so that nothing needs to be written.
    #[must_use]
    pub fn sighted(&self, at: DateTime<Utc>, shards: u32, activity: &Activity) -> Journal {
        let mut next = self.clone();
        next.first_seen.get_or_insert(at);
        match activity {
            // A backup changes nothing, so it neither starts nor ends a change.
            Activity::Snapshotting => {}
            Activity::Changing { .. } => {
                next.busy_since.get_or_insert(at);
            }
            Activity::Idle => next.settle(at, shards),
        }
        next
    }

    fn settle(&mut self, at: DateTime<Utc>, shards: u32) {
        let busy_since = self.busy_since.take();
        let open = self.attempts.last_mut().filter(|attempt| attempt.is_open());
        let changed = busy_since.is_some() || self.shards.is_some_and(|before| before != shards);
        if changed {
            let ours = open.is_some();
            self.last_change = Some(Change {
                at,
                from: self.shards,
                to: shards,
                ours,
            });
        }
        if let Some(attempt) = open {
            let seen_busy = busy_since.is_some_and(|since| since >= attempt.at);
            if shards == attempt.to && attempt.from != attempt.to {
                attempt.outcome = AttemptOutcome::Completed { at };
            } else if shards != attempt.from {
                attempt.outcome = AttemptOutcome::Partial { at, shards };
            } else if seen_busy && attempt.from == attempt.to {
                attempt.outcome = AttemptOutcome::Completed { at };
            } else if seen_busy || at - attempt.at >= SETTLES_WITHIN {
                attempt.outcome = AttemptOutcome::Unchanged { at };
            }
        }
        self.shards = Some(shards);
    }

    /// Our attempt whose end is still to be seen.
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.is_open())
    }

    /// Our attempt that was open in `before` and has ended since. `None`: none was, or it is open still.
    pub fn ended_since(&self, before: &Journal) -> Option<&Attempt> {
        let open = before.open_attempt()?;
        self.attempts
            .iter()
            .rev()
            .find(|attempt| attempt.at == open.at)
            .filter(|attempt| !attempt.is_open())
    }

    /// The journal with a further attempt, as it must be written before the call.
    #[must_use]
    pub fn asking(&self, at: DateTime<Utc>, from: u32, to: u32, remove: Vec<ShardId>) -> Journal {
        let mut next = self.clone();
        next.attempts.push(Attempt {
            at,
            from,
            to,
            remove,
            hot: None,
            outcome: AttemptOutcome::Asked,
        });
        while next.attempts.len() > ATTEMPTS_KEPT {
            // What found the target busy teaches nothing; were it kept, an hour of it would push out the failures that pace us.
            let oldest = next
                .attempts
                .iter()
                .position(Attempt::found_the_target_busy);
            next.attempts.remove(oldest.unwrap_or(0));
        }
        next
    }

    /// The journal whose newest attempt remembers the hottest shard.
    #[must_use]
    pub fn because_of(&self, hot: Option<HotShard>) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.attempts.last_mut() {
            attempt.hot = hot;
        }
        next
    }

    /// When the last growth completed, whoever made it. `None`: none is remembered.
    pub fn last_growth(&self) -> Option<DateTime<Utc>> {
        let ours = self
            .attempts
            .iter()
            .filter(|attempt| attempt.to > attempt.from);
        let ours = ours.filter(|attempt| {
            matches!(
                attempt.outcome,
                AttemptOutcome::Completed { .. } | AttemptOutcome::Partial { .. }
            )
        });
        let seen = self
            .last_change
            .filter(|change| change.from.is_some_and(|from| change.to > from));
        ours.map(Attempt::ended_at)
            .chain(seen.map(|change| change.at))
            .max()
    }

    /// The journal with the newest attempt's outcome.
    #[must_use]
    pub fn answered(&self, outcome: AttemptOutcome) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.attempts.last_mut() {
            attempt.outcome = outcome;
        }
        next
    }

    /// After failures in a row: until when to hold (cooldown × 2 per further failure, capped), how many there were, and
    /// the last. `None`: the newest finished attempt that counts did not fail.
    ///
    /// For growth only growth counts: scale-ins that did not fit, night after night, are no reason to be late in the
    /// morning. For a scale-in everything counts.
    pub fn backing_off(
        &self,
        cooldown: Duration,
        growth: bool,
    ) -> Option<(DateTime<Utc>, u32, &Attempt)> {
        let counting = self.attempts.iter().rev().filter(|attempt| {
            (attempt.to > attempt.from || !growth) && !attempt.found_the_target_busy()
        });
        let failed: Vec<&Attempt> = counting.take_while(|attempt| attempt.failed()).collect();
        let last = *failed.first()?;
        let failures = u32::try_from(failed.len()).unwrap_or(u32::MAX);
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
        let hold = cooldown
            .saturating_mul(factor)
            .min(LONGEST_BACKOFF.max(cooldown));
        Some((last.ended_at() + delta(hold), failures, last))
    }
}

#[cfg(test)]
mod tests;
