//! What one pass saw of one replication group, for the promotion of one of its replicas.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    alarm::AlarmsSeen,
    cluster::Group,
    failover::{Evidence, FailoverRequest, ServiceEvent},
    journal::Journal,
    pause::ScopedPause,
};

/// What was seen of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The services' time when the group was described: the `now` of the decision.
    pub at: DateTime<Utc>,
    /// The group; `None`: the service does not know it. Its nodes say who is primary.
    pub group: Option<Group>,
    /// The alarms that the policy names and that were found.
    pub alarms: AlarmsSeen,
    /// Events of the group and of its nodes, of the last day or of the cooldown, if that is longer; in any order.
    pub events: Vec<ServiceEvent>,
    /// The journal, already brought up to date with this sight.
    pub journal: Journal,
    /// The pauses of patterns that cover the group, and of everything; its own is in its journal. Some may have ended.
    pub pauses: Vec<ScopedPause>,
    /// A person's request about this group. `None`: the wake was none, or is about another target.
    pub request: Option<FailoverRequest>,
    /// What could not be read at all, with the reason; not empty: every decision is a hold.
    pub unreadable: Option<String>,
    /// Roles and lag by metrics. `None`: not read, because nothing asked for them yet: they cost two metrics a node.
    pub evidence: Option<Evidence>,
}
