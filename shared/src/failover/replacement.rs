//! Replacements of nodes that AWS has scheduled, from its events.
//!
//! No describe tells of them, so the journal remembers those that were seen until they are done: an event is told for 14
//! days only, and the functions look a day back.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Happened, ServiceEvent};

/// How long a replacement without a readable time is taken to be ahead: AWS schedules them for a maintenance window, which
/// comes every week, and forgets its own events after two.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(14);

/// How long a replacement may last beyond its announced end.
const LASTS_BEYOND: TimeDelta = TimeDelta::hours(6);

/// One scheduled replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The node.
    pub node: String,
    /// When AWS told of it, the last time.
    pub told: DateTime<Utc>,
    /// From when on. `None`: the text was not in a form that we read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<DateTime<Utc>>,
    /// Until when. `None`: as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<DateTime<Utc>>,
    /// How far it is.
    pub state: ReplacementState,
}

/// How far a replacement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplacementState {
    /// Still ahead, as far as known.
    Scheduled,
    /// The node is being recovered.
    UnderWay,
}

/// The replacements that are ahead or under way for these nodes, from those `known` before and the events since, by node.
/// One ends with its cancellation, with the end of the node's recovery after it began, with the node itself, or with time.
pub fn replacements(
    known: &[Replacement],
    events: &[ServiceEvent],
    is_there: impl Fn(&str) -> bool,
    now: DateTime<Utc>,
) -> Vec<Replacement> {
    // One that is over must not hide another one of its node, should an entry ever hold two.
    let mut open: BTreeMap<String, Replacement> = known
        .iter()
        .filter(|one| !has_lapsed(one, now))
        .map(|one| (one.node.clone(), one.clone()))
        .collect();
    let mut sorted: Vec<&ServiceEvent> = events.iter().collect();
    // What is done within the same second ends what was told in it.
    sorted.sort_by_key(|event| (event.at, Reverse(is_announcement(event))));
    for event in sorted {
        apply(&mut open, event);
    }
    open.retain(|node, one| is_there(node) && !has_lapsed(one, now));
    open.into_values().collect()
}

fn is_announcement(event: &ServiceEvent) -> bool {
    matches!(event.happened(), Happened::ReplacementScheduled { .. })
}

fn apply(open: &mut BTreeMap<String, Replacement>, event: &ServiceEvent) {
    let node = event.id.to_ascii_lowercase();
    match event.happened() {
        Happened::ReplacementScheduled { node, starts, ends } => {
            // The same event is read on every pass of a day; what has begun since must not be put back.
            if open.get(&node).is_some_and(|one| event.at <= one.told) {
                return;
            }
            open.insert(
                node.clone(),
                Replacement {
                    node,
                    told: event.at,
                    starts,
                    ends,
                    state: ReplacementState::Scheduled,
                },
            );
        }
        Happened::ReplacementCanceled { node } => {
            if open.get(&node).is_some_and(|one| event.at >= one.told) {
                open.remove(&node);
            }
        }
        Happened::RecoveryStarted => {
            // A failover recovers a node as well. One that comes before the announced time is not the replacement, and where that
            // time is not known nobody can say: such a one ends by being called off, with its node, or with time.
            if let Some(one) = open.get_mut(&node)
                && one.starts.is_some_and(|starts| event.at >= starts)
            {
                one.state = ReplacementState::UnderWay;
            }
        }
        Happened::RecoveryFinished => {
            if open.get(&node).is_some_and(|one| {
                one.state == ReplacementState::UnderWay
                    && one.starts.is_some_and(|starts| event.at >= starts)
            }) {
                open.remove(&node);
            }
        }
        Happened::TestFailoverCalled { .. }
        | Happened::FailedOver { .. }
        | Happened::FailoverStarted { .. }
        | Happened::FailoverFailed
        | Happened::FailoverNotAttempted
        | Happened::InstanceRestarted
        | Happened::Other => {}
    }
}

fn has_lapsed(one: &Replacement, now: DateTime<Utc>) -> bool {
    match one.ends {
        Some(ends) => now > ends + LASTS_BEYOND,
        None => now > one.told + FORGOTTEN_AFTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failover::Source;

    fn at(minute: i64) -> DateTime<Utc> {
        "2026-11-24T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    fn event(minute: i64, message: &str) -> ServiceEvent {
        ServiceEvent {
            at: at(minute),
            source: Source::Node,
            id: "orders-0001-001".to_owned(),
            message: message.to_owned(),
        }
    }

    const SCHEDULED: &str = "The node with Cache Cluster ID: orders-0001-001, Node ID: 0001 is scheduled for replacement during \
        the maintenance window from Start Time: 2026-11-24 05:00:00 UTC, End Time: 2026-11-24 06:00:00 UTC";

    fn open(known: &[Replacement], events: &[ServiceEvent], minute: i64) -> Vec<Replacement> {
        replacements(known, events, |_| true, at(minute))
    }

    #[test]
    fn one_that_is_over_does_not_hide_another_of_its_node() {
        let of = |ends: Option<i64>| Replacement {
            node: "orders-0001-001".to_owned(),
            told: at(0),
            starts: ends.map(|minute| at(minute - 60)),
            ends: ends.map(at),
            state: ReplacementState::Scheduled,
        };
        let two_days = 2 * 24 * 60;
        for known in [[of(None), of(Some(120))], [of(Some(120)), of(None)]] {
            assert_eq!(open(&known, &[], two_days), [of(None)]);
        }
    }

    #[test]
    fn a_replacement_is_open_from_its_announcement_to_the_end_of_the_nodes_recovery() {
        let told = event(10, SCHEDULED);
        let ahead = open(&[], std::slice::from_ref(&told), 20);
        assert_eq!(ahead[0].state, ReplacementState::Scheduled);
        let begun = event(305, "Recovering cache nodes 0001");
        let under_way = open(&ahead, &[told.clone(), begun.clone()], 306);
        assert_eq!(under_way[0].state, ReplacementState::UnderWay);
        let done = event(315, "Finished recovery for cache nodes 0001");
        assert_eq!(
            open(
                &under_way,
                &[told.clone(), begun.clone(), done.clone()],
                316
            ),
            []
        );
        // The events alone, in any order, say the same as what was remembered with them.
        assert_eq!(open(&[], &[done, begun, told], 316), []);
    }

    #[test]
    fn a_failover_before_the_announced_time_is_not_the_replacement() {
        let events = [
            event(10, SCHEDULED),
            event(30, "Recovering cache nodes 0001"),
            event(40, "Finished recovery for cache nodes 0001"),
        ];
        assert_eq!(open(&[], &events, 50)[0].state, ReplacementState::Scheduled);
    }

    #[test]
    fn a_replacement_ends_when_it_is_canceled_when_its_node_is_gone_and_with_time() {
        let told = event(10, SCHEDULED);
        let canceled = event(
            20,
            "The replacement for Cache Cluster ID: orders-0001-001, Node ID: 0001 has been canceled",
        );
        assert_eq!(open(&[], &[told.clone(), canceled], 30), []);
        assert_eq!(
            replacements(&[], std::slice::from_ref(&told), |_| false, at(30)),
            []
        );
        assert_eq!(open(&[], std::slice::from_ref(&told), 12 * 60).len(), 1);
        assert_eq!(open(&[], &[told], 12 * 60 + 1), []);
    }
}
