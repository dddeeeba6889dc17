//! CloudWatch: metrics and alarms.

use chrono::{DateTime, Utc};

use super::{Delivery, Parameters};

/// All metrics and alarms of the account.
#[derive(Debug)]
pub struct CloudWatch {}

impl CloudWatch {
    /// No metrics and no alarms yet.
    pub fn new(_account_id: &str, _region: &str) -> Self {
        Self {}
    }

    /// Evaluates every alarm at the whole minute `now` and returns the actions of those that changed state.
    pub fn evaluate_alarms(
        &mut self,
        _now: DateTime<Utc>,
        _parameters: &Parameters,
    ) -> Vec<Delivery> {
        Vec::new()
    }
}
