//! Promoting a replica by hand (`ModifyReplicationGroup` with `PrimaryClusterId`): for groups with cluster mode disabled whose
//! automatic failover is off, so that nobody else would do it.

mod observation;

pub use observation::Observation;
