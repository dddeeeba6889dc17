//! `DBCluster` in answers, with every member of the model that there is something to say about (\[BC\]).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{UNIQUE, host, security_groups, texts, time};
use crate::{
    cloud::{
        Parameters,
        neptune::{
            Place,
            model::{CREATING, DbCluster, DbInstance},
        },
    },
    wire::xml::Element,
};

/// How far continuous backups lag behind. ASSUMED: within the last five minutes ([NEP-DG] backups).
const BACKUP_LAG: TimeDelta = TimeDelta::minutes(3);

/// The zone of the endpoints' names at Route 53: any stands for AWS's own.
pub(super) const HOSTED_ZONE: &str = "ZUFXD4SLT2LS7";

/// A cluster as describes and changes answer it.
pub(super) fn db_cluster(
    cluster: &DbCluster,
    place: &Place,
    now: DateTime<Utc>,
    parameters: &Parameters,
) -> Element {
    let settings = &cluster.settings;
    let status = cluster.status(&parameters.neptune);
    let endpoint = |kind: &str| {
        let name = format!("{}.{kind}-{UNIQUE}", cluster.id);
        host(place, &name, &settings.engine)
    };
    let zones: BTreeSet<&str> = cluster
        .instances
        .iter()
        .map(|one| one.zone.as_str())
        .collect();
    let latest = (now - BACKUP_LAG).max(cluster.created);
    let mut element = Element::new("DBCluster")
        .with("AllocatedStorage", 1)
        .child(texts(
            "AvailabilityZones",
            "AvailabilityZone",
            &settings.zones,
        ))
        .with("BackupRetentionPeriod", settings.backup_retention)
        .with_optional("DatabaseName", settings.database_name.as_ref())
        .with("DBClusterIdentifier", &cluster.id)
        .with("DBClusterParameterGroup", &settings.parameter_group)
        .with("DBSubnetGroup", &settings.subnet_group)
        .with("Status", status);
    if status != CREATING {
        element = element
            .with("EarliestRestorableTime", time(cluster.created))
            .with("LatestRestorableTime", time(latest));
    }
    element = element
        .with("Endpoint", endpoint("cluster"))
        .with("ReaderEndpoint", endpoint("cluster-ro"))
        .with("MultiAZ", zones.len() > 1)
        .with("Engine", &settings.engine)
        .with("EngineVersion", &settings.engine_version)
        .with("Port", settings.port)
        .with_optional("MasterUsername", settings.master_username.as_ref())
        .with("PreferredBackupWindow", &settings.backup_window)
        .with("PreferredMaintenanceWindow", &settings.maintenance_window)
        .child(Element::new("ReadReplicaIdentifiers"))
        .child(Element::list(
            "DBClusterMembers",
            cluster.instances.iter().map(member),
        ))
        .child(security_groups(&settings.security_groups))
        .with("HostedZoneId", HOSTED_ZONE)
        .with("StorageEncrypted", settings.encrypted)
        .with_optional("KmsKeyId", settings.kms_key.as_ref())
        .with(
            "DbClusterResourceId",
            resource_id("cluster", cluster.number),
        )
        .with("DBClusterArn", place.arn("cluster", &cluster.id))
        .child(Element::new("AssociatedRoles"))
        .with(
            "IAMDatabaseAuthenticationEnabled",
            settings.iam_authentication,
        )
        .with(
            "CloneGroupId",
            format!("00000000-0000-4000-9000-{:012}", cluster.number),
        )
        .with("ClusterCreateTime", time(cluster.created))
        .with("CopyTagsToSnapshot", settings.copy_tags_to_snapshot)
        .child(texts(
            "EnabledCloudwatchLogsExports",
            "member",
            &settings.log_exports,
        ))
        .with("DeletionProtection", settings.deletion_protection)
        .with("CrossAccountClone", false);
    if let Some((min, max)) = settings.serverless {
        element = element.child(
            Element::new("ServerlessV2ScalingConfiguration")
                .with("MinCapacity", min)
                .with("MaxCapacity", max),
        );
    }
    element
        .with_optional("GlobalClusterIdentifier", settings.global_cluster.as_ref())
        .with_optional("StorageType", settings.storage_type.as_ref())
        .with("NetworkType", &settings.network_type)
}

fn member(instance: &DbInstance) -> Element {
    Element::new("DBClusterMember")
        .with("DBInstanceIdentifier", &instance.id)
        .with("IsClusterWriter", instance.writer)
        .with("DBClusterParameterGroupStatus", "in-sync")
        .with("PromotionTier", instance.promotion_tier)
}

/// The immutable id of a resource, of the form that AWS's have: `cluster-` and 26 capitals and digits.
pub(super) fn resource_id(kind: &str, number: u64) -> String {
    format!("{kind}-EMBEDDED{number:018}")
}
