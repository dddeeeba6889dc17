//! Modification: `ModifyReplicationGroup`, with promotion, node types and everything else that is not a shard.
//!
//! Wordings are ASSUMED unless a source is named.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    create::LogDeliveryRequest,
    failover::swap_roles,
    log::Log,
    model::{AVAILABLE, Change, ClusterMode, MODIFYING, ReplicationGroup, Settings, Topic, Work},
    node_types,
    refusal::{Code, Outcome, Refusal},
    reshard::{GroupAnswer, require_idle},
    validate,
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
    /// once with `ApplyImmediately` and else in the maintenance window ([BC]).
    ///
    /// # Errors
    ///
    /// Every refusal of [BC] for this call that depends on state kept here.
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

/// The settings with what applies at once (that these do, and leave the status alone, is ASSUMED).
fn described(group: &ReplicationGroup, request: &ModifyReplicationGroup) -> Outcome<Settings> {
    let mut next = group.settings.clone();
    if let Some(text) = &request.description {
        next.description.clone_from(text);
    }
    if let Some(text) = &request.preferred_maintenance_window {
        next.maintenance_window = validate::weekly(text)?;
    }
    if let Some(text) = &request.snapshot_window {
        next.snapshot_window = validate::daily(text)?;
    }
    if let Some(days) = request.snapshot_retention_limit {
        next.snapshot_retention = validate::retention(days)?;
    }
    if let Some(id) = &request.snapshotting_cluster_id {
        if group.cluster_enabled() {
            return Err(Refusal::combination(
                "SnapshottingClusterId cannot be set for replication groups with cluster mode enabled.",
            ));
        }
        require_member(group, id)?;
        next.snapshotting_node = Some(id.clone());
    }
    if let Some(arn) = &request.notification_topic_arn {
        next.topic = Some(Topic {
            arn: arn.clone(),
            active: true,
        });
    }
    if let Some(status) = &request.notification_topic_status {
        let status = validate::one_of(
            "NotificationTopicStatus",
            status.clone(),
            &["active", "inactive"],
        )?;
        match &mut next.topic {
            Some(topic) => topic.active = status == "active",
            None => {
                return Err(Refusal::combination(
                    "NotificationTopicStatus requires a notification topic.",
                ));
            }
        }
    }
    if let Some(upgrade) = request.auto_minor_version_upgrade {
        next.auto_minor_version_upgrade = upgrade;
    }
    if !request.security_group_ids.is_empty() {
        next.security_groups.clone_from(&request.security_group_ids);
    }
    if !request.cache_security_group_names.is_empty() {
        next.cache_security_groups
            .clone_from(&request.cache_security_group_names);
    }
    Ok(next)
}

/// What touches the nodes, with what already waits for the maintenance window; `None`: nothing does.
fn change(
    group: &ReplicationGroup,
    described: &Settings,
    request: &ModifyReplicationGroup,
    now: DateTime<Utc>,
) -> Outcome<Option<Change>> {
    let deferred = group.deferred.as_deref();
    let mut next = deferred.map_or_else(
        || described.clone(),
        |deferred| overlaid(&deferred.settings, described),
    );
    let fewest = group
        .shards
        .iter()
        .map(|shard| shard.nodes.len())
        .min()
        .unwrap_or(1);
    if let Some(on) = request.automatic_failover_enabled {
        if group.cluster_enabled() && !on {
            // [GH terraform-provider-aws#27116].
            return Err(Refusal::combination(
                "Turning off automatic failover for replication group with cluster mode enabled is not supported.",
            ));
        }
        next.automatic_failover = on;
    }
    if let Some(on) = request.multi_az_enabled {
        next.multi_az = on;
    }
    if request.automatic_failover_enabled.is_some() || request.multi_az_enabled.is_some() {
        validate::failover_settings(&next, fewest)?;
    }
    node_settings(group, request, &mut next)?;
    let waiting_token = deferred.and_then(|deferred| deferred.auth_token);
    let auth_token = access(group, request, &mut next, now)?.or(waiting_token);
    if let Some(mode) = &request.cluster_mode {
        next.cluster_mode = next_mode(group, mode)?;
    }
    if request.durability.is_some() {
        next.durability = validate::durability(request.durability.clone())?;
    }
    next.logs = validate::logs(&next.logs, &request.log_delivery_configurations)?;
    let waiting_promotion = || deferred.and_then(|deferred| deferred.promote.clone());
    let promote = promotion(group, request)?.or_else(waiting_promotion);
    let changes = next != *described || promote.is_some() || auth_token.is_some();
    Ok(changes.then_some(Change {
        settings: next,
        promote,
        auth_token,
    }))
}

fn node_settings(
    group: &ReplicationGroup,
    request: &ModifyReplicationGroup,
    next: &mut Settings,
) -> Outcome<()> {
    if let Some(node_type) = &request.cache_node_type {
        let room = node_types::max_memory(node_type)
            .ok_or_else(|| Refusal::value(format!("Invalid Cache Node Type: {node_type}.")))?;
        if group
            .shards
            .iter()
            .any(|shard| group.keyspace.bytes(&shard.slots) > room)
        {
            return Err(Refusal::value(format!(
                "The data does not fit into node type {node_type}."
            )));
        }
        next.node_type.clone_from(node_type);
    }
    if let Some(engine) = &request.engine {
        next.engine = validate::engine(engine)?;
        if group.settings.engine == "valkey" && next.engine == "redis" {
            return Err(Refusal::combination(
                "An engine change from valkey to redis is not supported.",
            ));
        }
    }
    if let Some(version) = &request.engine_version {
        next.engine_version.clone_from(version);
    }
    if let Some(name) = &request.cache_parameter_group_name {
        next.parameter_group.clone_from(name);
    }
    if let Some(discovery) = &request.ip_discovery {
        next.ip_discovery =
            validate::one_of("IpDiscovery", discovery.clone(), &validate::ADDRESSES)?;
    }
    Ok(())
}

/// Tokens, user groups and encryption in transit. The token itself is dropped here; the result says how it changes.
fn access(
    group: &ReplicationGroup,
    request: &ModifyReplicationGroup,
    next: &mut Settings,
    now: DateTime<Utc>,
) -> Outcome<Option<&'static str>> {
    if let Some(mode) = &request.transit_encryption_mode {
        let mode = validate::one_of(
            "TransitEncryptionMode",
            mode.clone(),
            &validate::TRANSIT_MODES,
        )?;
        // Encryption on a group that has none is a two-step change ([BC]).
        if !group.settings.transit_encryption && mode == "required" {
            return Err(Refusal::combination(
                "TransitEncryptionMode must first be set to preferred.",
            ));
        }
        next.transit_mode = Some(mode);
    }
    if let Some(on) = request.transit_encryption_enabled {
        if on && next.transit_mode.is_none() {
            return Err(Refusal::combination(
                "TransitEncryptionMode must be set to preferred when in-transit encryption is turned on.",
            ));
        }
        next.transit_encryption = on;
        if !on {
            next.transit_mode = None;
        }
    }
    if request.remove_user_groups == Some(true) {
        next.user_groups.clear();
    }
    next.user_groups
        .retain(|id| !request.user_group_ids_to_remove.contains(id));
    for id in &request.user_group_ids_to_add {
        if next.user_groups.contains(id) {
            return Err(Refusal::value(format!(
                "User group {id} is already associated."
            )));
        }
        next.user_groups.push(id.clone());
    }
    let strategy = request.auth_token_update_strategy.as_deref();
    match (&request.auth_token, strategy) {
        (None, None) => Ok(None),
        (None, Some("DELETE")) => {
            next.auth_token_modified = None;
            Ok(None)
        }
        (None, Some(_)) => Err(Refusal::combination(
            "AuthTokenUpdateStrategy requires AuthToken.",
        )),
        (Some(token), strategy) => {
            validate::auth_token(token)?;
            if !next.transit_encryption {
                return Err(Refusal::combination(
                    "AuthToken requires TransitEncryptionEnabled to be true.",
                ));
            }
            next.auth_token_modified = Some(now);
            match strategy {
                Some("SET") => Ok(Some("SETTING")),
                None | Some("ROTATE") => Ok(Some("ROTATING")),
                Some(other) => Err(Refusal::value(format!(
                    "Invalid AuthTokenUpdateStrategy: {other}."
                ))),
            }
        }
    }
}

/// Disabled and compatible turn into each other, compatible into enabled, enabled into nothing ([BC]).
fn next_mode(group: &ReplicationGroup, text: &str) -> Outcome<ClusterMode> {
    let mode = ClusterMode::parse(text)
        .ok_or_else(|| Refusal::value(format!("Invalid ClusterMode: {text}.")))?;
    match (group.settings.cluster_mode, mode) {
        (ClusterMode::Disabled, ClusterMode::Enabled) => Err(Refusal::combination(
            "To enable cluster mode, first set the cluster mode to compatible.",
        )),
        (ClusterMode::Enabled, ClusterMode::Disabled | ClusterMode::Compatible) => Err(
            Refusal::combination("Cluster mode cannot be disabled once it is enabled."),
        ),
        (
            ClusterMode::Disabled | ClusterMode::Compatible,
            ClusterMode::Disabled | ClusterMode::Compatible,
        )
        | (ClusterMode::Compatible | ClusterMode::Enabled, ClusterMode::Enabled) => Ok(mode),
    }
}

fn require_member(group: &ReplicationGroup, id: &str) -> Outcome<()> {
    if group.nodes().any(|node| node.id == *id) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::CacheClusterNotFound,
        format!("CacheCluster not found: {id}"),
    ))
}

/// The node to promote, for groups with a single primary; Multi-AZ and automatic failover must already be off
/// ([EC-DG]). Promoting the primary is no change (ASSUMED).
fn promotion(
    group: &ReplicationGroup,
    request: &ModifyReplicationGroup,
) -> Outcome<Option<String>> {
    let Some(id) = &request.primary_cluster_id else {
        return Ok(None);
    };
    if group.cluster_enabled() {
        return Err(Refusal::combination(
            "PrimaryClusterId cannot be specified for replication groups with cluster mode enabled.",
        ));
    }
    require_member(group, id)?;
    if group.settings.automatic_failover || group.settings.multi_az {
        return Err(Refusal::combination(
            "The primary cannot be changed while automatic failover or Multi-AZ is enabled.",
        ));
    }
    let is_primary = group.nodes().any(|node| node.primary && node.id == *id);
    Ok((!is_primary).then(|| id.clone()))
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

/// The settings `later` with everything that applies at once taken from `now`.
fn overlaid(later: &Settings, now: &Settings) -> Settings {
    Settings {
        description: now.description.clone(),
        maintenance_window: now.maintenance_window.clone(),
        snapshot_window: now.snapshot_window.clone(),
        snapshot_retention: now.snapshot_retention,
        snapshotting_node: now.snapshotting_node.clone(),
        topic: now.topic.clone(),
        auto_minor_version_upgrade: now.auto_minor_version_upgrade,
        security_groups: now.security_groups.clone(),
        cache_security_groups: now.cache_security_groups.clone(),
        ..later.clone()
    }
}

/// Begins what waits for the maintenance window once that has come.
pub(crate) fn begin_if_due(group: &mut ReplicationGroup, now: DateTime<Utc>) {
    let due =
        Window::weekly(&group.settings.maintenance_window).is_ok_and(|window| window.contains(now));
    if due && let Some(change) = group.deferred.take() {
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
        if let Some(old) = old {
            swap_roles(group, &old, &new, at);
        }
    }
}
