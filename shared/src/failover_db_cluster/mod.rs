//! Forcing the failover of a Neptune cluster (`FailoverDBCluster`): from what was seen of one cluster to the reader that may be
//! made writer now, or the reason why not.

mod decide;
mod inputs;
mod intent;
mod observation;
mod ranking;
mod safety;

use std::collections::BTreeMap;

use crate::db_cluster::DbCluster;

pub use decide::decide;
pub use observation::{Lags, Observation};

/// Writers per Availability Zone, as an attempt remembers them: the writer's zone with 1. Empty: who writes, or where, is not
/// known.
pub fn writers_per_zone(cluster: &DbCluster) -> BTreeMap<String, u32> {
    let zone = cluster
        .writer()
        .and_then(|writer| writer.availability_zone.clone());
    zone.into_iter().map(|zone| (zone, 1)).collect()
}
