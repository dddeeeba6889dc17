//! Views: what the workload and the tests see of the clusters, clusters made ready without waiting, and outside hands on
//! them.

use chrono::{DateTime, Utc};

use super::{
    Neptune, defaults,
    model::{AVAILABLE, DbCluster, DbInstance, Settings},
};

/// A cluster as it really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbClusterView {
    /// `DBClusterIdentifier`.
    pub id: String,
    /// `neptune`, `aurora-mysql`, `aurora-postgresql` or `docdb`.
    pub engine: String,
    /// Whether the cluster fails over at present.
    pub failing_over: bool,
    /// Its instances, in the order made.
    pub instances: Vec<DbInstanceView>,
}

impl DbClusterView {
    /// The writer; `None` while there is none.
    pub fn writer(&self) -> Option<&DbInstanceView> {
        self.instances.iter().find(|instance| instance.is_writer)
    }
}

/// An instance as it really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbInstanceView {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// `DBInstanceClass`.
    pub class: String,
    /// Where it runs.
    pub availability_zone: String,
    /// 0 to 15.
    pub promotion_tier: u8,
    /// Its true role.
    pub is_writer: bool,
    /// `DBInstanceStatus`.
    pub status: String,
    /// Whether it serves and emits metrics: available, and not the writer that a failover took down.
    pub serves: bool,
    /// When its engine last started.
    pub restarted: DateTime<Utc>,
}

/// A cluster to have ready at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbClusterSpec {
    /// `DBClusterIdentifier`.
    pub id: String,
    /// `neptune`, `aurora-mysql`, `aurora-postgresql` or `docdb`.
    pub engine: String,
    /// For example `1.4.5.1`.
    pub engine_version: String,
    /// The first is the writer; empty: a cluster without instances.
    pub instances: Vec<DbInstanceSpec>,
    /// The global database that it is a member of.
    pub global_cluster: Option<String>,
    /// The topic of an event subscription to the cluster and its instances.
    pub notification_topic: Option<String>,
    /// Tags of the cluster.
    pub tags: Vec<(String, String)>,
}

/// An instance to have ready at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbInstanceSpec {
    /// `DBInstanceIdentifier`, unique in the account.
    pub id: String,
    /// For example `db.r6g.large`.
    pub class: String,
    /// Where it runs.
    pub zone: String,
    /// 0 (promoted first) to 15.
    pub promotion_tier: u8,
}

impl DbInstanceSpec {
    /// An instance with these properties.
    pub fn new(id: &str, class: &str, zone: &str, promotion_tier: u8) -> Self {
        Self {
            id: id.to_owned(),
            class: class.to_owned(),
            zone: zone.to_owned(),
            promotion_tier,
        }
    }
}

impl Default for DbClusterSpec {
    /// A Neptune cluster `graph` with a writer `graph-w` and readers `graph-r1` and `graph-r2` in three zones.
    fn default() -> Self {
        Self {
            id: "graph".to_owned(),
            engine: "neptune".to_owned(),
            engine_version: defaults::default_version("neptune").to_owned(),
            instances: vec![
                DbInstanceSpec::new("graph-w", "db.r6g.large", "us-east-1a", 1),
                DbInstanceSpec::new("graph-r1", "db.r6g.large", "us-east-1b", 1),
                DbInstanceSpec::new("graph-r2", "db.r6g.large", "us-east-1c", 1),
            ],
            global_cluster: None,
            notification_topic: None,
            tags: Vec::new(),
        }
    }
}

impl Neptune {
    /// Every cluster as it really is, by id.
    pub fn clusters(&self) -> impl Iterator<Item = DbClusterView> {
        self.clusters.values().map(view)
    }

    /// One cluster as it really is.
    pub fn cluster(&self, id: &str) -> Option<DbClusterView> {
        self.clusters.get(id).map(view)
    }

    /// Puts a cluster into the account, available since `at`. It replaces one of the same id.
    pub fn seed_cluster(&mut self, spec: DbClusterSpec, at: DateTime<Utc>) {
        let settings = Settings {
            global_cluster: spec.global_cluster,
            topic: spec.notification_topic,
            tags: spec.tags.into_iter().collect(),
            ..defaults::default_settings(self, &spec.engine, &spec.engine_version)
        };
        let number = self.number();
        let mut instances = Vec::new();
        for instance in spec.instances {
            instances.push(DbInstance {
                number: self.number(),
                class: instance.class,
                zone: instance.zone,
                promotion_tier: instance.promotion_tier,
                writer: instances.is_empty(),
                status: AVAILABLE.to_owned(),
                until: None,
                announced: true,
                created: at,
                restarted: at,
                maintenance_window: settings.maintenance_window.clone(),
                parameter_group: settings.parameter_group.clone(),
                auto_minor_version_upgrade: true,
                deletion_protection: false,
                publicly_accessible: false,
                tags: std::collections::BTreeMap::new(),
                id: instance.id,
            });
        }
        let cluster = DbCluster {
            id: spec.id.clone(),
            number,
            created: at,
            settings,
            instances,
            work: None,
            failover: None,
            last_failover: None,
            next_failover_breaks: false,
            forced_status: None,
        };
        self.clusters.insert(spec.id, cluster);
    }

    /// Sets `Status` of a cluster from outside (`maintenance`, `stopped`, …), or with `None` gives it back its own. It takes
    /// no failover unless it is `available`. `false` for an unknown cluster.
    pub fn set_cluster_status(&mut self, cluster: &str, status: Option<&str>) -> bool {
        let found = self.clusters.get_mut(cluster);
        found.is_some_and(|cluster| {
            cluster.forced_status = status.map(str::to_owned);
            true
        })
    }

    /// Sets `DBInstanceStatus` of an instance, for one that is not ready though its cluster is; `false` for an unknown one.
    pub fn set_instance_status(&mut self, instance: &str, status: &str) -> bool {
        let mut clusters = self.clusters.values_mut();
        let found = clusters.find_map(|cluster| cluster.instance_mut(instance));
        found.is_some_and(|instance| {
            instance.status = status.to_owned();
            true
        })
    }
}

fn view(cluster: &DbCluster) -> DbClusterView {
    let down = |id: &str| {
        let failover = cluster.failover.as_ref();
        failover.is_some_and(|failover| failover.took_down(id))
    };
    let instance = |instance: &DbInstance| DbInstanceView {
        id: instance.id.clone(),
        class: instance.class.clone(),
        availability_zone: instance.zone.clone(),
        promotion_tier: instance.promotion_tier,
        is_writer: instance.writer,
        status: instance.status.clone(),
        serves: instance.available() && !down(&instance.id),
        restarted: instance.restarted,
    };
    DbClusterView {
        id: cluster.id.clone(),
        engine: cluster.settings.engine.clone(),
        failing_over: cluster.failover.is_some(),
        instances: cluster.instances.iter().map(instance).collect(),
    }
}
