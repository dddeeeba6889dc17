//! The JSON Schema for editors: it is committed as generated, and agrees with the parser.

use std::fs;

use clusterwarden::policy::{KEYS, Policy, Takes, schema};
use serde_json::Value;

use super::{golden_file, named, root};

/// With `BLESS=1` in the environment the file is written anew.
#[test]
fn the_committed_schema_is_the_generated_one() {
    golden_file(&root().join("policy/policy.schema.json"), &schema());
}

#[test]
fn the_sample_policy_names_its_schema_on_its_first_line() {
    let text = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    assert!(text.starts_with("#:schema ./policy.schema.json\n"));
}

#[test]
fn the_schema_has_every_key_with_its_meaning() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    for key in KEYS {
        let mut place = &schema;
        for part in key.path.split('.') {
            let table = place.get("items").unwrap_or(place);
            place = &table["properties"][part];
        }
        assert_eq!(place["description"], key.meaning, "{}", key.path);
    }
    let shared = &schema["properties"]["defaults"]["properties"];
    assert_eq!(
        shared["scale_in"],
        schema["properties"]["reshard"]["items"]["properties"]["scale_in"]
    );
    assert_eq!(shared.get("replication_group"), None);
}

/// What an editor would say: unknown keys, missing ones, wrong types, numbers out of range, words and patterns.
fn faults(schema: &Value, value: &toml::Value, at: &str, found: &mut Vec<String>) {
    let fault = |found: &mut Vec<String>, what: &str| found.push(format!("{at}: {what}"));
    match (schema["type"].as_str().unwrap(), value) {
        ("object", toml::Value::Table(table)) => {
            for key in schema["required"].as_array().into_iter().flatten() {
                if !table.contains_key(key.as_str().unwrap()) {
                    fault(found, &format!("{key} is missing"));
                }
            }
            for (key, value) in table {
                match schema["properties"].get(key) {
                    Some(inner) => faults(inner, value, &format!("{at}.{key}"), found),
                    None => fault(found, &format!("{key} is unknown")),
                }
            }
        }
        ("array", toml::Value::Array(list)) => {
            let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
            let least = schema["minItems"].as_u64().unwrap_or(0);
            if !(least..=most).contains(&u64::try_from(list.len()).unwrap()) {
                fault(found, "too many or too few");
            }
            for item in list {
                faults(&schema["items"], item, at, found);
            }
        }
        ("string", toml::Value::String(text)) => {
            let words = schema["enum"].as_array();
            if words.is_some_and(|words| words.iter().all(|word| word != text)) {
                fault(found, "no such word");
            }
        }
        ("boolean", toml::Value::Boolean(_)) => {}
        ("integer", toml::Value::Integer(_))
        | ("number", toml::Value::Integer(_) | toml::Value::Float(_)) => {
            let number: f64 = value.to_string().parse().unwrap();
            let range = schema["minimum"].as_f64().unwrap()..=schema["maximum"].as_f64().unwrap();
            if !range.contains(&number) {
                fault(found, "out of range");
            }
        }
        (kind, other) => fault(found, &format!("{kind} expected, not {}", other.type_str())),
    }
}

fn faults_of(text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let mut found = Vec::new();
    faults(&schema, &toml::from_str(text).unwrap(), "", &mut found);
    found
}

#[test]
fn what_the_parser_takes_the_schema_takes() {
    let sample = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let mut sound: Vec<String> = super::examples(&page)
        .into_iter()
        .map(str::to_owned)
        .collect();
    sound.push(sample);
    sound.extend(named("policy_unwise").into_iter().map(|(_, _, text)| text));
    sound.extend(
        named("policy_explained")
            .into_iter()
            .map(|(_, _, text)| text),
    );
    for text in sound {
        assert!(Policy::parse("policy.toml", &text).is_ok());
        assert_eq!(faults_of(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_schema_sees_unknown_and_missing_keys_types_ranges_and_words() {
    let faulty = r#"
[fleet]
max_change = 2
[[reshard]]
apply = "some"
max_shards = 501
node_quota = "90"
targets.memory = { percent = 60 }
windows = [{ name = "nights", days = [] }]
[[failover_db_cluster]]
max_lag_milliseconds = 0
on_replacement = "move"
drill = { every_days = 90, from = "10:00" }
"#;
    assert_eq!(
        faults_of(faulty),
        [
            ": \"version\" is missing",
            ".failover_db_cluster: \"db_cluster\" is missing",
            ".failover_db_cluster.drill: \"time_zone\" is missing",
            ".failover_db_cluster.drill: \"to\" is missing",
            ".failover_db_cluster.max_lag_milliseconds: out of range",
            ".failover_db_cluster: on_replacement is unknown",
            ".fleet: max_change is unknown",
            ".reshard: \"replication_group\" is missing",
            ".reshard.apply: no such word",
            ".reshard.max_shards: out of range",
            ".reshard.node_quota: integer expected, not string",
            ".reshard.targets.memory: \"evicts\" is missing",
            ".reshard.windows: \"time_zone\" is missing",
            ".reshard.windows.days: too many or too few",
        ]
    );
}

/// Every word, range and kind of value that a key takes is one that the schema can say.
#[test]
fn every_word_a_key_takes_is_in_the_schema() {
    let schema = schema();
    for key in KEYS {
        if let Takes::Word(words) = key.takes {
            for word in words {
                assert!(
                    schema.contains(&format!("\"{word}\"")),
                    "{} {word}",
                    key.path
                );
            }
        }
    }
}
