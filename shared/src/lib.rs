//! The core of clusterwarden: observe, decide, act; nothing flows backwards.
//!
//! Everything outside [`aws`](https://docs.rs/clusterwarden) is pure: arguments in, value out, no clock, no environment,
//! no I/O. The feature `aws` adds the adapters that talk to the services.

pub mod admit;
pub mod alarm;
#[cfg(feature = "aws")]
pub mod aws;
pub mod calendar;
pub mod checks;
pub mod cluster;
pub mod db_cluster;
pub mod failover;
pub mod failover_db_cluster;
pub mod failover_shard;
pub mod journal;
pub mod load;
pub mod metrics;
pub mod pause;
pub mod policy;
pub mod promote_replica;
pub mod record;
pub mod replay;
pub mod reshard;
pub mod seen;
pub mod settings;
pub mod trigger;
pub mod window;
