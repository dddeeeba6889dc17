//! Forcing a shard's failover (`TestFailover`): from what was seen of one replication group to the one shard that may be failed
//! over now, or the reason why not.

mod decide;
mod intent;
mod observation;
pub(crate) mod safety;

pub use crate::failover::primaries_per_zone;
pub use decide::decide;
pub use observation::Observation;
