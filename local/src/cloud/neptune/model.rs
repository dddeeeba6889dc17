//! What the account holds: database clusters with their instances, settings and the work under way.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    failover::Failover,
    parameters::{NeptuneParameters, StatusInFailover},
};

/// Status of a cluster or an instance that serves.
pub(crate) const AVAILABLE: &str = "available";
/// Status of what is not ready yet.
pub(crate) const CREATING: &str = "creating";
/// Status of what is on its way out.
pub(crate) const DELETING: &str = "deleting";
/// Status of a cluster whose writer changes (from Aurora's guide, [RDS-DG]).
pub(crate) const FAILING_OVER: &str = "failing-over";
/// `DBInstanceStatus` of a writer that restarts to become a reader (which one AWS shows is ASSUMED).
pub(crate) const REBOOTING: &str = "rebooting";

/// What a client chose for a cluster; echoed in answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Settings {
    /// `neptune`, `aurora-mysql`, `aurora-postgresql` or `docdb`.
    pub(crate) engine: String,
    pub(crate) engine_version: String,
    pub(crate) parameter_group: String,
    pub(crate) subnet_group: String,
    pub(crate) security_groups: Vec<String>,
    /// Where instances can be made.
    pub(crate) zones: Vec<String>,
    pub(crate) port: u16,
    pub(crate) database_name: Option<String>,
    pub(crate) master_username: Option<String>,
    pub(crate) backup_window: String,
    pub(crate) maintenance_window: String,
    /// Days.
    pub(crate) backup_retention: u32,
    pub(crate) encrypted: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) iam_authentication: bool,
    pub(crate) log_exports: Vec<String>,
    pub(crate) deletion_protection: bool,
    pub(crate) copy_tags_to_snapshot: bool,
    /// `iopt1`; `None`: standard, which answers leave out.
    pub(crate) storage_type: Option<String>,
    pub(crate) network_type: String,
    /// Least and most capacity units of a serverless cluster.
    pub(crate) serverless: Option<(f64, f64)>,
    /// The global database that the cluster is a member of.
    pub(crate) global_cluster: Option<String>,
    /// The topic of an event subscription to the cluster and its instances.
    pub(crate) topic: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One instance of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DbInstance {
    /// `DBInstanceIdentifier`.
    pub(crate) id: String,
    /// Numbers its resource id.
    pub(crate) number: u64,
    pub(crate) class: String,
    pub(crate) zone: String,
    /// 0 (promoted first) to 15.
    pub(crate) promotion_tier: u8,
    pub(crate) writer: bool,
    /// `DBInstanceStatus`.
    pub(crate) status: String,
    /// When its creation or deletion ends.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether its creation was told as an event.
    pub(crate) announced: bool,
    pub(crate) created: DateTime<Utc>,
    /// When its engine last started.
    pub(crate) restarted: DateTime<Utc>,
    pub(crate) maintenance_window: String,
    pub(crate) parameter_group: String,
    pub(crate) auto_minor_version_upgrade: bool,
    pub(crate) deletion_protection: bool,
    pub(crate) publicly_accessible: bool,
    pub(crate) tags: BTreeMap<String, String>,
}

impl DbInstance {
    /// Whether it is ready for a change.
    pub(crate) fn available(&self) -> bool {
        self.status == AVAILABLE
    }
}

/// What a cluster is busy with; it takes no other change meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It is being made.
    Create { until: DateTime<Utc> },
    /// It is being deleted, once its instances are gone.
    Delete { until: DateTime<Utc> },
}

/// A database cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DbCluster {
    /// `DBClusterIdentifier`.
    pub(crate) id: String,
    /// Numbers its resource id.
    pub(crate) number: u64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) settings: Settings,
    pub(crate) instances: Vec<DbInstance>,
    pub(crate) work: Option<Work>,
    pub(crate) failover: Option<Failover>,
    /// When the last failover was completed.
    pub(crate) last_failover: Option<DateTime<Utc>>,
    /// Whether the next failover fails and leaves the writer as it is.
    pub(crate) next_failover_breaks: bool,
    /// A status from outside, such as `maintenance`; nothing here gives it by itself.
    pub(crate) forced_status: Option<String>,
}

impl DbCluster {
    /// `Status` as a describe shows it.
    pub(crate) fn status(&self, parameters: &NeptuneParameters) -> &str {
        if let Some(status) = &self.forced_status {
            return status;
        }
        match self.work {
            Some(Work::Create { .. }) => return CREATING,
            Some(Work::Delete { .. }) => return DELETING,
            None => {}
        }
        let shown =
            self.failover
                .as_ref()
                .is_some_and(|failover| match parameters.status_in_failover {
                    StatusInFailover::Available => false,
                    StatusInFailover::UntilSwitched => !failover.switched(),
                    StatusInFailover::UntilRecovered => true,
                });
        if shown { FAILING_OVER } else { AVAILABLE }
    }

    /// Whether it takes a change. During a failover it does not, whatever its status shows (ASSUMED).
    pub(crate) fn idle(&self) -> bool {
        let forced = self.forced_status.as_deref().unwrap_or(AVAILABLE);
        self.work.is_none() && self.failover.is_none() && forced == AVAILABLE
    }

    pub(crate) fn writer(&self) -> Option<&DbInstance> {
        self.instances.iter().find(|instance| instance.writer)
    }

    pub(crate) fn instance(&self, id: &str) -> Option<&DbInstance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    pub(crate) fn instance_mut(&mut self, id: &str) -> Option<&mut DbInstance> {
        self.instances.iter_mut().find(|instance| instance.id == id)
    }
}

/// A cluster as the answer to a change shows it; [`crate::wire::neptune`] writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct DbClusterAnswer(pub(crate) DbCluster);

/// An instance with its cluster, as the answer to a change shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DbInstanceAnswer {
    pub(crate) cluster: DbCluster,
    pub(crate) instance: DbInstance,
}
