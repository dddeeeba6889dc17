//! The ledger: what was decided and accepted, to be compared with what the services say in the end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    function::{Cause, Pass, Record},
    scene::Scene,
};

/// Everything that was decided in the day, as far as the closing needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ledger {
    /// By group.
    pub(super) groups: BTreeMap<String, Account>,
    /// When the day began.
    pub(super) began: DateTime<Utc>,
    /// Runs that an alarm caused.
    pub(super) woken_by_alarm: u64,
    /// Runs that the schedule caused.
    pub(super) woken_by_schedule: u64,
    /// How runs failed, in order.
    pub(super) failures: Vec<String>,
    /// The first hold that kept a change from being made: when, which group, and why.
    pub(super) hold: Option<(DateTime<Utc>, String, String)>,
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
    pub(super) cause: Cause,
}

impl Account {
    /// The shard count that the decisions led to.
    pub(super) fn decided(&self) -> u32 {
        self.changes.last().map_or(self.start, |change| change.to)
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
            hold: None,
        }
    }

    /// Notes a run of the function.
    pub(super) fn enter(&mut self, pass: &Pass, at: DateTime<Utc>) {
        match pass.cause {
            Cause::Alarm(_) => self.woken_by_alarm += 1,
            Cause::Schedule => self.woken_by_schedule += 1,
        }
        match &pass.records {
            Ok(records) => records
                .iter()
                .for_each(|record| self.enter_record(record, &pass.cause, at)),
            Err(failure) => self.failures.push(failure.clone()),
        }
    }

    fn enter_record(&mut self, record: &Record, cause: &Cause, at: DateTime<Utc>) {
        let decision = &record.decision;
        match (record.outcome.as_str(), decision.from, decision.to) {
            ("accepted", Some(from), Some(to)) => {
                if let Some(account) = self.groups.get_mut(&record.target) {
                    account.changes.push(Change {
                        at,
                        from,
                        to,
                        cause: cause.clone(),
                    });
                }
            }
            ("failed", ..) => self
                .failures
                .push(format!("{}: {}", record.target, record.said())),
            _ if self.hold.is_none() && record.holds_back() => {
                self.hold = Some((at, record.target.clone(), decision.sentence.clone()));
            }
            _ => {}
        }
    }

    /// The first accepted scale-out that an alarm caused, with its group.
    pub(super) fn scale_out_by_alarm(&self) -> Option<(&str, &Change)> {
        self.find(|change| change.to > change.from && change.cause != Cause::Schedule)
    }

    /// The first accepted scale-in that the schedule caused, with its group.
    pub(super) fn scale_in_by_schedule(&self) -> Option<(&str, &Change)> {
        self.find(|change| change.to < change.from && change.cause == Cause::Schedule)
    }

    fn find(&self, wanted: impl Fn(&Change) -> bool) -> Option<(&str, &Change)> {
        let all = self.groups.iter().flat_map(|(group, account)| {
            account
                .changes
                .iter()
                .map(move |change| (group.as_str(), change))
        });
        all.filter(|(_, change)| wanted(change))
            .min_by_key(|(_, change)| change.at)
    }
}
