//! What one pass saw of one cluster.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    alarm::AlarmsSeen,
    cluster::InstanceId,
    db_cluster::DbCluster,
    failover::{FailoverRequest, Sample, ServiceEvent},
    journal::Journal,
    pause::ScopedPause,
};

/// How far each reader lags behind, in seconds, in its newest minute. An instance that is absent has no sample.
pub type Lags = BTreeMap<InstanceId, Sample<f64>>;

/// What was seen of one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The services' time when the cluster was described: the `now` of the decision.
    pub at: DateTime<Utc>,
    /// The cluster; `None`: the service does not know it.
    pub cluster: Option<DbCluster>,
    /// The alarms that the policy names and that were found.
    pub alarms: AlarmsSeen,
    /// Events of the cluster and of its instances, of the last day or of the cooldown, if that is longer; in any order.
    pub events: Vec<ServiceEvent>,
    /// The journal, already brought up to date with this sight.
    pub journal: Journal,
    /// The pauses of patterns that cover the cluster, and of everything; its own is in its journal. Some may have ended.
    pub pauses: Vec<ScopedPause>,
    /// A person's request about this cluster. `None`: the wake was none, or is about another target.
    pub request: Option<FailoverRequest>,
    /// What could not be read at all, with the reason; not empty: every decision is a hold.
    pub unreadable: Option<String>,
    /// The readers' lag. `None`: not read, because nothing asked for it yet.
    pub lags: Option<Lags>,
}
