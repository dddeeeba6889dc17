//! What the account has spent of AWS's quota of `TestFailover`, whoever called.
//!
//! Events tell of every call, but some minutes late; the ledger in the journal tells of ours at once, and is written with
//! compare-and-set before each call, so that two runs cannot both take the last place.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Happened, IntentKind, ServiceEvent, Source};
use crate::policy::Fleet;

/// The journal's key of the ledger. No replication group and no cluster can have this id.
pub const LEDGER: &str = "account:test-failover";

/// The quota's period, by AWS's documentation.
const PERIOD: TimeDelta = TimeDelta::hours(24);

/// An entry is dated before its call, by at most as long as a pass lives; AWS counts from the call.
const CALL_MAY_FOLLOW: TimeDelta = TimeDelta::minutes(15);

/// How much earlier than its entry a call's event may be dated: two services' clocks.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(2);

/// One call that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spent {
    /// When.
    pub at: DateTime<Utc>,
    /// The replication group.
    pub group: String,
    /// The shard.
    pub shard: String,
}

/// What is left of the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Calls that count now.
    pub used: u32,
    /// The quota.
    pub limit: u32,
    /// How many of it are kept for people's requests.
    pub reserve: u32,
    /// When the oldest call no longer counts. `None`: nothing is spent.
    pub frees: Option<DateTime<Utc>>,
}

impl Budget {
    /// The budget after these calls.
    pub fn of(limits: &Fleet, spent: &[Spent]) -> Self {
        Self {
            used: u32::try_from(spent.len()).unwrap_or(u32::MAX),
            limit: limits.test_failovers_per_day,
            reserve: limits.test_failover_reserve,
            frees: spent
                .iter()
                .map(|one| one.at)
                .min()
                .map(|at| at + PERIOD + CALL_MAY_FOLLOW),
        }
    }

    /// Whether one more call of this kind may be made: the reserve is for people.
    pub fn has_room(&self, kind: IntentKind) -> bool {
        self.used < self.limit_for(kind)
    }

    /// Calls that are left, the reserve for people among them.
    pub fn left(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    /// The most calls after which one of this kind may still be made.
    pub fn limit_for(&self, kind: IntentKind) -> u32 {
        match kind {
            IntentKind::Request => self.limit,
            IntentKind::Evacuation | IntentKind::Replacement | IntentKind::Drill => {
                self.limit.saturating_sub(self.reserve)
            }
        }
    }

    /// The budget with one call more.
    #[must_use]
    pub fn spending(self) -> Self {
        Self {
            used: self.used.saturating_add(1),
            ..self
        }
    }
}

/// The calls that count at `now`: those of the ledger, and those of events that no entry of the ledger stands for. Every
/// call counts, also a second one for the same shard and one that was refused: whether AWS counts those is not known.
pub fn spent_within_a_day(
    ledger: &[Spent],
    events: &[ServiceEvent],
    now: DateTime<Utc>,
) -> Vec<Spent> {
    let mut spent: Vec<Spent> = ledger
        .iter()
        .filter(|one| now - one.at < PERIOD + CALL_MAY_FOLLOW)
        .cloned()
        .collect();
    let mut unmatched: Vec<&Spent> = ledger.iter().collect();
    let mut calls: Vec<Spent> = events.iter().filter_map(call).collect();
    calls.sort();
    calls.dedup();
    for called in calls {
        let matching = unmatched.iter().position(|entry| {
            (&entry.group, &entry.shard) == (&called.group, &called.shard)
                && entry.at - CLOCKS_DIFFER <= called.at
                && called.at <= entry.at + CALL_MAY_FOLLOW
        });
        match matching {
            Some(at) => {
                unmatched.remove(at);
            }
            None if now - called.at < PERIOD => spent.push(called),
            None => {}
        }
    }
    spent.sort();
    spent
}

fn call(event: &ServiceEvent) -> Option<Spent> {
    match (event.source, event.happened()) {
        (Source::Group, Happened::TestFailoverCalled { shard }) => Some(Spent {
            at: event.at,
            group: event.id.to_ascii_lowercase(),
            shard,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn entry(minute: i64, group: &str) -> Spent {
        Spent {
            at: at(minute),
            group: group.to_owned(),
            shard: "0001".to_owned(),
        }
    }

    fn event(minute: i64, group: &str) -> ServiceEvent {
        ServiceEvent {
            at: at(minute),
            source: Source::Group,
            id: group.to_owned(),
            message: "Test Failover API called for node group 0001".to_owned(),
        }
    }

    #[test]
    fn a_call_of_ours_counts_once_though_ledger_and_events_tell_of_it() {
        let spent = spent_within_a_day(&[entry(0, "orders")], &[event(3, "orders")], at(10));
        assert_eq!(spent, [entry(0, "orders")]);
    }

    #[test]
    fn a_call_of_somebody_else_counts_and_so_does_one_whose_event_is_late() {
        let ledger = [entry(0, "orders")];
        let events = [event(3, "carts"), event(40, "orders")];
        assert_eq!(spent_within_a_day(&ledger, &events, at(60)).len(), 3);
    }

    #[test]
    fn a_call_stops_counting_a_day_later_and_ours_a_passs_life_after_that() {
        let (ledger, events) = ([entry(0, "orders")], [event(0, "carts")]);
        let count = |minute| spent_within_a_day(&ledger, &events, at(minute)).len();
        assert_eq!(
            [count(1439), count(1440), count(1454), count(1455)],
            [2, 1, 1, 0]
        );
    }

    #[test]
    fn the_reserve_is_for_people() {
        let limits = Fleet {
            test_failovers_per_day: 15,
            test_failover_reserve: 5,
            ..Fleet::default()
        };
        let spent: Vec<Spent> = (0..10).map(|minute| entry(minute, "orders")).collect();
        let budget = Budget::of(&limits, &spent);
        assert!(!budget.has_room(IntentKind::Drill) && budget.has_room(IntentKind::Request));
        let full = (0..5).fold(budget, |budget, _| budget.spending());
        assert!(!full.has_room(IntentKind::Request));
    }
}
