//! Application Auto Scaling: what is registered with it, to be looked at. It scales nothing here; its alarms are
//! CloudWatch's to have.

use chrono::{DateTime, Utc};

/// What is registered.
#[derive(Debug, Default)]
pub struct AutoScaling {
    /// In the order of registration.
    pub targets: Vec<ScalableTarget>,
}

/// One scalable target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalableTarget {
    /// `elasticache`.
    pub namespace: String,
    /// `replication-group/orders`.
    pub resource: String,
    /// `elasticache:replication-group:NodeGroups` or `…:Replicas`.
    pub dimension: String,
    /// Never fewer.
    pub min: i32,
    /// Never more.
    pub max: i32,
    /// When it was registered.
    pub created: DateTime<Utc>,
}
