//! The ledger: what was decided, done and seen, to be compared with what the services say in the end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    failovers::{self, Failovers},
    function::{Cause, Job, Pass, Record},
    scene::Scene,
};
use crate::cloud::outside::Acted;

/// Everything that happened in a play, as far as the closing and the claim need it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ledger {
    /// By group.
    pub(super) groups: BTreeMap<String, Account>,
    /// When the play began.
    pub(super) began: DateTime<Utc>,
    /// Runs that an alarm caused.
    pub(super) woken_by_alarm: u64,
    /// Runs that the schedule caused.
    pub(super) woken_by_schedule: u64,
    /// How runs failed, in order.
    pub(super) failures: Vec<String>,
    /// Every decision in order.
    pub(super) decisions: Vec<(DateTime<Utc>, Record)>,
    /// What others did in order, also what they left alone or were refused.
    pub(super) acted: Vec<Acted>,
    /// What was failed over, measured and refused.
    pub(super) failovers: Failovers,
    /// What there was to see, minute by minute.
    pub(super) scenes: Vec<Scene>,
}

/// One group's shard count and how it changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    /// Shards at the start.
    pub(super) start: u32,
    /// Accepted changes in order.
    pub(super) changes: Vec<Change>,
}

/// A change that the service accepted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) at: DateTime<Utc>,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) by: Hand,
}

/// Whose change it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hand {
    /// The function's, woken for this cause.
    Ours(Cause),
    /// Somebody else's.
    Other(String),
}

impl Account {
    /// The shard count that the accepted changes led to.
    pub(super) fn decided(&self) -> u32 {
        self.changes.last().map_or(self.start, |change| change.to)
    }
}

impl Change {
    /// Whether the function made it.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self.by, Hand::Ours(_))
    }
}

impl Ledger {
    /// An empty ledger over the groups of a scene.
    pub(super) fn new(first: &Scene) -> Self {
        let account = |shards: u32| Account {
            start: shards,
            changes: Vec::new(),
        };
        Self {
            groups: first
                .groups
                .iter()
                .map(|group| (group.id.clone(), account(group.listed)))
                .collect(),
            began: first.at,
            woken_by_alarm: 0,
            woken_by_schedule: 0,
            failures: Vec::new(),
            decisions: Vec::new(),
            acted: Vec::new(),
            failovers: Failovers::default(),
            scenes: Vec::new(),
        }
    }

    /// Notes what there is to see.
    pub(super) fn see(&mut self, scene: &Scene) {
        self.scenes.push(scene.clone());
    }

    /// Notes what somebody else did.
    pub(super) fn enter_act(&mut self, act: &Acted) {
        if act.refused.is_none() && act.from != act.to {
            self.change(
                &act.group,
                Change {
                    at: act.at,
                    from: act.from,
                    to: act.to,
                    by: Hand::Other(act.by.clone()),
                },
            );
        }
        self.acted.push(act.clone());
    }

    /// Notes a run of the function.
    pub(super) fn enter(&mut self, pass: &Pass, at: DateTime<Utc>) {
        match pass.cause {
            Cause::Schedule | Cause::Measuring => self.woken_by_schedule += 1,
            Cause::Alarm(_) | Cause::Notification | Cause::Request => self.woken_by_alarm += 1,
        }
        match &pass.records {
            Ok(records) => records
                .iter()
                .for_each(|record| self.enter_record(record, &pass.cause, at)),
            Err(failure) => self.failures.push(failure.clone()),
        }
    }

    /// Notes a run of a function that forces failovers.
    pub(super) fn enter_failovers(
        &mut self,
        job: Job,
        pass: &Pass<failovers::Record>,
        at: DateTime<Utc>,
    ) {
        self.failovers.enter(job, pass, at);
        match &pass.records {
            Ok(records) => {
                let failed = records.iter().filter(|record| record.outcome == "failed");
                self.failures
                    .extend(failed.map(|record| format!("{}: {}", record.target, record.said())));
            }
            Err(failure) => self.failures.push(format!("{}: {failure}", job.name())),
        }
    }

    fn enter_record(&mut self, record: &Record, cause: &Cause, at: DateTime<Utc>) {
        let decision = &record.decision;
        match (record.outcome.as_str(), decision.from, decision.to) {
            ("accepted", Some(from), Some(to)) => {
                let by = Hand::Ours(cause.clone());
                self.change(&record.target, Change { at, from, to, by });
            }
            ("failed", ..) => self
                .failures
                .push(format!("{}: {}", record.target, record.said())),
            _ => {}
        }
        self.decisions.push((at, record.clone()));
    }

    fn change(&mut self, group: &str, change: Change) {
        if let Some(account) = self.groups.get_mut(group) {
            account.changes.push(change);
        }
    }

    /// The first accepted change that is wanted, with its group.
    pub(super) fn find(&self, wanted: impl Fn(&Change) -> bool) -> Option<(&str, &Change)> {
        let all = self.groups.iter().flat_map(|(group, account)| {
            account
                .changes
                .iter()
                .map(move |change| (group.as_str(), change))
        });
        all.filter(|(_, change)| wanted(change))
            .min_by_key(|(_, change)| change.at)
    }

    /// Accepted changes of a group; none for a group that there is not.
    pub(super) fn changes(&self, group: &str) -> &[Change] {
        self.groups
            .get(group)
            .map_or(&[], |account| &account.changes)
    }

    /// Holds for this reason, with their moments.
    pub(super) fn holds<'a>(
        &'a self,
        reason: &'a str,
    ) -> impl DoubleEndedIterator<Item = (DateTime<Utc>, &'a Record)> {
        self.decisions
            .iter()
            .filter(move |(_, record)| record.decision.reason.as_deref() == Some(reason))
            .map(|(at, record)| (*at, record))
    }
}
