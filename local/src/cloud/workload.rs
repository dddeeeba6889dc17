//! What users ask of the groups, and the metrics that follow from demand, slot share and hot keys.

use chrono::{DateTime, Utc};

use super::{Parameters, cloudwatch::CloudWatch, elasticache::ElastiCache};

/// The demand on every group.
#[derive(Debug, Default)]
pub struct Workload {}

impl Workload {
    /// Publishes the metrics of the minute that ends at `now`.
    pub fn publish(
        &mut self,
        _now: DateTime<Utc>,
        _elasticache: &mut ElastiCache,
        _cloudwatch: &mut CloudWatch,
        _parameters: &Parameters,
    ) {
    }
}
