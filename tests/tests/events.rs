//! Every payload in `events/` is understood, is labelled as its row in `events/README.md` says, and nothing at all makes
//! the reading fail.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot read its files fails there"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sns::SnsEvent;
use clusterwarden::cluster::ReplicationGroupId;
use clusterwarden::trigger::Trigger;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The longest label that an event may leave: a few log lines, never a payload.
const LONGEST_LABEL: usize = 32 * 1024;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn events() -> BTreeMap<String, Value> {
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    json.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, event)
    })
    .collect()
}

/// The rows of the README's table: file, kind of label, sentence.
fn rows() -> BTreeMap<String, (String, String)> {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = readme
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains(".json`"));
    rows.map(|row| {
        let cells: Vec<&str> = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        (
            cells[1].to_owned(),
            (cells[2].to_owned(), cells[3].to_owned()),
        )
    })
    .collect()
}

fn label(trigger: &Trigger) -> Value {
    serde_json::to_value(trigger).unwrap()
}

#[test]
fn every_event_is_labelled_as_its_readme_row_says() {
    let read: BTreeMap<String, (String, String)> = events()
        .iter()
        .map(|(name, event)| {
            let trigger = Trigger::read(event);
            let kind = label(&trigger)["kind"].as_str().unwrap().to_owned();
            (name.clone(), (kind, trigger.sentence()))
        })
        .collect();
    for (name, labelled) in &read {
        assert_ne!(labelled.0, "unrecognized", "{name}");
        println!("| `{name}` | {} | {} |", labelled.0, labelled.1);
    }
    assert_eq!(read, rows());
}

#[test]
fn every_label_is_short_and_its_sentence_one_line() {
    for (name, event) in events() {
        let trigger = Trigger::read(&event);
        assert!(label(&trigger).to_string().len() < 1024, "{name}");
        assert!(!trigger.sentence().contains('\n'), "{name}");
    }
}

#[test]
fn the_published_types_accept_every_envelope() {
    for (name, event) in events() {
        if event.get("Records").is_some() {
            let read: Result<SnsEvent, _> = serde_json::from_value(event);
            assert!(read.is_ok(), "{name}: {read:?}");
        } else if event.get("detail-type").is_some() {
            let read: Result<EventBridgeEvent<Value>, _> = serde_json::from_value(event);
            assert!(read.is_ok(), "{name}: {read:?}");
        }
    }
}

#[test]
fn an_event_mentions_its_group_and_no_other() {
    let orders = ReplicationGroupId::new("orders");
    let silent = [
        // A composite alarm has no dimensions, and a schedule no subject.
        "alarm-direct-composite-suppressor.json",
        "alarm-direct-composite.json",
        "alarm-direct-neptune-instance.json",
        "alarm-direct-neptune.json",
        "alarm-eventbridge-composite-muted.json",
        "alarm-eventbridge-configuration-change.json",
        "alarm-sns-composite.json",
        "notification-not-json.json",
        // Of a cluster, and of a group that has no shards to fail over.
        "request-failover-db-cluster.json",
        "request-promote-replica.json",
        "schedule-rule.json",
        "schedule-scheduler.json",
        "serverless-cache-updated.json",
    ];
    for (name, event) in events() {
        let trigger = Trigger::read(&event);
        let expected = !silent.contains(&name.as_str()) && !name.starts_with("database-");
        assert_eq!(
            trigger.mentions(&orders),
            expected,
            "{name}: {:?}",
            trigger.hints()
        );
        for other in ["order", "orders-00", "orders-archive", "o"] {
            assert!(
                !trigger.mentions(&ReplicationGroupId::new(other)),
                "{name}: {other}"
            );
        }
    }
}

#[test]
fn a_composite_alarm_names_the_alarms_that_moved_it() {
    for name in ["alarm-direct-composite.json", "alarm-sns-composite.json"] {
        let trigger = Trigger::read(&events()[name]);
        let names: Vec<&str> = trigger.alarm_names().collect();
        assert_eq!(
            names,
            ["orders-scale-out", "orders-engine-cpu-high"],
            "{name}"
        );
    }
}

#[test]
fn rubbish_is_unrecognized_and_says_what_it_looks_like() {
    let nested = "[".repeat(500_000) + &"]".repeat(500_000);
    let mut deep = json!([]);
    for _ in 0..120 {
        deep = json!([deep]);
    }
    let in_a_list: Value = serde_json::from_str(&deep.to_string()).unwrap();
    for (rubbish, shape) in [
        (json!({}), "an empty object"),
        (json!([]), "an array of 0"),
        (in_a_list, "an array of 1"),
        (json!("alarm"), "a text"),
        (json!(nested), "a text"),
        (json!(42), "a number"),
        (json!(null), "null"),
        (json!(true), "a boolean"),
        (json!({"Records": []}), "an empty list of records"),
        (json!({"Records": 3}), "records that are no list"),
        (
            json!({"Records": [null]}),
            "a record from an unknown source",
        ),
        (
            json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}),
            "a record from aws:s3",
        ),
        (json!({"alarmData": {}}), "an alarm without a name"),
        (
            json!({"detail-type": "Tick", "source": "my.app", "detail": {}}),
            "an EventBridge event \"Tick\" from \"my.app\"",
        ),
    ] {
        assert_eq!(
            Trigger::read(&rubbish).sentence(),
            format!("unrecognized event: {shape}")
        );
    }
}

#[test]
fn an_event_that_no_parser_takes_has_a_label_too() {
    let nested = "[".repeat(500_000) + &"]".repeat(500_000);
    for rubbish in [nested.as_str(), "{ not JSON", ""] {
        let sentence = Trigger::parse(rubbish).sentence();
        assert!(
            sentence.starts_with("unrecognized event: JSON that cannot be read: "),
            "{sentence}"
        );
    }
    assert_eq!(
        Trigger::parse("{}").sentence(),
        Trigger::read(&json!({})).sentence()
    );
}

#[test]
fn a_megabyte_anywhere_leaves_a_short_label() {
    let long = "x".repeat(1_000_000);
    let nested = "[".repeat(500_000) + &"]".repeat(500_000);
    let many: Vec<Value> = (0..10_000)
        .map(|index| json!({"Sns": {"Message": index.to_string()}}))
        .collect();
    let mut keys = serde_json::Map::new();
    for index in 0..10_000 {
        keys.insert(format!("{index}{}", "k".repeat(100)), json!(index));
    }
    for event in [
        json!({"Records": [{"Sns": {"Message": long}}]}),
        json!({"Records": [{"Sns": {"Message": nested}}]}),
        json!({"Records": [{"Sns": {"Message": json!({"ElastiCache:FailoverComplete": long}).to_string()}}]}),
        json!({"Records": many}),
        json!({"alarmData": {"alarmName": long, "state": {"value": long, "reasonData": nested}}}),
        json!({"detail-type": long, "source": long, "detail": long}),
        json!({"request": {long.as_str(): {"reason": long, "expires": long}}}),
        Value::Object(keys),
    ] {
        let trigger = Trigger::read(&event);
        assert!(label(&trigger).to_string().len() < LONGEST_LABEL);
        assert!(trigger.sentence().len() < 8 * 1024);
    }
}

/// JSON of any shape, in which the keys of real events turn up.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Records",
        "Sns",
        "Message",
        "source",
        "aws.cloudwatch",
        "detail-type",
        "detail",
        "resources",
        "CloudWatch Alarm State Change",
        "AWS API Call via CloudTrail",
        "alarmData",
        "alarmName",
        "state",
        "value",
        "ALARM",
        "configuration",
        "metrics",
        "NewStateValue",
        "AlarmName",
        "request",
        "expires",
        "failover",
        "reasonData",
        "{\"ElastiCache:X\":1}",
        "{\"NewStateValue\":\"OK\",\"AlarmName\":\"é\"}",
        "2026-11-20T10:05:41.213+0000",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        let key = prop_oneof![words.clone().prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A real event in which one value, anywhere, is something else or is gone.
fn damaged_event() -> impl Strategy<Value = Value> {
    let events: Vec<Value> = events().into_values().collect();
    (
        prop::sample::select(events),
        any::<prop::sample::Index>(),
        prop::option::of(any_json()),
    )
        .prop_map(|(mut event, place, other)| {
            let mut pointers = Vec::new();
            collect_pointers(&event, String::new(), &mut pointers);
            if let Some(value) = event.pointer_mut(place.get::<String>(&pointers)) {
                *value = other.unwrap_or_default();
            }
            event
        })
}

fn collect_pointers(value: &Value, here: String, pointers: &mut Vec<String>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        let key = key.replace('~', "~0").replace('/', "~1");
        collect_pointers(inner, format!("{here}/{key}"), pointers);
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        collect_pointers(inner, format!("{here}/{index}"), pointers);
    }
    pointers.push(here);
}

proptest! {
    #[test]
    fn any_json_has_a_label(event in prop_oneof![any_json(), damaged_event()]) {
        let trigger = Trigger::read(&event);
        prop_assert!(label(&trigger)["kind"].is_string());
        prop_assert!(label(&trigger).to_string().len() < LONGEST_LABEL);
        prop_assert!(!trigger.sentence().is_empty());
        prop_assert!(!trigger.sentence().contains('\n'));
        trigger.mentions(&ReplicationGroupId::new("orders"));
        let _ = trigger.alarm_names().count();
    }
}
