//! Items that another version of this program wrote: what an upgrade reads, and what a rollback meets.

use std::collections::BTreeSet;

use super::*;

fn read(entry: &str) -> Result<Journal, serde_json::Error> {
    serde_json::from_str(entry)
}

/// What is written after an entry was read and a pass saw something new.
fn written(entry: &str) -> serde_json::Value {
    let seen = read(entry).unwrap().sighted(at(5), 4, &Activity::Idle);
    serde_json::to_value(seen).unwrap()
}

#[test]
fn an_entry_from_before_failovers_is_read_and_an_empty_one_too() {
    assert_eq!(read("{}").unwrap(), Journal::default());
    let entry = r#"{
        "first_seen": "2026-01-05T08:00:00Z", "shards": 3,
        "last_change": {"at": "2026-01-06T08:00:00Z", "from": null, "to": 3, "ours": true},
        "attempts": [{"at": "2026-01-06T07:40:00Z", "from": 2, "to": 3,
                      "outcome": {"kind": "completed", "at": "2026-01-06T08:00:00Z"}}],
        "pause": {"until": "2026-01-07T08:00:00Z"}
    }"#;
    let journal = read(entry).unwrap();
    assert_eq!(journal.shards, Some(3));
    let attempt = &journal.attempts[0];
    assert_eq!((&attempt.remove, &attempt.hot), (&vec![], &None));
    assert_eq!(journal.pause.as_ref().unwrap().why, "");
    assert!(journal.failovers.is_empty() && journal.drills.is_empty() && journal.ledger.is_empty());
    assert_eq!(journal.leader, None);
    // Written again, it says the same and nothing besides: no key that an older version would have to know.
    let again = serde_json::to_value(&journal).unwrap();
    let keys: BTreeSet<&str> = again
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let known = ["attempts", "first_seen", "last_change", "pause", "shards"];
    assert_eq!(keys, known.into());
}

#[test]
fn what_a_newer_version_keeps_at_the_top_of_an_entry_survives_a_write_by_this_one() {
    let entry = r#"{"shards": 3, "moon": {"phase": "full"}, "tides": [1, 2]}"#;
    let next = written(entry);
    assert_eq!(next["moon"], serde_json::json!({"phase": "full"}));
    assert_eq!(next["tides"], serde_json::json!([1, 2]));
    assert_eq!(next["shards"], 4);
}

#[test]
fn what_a_newer_version_keeps_inside_an_attempt_is_read_past_and_lost_at_the_next_write() {
    let entry = r#"{"shards": 3, "attempts": [{"at": "1969-12-31T08:00:00Z", "from": 2, "to": 3, "moon": 1,
                    "outcome": {"kind": "completed", "at": "1969-12-31T08:20:00Z", "moon": 1}}]}"#;
    let journal = read(entry).unwrap();
    assert_eq!(journal.attempts.len(), 1);
    let next = written(entry);
    assert_eq!(next["attempts"][0]["to"], 3);
    assert_eq!(next["attempts"][0]["moon"], serde_json::Value::Null);
}

#[test]
fn a_word_that_only_a_newer_version_knows_makes_the_entry_unreadable_and_is_named() {
    for (entry, word) in [
        (
            r#"{"attempts": [{"at": "1970-01-01T00:00:00Z", "from": 2, "to": 3, "outcome": {"kind": "moonstruck"}}]}"#,
            "moonstruck",
        ),
        (
            r#"{"failovers": [{"at": "1970-01-01T00:00:00Z", "intent": "tidal", "unit": "0001", "from": "a",
                "outcome": {"kind": "asked"}}]}"#,
            "tidal",
        ),
        (
            r#"{"replacements": [{"node": "a", "told": "1970-01-01T00:00:00Z", "state": "waning"}]}"#,
            "waning",
        ),
    ] {
        let error = read(entry).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
