//! One pass of a function that forces failovers: what the three have in common. Each looks at its targets in its own way
//! (`failover_shard.rs`, `failover_db_cluster.rs`, `promote_replica.rs`); here they are ordered, carried out and recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{Aws, ServiceError, dynamodb::Journals, failover_act::Started};
use crate::{
    alarm::AlarmsSeen,
    failover::{
        Budget, Candidate, Decision, DrillReport, FailoverAttempt, FailoverOutcome,
        FailoverRequest, Happened, Hold, Ruling, ServiceEvent, Verdict, admit, spent_within_a_day,
    },
    journal::{EVERYTHING, Journal},
    pause::ScopedPause,
    policy::{FailoverApply, FailoverPolicy, Policy},
    record::{Mode, Outcome, Record, Report, label},
    seen::Seen,
    trigger::Trigger,
};

/// A person's request that another run got in the way of is looked at again this often.
const TRIES: usize = 2;

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
    /// How long to wait between two looks for the new primary or writer of a failover that this pass started.
    pub watch_every: Duration,
}

/// One target with its verdict, before anything is done.
pub(super) struct Considered<'a> {
    /// The journal's key.
    pub(super) key: String,
    /// The id, as records spell it.
    pub(super) target: String,
    pub(super) policy: &'a FailoverPolicy,
    pub(super) journal: Journal,
    /// What it was decided from.
    pub(super) seen: Seen,
    pub(super) verdict: Verdict,
    /// Primaries or writers per Availability Zone, as far as known.
    pub(super) zones: BTreeMap<String, u32>,
    /// The nodes among which the new primary will be.
    pub(super) members: Vec<String>,
    /// Drills whose measurement this pass has finished.
    pub(super) drills: Vec<DrillReport>,
}

/// What the account has spent of the quota of test failovers: the ledger as it was read, and the events to count beside it.
pub(super) struct LedgerSeen {
    pub(super) ledger: Journal,
    pub(super) events: Vec<ServiceEvent>,
}

impl LedgerSeen {
    pub(super) fn budget(&self, policy: &Policy, now: DateTime<Utc>) -> Budget {
        let spent = spent_within_a_day(&self.ledger.ledger, &self.events, now);
        Budget::of(&policy.fleet, &spent)
    }
}

/// What a wake asks of the function.
pub(super) enum Asked {
    /// To look at every target.
    Everything,
    /// To carry out a person's request, and look at its target only: they wait for the answer.
    Request(FailoverRequest),
    /// A request that cannot be carried out, and why.
    Refused(String),
}

impl Pass<'_> {
    /// What the trigger asks. Anything but a request asks to look at everything.
    pub(super) fn asked(&self) -> Asked {
        let Trigger::Request(request) = self.trigger else {
            return Asked::Everything;
        };
        match FailoverRequest::read(request) {
            Some(Ok(request)) => Asked::Request(request),
            Some(Err(mistakes)) => Asked::Refused(format!("refused: {mistakes}")),
            None => {
                let fix = r#"write {"request": {"failover": {…}}}"#;
                Asked::Refused(format!("refused: it asks for no failover; {fix}"))
            }
        }
    }

    /// A pass, and where a person's request lost a race the pass again, a few times.
    pub(super) async fn tried(&self, mut once: impl AsyncFnMut() -> Report) -> Report {
        self.aws.bought.take();
        let mut report = once().await;
        for _ in 0..TRIES {
            if !self.lost_a_race(&report) {
                break;
            }
            report = once().await;
        }
        report.metrics_bought = self.aws.bought.take();
        report
    }

    /// Whether a person's request came to nothing only because another run was at its target: they meant this moment, and wait.
    fn lost_a_race(&self, report: &Report) -> bool {
        let is_request = matches!(self.trigger, Trigger::Request(_));
        let superseded = |record: &Record| {
            record.outcome == Outcome::Superseded
                && record.failure.is_none()
                && record.request_id.is_none()
        };
        is_request && !report.records.is_empty() && report.records.iter().all(superseded)
    }

    /// The services' time, as of the newest answer.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.aws.clock.now().unwrap_or_else(self.clock)
    }

    /// The alarms that these entries name.
    pub(super) async fn alarms_of(
        &self,
        entries: &[&FailoverPolicy],
    ) -> Result<AlarmsSeen, ServiceError> {
        let names: BTreeSet<&String> = entries
            .iter()
            .flat_map(|entry| entry.alarms.names())
            .collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        self.aws.alarms(&names).await
    }

    /// Orders what was decided, carries out what may be, and waits until the new primaries and writers are seen. `emit` gets each
    /// record as soon as its call is answered, so that a pass that is cut short leaves the records of what it did, and once more
    /// when the new one is seen.
    pub(super) async fn finish(
        &self,
        function: &'static str,
        considered: Vec<Considered<'_>>,
        ledger: Option<LedgerSeen>,
        now: DateTime<Utc>,
        report: &mut Report,
        emit: &mut impl FnMut(&Record),
    ) {
        let rulings = self.rule(&considered, ledger.as_ref(), now);
        let mut ledger = ledger;
        let mut waiting: Vec<Option<Considered<'_>>> = considered.into_iter().map(Some).collect();
        let mut started: Vec<Started> = Vec::new();
        for (place, ruling) in rulings {
            let Some(target) = waiting.get_mut(place).and_then(Option::take) else {
                continue;
            };
            let (mut record, begun) = self
                .carry_out(function, target, ruling, ledger.as_mut(), now, report)
                .await;
            emit(&record);
            record.sight = None;
            started.extend(begun.map(|begun| begun.with_record(report.records.len())));
            report.records.push(record);
        }
        let left = ledger.map(|ledger| ledger.budget(self.policy, now).left());
        report.test_failovers_left = left;
        self.watch(started, report, emit).await;
    }

    /// The fleet's ruling on every target, in the order in which to carry them out; holds come last.
    fn rule(
        &self,
        considered: &[Considered<'_>],
        ledger: Option<&LedgerSeen>,
        now: DateTime<Utc>,
    ) -> Vec<(usize, Option<Ruling>)> {
        let mut acting = Vec::new();
        let mut holding = Vec::new();
        for (place, target) in considered.iter().enumerate() {
            match (&target.verdict.decision, &target.verdict.intent) {
                (Decision::Act(failover), Some(intent)) => acting.push((
                    place,
                    Candidate {
                        failover,
                        kind: intent.kind(),
                        may_act: target.policy.apply == FailoverApply::All,
                    },
                )),
                (Decision::Act(_) | Decision::Hold(_) | Decision::AlreadyDone { .. }, _) => {
                    holding.push((place, None));
                }
            }
        }
        let candidates: Vec<Candidate<'_>> = acting.iter().map(|(_, one)| *one).collect();
        let budget = ledger.map(|ledger| ledger.budget(self.policy, now));
        let ruled = admit(&self.policy.fleet, &candidates, budget);
        ruled
            .into_iter()
            .filter_map(|(at, ruling)| Some((acting.get(at)?.0, Some(ruling))))
            .chain(holding)
            .collect()
    }

    /// A record of a target about which nothing has been done yet.
    pub(super) fn record(
        &self,
        function: &'static str,
        target: &str,
        verdict: Verdict,
        drills: Vec<DrillReport>,
        now: DateTime<Utc>,
    ) -> Record {
        let superseded = matches!(verdict.decision, Decision::Hold(Hold::Superseded));
        let mut record = Record::new(function, self.mode, target, now, verdict);
        record.policy.clone_from(&self.policy.version);
        record.trigger = label(self.trigger);
        record.tell_drills(drills);
        if superseded {
            record.outcome = Outcome::Superseded;
        }
        record
    }
}

/// The journal after a describe named a target's primary or writer. `None`: it named none.
pub(super) fn led(
    journal: Journal,
    leader: Option<&str>,
    events: &[ServiceEvent],
    now: DateTime<Utc>,
) -> Journal {
    let Some(leader) = leader else {
        return journal;
    };
    let told = events
        .iter()
        .filter(|event| matches!(event.happened(), Happened::FailedOver { to } if to == leader))
        .map(|event| event.at);
    let switched = journal
        .failovers
        .iter()
        .filter(|one| matches!(&one.outcome, FailoverOutcome::Switched { to, .. } if to == leader));
    let ours = switched.map(FailoverAttempt::ended_at);
    journal.led_by(leader, told.chain(ours), now)
}

/// The journal of a target, the pauses that cover it, and what of the journal could not be read.
pub(super) fn remembered(
    key: &str,
    id: &str,
    journals: &Journals,
) -> (Journal, Vec<ScopedPause>, Option<String>) {
    let mut unreadable = None;
    let mut read = |key: &str| match journals.get(key) {
        Some(Ok(journal)) => journal.clone(),
        Some(Err(error)) => {
            unreadable.get_or_insert(error.to_string());
            Journal::default()
        }
        None => Journal::default(),
    };
    let (own, everything) = (read(key), read(EVERYTHING));
    let mut pauses = everything.scoped_pauses(EVERYTHING);
    // A cluster's item has a key of its own, and people pause it by its name.
    if key != id {
        pauses.extend(read(id).scoped_pauses(id));
    }
    pauses.retain(|scoped| scoped.covers(id) || scoped.covers(key));
    (own, pauses, unreadable)
}
