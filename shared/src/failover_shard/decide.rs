//! The decision: what asks, who is primary, and whether anything speaks against it.

use serde_json::json;

use super::{
    Observation,
    intent::{Proof, Thought, Wish, left_to_aws, require_fit, rotation, thoughts},
    safety::require_safe,
};
use crate::{
    checks::{Guards, Input},
    cluster::{Group, Node, Shard},
    failover::{
        About, Draft, Failover, FailoverRequest, Hold, Intent, Rotation, Stop, Verdict,
        sight::Sight,
    },
    policy::FailoverPolicy,
};

/// What AWS does with the ranking: it chooses by itself.
const THEN: &str = "; AWS chooses, by its documentation the one with the least lag";

/// Decides about one group from what was seen of it. The same arguments always give the same verdict.
pub fn decide(policy: &FailoverPolicy, seen: &Observation) -> Verdict {
    let mut work = Work {
        policy,
        seen,
        draft: Draft::default(),
        passed_over: Vec::new(),
        looked_at: Vec::new(),
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
    /// What was thought of and came to nothing, with why.
    passed_over: Vec<(Intent, Hold)>,
    /// The shards that anything was thought of.
    looked_at: Vec<&'a Shard>,
}

impl<'a> Work<'a> {
    fn decide(&mut self) -> Result<(Failover, String), Stop> {
        let seen = self.seen;
        if let Some(reason) = &seen.unreadable {
            return Err(Hold::Unreadable(reason.clone()).into());
        }
        let sight = self.sight().ok_or(Hold::NotFound)?;
        match &seen.request {
            Some(request) => self.requested(sight, request),
            None => {
                sight.require_leave(&self.seen.pauses, &mut self.draft.guards)?;
                self.unrequested(sight)
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

    /// A person's request. Whether it is done already comes before everything that could hold: done is done. So this is the one
    /// intent that reads the metrics first; a person asks rarely.
    fn requested(
        &mut self,
        sight: Sight<'a>,
        request: &'a FailoverRequest,
    ) -> Result<(Failover, String), Stop> {
        let intent = Intent::Request {
            reason: request.reason.clone(),
            expires: request.expires,
        };
        self.draft.about.intent = Some(intent.clone());
        let (shard, from) = require_fit(sight.group, request, &mut self.draft.guards)?;
        self.draft.about.unit = Some(shard.id.to_string());
        self.looked_at.push(shard);
        match sight.primary_of(shard) {
            Ok(primary) if primary.node != *from => {
                return Err(Stop::AlreadyDone {
                    from: from.to_string(),
                    now: primary.node.to_string(),
                });
            }
            Err(why) if sight.roles_are_metrics() && sight.evidence.is_none() => {
                return Err(Stop::EvidenceWanted(Hold::PrimaryUnknown(why)));
            }
            Ok(_) | Err(_) => {}
        }
        sight.require_leave(&self.seen.pauses, &mut self.draft.guards)?;
        self.require_safe(sight.group, &intent)?;
        let mut guards = Guards::default();
        let wish = Wish {
            intent,
            shard,
            proof: Proof::None,
        };
        let end = self.carry_out(sight, &wish, &mut guards);
        self.draft.guards.0.append(&mut guards.0);
        end
    }

    /// What alarms, replacements and drills ask for: the first that nothing speaks against.
    fn unrequested(&mut self, sight: Sight<'a>) -> Result<(Failover, String), Stop> {
        let (mut wishes, mut told) = (Vec::new(), Vec::new());
        for thought in thoughts(sight) {
            let Thought {
                intent,
                guards,
                outcome,
            } = thought;
            match outcome {
                Ok(wish) => wishes.push((wish, guards)),
                Err(hold) => told.push(Told {
                    about: About {
                        intent,
                        ..About::default()
                    },
                    guards,
                    hold,
                }),
            }
        }
        if let Some((wish, _)) = wishes.first() {
            self.draft.about = about(wish);
            let intent = wish.intent.clone();
            self.require_safe(sight.group, &intent)?;
        }
        let mut refused = Vec::new();
        for (wish, mut guards) in wishes {
            self.looked_at.push(wish.shard);
            self.draft.about = about(&wish);
            match self.carry_out(sight, &wish, &mut guards) {
                Err(Stop::Hold(hold)) => refused.push(Told {
                    about: self.draft.about.clone(),
                    guards,
                    hold,
                }),
                end => {
                    self.draft.guards.0.append(&mut guards.0);
                    self.pass_over(refused.into_iter().chain(told));
                    return end;
                }
            }
        }
        // What would have been done comes before what was not asked for after all.
        refused.sort_by_key(|one| one.is_not_asked());
        let asked = refused.iter().filter(|one| !one.is_not_asked()).count();
        let rest = refused.split_off(asked);
        let mut all = refused.into_iter().chain(in_order(rest, told));
        let first = all.next();
        self.pass_over(all);
        let Some(Told {
            about,
            mut guards,
            hold,
        }) = first
        else {
            return Err(Hold::NothingAsked(String::new()).into());
        };
        self.draft.about = about;
        self.draft.guards.0.append(&mut guards.0);
        Err(hold.into())
    }

    fn require_safe(&mut self, group: &Group, intent: &Intent) -> Result<(), Hold> {
        let kind = intent.kind();
        require_safe(self.policy, self.seen, group, kind, &mut self.draft)
    }

    fn require_settled(&mut self, sight: Sight<'a>, guards: &mut Guards) -> Result<(), Hold> {
        let waived = sight.require_roles_settled(self.seen.request.as_ref(), guards)?;
        self.draft.waives(waived);
        Ok(())
    }

    /// The failover that a wish asks for, once the metrics show that it stands and that somebody can take over.
    fn carry_out(
        &mut self,
        sight: Sight<'a>,
        wish: &Wish<'a>,
        guards: &mut Guards,
    ) -> Result<(Failover, String), Stop> {
        let shard = wish.shard;
        sight.require_replica(shard, guards)?;
        if sight.evidence.is_none() {
            let hold = require_told_by_the_service(sight, wish, guards)?;
            return Err(Stop::EvidenceWanted(hold));
        }
        if let Proof::Alarmed(alarmed) = &wish.proof {
            sight.require_shown(alarmed, guards)?;
        }
        let primary = sight.require_primary(shard, guards)?;
        self.require_settled(sight, guards)?;
        match &wish.proof {
            Proof::Replaced(one) if primary.node.as_str() != one.node => {
                return Err(left_to_aws(one, false).into());
            }
            // By another word than that of the metrics: an event that came after them.
            Proof::Alarmed(alarmed) if primary.node != alarmed.node.id => {
                return Err(Hold::EvacuationNotShown {
                    alarm: alarmed.alarm.name.clone(),
                    because: format!("{} is the primary: {}", primary.node, primary.by),
                }
                .into());
            }
            Proof::None | Proof::Alarmed(_) | Proof::Replaced(_) => {}
        }
        let replicas = sight.replicas(shard, &primary.node);
        self.draft.about.ranking = sight.ranking(&replicas, THEN);
        let (best, lag) = sight.require_fit_replica(&replicas, guards)?;
        let (budget, kind) = (self.seen.budget, wish.intent.kind());
        let sentence = format!(
            "shard {}: {} hands over to a replica ({}); {} lags {lag:.3} s; {} of {} test failovers spent in 24 h",
            shard.id,
            primary.node,
            wish.intent,
            best.id,
            budget.used,
            budget.limit_for(kind)
        );
        let failover = Failover::Shard {
            group: sight.group.id.clone(),
            shard: shard.id.clone(),
            from: primary.node,
        };
        Ok((failover, sentence))
    }

    fn pass_over(&mut self, told: impl Iterator<Item = Told>) {
        let intents = told.filter_map(|one| Some((one.about.intent?, one.hold)));
        self.passed_over.extend(intents);
    }

    fn inputs(&self) -> Vec<Input> {
        let Some(sight) = self.sight() else {
            return Vec::new();
        };
        let shards = sight.group.shards.iter();
        let nodes: Vec<&Node> = shards
            .filter(|shard| self.looked_at.iter().any(|one| one.id == shard.id))
            .flat_map(|shard| &shard.nodes)
            .collect();
        let mut inputs = sight.inputs(&nodes);
        let now = Some(chrono::TimeDelta::zero());
        inputs.push(Input::new(
            "test failovers in 24 h",
            json!(self.seen.budget),
            now,
        ));
        if let Some(unit) = rotation(sight).as_ref().and_then(Rotation::next) {
            let age = unit.due.map(|due| sight.at - due);
            let name = format!("drill due of shard {}", unit.id);
            inputs.push(Input::new(name, json!(unit.due), age));
        }
        for (intent, hold) in &self.passed_over {
            let name = format!("passed over: {intent}");
            inputs.push(Input::new(name, json!(hold.to_string()), now));
        }
        inputs
    }
}

/// A thought that came to nothing.
struct Told {
    about: About,
    guards: Guards,
    hold: Hold,
}

impl Told {
    /// Whether the metrics showed that nobody asks after all.
    fn is_not_asked(&self) -> bool {
        matches!(
            self.hold,
            Hold::EvacuationNotShown { .. } | Hold::ReplacementScheduled { .. }
        )
    }
}

/// Thoughts in the order of their urgency: alarms, replacements, the rest.
fn in_order(one: Vec<Told>, other: Vec<Told>) -> impl Iterator<Item = Told> {
    let mut all: Vec<Told> = one.into_iter().chain(other).collect();
    all.sort_by_key(|told| {
        let alarm = matches!(told.hold, Hold::EvacuationNotShown { .. });
        (!alarm, !told.is_not_asked())
    });
    all.into_iter()
}

/// What the service itself says of roles may settle it before the metrics are read. Gives the hold for a pass that cannot read them.
fn require_told_by_the_service(
    sight: Sight<'_>,
    wish: &Wish<'_>,
    guards: &mut Guards,
) -> Result<Hold, Hold> {
    if sight.roles_are_metrics() {
        let why = "the roles and the lag have not been read";
        return Ok(Hold::PrimaryUnknown(why.to_owned()));
    }
    let primary = sight.require_primary(wish.shard, guards)?;
    match &wish.proof {
        Proof::Replaced(one) if primary.node.as_str() != one.node => Err(left_to_aws(one, false)),
        Proof::Replaced(_) | Proof::Alarmed(_) | Proof::None => {
            Ok(Hold::LagUnknown("it has not been read".to_owned()))
        }
    }
}

fn about(wish: &Wish<'_>) -> About {
    About {
        intent: Some(wish.intent.clone()),
        unit: Some(wish.shard.id.to_string()),
        ranking: Vec::new(),
    }
}
