//! What clients learn afterwards: events of the last 14 days, and notifications.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::model::{Settings, Topic};
use crate::cloud::Delivery;

/// How long `DescribeEvents` remembers ([BC]).
pub(crate) const RETENTION: TimeDelta = TimeDelta::days(14);

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceType {
    /// A node.
    CacheCluster,
    /// A replication group.
    ReplicationGroup,
}

impl SourceType {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::CacheCluster => "cache-cluster",
            Self::ReplicationGroup => "replication-group",
        }
    }
}

/// One line of `DescribeEvents`. AWS gives no id; ours orders events of the same instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) number: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) source: String,
    pub(crate) source_type: SourceType,
    pub(crate) message: String,
}

/// Events and notifications, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    events: Vec<Event>,
    outbox: Vec<Delivery>,
    written: u64,
}

impl Log {
    fn write(&mut self, at: DateTime<Utc>, source_type: SourceType, source: &str, message: String) {
        self.written += 1;
        self.events.push(Event {
            number: self.written,
            at,
            source: source.to_owned(),
            source_type,
            message,
        });
    }

    /// An event of a replication group.
    pub(crate) fn group(&mut self, at: DateTime<Utc>, group: &str, message: impl Into<String>) {
        self.write(at, SourceType::ReplicationGroup, group, message.into());
    }

    /// An event of a node.
    pub(crate) fn node(&mut self, at: DateTime<Utc>, node: &str, message: impl Into<String>) {
        self.write(at, SourceType::CacheCluster, node, message.into());
    }

    /// Sends `{"ElastiCache:<event>": "<id>"}` to the group's topic if that is active ([EC-DG23] SNS events).
    pub(crate) fn notify(&mut self, at: DateTime<Utc>, settings: &Settings, event: &str, id: &str) {
        if let Some(Topic { arn, active: true }) = &settings.topic {
            let body = json!({ format!("ElastiCache:{event}"): id });
            self.outbox.push(Delivery {
                at,
                target: arn.clone(),
                event: Value::String(body.to_string()),
            });
        }
    }

    /// All events, oldest first.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Forgets what is older than the service remembers.
    pub(crate) fn prune(&mut self, now: DateTime<Utc>) {
        let kept_from = now - RETENTION;
        if self
            .events
            .first()
            .is_some_and(|event| event.at < kept_from)
        {
            self.events.retain(|event| event.at >= kept_from);
        }
    }

    /// Notifications not taken yet.
    pub(crate) fn take(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.outbox)
    }
}
