//! Attribute values: one-member objects such as `{"S": "text"}`, as the JSON protocol has them.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Refusal, number::Decimal};

/// An attribute value's type and content. `None`: it is no well-formed attribute value.
pub fn parts(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object()?;
    let (kind, content) = members.iter().next()?;
    (members.len() == 1).then_some((kind, content))
}

/// Checks an attribute value and brings its numbers into their shortest spelling.
///
/// # Errors
///
/// What DynamoDB would say of it.
pub fn checked(value: &Value) -> Result<Value, Refusal> {
    let (kind, content) = parts(value).ok_or_else(|| {
        Refusal::validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
    })?;
    let wrong = || {
        Refusal::validation(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        )
    };
    let content = match kind {
        "S" | "B" => content.is_string().then(|| content.clone()),
        "N" => Some(number(content)?),
        "BOOL" => content.is_boolean().then(|| content.clone()),
        "NULL" => (content == &Value::Bool(true)).then(|| content.clone()),
        "L" => {
            let members = content.as_array().ok_or_else(wrong)?;
            let members = members.iter().map(checked).collect::<Result<Vec<_>, _>>()?;
            Some(Value::Array(members))
        }
        "M" => {
            let members = content.as_object().ok_or_else(wrong)?;
            let members = members
                .iter()
                .map(|(key, value)| Ok((key.clone(), checked(value)?)))
                .collect::<Result<serde_json::Map<_, _>, Refusal>>()?;
            Some(Value::Object(members))
        }
        "SS" | "NS" | "BS" => Some(set(kind, content)?),
        _ => None,
    };
    Ok(json!({ kind: content.ok_or_else(wrong)? }))
}

fn number(content: &Value) -> Result<Value, Refusal> {
    let text = content.as_str().unwrap_or_default();
    Decimal::parse(text)
        .map(|number| Value::String(number.to_string()))
        .ok_or_else(|| {
            Refusal::validation(format!(
                "A value provided cannot be converted into a number: {text}"
            ))
        })
}

fn set(kind: &str, content: &Value) -> Result<Value, Refusal> {
    let members = content.as_array().filter(|members| !members.is_empty());
    let members = members.ok_or_else(|| {
        Refusal::validation("One or more parameter values were invalid: An set may not be empty")
    })?;
    let mut seen: Vec<Value> = Vec::new();
    for member in members {
        let member = if kind == "NS" {
            number(member)?
        } else {
            member.clone()
        };
        if seen.contains(&member) {
            return Err(Refusal::validation(
                "One or more parameter values were invalid: Input collection contains duplicates.",
            ));
        }
        seen.push(member);
    }
    Ok(Value::Array(seen))
}

/// The order of two values of the same scalar type; `None`: they cannot be ordered.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let ((kind, left), (other, right)) = (parts(left)?, parts(right)?);
    if kind != other {
        return None;
    }
    let (left, right) = (left.as_str()?, right.as_str()?);
    match kind {
        "N" => Some(Decimal::parse(left)?.cmp(&Decimal::parse(right)?)),
        // ASSUMED for B: base64 text orders like the bytes only roughly; no table here has binary keys.
        "S" | "B" => Some(left.cmp(right)),
        _ => None,
    }
}

/// Whether two values are equal. Sets are equal whatever the order of their members.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (parts(left), parts(right)) {
        (Some((kind @ ("SS" | "NS" | "BS"), left)), Some((other, right))) if kind == other => {
            let (Some(left), Some(right)) = (left.as_array(), right.as_array()) else {
                return false;
            };
            left.len() == right.len() && left.iter().all(|member| right.contains(member))
        }
        (Some(_), Some(_)) => order(left, right).map_or(left == right, Ordering::is_eq),
        (None, _) | (_, None) => false,
    }
}

/// What `size()` says of a value; `None`: it has no size.
pub fn size(value: &Value) -> Option<usize> {
    let (kind, content) = parts(value)?;
    match kind {
        "S" => content.as_str().map(str::len),
        // Four base64 characters are three bytes, less one for each `=`.
        "B" => content.as_str().map(|text| {
            text.len() / 4 * 3 - text.bytes().filter(|byte| *byte == b'=').count().min(2)
        }),
        "L" | "SS" | "NS" | "BS" => content.as_array().map(Vec::len),
        "M" => content.as_object().map(serde_json::Map::len),
        _ => None,
    }
}

/// Whether a text begins with, or a collection or text contains, another value.
pub fn begins_with(value: &Value, prefix: &Value) -> bool {
    match (parts(value), parts(prefix)) {
        (Some((kind @ ("S" | "B"), value)), Some((other, prefix))) if kind == other => {
            match (value.as_str(), prefix.as_str()) {
                (Some(value), Some(prefix)) => value.starts_with(prefix),
                (None, _) | (_, None) => false,
            }
        }
        (Some(_), Some(_)) | (None, _) | (_, None) => false,
    }
}

/// `contains`: a part of a text, a member of a set or a list.
pub fn contains(value: &Value, part: &Value) -> bool {
    match (parts(value), parts(part)) {
        (Some(("S", text)), Some(("S", part))) => match (text.as_str(), part.as_str()) {
            (Some(text), Some(part)) => text.contains(part),
            (None, _) | (_, None) => false,
        },
        (Some(("L", members)), Some(_)) => members
            .as_array()
            .is_some_and(|members| members.iter().any(|member| equal(member, part))),
        (Some((set, members)), Some((kind, part)))
            if set.strip_suffix('S') == Some(kind) && set.len() == 2 =>
        {
            members
                .as_array()
                .is_some_and(|members| members.contains(part))
        }
        (Some(_), Some(_)) | (None, _) | (_, None) => false,
    }
}
