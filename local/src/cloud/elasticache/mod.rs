//! ElastiCache: replication groups with cluster mode enabled, their shards, nodes, slots and events.

use chrono::{DateTime, Utc};

use super::{Delivery, Parameters};

/// All replication groups of the account.
#[derive(Debug)]
pub struct ElastiCache {}

impl ElastiCache {
    /// No groups yet.
    pub fn new(_account_id: &str, _region: &str) -> Self {
        Self {}
    }

    /// Does what falls due by `now`.
    pub fn advance(&mut self, _now: DateTime<Utc>, _parameters: &Parameters) {}

    /// Notifications sent since the last call.
    pub fn take_notifications(&mut self) -> Vec<Delivery> {
        Vec::new()
    }
}
