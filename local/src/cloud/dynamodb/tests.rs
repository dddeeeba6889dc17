//! Conditions and updates on items.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    expression::{Bindings, Reader, project},
    *,
};

fn item(value: Value) -> Item {
    value
        .as_object()
        .expect("an object")
        .clone()
        .into_iter()
        .collect()
}

fn bindings() -> Bindings {
    let names = [("#s", "status"), ("#m", "map")];
    let values = [
        (":one", json!({ "N": "1" })),
        (":two", json!({ "N": "2" })),
        (":ten", json!({ "N": "10" })),
        (":zero", json!({ "N": "0" })),
        (":ok", json!({ "S": "ok" })),
        (":o", json!({ "S": "o" })),
        (":set", json!({ "SS": ["a", "b"] })),
        (":list", json!({ "L": [{ "N": "3" }] })),
    ];
    let texts = names.map(|(key, name)| (key.to_owned(), name.to_owned()));
    let values = values.map(|(key, value)| (key.to_owned(), value));
    Bindings::new(BTreeMap::from(texts), BTreeMap::from(values))
}

fn sample() -> Item {
    item(json!({
        "id": { "S": "k" },
        "version": { "N": "2.0" },
        "status": { "S": "ok" },
        "map": { "M": { "kept": { "L": [{ "N": "1" }, { "N": "2" }] } } },
        "tags": { "SS": ["b", "a"] },
    }))
}

fn condition(text: &str) -> Result<Condition, Refusal> {
    let mut bindings = bindings();
    Condition::parse(Reader::new("ConditionExpression", text, &mut bindings)?)
}

#[test]
fn conditions_hold_or_not() {
    for (text, expected) in [
        ("version = :two", true),
        ("version <> :two", false),
        ("version < :ten AND version >= :one", true),
        ("gone = :one", false),
        ("gone <> :one", true),
        ("gone < :one", false),
        ("NOT gone = :one", true),
        ("attribute_exists(#s) AND attribute_not_exists(gone)", true),
        ("attribute_not_exists(version) OR version = :two", true),
        (
            "version BETWEEN :one AND :ten AND NOT version IN (:one, :ten)",
            true,
        ),
        ("begins_with(#s, :o)", true),
        ("begins_with(version, :o)", false),
        ("#m.kept[1] = :two", true),
        ("#m.kept[2] = :two", false),
        ("size(#m.kept) = :two", true),
        ("tags = :set", true),
        ("contains(#s, :o)", true),
        ("(version = :one OR #s = :ok) AND version = :one", false),
        ("version = :one OR #s = :ok AND version = :two", true),
        ("version = :ok", false),
    ] {
        let condition = condition(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        assert_eq!(condition.holds(&sample()), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    for text in [
        "",
        "version",
        "version =",
        "version = :unknown",
        "#unknown = :one",
        "status = :ok",
        "version = :one AND",
        "(version = :one",
        "sum(version) = :one",
        "version == :one",
        "version ! :one",
        "version = 5",
    ] {
        let refusal = condition(text).expect_err(text);
        assert_eq!(refusal.code, "ValidationException", "{text}");
    }
    assert!(condition(&"(".repeat(100_000)).is_err());
}

fn updated(text: &str) -> Result<Item, Refusal> {
    let mut bindings = bindings();
    Update::parse(Reader::new("UpdateExpression", text, &mut bindings)?)?.apply(&sample())
}

#[test]
fn updates_change_what_they_name_and_nothing_else() {
    for (text, path, expected) in [
        (
            "SET version = version + :one",
            "version",
            json!({ "N": "3" }),
        ),
        (
            "SET version = :ten - version",
            "version",
            json!({ "N": "8" }),
        ),
        (
            "SET n = if_not_exists(n, :zero) + :one",
            "n",
            json!({ "N": "1" }),
        ),
        (
            "SET #s = if_not_exists(#s, :o)",
            "status",
            json!({ "S": "ok" }),
        ),
        (
            "ADD version :one, counted :two",
            "counted",
            json!({ "N": "2" }),
        ),
        (
            "ADD tags :set REMOVE #s",
            "tags",
            json!({ "SS": ["b", "a"] }),
        ),
        (
            "set #m.kept[0] = :ten",
            "map",
            json!({ "M": { "kept": { "L": [{ "N": "10" }, { "N": "2" }] } } }),
        ),
        (
            "REMOVE #m.kept[0], #m.kept[1]",
            "map",
            json!({ "M": { "kept": { "L": [] } } }),
        ),
        (
            "SET #m.kept = list_append(#m.kept, :list)",
            "map",
            json!({ "M": { "kept": { "L": [{ "N": "1" }, { "N": "2" }, { "N": "3" }] } } }),
        ),
    ] {
        let after = updated(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        assert_eq!(after.get(path), Some(&expected), "{text}");
        assert_eq!(after.get("id"), sample().get("id"));
    }
    let after = updated("REMOVE #s DELETE tags :set").expect("valid");
    assert!(!after.contains_key("status") && !after.contains_key("tags"));
}

#[test]
fn updates_that_make_no_sense_are_refused() {
    for text in [
        "SET version = gone + :one",
        "SET version = #s + :one",
        "ADD #s :one",
        "SET version = :one, version = :two",
        "SET #m.kept = :one, #m.kept[0] = :two",
        "SET gone.deep = :one",
        "SET version = :one SET n = :one",
        "PUT version = :one",
        "SET version :one",
        "ADD version :ok",
    ] {
        assert!(updated(text).is_err(), "{text}");
    }
}

#[test]
fn a_projection_keeps_places() {
    let mut bindings = bindings();
    let paths = Reader::new(
        "ProjectionExpression",
        "id, #m.kept[1], gone.deep",
        &mut bindings,
    )
    .and_then(Reader::paths)
    .expect("valid");
    assert_eq!(
        project(&sample(), &paths),
        item(json!({ "id": { "S": "k" }, "map": { "M": { "kept": { "L": [{ "N": "2" }] } } } }))
    );
}
