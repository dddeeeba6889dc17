//! A template's YAML as JSON, with CloudFormation's short tags in their long form: `!Ref X` becomes `{"Ref": "X"}`.

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Number, Value, json};

use super::StackError;

/// Reads the first document of a text.
pub(super) fn read(text: &str) -> Result<Value, StackError> {
    let documents =
        Yaml::load_from_str(text).map_err(|error| StackError::NotYaml(error.to_string()))?;
    let first = documents
        .first()
        .ok_or_else(|| StackError::NotYaml("the text is empty".to_owned()))?;
    to_json(first, "the template")
}

fn to_json(node: &Yaml, place: &str) -> Result<Value, StackError> {
    if let Yaml::Tagged(tag, inner) = node {
        let name = tag.suffix.trim_start_matches('!');
        let key = match name {
            "Ref" | "Condition" => name.to_owned(),
            _ => format!("Fn::{name}"),
        };
        return Ok(json!({ key: to_json(inner, place)? }));
    }
    if let Yaml::Mapping(entries) = node {
        let mut members = Map::new();
        for (key, value) in entries {
            let key = scalar(key, place)?;
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let value = to_json(value, &format!("{place}.{key}"))?;
            members.insert(key, value);
        }
        return Ok(Value::Object(members));
    }
    if let Yaml::Sequence(items) = node {
        let items = items.iter().map(|item| to_json(item, place));
        return items.collect();
    }
    scalar(node, place)
}

fn scalar(node: &Yaml, place: &str) -> Result<Value, StackError> {
    if let Some(text) = node.as_str() {
        return Ok(text.into());
    }
    if let Some(number) = node.as_integer() {
        return Ok(number.into());
    }
    if let Some(flag) = node.as_bool() {
        return Ok(flag.into());
    }
    if let Some(number) = node.as_floating_point().and_then(Number::from_f64) {
        return Ok(Value::Number(number));
    }
    if node.is_null() {
        return Ok(Value::Null);
    }
    Err(StackError::Unknown {
        what: "this piece of YAML".to_owned(),
        place: place.to_owned(),
    })
}
