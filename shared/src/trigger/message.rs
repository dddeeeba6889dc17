//! Messages on topics: alarms, ElastiCache notifications, Neptune and RDS events, and whatever else is published there.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::envelope::{self, Published};
use super::text::{LONGEST_LIST, clip, clipped_at, text_at, time_at};
use super::{AlarmTransition, Route, Trigger, event, unrecognized};

/// What ElastiCache puts before the name of an event, in the key that carries it.
const ELASTICACHE: &str = "ElastiCache:";

/// Reads `Records` of an event.
pub(super) fn read_records(records: &Value) -> Trigger {
    let Some(records) = records.as_array() else {
        return unrecognized("records that are no list");
    };
    match records.as_slice() {
        [] => unrecognized("an empty list of records"),
        [record] => read_record(record),
        several => Trigger::Several {
            triggers: several.iter().take(LONGEST_LIST).map(read_record).collect(),
            more: several.len().saturating_sub(LONGEST_LIST),
        },
    }
}

fn read_record(record: &Value) -> Trigger {
    match envelope::record(record) {
        Some(published) => read_message(&published),
        None => {
            // Other services' records spell the key in lower case.
            let source = text_at(record, &["EventSource"])
                .or_else(|| text_at(record, &["eventSource"]))
                .unwrap_or("an unknown source");
            unrecognized(&format!("a record from {source}"))
        }
    }
}

/// Reads a message. An operator's request is not taken from a topic: whoever may publish there need not be an operator.
fn read_message(published: &Published) -> Trigger {
    let Ok(message) = serde_json::from_str::<Value>(&published.message) else {
        return unknown(published);
    };
    if let Some(alarm) = AlarmTransition::read_sns(&message) {
        return Trigger::Alarm(alarm);
    }
    if let Some(notification) = read_elasticache(&message, published.at) {
        return notification;
    }
    if let Some(event) = read_database(&message, published.at) {
        return event;
    }
    // An EventBridge rule may have a topic as its target.
    match envelope::event(&message) {
        Some(event) => event::read(&event),
        None => unknown(published),
    }
}

fn unknown(published: &Published) -> Trigger {
    let text = clip(published.message.trim());
    Trigger::Notification {
        event: None,
        source: None,
        replication_group: None,
        text: Some(text).filter(|text| !text.is_empty()),
        at: published.at,
    }
}

/// `{"ElastiCache:FailoverComplete": "orders-0001-001"}`, with further keys before and behind.
fn read_elasticache(message: &Value, at: Option<DateTime<Utc>>) -> Option<Trigger> {
    let mut keys = message.as_object()?.iter();
    let (event, source) = keys.find_map(|(key, value)| {
        let event = key.strip_prefix(ELASTICACHE)?;
        Some((event, value.as_str()))
    })?;
    Some(Trigger::Notification {
        event: Some(clip(event)),
        source: source.map(clip),
        replication_group: clipped_at(message, &["Replication Group ID"]),
        text: None,
        at,
    })
}

/// A message of an RDS event subscription, which is also Neptune's way.
fn read_database(message: &Value, published: Option<DateTime<Utc>>) -> Option<Trigger> {
    text_at(message, &["Event Source"])?;
    // The id is the fragment of a link into the documentation.
    let id = text_at(message, &["Event ID"]);
    let id = id.map(|link| link.rsplit_once('#').map_or(link, |(_, id)| id));
    Some(Trigger::DatabaseEvent {
        event_id: id.map(clip),
        source: clipped_at(message, &["Source ID"]),
        message: clipped_at(message, &["Event Message"]),
        at: time_at(message, &["Event Time"]).or(published),
        via: Route::Sns,
    })
}
