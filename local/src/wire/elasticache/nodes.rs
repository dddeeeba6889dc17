//! `CacheCluster` in answers: one node each.

use super::{
    groups::{Place, logs, pending_logs},
    time,
};
use crate::{
    cloud::elasticache::{
        describe::NodeEntry,
        model::{CREATING, Change, DELETING, Settings, Work},
    },
    wire::xml::Element,
};

/// A node as `DescribeCacheClusters` answers it; `detail` is `ShowCacheNodeInfo`.
pub(super) fn cache_cluster(entry: NodeEntry<'_>, detail: bool, place: &Place) -> Element {
    let NodeEntry {
        node,
        settings,
        group,
    } = entry;
    let mut element = Element::new("CacheCluster")
        .with("CacheClusterId", &node.id)
        .with(
            "ClientDownloadLandingPage",
            format!(
                "https://console.aws.amazon.com/elasticache/home?region={}#client-download:",
                place.region()
            ),
        )
        .with("CacheNodeType", &settings.node_type)
        .with("Engine", &settings.engine)
        .with("EngineVersion", &settings.engine_version)
        .with("CacheClusterStatus", &node.status)
        .with("NumCacheNodes", 1)
        .with("PreferredAvailabilityZone", &node.zone)
        .with_optional("PreferredOutpostArn", node.outpost.as_ref())
        .with("CacheClusterCreateTime", time(node.created))
        .with("PreferredMaintenanceWindow", &settings.maintenance_window)
        .child(pending(entry));
    if let Some(topic) = &settings.topic {
        let status = if topic.active { "active" } else { "inactive" };
        let configuration = Element::new("NotificationConfiguration")
            .with("TopicArn", &topic.arn)
            .with("TopicStatus", status);
        element = element.child(configuration);
    }
    let groups = settings.cache_security_groups.iter().map(|name| {
        Element::new("CacheSecurityGroup")
            .with("CacheSecurityGroupName", name)
            .with("Status", "active")
    });
    let parameters = Element::new("CacheParameterGroup")
        .with("CacheParameterGroupName", &settings.parameter_group)
        .with("ParameterApplyStatus", "in-sync")
        .child(Element::new("CacheNodeIdsToReboot"));
    element = element
        .child(Element::list("CacheSecurityGroups", groups))
        .child(parameters)
        .with_optional("CacheSubnetGroupName", settings.subnet_group.as_ref());
    // Nodes being made or deleted show no more than the cluster's level ([BC] DescribeCacheClusters).
    if detail && node.status != CREATING && node.status != DELETING {
        let own = Element::new("CacheNode")
            .with("CacheNodeId", "0001")
            .with("CacheNodeStatus", &node.status)
            .with("CacheNodeCreateTime", time(node.created))
            .child(place.node_endpoint("Endpoint", node, settings))
            .with("ParameterGroupStatus", "in-sync")
            .with("CustomerAvailabilityZone", &node.zone)
            .with_optional("CustomerOutpostArn", node.outpost.as_ref());
        element = element.child(Element::list("CacheNodes", [own]));
    }
    let security = settings.security_groups.iter().map(|id| {
        Element::new("member")
            .with("SecurityGroupId", id)
            .with("Status", "active")
    });
    element
        .with(
            "AutoMinorVersionUpgrade",
            settings.auto_minor_version_upgrade,
        )
        .child(Element::list("SecurityGroups", security))
        .with_optional("ReplicationGroupId", group.map(|group| &group.id))
        .with("SnapshotRetentionLimit", settings.snapshot_retention)
        .with("SnapshotWindow", &settings.snapshot_window)
        .with("AuthTokenEnabled", settings.auth_token_modified.is_some())
        .with_optional(
            "AuthTokenLastModifiedDate",
            settings.auth_token_modified.map(time),
        )
        .with("TransitEncryptionEnabled", settings.transit_encryption)
        .with("AtRestEncryptionEnabled", settings.at_rest_encryption)
        .with("ARN", place.arn("cluster", &node.id))
        .with(
            "ReplicationGroupLogDeliveryEnabled",
            group.is_some() && !settings.logs.is_empty(),
        )
        .child(logs(
            "LogDeliveryConfigurations",
            "LogDeliveryConfiguration",
            &settings.logs,
            true,
        ))
        .with("NetworkType", &settings.network_type)
        .with("IpDiscovery", &settings.ip_discovery)
        .with_optional("TransitEncryptionMode", settings.transit_mode.as_ref())
}

fn pending(entry: NodeEntry<'_>) -> Element {
    let element = Element::new("PendingModifiedValues");
    let Some(group) = entry.group else {
        return element;
    };
    let change: Option<&Change> = match &group.work {
        Some(Work::Modify { change, .. }) => Some(change),
        Some(
            Work::Create { .. }
            | Work::Failed
            | Work::Delete { .. }
            | Work::Snapshot { .. }
            | Work::Reshard(_),
        )
        | None => group.deferred.as_deref(),
    };
    let Some(change) = change else {
        return element;
    };
    let (from, to) = (entry.settings, &change.settings);
    let changed =
        |field: fn(&Settings) -> &String| (field(from) != field(to)).then(|| field(to).clone());
    let mut element = element
        .with_optional(
            "EngineVersion",
            changed(|settings| &settings.engine_version),
        )
        .with_optional("CacheNodeType", changed(|settings| &settings.node_type))
        .with_optional("AuthTokenStatus", change.auth_token);
    if from.logs != to.logs {
        element = element.child(pending_logs(&to.logs));
    }
    if from.transit_encryption != to.transit_encryption {
        element = element.with("TransitEncryptionEnabled", to.transit_encryption);
    }
    if let (true, Some(mode)) = (from.transit_mode != to.transit_mode, &to.transit_mode) {
        element = element.with("TransitEncryptionMode", mode);
    }
    element
}
