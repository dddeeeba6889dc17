//! Carrying out one failover: the intent into the journal, the call into the ledger, the request once, the answer into the journal.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Aws, ServiceError,
    answer::Answer,
    dynamodb::Written,
    failover_pass::{Considered, LedgerSeen, Pass},
};
use crate::{
    failover::{
        Decision, DrillReport, Failover, FailoverAttempt, FailoverOutcome, Hold, Intent,
        IntentKind, LEDGER, Phases, Ruling, Spent,
    },
    journal::Journal,
    record::{CallFailure, Mode, Outcome, Record, Report},
};

/// The ledger is written by every function and run; a write that another one won is tried again this often.
const TRIES: usize = 5;

/// How long a look holds: a pass over many targets with slow services must not act on what was so minutes ago.
const LOOK_HOLDS: TimeDelta = TimeDelta::minutes(3);

/// How far back attempts are followed: as far as events are read.
const FOLLOWED_FOR: TimeDelta = TimeDelta::hours(24);

/// A failover that the service accepted in this pass, or of which nobody knows.
pub(super) struct Started {
    /// Its record's place in the report.
    pub(super) record: usize,
    pub(super) key: String,
    pub(super) failover: Failover,
    pub(super) at: DateTime<Utc>,
    pub(super) journal: Journal,
    pub(super) members: Vec<String>,
}

impl Started {
    pub(super) fn with_record(self, record: usize) -> Self {
        Self { record, ..self }
    }
}

/// Whether the ledger has taken a call.
enum Spending {
    Taken,
    /// There is no room any more: other runs took it.
    NoRoom(Hold),
    Failed(String),
}

impl Pass<'_> {
    /// Does what is admitted; gives the record, and the failover if one may be under way.
    pub(super) async fn carry_out(
        &self,
        function: &'static str,
        target: Considered<'_>,
        ruling: Option<Ruling>,
        ledger: Option<&mut LedgerSeen>,
        now: DateTime<Utc>,
        report: &mut Report,
    ) -> (Record, Option<Started>) {
        let mut verdict = target.verdict;
        let planned = match ruling {
            Some(Ruling::Held(hold, guard)) => {
                verdict.guards.push(guard);
                verdict = verdict.held(hold);
                None
            }
            Some(Ruling::Admitted(guard)) => {
                verdict.guards.push(guard);
                (self.mode == Mode::Plan).then_some("the function runs in plan mode")
            }
            Some(Ruling::NotAsked) => Some(match self.mode {
                Mode::Plan => "the function runs in plan mode",
                Mode::Apply => "the policy says apply = \"none\"",
            }),
            None => None,
        };
        let act = match (&verdict.decision, &verdict.intent) {
            (Decision::Act(failover), Some(intent)) => Some((failover.clone(), intent.clone())),
            (Decision::Act(_) | Decision::Hold(_) | Decision::AlreadyDone { .. }, _) => None,
        };
        let mut record = self.record(function, &target.target, verdict, target.drills, now);
        record.decided_from(target.seen);
        let Some((failover, intent)) = act else {
            return (record, None);
        };
        if let Some(why) = planned {
            record.note = Some(format!("planned only: {why}"));
            return (record, None);
        }
        // Not the time of the look: the calls for other targets may lie between.
        let asked_at = self.now();
        if asked_at - now > LOOK_HOLDS {
            record.outcome = Outcome::Superseded;
            let ago = (asked_at - now).num_seconds();
            record.note = Some(format!("nothing was sent: the look is {ago} s old"));
            return (record, None);
        }
        let drill = target.policy.drill.as_ref();
        let attempt = FailoverAttempt::asking(&failover, &intent, drill, target.zones, asked_at);
        let asking = target.journal.failing_over(attempt);
        let sent = self
            .act(
                &target.key,
                &failover,
                &intent,
                asking,
                ledger,
                &mut record,
                report,
            )
            .await;
        let started = sent.map(|journal| Started {
            record: 0,
            key: target.key,
            failover,
            at: asked_at,
            journal,
            members: target.members,
        });
        (record, started)
    }

    /// Writes the intent (`asking`), spends from the ledger, sends the request once, writes what the service said. Gives the
    /// journal if the failover may be under way.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of one target; a struct for it would be filled and emptied once"
    )]
    async fn act(
        &self,
        key: &str,
        failover: &Failover,
        intent: &Intent,
        asking: Journal,
        ledger: Option<&mut LedgerSeen>,
        record: &mut Record,
        report: &mut Report,
    ) -> Option<Journal> {
        let at = asking.failovers.last().map(|attempt| attempt.at)?;
        let asked = match self.aws.write_journal(key, &asking).await {
            Ok(Written::Yes(journal)) => journal,
            Ok(Written::Superseded) => {
                record.outcome = Outcome::Superseded;
                record.note =
                    Some("another run wrote the journal first; nothing was sent".to_owned());
                return None;
            }
            Err(error) => {
                not_sent(record, report, &error.to_string());
                return None;
            }
        };
        let spending = self.spend(failover, intent.kind(), at, ledger).await;
        let answer = match spending {
            Spending::Taken => self.aws.fail_over(failover).await,
            Spending::NoRoom(hold) => {
                record.outcome = Outcome::Superseded;
                record.note = Some(format!("nothing was sent: {hold}"));
                self.note_outcome(key, &asked, at, FailoverOutcome::NotSent, record, report)
                    .await;
                return None;
            }
            Spending::Failed(why) => {
                not_sent(record, report, &why);
                self.note_outcome(key, &asked, at, FailoverOutcome::NotSent, record, report)
                    .await;
                return None;
            }
        };
        let answered_at = self.now();
        let (outcome, under_way) = read_answer(answer, record);
        let asked = match outcome {
            Some(FailoverOutcome::Accepted) => asked.accepted_at(at, answered_at),
            Some(_) | None => asked,
        };
        let journal = match outcome {
            Some(outcome) => {
                self.note_outcome(key, &asked, at, outcome, record, report)
                    .await
            }
            // Nobody knows: the attempt stays "asked", and this pass and later ones conclude from what they see.
            None => asked,
        };
        under_way.then_some(journal)
    }

    /// Writes what became of the attempt of `at`. If this write is lost the attempt stays "asked", and later passes conclude
    /// from what they see.
    async fn note_outcome(
        &self,
        key: &str,
        asked: &Journal,
        at: DateTime<Utc>,
        outcome: FailoverOutcome,
        record: &mut Record,
        report: &mut Report,
    ) -> Journal {
        let next = |journal: &Journal| journal.failed_over(at, outcome.clone());
        match self.aws.rewrite(key, asked, next).await {
            Ok(Some(journal)) => journal,
            Ok(None) => {
                let lost =
                    "others wrote the journal all the time, so that this outcome is not in it";
                record.note.get_or_insert_with(|| lost.to_owned());
                next(asked)
            }
            Err(error) => {
                report.failures.push(error.to_string());
                next(asked)
            }
        }
    }

    /// Enters the call into the account's ledger, if there is room for it still. Only test failovers have a quota.
    async fn spend(
        &self,
        failover: &Failover,
        kind: IntentKind,
        at: DateTime<Utc>,
        ledger: Option<&mut LedgerSeen>,
    ) -> Spending {
        let (Failover::Shard { group, shard, .. }, Some(seen)) = (failover, ledger) else {
            return Spending::Taken;
        };
        let spent = Spent {
            at,
            group: group.to_string(),
            shard: shard.to_string(),
        };
        for _ in 0..TRIES {
            if seen.ledger.ledger.contains(&spent) {
                // A write of ours whose answer was lost: nobody else writes this group's attempts beside us.
                return Spending::Taken;
            }
            let budget = seen.budget(self.policy, at);
            if !budget.has_room(kind) {
                return Spending::NoRoom(Hold::BudgetSpent { budget, kind });
            }
            let next = seen.ledger.spending(spent.clone());
            match self.aws.write_journal(LEDGER, &next).await {
                Ok(Written::Yes(written)) => {
                    seen.ledger = written;
                    return Spending::Taken;
                }
                Ok(Written::Superseded) => match self.aws.journal(LEDGER).await {
                    Ok(ledger) => seen.ledger = ledger,
                    Err(error) => return Spending::Failed(error.to_string()),
                },
                Err(error) => return Spending::Failed(error.to_string()),
            }
        }
        Spending::Failed(format!(
            "the ledger of test failovers was written by others {TRIES} times in a row"
        ))
    }
}

impl Aws {
    /// The journal brought up to date with what became of its failovers: who took over, and the drills whose measurement is
    /// complete. `phases_of` tells the phases of an attempt, `zone_of` a node's Availability Zone; `is_idle` whether all of the
    /// target is available.
    pub(super) async fn follow(
        &self,
        journal: &Journal,
        is_idle: bool,
        now: DateTime<Utc>,
        phases_of: impl Fn(&FailoverAttempt) -> Phases,
        zone_of: impl Fn(&str) -> Option<String>,
    ) -> (Journal, Vec<DrillReport>) {
        let (mut next, mut reports) = (journal.clone(), Vec::new());
        let recent = |attempt: &&FailoverAttempt| {
            attempt.may_have_happened() && now - attempt.at < FOLLOWED_FOR
        };
        for attempt in journal.failovers.iter().filter(recent) {
            let phases = phases_of(attempt);
            if let (true, Some(at), Some(to)) = (attempt.is_open(), phases.switched(), &phases.to) {
                let to = to.clone();
                next = next.failed_over(attempt.at, FailoverOutcome::Switched { at, to });
            }
            if !attempt.awaits_report() {
                continue;
            }
            if !phases.can_be_reported(now) {
                if !is_idle {
                    next = next.busy_after(attempt.at, now);
                }
                continue;
            }
            let until = phases.reached.last().and_then(|(_, at)| *at).unwrap_or(now);
            // A report without alarms is a report; it says that they are not known.
            let fired = self.alarms_fired(phases.accepted, until).await.ok();
            let report = DrillReport::of(attempt, &phases, &zone_of, fired);
            next = next.reporting(attempt.at, report.clone());
            reports.push(report);
        }
        (next, reports)
    }

    /// Writes a change of an attempt into its journal. Where somebody wrote since `known` was read, such as a person who paused the
    /// target meanwhile, the item is read again and changed as it is now. `None`: others were quicker each time.
    pub(super) async fn rewrite(
        &self,
        key: &str,
        known: &Journal,
        change: impl Fn(&Journal) -> Journal,
    ) -> Result<Option<Journal>, ServiceError> {
        let mut journal = known.clone();
        for _ in 0..TRIES {
            match self.write_journal(key, &change(&journal)).await? {
                Written::Yes(written) => return Ok(Some(written)),
                Written::Superseded => journal = self.journal(key).await?,
            }
        }
        Ok(None)
    }

    /// Writes what was seen, if it says anything new. Plan mode writes it as well: a sight is a fact, not an intent.
    pub(super) async fn keep(
        &self,
        key: &str,
        read: &Journal,
        next: Journal,
    ) -> Result<Written, ServiceError> {
        if *read == next {
            Ok(Written::Yes(next))
        } else {
            self.write_journal(key, &next).await
        }
    }
}

fn not_sent(record: &mut Record, report: &mut Report, why: &str) {
    record.outcome = Outcome::Failed;
    record.note = Some(format!("nothing was sent: {why}"));
    report.failures.push(why.to_owned());
}

/// What an answer says to the record and to the journal (`None`: nobody knows), and whether the failover may be under way.
fn read_answer(answer: Answer, record: &mut Record) -> (Option<FailoverOutcome>, bool) {
    match answer {
        Answer::Accepted { request_id } | Answer::AlreadySo { request_id, .. } => {
            (record.outcome, record.request_id) = (Outcome::Accepted, request_id);
            (Some(FailoverOutcome::Accepted), true)
        }
        Answer::NotSent { failure } => {
            record.outcome = Outcome::Superseded;
            record.note = Some(format!("nothing was sent: {}", failure.message));
            (Some(FailoverOutcome::NotSent), false)
        }
        Answer::Busy {
            request_id,
            failure,
        } => {
            (record.outcome, record.request_id) = (Outcome::Superseded, request_id);
            (refused(record, failure), false)
        }
        Answer::Failed {
            request_id,
            failure,
        } => {
            (record.outcome, record.request_id) = (Outcome::Failed, request_id);
            let known = failure.retry.is_some();
            (refused(record, failure), !known)
        }
    }
}

fn refused(record: &mut Record, failure: CallFailure) -> Option<FailoverOutcome> {
    let outcome = failure.retry.map(|retry| FailoverOutcome::Refused {
        code: failure.code.clone(),
        retry,
    });
    record.failure = Some(failure);
    outcome
}
