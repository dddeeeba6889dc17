//! Why we woke: a label for the record, never an input of a decision.
//!
//! Alarms, notifications, schedules and people wake the functions with a dozen shapes of JSON; [`Trigger::read`] understands
//! each, and puts a name on whatever it does not. Nothing here fails: every wake runs the same pass over every target, and a
//! duplicate, late or malformed event must not stop it. So a trigger is a **label only**. It goes into the record, and it may
//! order the targets ([`Trigger::mentions`]); what an event claims about an alarm or a cluster is never believed, because
//! the pass asks the service. The one exception is a [`Request`]: a person's intent cannot be read back from AWS.
//!
//! Texts in a label are cut to the longest name that AWS allows and stripped of control characters; lists are short. An event
//! of a megabyte leaves a label of a few lines.

mod alarm;
mod envelope;
mod event;
mod mentions;
mod message;
mod request;
mod sentence;
#[cfg(test)]
mod tests;
mod text;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

pub use alarm::{AlarmKind, AlarmState, AlarmTransition, Route};
pub use request::{Expiry, Request};

use text::{LONGEST_LIST, clip, push, resources, text_at};

/// Why we woke. Serializes to a compact label, such as `{"kind":"alarm","name":"orders-engine-cpu-high",…}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// An alarm changed its state.
    Alarm(AlarmTransition),
    /// Someone created, changed or deleted an alarm.
    AlarmConfigurationChange {
        /// The alarm's name.
        name: String,
        /// `create`, `update` or `delete`. `None`: the event does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        operation: Option<String>,
        /// When. `None`: absent or unreadable.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// A message on a topic that is not an alarm's: in practice ElastiCache telling of a group or a node.
    Notification {
        /// ElastiCache's name of the event, without its prefix. `None`: the message is not ElastiCache's.
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<String>,
        /// The group or node it is about: the documentation does not say which. `None`: the message does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// The group, where the message names it apart from the node.
        #[serde(skip_serializing_if = "Option::is_none")]
        replication_group: Option<String>,
        /// How a message begins that is not ElastiCache's.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// When it was published. `None`: absent or unreadable.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// An EventBridge rule or an EventBridge Scheduler schedule, with its default input.
    Schedule {
        /// The rule's name, or the schedule's group and name. `None`: the event does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The time it was due. `None`: absent or unreadable.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// An object that carries no envelope: what a schedule or a rule with an input of its own sends, or a hand-written test.
    ConstantInput {
        /// Its keys.
        keys: Vec<String>,
        /// Ids of groups, clusters and nodes that it names.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        resources: Vec<String>,
    },
    /// CloudTrail saw a call to an API. Our own calls come back this way too.
    ApiCall {
        /// The API's name of the call.
        event_name: String,
        /// The ARN of who called. `None`: the event does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
        /// The replication group in the call's parameters. `None`: there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        replication_group: Option<String>,
        /// Other groups, clusters and nodes in the call's parameters.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        resources: Vec<String>,
        /// Why the call was refused. `None`: it was not.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_code: Option<String>,
        /// Whether the call only reads. `None`: the event does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        read_only: Option<bool>,
        /// When. `None`: absent or unreadable.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// Neptune or RDS tells of a cluster or an instance.
    DatabaseEvent {
        /// The event's id, such as `RDS-EVENT-0071`. `None`: the event has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        event_id: Option<String>,
        /// The cluster or instance it is about. `None`: the event does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// What it says. `None`: nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// When. `None`: absent or unreadable.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
        /// The route it came by.
        via: Route,
    },
    /// ElastiCache tells of a serverless cache, which has no shards for us to change.
    ServerlessCacheEvent {
        /// The event's name, such as `Cache Updated`.
        event: String,
        /// The cache. `None`: the event does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache: Option<String>,
        /// When. `None`: absent or unreadable.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// A person asks for something.
    Request(Request),
    /// An SNS event with more than one record.
    Several {
        /// The first records, none of which is itself several.
        triggers: Vec<Trigger>,
        /// How many further records there are.
        #[serde(skip_serializing_if = "is_zero")]
        more: usize,
    },
    /// Something else.
    Unrecognized {
        /// What it looks like.
        shape: String,
    },
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Trigger {
    /// Puts a label on an event as it came. Every text has one, also one that is nested too deeply to be read.
    pub fn parse(event: &str) -> Self {
        match serde_json::from_str(event) {
            Ok(event) => Self::read(&event),
            Err(error) => unrecognized(&format!("JSON that cannot be read: {error}")),
        }
    }

    /// Puts a label on an event. Every JSON value has one.
    pub fn read(event: &Value) -> Self {
        let Some(object) = event.as_object() else {
            return Self::Unrecognized {
                shape: match event.as_array() {
                    Some(list) => format!("an array of {}", list.len()),
                    None => scalar(event).to_owned(),
                },
            };
        };
        if let Some(records) = object.get("Records") {
            return message::read_records(records);
        }
        if let Some(event) = envelope::event(event) {
            return event::read(&event);
        }
        if let Some(data) = object.get("alarmData") {
            let arn = text_at(event, &["alarmArn"]);
            return AlarmTransition::read(data, arn, Route::Direct)
                .map_or_else(|| unrecognized("an alarm without a name"), Self::Alarm);
        }
        if let Some(request) = object.get("request") {
            return Self::Request(Request::read(request));
        }
        if object.is_empty() {
            return unrecognized("an empty object");
        }
        let mut keys = Vec::new();
        for key in object.keys().take(LONGEST_LIST) {
            push(&mut keys, key);
        }
        Self::ConstantInput {
            keys,
            resources: resources(object),
        }
    }
}

fn unrecognized(shape: &str) -> Trigger {
    Trigger::Unrecognized { shape: clip(shape) }
}

fn scalar(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
