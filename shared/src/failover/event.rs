//! Events of ElastiCache and Neptune as `DescribeEvents` tells them, and what they mean for a failover.
//!
//! ElastiCache gives no id and no category, so that only the text tells; its wordings are in AWS's documentation and in one
//! published log. A text that is not known is [`Happened::Other`], which proves nothing.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A replication group.
    Group,
    /// A node of a replication group (`cache-cluster`).
    Node,
    /// A Neptune cluster.
    DbCluster,
    /// A Neptune instance.
    DbInstance,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// When it happened, by the service.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub source: Source,
    /// The id of that.
    pub id: String,
    /// The service's words.
    pub message: String,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// Somebody called `TestFailover` for a shard.
    TestFailoverCalled {
        /// The shard's id.
        shard: String,
    },
    /// A replica has become primary, or a reader writer.
    FailedOver {
        /// The new one.
        to: String,
    },
    /// A node is being recovered: the event's own.
    RecoveryStarted,
    /// A node is back: the event's own.
    RecoveryFinished,
    /// A Neptune failover began.
    FailoverStarted {
        /// The reader that takes over.
        to: String,
    },
    /// A Neptune failover did not succeed.
    FailoverFailed,
    /// Neptune did not begin, because there was one shortly before.
    FailoverNotAttempted,
    /// An instance was restarted: the event's own.
    InstanceRestarted,
    /// AWS means to replace a node.
    ReplacementScheduled {
        /// The node.
        node: String,
        /// From when on. `None`: not in a form that we read.
        starts: Option<DateTime<Utc>>,
        /// Until when. `None`: not in a form that we read.
        ends: Option<DateTime<Utc>>,
    },
    /// AWS no longer means to replace a node.
    ReplacementCanceled {
        /// The node.
        node: String,
    },
    /// Anything else.
    Other,
}

impl ServiceEvent {
    /// What the event says.
    pub fn happened(&self) -> Happened {
        match self.source {
            Source::Group | Source::Node => read_elasticache(&self.message, &self.id),
            Source::DbCluster => read_db_cluster(&self.message),
            Source::DbInstance => read_db_instance(&self.message),
        }
    }
}

fn read_elasticache(message: &str, id: &str) -> Happened {
    if let Some(shard) = after(message, "test failover api called for node group ") {
        return Happened::TestFailoverCalled { shard: word(shard) };
    }
    // "Failover from primary node A to replica node B completed" (API reference), "… master node A …" (older pages),
    // "Failover to replica node B completed" (a published log of 2022).
    if starts(message, "failover ")
        && let Some(to) = after(message, "to replica node ")
        && contains(to, "completed")
    {
        return Happened::FailedOver { to: word(to) };
    }
    if starts(message, "recovering cache nodes") {
        return Happened::RecoveryStarted;
    }
    if starts(message, "finished recovery for cache nodes") {
        return Happened::RecoveryFinished;
    }
    read_replacement(message, id).unwrap_or(Happened::Other)
}

/// Wordings of the user guide's table of events. The node may be named in the text or be only the event's source.
fn read_replacement(message: &str, id: &str) -> Option<Happened> {
    let node = after(message, "cache cluster id: ")
        .map(word)
        .filter(|node| !node.is_empty())
        .unwrap_or_else(|| id.to_owned());
    if contains(message, "replacement for") && contains(message, "canceled") {
        return Some(Happened::ReplacementCanceled { node });
    }
    let scheduled = contains(message, "scheduled for replacement")
        || (contains(message, "re-scheduled") && contains(message, "start time"));
    scheduled.then(|| Happened::ReplacementScheduled {
        node,
        // A new time stands behind the previous one.
        starts: last_after(message, "start time: ").and_then(time),
        ends: last_after(message, "end time: ").and_then(time),
    })
}

fn read_db_cluster(message: &str) -> Happened {
    let to = || {
        after(message, "db instance: ")
            .map(word)
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    if starts(message, "completed") && contains(message, "failover to db instance") {
        Happened::FailedOver { to: to() }
    } else if starts(message, "started") && contains(message, "failover to db instance") {
        Happened::FailoverStarted { to: to() }
    } else if starts(message, "cluster failover failed")
        || starts(message, "promoting previous primary again")
    {
        Happened::FailoverFailed
    } else {
        Happened::Other
    }
}

fn read_db_instance(message: &str) -> Happened {
    if contains(message, "failover recently occurred") {
        Happened::FailoverNotAttempted
    } else if starts(message, "db instance restarted") {
        Happened::InstanceRestarted
    } else {
        Happened::Other
    }
}

/// Everything here is compared without regard to case; the texts are ASCII.
fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(part)
}

fn starts(text: &str, part: &str) -> bool {
    text.trim_start().to_ascii_lowercase().starts_with(part)
}

fn after<'t>(text: &'t str, part: &str) -> Option<&'t str> {
    let at = text.to_ascii_lowercase().find(part)?;
    text.get(at + part.len()..)
}

fn last_after<'t>(text: &'t str, part: &str) -> Option<&'t str> {
    let at = text.to_ascii_lowercase().rfind(part)?;
    text.get(at + part.len()..)
}

/// The first word, as ids are spelled: lower case, without punctuation behind it.
fn word(text: &str) -> String {
    text.split([' ', ',', ';'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_ascii_lowercase()
}

/// A time in one of the forms that AWS uses elsewhere; the form in these texts is not documented.
fn time(text: &str) -> Option<DateTime<Utc>> {
    // The forms have no comma; the rest of the sentence has.
    let text = text.split(',').next().unwrap_or(text).trim();
    let text = text.trim_end_matches('.');
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let bare = text.trim_end_matches("UTC").trim_end_matches("GMT").trim();
    [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%a %b %d %H:%M:%S UTC %Y",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
    .map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: Source, message: &str) -> Happened {
        let event = ServiceEvent {
            at: DateTime::UNIX_EPOCH,
            source,
            id: "orders-0001-001".to_owned(),
            message: message.to_owned(),
        };
        event.happened()
    }

    #[test]
    fn every_documented_wording_of_a_failover_names_the_new_primary() {
        for text in [
            "Failover from primary node orders-0001-001 to replica node orders-0001-002 completed",
            "Failover from master node orders-0001-001 to replica node orders-0001-002 completed",
            "Failover to replica node orders-0001-002 completed",
        ] {
            let to = "orders-0001-002".to_owned();
            assert_eq!(
                of(Source::Group, text),
                Happened::FailedOver { to },
                "{text}"
            );
        }
    }

    #[test]
    fn a_call_a_recovery_and_anything_else_are_told_apart() {
        let called = of(
            Source::Group,
            "Test Failover API called for node group 0001",
        );
        assert_eq!(
            called,
            Happened::TestFailoverCalled {
                shard: "0001".to_owned()
            }
        );
        assert_eq!(
            of(Source::Node, "Recovering cache nodes 0001"),
            Happened::RecoveryStarted
        );
        assert_eq!(
            of(Source::Node, "Finished recovery for cache nodes 0001"),
            Happened::RecoveryFinished
        );
        assert_eq!(
            of(Source::Node, "Cache node 0001 restarted"),
            Happened::Other
        );
        assert_eq!(
            of(
                Source::Group,
                "Automatic failover has been turned on for replication group orders"
            ),
            Happened::Other
        );
    }

    #[test]
    fn a_replacement_is_read_with_its_times_where_they_are_readable() {
        let text = "The node with Cache Cluster ID: orders-0001-001, Node ID: 0001 is scheduled for replacement during the \
                    maintenance window from Start Time: 2026-11-29 05:00:00 UTC, End Time: 2026-11-29 06:00:00 UTC";
        let Happened::ReplacementScheduled { node, starts, ends } = of(Source::Node, text) else {
            panic!("not a replacement");
        };
        assert_eq!(node, "orders-0001-001");
        assert_eq!(starts.unwrap().to_rfc3339(), "2026-11-29T05:00:00+00:00");
        assert_eq!(ends.unwrap().to_rfc3339(), "2026-11-29T06:00:00+00:00");
        let moved = "The replacement in maintenance window for node with Cache Cluster ID: orders-0001-001, Node ID: 0001 has \
                     re-scheduled from Previous Start Time: 2026-11-29T05:00:00Z, Previous End Time: 2026-11-29T06:00:00Z to New \
                     Start Time: Sun Dec 06 05:00:00 UTC 2026, New End Time: Sun Dec 06 06:00:00 UTC 2026";
        let Happened::ReplacementScheduled { starts, ends, .. } = of(Source::Node, moved) else {
            panic!("not a replacement");
        };
        assert_eq!(starts.unwrap().to_rfc3339(), "2026-12-06T05:00:00+00:00");
        assert_eq!(ends.unwrap().to_rfc3339(), "2026-12-06T06:00:00+00:00");
        let unread = text.replace("2026-11-29 05:00:00 UTC", "next Sunday");
        assert!(matches!(
            of(Source::Node, &unread),
            Happened::ReplacementScheduled {
                starts: None,
                ends: Some(_),
                ..
            }
        ));
        let canceled = "The replacement for Cache Cluster ID: orders-0001-001, Node ID: 0001 has been canceled";
        let node = "orders-0001-001".to_owned();
        assert_eq!(
            of(Source::Node, canceled),
            Happened::ReplacementCanceled { node }
        );
    }

    #[test]
    fn neptune_says_started_completed_failed_and_not_attempted() {
        let to = "graph-r1".to_owned();
        for text in [
            "Started cross AZ failover to DB instance: graph-r1",
            "Started same AZ failover to DB instance: graph-r1",
            "Started failover to DB instance: graph-r1",
        ] {
            assert_eq!(
                of(Source::DbCluster, text),
                Happened::FailoverStarted { to: to.clone() }
            );
        }
        for text in [
            "Completed failover to DB instance: graph-r1",
            "Completed RDS initiated failover to DB instance: graph-r1",
        ] {
            assert_eq!(
                of(Source::DbCluster, text),
                Happened::FailedOver { to: to.clone() }
            );
        }
        let failed =
            "Cluster failover failed, check the health of your cluster instances and try again.";
        assert_eq!(of(Source::DbCluster, failed), Happened::FailoverFailed);
        let refused = "DB instance is not attempting requested failover because a failover recently occurred on the cluster";
        assert_eq!(
            of(Source::DbInstance, refused),
            Happened::FailoverNotAttempted
        );
        assert_eq!(
            of(Source::DbInstance, "DB instance restarted"),
            Happened::InstanceRestarted
        );
    }
}
