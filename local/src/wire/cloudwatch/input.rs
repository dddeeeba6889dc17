//! Reading a request's members, with the errors that a client gets for wrong ones.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::tree::{Tree, moment};
use crate::{
    cloud::cloudwatch::{Refusal, StateValue},
    wire::WireError,
};

/// A structure of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(pub(super) &'a Tree);

pub(super) type Read<T> = Result<T, WireError>;

impl<'a> Input<'a> {
    pub(super) fn text(self, key: &str) -> Read<Option<&'a str>> {
        self.0.get(key).map(|value| text(key, value)).transpose()
    }

    /// A required text. Most operations answer a missing member with a `ValidationError`.
    pub(super) fn required_text(self, key: &str) -> Read<&'a str> {
        let value = self.text(key)?.ok_or_else(|| absent(key))?;
        if value.is_empty() {
            return Err(Refusal::Validation(format!(
                "1 validation error detected: Value '' at '{}' failed to satisfy constraint: Member must have length greater than or equal to 1",
                camel(key)
            ))
            .into());
        }
        Ok(value)
    }

    /// A required text of the operations whose model names `MissingRequiredParameterException`.
    pub(super) fn needed_text(self, key: &str) -> Read<&'a str> {
        self.text(key)?
            .filter(|value| !value.is_empty())
            .ok_or_else(|| missing(key))
    }

    pub(super) fn owned(self, key: &str) -> Read<Option<String>> {
        Ok(self.text(key)?.map(str::to_owned))
    }

    pub(super) fn boolean(self, key: &str) -> Read<Option<bool>> {
        self.0
            .get(key)
            .map(|value| {
                if let Tree::Bool(truth) = value {
                    return Ok(*truth);
                }
                form(value)
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| wrong_type(key, "a boolean"))
            })
            .transpose()
    }

    pub(super) fn integer(self, key: &str) -> Read<Option<i64>> {
        self.0
            .get(key)
            .map(|value| {
                if let Tree::Integer(number) = value {
                    return Ok(*number);
                }
                form(value)
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| wrong_type(key, "an integer"))
            })
            .transpose()
    }

    pub(super) fn count(self, key: &str) -> Read<Option<u32>> {
        self.integer(key)?
            .map(|number| {
                u32::try_from(number).map_err(|_| {
                    Refusal::Validation(format!(
                        "1 validation error detected: Value '{number}' at '{}' failed to satisfy constraint: Member must have value greater than or equal to 1",
                        camel(key)
                    ))
                    .into()
                })
            })
            .transpose()
    }

    pub(super) fn number(self, key: &str) -> Read<Option<f64>> {
        self.0.get(key).map(|value| number(key, value)).transpose()
    }

    pub(super) fn time(self, key: &str) -> Read<Option<DateTime<Utc>>> {
        self.0
            .get(key)
            .map(|value| {
                match value {
                    Tree::Time(at) => Some(*at),
                    Tree::Integer(seconds) => DateTime::from_timestamp(*seconds, 0),
                    Tree::Float(seconds) => moment(*seconds),
                    Tree::Form(text) => DateTime::parse_from_rfc3339(text)
                        .map(|at| at.with_timezone(&Utc))
                        .ok()
                        .or_else(|| {
                            // Clients may leave out the zone, which then is UTC.
                            text.parse::<chrono::NaiveDateTime>()
                                .map(|at| at.and_utc())
                                .ok()
                        }),
                    Tree::Null
                    | Tree::Bool(_)
                    | Tree::Text(_)
                    | Tree::List(_)
                    | Tree::Map(_)
                    | Tree::Dictionary(_) => None,
                }
                .ok_or_else(|| wrong_type(key, "a timestamp"))
            })
            .transpose()
    }

    /// A list; `None`: not sent. Query sends an empty list as an empty text.
    pub(super) fn list(self, key: &str) -> Read<Option<&'a [Tree]>> {
        self.0
            .get(key)
            .map(|value| {
                if let Tree::List(members) = value {
                    return Ok(members.as_slice());
                }
                form(value)
                    .filter(|text| text.is_empty())
                    .map(|_| [].as_slice())
                    .ok_or_else(|| wrong_type(key, "a list"))
            })
            .transpose()
    }

    pub(super) fn texts(self, key: &str) -> Read<Vec<String>> {
        self.list(key)?
            .unwrap_or_default()
            .iter()
            .map(|value| text(key, value).map(str::to_owned))
            .collect()
    }

    pub(super) fn numbers(self, key: &str) -> Read<Vec<f64>> {
        self.list(key)?
            .unwrap_or_default()
            .iter()
            .map(|value| number(key, value))
            .collect()
    }

    pub(super) fn structure(self, key: &str) -> Read<Option<Input<'a>>> {
        self.0
            .get(key)
            .map(|value| {
                let is_empty = form(value).is_some_and(str::is_empty);
                if is_empty || matches!(value, Tree::Map(_)) {
                    Ok(Input(value))
                } else {
                    Err(wrong_type(key, "a structure"))
                }
            })
            .transpose()
    }

    pub(super) fn state(self, key: &str) -> Read<Option<StateValue>> {
        self.text(key)?
            .map(|name| {
                StateValue::parse(name)
                    .ok_or_else(|| not_in_set(key, name, "INSUFFICIENT_DATA, ALARM, OK"))
            })
            .transpose()
    }

    /// Names and values of a `Dimensions` list.
    pub(super) fn dimensions(self, key: &str) -> Read<Vec<(String, String)>> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for member in self.list(key)?.unwrap_or_default() {
            let member = Input(member);
            let name = member.required_text("Name")?.to_owned();
            if found
                .insert(name.clone(), member.required_text("Value")?.to_owned())
                .is_some()
            {
                return Err(Refusal::InvalidParameterValue(format!(
                    "No duplicate dimension names allowed: {name}"
                ))
                .into());
            }
        }
        if found.len() > 30 {
            return Err(Refusal::Validation(
                "1 validation error detected: Value at 'dimensions' failed to satisfy constraint: Member must have length less than or equal to 30".to_owned(),
            )
            .into());
        }
        Ok(found.into_iter().collect())
    }
}

fn text<'a>(key: &str, value: &'a Tree) -> Read<&'a str> {
    match value {
        Tree::Text(text) | Tree::Form(text) => Ok(text),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Integer(_)
        | Tree::Float(_)
        | Tree::Time(_)
        | Tree::List(_)
        | Tree::Map(_)
        | Tree::Dictionary(_) => Err(wrong_type(key, "a string")),
    }
}

fn number(key: &str, value: &Tree) -> Read<f64> {
    match value {
        Tree::Float(number) => Some(*number),
        Tree::Integer(number) => i32::try_from(*number)
            .map(f64::from)
            .ok()
            // Larger whole numbers go through their text, which has no width.
            .or_else(|| number.to_string().parse().ok()),
        // JSON spells what it has no number for.
        Tree::Text(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
            text.parse().ok()
        }
        Tree::Form(text) => text.parse().ok(),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Text(_)
        | Tree::Time(_)
        | Tree::List(_)
        | Tree::Map(_)
        | Tree::Dictionary(_) => None,
    }
    .ok_or_else(|| wrong_type(key, "a number"))
}

/// A scalar's text as Query sends it.
fn form(value: &Tree) -> Option<&str> {
    match value {
        Tree::Form(text) => Some(text),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Integer(_)
        | Tree::Float(_)
        | Tree::Text(_)
        | Tree::Time(_)
        | Tree::List(_)
        | Tree::Map(_)
        | Tree::Dictionary(_) => None,
    }
}

fn wrong_type(key: &str, wanted: &str) -> WireError {
    WireError {
        status: 400,
        code: "SerializationException".to_owned(),
        message: format!("The member {key} must be {wanted}."),
    }
}

/// A required member is absent.
pub(super) fn absent(key: &str) -> WireError {
    Refusal::Validation(format!(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
        camel(key)
    ))
    .into()
}

/// A required parameter of the older data operations is absent.
pub(super) fn missing(key: &str) -> WireError {
    Refusal::MissingParameter(format!("The parameter {key} is required.")).into()
}

/// A member is not one of its enum's values.
pub(super) fn not_in_set(key: &str, value: &str, set: &str) -> WireError {
    Refusal::Validation(format!(
        "1 validation error detected: Value '{value}' at '{}' failed to satisfy constraint: Member must satisfy enum value set: [{set}]",
        camel(key)
    ))
    .into()
}

/// Validation messages spell members with a small first letter.
fn camel(key: &str) -> String {
    let mut letters = key.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
