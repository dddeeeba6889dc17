//! Checks of single values and of what goes with what. Wordings are ASSUMED unless a source is named.

use super::{
    create::{CreateReplicationGroup, LogDeliveryRequest},
    layout::ShardPlan,
    model::{ClusterMode, LogDelivery, Settings},
    node_types,
    refusal::{Code, Outcome, Refusal},
    window::Window,
};

/// `NetworkType` ([BC]).
pub(crate) const NETWORKS: [&str; 3] = ["ipv4", "ipv6", "dual_stack"];
/// `IpDiscovery` ([BC]).
pub(crate) const ADDRESSES: [&str; 2] = ["ipv4", "ipv6"];
/// `TransitEncryptionMode` ([BC]).
pub(crate) const TRANSIT_MODES: [&str; 2] = ["preferred", "required"];
/// Tags per resource ([BC] fault text: 50).
const TAGS: usize = 50;

/// The id as it is stored: lower case; 1 to 40 letters, digits and single hyphens, a letter first ([BC]).
pub(crate) fn group_id(id: &str) -> Outcome<String> {
    let sound = (1..=40).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_alphabetic())
        && id
            .chars()
            .all(|each| each.is_ascii_alphanumeric() || each == '-')
        && !id.ends_with('-')
        && !id.contains("--");
    if !sound {
        return Err(Refusal::value(
            "The parameter ReplicationGroupIdentifier is not a valid identifier. Identifiers must begin with a letter; \
             must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two \
             consecutive hyphens.",
        ));
    }
    Ok(id.to_ascii_lowercase())
}

pub(crate) fn one_of(name: &str, value: String, allowed: &[&str]) -> Outcome<String> {
    if allowed.contains(&value.as_str()) {
        Ok(value)
    } else {
        Err(Refusal::value(format!(
            "Invalid {name}: {value}. Valid values: {}.",
            allowed.join(", ")
        )))
    }
}

pub(crate) fn engine(name: &str) -> Outcome<String> {
    one_of("Engine", name.to_owned(), &["valkey", "redis"])
}

pub(crate) fn durability(value: Option<String>) -> Outcome<Option<String>> {
    let check = |value| {
        one_of(
            "Durability",
            value,
            &["default", "async", "sync", "disabled"],
        )
    };
    value.map(check).transpose()
}

pub(crate) fn weekly(text: &str) -> Outcome<String> {
    Window::weekly(text).map(|_| text.to_owned())
}

pub(crate) fn daily(text: &str) -> Outcome<String> {
    Window::daily(text).map(|_| text.to_owned())
}

/// Days that automatic snapshots are kept: 0 to 35 ([EC-DG]).
pub(crate) fn retention(days: i32) -> Outcome<u32> {
    u32::try_from(days)
        .ok()
        .filter(|days| *days <= 35)
        .ok_or_else(|| {
            Refusal::value(format!(
                "SnapshotRetentionLimit must be between 0 and 35: {days}."
            ))
        })
}

pub(crate) fn port(port: i32) -> Outcome<u16> {
    u16::try_from(port)
        .ok()
        .filter(|port| *port >= 1150)
        .ok_or_else(|| Refusal::value(format!("Invalid port: {port}.")))
}

/// 0 to 5 replicas per shard ([BC]).
pub(crate) fn replicas(count: i32) -> Outcome<usize> {
    usize::try_from(count)
        .ok()
        .filter(|count| *count <= 5)
        .ok_or_else(|| {
            Refusal::value(format!(
                "The number of replicas must be between 0 and 5: {count}."
            ))
        })
}

/// The mode of a new group: `required` where encryption is on and nothing is said.
pub(crate) fn transit_mode(request: &CreateReplicationGroup) -> Outcome<Option<String>> {
    let on = request.transit_encryption_enabled.unwrap_or(false);
    match &request.transit_encryption_mode {
        Some(_) if !on => Err(Refusal::combination(
            "TransitEncryptionMode requires TransitEncryptionEnabled to be true.",
        )),
        Some(mode) => one_of("TransitEncryptionMode", mode.clone(), &TRANSIT_MODES).map(Some),
        None => Ok(on.then(|| "required".to_owned())),
    }
}

/// The deliveries after a request: one for each log type, gone when it says `Enabled=false`.
pub(crate) fn logs(
    present: &[LogDelivery],
    requested: &[LogDeliveryRequest],
) -> Outcome<Vec<LogDelivery>> {
    let mut logs = present.to_vec();
    for LogDeliveryRequest { delivery, enabled } in requested {
        one_of(
            "LogType",
            delivery.log_type.clone(),
            &["slow-log", "engine-log"],
        )?;
        logs.retain(|log| log.log_type != delivery.log_type);
        if *enabled == Some(false) {
            continue;
        }
        one_of(
            "DestinationType",
            delivery.destination_type.clone(),
            &["cloudwatch-logs", "kinesis-firehose"],
        )?;
        one_of("LogFormat", delivery.format.clone(), &["text", "json"])?;
        if delivery.destination.is_empty() {
            return Err(Refusal::value("DestinationDetails must be specified."));
        }
        logs.push(delivery.clone());
    }
    Ok(logs)
}

/// 16 to 128 printable characters, of the special ones only these ([BC]).
pub(crate) fn auth_token(token: &str) -> Outcome<()> {
    let allowed = |each: char| each.is_ascii_alphanumeric() || "!&#$^<>-".contains(each);
    if !(16..=128).contains(&token.len()) || !token.chars().all(allowed) {
        return Err(Refusal::value(
            "Invalid AuthToken provided. It has 16 to 128 letters, digits and characters of !&#$^<>-.",
        ));
    }
    Ok(())
}

/// What goes with what in a new group's settings.
pub(crate) fn new_settings(request: &CreateReplicationGroup, settings: &Settings) -> Outcome<()> {
    if let Some(token) = &request.auth_token {
        auth_token(token)?;
        if !settings.transit_encryption {
            return Err(Refusal::combination(
                "AuthToken requires TransitEncryptionEnabled to be true.",
            ));
        }
        if !settings.user_groups.is_empty() {
            return Err(Refusal::combination(
                "AuthToken cannot be combined with UserGroupIds.",
            ));
        }
    }
    if !settings.user_groups.is_empty() && !settings.transit_encryption {
        return Err(Refusal::combination(
            "UserGroupIds requires TransitEncryptionEnabled to be true.",
        ));
    }
    if settings.kms_key.is_some() && !settings.at_rest_encryption {
        return Err(Refusal::combination(
            "KmsKeyId requires AtRestEncryptionEnabled to be true.",
        ));
    }
    if settings.data_tiering != node_types::tiers_data(&settings.node_type) {
        return Err(Refusal::combination(
            "DataTieringEnabled must be true for r6gd node types, and only for them.",
        ));
    }
    if settings.tags.len() > TAGS {
        return Err(Refusal::new(
            Code::TagQuotaPerResourceExceeded,
            "The request cannot be processed because it would cause the resource to have more than the allowed number \
             of tags. The maximum number of tags permitted on a resource is 50.",
        ));
    }
    Ok(())
}

/// What goes with what between settings and shards.
pub(crate) fn topology(settings: &Settings, layout: &[ShardPlan]) -> Outcome<()> {
    let fewest = layout.iter().map(|plan| plan.nodes).min().unwrap_or(1);
    failover_settings(settings, fewest)?;
    let durable = settings
        .durability
        .as_deref()
        .is_some_and(|value| value == "sync" || value == "async");
    if durable
        && (fewest < 2 || !settings.multi_az || settings.cluster_mode != ClusterMode::Enabled)
    {
        // [EC-NEW] states the conditions.
        return Err(Refusal::combination(
            "Durability requires cluster mode enabled, Multi-AZ and at least one replica per node group.",
        ));
    }
    Ok(())
}

/// Automatic failover, Multi-AZ and the nodes they need. The first wording is a published one ([GH
/// terraform-provider-aws]), that of cluster mode likewise.
pub(crate) fn failover_settings(settings: &Settings, fewest_nodes: usize) -> Outcome<()> {
    if settings.cluster_mode == ClusterMode::Enabled && !settings.automatic_failover {
        return Err(Refusal::combination(
            "Redis with cluster mode enabled cannot be created with auto failover turned off.",
        ));
    }
    if settings.cluster_mode == ClusterMode::Disabled
        && settings.automatic_failover
        && fewest_nodes < 2
    {
        return Err(Refusal::combination(
            "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
        ));
    }
    if settings.multi_az && !(settings.automatic_failover && fewest_nodes >= 2) {
        return Err(Refusal::combination(
            "Multi-AZ requires automatic failover and at least one replica per node group.",
        ));
    }
    Ok(())
}
