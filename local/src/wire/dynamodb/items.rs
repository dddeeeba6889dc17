//! Operations on items.

use serde_json::{Map, Value, json};

use super::{Request, absent, item, shown};
use crate::cloud::dynamodb::{
    DynamoDb, Item, Refusal, Table,
    expression::{Condition, Path, Reader, Update},
};

pub(super) fn get(tables: &DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = request.required_text("TableName")?;
    let key = request.required_item("Key")?;
    let mut bindings = request.bindings()?;
    let projection = request.projection(&mut bindings)?;
    bindings.require_all_used()?;
    let mut answer = Map::new();
    if let Some(found) = tables.table(name)?.get(&key)? {
        answer.insert("Item".to_owned(), shown(found, projection.as_deref()));
    }
    capacity(&mut answer, request, 1.0)?;
    Ok(Value::Object(answer))
}

/// (BC BatchGetItem) at most 100 items.
pub(super) fn batch_get(tables: &DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let asked = request
        .get("RequestItems")
        .and_then(Value::as_object)
        .filter(|asked| !asked.is_empty())
        .ok_or_else(|| absent("RequestItems"))?;
    let keys = |of: &Value| of["Keys"].as_array().map_or(0, Vec::len);
    if asked.values().map(keys).sum::<usize>() > 100 {
        return Err(Refusal::validation(
            "Too many items requested for the BatchGetItem call",
        ));
    }
    let mut responses = Map::new();
    for (name, of) in asked {
        let request = Request::new(of)?;
        let mut bindings = request.bindings()?;
        let projection = request.projection(&mut bindings)?;
        bindings.require_all_used()?;
        let table = tables.table(name)?;
        let mut seen: Vec<Item> = Vec::new();
        let mut found = Vec::new();
        let keys = request.get("Keys").and_then(Value::as_array);
        for key in keys.ok_or_else(|| absent("Keys"))? {
            let key = item("Keys", key)?;
            if seen.contains(&key) {
                return Err(Refusal::validation(
                    "Provided list of item keys contains duplicates",
                ));
            }
            found.extend(
                table
                    .get(&key)?
                    .map(|found| shown(found, projection.as_deref())),
            );
            seen.push(key);
        }
        responses.insert(name.clone(), Value::Array(found));
    }
    Ok(json!({ "Responses": responses, "UnprocessedKeys": {} }))
}

pub(super) fn put(tables: &mut DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = request.required_text("TableName")?;
    let item = request.required_item("Item")?;
    let returned = request.choice("ReturnValues", &["NONE", "ALL_OLD"])?;
    let condition = only_condition(request)?;
    let old = tables
        .table_mut(name)?
        .put(item, condition.as_ref())
        .map_err(|refusal| request.on_failure(refusal))?;
    written(request, old.filter(|_| returned == "ALL_OLD"))
}

pub(super) fn delete(tables: &mut DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = request.required_text("TableName")?;
    let key = request.required_item("Key")?;
    let returned = request.choice("ReturnValues", &["NONE", "ALL_OLD"])?;
    let condition = only_condition(request)?;
    let old = tables
        .table_mut(name)?
        .delete(&key, condition.as_ref())
        .map_err(|refusal| request.on_failure(refusal))?;
    written(request, old.filter(|_| returned == "ALL_OLD"))
}

pub(super) fn update(tables: &mut DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = request.required_text("TableName")?;
    let key = request.required_item("Key")?;
    let set = ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"];
    let returned = request.choice("ReturnValues", &set)?;
    let mut bindings = request.bindings()?;
    let update = match request.text("UpdateExpression")? {
        Some(text) => Update::parse(Reader::new("UpdateExpression", text, &mut bindings)?)?,
        // Without one the item is created with its key only.
        None => Update::default(),
    };
    let condition = request.condition("ConditionExpression", &mut bindings)?;
    bindings.require_all_used()?;
    let (old, new) = tables
        .table_mut(name)?
        .update(key, &update, condition.as_ref())
        .map_err(|refusal| request.on_failure(refusal))?;
    let touched = |item: Item| -> Item {
        item.into_iter()
            .filter(|(name, _)| update.attributes().any(|touched| touched == name))
            .collect()
    };
    let attributes = match returned {
        "ALL_OLD" => old,
        "UPDATED_OLD" => old.map(touched).filter(|item| !item.is_empty()),
        "ALL_NEW" => Some(new),
        "UPDATED_NEW" => Some(touched(new)).filter(|item| !item.is_empty()),
        _ => None,
    };
    written(request, attributes)
}

/// The condition of a request that has no other expression.
fn only_condition(request: &Request<'_>) -> Result<Option<Condition>, Refusal> {
    let mut bindings = request.bindings()?;
    let condition = request.condition("ConditionExpression", &mut bindings)?;
    bindings.require_all_used()?;
    Ok(condition)
}

fn written(request: &Request<'_>, attributes: Option<Item>) -> Result<Value, Refusal> {
    let mut answer = Map::new();
    if let Some(attributes) = attributes {
        answer.insert("Attributes".to_owned(), json!(attributes));
    }
    capacity(&mut answer, request, 1.0)?;
    Ok(Value::Object(answer))
}

/// What was consumed, if the client asked. ASSUMED one unit a call: items here are small.
fn capacity(
    answer: &mut Map<String, Value>,
    request: &Request<'_>,
    units: f64,
) -> Result<(), Refusal> {
    let asked = request.choice("ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"])?;
    if asked != "NONE" {
        let name = request.required_text("TableName")?;
        answer.insert(
            "ConsumedCapacity".to_owned(),
            json!({ "TableName": name, "CapacityUnits": units }),
        );
    }
    Ok(())
}

pub(super) fn query(tables: &DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let table = tables.table(request.required_text("TableName")?)?;
    let reading = Reading::new(request)?;
    let condition = reading.key_condition.as_ref().ok_or_else(|| {
        Refusal::validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    })?;
    let key = condition.hash_key_value(&table.hash_key).ok_or_else(|| {
        Refusal::validation(format!(
            "Query condition missed key schema element: {}",
            table.hash_key
        ))
    })?;
    let key = Item::from([(table.hash_key.clone(), key.clone())]);
    let found: Vec<&Item> = table.get(&key)?.into_iter().collect();
    reading.answer(request, table, &found)
}

pub(super) fn scan(tables: &DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let table = tables.table(request.required_text("TableName")?)?;
    let reading = Reading::new(request)?;
    let all: Vec<&Item> = table.items().values().collect();
    reading.answer(request, table, &all)
}

/// What `Query` and `Scan` have in common.
struct Reading {
    key_condition: Option<Condition>,
    filter: Option<Condition>,
    projection: Option<Vec<Path>>,
    counts_only: bool,
    after: Option<Item>,
    most: usize,
}

impl Reading {
    fn new(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut bindings = request.bindings()?;
        let set = [
            "ALL_ATTRIBUTES",
            "ALL_PROJECTED_ATTRIBUTES",
            "SPECIFIC_ATTRIBUTES",
            "COUNT",
        ];
        let reading = Self {
            key_condition: request.condition("KeyConditionExpression", &mut bindings)?,
            filter: request.condition("FilterExpression", &mut bindings)?,
            projection: request.projection(&mut bindings)?,
            counts_only: request.choice("Select", &set)? == "COUNT",
            after: request.item("ExclusiveStartKey")?,
            most: request.limit()?.unwrap_or(usize::MAX),
        };
        bindings.require_all_used()?;
        Ok(reading)
    }

    /// One page. `Limit` counts items read, before the filter, as AWS counts them.
    fn answer(
        &self,
        request: &Request<'_>,
        table: &Table,
        candidates: &[&Item],
    ) -> Result<Value, Refusal> {
        let key = |item: &Item| {
            let text = item.get(&table.hash_key).and_then(|key| key.get("S"));
            text.and_then(Value::as_str).map(str::to_owned)
        };
        if let Some(after) = &self.after {
            // Checks that the start key fits the table.
            table
                .get(after)
                .map_err(|_| Refusal::validation("The provided starting key is invalid"))?;
        }
        let after = self.after.as_ref().and_then(key);
        let rest: Vec<&&Item> = candidates
            .iter()
            .filter(|item| after.is_none() || key(item) > after)
            .collect();
        let read: Vec<&&Item> = rest.iter().copied().take(self.most).collect();
        let kept: Vec<&&Item> = read
            .iter()
            .copied()
            .filter(|item| self.filter.as_ref().is_none_or(|filter| filter.holds(item)))
            .collect();
        let mut answer = Map::new();
        if !self.counts_only {
            let items = kept
                .iter()
                .map(|item| shown(item, self.projection.as_deref()))
                .collect();
            answer.insert("Items".to_owned(), Value::Array(items));
        }
        answer.insert("Count".to_owned(), json!(kept.len()));
        answer.insert("ScannedCount".to_owned(), json!(read.len()));
        // As with AWS, a page that is exactly full names a next one even if that will be empty.
        let full = read.len() == self.most;
        if let (true, Some(last)) = (full, read.last().and_then(|item| item.get(&table.hash_key))) {
            answer.insert(
                "LastEvaluatedKey".to_owned(),
                json!({ table.hash_key.as_str(): last }),
            );
        }
        capacity(&mut answer, request, 0.5)?;
        Ok(Value::Object(answer))
    }
}
