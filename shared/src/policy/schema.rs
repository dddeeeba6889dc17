//! The JSON Schema of the policy file, for editors: completion, hover texts, and most mistakes while typing.
//!
//! It is made of [`KEYS`](super::KEYS), so it cannot know another language than the parser. What two keys say together is left
//! to `clusterwarden check`.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::keys::{self, Absent, KEYS, Key, Takes};

/// Times of day, as the parser takes them.
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
const TIME_OR_DAY_END: &str = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
/// The shape of a time zone's name; the names themselves change with every edition of the database.
const ZONE: &str = "^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$";
const GROUP: &str = "^[a-z*?][a-z0-9*?-]*$";
const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The schema as JSON text, draft 7, with a line end. The same on every machine: `policy/policy.schema.json` is this text.
pub fn schema() -> String {
    let file = Node {
        schema: Some("http://json-schema.org/draft-07/schema#"),
        title: Some("clusterwarden policy"),
        any_of: entries().map(one_of_them).collect(),
        ..table(
            "",
            "Every target that a deployment may change or fail over, with bounds and pace.",
        )
    };
    // Texts, numbers and lists cannot fail to be JSON.
    serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
}

/// A schema of one value.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'static str,
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(rename = "enum", skip_serializing_if = "<[_]>::is_empty")]
    words: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    examples: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_items: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_items: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unique_items: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<Node>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<bool>,
    #[serde(serialize_with = "in_order", skip_serializing_if = "Vec::is_empty")]
    properties: Vec<(&'static str, Node)>,
}

/// A number, a word or a flag.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Value {
    Whole(u32),
    Number(f64),
    Word(&'static str),
    Flag(bool),
}

/// Properties in the order of the file, which `serde_json`'s own map would lose.
fn in_order<S: Serializer>(
    properties: &[(&'static str, Node)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(properties.len()))?;
    for (name, node) in properties {
        map.serialize_entry(name, node)?;
    }
    map.end()
}

/// The kinds of entries.
fn entries() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| is_entries(key))
}

/// Whether a key has entries, of which a file needs one at least.
fn is_entries(key: &Key) -> bool {
    key.table().is_empty() && key.takes == Takes::Tables
}

/// A table that has this key.
fn one_of_them(key: &Key) -> Node {
    Node {
        required: vec![key.leaf()],
        ..Node::default()
    }
}

/// A table: the keys that are written in it, no others.
fn table(path: &str, meaning: &'static str) -> Node {
    let inside = || {
        KEYS.iter()
            .filter(|key| !key.path.is_empty() && key.table() == path)
    };
    Node {
        description: meaning,
        kind: "object",
        required: inside()
            .filter(|key| key.absent == Absent::Required && !may_be_inherited(key))
            .map(Key::leaf)
            .collect(),
        additional_properties: Some(false),
        properties: inside().map(|key| (key.leaf(), node(key))).collect(),
        ..Node::default()
    }
}

/// Whether `[defaults]` may have it instead of the entry, which no schema can see.
fn may_be_inherited(key: &Key) -> bool {
    key.table() == keys::RESHARD.path && *key != keys::REPLICATION_GROUP
}

fn node(key: &Key) -> Node {
    let default = match key.absent {
        Absent::Required | Absent::Silent | Absent::Said(_) => None,
        Absent::Whole(whole) => Some(Value::Whole(whole)),
        Absent::Number(number) => Some(Value::Number(number)),
        Absent::Word(word) => Some(Value::Word(word)),
        Absent::Flag(flag) => Some(Value::Flag(flag)),
    };
    Node {
        description: key.meaning,
        default,
        ..taken(key)
    }
}

/// What a key takes, without its meaning and its default.
fn taken(key: &Key) -> Node {
    let text = |pattern: Option<&'static str>| Node {
        kind: "string",
        pattern,
        ..Node::default()
    };
    let list = |items: Node| Node {
        kind: "array",
        items: Some(Box::new(items)),
        ..Node::default()
    };
    match key.takes {
        Takes::Table if *key == keys::DEFAULTS => defaults(),
        Takes::Table => table(key.path, ""),
        Takes::Tables => Node {
            min_items: is_entries(key).then_some(1),
            ..list(table(key.path, ""))
        },
        Takes::Whole { min, max } => Node {
            kind: "integer",
            minimum: Some(Value::Whole(min)),
            maximum: Some(Value::Whole(max)),
            ..Node::default()
        },
        Takes::Number { .. } | Takes::Percent => {
            let (min, max) = key.takes.bounds();
            Node {
                kind: "number",
                minimum: Some(Value::Number(min)),
                maximum: Some(Value::Number(max)),
                ..Node::default()
            }
        }
        Takes::Flag => Node {
            kind: "boolean",
            ..Node::default()
        },
        Takes::Word(words) => Node {
            words,
            ..text(None)
        },
        Takes::Id => text(Some(GROUP)),
        Takes::Names => Node {
            unique_items: true,
            ..list(Node {
                min_length: Some(1),
                max_length: Some(255),
                ..text(None)
            })
        },
        Takes::Name => Node {
            min_length: Some(1),
            max_length: Some(60),
            ..text(None)
        },
        Takes::Zone => Node {
            examples: &["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"],
            ..text(Some(ZONE))
        },
        Takes::Days => Node {
            min_items: Some(1),
            unique_items: true,
            ..list(Node {
                words: DAYS,
                ..text(None)
            })
        },
        Takes::Time { day_end } => text(Some(if day_end { TIME_OR_DAY_END } else { TIME })),
        Takes::Dates => Node {
            min_items: Some(1),
            max_items: Some(2),
            ..list(text(Some(DATE)))
        },
    }
}

/// `[defaults]` takes what an entry takes, except for its name.
fn defaults() -> Node {
    let mut shared = table(keys::RESHARD.path, "");
    let name = keys::REPLICATION_GROUP.leaf();
    shared.required.retain(|key| *key != name);
    shared.properties.retain(|(key, _)| *key != name);
    shared
}
