//! One pass of the function `promote-replica`: observe every group that the policy names, decide, act, record.

use std::collections::BTreeMap;

use super::{
    failover_groups::{Fleet, named_primary},
    failover_metrics::evidence,
    failover_pass::{Considered, Pass, led, remembered},
};
use crate::{
    alarm::named,
    cluster::ReplicationGroupId,
    failover::{Decision, FailoverOutcome, FailoverRequest, Verdict},
    journal::Journal,
    policy::FailoverPolicy,
    promote_replica::Observation,
    record::{Record, Report},
    seen::Seen,
};

/// The function's name in records.
const FUNCTION: &str = "promote-replica";

/// Runs one pass; as [`failover_shard::run`](super::failover_shard::run).
pub async fn run(pass: &Pass<'_>, mut emit: impl FnMut(&Record)) -> Report {
    pass.tried(async || once(pass, &mut emit).await).await
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
        let seen = see(&id, policy, &fleet, request.clone());
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
        let follow = async |seen: &Observation| (followed(seen), Vec::new());
        let read = async |seen: &mut Observation| {
            if let Some(group) = &seen.group {
                seen.evidence =
                    Some(evidence(self.aws, group, fleet.now, policy.stale_after).await?);
            }
            Ok(())
        };
        let key = id.as_str();
        let (mut verdict, _) = self
            .look(key, policy, &mut seen, follow, read, report)
            .await;
        if matches!(verdict.decision, Decision::Act(_)) {
            verdict = self.look_at_group_tag(&id, fleet, verdict, report).await;
        }
        considered(&id, policy, seen, verdict)
    }
}

/// The journal with what became of our promotions, and who is primary: describes say it.
fn followed(seen: &Observation) -> Journal {
    let primary = seen.group.as_ref().and_then(named_primary);
    let journal = match (seen.journal.failovers.last(), primary) {
        (Some(attempt), Some(primary)) if attempt.is_open() && attempt.from != primary => {
            let (at, to) = (seen.at, primary.to_owned());
            let switched = FailoverOutcome::Switched { at, to };
            seen.journal.failed_over(attempt.at, switched)
        }
        _ => seen.journal.clone(),
    };
    led(journal, primary, &seen.events, seen.at)
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
        journal: seen.journal.clone(),
        seen: Seen::PromoteReplica(Box::new(seen)),
        verdict,
        zones: BTreeMap::new(),
        members: Vec::new(),
        drills: Vec::new(),
    }
}

fn see(
    id: &ReplicationGroupId,
    policy: &FailoverPolicy,
    fleet: &Fleet,
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
        request,
        unreadable: fleet.unreadable.clone().or(unreadable),
        evidence: None,
    }
}
