//! Failovers: `FailoverDBCluster`, and the seconds in which a reader takes over from the writer.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Neptune, NeptuneParameters, classes,
    log::{Happened, Log},
    model::{AVAILABLE, DELETING, DbCluster, DbClusterAnswer, DbInstance, REBOOTING},
    refusal::{Outcome, Refusal},
};
use crate::cloud::Parameters;

/// From the call to the event that a failover has started. ASSUMED.
const STARTS: TimeDelta = TimeDelta::seconds(3);

/// How long a writer without readers takes to be made anew. ASSUMED; [NEP-DG] fault tolerance: "typically less than ten
/// minutes".
const RECREATION: TimeDelta = TimeDelta::minutes(8);

/// How far a failover has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The writer is gone; nothing has been told yet.
    Accepted,
    /// A reader is being promoted.
    Started,
    /// The writer is settled; the old one restarts.
    Switched,
}

/// A failover of a cluster under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failover {
    old: String,
    /// `None`: there was no reader, so the writer comes back itself.
    new: Option<String>,
    started: DateTime<Utc>,
    stage: Stage,
    /// Whether no call asked for it.
    by_service: bool,
    /// Whether the promotion fails.
    breaks: bool,
}

impl Failover {
    /// Whether it is settled who the writer is.
    pub(crate) fn switched(&self) -> bool {
        self.stage == Stage::Switched
    }

    /// Whether this instance is the writer that went down and has no successor yet.
    pub(crate) fn took_down(&self, instance: &str) -> bool {
        !self.switched() && self.old == instance
    }

    fn due(&self, parameters: &NeptuneParameters) -> DateTime<Utc> {
        let switch = parameters.failover_switch.max(STARTS);
        let after = match (self.stage, &self.new) {
            (Stage::Accepted, Some(_)) => STARTS,
            (Stage::Accepted | Stage::Started, _) => switch,
            (Stage::Switched, Some(_)) => switch + parameters.writer_restart,
            (Stage::Switched, None) => RECREATION,
        };
        self.started + after
    }
}

impl Neptune {
    /// `FailoverDBCluster`: promotes a reader, the one named or the best. Returns the cluster as the answer shows it. It
    /// works on clusters of every engine here, as at AWS.
    ///
    /// # Errors
    ///
    /// The cluster is unknown or not available, there is no reader to promote, or the instance named is not one.
    pub fn failover_db_cluster(
        &mut self,
        cluster: &str,
        target: Option<&str>,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<DbClusterAnswer> {
        let parameters = &parameters.neptune;
        let id = self.cluster_for_change(cluster)?.id.clone();
        let (old, new) = self.require_failover_possible(&id, target, parameters)?;
        let cluster = self
            .clusters
            .get_mut(&id)
            .ok_or_else(|| Refusal::no_cluster(&id))?;
        let recent = |within| {
            cluster
                .last_failover
                .is_some_and(|last| now - last < within)
        };
        if parameters.ignores_failover_within.is_some_and(recent) {
            let happened = Happened::FailoverIgnored { writer: &old };
            self.log.write(now, cluster, &happened);
        } else {
            start(cluster, old, Some(new), now, false);
        }
        Ok(DbClusterAnswer(cluster.clone()))
    }

    /// Fails a cluster's writer without any call, as a broken host would: a reader takes over, or, where there is none, the
    /// writer is made anew. `false`: there is no such cluster or writer, or the cluster is busy.
    pub fn fail_writer(&mut self, cluster: &str, now: DateTime<Utc>) -> bool {
        let Some(cluster) = self.clusters.get_mut(cluster) else {
            return false;
        };
        let Some(writer) = cluster.writer().map(|writer| writer.id.clone()) else {
            return false;
        };
        if !cluster.idle() {
            return false;
        }
        let new = successor(cluster).map(|reader| reader.id.clone());
        start(cluster, writer, new, now, true);
        true
    }

    /// Lets the next failover of a cluster fail: the writer restarts and stays what it is (RDS-EVENT-0069 and 0070).
    /// `false`: there is no such cluster.
    pub fn break_next_failover(&mut self, cluster: &str) -> bool {
        let found = self.clusters.get_mut(cluster);
        found.is_some_and(|cluster| {
            cluster.next_failover_breaks = true;
            true
        })
    }

    /// Old and new writer, if the failover may start. The order of the checks is ASSUMED.
    fn require_failover_possible(
        &self,
        id: &str,
        target: Option<&str>,
        parameters: &NeptuneParameters,
    ) -> Outcome<(String, String)> {
        let cluster = self
            .clusters
            .get(id)
            .ok_or_else(|| Refusal::no_cluster(id))?;
        if !cluster.idle() {
            // The text is a third party's runbook's, with the other code.
            let text = format!(
                "Failover cannot be performed on {id} because it is not in available state"
            );
            return Err(if parameters.busy_cluster_blames_instance {
                Refusal::instance_state(text)
            } else {
                Refusal::cluster_state(text)
            });
        }
        let no_reader = || {
            let text = format!("DB cluster {id} has no reader that could be promoted.");
            if parameters.no_reader_blames_instance {
                Refusal::instance_state(text)
            } else {
                Refusal::cluster_state(text)
            }
        };
        let writer = cluster.writer().ok_or_else(no_reader)?;
        let reader = match target {
            Some(target) => self.require_target(cluster, &target.to_ascii_lowercase())?,
            None => successor(cluster).ok_or_else(no_reader)?,
        };
        Ok((writer.id.clone(), reader.id.clone()))
    }

    /// The reader that a call names ([GH ministackorg/ministack#1430] for the codes).
    fn require_target<'a>(&self, cluster: &'a DbCluster, target: &str) -> Outcome<&'a DbInstance> {
        if self.cluster_of(target).is_none() {
            return Err(Refusal::no_instance(target));
        }
        let cluster_id = &cluster.id;
        let Some(instance) = cluster.instance(target) else {
            return Err(Refusal::instance_state(format!(
                "DB instance {target} is not a member of DB cluster {cluster_id}."
            )));
        };
        if instance.writer {
            return Err(Refusal::instance_state(format!(
                "DB instance {target} is already the writer of DB cluster {cluster_id}."
            )));
        }
        if !instance.available() {
            return Err(Refusal::instance_state(format!(
                "DB instance {target} is not in available state."
            )));
        }
        Ok(instance)
    }
}

/// The reader that AWS promotes by itself: of the lowest tier, of these the largest ([NEP-DG] fault tolerance), of these an
/// arbitrary one, here the first by id. Lag does not matter to it.
pub(crate) fn successor(cluster: &DbCluster) -> Option<&DbInstance> {
    cluster
        .instances
        .iter()
        .filter(|instance| !instance.writer && instance.available())
        .min_by_key(|instance| {
            let size = classes::memory(&instance.class).unwrap_or(0);
            (instance.promotion_tier, Reverse(size), &instance.id)
        })
}

/// Begins to replace the writer `old`.
pub(crate) fn start(
    cluster: &mut DbCluster,
    old: String,
    new: Option<String>,
    now: DateTime<Utc>,
    by_service: bool,
) {
    let breaks = std::mem::take(&mut cluster.next_failover_breaks);
    cluster.failover = Some(Failover {
        old,
        new,
        started: now,
        stage: Stage::Accepted,
        by_service,
        breaks,
    });
}

/// Does what falls due by `now`.
pub(crate) fn step(
    cluster: &mut DbCluster,
    now: DateTime<Utc>,
    parameters: &NeptuneParameters,
    log: &mut Log,
) {
    while let Some(mut failover) = cluster.failover.take() {
        let due = failover.due(parameters);
        if now < due {
            cluster.failover = Some(failover);
            return;
        }
        failover.stage = match failover.stage {
            Stage::Accepted => {
                tell_start(cluster, &failover, due, log);
                Stage::Started
            }
            Stage::Started => {
                switch(cluster, &failover, due, parameters, log);
                Stage::Switched
            }
            Stage::Switched => {
                restarted(cluster, &failover.old, due, log);
                continue;
            }
        };
        cluster.failover = Some(failover);
    }
}

fn tell_start(cluster: &DbCluster, failover: &Failover, at: DateTime<Utc>, log: &mut Log) {
    let zone = |id: &str| cluster.instance(id).map(|instance| instance.zone.as_str());
    if let Some(new) = &failover.new {
        let happened = Happened::FailoverStarted {
            to: new,
            same_zone: zone(new) == zone(&failover.old),
        };
        log.write(at, cluster, &happened);
    }
}

fn switch(
    cluster: &mut DbCluster,
    failover: &Failover,
    at: DateTime<Utc>,
    parameters: &NeptuneParameters,
    log: &mut Log,
) {
    let Failover { old, new, .. } = failover;
    if let Some(instance) = cluster.instance_mut(old)
        && instance.status == AVAILABLE
    {
        instance.status = REBOOTING.to_owned();
    }
    match new {
        // The order of these two is ASSUMED.
        Some(_) if failover.breaks => {
            log.write(at, cluster, &Happened::FailoverFailed);
            log.write(at, cluster, &Happened::PromotedAgain { writer: old });
        }
        Some(new) => {
            for instance in &mut cluster.instances {
                instance.writer = instance.id == *new;
            }
            cluster.last_failover = Some(at);
            let happened = Happened::FailoverCompleted {
                to: new,
                names_initiator: failover.by_service && parameters.completion_names_initiator,
            };
            log.write(at, cluster, &happened);
        }
        None => {}
    }
}

/// The old writer is back, unless it is being deleted.
fn restarted(cluster: &mut DbCluster, old: &str, at: DateTime<Utc>, log: &mut Log) {
    let Some(instance) = cluster.instance_mut(old) else {
        return;
    };
    if instance.status == DELETING {
        return;
    }
    if instance.status == REBOOTING {
        instance.status = AVAILABLE.to_owned();
    }
    instance.restarted = at;
    log.write(at, cluster, &Happened::Restarted(old));
}
