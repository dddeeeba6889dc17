//! Daily snapshots: the minutes of the snapshot window in which a group takes no change.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    log::Log,
    model::{AVAILABLE, ReplicationGroup, SNAPSHOTTING, Work},
    window::Window,
};

/// How long a snapshot takes. ASSUMED: AWS only says that it depends on the data.
const LENGTH: TimeDelta = TimeDelta::minutes(8);
/// A group has one automatic snapshot a day; a window of at most a day cannot start twice within this time.
const AT_MOST_EVERY: TimeDelta = TimeDelta::hours(23);

/// Starts the daily snapshot of an idle group if its window has come. The source of each shard is a replica if there is
/// one that serves ([EC-DG] recommends it; that AWS does it by itself is ASSUMED).
pub(crate) fn start_if_due(group: &mut ReplicationGroup, now: DateTime<Utc>) {
    let due = group.settings.snapshot_retention > 0
        && group
            .last_snapshot
            .is_none_or(|last| now - last > AT_MOST_EVERY)
        && Window::daily(&group.settings.snapshot_window).is_ok_and(|window| window.contains(now));
    if !due || group.nodes().any(|node| !node.available()) {
        return;
    }
    let chosen = group.settings.snapshotting_node.clone();
    let mut nodes = Vec::new();
    for shard in &mut group.shards {
        let count = shard.nodes.len();
        let source = shard.nodes.iter_mut().find(|node| match &chosen {
            Some(id) => node.id == *id,
            None => !node.primary || count == 1,
        });
        if let Some(node) = source {
            node.status = SNAPSHOTTING.to_owned();
            nodes.push(node.id.clone());
        }
    }
    group.last_snapshot = Some(now);
    group.work_shows_from = now;
    group.work = Some(Work::Snapshot {
        until: now + LENGTH,
        nodes,
    });
}

/// Ends a snapshot with its events (texts [BC] examples and the user guide's table).
pub(crate) fn finish(
    group: &mut ReplicationGroup,
    nodes: &[String],
    at: DateTime<Utc>,
    log: &mut Log,
) {
    let name = format!("automatic.{}-{}", group.id, at.format("%Y-%m-%d-%H-%M"));
    for id in nodes {
        if let Some(node) = group.node_mut(id)
            && node.status == SNAPSHOTTING
        {
            node.status = AVAILABLE.to_owned();
        }
        let text = if group.cluster_enabled() {
            format!(
                "Snapshot succeeded for snapshot with ID '{name}' of replication group with ID '{}'",
                group.id
            )
        } else {
            format!(
                "Snapshot succeeded for snapshot with ID '{name}' of cache cluster with ID '{id}'"
            )
        };
        log.node(at, id, text);
        log.notify(at, &group.settings, "SnapshotComplete", id);
    }
}
