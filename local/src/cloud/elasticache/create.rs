//! Creation: `CreateReplicationGroup`.
//!
//! Wordings are ASSUMED unless a source is named.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    ElastiCache,
    layout::{ShardPlan, layout},
    model::{
        CREATING, ClusterMode, LogDelivery, Node, ReplicationGroup, Settings, Shard, Topic,
        USUAL_LAG, Work,
    },
    node_types,
    placement::Placer,
    refusal::{Code, Outcome, Refusal},
    reshard::GroupAnswer,
    validate,
};
use crate::cloud::Parameters;

/// What AWS picks where the client says nothing (ASSUMED; AWS draws within the Region's night).
pub(crate) const MAINTENANCE_WINDOW: &str = "sun:07:00-sun:08:00";
/// See [`MAINTENANCE_WINDOW`].
pub(crate) const SNAPSHOT_WINDOW: &str = "05:00-06:00";

/// One shard of `NodeGroupConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShardConfiguration {
    /// `NodeGroupId`.
    pub id: Option<String>,
    /// `Slots`, such as `0-5460`.
    pub slots: Option<String>,
    /// `ReplicaCount`.
    pub replicas: Option<i32>,
    /// `PrimaryAvailabilityZone`.
    pub primary_zone: Option<String>,
    /// `ReplicaAvailabilityZones`.
    pub replica_zones: Vec<String>,
    /// `PrimaryOutpostArn`.
    pub primary_outpost: Option<String>,
    /// `ReplicaOutpostArns`.
    pub replica_outposts: Vec<String>,
}

/// A log delivery as requests spell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogDeliveryRequest {
    /// Destination and format; unset texts are empty.
    pub delivery: LogDelivery,
    /// `Some(false)` turns the log off.
    pub enabled: Option<bool>,
}

/// `CreateReplicationGroup`. Field names are the API's; `None` and empty mean that the client did not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the API's parameter of the same name"
)]
pub struct CreateReplicationGroup {
    pub replication_group_id: String,
    pub description: String,
    pub global_replication_group_id: Option<String>,
    pub primary_cluster_id: Option<String>,
    pub automatic_failover_enabled: Option<bool>,
    pub multi_az_enabled: Option<bool>,
    pub num_cache_clusters: Option<i32>,
    pub preferred_cache_cluster_azs: Vec<String>,
    pub num_node_groups: Option<i32>,
    pub replicas_per_node_group: Option<i32>,
    pub node_group_configuration: Vec<ShardConfiguration>,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub cache_subnet_group_name: Option<String>,
    pub cache_security_group_names: Vec<String>,
    pub security_group_ids: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub snapshot_arns: Vec<String>,
    pub snapshot_name: Option<String>,
    pub preferred_maintenance_window: Option<String>,
    pub port: Option<i32>,
    pub notification_topic_arn: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub auth_token: Option<String>,
    pub transit_encryption_enabled: Option<bool>,
    pub at_rest_encryption_enabled: Option<bool>,
    pub kms_key_id: Option<String>,
    pub user_group_ids: Vec<String>,
    pub log_delivery_configurations: Vec<LogDeliveryRequest>,
    pub data_tiering_enabled: Option<bool>,
    pub network_type: Option<String>,
    pub ip_discovery: Option<String>,
    pub transit_encryption_mode: Option<String>,
    pub cluster_mode: Option<String>,
    pub serverless_cache_snapshot_name: Option<String>,
    pub durability: Option<String>,
}

impl ElastiCache {
    /// Makes a replication group. Returns it as the answer shows it: `creating`.
    ///
    /// # Errors
    ///
    /// Every refusal of \[BC\] for this call that depends on state kept here.
    pub fn create_replication_group(
        &mut self,
        request: &CreateReplicationGroup,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<GroupAnswer> {
        self.tick(now);
        let id = validate::group_id(&request.replication_group_id)?;
        if self.groups.contains_key(&id) {
            return Err(Refusal::new(
                Code::ReplicationGroupAlreadyExists,
                format!("Replication group {id} already exists."),
            ));
        }
        let primary = self.primary_to_adopt(request)?;
        let settings =
            self.settings_of_new(request, primary.as_ref().map(|found| &found.settings), now)?;
        let layout = layout(request, settings.cluster_mode)?;
        validate::topology(&settings, &layout)?;
        self.require_quota(&layout, usize::from(primary.is_some()))?;

        let mut group = empty_group(&id, settings, now);
        let mut placer = Placer::new(&self.zones, None);
        for (at, plan) in layout.into_iter().enumerate() {
            let zones = placer.place(plan.nodes, &plan.zones)?;
            let mut nodes = new_nodes(&group, &plan.id, zones, CREATING, now);
            for (node, outpost) in nodes.iter_mut().zip(plan.outposts) {
                node.outpost = Some(outpost);
                group.settings.outposts = true;
            }
            if let (0, Some(adopted), Some(first)) = (at, &primary, nodes.first_mut()) {
                placer.zones.give_back(&first.zone);
                *first = Node {
                    primary: true,
                    ..adopted.node.clone()
                };
                group.keyspace = adopted.keyspace.clone();
            }
            group.highest_shard = group
                .highest_shard
                .max(super::reshard::shard_number(&plan.id)?);
            group.shards.push(Shard {
                id: plan.id,
                slots: plan.slots,
                nodes,
                listed: true,
            });
        }
        group.work = Some(Work::Create {
            until: now + parameters.node_creation,
        });
        self.zones = placer.zones;
        if let Some(adopted) = primary {
            self.standalone.remove(&adopted.node.id);
        }
        let answer = group.clone();
        self.groups.insert(id, group);
        Ok(GroupAnswer(answer))
    }

    fn primary_to_adopt(
        &self,
        request: &CreateReplicationGroup,
    ) -> Outcome<Option<super::model::Standalone>> {
        match &request.primary_cluster_id {
            Some(id) => match self.standalone.get(id) {
                Some(found) => Ok(Some(found.clone())),
                None => Err(Refusal::new(
                    Code::CacheClusterNotFound,
                    format!("CacheCluster not found: {id}"),
                )),
            },
            None => Ok(None),
        }
    }

    fn require_quota(&self, layout: &[ShardPlan], adopted: usize) -> Outcome<()> {
        let nodes: usize = layout.iter().map(|plan| plan.nodes).sum();
        if layout.len() > self.quotas.nodes_per_group {
            return Err(Refusal::new(
                Code::NodeGroupsPerReplicationGroupQuotaExceeded,
                format!(
                    "The request cannot be processed because it would exceed the maximum allowed number of node groups \
                     (shards) in a single replication group. The default maximum is {}",
                    self.quotas.nodes_per_group
                ),
            ));
        }
        if nodes > self.quotas.nodes_per_group {
            return Err(Refusal::new(
                Code::NodeQuotaForClusterExceeded,
                "The request cannot be processed because it would exceed the allowed number of cache nodes in a \
                 single cluster.",
            ));
        }
        if self.node_count() + nodes - adopted > self.quotas.nodes_per_region {
            return Err(Refusal::new(
                Code::NodeQuotaForCustomerExceeded,
                "The request cannot be processed because it would exceed the allowed number of cache nodes per \
                 customer.",
            ));
        }
        Ok(())
    }

    fn settings_of_new(
        &self,
        request: &CreateReplicationGroup,
        adopted: Option<&Settings>,
        now: DateTime<Utc>,
    ) -> Outcome<Settings> {
        let datastore = match &request.global_replication_group_id {
            Some(id) if !self.knows_global_datastore(id) => {
                return Err(Refusal::new(
                    Code::GlobalReplicationGroupNotFound,
                    format!("Global replication group {id} not found."),
                ));
            }
            Some(id) => Some((id.clone(), "SECONDARY".to_owned())),
            None => None,
        };
        let template = adopted.or_else(|| {
            let id = request.global_replication_group_id.as_ref()?;
            let mut groups = self.groups.values().map(|group| &group.settings);
            groups.find(|settings| {
                settings
                    .global_datastore
                    .as_ref()
                    .is_some_and(|(found, _)| found == id)
            })
        });
        let node_type = match (&request.cache_node_type, template) {
            (Some(node_type), _) => node_type.clone(),
            (None, Some(template)) => template.node_type.clone(),
            (None, None) => return Err(Refusal::combination("CacheNodeType must be specified.")),
        };
        if node_types::max_memory(&node_type).is_none() {
            return Err(Refusal::value(format!(
                "Invalid Cache Node Type: {node_type}."
            )));
        }
        let engine = request
            .engine
            .clone()
            .or_else(|| template.map(|template| template.engine.clone()));
        let engine = validate::engine(engine.as_deref().unwrap_or("redis"))?;
        let version = request
            .engine_version
            .clone()
            .or_else(|| template.map(|found| found.engine_version.clone()));
        let engine_version = version.unwrap_or_else(|| default_version(&engine).to_owned());
        let cluster_mode = mode_of_new(request, template)?;
        let text = |given: &Option<String>, otherwise: &str| {
            given.clone().unwrap_or_else(|| otherwise.to_owned())
        };
        let settings = Settings {
            description: request.description.clone(),
            parameter_group: request
                .cache_parameter_group_name
                .clone()
                .unwrap_or_else(|| default_parameter_group(&engine, &engine_version, cluster_mode)),
            node_type,
            engine,
            engine_version,
            subnet_group: request.cache_subnet_group_name.clone(),
            cache_security_groups: request.cache_security_group_names.clone(),
            security_groups: request.security_group_ids.clone(),
            maintenance_window: validate::weekly(&text(
                &request.preferred_maintenance_window,
                MAINTENANCE_WINDOW,
            ))?,
            snapshot_window: validate::daily(&text(&request.snapshot_window, SNAPSHOT_WINDOW))?,
            snapshot_retention: validate::retention(request.snapshot_retention_limit.unwrap_or(0))?,
            snapshotting_node: None,
            port: validate::port(request.port.unwrap_or(6379))?,
            topic: request
                .notification_topic_arn
                .clone()
                .map(|arn| Topic { arn, active: true }),
            auto_minor_version_upgrade: request.auto_minor_version_upgrade.unwrap_or(true),
            auth_token_modified: request.auth_token.as_ref().map(|_| now),
            // Of Valkey cfn-lint (E3704) wants it said; that the API refuses a request without it is not verified, so it is taken.
            transit_encryption: request.transit_encryption_enabled.unwrap_or(false),
            transit_mode: validate::transit_mode(request)?,
            at_rest_encryption: request.at_rest_encryption_enabled.unwrap_or(false),
            kms_key: request.kms_key_id.clone(),
            user_groups: request.user_group_ids.clone(),
            logs: validate::logs(&[], &request.log_delivery_configurations)?,
            data_tiering: request.data_tiering_enabled.unwrap_or(false),
            network_type: validate::one_of(
                "NetworkType",
                text(&request.network_type, "ipv4"),
                &validate::NETWORKS,
            )?,
            ip_discovery: validate::one_of(
                "IpDiscovery",
                text(&request.ip_discovery, "ipv4"),
                &validate::ADDRESSES,
            )?,
            cluster_mode,
            multi_az: request.multi_az_enabled.unwrap_or(false),
            automatic_failover: request.automatic_failover_enabled.unwrap_or(false),
            durability: validate::durability(request.durability.clone())?,
            global_datastore: datastore,
            outposts: false,
            snapshot_arns: request.snapshot_arns.clone(),
            snapshot_name: request.snapshot_name.clone(),
            serverless_snapshot_name: request.serverless_cache_snapshot_name.clone(),
            tags: request.tags.iter().cloned().collect::<BTreeMap<_, _>>(),
        };
        validate::new_settings(request, &settings)?;
        Ok(settings)
    }
}

/// A group without shards.
pub(crate) fn empty_group(id: &str, settings: Settings, now: DateTime<Utc>) -> ReplicationGroup {
    ReplicationGroup {
        id: id.to_owned(),
        created: now,
        settings,
        shards: Vec::new(),
        highest_shard: 0,
        keyspace: super::Keyspace::default(),
        work: None,
        work_shows_from: now,
        deferred: None,
        takeover: None,
        replacements: Vec::new(),
        last_snapshot: None,
    }
}

/// One node for each zone, the first of them primary.
pub(crate) fn new_nodes(
    group: &ReplicationGroup,
    shard: &str,
    zones: Vec<String>,
    status: &str,
    now: DateTime<Utc>,
) -> Vec<Node> {
    let node = |(place, zone): (usize, String)| Node {
        id: group.node_id(shard, place + 1),
        zone,
        outpost: None,
        primary: place == 0,
        status: status.to_owned(),
        created: now,
        last_failover: None,
        lag: Some(USUAL_LAG),
    };
    zones.into_iter().enumerate().map(node).collect()
}

/// The parameter group that AWS picks: `default.valkey8.cluster.on` and the like ([EC-DG]).
pub(crate) fn default_parameter_group(engine: &str, version: &str, mode: ClusterMode) -> String {
    let major = version.split('.').next().unwrap_or(version);
    let family = if engine == "redis" && major == "6" {
        "6.x"
    } else {
        major
    };
    let mode = if mode == ClusterMode::Disabled {
        ""
    } else {
        ".cluster.on"
    };
    format!("default.{engine}{family}{mode}")
}

fn default_version(engine: &str) -> &'static str {
    if engine == "valkey" { "8.0" } else { "7.1" }
}

/// Cluster mode as the client says; else enabled for a parameter group with it or for more than one shard.
fn mode_of_new(
    request: &CreateReplicationGroup,
    template: Option<&Settings>,
) -> Outcome<ClusterMode> {
    let sharded = request.num_node_groups.is_some_and(|count| count > 1)
        || request.node_group_configuration.len() > 1;
    let mode = match &request.cluster_mode {
        Some(text) => ClusterMode::parse(text)
            .ok_or_else(|| Refusal::value(format!("Invalid ClusterMode: {text}.")))?,
        None if sharded => ClusterMode::Enabled,
        None => {
            let named = request
                .cache_parameter_group_name
                .as_deref()
                .unwrap_or_default();
            match template {
                _ if named.ends_with(".cluster.on") => ClusterMode::Enabled,
                Some(template) => template.cluster_mode,
                None => ClusterMode::Disabled,
            }
        }
    };
    if sharded && mode != ClusterMode::Enabled {
        return Err(Refusal::combination(
            "Number of node groups cannot be greater than 1 with cluster mode disabled.",
        ));
    }
    Ok(mode)
}
