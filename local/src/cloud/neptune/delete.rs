//! Deletion: `DeleteDBInstance` and `DeleteDBCluster`.

use chrono::{DateTime, Utc};

use super::{
    Neptune, failover,
    model::{DELETING, DbClusterAnswer, DbInstance, DbInstanceAnswer, Work},
    refusal::{Outcome, Refusal},
};
use crate::cloud::Parameters;

impl Neptune {
    /// Deletes an instance; its answer shows it `deleting`. A writer's place is taken by a reader first, if there is one
    /// (ASSUMED from Aurora). Snapshots are the cluster's affair (\[BC\]): what a client says of them only has to be sound.
    ///
    /// # Errors
    ///
    /// The instance is unknown, protected or already on its way out, or its cluster fails over.
    pub fn delete_db_instance(
        &mut self,
        instance: &str,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<DbInstanceAnswer> {
        let id = instance.to_ascii_lowercase();
        let cluster = self
            .clusters
            .values_mut()
            .find(|cluster| cluster.instance(&id).is_some())
            .ok_or_else(|| Refusal::no_instance(&id))?;
        let only = cluster.instances.len() == 1;
        let busy = cluster.failover.is_some();
        let missing = || Refusal::no_instance(&id);
        let found = cluster.instance_mut(&id).ok_or_else(missing)?;
        if found.deletion_protection {
            return Err(Refusal::combination(
                "Cannot delete protected DB Instance, please disable deletion protection and try again.",
            ));
        }
        if busy || found.status == DELETING {
            let text = format!("Instance {id} is already being deleted or its cluster is busy.");
            return Err(Refusal::instance_state(text));
        }
        if only && !parameters.neptune.only_instance_can_go {
            return Err(Refusal::cluster_state(
                "Cannot delete the last instance of the DB cluster.",
            ));
        }
        found.status = DELETING.to_owned();
        found.until = Some(now + parameters.neptune.creation);
        let answer = found.clone();
        let successor = failover::successor(cluster).map(|reader| reader.id.clone());
        if answer.writer && successor.is_some() {
            failover::start(cluster, id, successor, now, true);
        }
        Ok(DbInstanceAnswer {
            cluster: cluster.clone(),
            instance: answer,
        })
    }

    /// Deletes a cluster; its answer shows it `deleting`. A final snapshot adds nothing to the time it takes (ASSUMED).
    ///
    /// # Errors
    ///
    /// The cluster is unknown, busy, protected, a member of a global database or not empty, or nothing is said about a final
    /// snapshot.
    pub fn delete_db_cluster(
        &mut self,
        cluster: &str,
        skip_final_snapshot: bool,
        final_snapshot: Option<&str>,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<DbClusterAnswer> {
        let cluster = self.cluster_for_change(cluster)?;
        if skip_final_snapshot == final_snapshot.is_some() {
            return Err(Refusal::combination(if skip_final_snapshot {
                "FinalDBSnapshotIdentifier can not be specified when deleting a cluster with SkipFinalSnapshot."
            } else {
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            }));
        }
        if cluster.settings.deletion_protection {
            return Err(Refusal::combination(
                "Cannot delete protected Cluster, please disable deletion protection and try again.",
            ));
        }
        if cluster.settings.global_cluster.is_some() {
            return Err(Refusal::cluster_state(
                "This cluster is a part of a global cluster, please remove it from globalcluster first",
            ));
        }
        let staying = |instance: &DbInstance| instance.status != DELETING;
        if cluster.instances.iter().any(staying) {
            return Err(Refusal::cluster_state(
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            ));
        }
        if !cluster.idle() {
            let text = format!("DB cluster {} is not in available state.", cluster.id);
            return Err(Refusal::cluster_state(text));
        }
        cluster.work = Some(Work::Delete {
            until: now + parameters.neptune.creation,
        });
        Ok(DbClusterAnswer(cluster.clone()))
    }
}
