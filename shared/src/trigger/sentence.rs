//! The label in a person's words: what the log line says.

use super::Trigger;

impl Trigger {
    /// The label as a short sentence without a full stop, such as `alarm orders-engine-cpu-high went to ALARM (direct)`.
    pub fn sentence(&self) -> String {
        match self {
            Self::Alarm(alarm) => alarm.sentence(),
            Self::AlarmConfigurationChange {
                name, operation, ..
            } => {
                let operation = operation.as_deref().unwrap_or("change");
                format!("configuration of alarm {name}: {operation}")
            }
            Self::Notification {
                event,
                source,
                text,
                ..
            } => match (event, source, text) {
                (Some(event), Some(source), _) => format!("ElastiCache {event} for {source}"),
                (Some(event), None, _) => format!("ElastiCache {event}"),
                (None, _, Some(text)) => format!("unknown message \"{text}\""),
                (None, _, None) => "empty message".to_owned(),
            },
            Self::Schedule { name, .. } => match name {
                Some(name) => format!("schedule {name}"),
                None => "schedule".to_owned(),
            },
            Self::ConstantInput { keys, .. } => format!("constant input with {}", keys.join(", ")),
            Self::ApiCall {
                event_name,
                actor,
                error_code,
                ..
            } => {
                // The account and partition before it are the same on every line.
                let actor = actor.as_deref().and_then(|arn| arn.rsplit(':').next());
                let actor = actor.unwrap_or("someone");
                match error_code {
                    Some(code) => format!("{event_name} by {actor}, refused with {code}"),
                    None => format!("{event_name} by {actor}"),
                }
            }
            Self::DatabaseEvent {
                event_id, source, ..
            } => {
                let id = event_id.as_deref().unwrap_or("database event");
                let source = source.as_deref().unwrap_or("an unknown source");
                format!("{id} for {source}")
            }
            Self::ServerlessCacheEvent { event, cache, .. } => {
                let cache = cache.as_deref().unwrap_or("unknown");
                format!("{event}, serverless cache {cache}")
            }
            Self::Request(request) => request.sentence(),
            Self::Several { triggers, more } => {
                let count = triggers.len() + more;
                match triggers.first() {
                    Some(first) => format!("{count} messages, first {}", first.sentence()),
                    None => format!("{count} messages"),
                }
            }
            Self::Unrecognized { shape } => format!("unrecognized event: {shape}"),
        }
    }
}
