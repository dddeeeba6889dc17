//! Requests: from a Query form to the embedded service's types. Names of lists and members are those of the service's
//! model (\[BC\]).

use crate::{
    cloud::{
        neptune::{
            create::{CreateDbCluster, CreateDbInstance},
            describe::{EventQuery, Filter},
            refusal::{Outcome, Refusal},
        },
        request::Paging,
    },
    wire::form::Form,
};

pub(super) fn paging(form: &Form<'_>) -> Outcome<Paging> {
    Ok(Paging {
        max_records: form.number("MaxRecords")?,
        marker: form.owned("Marker"),
    })
}

pub(super) fn filters(form: &Form<'_>) -> Vec<Filter> {
    let filter = |prefix: String| Filter {
        name: form.owned(&format!("{prefix}.Name")).unwrap_or_default(),
        values: form.texts(&format!("{prefix}.Values"), "Value"),
    };
    let prefixes = form.list("Filters", "Filter");
    prefixes.into_iter().map(filter).collect()
}

const SOURCE_TYPES: [&str; 6] = [
    "db-instance",
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster",
    "db-cluster-snapshot",
];

/// Filters of events are "not currently supported" (\[BC\]) and not read.
pub(super) fn events(form: &Form<'_>) -> Outcome<EventQuery> {
    let source_type = form.owned("SourceType");
    if let Some(name) = &source_type
        && !SOURCE_TYPES.contains(&name.as_str())
    {
        return Err(Refusal::value(format!("Invalid SourceType: {name}.")));
    }
    Ok(EventQuery {
        source: form.owned("SourceIdentifier"),
        source_type,
        categories: form.texts("EventCategories", "EventCategory"),
        start: form.time("StartTime")?,
        end: form.time("EndTime")?,
        minutes: form.number("Duration")?,
        paging: paging(form)?,
    })
}

pub(super) fn create_cluster(form: &Form<'_>) -> Outcome<CreateDbCluster> {
    let capacity = |end: &str| form.float(&format!("ServerlessV2ScalingConfiguration.{end}"));
    Ok(CreateDbCluster {
        id: form.required("DBClusterIdentifier")?.to_owned(),
        engine: form.required("Engine")?.to_owned(),
        engine_version: form.owned("EngineVersion"),
        zones: form.texts("AvailabilityZones", "AvailabilityZone"),
        backup_retention: form.number("BackupRetentionPeriod")?,
        parameter_group: form.owned("DBClusterParameterGroupName"),
        subnet_group: form.owned("DBSubnetGroupName"),
        security_groups: form.texts("VpcSecurityGroupIds", "VpcSecurityGroupId"),
        port: form.number("Port")?,
        database_name: form.owned("DatabaseName"),
        master_username: form.owned("MasterUsername"),
        backup_window: form.owned("PreferredBackupWindow"),
        maintenance_window: form.owned("PreferredMaintenanceWindow"),
        encrypted: form.flag("StorageEncrypted")?,
        kms_key: form.owned("KmsKeyId"),
        iam_authentication: form.flag("EnableIAMDatabaseAuthentication")?,
        log_exports: form.texts("EnableCloudwatchLogsExports", "member"),
        deletion_protection: form.flag("DeletionProtection")?,
        copy_tags_to_snapshot: form.flag("CopyTagsToSnapshot")?,
        storage_type: form.owned("StorageType"),
        network_type: form.owned("NetworkType"),
        serverless: capacity("MinCapacity")?.zip(capacity("MaxCapacity")?),
        global_cluster: form.owned("GlobalClusterIdentifier"),
        tags: form.tags(),
    })
}

pub(super) fn create_instance(form: &Form<'_>) -> Outcome<CreateDbInstance> {
    Ok(CreateDbInstance {
        id: form.required("DBInstanceIdentifier")?.to_owned(),
        class: form.required("DBInstanceClass")?.to_owned(),
        engine: form.required("Engine")?.to_owned(),
        cluster: form.required("DBClusterIdentifier")?.to_owned(),
        zone: form.owned("AvailabilityZone"),
        promotion_tier: form.number("PromotionTier")?,
        maintenance_window: form.owned("PreferredMaintenanceWindow"),
        parameter_group: form.owned("DBParameterGroupName"),
        auto_minor_version_upgrade: form.flag("AutoMinorVersionUpgrade")?,
        deletion_protection: form.flag("DeletionProtection")?,
        publicly_accessible: form.flag("PubliclyAccessible")?,
        tags: form.tags(),
    })
}

/// A final snapshot of an instance is a contradiction if it is to be skipped (\[BC\]); snapshots are the cluster's affair
/// else.
pub(super) fn check_instance_snapshot(form: &Form<'_>) -> Outcome<()> {
    let skipped = form.flag("SkipFinalSnapshot")? == Some(true);
    if skipped && form.text("FinalDBSnapshotIdentifier").is_some() {
        return Err(Refusal::combination(
            "FinalDBSnapshotIdentifier can not be specified with SkipFinalSnapshot.",
        ));
    }
    Ok(())
}
