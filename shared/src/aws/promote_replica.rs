//! One pass of the function `promote-replica`: observe every group that the policy names, decide, act, record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    dynamodb::Written,
    failover_groups::{Fleet, named_primary},
    failover_metrics::evidence,
    failover_pass::{Considered, Pass, TRIES, led, remembered},
};
use crate::{
    cluster::{Group, ReplicationGroupId},
    failover::{Decision, FailoverOutcome, FailoverRequest, Hold, Verdict},
    journal::Journal,
    policy::FailoverPolicy,
    promote_replica::{Observation, decide},
    record::{Record, Report},
};

/// The function's name in records.
const FUNCTION: &str = "promote-replica";

/// Runs one pass; as [`failover_shard::run`](super::failover_shard::run).
pub async fn run(pass: &Pass<'_>, mut emit: impl FnMut(&Record)) -> Report {
    let mut report = once(pass, &mut emit).await;
    for _ in 0..TRIES {
        if !pass.lost_a_race(&report) {
            break;
        }
        report = once(pass, &mut emit).await;
    }
    report
}

async fn once(pass: &Pass<'_>, emit: &mut impl FnMut(&Record)) -> Report {
    let mut report = Report::new(pass.trigger);
    let governs = |id: &ReplicationGroupId| pass.policy.promote_replica_for(id);
    let request = match pass.request_about_a_group("promote_replica", &governs) {
        Ok(request) => request,
        Err(refusal) => {
            report.request = Some(refusal);
            return report;
        }
    };
    let entries = &pass.policy.promote_replica;
    let (fleet, targets) = pass
        .observe_groups(entries, &governs, request.as_ref(), &[], &mut report)
        .await;
    let mut considered = Vec::new();
    for (id, policy) in targets {
        let seen = see(&id, &fleet, request.clone());
        considered.push(
            pass.consider_promotion(id, policy, seen, &fleet, &mut report)
                .await,
        );
    }
    pass.finish(FUNCTION, considered, None, fleet.now, &mut report, emit)
        .await;
    report
}

impl Pass<'_> {
    async fn consider_promotion<'a>(
        &self,
        id: ReplicationGroupId,
        policy: &'a FailoverPolicy,
        mut seen: Observation,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Considered<'a> {
        if seen.unreadable.is_none() && seen.journal.is_ahead_of(fleet.now) {
            let verdict = decide(policy, &seen).held(Hold::Superseded);
            return considered(&id, policy, seen, verdict);
        }
        if let (Some(group), None) = (&seen.group, &seen.unreadable) {
            let next = followed(&seen.journal, group, fleet.now);
            let next = led(next, named_primary(group), &seen.events, fleet.now);
            match self.aws.keep(id.as_str(), &seen.journal, next).await {
                Ok(Written::Yes(journal)) => seen.journal = journal,
                Ok(Written::Superseded) => {
                    let verdict = decide(policy, &seen).held(Hold::Superseded);
                    return considered(&id, policy, seen, verdict);
                }
                Err(error) => {
                    report.failures.push(error.to_string());
                    seen.unreadable = Some(error.to_string());
                }
            }
        }
        let mut verdict = decide(policy, &seen);
        if let (true, Some(group)) = (verdict.wants_evidence, &seen.group) {
            match evidence(self.aws, group, fleet.now, policy.stale_after).await {
                Ok(evidence) => seen.evidence = Some(evidence),
                Err(error) => {
                    report.failures.push(error.to_string());
                    seen.unreadable = Some(error.to_string());
                }
            }
            verdict = decide(policy, &seen);
        }
        if matches!(verdict.decision, Decision::Act(_)) {
            verdict = self.look_at_group_tag(&id, fleet, verdict, report).await;
        }
        considered(&id, policy, seen, verdict)
    }
}

/// The journal with what became of our promotions: describes say who is primary.
fn followed(journal: &Journal, group: &Group, now: DateTime<Utc>) -> Journal {
    let Some(attempt) = journal.failovers.last().filter(|one| one.is_open()) else {
        return journal.clone();
    };
    let mut nodes = group.shards.iter().flat_map(|shard| &shard.nodes);
    let primary = nodes.find(|node| node.is_primary == Some(true));
    match primary.filter(|node| node.id.as_str() != attempt.from) {
        Some(node) => journal.failed_over(
            attempt.at,
            FailoverOutcome::Switched {
                at: now,
                to: node.id.to_string(),
            },
        ),
        None => journal.clone(),
    }
}

fn considered<'a>(
    id: &ReplicationGroupId,
    policy: &'a FailoverPolicy,
    seen: Observation,
    verdict: Verdict,
) -> Considered<'a> {
    Considered {
        key: id.to_string(),
        target: id.to_string(),
        policy,
        journal: seen.journal,
        verdict,
        zones: BTreeMap::new(),
        members: Vec::new(),
        drills: Vec::new(),
    }
}

fn see(id: &ReplicationGroupId, fleet: &Fleet, request: Option<FailoverRequest>) -> Observation {
    let (journal, pauses, unreadable) = remembered(id.as_str(), id.as_str(), &fleet.journals);
    let group = fleet.groups.get(id).cloned();
    Observation {
        at: fleet.now,
        events: fleet.events_of(group.as_ref()),
        group,
        alarms: fleet.alarms.clone(),
        journal,
        pauses,
        request,
        unreadable: fleet.unreadable.clone().or(unreadable),
        evidence: None,
    }
}
