//! What a reshard must not meet: a failover of ours, and a node that AWS replaces.

use chrono::{DateTime, Utc};
use clusterwarden::{cluster::Group, failover::FailoverOutcome, reshard::Observation};

/// The last failover that may have been carried out was asked for, or its new primary seen, within a quarter of an hour.
pub(super) fn in_flight(seen: &Observation) -> bool {
    let mut going_on = None;
    for failover in &seen.journal.failovers {
        let accepted = failover.accepted.unwrap_or(failover.at);
        match &failover.outcome {
            FailoverOutcome::Asked | FailoverOutcome::Accepted => going_on = Some(accepted),
            FailoverOutcome::Switched { at, .. } => going_on = Some(accepted.max(*at)),
            FailoverOutcome::Refused { .. } | FailoverOutcome::NotSent => {}
        }
    }
    going_on.is_some_and(|at| (seen.at - at).num_minutes() < 15)
}

/// A node of the group is remembered to be replaced, and its window ended less than a quarter of a day ago; where the window is not
/// known, AWS told of it within two weeks.
pub(super) fn node_to_be_replaced(group: &Group, seen: &Observation) -> bool {
    seen.journal.replacements.iter().any(|one| {
        let minutes_since = |at: DateTime<Utc>| (seen.at - at).num_minutes();
        let there = group.shards.iter().any(|shard| {
            shard
                .nodes
                .iter()
                .any(|node| node.id.to_string() == one.node)
        });
        there
            && match one.ends {
                Some(end) => minutes_since(end) <= 6 * 60,
                None => minutes_since(one.told) <= 14 * 24 * 60,
            }
    })
}
