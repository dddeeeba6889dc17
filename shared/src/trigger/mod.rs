//! Why we woke: a label for the record, never an input of a decision.
use crate::cluster::ReplicationGroupId;
use serde::Serialize;
/// Placeholder.
#[derive(Debug, Clone, Serialize)]
pub struct Trigger;
impl Trigger {
    /// Placeholder.
    pub fn mentions(&self, _: &ReplicationGroupId) -> bool {
        false
    }
    /// Placeholder.
    pub fn read(_: &serde_json::Value) -> Self {
        Self
    }
}
