//! `DBInstance` in answers, with every member of the model that there is something to say about (\[BC\]).

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    UNIQUE,
    clusters::{HOSTED_ZONE, resource_id},
    host, security_groups, texts, time,
};
use crate::{
    cloud::neptune::{
        Place,
        model::{CREATING, DbCluster, DbInstance},
    },
    wire::xml::Element,
};

/// An instance as describes and changes answer it.
pub(super) fn db_instance(
    instance: &DbInstance,
    cluster: &DbCluster,
    place: &Place,
    now: DateTime<Utc>,
) -> Element {
    let settings = &cluster.settings;
    let mut element = Element::new("DBInstance")
        .with("DBInstanceIdentifier", &instance.id)
        .with("DBInstanceClass", &instance.class)
        .with("Engine", &settings.engine)
        .with("DBInstanceStatus", &instance.status)
        .with_optional("MasterUsername", settings.master_username.as_ref())
        .with_optional("DBName", settings.database_name.as_ref());
    // While an instance is being made it has neither an address nor a time of creation.
    if instance.status != CREATING {
        let address = host(
            place,
            &format!("{}.{UNIQUE}", instance.id),
            &settings.engine,
        );
        let latest = (now - TimeDelta::minutes(3)).max(instance.created);
        element = element
            .child(
                Element::new("Endpoint")
                    .with("Address", address)
                    .with("Port", settings.port)
                    .with("HostedZoneId", HOSTED_ZONE),
            )
            .with("InstanceCreateTime", time(instance.created))
            .with("LatestRestorableTime", time(latest));
    }
    element
        .with("AllocatedStorage", 1)
        .with("PreferredBackupWindow", &settings.backup_window)
        .with("BackupRetentionPeriod", settings.backup_retention)
        .child(Element::new("DBSecurityGroups"))
        .child(security_groups(&settings.security_groups))
        .child(Element::list(
            "DBParameterGroups",
            [Element::new("DBParameterGroup")
                .with("DBParameterGroupName", &instance.parameter_group)
                .with("ParameterApplyStatus", "in-sync")],
        ))
        .with("AvailabilityZone", &instance.zone)
        .child(
            Element::new("DBSubnetGroup")
                .with("DBSubnetGroupName", &settings.subnet_group)
                .with("SubnetGroupStatus", "Complete"),
        )
        .with("PreferredMaintenanceWindow", &instance.maintenance_window)
        .child(Element::new("PendingModifiedValues"))
        .with("MultiAZ", false)
        .with("EngineVersion", &settings.engine_version)
        .with(
            "AutoMinorVersionUpgrade",
            instance.auto_minor_version_upgrade,
        )
        .child(Element::new("ReadReplicaDBInstanceIdentifiers"))
        .with("PubliclyAccessible", instance.publicly_accessible)
        .with(
            "StorageType",
            settings.storage_type.as_deref().unwrap_or("aurora"),
        )
        .with("DbInstancePort", 0)
        .with("DBClusterIdentifier", &cluster.id)
        .with("StorageEncrypted", settings.encrypted)
        .with_optional("KmsKeyId", settings.kms_key.as_ref())
        .with("DbiResourceId", resource_id("db", instance.number))
        .with("CopyTagsToSnapshot", settings.copy_tags_to_snapshot)
        .with("MonitoringInterval", 0)
        .with("PromotionTier", instance.promotion_tier)
        .with("DBInstanceArn", place.arn("db", &instance.id))
        .with(
            "IAMDatabaseAuthenticationEnabled",
            settings.iam_authentication,
        )
        .child(texts(
            "EnabledCloudwatchLogsExports",
            "member",
            &settings.log_exports,
        ))
        .with("DeletionProtection", instance.deletion_protection)
        .with("NetworkType", &settings.network_type)
}
