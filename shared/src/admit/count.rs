//! What is counted against the fleet's limits: what there was before the pass, and what it has admitted so far.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Candidate, FleetHold, FleetView, Ruling, guard};
use crate::{
    cluster::Group,
    journal::{Attempt, AttemptOutcome, Journal},
    policy::Fleet,
    reshard::{Decision, Hold, Reshard},
};

/// The time over which changes and failures are counted.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// Fewer targets than this that want a scale-in at once are no sign of anything.
const FEWEST_FOR_BREAKER: u32 = 3;

/// The counts so far.
pub(super) struct Counted<'a> {
    limits: &'a Fleet,
    seen: FleetView<'a>,
    now: DateTime<Utc>,
    /// When each change of the hour was asked for, those admitted in this pass included.
    changes: Vec<DateTime<Utc>>,
    /// The scale-ins among them.
    scale_ins: Vec<DateTime<Utc>>,
    /// When each failure of the hour ended.
    failures: Vec<DateTime<Utc>>,
    /// Nodes there are or will be.
    nodes: u32,
    /// Changes admitted in this pass.
    in_pass: u32,
    /// Targets that want a scale-in, be it allowed or not: a fault of the metrics shows on all.
    wanting: u32,
    /// Targets that are there.
    targets: u32,
}

impl<'a> Counted<'a> {
    /// The counts before anything is admitted.
    pub(super) fn before(
        limits: &'a Fleet,
        decisions: &[Candidate<'_>],
        seen: FleetView<'a>,
        now: DateTime<Utc>,
    ) -> Self {
        let made: Vec<&Attempt> = attempts(seen.journals)
            .filter(|attempt| is_within_the_hour(attempt.at, now) && !was_refused(attempt))
            .collect();
        let shrinks = made.iter().filter(|attempt| attempt.to < attempt.from);
        let wants = |candidate: &&Candidate<'_>| match candidate.decision {
            Decision::Reshard(reshard) => reshard.to < reshard.from,
            Decision::Hold(_) => false,
        };
        let is_there =
            |candidate: &&Candidate<'_>| *candidate.decision != Decision::Hold(Hold::NotFound);
        Self {
            limits,
            seen,
            now,
            changes: made.iter().map(|attempt| attempt.at).collect(),
            scale_ins: shrinks.map(|attempt| attempt.at).collect(),
            failures: failures(seen.journals, now),
            nodes: nodes(seen),
            in_pass: 0,
            wanting: count(decisions.iter().filter(wants)),
            targets: count(decisions.iter().filter(is_there)),
        }
    }

    /// Rules on one change, and counts it if it is admitted.
    pub(super) fn rule(&mut self, reshard: &Reshard) -> Ruling {
        let shrinks = reshard.to < reshard.from;
        let more = self.more_nodes(reshard);
        let saw = self.saw(more, shrinks);
        if let Some(hold) = self.refusal(more, shrinks) {
            return Ruling::Held(hold, guard(false, saw));
        }
        self.in_pass = self.in_pass.saturating_add(1);
        self.nodes = self.nodes.saturating_add(more);
        self.changes.push(self.now);
        if shrinks {
            self.scale_ins.push(self.now);
        }
        Ruling::Admitted(guard(true, saw))
    }

    /// Why a change must wait: first what a person should know of, last what passes by itself.
    fn refusal(&self, more: u32, shrinks: bool) -> Option<FleetHold> {
        let limits = self.limits;
        if let Some(hold) = FleetHold::of_failures(limits, &self.failures, self.now) {
            return Some(hold);
        }
        if shrinks && self.too_many_want_a_scale_in() {
            return Some(FleetHold::ScaleInBreaker {
                wanting: self.wanting,
                targets: self.targets,
                percent: limits.scale_in_breaker_percent,
            });
        }
        if more > 0 && self.nodes.saturating_add(more) > limits.max_nodes_in_region {
            return Some(FleetHold::NodeLimit {
                nodes: self.nodes,
                more,
                limit: limits.max_nodes_in_region,
            });
        }
        if let Some(hold) = self.hour_limit(shrinks) {
            return Some(hold);
        }
        (self.in_pass >= limits.max_changes_per_pass).then_some(FleetHold::PassLimit {
            limit: limits.max_changes_per_pass,
        })
    }

    /// Whether the hour's changes are made, or for a scale-in its part of them; of two reasons the one that lasts longer.
    fn hour_limit(&self, shrinks: bool) -> Option<FleetHold> {
        let all = (&self.changes, self.limits.max_changes_per_hour, false);
        let part = (&self.scale_ins, scale_ins_per_hour(self.limits), true);
        std::iter::once(all)
            .chain(shrinks.then_some(part))
            .map(|(times, limit, scale_ins)| (times, count(times.iter()), limit, scale_ins))
            .filter(|(_, made, limit, _)| made >= limit)
            .map(|(times, made, limit, scale_ins)| {
                let until = frees(times, limit, self.now);
                (
                    until,
                    FleetHold::HourLimit {
                        made,
                        limit,
                        scale_ins,
                        until,
                    },
                )
            })
            .max_by_key(|(until, _)| *until)
            .map(|(_, hold)| hold)
    }

    fn too_many_want_a_scale_in(&self) -> bool {
        let most = self.limits.scale_in_breaker_percent * f64::from(self.targets);
        self.wanting >= FEWEST_FOR_BREAKER && f64::from(self.wanting) * 100.0 > most
    }

    /// Nodes that a change adds; none that a scale-in frees are counted, for they leave only when it is done. Of a group
    /// that is not in view nothing is known, and that is never little.
    fn more_nodes(&self, reshard: &Reshard) -> u32 {
        let shards = reshard.to.saturating_sub(reshard.from);
        let group = self.seen.groups.get(&reshard.group);
        shards.saturating_mul(group.map_or(u32::MAX, Group::nodes_per_new_shard))
    }

    /// Every number that counts, as it would be with this change.
    fn saw(&self, more: u32, shrinks: bool) -> String {
        let limits = self.limits;
        let mut saw = format!(
            "change {} of {} in this pass and {} of {} in an hour, {} of {} nodes, {} of {} failures",
            self.in_pass.saturating_add(1),
            limits.max_changes_per_pass,
            count(self.changes.iter()).saturating_add(1),
            limits.max_changes_per_hour,
            self.nodes.saturating_add(more),
            limits.max_nodes_in_region,
            self.failures.len(),
            limits.max_failures_per_hour,
        );
        if shrinks {
            saw.push_str(&format!(
                ", scale-in {} of {} in an hour, wanted by {} of {} targets",
                count(self.scale_ins.iter()).saturating_add(1),
                scale_ins_per_hour(limits),
                self.wanting,
                self.targets,
            ));
        }
        saw
    }
}

/// How many of the hour's changes may be scale-ins: half, but one at least. Without this a quiet hour's scale-ins could use
/// up what a growth needs a minute later.
fn scale_ins_per_hour(limits: &Fleet) -> u32 {
    (limits.max_changes_per_hour / 2).max(1)
}

/// When each attempt ended that failed within the hour, over all targets.
pub(super) fn failures(
    journals: &BTreeMap<String, Journal>,
    now: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    attempts(journals)
        .filter(|attempt| attempt.failed())
        .map(Attempt::ended_at)
        .filter(|ended| is_within_the_hour(*ended, now))
        .collect()
}

/// When fewer than `limit` of these times, each within the hour, still are.
pub(super) fn frees(times: &[DateTime<Utc>], limit: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let kept = usize::try_from(limit).unwrap_or(usize::MAX);
    let last = times.len().saturating_sub(kept);
    let at = times.get(last).copied().unwrap_or(now);
    at.checked_add_signed(HOUR).unwrap_or(at)
}

fn attempts(journals: &BTreeMap<String, Journal>) -> impl Iterator<Item = &Attempt> {
    journals.values().flat_map(|journal| &journal.attempts)
}

/// A time that is still to come, by a clock that was set back, counts as well.
fn is_within_the_hour(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(at) < HOUR
}

/// A refused request changed nothing; failures have a limit of their own.
fn was_refused(attempt: &Attempt) -> bool {
    matches!(attempt.outcome, AttemptOutcome::Refused { .. })
}

/// Nodes that there are in the Region's replication groups, and those that growth under way will add.
fn nodes(seen: FleetView<'_>) -> u32 {
    let of_group = |group: &Group| {
        let listed = u32::try_from(group.member_count).unwrap_or(u32::MAX);
        let open = seen
            .journals
            .get(group.id.as_str())
            .and_then(Journal::open_attempt);
        let to_come = open.map_or(0, |attempt| attempt.to.saturating_sub(group.shard_count()));
        let coming = to_come.saturating_mul(group.nodes_per_new_shard());
        group.node_count().max(listed).saturating_add(coming)
    };
    seen.groups
        .values()
        .map(of_group)
        .fold(0, u32::saturating_add)
}

fn count<T>(things: impl Iterator<Item = T>) -> u32 {
    u32::try_from(things.count()).unwrap_or(u32::MAX)
}
