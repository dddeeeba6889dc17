//! Operations on tables.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Request, absent};
use crate::cloud::dynamodb::{DynamoDb, Refusal, Table, no_such_table, table_name};

pub(super) fn create(
    tables: &mut DynamoDb,
    request: &Request<'_>,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let name = table_name(request.required_text("TableName")?);
    let well_formed = (3..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if !well_formed {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )));
    }
    let schema = request
        .get("KeySchema")
        .and_then(Value::as_array)
        .ok_or_else(|| absent("KeySchema"))?;
    let [Some(hash_key)] = schema
        .iter()
        .map(|key| {
            (key["KeyType"] == "HASH")
                .then(|| key["AttributeName"].as_str())
                .flatten()
        })
        .collect::<Vec<_>>()[..]
    else {
        return Err(Refusal::validation(
            "The embedded DynamoDB has tables with a hash key and no sort key only.",
        ));
    };
    let defined: Vec<(&str, &str)> = request
        .get("AttributeDefinitions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| {
            Some((
                one["AttributeName"].as_str()?,
                one["AttributeType"].as_str()?,
            ))
        })
        .collect();
    match defined.as_slice() {
        [(name, "S")] if *name == hash_key => {}
        [(name, _)] if *name == hash_key => {
            return Err(Refusal::validation(
                "The embedded DynamoDB has string hash keys only.",
            ));
        }
        _ => {
            return Err(Refusal::validation(
                "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions, or more are defined than used",
            ));
        }
    }
    tables.create_table_at(Some(now), name, hash_key)?;
    Ok(json!({ "TableDescription": description(tables, name, tables.table(name)?) }))
}

pub(super) fn describe(tables: &DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = table_name(request.required_text("TableName")?);
    let table = tables.table(name).map_err(|_| no_such_table(name))?;
    Ok(json!({ "Table": description(tables, name, table) }))
}

pub(super) fn delete(tables: &mut DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let name = table_name(request.required_text("TableName")?);
    let table = tables.delete_table(name)?;
    let mut description = description(tables, name, &table);
    description.insert("TableStatus".to_owned(), json!("DELETING"));
    Ok(json!({ "TableDescription": description }))
}

pub(super) fn list(tables: &DynamoDb, request: &Request<'_>) -> Result<Value, Refusal> {
    let most = request.limit()?.unwrap_or(100);
    if most > 100 {
        return Err(Refusal::validation(
            "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100",
        ));
    }
    let after = request.text("ExclusiveStartTableName")?;
    let mut names: Vec<&str> = tables
        .table_names()
        .filter(|name| after.is_none_or(|after| *name > after))
        .collect();
    let more = names.len() > most;
    names.truncate(most);
    let mut answer = json!({ "TableNames": names });
    if let (true, Some(last), Some(answer)) = (more, names.last(), answer.as_object_mut()) {
        answer.insert("LastEvaluatedTableName".to_owned(), json!(last));
    }
    Ok(answer)
}

fn description(tables: &DynamoDb, name: &str, table: &Table) -> Map<String, Value> {
    let bytes: usize = table
        .items()
        .values()
        .map(|item| json!(item).to_string().len())
        .sum();
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| {
        shown.insert(key.to_owned(), value);
    };
    put("TableName", json!(name));
    put("TableArn", json!(tables.arn(name)));
    put("TableStatus", json!("ACTIVE"));
    put(
        "KeySchema",
        json!([{ "AttributeName": table.hash_key, "KeyType": "HASH" }]),
    );
    put(
        "AttributeDefinitions",
        json!([{ "AttributeName": table.hash_key, "AttributeType": "S" }]),
    );
    put("ItemCount", json!(table.items().len()));
    put("TableSizeBytes", json!(bytes));
    put(
        "BillingModeSummary",
        json!({ "BillingMode": "PAY_PER_REQUEST" }),
    );
    put(
        "ProvisionedThroughput",
        json!({ "NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 }),
    );
    if let Some(created) = table.created {
        put("CreationDateTime", json!(created.timestamp()));
    }
    shown
}
