//! Resharding: from what was seen of one replication group to the one change that may be made now, or the reason why not.

mod decide;
mod demand;
mod drain;
mod guards;
mod headroom;
mod hold;
mod observation;
mod replaced;
mod skew;
mod tag;
mod words;
mod zones;

pub use crate::checks::{Guard, Input};
pub use crate::pause::TAG;
pub use decide::{Decision, Reshard, Verdict, decide};
pub use demand::{Demand, Measure, Need, low_window};
pub use drain::shards_to_drain;
pub use headroom::{KeptShard, kept_shards};
pub use hold::Hold;
pub use observation::{Evidence, NodeEvidence, Observation, ShardSeries};
pub use replaced::heed_replacements;
pub use tag::heed_tag;
pub(crate) use words::clock;
