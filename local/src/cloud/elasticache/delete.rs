//! Deletion: `DeleteReplicationGroup`.

use chrono::{DateTime, Utc};

use super::{
    ElastiCache,
    log::Log,
    model::{AVAILABLE, DELETING, ReplicationGroup, Settings, Standalone, Work},
    placement::Zones,
    refusal::{Code, Outcome, Refusal},
    reshard::GroupAnswer,
};
use crate::cloud::Parameters;

impl ElastiCache {
    /// Deletes a group; its answer shows it `deleting`. A final snapshot adds nothing to the time it takes (ASSUMED).
    ///
    /// # Errors
    ///
    /// The group is unknown, at work, a member of a Global Datastore, or has several primaries to retain.
    pub fn delete_replication_group(
        &mut self,
        group_id: &str,
        retain_primary: bool,
        final_snapshot: Option<&str>,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<GroupAnswer> {
        self.tick(now);
        let group = self.group_for_change(group_id)?;
        if let Some((datastore, _)) = &group.settings.global_datastore {
            return Err(Refusal::new(
                Code::InvalidReplicationGroupState,
                format!(
                    "Cluster [{group_id}] is part of a global cluster [{datastore}]. Request rejected."
                ),
            ));
        }
        if retain_primary && group.cluster_enabled() {
            return Err(Refusal::combination(
                "RetainPrimaryCluster cannot be true for a replication group with cluster mode enabled.",
            ));
        }
        if retain_primary && final_snapshot.is_some() {
            return Err(Refusal::combination(
                "FinalSnapshotIdentifier cannot be specified when the primary cluster is retained.",
            ));
        }
        if group
            .work
            .as_ref()
            .is_some_and(|work| *work != Work::Failed)
        {
            return Err(Refusal::new(
                Code::InvalidReplicationGroupState,
                format!("Replication group {group_id} must be in available state to delete."),
            ));
        }
        for node in group.shards.iter_mut().flat_map(|shard| &mut shard.nodes) {
            if !(retain_primary && node.primary) {
                node.status = DELETING.to_owned();
            }
        }
        group.takeover = None;
        group.replacements.clear();
        group.work_shows_from = now;
        group.work = Some(Work::Delete {
            until: now + parameters.node_creation,
            retain_primary,
        });
        Ok(GroupAnswer(group.clone()))
    }
}

/// Ends a deletion. Returns the primary if it is retained.
pub(crate) fn finish(
    group: &ReplicationGroup,
    retain_primary: bool,
    at: DateTime<Utc>,
    log: &mut Log,
    zones: &mut Zones,
) -> Option<Standalone> {
    let mut retained = None;
    for node in group.nodes() {
        if retain_primary && node.primary {
            let mut node = node.clone();
            node.status = AVAILABLE.to_owned();
            let settings = Settings {
                automatic_failover: false,
                multi_az: false,
                ..group.settings.clone()
            };
            retained = Some(Standalone {
                node,
                settings,
                keyspace: group.keyspace.clone(),
            });
        } else {
            zones.give_back(&node.zone);
            log.node(at, &node.id, "Removed cache nodes 0001");
            log.notify(at, &group.settings, "DeleteCacheClusterComplete", &node.id);
        }
    }
    log.group(
        at,
        &group.id,
        format!("Replication group {} deleted", group.id),
    );
    retained
}
