//! Forcing a shard's failover (`TestFailover`): from what was seen of one replication group to the one shard that may be failed
//! over now, or the reason why not.

mod observation;

pub use observation::Observation;
