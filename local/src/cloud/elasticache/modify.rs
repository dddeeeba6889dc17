//! Modification: `ModifyReplicationGroup`, with promotion, node types and everything else that is not a shard.
//!
//! Wordings are ASSUMED unless a source is named.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    change::{change, described, overlaid},
    create::LogDeliveryRequest,
    log::Log,
    model::{AVAILABLE, Change, MODIFYING, ReplicationGroup, Settings, Work},
    refusal::{Outcome, Refusal},
    reshard::{GroupAnswer, require_idle},
    takeover::{swap_roles, tell_switch},
    window::Window,
};
use crate::cloud::Parameters;

/// How long a new node type or engine takes. ASSUMED: each node is replaced in turn.
const REPLACEMENT: TimeDelta = TimeDelta::minutes(15);
/// How long any other change takes. ASSUMED.
const SETTING: TimeDelta = TimeDelta::minutes(1);

/// `ModifyReplicationGroup`. Field names are the API's; `None` and empty mean that the client did not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the API's parameter of the same name"
)]
pub struct ModifyReplicationGroup {
    pub replication_group_id: String,
    pub description: Option<String>,
    pub primary_cluster_id: Option<String>,
    pub snapshotting_cluster_id: Option<String>,
    pub automatic_failover_enabled: Option<bool>,
    pub multi_az_enabled: Option<bool>,
    pub node_group_id: Option<String>,
    pub cache_security_group_names: Vec<String>,
    pub security_group_ids: Vec<String>,
    pub preferred_maintenance_window: Option<String>,
    pub notification_topic_arn: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub notification_topic_status: Option<String>,
    pub apply_immediately: bool,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub cache_node_type: Option<String>,
    pub auth_token: Option<String>,
    pub auth_token_update_strategy: Option<String>,
    pub user_group_ids_to_add: Vec<String>,
    pub user_group_ids_to_remove: Vec<String>,
    pub remove_user_groups: Option<bool>,
    pub log_delivery_configurations: Vec<LogDeliveryRequest>,
    pub ip_discovery: Option<String>,
    pub transit_encryption_enabled: Option<bool>,
    pub transit_encryption_mode: Option<String>,
    pub cluster_mode: Option<String>,
    pub durability: Option<String>,
}

impl ElastiCache {
    /// Changes a group's settings. What describes the group changes at once; what touches its nodes takes a while, at
    /// once with `ApplyImmediately` and else in the maintenance window (\[BC\]).
    ///
    /// # Errors
    ///
    /// Every refusal of \[BC\] for this call that depends on state kept here.
    pub fn modify_replication_group(
        &mut self,
        request: &ModifyReplicationGroup,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<GroupAnswer> {
        self.tick(now);
        let group = self.group_for_change(&request.replication_group_id)?;
        require_not_global(group)?;
        require_idle(group)?;
        let described = described(group, request)?;
        let change = change(group, &described, request, now)?;
        group.settings = described;
        group.deferred = None;
        match change {
            Some(change) if request.apply_immediately => {
                begin(group, change, now);
                group.work_shows_from = now + parameters.modifying_delay;
                return Ok(GroupAnswer(ReplicationGroup {
                    work_shows_from: now,
                    ..group.clone()
                }));
            }
            change => group.deferred = change.map(Box::new),
        }
        Ok(GroupAnswer(group.clone()))
    }
}

/// [GH terraform-provider-aws#22528].
pub(crate) fn require_not_global(group: &ReplicationGroup) -> Outcome<()> {
    match &group.settings.global_datastore {
        Some((datastore, _)) => Err(Refusal::value(format!(
            "Cluster [{}] is part of a global cluster [{datastore}]. Request rejected.",
            group.id
        ))),
        None => Ok(()),
    }
}

fn replaces_nodes(from: &Settings, to: &Settings) -> bool {
    from.node_type != to.node_type
        || from.engine_version != to.engine_version
        || from.engine != to.engine
}

fn begin(group: &mut ReplicationGroup, change: Change, now: DateTime<Utc>) {
    let replaces = replaces_nodes(&group.settings, &change.settings);
    if replaces {
        for node in group.shards.iter_mut().flat_map(|shard| &mut shard.nodes) {
            node.status = MODIFYING.to_owned();
        }
    }
    let length = if replaces { REPLACEMENT } else { SETTING };
    group.work_shows_from = now;
    group.work = Some(Work::Modify {
        change: Box::new(change),
        until: now + length,
    });
}

/// Begins what waits for the maintenance window once that has come.
pub(crate) fn begin_if_due(group: &mut ReplicationGroup, now: DateTime<Utc>) {
    let due =
        Window::weekly(&group.settings.maintenance_window).is_ok_and(|window| window.contains(now));
    let idle = group.nodes().all(|node| node.available());
    if due
        && idle
        && let Some(change) = group.deferred.take()
    {
        // What changed at once in the meantime stays as it is.
        let settings = overlaid(&change.settings, &group.settings);
        begin(
            group,
            Change {
                settings,
                ..*change
            },
            now,
        );
    }
}

/// Ends a change (node type texts: the user guide's table; notifications [EC-DG23]).
pub(crate) fn finish(
    group: &mut ReplicationGroup,
    change: Change,
    at: DateTime<Utc>,
    parameters: &Parameters,
    log: &mut Log,
) {
    let from = std::mem::replace(&mut group.settings, change.settings);
    for node in group.shards.iter_mut().flat_map(|shard| &mut shard.nodes) {
        if node.status == MODIFYING {
            node.status = AVAILABLE.to_owned();
        }
    }
    let to = &group.settings;
    if from.node_type != to.node_type {
        for node in group.nodes() {
            let text = format!(
                "Succeeded applying modification to cache node type to {}.",
                to.node_type
            );
            log.node(at, &node.id, text);
            log.notify(at, to, "CacheClusterScalingComplete", &node.id);
        }
        log.notify(at, to, "ReplicationGroupScalingComplete", &group.id);
    }
    if from.automatic_failover != to.automatic_failover {
        let state = if to.automatic_failover { "on" } else { "off" };
        let text = format!(
            "Automatic failover has been turned {state} for replication group {}",
            group.id
        );
        log.group(at, &group.id, text);
    }
    if let Some(new) = change.promote {
        let old = group
            .nodes()
            .find(|node| node.primary)
            .map(|node| node.id.clone());
        // A promotion that waited for its window may find that a failover was quicker.
        if let Some(old) = old.filter(|old| *old != new) {
            swap_roles(group, &old, &new, at);
            if parameters.promotion_tells_failover {
                tell_switch(group, &old, &new, at, parameters, log);
            }
        }
    }
}
