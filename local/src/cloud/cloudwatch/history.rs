//! What happened to alarms.

use chrono::{DateTime, TimeDelta, Utc};

/// (CW-DG) CloudWatch keeps alarm history for 30 days.
const RETENTION: TimeDelta = TimeDelta::days(30);

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryItemType {
    /// Created, updated, deleted.
    ConfigurationUpdate,
    /// A change of state.
    StateUpdate,
    /// An action ran, or was kept from running.
    Action,
}

impl HistoryItemType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigurationUpdate => "ConfigurationUpdate",
            Self::StateUpdate => "StateUpdate",
            Self::Action => "Action",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryItem {
    /// The alarm's name.
    pub alarm: String,
    /// `MetricAlarm` or `CompositeAlarm`.
    pub alarm_type: &'static str,
    /// When.
    pub at: DateTime<Utc>,
    /// What kind.
    pub item_type: HistoryItemType,
    /// In words.
    pub summary: String,
    /// As JSON text.
    pub data: String,
}

/// All that happened, oldest first.
#[derive(Debug, Default)]
pub struct History(Vec<HistoryItem>);

impl History {
    /// Adds what happened just now and forgets what is too old.
    pub fn push(&mut self, item: HistoryItem) {
        let oldest = item.at - RETENTION;
        let old = self.0.partition_point(|item| item.at < oldest);
        self.0.drain(..old);
        self.0.push(item);
    }

    /// Oldest first.
    pub fn items(&self) -> &[HistoryItem] {
        &self.0
    }
}
