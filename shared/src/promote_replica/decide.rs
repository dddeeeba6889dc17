//! The decision: what asks, who is primary, which replica is to take over, and whether anything speaks against it.

use serde_json::json;

use super::{
    Observation,
    intent::require_fit,
    safety::{require_cluster_mode_disabled, require_safe},
};
use crate::{
    checks::{Guards, Input},
    cluster::{Node, NodeId, Shard},
    failover::{
        Draft, Failover, FailoverRequest, Hold, Intent, Stop, Verdict, evacuation::Alarmed,
        replicas::Replicas, sight::Sight,
    },
    policy::FailoverPolicy,
};

/// Decides about one group from what was seen of it. The same arguments always give the same verdict.
pub fn decide(policy: &FailoverPolicy, seen: &Observation) -> Verdict {
    let mut work = Work {
        policy,
        seen,
        draft: Draft::default(),
        passed_over: Vec::new(),
    };
    let end = work.decide();
    let inputs = work.inputs();
    work.draft
        .verdict(end, inputs, seen.journal.replacements.clone())
}

/// One decision in progress.
struct Work<'a> {
    policy: &'a FailoverPolicy,
    seen: &'a Observation,
    draft: Draft,
    /// Alarms that did not come to it, with why.
    passed_over: Vec<Hold>,
}

impl<'a> Work<'a> {
    fn decide(&mut self) -> Result<(Failover, String), Stop> {
        let seen = self.seen;
        if let Some(reason) = &seen.unreadable {
            return Err(Hold::Unreadable(reason.clone()).into());
        }
        let sight = self.sight().ok_or(Hold::NotFound)?;
        require_cluster_mode_disabled(sight.group, &mut self.draft.guards)?;
        let shard = require_one_shard(&sight.group.shards)?;
        match &seen.request {
            Some(request) => self.requested(sight, shard, request),
            None => {
                sight.require_leave(&self.seen.pauses, &mut self.draft.guards)?;
                self.unrequested(sight, shard)
            }
        }
    }

    /// `None`: there is no such group.
    fn sight(&self) -> Option<Sight<'a>> {
        Some(Sight {
            policy: self.policy,
            group: self.seen.group.as_ref()?,
            alarms: &self.seen.alarms,
            events: &self.seen.events,
            journal: &self.seen.journal,
            evidence: self.seen.evidence.as_ref(),
            at: self.seen.at,
        })
    }

    /// A person's request; whether it is done already comes before everything that could hold: done is done.
    fn requested(
        &mut self,
        sight: Sight<'a>,
        shard: &'a Shard,
        request: &'a FailoverRequest,
    ) -> Result<(Failover, String), Stop> {
        let intent = Intent::Request {
            reason: request.reason.clone(),
            expires: request.expires,
        };
        self.about(sight, &intent);
        let asked = require_fit(sight.group, shard, request, &mut self.draft.guards)?;
        if let Ok(primary) = sight.primary_of(shard)
            && primary.node != *asked.from
        {
            return Err(Stop::AlreadyDone {
                from: asked.from.to_string(),
                now: primary.node.to_string(),
            });
        }
        sight.require_leave(&self.seen.pauses, &mut self.draft.guards)?;
        self.require_safe(sight, &intent)?;
        let mut guards = Guards::default();
        let end = self.carry_out(sight, shard, &intent, asked.to, &mut guards);
        self.draft.guards.0.append(&mut guards.0);
        end
    }

    /// The first alarm that shows that the primary is to be left.
    fn unrequested(
        &mut self,
        sight: Sight<'a>,
        shard: &'a Shard,
    ) -> Result<(Failover, String), Stop> {
        let mut holds: Vec<(Hold, Guards, Option<Intent>)> = Vec::new();
        let mut safe = false;
        for found in sight.evacuations() {
            let alarmed = match found {
                Ok(alarmed) => alarmed,
                Err(hold) => {
                    holds.push((hold, Guards::default(), None));
                    continue;
                }
            };
            let (intent, mut guards) = (alarmed.intent(), Guards::default());
            if let Err(hold) = sight.require_may_be_shown(&alarmed, &mut guards) {
                holds.push((hold, guards, Some(intent)));
                continue;
            }
            self.about(sight, &intent);
            if !safe {
                self.require_safe(sight, &intent)?;
                safe = true;
            }
            match self.evacuated(sight, shard, &alarmed, &mut guards) {
                Err(Stop::Hold(hold)) => holds.push((hold, guards, Some(intent))),
                end => {
                    self.draft.guards.0.append(&mut guards.0);
                    self.passed_over
                        .extend(holds.into_iter().map(|(hold, _, _)| hold));
                    return end;
                }
            }
        }
        // What would have been done comes before what was not asked for after all.
        holds.sort_by_key(|(hold, _, _)| matches!(hold, Hold::EvacuationNotShown { .. }));
        let mut holds = holds.into_iter();
        let Some((hold, mut guards, intent)) = holds.next() else {
            let next = if sight.policy.alarms.evacuate.is_empty() {
                "its policy names no alarm, so only a person can ask"
            } else {
                "none of its alarms asks"
            };
            return Err(Hold::NothingAsked(next.to_owned()).into());
        };
        self.draft.guards.0.append(&mut guards.0);
        self.draft.about.unit = intent.as_ref().map(|_| sight.group.id.to_string());
        self.draft.about.intent = intent;
        self.passed_over.extend(holds.map(|(hold, _, _)| hold));
        Err(hold.into())
    }

    fn about(&mut self, sight: Sight<'_>, intent: &Intent) {
        self.draft.about.intent = Some(intent.clone());
        self.draft.about.unit = Some(sight.group.id.to_string());
    }

    fn require_safe(&mut self, sight: Sight<'_>, intent: &Intent) -> Result<(), Hold> {
        let kind = intent.kind();
        require_safe(self.policy, self.seen, sight.group, kind, &mut self.draft)
    }

    fn evacuated(
        &mut self,
        sight: Sight<'a>,
        shard: &'a Shard,
        alarmed: &Alarmed<'a>,
        guards: &mut Guards,
    ) -> Result<(Failover, String), Stop> {
        if sight.evidence.is_some() {
            sight.require_shown(alarmed, guards)?;
        }
        self.carry_out(sight, shard, &alarmed.intent(), None, guards)
    }

    /// The promotion that an intent asks for, once the metrics show who can take over.
    fn carry_out(
        &mut self,
        sight: Sight<'a>,
        shard: &'a Shard,
        intent: &Intent,
        to: Option<&NodeId>,
        guards: &mut Guards,
    ) -> Result<(Failover, String), Stop> {
        let primary = sight.require_primary(shard, guards)?;
        sight.require_replica(shard, guards)?;
        if sight.evidence.is_none() {
            let hold = Hold::LagUnknown("it has not been read".to_owned());
            return Err(Stop::EvidenceWanted(hold));
        }
        let waived = sight.require_roles_settled(self.seen.request.as_ref(), guards)?;
        self.draft.waives(waived);
        let replicas = sight.replicas(shard, &primary.node);
        self.draft.about.ranking = sight.ranking(&replicas, "");
        let (best, lag) = match to {
            Some(to) => require_named(to, &replicas, &self.draft, guards)?,
            None => sight.require_fit_replica(&replicas, guards)?,
        };
        let sentence = format!(
            "{}: {} is promoted in place of {} ({intent}); it lags {lag:.3} s, at most {} s",
            sight.group.id, best.id, primary.node, self.policy.max_lag
        );
        let failover = Failover::Replica {
            group: sight.group.id.clone(),
            from: primary.node,
            to: best.id.clone(),
        };
        Ok((failover, sentence))
    }

    fn inputs(&self) -> Vec<Input> {
        let Some(sight) = self.sight() else {
            return Vec::new();
        };
        let shards = sight.group.shards.iter();
        let nodes: Vec<&Node> = match self.draft.about.intent {
            Some(_) => shards.flat_map(|shard| &shard.nodes).collect(),
            None => Vec::new(),
        };
        let mut inputs = sight.inputs(&nodes);
        inputs.extend(self.passed_over.iter().map(|hold| {
            let now = Some(chrono::TimeDelta::zero());
            Input::new("passed over", json!(hold.to_string()), now)
        }));
        inputs
    }
}

/// A group with cluster mode disabled has one shard; with none, or with more, it is not what we take it to be.
fn require_one_shard(shards: &[Shard]) -> Result<&Shard, Hold> {
    match shards {
        [shard] => Ok(shard),
        _ => Err(Hold::PrimaryUnknown(format!(
            "the group has {} shards, not one",
            shards.len()
        ))),
    }
}

/// The replica that a person named is fit; they chose, so no other takes its place.
fn require_named<'a>(
    to: &NodeId,
    replicas: &Replicas<'a>,
    draft: &Draft,
    guards: &mut Guards,
) -> Result<(&'a Node, f64), Hold> {
    let found = replicas.fit.iter().find(|(node, _)| node.id == *to);
    let because = draft
        .about
        .ranking
        .iter()
        .find(|one| one.id == to.as_str())
        .map_or("it is the primary", |one| one.because.as_str());
    let saw = match found {
        Some(_) => format!("{to}: {because}"),
        None => format!("{to} is not fit to take over: {because}"),
    };
    guards.require("replica_lag", found.is_some(), saw.clone(), || {
        Hold::RequestUnfit(saw.clone())
    })?;
    found.copied().ok_or(Hold::RequestUnfit(saw))
}
