//! The journal: what only we know of a target. That we asked for a change, when, and how it ended.
//!
//! It never stores what a service can tell; it dates changes because no service does. One item per target, shared by all
//! functions, written with compare-and-set on its version.

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    cluster::{Activity, ShardId},
    load::delta,
};

/// The item whose pause holds for every target.
pub const EVERYTHING: &str = "*";

/// Attempts kept per target: enough for a day at the shortest cooldown worth having.
const ATTEMPTS_KEPT: usize = 20;

/// How long an accepted change may stay invisible before we conclude that it will not come: AWS starts a change within a
/// minute or two, and its own answers lag by at most a few.
pub const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(15);

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
    /// A person's wish that we leave the target alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
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

/// A person's wish that we leave a target alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Until when; `None`: until somebody lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Why, in the person's words.
    #[serde(default)]
    pub why: String,
    /// Who.
    #[serde(default)]
    pub by: String,
}

impl Pause {
    /// Whether it is in force.
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now < until)
    }
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
        let surplus = next.attempts.len().saturating_sub(ATTEMPTS_KEPT);
        next.attempts.drain(..surplus);
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
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn changing() -> Activity {
        Activity::Changing {
            what: "replication group orders".into(),
            status: "modifying".into(),
        }
    }

    #[test]
    fn a_change_is_dated_by_its_completion_whoever_made_it() {
        let seen = Journal::default()
            .sighted(at(0), 3, &Activity::Idle)
            .sighted(at(5), 4, &changing());
        assert_eq!(seen.last_change, None);
        let seen = seen.sighted(at(35), 4, &Activity::Idle);
        assert_eq!(
            seen.last_change,
            Some(Change {
                at: at(35),
                from: Some(3),
                to: 4,
                ours: false
            })
        );
        assert_eq!(seen, seen.sighted(at(40), 4, &Activity::Idle));
    }

    #[test]
    fn an_attempt_ends_completed_unchanged_or_partial() {
        let asked = Journal::default()
            .sighted(at(0), 5, &Activity::Idle)
            .asking(at(1), 5, 3, vec![]);
        let accepted = asked
            .answered(AttemptOutcome::Accepted)
            .sighted(at(2), 5, &changing());
        let end = |shards| {
            accepted.sighted(at(30), shards, &Activity::Idle).attempts[0]
                .outcome
                .clone()
        };
        assert_eq!(end(3), AttemptOutcome::Completed { at: at(30) });
        assert_eq!(end(5), AttemptOutcome::Unchanged { at: at(30) });
        assert_eq!(
            end(4),
            AttemptOutcome::Partial {
                at: at(30),
                shards: 4
            }
        );
    }

    #[test]
    fn a_change_that_is_not_visible_yet_stays_open() {
        let asked = Journal::default()
            .sighted(at(0), 3, &Activity::Idle)
            .asking(at(1), 3, 4, vec![]);
        assert!(
            asked
                .sighted(at(2), 3, &Activity::Idle)
                .open_attempt()
                .is_some()
        );
        let given_up = asked.sighted(at(16), 3, &Activity::Idle);
        assert_eq!(
            given_up.attempts[0].outcome,
            AttemptOutcome::Unchanged { at: at(16) }
        );
    }

    #[test]
    fn a_backup_is_not_a_change() {
        let seen = Journal::default().sighted(at(0), 3, &Activity::Idle);
        let after =
            seen.sighted(at(5), 3, &Activity::Snapshotting)
                .sighted(at(10), 3, &Activity::Idle);
        assert_eq!(after.last_change, None);
    }

    #[test]
    fn failures_in_a_row_double_the_hold_up_to_four_hours() {
        let cooldown = Duration::from_secs(600);
        let mut journal = Journal::default();
        for (minute, expected) in [
            (0, 10),
            (100, 20),
            (200, 40),
            (300, 80),
            (400, 160),
            (600, 240),
            (900, 240),
        ] {
            let refused = AttemptOutcome::Refused {
                code: "X".into(),
                retry: Retry::Later,
            };
            journal = journal.asking(at(minute), 3, 4, vec![]).answered(refused);
            assert_eq!(
                journal.backing_off(cooldown, true).unwrap().0,
                at(minute + expected)
            );
        }
        let done = journal
            .asking(at(999), 3, 4, vec![])
            .answered(AttemptOutcome::Completed { at: at(1010) });
        assert_eq!(done.backing_off(cooldown, true), None);
    }

    fn refused(journal: &Journal, minute: i64, to: u32, retry: Retry) -> Journal {
        let outcome = AttemptOutcome::Refused {
            code: "X".into(),
            retry,
        };
        journal.asking(at(minute), 3, to, vec![]).answered(outcome)
    }

    #[test]
    fn failed_scale_ins_do_not_delay_growth_and_failed_growth_delays_scale_ins() {
        let cooldown = Duration::from_secs(600);
        let shrunk = refused(&Journal::default(), 0, 2, Retry::Later);
        assert_eq!(shrunk.backing_off(cooldown, true), None);
        assert!(shrunk.backing_off(cooldown, false).is_some());
        let grown = refused(&Journal::default(), 0, 4, Retry::Later);
        assert!(grown.backing_off(cooldown, false).is_some());
    }

    #[test]
    fn finding_the_target_busy_does_not_end_a_row_of_failures() {
        let cooldown = Duration::from_secs(600);
        let twice = refused(&Journal::default(), 0, 4, Retry::Later);
        let twice = refused(&twice, 20, 4, Retry::Person);
        let busy = refused(&twice, 30, 4, Retry::Now);
        let (until, failures, _) = busy.backing_off(cooldown, true).unwrap();
        assert_eq!((until, failures), (at(40), 2));
        let only_busy = refused(&Journal::default(), 0, 4, Retry::Now);
        assert_eq!(only_busy.backing_off(cooldown, true), None);
    }

    #[test]
    fn what_others_keep_in_the_item_survives() {
        let text = r#"{"shards":3,"drills":[{"shard":"0001"}]}"#;
        let journal: Journal = serde_json::from_str(text).unwrap();
        assert_eq!(journal.others["drills"][0]["shard"], "0001");
        assert!(serde_json::to_string(&journal).unwrap().contains("drills"));
    }
}
