//! Requests: from a Query form to the embedded service's types. Names of lists and members are those of the service's
//! model ([BC]).

use super::form::Form;
use crate::cloud::elasticache::{
    LogDelivery,
    create::{CreateReplicationGroup, LogDeliveryRequest, ShardConfiguration},
    describe::{EventFilter, Paging},
    modify::ModifyReplicationGroup,
    refusal::{Code, Outcome, Refusal},
    reshard::{ModifyShards, ShardPlacement},
};

pub(super) fn paging(form: &Form<'_>) -> Outcome<Paging> {
    Ok(Paging {
        max_records: form.number("MaxRecords")?,
        marker: form.owned("Marker"),
    })
}

pub(super) fn events(form: &Form<'_>) -> Outcome<EventFilter> {
    let source_type = form.owned("SourceType");
    if let Some(name) = &source_type
        && !SOURCE_TYPES.contains(&name.as_str())
    {
        return Err(Refusal::value(format!("Invalid SourceType: {name}.")));
    }
    Ok(EventFilter {
        source: form.owned("SourceIdentifier"),
        source_type,
        start: form.time("StartTime")?,
        end: form.time("EndTime")?,
        minutes: form.number("Duration")?,
        paging: paging(form)?,
    })
}

const SOURCE_TYPES: [&str; 9] = [
    "cache-cluster",
    "cache-parameter-group",
    "cache-security-group",
    "cache-subnet-group",
    "replication-group",
    "serverless-cache",
    "serverless-cache-snapshot",
    "user",
    "user-group",
];

pub(super) fn modify_shards(form: &Form<'_>) -> Outcome<ModifyShards> {
    let group = form.required("ReplicationGroupId")?.to_owned();
    form.required("NodeGroupCount")?;
    form.required("ApplyImmediately")?;
    let missing = || {
        Refusal::new(
            Code::MissingParameter,
            "The request must contain the parameter NodeGroupCount.",
        )
    };
    let placements = form
        .list("ReshardingConfiguration", "ReshardingConfiguration")
        .into_iter()
        .map(|prefix| ShardPlacement {
            shard: form.owned(&format!("{prefix}.NodeGroupId")),
            zones: form.texts(
                &format!("{prefix}.PreferredAvailabilityZones"),
                "AvailabilityZone",
            ),
        });
    Ok(ModifyShards {
        group,
        count: form.number("NodeGroupCount")?.ok_or_else(missing)?,
        apply_immediately: form.flag("ApplyImmediately")? == Some(true),
        placements: placements.collect(),
        remove: form.texts("NodeGroupsToRemove", "NodeGroupToRemove"),
        retain: form.texts("NodeGroupsToRetain", "NodeGroupToRetain"),
    })
}

pub(super) fn create(form: &Form<'_>) -> Outcome<CreateReplicationGroup> {
    Ok(CreateReplicationGroup {
        replication_group_id: form.required("ReplicationGroupId")?.to_owned(),
        description: form.required("ReplicationGroupDescription")?.to_owned(),
        global_replication_group_id: form.owned("GlobalReplicationGroupId"),
        primary_cluster_id: form.owned("PrimaryClusterId"),
        automatic_failover_enabled: form.flag("AutomaticFailoverEnabled")?,
        multi_az_enabled: form.flag("MultiAZEnabled")?,
        num_cache_clusters: form.number("NumCacheClusters")?,
        preferred_cache_cluster_azs: form.texts("PreferredCacheClusterAZs", "AvailabilityZone"),
        num_node_groups: form.number("NumNodeGroups")?,
        replicas_per_node_group: form.number("ReplicasPerNodeGroup")?,
        node_group_configuration: shard_configurations(form)?,
        cache_node_type: form.owned("CacheNodeType"),
        engine: form.owned("Engine"),
        engine_version: form.owned("EngineVersion"),
        cache_parameter_group_name: form.owned("CacheParameterGroupName"),
        cache_subnet_group_name: form.owned("CacheSubnetGroupName"),
        cache_security_group_names: form.texts("CacheSecurityGroupNames", "CacheSecurityGroupName"),
        security_group_ids: form.texts("SecurityGroupIds", "SecurityGroupId"),
        tags: form.tags(),
        snapshot_arns: form.texts("SnapshotArns", "SnapshotArn"),
        snapshot_name: form.owned("SnapshotName"),
        preferred_maintenance_window: form.owned("PreferredMaintenanceWindow"),
        port: form.number("Port")?,
        notification_topic_arn: form.owned("NotificationTopicArn"),
        auto_minor_version_upgrade: form.flag("AutoMinorVersionUpgrade")?,
        snapshot_retention_limit: form.number("SnapshotRetentionLimit")?,
        snapshot_window: form.owned("SnapshotWindow"),
        auth_token: form.owned("AuthToken"),
        transit_encryption_enabled: form.flag("TransitEncryptionEnabled")?,
        at_rest_encryption_enabled: form.flag("AtRestEncryptionEnabled")?,
        kms_key_id: form.owned("KmsKeyId"),
        user_group_ids: form.texts("UserGroupIds", "member"),
        log_delivery_configurations: log_deliveries(form)?,
        data_tiering_enabled: form.flag("DataTieringEnabled")?,
        network_type: form.owned("NetworkType"),
        ip_discovery: form.owned("IpDiscovery"),
        transit_encryption_mode: form.owned("TransitEncryptionMode"),
        cluster_mode: form.owned("ClusterMode"),
        serverless_cache_snapshot_name: form.owned("ServerlessCacheSnapshotName"),
        durability: form.owned("Durability"),
    })
}

pub(super) fn modify(form: &Form<'_>) -> Outcome<ModifyReplicationGroup> {
    Ok(ModifyReplicationGroup {
        replication_group_id: form.required("ReplicationGroupId")?.to_owned(),
        description: form.owned("ReplicationGroupDescription"),
        primary_cluster_id: form.owned("PrimaryClusterId"),
        snapshotting_cluster_id: form.owned("SnapshottingClusterId"),
        automatic_failover_enabled: form.flag("AutomaticFailoverEnabled")?,
        multi_az_enabled: form.flag("MultiAZEnabled")?,
        node_group_id: form.owned("NodeGroupId"),
        cache_security_group_names: form.texts("CacheSecurityGroupNames", "CacheSecurityGroupName"),
        security_group_ids: form.texts("SecurityGroupIds", "SecurityGroupId"),
        preferred_maintenance_window: form.owned("PreferredMaintenanceWindow"),
        notification_topic_arn: form.owned("NotificationTopicArn"),
        cache_parameter_group_name: form.owned("CacheParameterGroupName"),
        notification_topic_status: form.owned("NotificationTopicStatus"),
        apply_immediately: form.flag("ApplyImmediately")?.unwrap_or(false),
        engine: form.owned("Engine"),
        engine_version: form.owned("EngineVersion"),
        auto_minor_version_upgrade: form.flag("AutoMinorVersionUpgrade")?,
        snapshot_retention_limit: form.number("SnapshotRetentionLimit")?,
        snapshot_window: form.owned("SnapshotWindow"),
        cache_node_type: form.owned("CacheNodeType"),
        auth_token: form.owned("AuthToken"),
        auth_token_update_strategy: form.owned("AuthTokenUpdateStrategy"),
        user_group_ids_to_add: form.texts("UserGroupIdsToAdd", "member"),
        user_group_ids_to_remove: form.texts("UserGroupIdsToRemove", "member"),
        remove_user_groups: form.flag("RemoveUserGroups")?,
        log_delivery_configurations: log_deliveries(form)?,
        ip_discovery: form.owned("IpDiscovery"),
        transit_encryption_enabled: form.flag("TransitEncryptionEnabled")?,
        transit_encryption_mode: form.owned("TransitEncryptionMode"),
        cluster_mode: form.owned("ClusterMode"),
        durability: form.owned("Durability"),
    })
}

fn shard_configurations(form: &Form<'_>) -> Outcome<Vec<ShardConfiguration>> {
    form.list("NodeGroupConfiguration", "NodeGroupConfiguration")
        .into_iter()
        .map(|prefix| {
            let key = |name: &str| format!("{prefix}.{name}");
            Ok(ShardConfiguration {
                id: form.owned(&key("NodeGroupId")),
                slots: form.owned(&key("Slots")),
                replicas: form.number(&key("ReplicaCount"))?,
                primary_zone: form.owned(&key("PrimaryAvailabilityZone")),
                replica_zones: form.texts(&key("ReplicaAvailabilityZones"), "AvailabilityZone"),
                primary_outpost: form.owned(&key("PrimaryOutpostArn")),
                replica_outposts: form.texts(&key("ReplicaOutpostArns"), "OutpostArn"),
            })
        })
        .collect()
}

fn log_deliveries(form: &Form<'_>) -> Outcome<Vec<LogDeliveryRequest>> {
    form.list(
        "LogDeliveryConfigurations",
        "LogDeliveryConfigurationRequest",
    )
    .into_iter()
    .map(|prefix| {
        let text = |name: &str| form.owned(&format!("{prefix}.{name}"));
        let destination = text("DestinationDetails.CloudWatchLogsDetails.LogGroup")
            .or_else(|| text("DestinationDetails.KinesisFirehoseDetails.DeliveryStream"));
        Ok(LogDeliveryRequest {
            delivery: LogDelivery {
                log_type: text("LogType").unwrap_or_default(),
                destination_type: text("DestinationType").unwrap_or_default(),
                destination: destination.unwrap_or_default(),
                format: text("LogFormat").unwrap_or_default(),
            },
            enabled: form.flag(&format!("{prefix}.Enabled"))?,
        })
    })
    .collect()
}
