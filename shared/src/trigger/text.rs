//! Bounded text and lenient times out of an event's JSON.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Map, Value};

/// The longest text that a label keeps: CloudWatch's limit for alarm names, the longest name in any event.
const LONGEST_TEXT: usize = 255;

/// The most entries that a list in a label keeps. Real events stay far below; a hostile one must not fill the log.
pub(super) const LONGEST_LIST: usize = 16;

/// A text as a label keeps it: cut (with an ellipsis) where it gets long, and on one line.
pub(super) fn clip(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut letters = text.chars();
    let mut clipped: String = letters.by_ref().take(LONGEST_TEXT).map(plain).collect();
    if letters.next().is_some() {
        clipped.push('…');
    }
    clipped
}

/// The value at a path of keys.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The text at a path of keys; `None` if there is none, if it is empty, or if something else stands there.
pub(super) fn text_at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str().filter(|text| !text.is_empty())
}

/// The text at a path of keys, as a label keeps it.
pub(super) fn clipped_at(value: &Value, path: &[&str]) -> Option<String> {
    text_at(value, path).map(clip)
}

/// The list at a path of keys; empty if there is none.
pub(super) fn list_at<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The time at a path of keys, in any form that AWS or a person writes. `None`: absent or unreadable.
pub(super) fn time_at(value: &Value, path: &[&str]) -> Option<DateTime<Utc>> {
    time(at(value, path)?)
}

/// A time in any form that AWS or a person writes. `None`: unreadable.
pub(super) fn time(value: &Value) -> Option<DateTime<Utc>> {
    match value.as_str() {
        Some(text) => written_time(text.trim()),
        None => epoch(value.as_f64()?),
    }
}

fn written_time(text: &str) -> Option<DateTime<Utc>> {
    // Nothing that is a time is long; the parsers below need not see a megabyte.
    if text.len() > 64 {
        return None;
    }
    DateTime::parse_from_rfc3339(text)
        // CloudWatch's offset has no colon, which RFC 3339 asks for.
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|time| time.to_utc())
        .ok()
        // RDS notifications name no offset and mean UTC.
        .or_else(|| {
            let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
            naive.map(|time| time.and_utc()).ok()
        })
        .or_else(|| epoch(text.parse().ok()?))
}

/// Seconds since 1970, or milliseconds where seconds would lie thousands of years ahead.
fn epoch(number: f64) -> Option<DateTime<Utc>> {
    /// As seconds the year 5138, as milliseconds 1973.
    const MILLISECONDS_FROM: f64 = 1e11;
    let seconds = if number < MILLISECONDS_FROM {
        number
    } else {
        number / 1000.0
    };
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    DateTime::UNIX_EPOCH.checked_add_signed(chrono::Duration::from_std(since).ok()?)
}

/// The values of the keys that name a group, a cluster or a node, however the writer spells such a key.
pub(super) fn resources(object: &Map<String, Value>) -> Vec<String> {
    let named = object.iter().filter(|(key, _)| names_a_resource(key));
    let values = named.filter_map(|(_, value)| value.as_str());
    values.take(LONGEST_LIST).map(clip).collect()
}

/// Whether a key (a dimension of a metric, a parameter, a field of a request) names a group, a cluster or a node.
pub(super) fn names_a_resource(key: &str) -> bool {
    // The longest of the names below has 20 letters; a key of a megabyte is none of them.
    if key.len() > 64 {
        return false;
    }
    let letters = key.chars().filter(|letter| letter.is_ascii_alphanumeric());
    let key: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    matches!(
        key.as_str(),
        "replicationgroup"
            | "replicationgroupid"
            | "cacheclusterid"
            | "clusterid"
            | "dbcluster"
            | "dbclusteridentifier"
            | "dbinstanceidentifier"
            | "node"
            | "nodeid"
            | "from"
    )
}

/// Adds a text to a list of a label, once, and only while the list is short.
pub(super) fn push(list: &mut Vec<String>, text: &str) {
    let text = clip(text);
    if list.len() < LONGEST_LIST && !text.is_empty() && !list.contains(&text) {
        list.push(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_of_a_time_is_the_same_time() {
        for spelling in [
            json!("2026-11-20T10:05:41.213+0000"),
            json!("2026-11-20T10:05:41.213Z"),
            json!("2026-11-20T11:05:41.213+01:00"),
            json!("2026-11-20 10:05:41.213"),
            json!(1_795_169_141.213),
            json!(1_795_169_141_213_u64),
            json!("1795169141213"),
        ] {
            let read = time(&spelling).map(|time| time.timestamp_millis());
            assert_eq!(read, Some(1_795_169_141_213), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for rubbish in [
            json!("yesterday"),
            json!(""),
            json!("2026-13-40T10:05:41Z"),
            json!(-1),
            json!(1e300),
            json!(null),
            json!({}),
            json!("9".repeat(1_000_000)),
        ] {
            assert_eq!(time(&rubbish), None);
        }
    }

    #[test]
    fn a_label_is_one_short_line() {
        assert_eq!(clip("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(
            clip(&"é".repeat(1_000_000)).chars().count(),
            LONGEST_TEXT + 1
        );
        assert_eq!(clip(&"é".repeat(LONGEST_TEXT)), "é".repeat(LONGEST_TEXT));
    }
}
