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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cluster::{DbClusterId, InstanceId, Status},
        db_cluster::Member,
    };

    #[test]
    fn the_writers_zone_is_counted_only_where_both_are_known() {
        let member = |id: &str, is_writer, zone: Option<&str>| Member {
            id: InstanceId::new(id),
            is_writer,
            promotion_tier: None,
            status: Status::Available,
            class: None,
            availability_zone: zone.map(str::to_owned),
        };
        let of = |role, zone| {
            let reader = member("r", Some(false), Some("us-east-1b"));
            writers_per_zone(&DbCluster {
                id: DbClusterId::new("graph"),
                engine: None,
                status: Status::Available,
                global_database: None,
                maintenance_window: None,
                members: vec![reader, member("w", role, zone)],
            })
        };
        let expected = BTreeMap::from([("us-east-1a".to_owned(), 1)]);
        assert_eq!(of(Some(true), Some("us-east-1a")), expected);
        assert!(of(None, Some("us-east-1a")).is_empty());
        assert!(of(Some(true), None).is_empty());
    }
}
