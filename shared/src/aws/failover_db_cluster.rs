//! One pass of the function `failover-db-cluster`: observe every Neptune cluster that the policy names, decide, act, record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    ServiceError,
    dynamodb::Journals,
    failover_groups::looks_back,
    failover_metrics::lags,
    failover_pass::{Asked, Considered, Pass, led, remembered},
    neptune::DescribedCluster,
};
use crate::{
    alarm::{AlarmsSeen, named},
    cluster::DbClusterId,
    db_cluster::DbCluster,
    failover::{
        Decision, DrillReport, FailoverAttempt, FailoverRequest, Hold, IntentKind, Phases,
        RequestedTarget, ServiceEvent, Verdict,
    },
    failover_db_cluster::{Observation, writers_per_zone},
    journal::{EVERYTHING, Journal},
    policy::FailoverPolicy,
    record::{Record, Report},
    seen::Seen,
};

/// The function's name in records.
const FUNCTION: &str = "failover-db-cluster";

/// How the journal's keys of clusters begin; no id of a replication group has a colon.
const KEY_PREFIX: &str = "db-cluster:";

/// The journal's key of a cluster. A replication group may have the same name, and its item is another one.
pub fn journal_key(cluster: &DbClusterId) -> String {
    format!("{KEY_PREFIX}{cluster}")
}

/// The id of the cluster whose key of the journal this is. `None`: it is no cluster's.
pub fn cluster_of_key(key: &str) -> Option<&str> {
    key.strip_prefix(KEY_PREFIX)
}

/// What is known of the whole fleet before any target is looked at.
struct Fleet {
    now: DateTime<Utc>,
    clusters: BTreeMap<DbClusterId, DescribedCluster>,
    alarms: AlarmsSeen,
    journals: Journals,
    /// What could not be read, in the first sentence that says so.
    unreadable: Option<String>,
}

/// Runs one pass; as [`failover_shard::run`](super::failover_shard::run).
pub async fn run(pass: &Pass<'_>, mut emit: impl FnMut(&Record)) -> Report {
    pass.tried(async || once(pass, &mut emit).await).await
}

async fn once(pass: &Pass<'_>, emit: &mut impl FnMut(&Record)) -> Report {
    let mut report = Report::new(pass.trigger);
    let request = match pass.request_about_a_cluster() {
        Ok(request) => request,
        Err(refusal) => {
            report.request = Some(refusal);
            return report;
        }
    };
    let (fleet, targets) = pass.observe_clusters(request.as_ref(), &mut report).await;
    let mut considered = Vec::new();
    for (id, policy) in targets {
        let seen = pass
            .see_cluster(&id, policy, &fleet, request.clone(), &mut report)
            .await;
        considered.push(
            pass.consider_cluster(id, policy, seen, &fleet, &mut report)
                .await,
        );
    }
    pass.finish(FUNCTION, considered, None, fleet.now, &mut report, emit)
        .await;
    report
}

impl<'p> Pass<'p> {
    fn request_about_a_cluster(&self) -> Result<Option<FailoverRequest>, String> {
        let request = match self.asked() {
            Asked::Everything => return Ok(None),
            Asked::Refused(why) => return Err(why),
            Asked::Request(request) => request,
        };
        match &request.target {
            RequestedTarget::Shard { group, .. } | RequestedTarget::Group { group, .. } => {
                Err(format!(
                    "refused: {group} is a replication group; send the request to failover-shard or promote-replica"
                ))
            }
            RequestedTarget::DbCluster { cluster, .. } => {
                if self.policy.failover_db_cluster_for(cluster).is_some() {
                    Ok(Some(request))
                } else {
                    Err(format!(
                        "refused: no entry of [[failover_db_cluster]] in the policy names {cluster}"
                    ))
                }
            }
        }
    }

    async fn observe_clusters(
        &self,
        request: Option<&FailoverRequest>,
        report: &mut Report,
    ) -> (Fleet, Vec<(DbClusterId, &'p FailoverPolicy)>) {
        self.aws.clock.forget();
        let mut unreadable = None;
        let mut note = |error: ServiceError| {
            let sentence = error.to_string();
            report.failures.push(sentence.clone());
            unreadable.get_or_insert(sentence);
        };
        let described = self
            .aws
            .db_clusters()
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let now = self.now();
        let clusters: BTreeMap<_, _> = described
            .into_iter()
            .map(|seen| (seen.cluster.id.clone(), seen))
            .collect();
        let targets = self.clusters_to_fail_over(&clusters, request);
        let entries: Vec<&FailoverPolicy> = targets.iter().map(|(_, policy)| *policy).collect();
        let alarms = self
            .alarms_of(&entries)
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        // An item by a cluster's own name holds what people paused by that name.
        let mut keys: Vec<String> = targets
            .iter()
            .flat_map(|(id, _)| [journal_key(id), id.to_string()])
            .collect();
        keys.push(EVERYTHING.to_owned());
        let journals = self
            .aws
            .journals(&keys)
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let items = journals.values().filter_map(|read| read.as_ref().err());
        report.failures.extend(items.map(ServiceError::to_string));
        let fleet = Fleet {
            now,
            clusters,
            alarms,
            journals,
            unreadable,
        };
        (fleet, targets)
    }

    /// Every cluster that the policy names, of whatever engine, and those there are that a glob matches; for a request its own
    /// only. A glob takes in Neptune's clusters alone: it must not fill the log with everybody's Aurora.
    fn clusters_to_fail_over(
        &self,
        clusters: &BTreeMap<DbClusterId, DescribedCluster>,
        request: Option<&FailoverRequest>,
    ) -> Vec<(DbClusterId, &'p FailoverPolicy)> {
        let named = self
            .policy
            .failover_db_cluster
            .iter()
            .map(|entry| &entry.target)
            .filter(|name| !name.contains(['*', '?']))
            .map(|name| DbClusterId::new(name));
        let neptunes = clusters
            .values()
            .filter(|seen| seen.cluster.is_neptune())
            .map(|seen| seen.cluster.id.clone());
        let all: BTreeSet<DbClusterId> = match request {
            Some(request) => BTreeSet::from([DbClusterId::new(request.id())]),
            None => named.chain(neptunes).collect(),
        };
        all.into_iter()
            .filter_map(|id| Some((id.clone(), self.policy.failover_db_cluster_for(&id)?)))
            .collect()
    }

    async fn see_cluster(
        &self,
        id: &DbClusterId,
        policy: &FailoverPolicy,
        fleet: &Fleet,
        request: Option<FailoverRequest>,
        report: &mut Report,
    ) -> Observation {
        let (journal, pauses, mut unreadable) =
            remembered(&journal_key(id), id.as_str(), &fleet.journals);
        let cluster = fleet.clusters.get(id).map(|seen| seen.cluster.clone());
        let events = match &cluster {
            Some(cluster) if cluster.is_neptune() => self
                .events_of(cluster, policy, &journal, fleet.now)
                .await
                .unwrap_or_else(|error| {
                    report.failures.push(error.to_string());
                    unreadable.get_or_insert(error.to_string());
                    Vec::new()
                }),
            Some(_) | None => Vec::new(),
        };
        Observation {
            at: fleet.now,
            cluster,
            alarms: named(policy.alarms.names(), &fleet.alarms),
            events,
            journal,
            pauses,
            request,
            unreadable: fleet.unreadable.clone().or(unreadable),
            lags: None,
        }
    }

    /// The events of a cluster, and of its instances where a failover of ours is followed: those cost a call each.
    async fn events_of(
        &self,
        cluster: &DbCluster,
        policy: &FailoverPolicy,
        journal: &Journal,
        now: DateTime<Utc>,
    ) -> Result<Vec<ServiceEvent>, ServiceError> {
        let since = now - looks_back(&[policy]);
        let mut events = self.aws.db_cluster_events(&cluster.id, since).await?;
        let is_followed = |attempt: &&FailoverAttempt| {
            attempt.at > since
                && attempt.may_have_happened()
                && (attempt.is_open() || (attempt.intent == IntentKind::Drill && !attempt.reported))
        };
        if journal
            .failovers
            .iter()
            .any(|attempt| is_followed(&attempt))
        {
            for member in &cluster.members {
                events.extend(self.aws.db_instance_events(&member.id, since).await?);
            }
        }
        Ok(events)
    }

    async fn consider_cluster<'a>(
        &self,
        id: DbClusterId,
        policy: &'a FailoverPolicy,
        mut seen: Observation,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Considered<'a> {
        let follow = async |seen: &Observation| self.follow_cluster(seen).await;
        let read = async |seen: &mut Observation| {
            if let Some(cluster) = &seen.cluster {
                seen.lags = Some(lags(self.aws, cluster, fleet.now, policy.stale_after).await?);
            }
            Ok(())
        };
        let key = journal_key(&id);
        let (mut verdict, drills) = self
            .look(&key, policy, &mut seen, follow, read, report)
            .await;
        if matches!(verdict.decision, Decision::Act(_)) {
            verdict = self.look_at_cluster_tag(&id, fleet, verdict, report).await;
        }
        considered(&id, policy, seen, verdict, drills)
    }

    /// The journal with what became of the cluster's failovers and drills.
    async fn follow_cluster(&self, seen: &Observation) -> (Journal, Vec<DrillReport>) {
        let Some(cluster) = &seen.cluster else {
            return (seen.journal.clone(), Vec::new());
        };
        let now = seen.at;
        let is_idle = cluster.not_available().is_none();
        let phases_of = |attempt: &FailoverAttempt| {
            let mut members = cluster.members.iter();
            let reads_again = members.any(|member| {
                member.id.as_str() == attempt.from && member.is_writer == Some(false)
            });
            let idle_at = (reads_again && is_idle).then_some(now);
            Phases::of_db_cluster(attempt, &seen.events, idle_at)
        };
        let zone_of = |instance: &str| {
            let mut members = cluster.members.iter();
            members
                .find(|member| member.id.as_str() == instance)
                .and_then(|member| member.availability_zone.clone())
        };
        let journal = seen.journal.not_attempted(&seen.events);
        let (next, reports) = self
            .aws
            .follow(&journal, is_idle, now, phases_of, zone_of)
            .await;
        let writer = cluster.writer().map(|writer| writer.id.as_str());
        (led(next, writer, &seen.events, now), reports)
    }

    /// A verdict that would act, after a look at the cluster's own tag.
    async fn look_at_cluster_tag(
        &self,
        id: &DbClusterId,
        fleet: &Fleet,
        verdict: Verdict,
        report: &mut Report,
    ) -> Verdict {
        let arn = fleet.clusters.get(id).and_then(|seen| seen.arn.as_deref());
        match self.aws.db_cluster_tag(id, arn).await {
            Ok(tag) => verdict.heeding_tag(tag.as_deref()),
            Err(error) => {
                report.failures.push(error.to_string());
                verdict.held(Hold::Unreadable(error.to_string()))
            }
        }
    }
}

fn considered<'a>(
    id: &DbClusterId,
    policy: &'a FailoverPolicy,
    seen: Observation,
    verdict: Verdict,
    drills: Vec<DrillReport>,
) -> Considered<'a> {
    let zones = seen
        .cluster
        .as_ref()
        .map(writers_per_zone)
        .unwrap_or_default();
    Considered {
        key: journal_key(id),
        target: id.to_string(),
        policy,
        journal: seen.journal.clone(),
        seen: Seen::FailoverDbCluster(Box::new(seen)),
        verdict,
        zones,
        members: Vec::new(),
        drills,
    }
}
