//! Failovers on request: `TestFailover` with its checks and its budget.
//!
//! The room `takeover` does what is accepted here.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    refusal::{Code, Outcome, Refusal},
    reshard::{GroupAnswer, require_idle, shard_number},
    takeover::{Cause, Failover, Takeover, successor},
};
use crate::cloud::Parameters;

/// The budget's period (\[BC\]).
const BUDGET_PERIOD: TimeDelta = TimeDelta::hours(24);

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
        Failover {
            shard: shard_id.to_owned(),
            old,
            new,
            cause: Cause::Test,
        }
        .start(group, now);
        Ok(GroupAnswer(group.clone()))
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
        if let Some(Takeover { failover, .. }) = &group.takeover {
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
        self.require_budget(group_id, shard_id, now, parameters)?;
        successor(group, shard_id).ok_or_else(|| {
            Refusal::new(
                Code::InvalidCacheClusterState,
                format!("Node group {shard_id} has no available replica."),
            )
        })
    }

    /// Fifteen shards in any 24 hours, in the whole account (\[BC\]; that it is one account's, not one group's, follows
    /// from "a customer can"). Distinct ones, or every call: the parameter says.
    fn require_budget(
        &self,
        group: &str,
        shard: &str,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<()> {
        let calls: Vec<(&str, &str)> = self
            .failovers
            .iter()
            .filter(|entry| entry.at > now - BUDGET_PERIOD)
            .map(|entry| (entry.group.as_str(), entry.shard.as_str()))
            .collect();
        let shards: BTreeSet<(&str, &str)> = calls.iter().copied().collect();
        let (spent, is_free) = if parameters.repeated_failover_spends_budget {
            (calls.len(), false)
        } else {
            (shards.len(), shards.contains(&(group, shard)))
        };
        if spent >= self.quotas.failovers_per_day && !is_free {
            return Err(Refusal::new(
                Code::ApiCallRateForCustomerExceeded,
                "The customer has exceeded the allowed rate of API calls.",
            ));
        }
        Ok(())
    }
}
