//! The wait after a failover was started: until the new primary or writer is seen, at most five minutes.
//!
//! Nothing waits for the full recovery; later wakes see it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Aws, ServiceError, failover_act::Started, failover_pass::Pass};
use crate::{
    failover::{Failover, FailoverAttempt, FailoverOutcome, LONGEST_FAILOVER, Phases},
    journal::Journal,
    record::{Outcome, Record, Report, Switched},
};

/// The longest wait; the function's timeout in template.yaml leaves room for it.
const LONGEST: TimeDelta = LONGEST_FAILOVER;

/// The same by our own clock.
const LONGEST_SECONDS: u64 = LONGEST.num_seconds().unsigned_abs();

/// The most looks, should the services' time stand still.
const MOST_LOOKS: usize = 300;

impl Pass<'_> {
    /// Waits for the new primary or writer of each failover, writes it into the journal and tells it.
    pub(super) async fn watch(
        &self,
        started: Vec<Started>,
        report: &mut Report,
        emit: &mut impl FnMut(&Record),
    ) {
        let (mut waiting, begun) = (started, self.now());
        // Where no answer comes the services' time stands still, and a person waits for ours: the pause itself counts too.
        let here = tokio::time::Instant::now();
        let is_over = |pass: &Self| {
            pass.now() - begun >= LONGEST || here.elapsed().as_secs() >= LONGEST_SECONDS
        };
        for _ in 0..MOST_LOOKS {
            if waiting.is_empty() || is_over(self) {
                break;
            }
            tokio::time::sleep(self.watch_every).await;
            let mut still = Vec::new();
            for one in waiting {
                // A look that fails is looked again; the call has been made, whatever we can read now.
                match self.aws.new_one(&one, || self.now()).await {
                    Ok(Some(new)) => self.switched(&one, new, report, emit).await,
                    Ok(None) | Err(_) => still.push(one),
                }
            }
            waiting = still;
        }
        for one in waiting {
            if let Some(record) = report.records.get_mut(one.record) {
                let minutes = LONGEST.num_minutes();
                record.note.get_or_insert_with(|| {
                    format!("no new primary or writer was seen within {minutes} minutes; later passes look on")
                });
            }
        }
    }

    async fn switched(
        &self,
        one: &Started,
        NewOne { accepted, at, to }: NewOne,
        report: &mut Report,
        emit: &mut impl FnMut(&Record),
    ) {
        let outcome = FailoverOutcome::Switched { at, to: to.clone() };
        let next = |journal: &Journal| journal.failed_over(one.at, outcome.clone());
        // Where others are quicker each time, later passes see the same.
        if let Err(error) = self.aws.rewrite(&one.key, &one.journal, next).await {
            report.failures.push(error.to_string());
        }
        if let Some(record) = report.records.get_mut(one.record) {
            record.outcome = Outcome::Switched;
            record.switched = Some(Switched {
                to,
                seconds: (at - accepted).num_seconds(),
            });
            emit(record);
        }
    }
}

/// Who has taken over.
struct NewOne {
    /// When the call was accepted, by the service's event or by its answer.
    accepted: DateTime<Utc>,
    /// By the service's event, or when it was first seen.
    at: DateTime<Utc>,
    to: String,
}

impl Started {
    fn accepted_at(&self) -> DateTime<Utc> {
        let mut attempts = self.journal.failovers.iter();
        let ours = attempts.find(|one| one.at == self.at);
        ours.map_or(self.at, FailoverAttempt::accepted_at)
    }
}

impl Aws {
    /// Who has taken over. `None`: nobody is to be seen yet.
    async fn new_one(
        &self,
        one: &Started,
        now: impl Fn() -> DateTime<Utc>,
    ) -> Result<Option<NewOne>, ServiceError> {
        let first_seen = |to: String| NewOne {
            accepted: one.accepted_at(),
            // After the look: it was not there before.
            at: now(),
            to,
        };
        match &one.failover {
            Failover::Shard { group, .. } => {
                let events = self
                    .group_events(group, one.at - TimeDelta::minutes(2))
                    .await?;
                let Some(attempt) = one.journal.failovers.iter().find(|it| it.at == one.at) else {
                    return Ok(None);
                };
                let is_member = |node: &str| one.members.iter().any(|member| member == node);
                let phases = Phases::of_shard(attempt, &events, is_member, None);
                let (accepted, switched) = (phases.accepted, phases.switched());
                Ok(switched
                    .zip(phases.to)
                    .map(|(at, to)| NewOne { accepted, at, to }))
            }
            Failover::DbCluster { cluster, from, .. } => {
                let seen = self.db_cluster(cluster).await?;
                let writer = seen.as_ref().and_then(|cluster| cluster.writer());
                Ok(writer
                    .filter(|writer| writer.id != *from)
                    .map(|writer| first_seen(writer.id.to_string())))
            }
            Failover::Replica { group, from, .. } => {
                let seen = self.primary_of(group).await?;
                Ok(seen
                    .filter(|primary| primary != from)
                    .map(|primary| first_seen(primary.to_string())))
            }
        }
    }
}
