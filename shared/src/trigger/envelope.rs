//! The two envelopes that other services' words travel in: SNS records and EventBridge events.
//!
//! `aws_lambda_events` knows both, and refuses a whole envelope for one field that it cannot read (a time whose offset has no
//! colon, a missing signature). A label must survive that, so the fields that matter are then taken one by one.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sns::SnsRecord;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::text::{list_at, text_at, time_at};

/// An EventBridge event: who sent it, what kind it is, about what, when, and the rest.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) source: String,
    pub(super) detail_type: String,
    pub(super) resources: Vec<String>,
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) detail: Value,
}

/// One record of a topic: the message, and when it was published.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) message: String,
    pub(super) at: Option<DateTime<Utc>>,
}

/// Reads an EventBridge event. `None`: it has no `detail-type`, so it is something else.
pub(super) fn event(value: &Value) -> Option<Event> {
    let detail_type = text_at(value, &["detail-type"])?;
    let event = EventBridgeEvent::<Value>::deserialize(value).unwrap_or_else(|_| {
        let mut event = EventBridgeEvent::default();
        event.detail_type = detail_type.to_owned();
        event.source = text_at(value, &["source"]).unwrap_or_default().to_owned();
        let resources = list_at(value, &["resources"]).iter();
        event.resources = Some(
            resources
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        );
        event.time = time_at(value, &["time"]);
        event.detail = value.get("detail").cloned().unwrap_or_default();
        event
    });
    Some(Event {
        source: event.source,
        detail_type: event.detail_type,
        resources: event.resources.unwrap_or_default(),
        time: event.time,
        detail: event.detail,
    })
}

/// Reads one record of an SNS event. `None`: it carries no message, so it is no SNS record.
pub(super) fn record(record: &Value) -> Option<Published> {
    if let Ok(record) = SnsRecord::deserialize(record) {
        return Some(Published {
            message: record.sns.message,
            at: Some(record.sns.timestamp),
        });
    }
    Some(Published {
        message: record.get("Sns")?.get("Message")?.as_str()?.to_owned(),
        at: time_at(record, &["Sns", "Timestamp"]),
    })
}
