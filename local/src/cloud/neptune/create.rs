//! Creation: `CreateDBCluster` and `CreateDBInstance`.

use chrono::{DateTime, Utc};

use super::{
    Neptune,
    defaults::{
        ENGINES, MAINTENANCE_WINDOW, default_parameter_group, default_port, default_settings,
        default_version,
    },
    model::{CREATING, DbCluster, DbClusterAnswer, DbInstance, DbInstanceAnswer, Settings, Work},
    refusal::{Code, Outcome, Refusal},
    tags,
};
use crate::cloud::Parameters;

/// The default tier of an instance (\[BC\]).
const DEFAULT_TIER: u8 = 1;

/// What a client may say about a new cluster; `None` is AWS's default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreateDbCluster {
    /// 1 to 63 letters, digits and hyphens; stored in lower case.
    pub id: String,
    /// `neptune`, `aurora-mysql`, `aurora-postgresql` or `docdb`.
    pub engine: String,
    /// For example `1.4.5.1`.
    pub engine_version: Option<String>,
    /// Where instances can be made.
    pub zones: Vec<String>,
    /// Days, 1 to 35.
    pub backup_retention: Option<i32>,
    /// Name of a cluster parameter group.
    pub parameter_group: Option<String>,
    /// Name of a subnet group.
    pub subnet_group: Option<String>,
    /// Ids of security groups.
    pub security_groups: Vec<String>,
    /// Port of the endpoints.
    pub port: Option<i32>,
    /// Name of the first database.
    pub database_name: Option<String>,
    /// Ignored by Neptune.
    pub master_username: Option<String>,
    /// `02:00-03:00`, UTC.
    pub backup_window: Option<String>,
    /// `sun:05:00-sun:06:00`, UTC.
    pub maintenance_window: Option<String>,
    /// Whether the storage is encrypted.
    pub encrypted: Option<bool>,
    /// With which key.
    pub kms_key: Option<String>,
    /// Whether IAM authenticates.
    pub iam_authentication: Option<bool>,
    /// Logs to export.
    pub log_exports: Vec<String>,
    /// Whether deletions are refused.
    pub deletion_protection: Option<bool>,
    /// Whether snapshots get the cluster's tags.
    pub copy_tags_to_snapshot: Option<bool>,
    /// `standard` or `iopt1`.
    pub storage_type: Option<String>,
    /// `IPV4` or `DUAL`.
    pub network_type: Option<String>,
    /// Least and most capacity units.
    pub serverless: Option<(f64, f64)>,
    /// The global database to join.
    pub global_cluster: Option<String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// What a client may say about a new instance; `None` is AWS's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateDbInstance {
    /// 1 to 63 letters, digits and hyphens; stored in lower case.
    pub id: String,
    /// For example `db.r6g.large`.
    pub class: String,
    /// That of the cluster.
    pub engine: String,
    /// The cluster to join.
    pub cluster: String,
    /// Where.
    pub zone: Option<String>,
    /// 0 to 15.
    pub promotion_tier: Option<i32>,
    /// `sun:05:00-sun:06:00`, UTC.
    pub maintenance_window: Option<String>,
    /// Name of a parameter group.
    pub parameter_group: Option<String>,
    /// Whether minor versions are applied.
    pub auto_minor_version_upgrade: Option<bool>,
    /// Whether deletions are refused.
    pub deletion_protection: Option<bool>,
    /// Whether its name resolves to a public address.
    pub publicly_accessible: Option<bool>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

impl Neptune {
    /// Makes a cluster without instances; its answer shows it `creating`.
    ///
    /// # Errors
    ///
    /// The id is taken or malformed, the engine does not exist here, or a value is out of range.
    pub fn create_db_cluster(
        &mut self,
        request: &CreateDbCluster,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<DbClusterAnswer> {
        let id = identifier("DBClusterIdentifier", &request.id)?;
        if self.clusters.contains_key(&id) {
            return Err(Refusal::new(
                Code::DbClusterAlreadyExists,
                format!("DB Cluster already exists: {id}"),
            ));
        }
        let settings = self.settings(request)?;
        let until = now + parameters.neptune.creation;
        let cluster = DbCluster {
            id: id.clone(),
            number: self.number(),
            created: now,
            settings,
            instances: Vec::new(),
            work: Some(Work::Create { until }),
            failover: None,
            last_failover: None,
            next_failover_breaks: false,
            forced_status: None,
        };
        self.clusters.insert(id, cluster.clone());
        Ok(DbClusterAnswer(cluster))
    }

    fn settings(&self, request: &CreateDbCluster) -> Outcome<Settings> {
        let engine = request.engine.as_str();
        if !ENGINES.contains(&engine) {
            return Err(Refusal::value(format!("Invalid DB engine: {engine}")));
        }
        let days = request.backup_retention.unwrap_or(1);
        let backup_retention = u32::try_from(days)
            .ok()
            .filter(|days| (1..=35).contains(days))
            .ok_or_else(|| Refusal::value(format!("Invalid backup retention period: {days}.")))?;
        let port = match request.port {
            None => default_port(engine),
            Some(port) => u16::try_from(port)
                .ok()
                .filter(|port| *port >= 1150)
                .ok_or_else(|| Refusal::value(format!("Invalid endpoint port: {port}.")))?,
        };
        let version = request
            .engine_version
            .clone()
            .unwrap_or_else(|| default_version(engine).to_owned());
        let mut settings = default_settings(self, engine, &version);
        let replace = |setting: &mut String, asked: &Option<String>| {
            if let Some(asked) = asked {
                setting.clone_from(asked);
            }
        };
        replace(&mut settings.parameter_group, &request.parameter_group);
        replace(&mut settings.subnet_group, &request.subnet_group);
        replace(&mut settings.backup_window, &request.backup_window);
        replace(
            &mut settings.maintenance_window,
            &request.maintenance_window,
        );
        replace(&mut settings.network_type, &request.network_type);
        let replace_all = |setting: &mut Vec<String>, asked: &Vec<String>| {
            if !asked.is_empty() {
                setting.clone_from(asked);
            }
        };
        replace_all(&mut settings.zones, &request.zones);
        replace_all(&mut settings.security_groups, &request.security_groups);
        Ok(Settings {
            port,
            database_name: request.database_name.clone(),
            master_username: request.master_username.clone(),
            backup_retention,
            encrypted: request.encrypted.unwrap_or(false),
            kms_key: request.kms_key.clone(),
            iam_authentication: request.iam_authentication.unwrap_or(false),
            log_exports: request.log_exports.clone(),
            deletion_protection: request.deletion_protection.unwrap_or(false),
            copy_tags_to_snapshot: request.copy_tags_to_snapshot.unwrap_or(false),
            storage_type: request
                .storage_type
                .clone()
                .filter(|kind| kind != "standard"),
            serverless: request.serverless,
            global_cluster: request.global_cluster.clone(),
            tags: tags::checked(&request.tags)?,
            ..settings
        })
    }

    /// Makes an instance; the first of a cluster is its writer. Its answer shows it `creating`.
    ///
    /// # Errors
    ///
    /// The cluster is unknown or on its way out, the id is taken or malformed, or a value does not fit.
    pub fn create_db_instance(
        &mut self,
        request: &CreateDbInstance,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<DbInstanceAnswer> {
        let id = identifier("DBInstanceIdentifier", &request.id)?;
        if self.cluster_of(&id).is_some() {
            return Err(Refusal::new(
                Code::DbInstanceAlreadyExists,
                format!("DB instance already exists: {id}"),
            ));
        }
        let tier = tier(request.promotion_tier)?;
        if !request.class.starts_with("db.") {
            let text = format!("Invalid DB Instance class: {}", request.class);
            return Err(Refusal::value(text));
        }
        let tags = tags::checked(&request.tags)?;
        let number = self.number();
        let cluster = self.cluster_for_change(&request.cluster)?;
        if matches!(cluster.work, Some(Work::Delete { .. })) {
            return Err(Refusal::cluster_state(format!(
                "DB cluster {} is not in a valid state for a new instance.",
                cluster.id
            )));
        }
        if cluster.settings.engine != request.engine {
            return Err(Refusal::combination(format!(
                "The engine name requested for your DB instance ({}) doesn't match the engine name of your DB cluster ({}).",
                request.engine, cluster.settings.engine
            )));
        }
        let instance = DbInstance {
            id,
            number,
            class: request.class.clone(),
            zone: zone(cluster, request.zone.as_deref())?,
            promotion_tier: tier,
            writer: cluster.writer().is_none(),
            status: CREATING.to_owned(),
            until: Some(now + parameters.neptune.creation),
            announced: false,
            created: now,
            restarted: now,
            maintenance_window: request
                .maintenance_window
                .clone()
                .unwrap_or_else(|| MAINTENANCE_WINDOW.to_owned()),
            parameter_group: request.parameter_group.clone().unwrap_or_else(|| {
                default_parameter_group(&request.engine, &cluster.settings.engine_version)
            }),
            auto_minor_version_upgrade: request.auto_minor_version_upgrade.unwrap_or(true),
            deletion_protection: request.deletion_protection.unwrap_or(false),
            publicly_accessible: request.publicly_accessible.unwrap_or(false),
            tags,
        };
        cluster.instances.push(instance.clone());
        Ok(DbInstanceAnswer {
            cluster: cluster.clone(),
            instance,
        })
    }
}

/// The zone asked for, or the cluster's zone with the fewest instances (ASSUMED: \[BC\] calls the choice random).
fn zone(cluster: &DbCluster, wanted: Option<&str>) -> Outcome<String> {
    let zones = &cluster.settings.zones;
    match wanted {
        Some(zone) if zones.iter().any(|name| name == zone) => Ok(zone.to_owned()),
        Some(zone) => Err(Refusal::value(format!("Invalid availability zone: {zone}"))),
        None => {
            let used = |zone: &&String| {
                let here = cluster.instances.iter().filter(|one| one.zone == **zone);
                here.count()
            };
            let found = zones.iter().min_by_key(used).cloned();
            found.ok_or_else(|| Refusal::value("There is no availability zone."))
        }
    }
}

fn tier(asked: Option<i32>) -> Outcome<u8> {
    match asked {
        None => Ok(DEFAULT_TIER),
        Some(tier) => u8::try_from(tier)
            .ok()
            .filter(|tier| *tier <= 15)
            .ok_or_else(|| Refusal::value(format!("Invalid promotion tier: {tier}."))),
    }
}

/// An identifier in lower case: letters, digits and hyphens, a letter first, no hyphen last or doubled (\[BC\]).
fn identifier(parameter: &str, text: &str) -> Outcome<String> {
    let id = text.to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let well_formed = (1..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(plain)
        && !id.ends_with('-')
        && !id.contains("--");
    if well_formed {
        Ok(id)
    } else {
        Err(Refusal::value(format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only \
             ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )))
    }
}
