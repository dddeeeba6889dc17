//! One pass of the function `reshard`: observe every target, decide, order, act, record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    Aws, ServiceError,
    answer::Answer,
    dynamodb::{Journals, Written},
    elasticache::Described,
    reshard_metrics::{evidence, load},
};
use crate::{
    admit::{self, Ruling},
    alarm::{AlarmsSeen, named, shows_auto_scaling},
    cluster::{Group, ReplicationGroupId, ShardId},
    journal::{Attempt, AttemptOutcome, EVERYTHING, Journal},
    policy::{Apply, Policy, ReshardPolicy},
    record::{Mode, Outcome, Record, Report, label, no_requests},
    reshard::{Decision, Hold, Observation, Reshard, ShardSeries, Verdict, decide},
    seen::Seen,
    trigger::Trigger,
};

/// The function's name in records.
const FUNCTION: &str = "reshard";

/// Everything one pass works with.
#[derive(Debug)]
pub struct Pass<'a> {
    /// The clients.
    pub aws: &'a Aws,
    /// The policy.
    pub policy: &'a Policy,
    /// Whether we may act.
    pub mode: Mode,
    /// Why we woke.
    pub trigger: &'a Trigger,
    /// The local clock, for when no service says what time it is.
    pub clock: fn() -> DateTime<Utc>,
}

/// What is known of the whole fleet before any target is looked at.
pub(super) struct Fleet {
    pub(super) now: DateTime<Utc>,
    pub(super) groups: BTreeMap<ReplicationGroupId, Group>,
    pub(super) arns: BTreeMap<ReplicationGroupId, String>,
    alarms: AlarmsSeen,
    auto_scaling: Vec<String>,
    journals: Journals,
    load: BTreeMap<ReplicationGroupId, BTreeMap<ShardId, ShardSeries>>,
    /// What could not be read, in the first sentence that says so.
    unreadable: Option<String>,
}

/// One target with its verdict, before anything is done.
pub(super) struct Considered<'a> {
    pub(super) id: ReplicationGroupId,
    pub(super) policy: &'a ReshardPolicy,
    seen: Observation,
    pub(super) verdict: Verdict,
    /// The earlier attempt whose end this look saw.
    ended: Option<Attempt>,
}

impl Pass<'_> {
    /// Runs the pass. `emit` gets each record as soon as it is final, so that a pass that is cut short leaves the records of
    /// what it did. Failures are in the report, not errors: one unreadable service must not hide the others' records.
    pub async fn run(&self, mut emit: impl FnMut(&Record)) -> Report {
        let mut report = Report::new(self.trigger);
        report.request = no_requests(self.trigger);
        self.aws.bought.take();
        let fleet = self.observe(&mut report).await;
        let mut considered = Vec::new();
        for (id, policy) in self.targets(&fleet.groups) {
            considered.push(self.consider(id, policy, &fleet, &mut report).await);
        }
        // An item that cannot be read holds its own target; what it would have counted is not known.
        let readable = |(target, journal): (&String, &Result<Journal, ServiceError>)| {
            Some((target.clone(), journal.as_ref().ok()?.clone()))
        };
        let mut journals: BTreeMap<String, Journal> =
            fleet.journals.iter().filter_map(readable).collect();
        journals.extend(
            considered
                .iter()
                .map(|target| (target.id.to_string(), target.seen.journal.clone())),
        );
        for (target, ruling) in self.admit(considered, &fleet, &journals) {
            // What a call of this pass did counts for the next.
            let stopped = admit::stopped(&self.policy.fleet, &journals, fleet.now);
            let ruling = match ruling {
                Ruling::Admitted(guard) => stopped.unwrap_or(Ruling::Admitted(guard)),
                Ruling::NotAsked | Ruling::Held(..) => ruling,
            };
            let id = target.id.to_string();
            let (mut record, written) =
                self.carry_out(target, ruling, fleet.now, &mut report).await;
            journals.extend(written.map(|journal| (id, journal)));
            emit(&record);
            record.sight = None;
            report.records.push(record);
        }
        report.metrics_bought = self.aws.bought.take();
        report
    }

    /// Every group that the policy names, and every group there is that a glob of it matches.
    fn targets(
        &self,
        groups: &BTreeMap<ReplicationGroupId, Group>,
    ) -> Vec<(ReplicationGroupId, &ReshardPolicy)> {
        let named = self
            .policy
            .reshard
            .iter()
            .map(|entry| &entry.replication_group);
        let named = named
            .filter(|name| !name.contains(['*', '?']))
            .map(|name| ReplicationGroupId::new(name));
        let all: BTreeSet<ReplicationGroupId> = named.chain(groups.keys().cloned()).collect();
        all.into_iter()
            .filter_map(|id| Some((id.clone(), self.policy.reshard_for(&id)?)))
            .collect()
    }

    async fn observe(&self, report: &mut Report) -> Fleet {
        self.aws.clock.forget();
        let mut unreadable = None;
        let mut note = |error: ServiceError| {
            let sentence = error.to_string();
            report.failures.push(sentence.clone());
            unreadable.get_or_insert(sentence);
        };
        let described: Vec<Described> = self
            .aws
            .groups()
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let now = self.aws.clock.now().unwrap_or_else(self.clock);
        let arns = described
            .iter()
            .filter_map(|seen| Some((seen.group.id.clone(), seen.arn.clone()?)))
            .collect();
        let groups: BTreeMap<_, _> = described
            .into_iter()
            .map(|seen| (seen.group.id.clone(), seen.group))
            .collect();
        let targets = self.targets(&groups);
        let names: BTreeSet<&String> = targets
            .iter()
            .flat_map(|(_, policy)| policy.alarms.names())
            .collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let alarms = self
            .aws
            .alarms(&names)
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let auto_scaling = self
            .aws
            .auto_scaling_alarms()
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let mut keys: Vec<String> = targets.iter().map(|(id, _)| id.to_string()).collect();
        keys.push(EVERYTHING.to_owned());
        let journals = self
            .aws
            .journals(&keys)
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let there: Vec<(&Group, &ReshardPolicy)> = targets
            .iter()
            .filter_map(|(id, policy)| Some((groups.get(id)?, *policy)))
            .collect();
        let load = load(self.aws, &there, now)
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let items = journals.values().filter_map(|read| read.as_ref().err());
        report.failures.extend(items.map(ServiceError::to_string));
        Fleet {
            now,
            groups,
            arns,
            alarms,
            auto_scaling,
            journals,
            load,
            unreadable,
        }
    }

    async fn consider<'a>(
        &self,
        id: ReplicationGroupId,
        policy: &'a ReshardPolicy,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Considered<'a> {
        let mut seen = see(&id, policy, fleet);
        if seen.unreadable.is_none() && seen.journal.is_ahead_of(fleet.now) {
            // Another run looked after us, and wrote; what we saw must not be written over it, nor acted on.
            return Considered {
                verdict: decide(policy, &seen).held(Hold::Superseded),
                seen,
                id,
                policy,
                ended: None,
            };
        }
        let mut ended = None;
        if let (Some(group), None) = (&seen.group, &seen.unreadable) {
            let next = seen
                .journal
                .sighted(fleet.now, group.shard_count(), &group.activity());
            match self.keep(&id, &seen.journal, next).await {
                Ok(Written::Yes(journal)) => {
                    // Who wrote it tells it, so that it is told once.
                    ended = journal.ended_since(&seen.journal).cloned();
                    seen.journal = journal;
                }
                Ok(Written::Superseded) => {
                    let verdict = decide(policy, &seen).held(Hold::Superseded);
                    return Considered {
                        id,
                        policy,
                        seen,
                        verdict,
                        ended,
                    };
                }
                Err(error) => {
                    report.failures.push(error.to_string());
                    seen.unreadable = Some(error.to_string());
                }
            }
        }
        let mut verdict = decide(policy, &seen);
        if let (true, Some(group)) = (verdict.wants_evidence, &seen.group) {
            match evidence(self.aws, group, policy, fleet.now).await {
                Ok(evidence) => seen.evidence = Some(evidence),
                Err(error) => {
                    report.failures.push(error.to_string());
                    seen.unreadable = Some(error.to_string());
                }
            }
            verdict = decide(policy, &seen);
        }
        if let (Decision::Reshard(_), Some(group)) = (&verdict.decision, &seen.group) {
            verdict = self
                .look_again(group, &seen.journal, verdict, fleet, report)
                .await;
        }
        Considered {
            id,
            policy,
            seen,
            verdict,
            ended,
        }
    }

    /// Writes what was sighted, if it says anything new. Plan mode writes it as well: a sight is a fact, not an intent, and a
    /// preview without it would differ from what apply mode does.
    async fn keep(
        &self,
        id: &ReplicationGroupId,
        read: &Journal,
        next: Journal,
    ) -> Result<Written, ServiceError> {
        if *read == next {
            Ok(Written::Yes(next))
        } else {
            self.aws.write_journal(id.as_str(), &next).await
        }
    }

    /// Does what is admitted; gives the record, and the journal if an attempt was written into it.
    async fn carry_out(
        &self,
        target: Considered<'_>,
        ruling: Ruling,
        now: DateTime<Utc>,
        report: &mut Report,
    ) -> (Record, Option<Journal>) {
        let Considered {
            id,
            policy,
            seen,
            verdict,
            ended,
        } = target;
        let (verdict, wanted) = ruling.apply_to(verdict);
        let (decision, hot) = (verdict.decision.clone(), verdict.hot.clone());
        let mut record = Record::new(FUNCTION, self.mode, id.as_str(), now, verdict);
        record.policy.clone_from(&self.policy.version);
        record.trigger = label(self.trigger);
        record.wanted = wanted;
        let journal = seen.journal.clone();
        record.decided_from(Seen::Reshard(Box::new(seen)));
        record.load_targets.clone_from(&policy.targets);
        record.tell_ended(ended);
        let mut written = None;
        match decision {
            Decision::Hold(Hold::Superseded) => record.outcome = Outcome::Superseded,
            Decision::Hold(_) => {}
            Decision::Reshard(reshard) => match planned_only(self.mode, policy.apply, &reshard) {
                Some(why) => record.note = Some(why),
                None => {
                    let hot = hot.filter(|_| reshard.to > reshard.from);
                    let asking = journal
                        .asking(now, reshard.from, reshard.to, reshard.remove.clone())
                        .because_of(hot);
                    written = self.act(&reshard, &asking, now, &mut record, report).await;
                }
            },
        }
        (record, written)
    }

    /// Writes the intent (`asking`), sends the request once, writes what the service said. Gives the journal with the
    /// attempt; `None`: the intent could not be written, and nothing was sent.
    async fn act(
        &self,
        reshard: &Reshard,
        asking: &Journal,
        now: DateTime<Utc>,
        record: &mut Record,
        report: &mut Report,
    ) -> Option<Journal> {
        let target = reshard.group.as_str();
        let asked = match self.aws.write_journal(target, asking).await {
            Ok(Written::Yes(journal)) => journal,
            Ok(Written::Superseded) => {
                record.outcome = Outcome::Superseded;
                record.note =
                    Some("another run wrote the journal first; nothing was sent".to_owned());
                return None;
            }
            Err(error) => {
                record.outcome = Outcome::Failed;
                record.note = Some(format!("nothing was sent: {error}"));
                report.failures.push(error.to_string());
                return None;
            }
        };
        let outcome = match self.aws.reshard(reshard).await {
            Answer::Accepted { request_id } => {
                (record.outcome, record.request_id) = (Outcome::Accepted, request_id);
                Some(AttemptOutcome::Accepted)
            }
            Answer::AlreadySo {
                request_id,
                message,
            } => {
                (record.outcome, record.request_id, record.note) =
                    (Outcome::Accepted, request_id, Some(message));
                Some(AttemptOutcome::Completed { at: now })
            }
            Answer::NotSent { failure } => {
                (record.outcome, record.failure) = (Outcome::Superseded, Some(failure));
                None
            }
            Answer::Busy {
                request_id,
                failure,
            } => {
                (record.outcome, record.request_id) = (Outcome::Superseded, request_id);
                let outcome = refused(&failure);
                record.failure = Some(failure);
                outcome
            }
            Answer::Failed {
                request_id,
                failure,
            } => {
                (record.outcome, record.request_id) = (Outcome::Failed, request_id);
                let outcome = refused(&failure);
                record.failure = Some(failure);
                outcome
            }
        };
        let Some(outcome) = outcome else {
            return Some(asked);
        };
        let answered = asked.answered(outcome);
        // If this write is lost the attempt stays "asked", and later passes conclude from what they see.
        match self.aws.write_journal(target, &answered).await {
            Ok(Written::Yes(_)) => {}
            Ok(Written::Superseded) => {
                let lost = "someone wrote the journal meanwhile, so that this outcome is not in it";
                record.note.get_or_insert_with(|| lost.to_owned());
            }
            Err(error) => report.failures.push(error.to_string()),
        }
        Some(answered)
    }
}

fn refused(failure: &crate::record::CallFailure) -> Option<AttemptOutcome> {
    failure.retry.map(|retry| AttemptOutcome::Refused {
        code: failure.code.clone(),
        retry,
    })
}

/// Why a change is planned only. `None`: it may be carried out.
fn planned_only(mode: Mode, apply: Apply, reshard: &Reshard) -> Option<String> {
    let written = match apply {
        Apply::None => "none",
        Apply::Out => "out",
        Apply::All => "all",
    };
    match mode {
        Mode::Plan => Some("planned only: the function runs in plan mode".to_owned()),
        Mode::Apply if admit::allows(apply, reshard) => None,
        Mode::Apply => Some(format!(
            "planned only: the policy says apply = \"{written}\""
        )),
    }
}

fn see(id: &ReplicationGroupId, policy: &ReshardPolicy, fleet: &Fleet) -> Observation {
    let journal = |key: &str| match fleet.journals.get(key) {
        Some(Ok(journal)) => (journal.clone(), None),
        Some(Err(error)) => (Journal::default(), Some(error.to_string())),
        None => (Journal::default(), None),
    };
    let ((own, own_error), (everything, everything_error)) =
        (journal(id.as_str()), journal(EVERYTHING));
    let unreadable = fleet.unreadable.clone();
    Observation {
        at: fleet.now,
        group: fleet.groups.get(id).cloned(),
        load: fleet.load.get(id).cloned().unwrap_or_default(),
        alarms: named(policy.alarms.names(), &fleet.alarms),
        auto_scaling: fleet
            .auto_scaling
            .iter()
            .find(|name| shows_auto_scaling(name, id))
            .cloned(),
        journal: own,
        pauses: everything
            .scoped_pauses(EVERYTHING)
            .into_iter()
            .filter(|scoped| scoped.covers(id.as_str()))
            .collect(),
        unreadable: unreadable.or(everything_error).or(own_error),
        evidence: None,
    }
}
