//! AWS JSON 1.0 bodies: times are numbers of epoch seconds.

use serde_json::{Number, Value};

use super::tree::{Tree, epoch_seconds};

/// A request's body as a tree.
pub(super) fn from_json(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Bool(truth) => Tree::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Tree::Integer(number),
            None => number.as_f64().map_or(Tree::Null, Tree::Float),
        },
        Value::String(text) => Tree::Text(text.clone()),
        Value::Array(members) => Tree::List(members.iter().map(from_json).collect()),
        Value::Object(members) => Tree::Map(
            members
                .iter()
                .map(|(key, value)| (key.clone(), from_json(value)))
                .collect(),
        ),
    }
}

/// A tree as JSON.
pub(super) fn to_json(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(truth) => Value::Bool(*truth),
        Tree::Integer(number) => (*number).into(),
        Tree::Float(number) => float(*number),
        Tree::Text(text) | Tree::Form(text) => Value::String(text.clone()),
        Tree::Time(at) if at.timestamp_subsec_millis() == 0 => at.timestamp().into(),
        Tree::Time(at) => float(epoch_seconds(*at)),
        Tree::List(members) => members.iter().map(to_json).collect(),
        Tree::Map(members) | Tree::Dictionary(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// JSON has no infinities; AWS writes them as texts.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}
