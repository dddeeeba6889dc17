//! DynamoDB over AWS JSON 1.0.

mod items;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::WireError;
use crate::cloud::{
    Cloud,
    dynamodb::{
        Item, Refusal,
        expression::{Bindings, Condition, Path, Reader, project},
        value,
    },
};

/// The content type of every answer.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// A refusal with what its body shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused(Refusal);

impl Refused {
    /// The HTTP status: every refusal of DynamoDB is the client's.
    pub fn status(&self) -> u16 {
        400
    }

    /// The exception's name.
    pub fn code(&self) -> String {
        self.0.code.to_owned()
    }

    /// The body, with the item that failed a condition if the client asked for it.
    pub fn body(&self) -> Value {
        let mut body = error_body(&WireError {
            status: self.status(),
            code: self.code(),
            message: self.0.message.clone(),
        });
        if let (Some(item), Some(body)) = (&self.0.item, body.as_object_mut()) {
            body.insert("Item".to_owned(), json!(item));
        }
        body
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

/// Answers one operation.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(cloud: &mut Cloud, operation: &str, body: &Value) -> Result<Value, Refused> {
    let now = cloud.now();
    let request = Request::new(body)?;
    let tables = &mut cloud.dynamodb;
    let answer = match operation {
        "CreateTable" => tables::create(tables, &request, now),
        "DescribeTable" => tables::describe(tables, &request),
        "DeleteTable" => tables::delete(tables, &request),
        "ListTables" => tables::list(tables, &request),
        "GetItem" => items::get(tables, &request),
        "BatchGetItem" => items::batch_get(tables, &request),
        "PutItem" => items::put(tables, &request),
        "UpdateItem" => items::update(tables, &request),
        "DeleteItem" => items::delete(tables, &request),
        "Query" => items::query(tables, &request),
        "Scan" => items::scan(tables, &request),
        other => Err(Refusal::new(
            "UnknownOperationException",
            format!("The embedded DynamoDB has no {other}."),
        )),
    };
    Ok(answer?)
}

/// An error as DynamoDB writes it.
pub fn error_body(error: &WireError) -> Value {
    // Throttling and validation come from the front end, which has a name space of its own.
    let space = match error.code.as_str() {
        "ValidationException" | "SerializationException" | "UnknownOperationException" => {
            "com.amazon.coral.validate"
        }
        _ => "com.amazonaws.dynamodb.v20120810",
    };
    json!({ "__type": format!("{space}#{}", error.code), "message": error.message })
}

/// Parameters from before expressions existed, and those of features left out. Ignoring one would answer a question that
/// the client did not ask.
const LEFT_OUT: [&str; 12] = [
    "AttributesToGet",
    "AttributeUpdates",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
    "IndexName",
    "Segment",
    "TotalSegments",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
];

/// A request's members.
struct Request<'a>(&'a Map<String, Value>);

impl<'a> Request<'a> {
    fn new(body: &'a Value) -> Result<Self, Refusal> {
        let members = body.as_object().ok_or_else(|| {
            Refusal::new(
                "SerializationException",
                "The request's body is not a JSON object",
            )
        })?;
        if let Some(key) = LEFT_OUT
            .into_iter()
            .find(|key| members.get(*key).is_some_and(|value| !value.is_null()))
        {
            return Err(Refusal::validation(format!(
                "The embedded DynamoDB has no {key}."
            )));
        }
        Ok(Self(members))
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, Refusal> {
        self.get(key)
            .map(|value| value.as_str().ok_or_else(|| wrong_type(key)))
            .transpose()
    }

    fn required_text(&self, key: &str) -> Result<&'a str, Refusal> {
        self.text(key)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| absent(key))
    }

    /// One of a closed set of texts; the first is the default.
    fn choice(&self, key: &str, set: &[&'static str]) -> Result<&'static str, Refusal> {
        let Some(text) = self.text(key)? else {
            return Ok(set.first().copied().unwrap_or_default());
        };
        set.iter().copied().find(|one| *one == text).ok_or_else(|| {
            Refusal::validation(format!(
                "1 validation error detected: Value '{text}' at '{}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                camel(key),
                set.join(", ")
            ))
        })
    }

    fn limit(&self) -> Result<Option<usize>, Refusal> {
        self.get("Limit")
            .map(|value| {
                value
                    .as_u64()
                    .filter(|limit| *limit > 0)
                    .and_then(|limit| usize::try_from(limit).ok())
                    .ok_or_else(|| {
                        Refusal::validation(format!(
                            "1 validation error detected: Value '{value}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
                        ))
                    })
            })
            .transpose()
    }

    /// Attribute values by name, checked.
    fn item(&self, key: &str) -> Result<Option<Item>, Refusal> {
        self.get(key).map(|value| item(key, value)).transpose()
    }

    fn required_item(&self, key: &str) -> Result<Item, Refusal> {
        self.item(key)?.ok_or_else(|| absent(key))
    }

    fn bindings(&self) -> Result<Bindings, Refusal> {
        let mut names = BTreeMap::new();
        for (key, value) in self
            .get("ExpressionAttributeNames")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let name = value
                .as_str()
                .ok_or_else(|| wrong_type("ExpressionAttributeNames"))?;
            names.insert(key.clone(), name.to_owned());
        }
        let values = self.item("ExpressionAttributeValues")?.unwrap_or_default();
        Ok(Bindings::new(names, values))
    }

    fn condition(
        &self,
        kind: &'static str,
        bindings: &mut Bindings,
    ) -> Result<Option<Condition>, Refusal> {
        self.text(kind)?
            .map(|text| Condition::parse(Reader::new(kind, text, bindings)?))
            .transpose()
    }

    fn projection(&self, bindings: &mut Bindings) -> Result<Option<Vec<Path>>, Refusal> {
        let kind = "ProjectionExpression";
        self.text(kind)?
            .map(|text| Reader::new(kind, text, bindings)?.paths())
            .transpose()
    }

    /// Drops the failed item unless `ReturnValuesOnConditionCheckFailure` asks for it.
    fn on_failure(&self, mut refusal: Refusal) -> Refusal {
        let set = ["NONE", "ALL_OLD"];
        if self.choice("ReturnValuesOnConditionCheckFailure", &set) != Ok("ALL_OLD") {
            refusal.item = None;
        }
        refusal
    }
}

fn item(key: &str, value: &Value) -> Result<Item, Refusal> {
    let members = value.as_object().ok_or_else(|| wrong_type(key))?;
    members
        .iter()
        .map(|(name, value)| Ok((name.clone(), value::checked(value)?)))
        .collect()
}

fn shown(item: &Item, projection: Option<&[Path]>) -> Value {
    match projection {
        None => json!(item),
        Some(paths) => json!(project(item, paths)),
    }
}

fn wrong_type(key: &str) -> Refusal {
    Refusal::new(
        "SerializationException",
        format!("The member {key} has the wrong type"),
    )
}

fn absent(key: &str) -> Refusal {
    Refusal::validation(format!(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
        camel(key)
    ))
}

fn camel(key: &str) -> String {
    let mut letters = key.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
