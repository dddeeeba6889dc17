//! Takeovers: the minutes in which a replica follows a primary that failed, for whatever cause.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    log::Log,
    model::{AVAILABLE, Node, REBOOTING, ReplicationGroup},
    replacement::replace_in_place,
};
use crate::cloud::{FailoverWording, Parameters};

/// From the call to the new primary, in a published log of 2022 (14:30:56 to 14:31:59).
const SWITCH: TimeDelta = TimeDelta::seconds(63);
/// From the call to the start of the old primary's recovery (14:33:22).
const RECOVERY_STARTS: TimeDelta = TimeDelta::seconds(146);
/// From the call to the end of that recovery (14:43:40).
const RECOVERY_ENDS: TimeDelta = TimeDelta::seconds(764);

/// How long the recovery itself takes, in the same log.
pub(crate) const RECOVERY: TimeDelta = TimeDelta::seconds(618);

/// Why a primary is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// `TestFailover`.
    Test,
    /// Its host broke.
    Broken,
    /// It is replaced as scheduled.
    Replacement,
}

/// Who takes over from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failover {
    pub(crate) shard: String,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) cause: Cause,
}

/// How far a failover has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The old primary is gone, no other took over.
    Down,
    /// The replica is primary.
    Switched,
    /// The old primary is being recovered.
    Recovering,
}

/// A failover under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Takeover {
    pub(crate) failover: Failover,
    started: DateTime<Utc>,
    stage: Stage,
}

impl ElastiCache {
    /// Fails a shard's primary without any call, as a broken host would. With automatic failover the replica that lags
    /// least takes over; without it, or without an available replica, the primary is down until it has been replaced
    /// (\[EC-DG\]). `false`: no such primary serves, or another failover of the group is under way.
    pub fn fail_primary(&mut self, group_id: &str, shard_id: &str, now: DateTime<Utc>) -> bool {
        self.tick(now);
        let Some(group) = self.groups.get_mut(group_id) else {
            return false;
        };
        let primary = group.shard(shard_id).and_then(|shard| shard.primary());
        let Some(primary) = primary.filter(|node| node.serves()) else {
            return false;
        };
        if group.takeover.is_some() {
            return false;
        }
        let primary = primary.id.clone();
        let automatic = group.settings.automatic_failover;
        match successor(group, shard_id).filter(|_| automatic) {
            Some((old, new)) => Failover {
                shard: shard_id.to_owned(),
                old,
                new,
                cause: Cause::Broken,
            }
            .start(group, now),
            None => replace_in_place(group, &primary, now, &mut self.log),
        }
        true
    }
}

/// The shard's primary and the replica that would follow it: of those that serve the one that lags least [EC-DG]. One
/// whose lag nobody knows comes last (ASSUMED), and of two that lag alike the first is taken (ASSUMED).
pub(crate) fn successor(group: &ReplicationGroup, shard: &str) -> Option<(String, String)> {
    let lag = |node: &Node| node.lag.unwrap_or(f64::INFINITY);
    let shard = group.shard(shard)?;
    let replica = shard
        .nodes
        .iter()
        .filter(|node| !node.primary && node.available())
        .min_by(|one, other| lag(one).total_cmp(&lag(other)))?;
    Some((shard.primary()?.id.clone(), replica.id.clone()))
}

impl Failover {
    /// The old primary is gone from now on.
    pub(crate) fn start(self, group: &mut ReplicationGroup, now: DateTime<Utc>) {
        if let Some(node) = group.node_mut(&self.old) {
            node.status = REBOOTING.to_owned();
        }
        group.takeover = Some(Takeover {
            failover: self,
            started: now,
            stage: Stage::Down,
        });
    }

    /// Whether the old primary's recovery sends the notifications of a replaced node. [EC-DG23] has them for nodes whose
    /// host is degraded or unreachable.
    fn notifies_replacement(&self, parameters: &Parameters) -> bool {
        match self.cause {
            Cause::Test => parameters.test_failover_notifies_replacement,
            Cause::Broken | Cause::Replacement => true,
        }
    }
}

/// Does what falls due by `now`, with the events of \[BC\] or of the published log.
pub(crate) fn step(
    group: &mut ReplicationGroup,
    now: DateTime<Utc>,
    parameters: &Parameters,
    log: &mut Log,
) {
    while let Some(mut takeover) = group.takeover.take() {
        let due = takeover.started
            + match takeover.stage {
                Stage::Down => SWITCH,
                Stage::Switched => RECOVERY_STARTS,
                Stage::Recovering => RECOVERY_ENDS,
            };
        if now < due {
            group.takeover = Some(takeover);
            return;
        }
        let Failover { old, new, .. } = &takeover.failover;
        let notifies = takeover.failover.notifies_replacement(parameters);
        match takeover.stage {
            Stage::Down => {
                swap_roles(group, old, new, due);
                tell_switch(group, old, new, due, parameters, log);
                takeover.stage = Stage::Switched;
                group.takeover = Some(takeover);
            }
            Stage::Switched => {
                recovery_starts(group, old, notifies, due, log);
                takeover.stage = Stage::Recovering;
                group.takeover = Some(takeover);
            }
            Stage::Recovering => recovery_ends(group, old, notifies, due, log),
        }
    }
}

/// Makes `new` the primary in place of `old`.
pub(crate) fn swap_roles(group: &mut ReplicationGroup, old: &str, new: &str, at: DateTime<Utc>) {
    for (id, primary) in [(old, false), (new, true)] {
        if let Some(node) = group.node_mut(id) {
            node.primary = primary;
            node.last_failover = Some(at);
        }
    }
}

/// Tells that `new` is primary in place of `old`, in the wording that the parameters chose.
pub(crate) fn tell_switch(
    group: &ReplicationGroup,
    old: &str,
    new: &str,
    at: DateTime<Utc>,
    parameters: &Parameters,
    log: &mut Log,
) {
    let from = match parameters.failover_wording {
        FailoverWording::FromPrimary => Some("primary"),
        FailoverWording::FromMaster => Some("master"),
        FailoverWording::ReplicaAlone => None,
    };
    match from {
        Some(role) => {
            let text = format!("Failover from {role} node {old} to replica node {new} completed");
            log.node(at, old, text.clone());
            log.group(at, &group.id, text);
        }
        None => log.group(
            at,
            &group.id,
            format!("Failover to replica node {new} completed"),
        ),
    }
    let value = if parameters.failover_complete_names_node {
        new
    } else {
        &group.id
    };
    log.notify(at, &group.settings, "FailoverComplete", value);
}

/// A node begins to recover.
pub(crate) fn recovery_starts(
    group: &ReplicationGroup,
    node: &str,
    notifies: bool,
    at: DateTime<Utc>,
    log: &mut Log,
) {
    log.node(at, node, "Recovering cache nodes 0001");
    if notifies {
        log.notify(at, &group.settings, "CacheNodeReplaceStarted", node);
    }
}

/// A node is back.
pub(crate) fn recovery_ends(
    group: &mut ReplicationGroup,
    node: &str,
    notifies: bool,
    at: DateTime<Utc>,
    log: &mut Log,
) {
    log.node(at, node, "Finished recovery for cache nodes 0001");
    if notifies {
        log.notify(at, &group.settings, "CacheNodeReplaceComplete", node);
    }
    if let Some(node) = group.node_mut(node)
        && node.status == REBOOTING
    {
        node.status = AVAILABLE.to_owned();
    }
}
