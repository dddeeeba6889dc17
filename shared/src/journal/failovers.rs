//! The journal's side of failovers: what was asked for, what became of it, and the drills that were reported.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Journal, Retry, SETTLES_WITHIN};
use crate::failover::{
    DrillReport, FailoverAttempt, FailoverOutcome, Happened, IntentKind, ServiceEvent, Spent,
};

/// Who leads a target, where describes tell: the primary of a group without shards, or the writer of a cluster.
///
/// A service's own failover is over within minutes and told by an event some minutes later; between the two nothing else says
/// that there was one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    /// The node or instance last seen as that.
    pub id: String,
    /// Since when, if another one was seen before. `None`: it was the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

/// Attempts kept per target: first those go that came to nothing, because the others date cooldowns and are measured.
const FAILOVERS_KEPT: usize = 20;

/// Neptune's own number of the event by which it says so.
const NOT_ATTEMPTED: &str = "RDS-EVENT-0034";

/// Reports kept per target: years of monthly drills of a group of a few shards, at some 600 bytes each.
const DRILLS_KEPT: usize = 120;

/// Calls kept in the ledger: several days at the quota.
const SPENT_KEPT: usize = 100;

impl Journal {
    /// The journal with a further failover, as it must be written before the call.
    #[must_use]
    pub fn failing_over(&self, attempt: FailoverAttempt) -> Journal {
        let mut next = self.clone();
        next.failovers.push(attempt);
        while next.failovers.len() > FAILOVERS_KEPT {
            // What came to nothing teaches only the next wait; were it kept, two hours of it would push out the failover that
            // the cooldown counts from. A drill that is still to be reported goes last.
            let kept = |place: &dyn Fn(&FailoverAttempt) -> bool| {
                let newest = next.failovers.len() - 1;
                next.failovers.iter().take(newest).position(place)
            };
            let oldest = kept(&|one| !one.may_have_happened())
                .or_else(|| kept(&|one| one.reported || one.intent != IntentKind::Drill));
            next.failovers.remove(oldest.unwrap_or(0));
        }
        next
    }

    /// The journal with the outcome of the failover that was asked for at `at`.
    #[must_use]
    pub fn failed_over(&self, at: DateTime<Utc>, outcome: FailoverOutcome) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.failovers.iter_mut().rev().find(|one| one.at == at) {
            attempt.outcome = outcome;
        }
        next
    }

    /// The journal with the time at which the service accepted the failover that was asked for at `at`.
    #[must_use]
    pub fn accepted_at(&self, at: DateTime<Utc>, accepted: DateTime<Utc>) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.failovers.iter_mut().rev().find(|one| one.at == at) {
            attempt.accepted = Some(accepted);
        }
        next
    }

    /// The journal after a describe named this primary or writer at `at`. `took_over` are the times at which it is known to have
    /// become that, in any order; where none fits, it did when it was first seen as that.
    #[must_use]
    pub fn led_by(
        &self,
        id: &str,
        took_over: impl Iterator<Item = DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Journal {
        let since = match &self.leader {
            // Who led before we first looked is not known.
            None => None,
            Some(leader) if leader.id == id => leader.since,
            Some(_) => Some(at),
        };
        let since = since.map(|seen| {
            let fits = |at: &DateTime<Utc>| *at <= seen && seen - *at < SETTLES_WITHIN;
            took_over.filter(fits).max().unwrap_or(seen)
        });
        let id = id.to_owned();
        Journal {
            leader: Some(Leader { id, since }),
            ..self.clone()
        }
    }

    /// Since when there is another primary or writer than before. `None`: none was seen to change.
    pub fn led_since(&self) -> Option<DateTime<Utc>> {
        self.leader.as_ref().and_then(|leader| leader.since)
    }

    /// The journal after Neptune's events: where one says that it did not begin with the failover it had accepted, because there was one
    /// shortly before, that one was refused after all.
    #[must_use]
    pub fn not_attempted(&self, events: &[ServiceEvent]) -> Journal {
        let Some(open) = self.failovers.last().filter(|one| one.is_open()) else {
            return self.clone();
        };
        let told = events.iter().any(|event| {
            event.happened() == Happened::FailoverNotAttempted
                && event.at >= open.at
                && event.at - open.at < SETTLES_WITHIN
        });
        if !told {
            return self.clone();
        }
        let refused = FailoverOutcome::Refused {
            code: NOT_ATTEMPTED.to_owned(),
            retry: Retry::Later,
        };
        self.failed_over(open.at, refused)
    }

    /// The journal with a drill's report; the attempt of `at` is not reported again.
    #[must_use]
    pub fn reporting(&self, at: DateTime<Utc>, report: DrillReport) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.failovers.iter_mut().rev().find(|one| one.at == at) {
            attempt.reported = true;
        }
        let last = next.drilled.entry(report.unit.clone()).or_default();
        *last = report.accepted.max(*last);
        next.drills.push(report);
        let surplus = next.drills.len().saturating_sub(DRILLS_KEPT);
        next.drills.drain(..surplus);
        next
    }

    /// The journal after the target was seen not to be available all over, while the drill that was asked for at `at` is measured.
    #[must_use]
    pub fn busy_after(&self, at: DateTime<Utc>, seen: DateTime<Utc>) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.failovers.iter_mut().rev().find(|one| one.at == at) {
            attempt.busy_at = Some(seen);
        }
        next
    }

    /// The ledger with a further call.
    #[must_use]
    pub fn spending(&self, spent: Spent) -> Journal {
        let mut next = self.clone();
        next.ledger.push(spent);
        let surplus = next.ledger.len().saturating_sub(SPENT_KEPT);
        next.ledger.drain(..surplus);
        next
    }

    /// The newest failover of ours that may have happened. `None`: none is remembered.
    pub fn last_failover(&self) -> Option<&FailoverAttempt> {
        self.failovers
            .iter()
            .rev()
            .find(|attempt| attempt.may_have_happened())
    }

    /// A failover of ours that may still be going on: a reshard must not meet it. The old primary is being recovered for some
    /// minutes after the new one was seen, and the group need not say so.
    pub fn open_failover(&self, now: DateTime<Utc>) -> Option<&FailoverAttempt> {
        self.last_failover()
            .filter(|attempt| now - attempt.ended_at() < SETTLES_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use super::*;
    use crate::failover::Source;

    #[test]
    fn a_failover_that_neptune_did_not_begin_is_refused_and_no_drill() {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let attempt = FailoverAttempt {
            at: at(0),
            intent: IntentKind::Drill,
            why: String::new(),
            unit: "graph".to_owned(),
            from: "graph-w".to_owned(),
            to: Some("graph-r1".to_owned()),
            zones: BTreeMap::new(),
            accepted: Some(at(0)),
            outcome: FailoverOutcome::Accepted,
            objective: None,
            busy_at: None,
            reported: false,
        };
        let journal = Journal::default().failing_over(attempt);
        let event = |minute| ServiceEvent {
            at: at(minute),
            source: Source::DbInstance,
            id: "graph-w".to_owned(),
            message:
                "Neptune is not attempting requested failover because a failover recently occurred"
                    .to_owned(),
        };
        assert_eq!(journal.not_attempted(&[event(-1), event(20)]), journal);
        let refused = journal.not_attempted(&[event(1)]);
        assert!(!refused.failovers[0].may_have_happened());
        assert!(!refused.failovers[0].awaits_report());
    }
}
