//! Forcing the failover of a Neptune cluster (`FailoverDBCluster`): from what was seen of one cluster to the reader that may be
//! made writer now, or the reason why not.

mod observation;

pub use observation::{Lags, Observation};
