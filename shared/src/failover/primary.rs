//! Who is primary of a shard, and how that is known.
//!
//! Where cluster mode is disabled the service says so. Where it is enabled only metrics do, minutes late; an event of a
//! failover, or one of ours that was seen to end, is newer than they are.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Evidence, FailoverOutcome, FailoverRequest, Happened, Waiver, decision::day_and_time,
    sight::Sight,
};
use crate::{
    checks::Guards,
    cluster::{Group, Node, NodeId, Shard},
    failover::Hold,
    load::delta,
};

/// A shard's primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Primary {
    pub(crate) node: NodeId,
    /// How that is known, in words.
    pub(crate) by: String,
    /// Whose role is not known. Not empty: enough to tell a person that it is done, not enough to act: a node that says
    /// nothing may be a primary as well.
    pub(crate) silent: Vec<NodeId>,
}

impl Sight<'_> {
    /// Whether only the metrics tell who is primary.
    pub(crate) fn roles_are_metrics(&self) -> bool {
        self.group.cluster_mode.as_deref() == Some("enabled")
    }

    /// Who is primary of a shard by the newest word; or why nobody can say.
    pub(crate) fn primary_of(&self, shard: &Shard) -> Result<Primary, String> {
        if !self.roles_are_metrics() {
            return by_the_service(shard);
        }
        if self.evidence.is_none() {
            return Err("the roles have not been read".to_owned());
        }
        let roles = |node: &Node| self.role_of(shard, &node.id);
        let silent: Vec<NodeId> = shard
            .nodes
            .iter()
            .filter(|node| roles(node).is_none())
            .map(|node| node.id.clone())
            .collect();
        let takeover = self.takeover(shard);
        // A primary that went down says nothing any more; its last sample tells of the time before somebody took over from it.
        let is_outdated = |id: &NodeId, minute: DateTime<Utc>| {
            let takeover = takeover.as_ref();
            takeover.is_some_and(|(at, node)| node != id && minute <= *at)
        };
        let mut primaries = shard.nodes.iter().filter_map(|node| match roles(node) {
            Some((at, true)) if !is_outdated(&node.id, at) => Some((&node.id, at)),
            Some((_, true | false)) | None => None,
        });
        let (said, second) = (primaries.next(), primaries.next());
        if let (Some((one, _)), Some((other, _))) = (said, second) {
            return Err(format!("{one} and {other} both say they are"));
        }
        drop(primaries);
        let newer = takeover.filter(|(at, _)| said.is_none_or(|(_, minute)| *at >= minute));
        match (newer, said) {
            (Some((at, node)), _) => Ok(Primary {
                node,
                by: format!("it took over at {}", day_and_time(at)),
                silent,
            }),
            (None, Some((node, minute))) => Ok(Primary {
                node: node.clone(),
                by: format!("IsMaster is 1 at {}", day_and_time(minute)),
                silent,
            }),
            (None, None) => Err(format!(
                "no node of shard {} has IsMaster 1 in a sample of the last {} min",
                shard.id,
                self.policy.stale_after.as_secs() / 60
            )),
        }
    }

    /// Who is primary, known well enough to act on.
    pub(crate) fn require_primary(
        &self,
        shard: &Shard,
        guards: &mut Guards,
    ) -> Result<Primary, Hold> {
        let found = self.primary_of(shard).and_then(|primary| {
            if primary.silent.is_empty() {
                Ok(primary)
            } else {
                let names: Vec<&str> = primary.silent.iter().map(NodeId::as_str).collect();
                Err(format!(
                    "no plain sample of IsMaster of {} in the last {} min",
                    names.join(" and "),
                    self.policy.stale_after.as_secs() / 60
                ))
            }
        });
        match found {
            Ok(primary) => {
                let saw = format!("{}: {}", primary.node, primary.by);
                guards.require("primary_known", true, saw, || Hold::Superseded)?;
                Ok(primary)
            }
            Err(why) => {
                let hold = Hold::PrimaryUnknown(why.clone());
                guards.require("primary_known", false, why, || hold.clone())?;
                Err(hold)
            }
        }
    }

    /// No node of the group has changed its role within the cooldown, by the metrics: the service's own failover shows there minutes
    /// before its event. Gives the waiver if a request waived what would have held.
    pub(crate) fn require_roles_settled(
        &self,
        request: Option<&FailoverRequest>,
        guards: &mut Guards,
    ) -> Result<Option<Waiver>, Hold> {
        let nodes = self.group.shards.iter().flat_map(|shard| &shard.nodes);
        let changed = nodes.filter_map(|node| Some((self.of_node(&node.id).changed?, &node.id)));
        let Some((since, node)) = changed.max() else {
            guards.require("roles_settled", true, "no role has changed", || {
                Hold::Superseded
            })?;
            return Ok(None);
        };
        let until = since + delta(self.policy.cooldown);
        let settled = self.at >= until;
        let waived = !settled && request.is_some_and(|one| one.accept.contains(&Waiver::Cooldown));
        let word = if waived { ", waived" } else { "" };
        let saw = format!("{node} had another role at {}{word}", day_and_time(since));
        guards.require("roles_settled", settled || waived, saw, || {
            Hold::CoolingDown { since, until }
        })?;
        Ok(waived.then_some(Waiver::Cooldown))
    }

    /// The newest completed failover of a shard: by the service's events, or by one of ours that was seen to end.
    fn takeover(&self, shard: &Shard) -> Option<(DateTime<Utc>, NodeId)> {
        let of_shard = |at: DateTime<Utc>, to: &str| {
            let id = NodeId::new(to);
            let node = shard.nodes.iter().find(|node| node.id == id)?;
            Some((at, node.id.clone()))
        };
        let told = self
            .events
            .iter()
            .filter_map(|event| match event.happened() {
                Happened::FailedOver { to } => of_shard(event.at, &to),
                Happened::TestFailoverCalled { .. }
                | Happened::RecoveryStarted
                | Happened::RecoveryFinished
                | Happened::FailoverStarted { .. }
                | Happened::FailoverFailed
                | Happened::FailoverNotAttempted
                | Happened::InstanceRestarted
                | Happened::ReplacementScheduled { .. }
                | Happened::ReplacementCanceled { .. }
                | Happened::Other => None,
            });
        let ours = self
            .journal
            .failovers
            .iter()
            .filter_map(|attempt| match &attempt.outcome {
                FailoverOutcome::Switched { at, to } => of_shard(*at, to),
                FailoverOutcome::Asked
                | FailoverOutcome::Accepted
                | FailoverOutcome::Refused { .. }
                | FailoverOutcome::NotSent => None,
            });
        told.chain(ours).max()
    }
}

fn by_the_service(shard: &Shard) -> Result<Primary, String> {
    let silent: Vec<NodeId> = shard
        .nodes
        .iter()
        .filter(|node| node.is_primary.is_none())
        .map(|node| node.id.clone())
        .collect();
    let mut primaries = shard
        .nodes
        .iter()
        .filter(|node| node.is_primary == Some(true));
    match (primaries.next(), primaries.next()) {
        (Some(node), None) => Ok(Primary {
            node: node.id.clone(),
            by: "the service says so".to_owned(),
            silent,
        }),
        (Some(one), Some(other)) => Err(format!("{} and {} both are", one.id, other.id)),
        (None, _) => Err("the service names none".to_owned()),
    }
}

/// How many primaries there are in each Availability Zone, of the shards whose primary is known: by the service, or by the
/// newest minute in which exactly one node of the shard had `IsMaster` 1.
pub fn primaries_per_zone(group: &Group, evidence: &Evidence) -> BTreeMap<String, u32> {
    let mut zones = BTreeMap::new();
    let primaries = group
        .shards
        .iter()
        .filter_map(|shard| primary_by_newest(shard, evidence));
    for zone in primaries.filter_map(|node| node.availability_zone.clone()) {
        *zones.entry(zone).or_insert(0) += 1;
    }
    zones
}

fn primary_by_newest<'a>(shard: &'a Shard, evidence: &Evidence) -> Option<&'a Node> {
    if let Ok(primary) = by_the_service(shard) {
        return shard.nodes.iter().find(|node| node.id == primary.node);
    }
    let said = shard.nodes.iter().filter_map(|node| {
        let (at, primary) = evidence.get(&node.id)?.is_primary?;
        primary.then_some((at, node))
    });
    let mut said: Vec<(DateTime<Utc>, &Node)> = said.collect();
    said.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    match said.as_slice() {
        [(newest, _), (next, _), ..] if newest == next => None,
        [(_, node), ..] => Some(node),
        [] => None,
    }
}
