//! One pass of the function `failover-shard`: observe every group that the policy names, decide, act, record.

use std::collections::BTreeMap;

use super::{
    failover_groups::{Fleet, named_primary, nodes},
    failover_metrics::evidence,
    failover_pass::{Considered, LedgerSeen, Pass, led, remembered},
};
use crate::{
    alarm::named,
    cluster::{Activity, Group, ReplicationGroupId},
    failover::{
        Budget, Decision, DrillReport, Failover, FailoverAttempt, FailoverRequest, LEDGER, Phases,
        Verdict, replacements,
    },
    failover_shard::{Observation, primaries_per_zone},
    journal::Journal,
    policy::FailoverPolicy,
    record::{Record, Report},
    seen::Seen,
};

/// The function's name in records.
const FUNCTION: &str = "failover-shard";

/// Runs one pass. `emit` gets each record as soon as its call is answered, and once more when the new primary is seen. Failures
/// are in the report, not errors: one unreadable service must not hide the others' records.
pub async fn run(pass: &Pass<'_>, mut emit: impl FnMut(&Record)) -> Report {
    pass.tried(async || once(pass, &mut emit).await).await
}

async fn once(pass: &Pass<'_>, emit: &mut impl FnMut(&Record)) -> Report {
    let mut report = Report::new(pass.trigger);
    let governs = |id: &ReplicationGroupId| pass.policy.failover_shard_for(id);
    let request = match pass.request_about_a_group("failover_shard", &governs) {
        Ok(request) => request,
        Err(refusal) => {
            report.request = Some(refusal);
            return report;
        }
    };
    let entries = &pass.policy.failover_shard;
    let (mut fleet, targets) = pass
        .observe_groups(entries, &governs, request.as_ref(), &[LEDGER], &mut report)
        .await;
    let ledger = read_ledger(&mut fleet);
    let is_known = fleet.unreadable.is_none();
    let budget = ledger.budget(pass.policy, fleet.now);
    let mut considered = Vec::new();
    for (id, policy) in targets {
        let seen = see(&id, policy, &fleet, budget, request.clone());
        considered.push(
            pass.consider_group(id, policy, seen, &fleet, &mut report)
                .await,
        );
    }
    pass.finish(
        FUNCTION,
        considered,
        Some(ledger),
        fleet.now,
        &mut report,
        emit,
    )
    .await;
    // What is left after this pass's own calls, unless events or ledger could not be read.
    report.test_failovers_left = report.test_failovers_left.filter(|_| is_known);
    report
}

/// The account's ledger out of what was read. One that is not readable holds everything: nobody could say what is left.
fn read_ledger(fleet: &mut Fleet) -> LedgerSeen {
    let ledger = match fleet.journals.remove(LEDGER) {
        Some(Ok(ledger)) => ledger,
        Some(Err(error)) => {
            fleet.unreadable.get_or_insert(error.to_string());
            Journal::default()
        }
        None => Journal::default(),
    };
    LedgerSeen {
        ledger,
        events: fleet.events.clone(),
    }
}

impl Pass<'_> {
    async fn consider_group<'a>(
        &self,
        id: ReplicationGroupId,
        policy: &'a FailoverPolicy,
        mut seen: Observation,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Considered<'a> {
        let follow = async |seen: &Observation| self.follow_group(seen).await;
        let read = async |seen: &mut Observation| {
            if let Some(group) = &seen.group {
                seen.evidence =
                    Some(evidence(self.aws, group, fleet.now, policy.stale_after).await?);
            }
            Ok(())
        };
        let key = id.as_str();
        let (mut verdict, drills) = self
            .look(key, policy, &mut seen, follow, read, report)
            .await;
        if matches!(verdict.decision, Decision::Act(_)) {
            verdict = self.look_at_group_tag(&id, fleet, verdict, report).await;
        }
        considered(&id, policy, seen, verdict, drills)
    }

    /// The journal with what became of the group's failovers, drills and replacements.
    async fn follow_group(&self, seen: &Observation) -> (Journal, Vec<DrillReport>) {
        let Some(group) = &seen.group else {
            return (seen.journal.clone(), Vec::new());
        };
        let now = seen.at;
        let is_idle = group.activity() == Activity::Idle;
        let idle_at = is_idle.then_some(now);
        let phases_of = |attempt: &FailoverAttempt| {
            let members = members(group, &attempt.unit);
            let is_member = |node: &str| members.iter().any(|member| member == node);
            Phases::of_shard(attempt, &seen.events, is_member, idle_at)
        };
        let zone_of = |node: &str| zone_of(group, node);
        let (mut next, reports) = self
            .aws
            .follow(&seen.journal, is_idle, now, phases_of, zone_of)
            .await;
        let is_there = |node: &str| nodes(group).any(|one| one == node);
        next.replacements = replacements(&seen.journal.replacements, &seen.events, is_there, now);
        (led(next, named_primary(group), &seen.events, now), reports)
    }
}

fn considered<'a>(
    id: &ReplicationGroupId,
    policy: &'a FailoverPolicy,
    seen: Observation,
    verdict: Verdict,
    drills: Vec<DrillReport>,
) -> Considered<'a> {
    let members = match (&verdict.decision, &seen.group) {
        (Decision::Act(Failover::Shard { shard, .. }), Some(group)) => {
            members(group, shard.as_str())
        }
        _ => Vec::new(),
    };
    let zones = match (&seen.group, &seen.evidence) {
        (Some(group), Some(evidence)) => primaries_per_zone(group, evidence),
        _ => BTreeMap::new(),
    };
    Considered {
        key: id.to_string(),
        target: id.to_string(),
        policy,
        journal: seen.journal.clone(),
        seen: Seen::FailoverShard(Box::new(seen)),
        verdict,
        zones,
        members,
        drills,
    }
}

/// The ids of a shard's nodes.
fn members(group: &Group, shard: &str) -> Vec<String> {
    let shards = group.shards.iter().filter(|one| one.id.as_str() == shard);
    let nodes = shards.flat_map(|shard| &shard.nodes);
    nodes.map(|node| node.id.to_string()).collect()
}

fn zone_of(group: &Group, node: &str) -> Option<String> {
    let mut nodes = group.shards.iter().flat_map(|shard| &shard.nodes);
    nodes
        .find(|one| one.id.as_str() == node)
        .and_then(|one| one.availability_zone.clone())
}

fn see(
    id: &ReplicationGroupId,
    policy: &FailoverPolicy,
    fleet: &Fleet,
    budget: Budget,
    request: Option<FailoverRequest>,
) -> Observation {
    let (journal, pauses, unreadable) = remembered(id.as_str(), id.as_str(), &fleet.journals);
    let group = fleet.groups.get(id).cloned();
    Observation {
        at: fleet.now,
        events: fleet.events_of(group.as_ref()),
        group,
        alarms: named(policy.alarms.names(), &fleet.alarms),
        journal,
        pauses,
        budget,
        request,
        unreadable: fleet.unreadable.clone().or(unreadable),
        evidence: None,
    }
}
