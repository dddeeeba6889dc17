//! Promoting a replica by hand (`ModifyReplicationGroup` with `PrimaryClusterId`): for groups with cluster mode disabled whose
//! automatic failover is off, so that nobody else would do it.

mod decide;
mod intent;
mod observation;
mod safety;

pub use decide::decide;
pub use observation::Observation;
