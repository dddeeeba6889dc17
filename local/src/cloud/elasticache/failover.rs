//! Failovers: `TestFailover` with its budget, and the minutes in which a replica takes over.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    log::Log,
    model::{AVAILABLE, REBOOTING, ReplicationGroup},
    refusal::{Code, Outcome, Refusal},
    reshard::{GroupAnswer, require_idle, shard_number},
};
use crate::cloud::Parameters;

/// From the call to the new primary, in a published log of 2022 (14:30:56 to 14:31:59).
const SWITCH: TimeDelta = TimeDelta::seconds(63);
/// From the call to the start of the old primary's recovery (14:33:22).
const RECOVERY_STARTS: TimeDelta = TimeDelta::seconds(146);
/// From the call to the end of that recovery (14:43:40).
const RECOVERY_ENDS: TimeDelta = TimeDelta::seconds(764);
/// The budget's period (\[BC\]).
const BUDGET_PERIOD: TimeDelta = TimeDelta::hours(24);

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

/// A failover of one shard under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failover {
    shard: String,
    old: String,
    new: String,
    started: DateTime<Utc>,
    stage: Stage,
}

/// A call that counts against the budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BudgetEntry {
    pub(crate) at: DateTime<Utc>,
    pub(crate) group: String,
    pub(crate) shard: String,
}

impl ElastiCache {
    /// `TestFailover`: fails the primary of one shard, so that a replica takes over. Returns the group as the answer
    /// shows it; its status stays `available` (the published log).
    ///
    /// # Errors
    ///
    /// Every refusal of \[BC\] for this call that depends on state kept here.
    pub fn test_failover(
        &mut self,
        group_id: &str,
        shard_id: &str,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<GroupAnswer> {
        self.tick(now);
        shard_number(shard_id)?;
        let group_id = group_id.to_ascii_lowercase();
        let group_id = group_id.as_str();
        let group = self.group_for_change(group_id)?;
        if !group.listed().any(|shard| shard.id == shard_id) {
            return Err(Refusal::new(
                Code::NodeGroupNotFound,
                format!(
                    "The node group {shard_id} could not be found in replication group {group_id}."
                ),
            ));
        }
        let checked = self.require_failover_possible(group_id, shard_id, now, parameters);
        if checked.is_ok() || parameters.refused_failover_spends_budget {
            self.failovers.push(BudgetEntry {
                at: now,
                group: group_id.to_owned(),
                shard: shard_id.to_owned(),
            });
        }
        let (old, new) = checked?;
        let group = self
            .groups
            .get_mut(group_id)
            .ok_or_else(|| Refusal::no_group(group_id))?;
        self.log.group(
            now,
            group_id,
            format!("Test Failover API called for node group {shard_id}"),
        );
        start(group, shard_id, old, new, now);
        Ok(GroupAnswer(group.clone()))
    }

    /// Fails a shard's primary without any call, as a broken host would. `false`: nothing can take over, or another
    /// failover of the group is under way.
    pub fn fail_primary(&mut self, group_id: &str, shard_id: &str, now: DateTime<Utc>) -> bool {
        self.tick(now);
        let Some(group) = self.groups.get_mut(group_id) else {
            return false;
        };
        if group.failover.is_some() {
            return false;
        }
        let Some((old, new)) = successor(group, shard_id) else {
            return false;
        };
        start(group, shard_id, old, new, now);
        true
    }

    /// Old and new primary, if the failover may start. The order of the checks is ASSUMED, as are the wordings.
    fn require_failover_possible(
        &self,
        group_id: &str,
        shard_id: &str,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<(String, String)> {
        let group = self
            .groups
            .get(group_id)
            .ok_or_else(|| Refusal::no_group(group_id))?;
        if self.failover_blocked {
            return Err(Refusal::new(
                Code::TestFailoverNotAvailable,
                "The TestFailover action is not available.",
            ));
        }
        if group.work.is_some() {
            return Err(Refusal::busy());
        }
        if !group.settings.automatic_failover {
            return Err(Refusal::new(
                Code::InvalidReplicationGroupState,
                format!("Automatic failover is not enabled for replication group {group_id}."),
            ));
        }
        if let Some(failover) = &group.failover {
            let message = format!(
                "A failover of node group {} is in progress: {} has not been replaced yet.",
                failover.shard, failover.old
            );
            // Which of the two codes [BC] lists comes here is UNKNOWN.
            let code = if parameters.busy_failover_blames_member {
                Code::InvalidCacheClusterState
            } else {
                Code::InvalidReplicationGroupState
            };
            return Err(Refusal::new(code, message));
        }
        let shard = group.shard(shard_id);
        if shard.is_some_and(|shard| shard.nodes.len() < 2) {
            return Err(Refusal::new(
                Code::InvalidReplicationGroupState,
                format!("Node group {shard_id} has no replica to fail over to."),
            ));
        }
        require_idle(group)?;
        self.require_budget(group_id, shard_id, now)?;
        successor(group, shard_id).ok_or_else(|| {
            Refusal::new(
                Code::InvalidCacheClusterState,
                format!("Node group {shard_id} has no available replica."),
            )
        })
    }

    /// Fifteen distinct shards in any 24 hours, in the whole account (\[BC\]; that it is one account's, not one group's,
    /// follows from "a customer can").
    fn require_budget(&self, group: &str, shard: &str, now: DateTime<Utc>) -> Outcome<()> {
        let spent: BTreeSet<(&str, &str)> = self
            .failovers
            .iter()
            .filter(|entry| entry.at > now - BUDGET_PERIOD)
            .map(|entry| (entry.group.as_str(), entry.shard.as_str()))
            .collect();
        if spent.len() >= self.quotas.failovers_per_day && !spent.contains(&(group, shard)) {
            return Err(Refusal::new(
                Code::ApiCallRateForCustomerExceeded,
                "The customer has exceeded the allowed rate of API calls.",
            ));
        }
        Ok(())
    }
}

/// The shard's primary and the replica that would follow it: the first that serves (AWS takes the one with the least
/// lag [EC-DG]; lag is not modelled).
fn successor(group: &ReplicationGroup, shard: &str) -> Option<(String, String)> {
    let shard = group.shard(shard)?;
    let replica = shard
        .nodes
        .iter()
        .find(|node| !node.primary && node.available())?;
    Some((shard.primary()?.id.clone(), replica.id.clone()))
}

fn start(group: &mut ReplicationGroup, shard: &str, old: String, new: String, now: DateTime<Utc>) {
    if let Some(node) = group.node_mut(&old) {
        node.status = REBOOTING.to_owned();
    }
    group.failover = Some(Failover {
        shard: shard.to_owned(),
        old,
        new,
        started: now,
        stage: Stage::Down,
    });
}

/// Does what falls due by `now`, with the events of \[BC\] or of the published log.
pub(crate) fn step(
    group: &mut ReplicationGroup,
    now: DateTime<Utc>,
    parameters: &Parameters,
    log: &mut Log,
) {
    while let Some(mut failover) = group.failover.take() {
        let due = failover.started
            + match failover.stage {
                Stage::Down => SWITCH,
                Stage::Switched => RECOVERY_STARTS,
                Stage::Recovering => RECOVERY_ENDS,
            };
        if now < due {
            group.failover = Some(failover);
            return;
        }
        match failover.stage {
            Stage::Down => {
                swap_roles(group, &failover.old, &failover.new, due);
                log_switch(group, &failover, due, parameters, log);
                failover.stage = Stage::Switched;
                group.failover = Some(failover);
            }
            Stage::Switched => {
                log.node(due, &failover.old, "Recovering cache nodes 0001");
                failover.stage = Stage::Recovering;
                group.failover = Some(failover);
            }
            Stage::Recovering => {
                log.node(due, &failover.old, "Finished recovery for cache nodes 0001");
                if let Some(node) = group.node_mut(&failover.old)
                    && node.status == REBOOTING
                {
                    node.status = AVAILABLE.to_owned();
                }
            }
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

fn log_switch(
    group: &ReplicationGroup,
    failover: &Failover,
    at: DateTime<Utc>,
    parameters: &Parameters,
    log: &mut Log,
) {
    let Failover { old, new, .. } = failover;
    if parameters.failover_event_names_primary {
        let text = format!("Failover from primary node {old} to replica node {new} completed");
        log.node(at, old, text.clone());
        log.group(at, &group.id, text);
    } else {
        log.group(
            at,
            &group.id,
            format!("Failover to replica node {new} completed"),
        );
    }
    let value = if parameters.failover_complete_names_node {
        new
    } else {
        &group.id
    };
    log.notify(at, &group.settings, "FailoverComplete", value);
}
