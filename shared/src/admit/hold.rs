//! Why a decision that is right for its target must wait for the fleet's sake.

use std::fmt;

use chrono::{DateTime, Utc};

use super::count::frees;
use crate::{policy::Fleet, reshard::clock};

/// A reason that only the whole fleet can see. Each is a [`Hold`](crate::reshard::Hold) with a code and a row in
/// docs/operations.md.
#[derive(Debug, Clone, PartialEq)]
pub enum FleetHold {
    /// The pass makes its changes elsewhere.
    PassLimit {
        /// The most changes of a pass.
        limit: u32,
    },
    /// The hour's changes are made.
    HourLimit {
        /// Changes made within the hour, with those admitted in this pass; scale-ins only if `scale_ins`.
        made: u32,
        /// The most.
        limit: u32,
        /// Whether it is the part of the hour's changes that scale-ins may take.
        scale_ins: bool,
        /// When the next one may be made, as far as known now.
        until: DateTime<Utc>,
    },
    /// The Region has no room for so many more nodes.
    NodeLimit {
        /// Nodes there are, with those of growth under way and of growth admitted in this pass.
        nodes: u32,
        /// Nodes that the change would add.
        more: u32,
        /// The most.
        limit: u32,
    },
    /// So many targets want a scale-in at once that the metrics are the likelier cause.
    ScaleInBreaker {
        /// Targets that want one.
        wanting: u32,
        /// Targets there are.
        targets: u32,
        /// The most percent of them that may want one.
        percent: f64,
    },
    /// What we ask for keeps failing.
    FailureBreaker {
        /// Attempts that failed within the hour.
        failures: u32,
        /// So many stop every change.
        limit: u32,
        /// When old failures no longer count.
        until: DateTime<Utc>,
    },
}

impl FleetHold {
    /// Every code.
    pub const CODES: [&'static str; 5] = [
        "fleet_pass_limit",
        "fleet_hour_limit",
        "fleet_node_limit",
        "scale_in_breaker",
        "failure_breaker",
    ];

    /// The closed code of the reason, as records and docs/operations.md spell it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PassLimit { .. } => "fleet_pass_limit",
            Self::HourLimit { .. } => "fleet_hour_limit",
            Self::NodeLimit { .. } => "fleet_node_limit",
            Self::ScaleInBreaker { .. } => "scale_in_breaker",
            Self::FailureBreaker { .. } => "failure_breaker",
        }
    }

    /// The hold if attempts that failed at these times, all within the hour, are too many.
    pub(super) fn of_failures(
        limits: &Fleet,
        failed: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let limit = limits.max_failures_per_hour;
        let failures = u32::try_from(failed.len()).unwrap_or(u32::MAX);
        (failures >= limit).then(|| Self::FailureBreaker {
            failures,
            limit,
            until: frees(failed, limit, now),
        })
    }
}

impl fmt::Display for FleetHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassLimit { limit } => write!(
                f,
                "all changes of this pass are taken (fleet.max_changes_per_pass {limit})"
            ),
            Self::HourLimit {
                made,
                limit,
                scale_ins,
                until,
            } => {
                let (whose, half) = if *scale_ins {
                    ("scale-ins", ", half of them at the most to shrink")
                } else {
                    ("changes", "")
                };
                write!(
                    f,
                    "{made} {whose} are made within the hour, {limit} is the most \
                     (fleet.max_changes_per_hour{half}); waiting until {}",
                    clock(*until)
                )
            }
            Self::NodeLimit { nodes, more, limit } => write!(
                f,
                "the Region's {nodes} nodes and {more} more are over fleet.max_nodes_in_region {limit}"
            ),
            Self::ScaleInBreaker {
                wanting,
                targets,
                percent,
            } => write!(
                f,
                "{wanting} of {targets} targets want a scale-in at once, more than {percent} %, \
                 as after one fault of the metrics"
            ),
            Self::FailureBreaker {
                failures,
                limit,
                until,
            } => write!(
                f,
                "{failures} attempts failed within the hour over all targets \
                 (fleet.max_failures_per_hour {limit}); a person must look; waiting until {}",
                clock(*until)
            ),
        }
    }
}
