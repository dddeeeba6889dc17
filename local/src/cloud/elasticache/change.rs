//! Changes: the settings that a `ModifyReplicationGroup` leads to. Wordings are ASSUMED unless a source is named.

use chrono::{DateTime, Utc};

use super::{
    model::{Change, ClusterMode, ReplicationGroup, Settings, Topic},
    modify::ModifyReplicationGroup,
    node_types,
    refusal::{Code, Outcome, Refusal},
    validate,
};

/// The settings with what applies at once (that these do, and leave the status alone, is ASSUMED).
pub(crate) fn described(
    group: &ReplicationGroup,
    request: &ModifyReplicationGroup,
) -> Outcome<Settings> {
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
pub(crate) fn change(
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

/// The settings `later` with everything that applies at once taken from `now`.
pub(crate) fn overlaid(later: &Settings, now: &Settings) -> Settings {
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
