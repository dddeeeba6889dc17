//! Views: what the workload and the tests see of the groups, and groups made ready without waiting.

use chrono::{DateTime, Utc};

use super::{
    ElastiCache,
    keyspace::Keyspace,
    model::{AVAILABLE, ClusterMode, Node, ReplicationGroup, Settings, Shard, Topic, Work},
    placement::Placer,
    slots::{self, SlotSet},
};

/// A replication group as it really is, hidden shards included.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupView {
    /// `ReplicationGroupId`.
    pub id: String,
    /// `Status` as a describe shows it now.
    pub status: String,
    /// `CacheNodeType`.
    pub node_type: String,
    /// Whether cluster mode is enabled.
    pub cluster_mode: bool,
    /// All shards, by id order of creation.
    pub shards: Vec<ShardView>,
}

/// A shard as it really is.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardView {
    /// `NodeGroupId`.
    pub id: String,
    /// How many slots it owns.
    pub slots: u32,
    /// Which slots it owns.
    pub slot_set: SlotSet,
    /// Bytes of data in these slots.
    pub bytes: u64,
    /// Whether slots enter or leave it at present.
    pub migrating: bool,
    /// Whether answers name it now; see `Parameters::shard_count_changes_at_start`.
    pub listed: bool,
    /// Its nodes.
    pub nodes: Vec<NodeView>,
}

/// A node as it really is.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeView {
    /// `CacheClusterId`.
    pub id: String,
    /// Where it runs.
    pub availability_zone: String,
    /// Its true role.
    pub is_primary: bool,
    /// Whether it serves and emits metrics: neither being made or deleted nor down after a failover. A node that is
    /// modified or copied by a snapshot serves.
    pub available: bool,
    /// Bytes that it holds at most.
    pub max_memory: u64,
    /// When it last took or lost the primary role; `None`: never.
    pub last_failover: Option<DateTime<Utc>>,
    /// Seconds that it lags behind its primary while it is a replica; `None`: nobody learns.
    pub lag: Option<f64>,
}

/// A group to have ready at once.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSpec {
    /// `ReplicationGroupId`.
    pub id: String,
    /// `CacheNodeType`.
    pub node_type: String,
    /// Number of shards; 1 unless cluster mode is enabled.
    pub shards: u32,
    /// Replicas of each shard.
    pub replicas_per_shard: u32,
    /// `valkey` or `redis`.
    pub engine: String,
    /// For example `8.0`.
    pub engine_version: String,
    /// When the daily snapshot is taken; `None`: no snapshots.
    pub snapshot_window: Option<String>,
    /// The weekly maintenance window.
    pub maintenance_window: String,
    /// Whether replicas are in other zones than the primary.
    pub multi_az: bool,
    /// Whether a replica takes over from a failed primary.
    pub automatic_failover: bool,
    /// The Global Datastore the group is a member of.
    pub global_datastore: Option<String>,
    /// `ClusterMode`.
    pub cluster_mode: ClusterMode,
    /// An active SNS topic.
    pub notification_topic: Option<String>,
    /// The data.
    pub keyspace: Keyspace,
}

impl Default for GroupSpec {
    fn default() -> Self {
        Self {
            id: "orders".to_owned(),
            node_type: "cache.r7g.large".to_owned(),
            shards: 2,
            replicas_per_shard: 1,
            engine: "valkey".to_owned(),
            engine_version: "8.0".to_owned(),
            snapshot_window: None,
            maintenance_window: super::create::MAINTENANCE_WINDOW.to_owned(),
            multi_az: true,
            automatic_failover: true,
            global_datastore: None,
            cluster_mode: ClusterMode::Enabled,
            notification_topic: None,
            keyspace: Keyspace::default(),
        }
    }
}

impl ElastiCache {
    /// Every group as it really is, by id.
    pub fn groups(&self) -> impl Iterator<Item = GroupView> {
        self.groups.values().map(|group| view(group, self.clock))
    }

    /// One group as it really is.
    pub fn group(&self, id: &str) -> Option<GroupView> {
        self.groups.get(id).map(|group| view(group, self.clock))
    }

    /// Sets the data of a group; a group that does not exist is left alone.
    pub fn set_keyspace(&mut self, group: &str, keyspace: Keyspace) {
        if let Some(group) = self.groups.get_mut(group) {
            group.keyspace = keyspace;
        }
    }

    /// Sets `CacheClusterStatus` of a member, for members that are not ready though the group says so; `false` for an
    /// unknown node.
    pub fn set_node_status(&mut self, node: &str, status: &str) -> bool {
        let found = self
            .groups
            .values_mut()
            .find_map(|group| group.node_mut(node));
        found.map(|node| node.status = status.to_owned()).is_some()
    }

    /// Sets how many seconds a node lags behind its primary while it is a replica; `None`: the metric is not published.
    /// `false` for an unknown node.
    pub fn set_lag(&mut self, node: &str, lag: Option<f64>) -> bool {
        let found = self
            .groups
            .values_mut()
            .find_map(|group| group.node_mut(node));
        found.map(|node| node.lag = lag).is_some()
    }

    /// A group that is ready, without creation and outside every quota; it replaces one of the same id.
    pub fn seed_group(&mut self, spec: GroupSpec, now: DateTime<Utc>) {
        self.tick(now);
        let settings = Settings {
            description: spec.id.clone(),
            node_type: spec.node_type,
            parameter_group: super::create::default_parameter_group(
                &spec.engine,
                &spec.engine_version,
                spec.cluster_mode,
            ),
            engine: spec.engine,
            engine_version: spec.engine_version,
            maintenance_window: spec.maintenance_window,
            snapshot_retention: u32::from(spec.snapshot_window.is_some()),
            snapshot_window: spec
                .snapshot_window
                .unwrap_or_else(|| super::create::SNAPSHOT_WINDOW.to_owned()),
            topic: spec
                .notification_topic
                .map(|arn| Topic { arn, active: true }),
            port: 6379,
            auto_minor_version_upgrade: true,
            network_type: "ipv4".to_owned(),
            ip_discovery: "ipv4".to_owned(),
            cluster_mode: spec.cluster_mode,
            multi_az: spec.multi_az,
            automatic_failover: spec.automatic_failover,
            global_datastore: spec.global_datastore.map(|id| (id, "PRIMARY".to_owned())),
            ..Settings::default()
        };
        let mut group = super::create::empty_group(&spec.id, settings, now);
        group.keyspace = spec.keyspace;
        group.highest_shard = spec.shards;
        let mut placer = Placer::new(&self.zones, None);
        let nodes = usize::try_from(spec.replicas_per_shard).unwrap_or(0) + 1;
        let ranges = slots::even_ranges(usize::try_from(spec.shards).unwrap_or(1));
        for (number, slots) in (1_u32..).zip(ranges) {
            let id = format!("{number:04}");
            // A seeded group does not compete for room: where a zone is full, it takes the first.
            let zones = placer
                .place(nodes, &[])
                .unwrap_or_else(|_| vec![format!("{}a", self.region); nodes]);
            let nodes = super::create::new_nodes(&group, &id, zones, AVAILABLE, now);
            group.shards.push(Shard {
                id,
                slots,
                nodes,
                listed: true,
            });
        }
        self.zones = placer.zones;
        self.groups.insert(group.id.clone(), group);
    }
}

fn view(group: &ReplicationGroup, now: DateTime<Utc>) -> GroupView {
    let touches = |shard: &Shard| match &group.work {
        Some(Work::Reshard(reshard)) => reshard.touches(&shard.id),
        Some(
            Work::Create { .. }
            | Work::Failed
            | Work::Delete { .. }
            | Work::Snapshot { .. }
            | Work::Modify { .. },
        )
        | None => false,
    };
    let node = |node: &Node| NodeView {
        id: node.id.clone(),
        availability_zone: node.zone.clone(),
        is_primary: node.primary,
        available: node.serves(),
        max_memory: group.max_memory(),
        last_failover: node.last_failover,
        lag: node.lag,
    };
    let shards = group.shards.iter().map(|shard| ShardView {
        id: shard.id.clone(),
        slots: u32::try_from(shard.slots.len()).unwrap_or(u32::MAX),
        slot_set: shard.slots.clone(),
        bytes: group.keyspace.bytes(&shard.slots),
        migrating: touches(shard),
        listed: shard.listed,
        nodes: shard.nodes.iter().map(node).collect(),
    });
    GroupView {
        id: group.id.clone(),
        status: group.status(now).to_owned(),
        node_type: group.settings.node_type.clone(),
        cluster_mode: group.cluster_enabled(),
        shards: shards.collect(),
    }
}
