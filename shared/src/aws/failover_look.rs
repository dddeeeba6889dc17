//! The look at one target, the same for all functions that force failovers: the journal is brought up to date, then it is decided,
//! and once more with what costs metrics, if that is all that is missing.

use chrono::{DateTime, Utc};

use super::{ServiceError, dynamodb::Written, failover_pass::Pass};
use crate::{
    failover::{DrillReport, Hold, Verdict},
    failover_db_cluster, failover_shard,
    journal::Journal,
    policy::FailoverPolicy,
    promote_replica,
    record::Report,
};

/// What a function saw of one target, as far as the look itself is concerned.
pub(super) trait Sighted {
    fn decide(&self, policy: &FailoverPolicy) -> Verdict;
    fn at(&self) -> DateTime<Utc>;
    /// Whether the service knows the target.
    fn is_there(&self) -> bool;
    fn journal(&mut self) -> &mut Journal;
    fn unreadable(&mut self) -> &mut Option<String>;
}

macro_rules! sighted {
    ($room:ident, $target:ident) => {
        impl Sighted for $room::Observation {
            fn decide(&self, policy: &FailoverPolicy) -> Verdict {
                $room::decide(policy, self)
            }

            fn at(&self) -> DateTime<Utc> {
                self.at
            }

            fn is_there(&self) -> bool {
                self.$target.is_some()
            }

            fn journal(&mut self) -> &mut Journal {
                &mut self.journal
            }

            fn unreadable(&mut self) -> &mut Option<String> {
                &mut self.unreadable
            }
        }
    };
}

sighted!(failover_shard, group);
sighted!(promote_replica, group);
sighted!(failover_db_cluster, cluster);

impl Pass<'_> {
    /// Looks at a target: `follow` tells the journal as what was seen makes it, and the drills that are measured by now; `read` adds
    /// what costs metrics. Gives the verdict, before the target's tag is looked at.
    pub(super) async fn look<S: Sighted>(
        &self,
        key: &str,
        policy: &FailoverPolicy,
        seen: &mut S,
        follow: impl AsyncFnOnce(&S) -> (Journal, Vec<DrillReport>),
        read: impl AsyncFnOnce(&mut S) -> Result<(), ServiceError>,
        report: &mut Report,
    ) -> (Verdict, Vec<DrillReport>) {
        let mut drills = Vec::new();
        let superseded = |seen: &S| seen.decide(policy).held(Hold::Superseded);
        if seen.unreadable().is_none() {
            let at = seen.at();
            if seen.journal().is_ahead_of(at) {
                // Another run looked after us, and wrote; what we saw must not be written over it, nor acted on.
                return (superseded(seen), drills);
            }
            if seen.is_there() {
                let (next, reports) = follow(seen).await;
                match self.aws.keep(key, seen.journal(), next).await {
                    Ok(Written::Yes(journal)) => {
                        *seen.journal() = journal;
                        drills = reports;
                    }
                    Ok(Written::Superseded) => return (superseded(seen), drills),
                    Err(error) => note(&error, seen, report),
                }
            }
        }
        let mut verdict = seen.decide(policy);
        if verdict.wants_evidence {
            if let Err(error) = read(seen).await {
                note(&error, seen, report);
            }
            verdict = seen.decide(policy);
        }
        (verdict, drills)
    }
}

/// What could not be read or written holds this target, and fails the invocation.
fn note(error: &ServiceError, seen: &mut impl Sighted, report: &mut Report) {
    report.failures.push(error.to_string());
    *seen.unreadable() = Some(error.to_string());
}
