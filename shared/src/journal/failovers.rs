//! The journal's side of failovers: what was asked for, what became of it, and the drills that were reported.

use chrono::{DateTime, Utc};

use super::{Journal, SETTLES_WITHIN, WriterSeen};
use crate::failover::{DrillReport, FailoverAttempt, FailoverOutcome, Spent};

/// Attempts kept per target; those of a drill whose report is still due are kept beyond it.
const FAILOVERS_KEPT: usize = 20;

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
        let surplus = next.failovers.len().saturating_sub(FAILOVERS_KEPT);
        next.failovers.drain(..surplus);
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

    /// The journal with the outcome that the service accepted the failover that was asked for at `at`, and when it said so.
    #[must_use]
    pub fn accepted(&self, at: DateTime<Utc>, answered: DateTime<Utc>) -> Journal {
        let mut next = self.failed_over(at, FailoverOutcome::Accepted);
        if let Some(attempt) = next.failovers.iter_mut().rev().find(|one| one.at == at) {
            attempt.accepted = Some(answered);
        }
        next
    }

    /// The journal after this instance was seen to be the writer at `at`.
    #[must_use]
    pub fn seeing_writer(&self, id: &str, at: DateTime<Utc>) -> Journal {
        let mut next = self.clone();
        match &self.writer {
            Some(known) if known.id == id => {}
            known => {
                next.writer = Some(WriterSeen {
                    id: id.to_owned(),
                    since: known.as_ref().map(|_| at),
                });
            }
        }
        next
    }

    /// The journal with a drill's report; the attempt of `at` is not reported again.
    #[must_use]
    pub fn reporting(&self, at: DateTime<Utc>, report: DrillReport) -> Journal {
        let mut next = self.clone();
        if let Some(attempt) = next.failovers.iter_mut().rev().find(|one| one.at == at) {
            attempt.reported = true;
        }
        next.drills.push(report);
        let surplus = next.drills.len().saturating_sub(DRILLS_KEPT);
        next.drills.drain(..surplus);
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

    /// A failover of ours whose new primary is not seen yet, and which may still be going on: a reshard must not meet it.
    pub fn open_failover(&self, now: DateTime<Utc>) -> Option<&FailoverAttempt> {
        self.last_failover()
            .filter(|attempt| attempt.is_open() && now - attempt.at < SETTLES_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_writer_in_place_of_another_is_dated_and_the_first_one_is_not() {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let first = Journal::default().seeing_writer("graph-w", at(0));
        assert_eq!(first.writer.as_ref().unwrap().since, None);
        assert_eq!(first.seeing_writer("graph-w", at(5)), first);
        let next = first.seeing_writer("graph-r1", at(10));
        assert_eq!(next.writer.unwrap().since, Some(at(10)));
    }
}
