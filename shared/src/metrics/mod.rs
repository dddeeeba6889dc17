//! Decision records as metrics: what a log line tells CloudWatch beside what it tells people.
//!
//! A record's line is also a document of CloudWatch's Embedded Metric Format, and each pass adds a heartbeat, a line of its own. For
//! people, dashboards and alarms only: nothing in the code reads a metric back. What is not known in a pass is absent from
//! its lines, never 0.

mod embed;
mod heartbeat;
mod of_record;
mod table;

use serde::Serialize;

use embed::Embedded;
pub use heartbeat::Heartbeat;
pub use of_record::record_line;
pub use table::{
    ATTEMPTS, ATTEMPTS_ENDED, DECISIONS, DRILL_AVAILABLE_SECONDS, DRILL_FAILOVER_SECONDS,
    DRILL_RECOVERY_SECONDS, DRILLS_MISSED, Dimension, ENGINE_CPU_TARGET, FAILOVER_SECONDS,
    FAILOVERS_FAILED, HOLDS, MEMORY_TARGET, METRICS, METRICS_BOUGHT, Metric, NODE_REPLACEMENTS,
    PASSES, RESHARDS_FAILED, RESHARDS_INCOMPLETE, SHARDS, TARGETS, TEST_FAILOVERS_LEFT, Unit,
};

/// Where metrics go, and which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The namespace in CloudWatch.
    pub namespace: String,
    /// Whether there are metrics per target: each costs as much as a metric of a whole function, for each target.
    pub per_target: bool,
}

/// A line with its metrics behind its own fields, in their order.
#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(flatten)]
    own: &'a T,
    #[serde(flatten)]
    embedded: Option<Embedded>,
}

/// One line of JSON.
fn write(own: &impl Serialize, embedded: Option<Embedded>) -> String {
    // Strings, numbers, lists and maps with names for keys only, which always serialize.
    serde_json::to_string(&Line { own, embedded }).unwrap_or_default()
}
