//! The lines of a function's log, as people get hold of them.
//!
//! Bare lines are the log's own. `aws logs tail` puts a time and a stream before each; `aws logs filter-log-events` and
//! `get-log-events` answer one JSON object with `events`; a query of Logs Insights is exported as a list of objects with `@message`.

use clusterwarden::seen::Sight;
use serde_json::{Map, Value};

/// What one line of a log is.
pub(super) enum Line {
    /// What a decision was made from.
    Sight(Box<Sight>),
    /// A decision record.
    Record(Map<String, Value>),
    /// What was seen was too long for a line.
    LeftOut(String),
    /// A line that begins as one of the two and cannot be read, and why.
    Unreadable(String),
    /// Lambda's own, or anything else.
    Other,
}

/// Each line with the words for its place.
pub(super) fn lines(text: &str) -> Vec<(String, Line)> {
    let whole: Option<Value> = serde_json::from_str(text).ok();
    if let Some(messages) = whole.as_ref().and_then(messages) {
        let read =
            |(place, message): (usize, &str)| (format!("event {}", place + 1), line(message));
        return messages.into_iter().enumerate().map(read).collect();
    }
    let read = |(place, text): (usize, &str)| (format!("line {}", place + 1), line(text));
    text.lines().enumerate().map(read).collect()
}

/// The messages of an answer of CloudWatch Logs. `None`: it is none.
fn messages(answer: &Value) -> Option<Vec<&str>> {
    let (events, key) = match answer {
        Value::Object(answer) => (answer.get("events")?.as_array()?, "message"),
        Value::Array(rows) => (rows, "@message"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    let texts: Vec<&str> = events
        .iter()
        .filter_map(|event| event.get(key)?.as_str())
        .collect();
    // One bare line is an object as well, and a list may be anything.
    (texts.len() == events.len()).then_some(texts)
}

fn line(text: &str) -> Line {
    let Some(start) = text.find('{') else {
        return Line::Other;
    };
    let text = text.get(start..).unwrap_or_default();
    let is_sight = text.starts_with(r#"{"observation_of":"#);
    let object: Map<String, Value> = match serde_json::from_str(text) {
        Ok(object) => object,
        Err(error) if is_sight || text.starts_with(r#"{"function":"#) => {
            return Line::Unreadable(format!("cannot be read: {error}"));
        }
        Err(_) => return Line::Other,
    };
    if !is_sight && !object.contains_key("observation_of") {
        let is_record = object.contains_key("decision") && object.contains_key("target");
        return if is_record {
            Line::Record(object)
        } else {
            Line::Other
        };
    }
    let word = |key: &str| {
        object
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned()
    };
    if object.contains_key("left_out") {
        return Line::LeftOut(format!(
            "what was seen of {} was not logged: {}",
            word("observation_of"),
            word("left_out")
        ));
    }
    // From the text: exact numbers do not survive the way through a value.
    match serde_json::from_str(text) {
        Ok(sight) => Line::Sight(Box::new(sight)),
        Err(error) => Line::Unreadable(format!(
            "what clusterwarden {} saw of {} cannot be read: {error}",
            word("program"),
            word("observation_of")
        )),
    }
}
