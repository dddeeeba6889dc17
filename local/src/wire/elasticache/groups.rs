//! `ReplicationGroup` in answers.

use chrono::{DateTime, Utc};

use super::time;
use crate::{
    cloud::arn,
    cloud::elasticache::{
        ElastiCache, LogDelivery,
        model::{
            AVAILABLE, CREATING, Change, ClusterMode, Node, ReplicationGroup, Settings, Shard, Work,
        },
        slots,
    },
    wire::xml::Element,
};

/// Where everything is, for ARNs and endpoints.
pub(super) struct Place {
    account_id: String,
    region: String,
}

impl Place {
    pub(super) fn of(elasticache: &ElastiCache) -> Self {
        let (account_id, region) = elasticache.place();
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
        }
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// ARN of a `replicationgroup` or a `cluster` ([IAM] service authorization reference).
    pub(super) fn arn(&self, kind: &str, id: &str) -> String {
        let partition = arn::partition(&self.region);
        let Self { account_id, region } = self;
        format!("arn:{partition}:elasticache:{region}:{account_id}:{kind}:{id}")
    }

    /// The Region in host names: `use1`, `apse2`.
    fn short_region(&self) -> String {
        let short = |part: &str| {
            let part = part.replace("north", "n").replace("south", "s");
            let part = part
                .replace("east", "e")
                .replace("west", "w")
                .replace("central", "c");
            part.replace("gov", "g")
        };
        self.region.split('-').map(short).collect()
    }

    /// `Address` and `Port` under `name` (the six letters stand for the account's own part).
    fn endpoint(&self, name: &str, host: &str, settings: &Settings) -> Element {
        let address = format!("{host}.{}.cache.amazonaws.com", self.short_region());
        Element::new(name)
            .with("Address", address)
            .with("Port", settings.port)
    }

    /// A node's own endpoint.
    pub(super) fn node_endpoint(&self, name: &str, node: &Node, settings: &Settings) -> Element {
        self.endpoint(name, &format!("{}.{UNIQUE}.0001", node.id), settings)
    }
}

/// The part of host names that differs between accounts.
const UNIQUE: &str = "abc123";

/// A group as describes and changes answer it.
pub(super) fn replication_group(
    group: &ReplicationGroup,
    place: &Place,
    now: DateTime<Utc>,
) -> Element {
    let settings = &group.settings;
    let status = group.status(now);
    let listed: Vec<&Shard> = group.listed().collect();
    let members = listed.iter().flat_map(|shard| &shard.nodes);
    let mut element = Element::new("ReplicationGroup")
        .with("ReplicationGroupId", &group.id)
        .with("Description", &settings.description)
        .child(global_datastore(settings))
        .with("Status", status)
        .child(pending(group, now))
        .child(Element::list(
            "MemberClusters",
            members.map(|node| Element::text("ClusterId", &node.id)),
        ));
    // While a group is being made, answers name neither its endpoints nor, with cluster mode disabled, its shard
    // (ASSUMED from published answers).
    if group.cluster_enabled() || status != CREATING {
        let shards = listed
            .iter()
            .map(|shard| node_group(group, shard, place, now));
        element = element.child(Element::list("NodeGroups", shards));
    }
    let node_outposts = listed
        .iter()
        .flat_map(|shard| &shard.nodes)
        .filter_map(|node| node.outpost.as_ref());
    let outposts: Vec<Element> = node_outposts
        .map(|arn| Element::text("ReplicationGroupOutpostArn", arn))
        .collect();
    element = element
        .with_optional("SnapshottingClusterId", settings.snapshotting_node.as_ref())
        .with("AutomaticFailover", automatic_failover(group, now))
        .with("MultiAZ", on_off(settings.multi_az));
    if settings.cluster_mode != ClusterMode::Disabled && status != CREATING {
        element = element.child(configuration_endpoint(group, place));
    }
    element = element
        .with("SnapshotRetentionLimit", settings.snapshot_retention)
        .with("SnapshotWindow", &settings.snapshot_window)
        .with("ClusterEnabled", group.cluster_enabled())
        .with("CacheNodeType", &settings.node_type)
        .with("AuthTokenEnabled", settings.auth_token_modified.is_some())
        .with_optional(
            "AuthTokenLastModifiedDate",
            settings.auth_token_modified.map(time),
        )
        .with("TransitEncryptionEnabled", settings.transit_encryption)
        .with("AtRestEncryptionEnabled", settings.at_rest_encryption);
    if !outposts.is_empty() {
        element = element.child(Element::list("MemberClustersOutpostArns", outposts));
    }
    element
        .with_optional("KmsKeyId", settings.kms_key.as_ref())
        .with("StorageEncryptionType", storage_encryption(settings))
        .with("ARN", place.arn("replicationgroup", &group.id))
        .child(Element::list(
            "UserGroupIds",
            members_of(&settings.user_groups),
        ))
        .child(logs(
            "LogDeliveryConfigurations",
            "LogDeliveryConfiguration",
            &settings.logs,
            true,
        ))
        .with("ReplicationGroupCreateTime", time(group.created))
        .with("DataTiering", on_off(settings.data_tiering))
        .with(
            "AutoMinorVersionUpgrade",
            settings.auto_minor_version_upgrade,
        )
        .with("NetworkType", &settings.network_type)
        .with("IpDiscovery", &settings.ip_discovery)
        .with_optional("TransitEncryptionMode", settings.transit_mode.as_ref())
        .with("ClusterMode", settings.cluster_mode.wire())
        .with("Engine", &settings.engine)
        .with_optional("Durability", settings.durability.as_ref())
        .with_optional(
            "EffectiveDurability",
            settings.durability.as_deref().map(effective_durability),
        )
}

fn on_off(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

/// `default` resolves to `disabled` (ASSUMED: the service decides by engine version).
fn effective_durability(durability: &str) -> &str {
    if durability == "default" {
        "disabled"
    } else {
        durability
    }
}

fn storage_encryption(settings: &Settings) -> &'static str {
    match (&settings.kms_key, settings.at_rest_encryption) {
        (Some(_), _) => "sse-kms",
        (None, true) => "sse-elasticache",
        (None, false) => "none",
    }
}

fn global_datastore(settings: &Settings) -> Element {
    let info = Element::new("GlobalReplicationGroupInfo");
    match &settings.global_datastore {
        Some((id, role)) => info
            .with("GlobalReplicationGroupId", id)
            .with("GlobalReplicationGroupMemberRole", role),
        None => info,
    }
}

/// The change that a describe at `now` shows: the one under way, or the one that waits for the maintenance window.
fn shown_change(group: &ReplicationGroup, now: DateTime<Utc>) -> Option<&Change> {
    match &group.work {
        Some(Work::Modify { change, .. }) if now >= group.work_shows_from => Some(change),
        Some(
            Work::Modify { .. }
            | Work::Create { .. }
            | Work::Failed
            | Work::Delete { .. }
            | Work::Snapshot { .. }
            | Work::Reshard(_),
        )
        | None => group.deferred.as_deref(),
    }
}

fn automatic_failover(group: &ReplicationGroup, now: DateTime<Utc>) -> &'static str {
    let on = group.settings.automatic_failover;
    let under_way = group.status(now) != AVAILABLE;
    match shown_change(group, now) {
        Some(change) if under_way && change.settings.automatic_failover != on => {
            if on {
                "disabling"
            } else {
                "enabling"
            }
        }
        Some(_) | None => on_off(on),
    }
}

fn pending(group: &ReplicationGroup, now: DateTime<Utc>) -> Element {
    let mut element = Element::new("PendingModifiedValues");
    if let Some(Work::Reshard(reshard)) = &group.work
        && now >= group.work_shows_from
    {
        let migration =
            Element::new("SlotMigration").with("ProgressPercentage", reshard.progress_percentage());
        element = element.child(Element::new("Resharding").child(migration));
    }
    let Some(change) = shown_change(group, now) else {
        return element;
    };
    let (from, to) = (&group.settings, &change.settings);
    let differs = |differs: bool, text: &str| differs.then(|| text.to_owned());
    element = element
        .with_optional("PrimaryClusterId", change.promote.as_ref())
        .with_optional(
            "AutomaticFailoverStatus",
            differs(
                from.automatic_failover != to.automatic_failover,
                on_off(to.automatic_failover),
            ),
        )
        .with_optional("AuthTokenStatus", change.auth_token);
    let missing = |from: &[String], to: &[String]| -> Vec<String> {
        from.iter().filter(|id| !to.contains(id)).cloned().collect()
    };
    let (added, removed) = (
        missing(&to.user_groups, &from.user_groups),
        missing(&from.user_groups, &to.user_groups),
    );
    if !added.is_empty() || !removed.is_empty() {
        let groups = Element::new("UserGroups")
            .child(Element::list("UserGroupIdsToAdd", members_of(&added)))
            .child(Element::list("UserGroupIdsToRemove", members_of(&removed)));
        element = element.child(groups);
    }
    if from.logs != to.logs {
        element = element.child(pending_logs(&to.logs));
    }
    if from.transit_encryption != to.transit_encryption {
        element = element.with("TransitEncryptionEnabled", to.transit_encryption);
    }
    if let (true, Some(mode)) = (from.transit_mode != to.transit_mode, &to.transit_mode) {
        element = element.with("TransitEncryptionMode", mode);
    }
    element.with_optional(
        "ClusterMode",
        differs(from.cluster_mode != to.cluster_mode, to.cluster_mode.wire()),
    )
}

fn members_of(texts: &[String]) -> impl Iterator<Item = Element> {
    texts.iter().map(|text| Element::text("member", text))
}

/// Log deliveries on their way in. On the wire the list has another name than in the SDKs ([BC] `locationName`).
pub(super) fn pending_logs(deliveries: &[LogDelivery]) -> Element {
    logs(
        "PendingLogDeliveryConfiguration",
        "member",
        deliveries,
        false,
    )
}

/// Log deliveries; those in force have a status.
pub(super) fn logs(name: &str, member: &str, logs: &[LogDelivery], in_force: bool) -> Element {
    let element = |log: &LogDelivery| {
        let details = if log.destination_type == "kinesis-firehose" {
            Element::new("KinesisFirehoseDetails").with("DeliveryStream", &log.destination)
        } else {
            Element::new("CloudWatchLogsDetails").with("LogGroup", &log.destination)
        };
        Element::new(member)
            .with("LogType", &log.log_type)
            .with("DestinationType", &log.destination_type)
            .child(Element::new("DestinationDetails").child(details))
            .with("LogFormat", &log.format)
            .with_optional("Status", in_force.then_some("active"))
    };
    Element::list(name, logs.iter().map(element))
}

/// Host names differ with encryption in transit ([EC-DG] on finding endpoints).
fn configuration_endpoint(group: &ReplicationGroup, place: &Place) -> Element {
    let host = if group.settings.transit_encryption {
        format!("clustercfg.{}.{UNIQUE}", group.id)
    } else {
        format!("{}.{UNIQUE}.clustercfg", group.id)
    };
    place.endpoint("ConfigurationEndpoint", &host, &group.settings)
}

/// A shard. With cluster mode enabled nothing tells which node is primary ([BC] `CurrentRole`; [EC-DG]).
fn node_group(
    group: &ReplicationGroup,
    shard: &Shard,
    place: &Place,
    now: DateTime<Utc>,
) -> Element {
    let settings = &group.settings;
    let sharded = group.cluster_enabled();
    let mut element = Element::new("NodeGroup")
        .with("NodeGroupId", &shard.id)
        .with("Status", group.shard_status(shard, now));
    if !sharded {
        let (primary, reader) = if settings.transit_encryption {
            (
                format!("master.{}.{UNIQUE}", group.id),
                format!("replica.{}.{UNIQUE}", group.id),
            )
        } else {
            (
                format!("{}.{UNIQUE}.ng.0001", group.id),
                format!("{}-ro.{UNIQUE}.ng.0001", group.id),
            )
        };
        element = element
            .child(place.endpoint("PrimaryEndpoint", &primary, settings))
            .child(place.endpoint("ReaderEndpoint", &reader, settings));
    } else if !shard.slots.is_empty() {
        element = element.with("Slots", slots::spell(&shard.slots));
    }
    let member = |node: &Node| {
        let mut member = Element::new("NodeGroupMember")
            .with("CacheClusterId", &node.id)
            .with("CacheNodeId", "0001");
        if !sharded {
            member = member.child(place.node_endpoint("ReadEndpoint", node, settings));
        }
        member = member
            .with("PreferredAvailabilityZone", &node.zone)
            .with_optional("PreferredOutpostArn", node.outpost.as_ref());
        if !sharded {
            member = member.with(
                "CurrentRole",
                if node.primary { "primary" } else { "replica" },
            );
        }
        member
    };
    element.child(Element::list(
        "NodeGroupMembers",
        shard.nodes.iter().map(member),
    ))
}
