//! What the two functions that fail over replication groups see before any target is looked at.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ServiceError,
    dynamodb::Journals,
    elasticache::{Described, Tagged},
    failover_pass::{Asked, Pass},
};
use crate::{
    alarm::AlarmsSeen,
    cluster::{Group, ReplicationGroupId},
    failover::{FailoverRequest, Hold, RequestedTarget, ServiceEvent, Source, Verdict},
    journal::EVERYTHING,
    load::delta,
    policy::FailoverPolicy,
    record::Report,
};

/// Events are read so far back at least: the period of the quota of test failovers.
const LOOKS_BACK: TimeDelta = TimeDelta::hours(24);

/// AWS remembers events for 14 days; a minute less, for two clocks.
const REMEMBERED: TimeDelta = TimeDelta::minutes(14 * 24 * 60 - 1);

/// Which entry of a function's own governs a group.
pub(super) type Governs<'p> = &'p dyn Fn(&ReplicationGroupId) -> Option<&'p FailoverPolicy>;

/// The targets of a pass with their entries.
pub(super) type Targets<'p> = Vec<(ReplicationGroupId, &'p FailoverPolicy)>;

/// What is known of the whole fleet before any target is looked at.
pub(super) struct Fleet {
    pub(super) now: DateTime<Utc>,
    pub(super) groups: BTreeMap<ReplicationGroupId, Group>,
    pub(super) arns: BTreeMap<ReplicationGroupId, String>,
    /// Of every group and node of the account.
    pub(super) events: Vec<ServiceEvent>,
    pub(super) alarms: AlarmsSeen,
    pub(super) journals: Journals,
    /// What could not be read, in the first sentence that says so.
    pub(super) unreadable: Option<String>,
}

impl<'p> Pass<'p> {
    /// The request to carry out, if the wake is one; `Err`: one that this function refuses, with its words. `section` is the
    /// kind of entry in the policy.
    pub(super) fn request_about_a_group(
        &self,
        section: &str,
        governs: Governs<'_>,
    ) -> Result<Option<FailoverRequest>, String> {
        let request = match self.asked() {
            Asked::Everything => return Ok(None),
            Asked::Refused(why) => return Err(why),
            Asked::Request(request) => request,
        };
        match &request.target {
            RequestedTarget::DbCluster { cluster, .. } => Err(format!(
                "refused: {cluster} is a database cluster; send the request to failover-db-cluster"
            )),
            RequestedTarget::Shard { group, .. } | RequestedTarget::Group { group, .. } => {
                if governs(group).is_some() {
                    Ok(Some(request))
                } else {
                    Err(format!(
                        "refused: no entry of [[{section}]] in the policy names {group}"
                    ))
                }
            }
        }
    }

    /// Reads what concerns every target: groups, events, alarms, and the journals of the targets and of `more` keys. The targets
    /// are the groups that the entries name, and those there are that a glob matches; for a request its own group only.
    pub(super) async fn observe_groups(
        &self,
        entries: &'p [FailoverPolicy],
        governs: Governs<'p>,
        request: Option<&FailoverRequest>,
        more: &[&str],
        report: &mut Report,
    ) -> (Fleet, Targets<'p>) {
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
        let now = self.now();
        let arns = described
            .iter()
            .filter_map(|seen| Some((seen.group.id.clone(), seen.arn.clone()?)))
            .collect();
        let groups: BTreeMap<_, _> = described
            .into_iter()
            .map(|seen| (seen.group.id.clone(), seen.group))
            .collect();
        let targets = targets(entries, governs, &groups, request);
        let governing: Vec<&FailoverPolicy> = targets.iter().map(|(_, policy)| *policy).collect();
        let events = self
            .aws
            .events_since(now - looks_back(&governing))
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let alarms = self
            .alarms_of(&governing)
            .await
            .map_err(&mut note)
            .unwrap_or_default();
        let mut keys: Vec<String> = targets.iter().map(|(id, _)| id.to_string()).collect();
        keys.push(EVERYTHING.to_owned());
        keys.extend(more.iter().map(|key| (*key).to_owned()));
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
            groups,
            arns,
            events,
            alarms,
            journals,
            unreadable,
        };
        (fleet, targets)
    }

    /// A verdict that would act, after a look at the group's own tag. In plan mode too, so that a preview is what would happen.
    pub(super) async fn look_at_group_tag(
        &self,
        id: &ReplicationGroupId,
        fleet: &Fleet,
        verdict: Verdict,
        report: &mut Report,
    ) -> Verdict {
        let arn = fleet.arns.get(id).map(String::as_str);
        match self.aws.tag(id, arn).await {
            Ok(Tagged::Value(tag)) => verdict.heeding_tag(tag.as_deref()),
            Ok(Tagged::Busy) => verdict.held(Hold::NotAvailable {
                what: format!("replication group {id}"),
                status: "busy since we looked".to_owned(),
            }),
            Err(error) => {
                report.failures.push(error.to_string());
                verdict.held(Hold::Unreadable(error.to_string()))
            }
        }
    }
}

fn targets<'p>(
    entries: &'p [FailoverPolicy],
    governs: Governs<'p>,
    groups: &BTreeMap<ReplicationGroupId, Group>,
    request: Option<&FailoverRequest>,
) -> Targets<'p> {
    let named = entries
        .iter()
        .map(|entry| &entry.target)
        .filter(|name| !name.contains(['*', '?']))
        .map(|name| ReplicationGroupId::new(name));
    let all: BTreeSet<ReplicationGroupId> = match request {
        Some(request) => BTreeSet::from([ReplicationGroupId::new(request.id())]),
        None => named.chain(groups.keys().cloned()).collect(),
    };
    all.into_iter()
        .filter_map(|id| Some((id.clone(), governs(&id)?)))
        .collect()
}

/// How far back events are read: the quota's period, or the longest cooldown.
pub(super) fn looks_back(entries: &[&FailoverPolicy]) -> TimeDelta {
    let cooldowns = entries.iter().map(|entry| delta(entry.cooldown));
    cooldowns
        .max()
        .unwrap_or_default()
        .max(LOOKS_BACK)
        .min(REMEMBERED)
}

/// The primary of a group without shards. `None`: the service names none; it names none of a group with shards.
pub(super) fn named_primary(group: &Group) -> Option<&str> {
    let mut nodes = group.shards.iter().flat_map(|shard| &shard.nodes);
    let primary = nodes.find(|node| node.is_primary == Some(true))?;
    (group.shards.len() == 1).then(|| primary.id.as_str())
}

/// The ids of a group's nodes.
pub(super) fn nodes(group: &Group) -> impl Iterator<Item = &str> {
    let nodes = group.shards.iter().flat_map(|shard| &shard.nodes);
    nodes.map(|node| node.id.as_str())
}

impl Fleet {
    /// The events of a group and of its nodes.
    pub(super) fn events_of(&self, group: Option<&Group>) -> Vec<ServiceEvent> {
        let Some(group) = group else {
            return Vec::new();
        };
        let ours = |event: &&ServiceEvent| match event.source {
            Source::Group => event.id == group.id.as_str(),
            Source::Node => nodes(group).any(|node| node == event.id),
            Source::DbCluster | Source::DbInstance => false,
        };
        self.events.iter().filter(ours).cloned().collect()
    }
}
