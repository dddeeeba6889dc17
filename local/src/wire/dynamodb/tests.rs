//! DynamoDB as its clients meet it.

use axum::body::Bytes;
use http::Request as HttpRequest;
use serde_json::{Value, json};

use crate::{
    cloud::{Cloud, Parameters},
    wire,
};

fn cloud() -> Cloud {
    let start = "2026-11-20T10:00:00Z".parse().expect("a time");
    let mut cloud = Cloud::new(start, Parameters::default());
    cloud
        .dynamodb
        .create_table("journal", "target")
        .expect("new");
    cloud
}

fn call(cloud: &mut Cloud, operation: &str, body: Value) -> (u16, Value) {
    let request = HttpRequest::post("/")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .body(Bytes::from(body.to_string()))
        .expect("a request");
    let response = wire::answer(cloud, &request).expect("an answer");
    let body = serde_json::from_slice(response.body()).expect("JSON");
    (response.status().as_u16(), body)
}

fn ok(cloud: &mut Cloud, operation: &str, body: Value) -> Value {
    let (status, answer) = call(cloud, operation, body);
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

fn refused(cloud: &mut Cloud, operation: &str, body: Value) -> String {
    let (status, answer) = call(cloud, operation, body);
    assert_eq!(status, 400, "{operation}: {answer}");
    let name = answer["__type"].as_str().expect("a type");
    name.split('#').next_back().expect("a name").to_owned()
}

fn write(version: u32, seen: u32) -> Value {
    json!({
        "TableName": "journal",
        "Item": { "target": { "S": "orders" }, "version": { "N": version.to_string() } },
        "ConditionExpression": "attribute_not_exists(target) OR #v = :seen",
        "ExpressionAttributeNames": { "#v": "version" },
        "ExpressionAttributeValues": { ":seen": { "N": seen.to_string() } },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

#[test]
fn of_two_writers_that_saw_the_same_version_one_loses() {
    let mut cloud = cloud();
    ok(&mut cloud, "PutItem", write(1, 0));
    ok(&mut cloud, "PutItem", write(2, 1));
    let (status, answer) = call(&mut cloud, "PutItem", write(2, 1));
    assert_eq!(status, 400);
    assert_eq!(
        answer,
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": { "target": { "S": "orders" }, "version": { "N": "2" } },
        })
    );
    let last = cloud.calls.last().expect("a call");
    assert_eq!(
        last.error_code.as_deref(),
        Some("ConditionalCheckFailedException")
    );
    let item = cloud.dynamodb.item("journal", "orders").expect("an item");
    assert_eq!(item["version"], json!({ "N": "2" }));
}

#[test]
fn a_failed_condition_shows_no_item_unless_asked() {
    let mut cloud = cloud();
    ok(&mut cloud, "PutItem", write(1, 0));
    let mut body = write(2, 7);
    body["ReturnValuesOnConditionCheckFailure"] = json!("NONE");
    let (_, answer) = call(&mut cloud, "PutItem", body);
    assert!(answer.get("Item").is_none(), "{answer}");
}

#[test]
fn items_are_read_as_written() {
    let mut cloud = cloud();
    let key = json!({ "target": { "S": "orders" } });
    let get = json!({ "TableName": "journal", "Key": key, "ConsistentRead": true });
    assert_eq!(ok(&mut cloud, "GetItem", get.clone()), json!({}));
    ok(&mut cloud, "PutItem", write(1, 0));
    let found = ok(&mut cloud, "GetItem", get.clone());
    assert_eq!(found["Item"]["version"], json!({ "N": "1" }));
    let mut part = get;
    part["ProjectionExpression"] = json!("#v");
    part["ExpressionAttributeNames"] = json!({ "#v": "version" });
    assert_eq!(
        ok(&mut cloud, "GetItem", part)["Item"],
        json!({ "version": { "N": "1" } })
    );
    let batch =
        json!({ "RequestItems": { "journal": { "Keys": [key, { "target": { "S": "none" } }] } } });
    let found = ok(&mut cloud, "BatchGetItem", batch);
    assert_eq!(
        found["Responses"]["journal"].as_array().map(Vec::len),
        Some(1)
    );
    let query = json!({ "TableName": "journal", "KeyConditionExpression": "target = :t",
        "ExpressionAttributeValues": { ":t": { "S": "orders" } } });
    assert_eq!(ok(&mut cloud, "Query", query)["Count"], 1);
}

#[test]
fn an_update_returns_what_is_asked() {
    let mut cloud = cloud();
    ok(&mut cloud, "PutItem", write(1, 0));
    for (returned, expected) in [
        ("UPDATED_NEW", json!({ "version": { "N": "2" } })),
        ("UPDATED_OLD", json!({ "version": { "N": "2" } })),
        (
            "ALL_NEW",
            json!({ "target": { "S": "orders" }, "version": { "N": "4" } }),
        ),
        (
            "ALL_OLD",
            json!({ "target": { "S": "orders" }, "version": { "N": "4" } }),
        ),
        ("NONE", Value::Null),
    ] {
        let answer = ok(
            &mut cloud,
            "UpdateItem",
            json!({
                "TableName": "journal", "Key": { "target": { "S": "orders" } },
                "UpdateExpression": "ADD version :one", "ReturnValues": returned,
                "ExpressionAttributeValues": { ":one": { "N": "1" } },
            }),
        );
        assert_eq!(answer["Attributes"], expected, "{returned}");
    }
    let gone = json!({ "TableName": "journal", "Key": { "target": { "S": "orders" } }, "ReturnValues": "ALL_OLD" });
    let answer = ok(&mut cloud, "DeleteItem", gone.clone());
    assert_eq!(answer["Attributes"]["version"], json!({ "N": "6" }));
    assert_eq!(ok(&mut cloud, "DeleteItem", gone), json!({}));
}

#[test]
fn pages_of_a_scan_join_to_the_whole() {
    let mut cloud = cloud();
    for name in ["a", "b", "c", "d", "e"] {
        let item = json!({ "TableName": "journal", "Item": { "target": { "S": name } } });
        ok(&mut cloud, "PutItem", item);
    }
    let mut request = json!({ "TableName": "journal", "Limit": 2,
        "FilterExpression": "target <> :c", "ExpressionAttributeValues": { ":c": { "S": "c" } } });
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let page = ok(&mut cloud, "Scan", request.clone());
        pages += 1;
        names.extend(
            page["Items"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|item| item["target"]["S"].clone()),
        );
        match page.get("LastEvaluatedKey") {
            Some(key) => request["ExclusiveStartKey"] = key.clone(),
            None => break,
        }
    }
    assert_eq!(
        (names, pages),
        (vec![json!("a"), json!("b"), json!("d"), json!("e")], 3)
    );
}

#[test]
fn tables_come_and_go() {
    let mut cloud = cloud();
    let table = json!({ "TableName": "other", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }] });
    ok(&mut cloud, "CreateTable", table.clone());
    assert_eq!(
        refused(&mut cloud, "CreateTable", table),
        "ResourceInUseException"
    );
    let named = json!({ "TableName": "other" });
    let shown = ok(&mut cloud, "DescribeTable", named.clone());
    assert_eq!(shown["Table"]["TableStatus"], "ACTIVE");
    let listed = ok(&mut cloud, "ListTables", json!({ "Limit": 1 }));
    assert_eq!(
        listed,
        json!({ "TableNames": ["journal"], "LastEvaluatedTableName": "journal" })
    );
    ok(&mut cloud, "DeleteTable", named.clone());
    assert_eq!(
        refused(&mut cloud, "DescribeTable", named),
        "ResourceNotFoundException"
    );
}

#[test]
fn wrong_requests_are_refused_by_name() {
    let mut cloud = cloud();
    let key = json!({ "target": { "S": "orders" } });
    let get = |changes: Value| {
        let mut body = json!({ "TableName": "journal", "Key": key });
        for (key, value) in changes.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    for (operation, body, code) in [
        (
            "GetItem",
            get(json!({ "TableName": "none" })),
            "ResourceNotFoundException",
        ),
        (
            "GetItem",
            get(json!({ "Key": { "id": { "S": "x" } } })),
            "ValidationException",
        ),
        (
            "GetItem",
            get(json!({ "Key": { "target": { "N": "1" } } })),
            "ValidationException",
        ),
        (
            "GetItem",
            get(json!({ "Key": { "target": { "S": "" } } })),
            "ValidationException",
        ),
        (
            "GetItem",
            get(json!({ "AttributesToGet": ["a"] })),
            "ValidationException",
        ),
        (
            "GetItem",
            get(json!({ "ProjectionExpression": "status" })),
            "ValidationException",
        ),
        (
            "GetItem",
            get(json!({ "ExpressionAttributeNames": { "#x": "x" } })),
            "ValidationException",
        ),
        (
            "PutItem",
            json!({ "TableName": "journal", "Item": {} }),
            "ValidationException",
        ),
        (
            "PutItem",
            json!({ "TableName": "journal", "Item": { "target": { "N": "1" } } }),
            "ValidationException",
        ),
        (
            "PutItem",
            json!({ "TableName": "journal", "Item": { "target": { "S": "a" }, "x": { "N": "many" } } }),
            "ValidationException",
        ),
        (
            "PutItem",
            json!({ "TableName": "journal", "Item": { "target": { "S": "a" }, "x": { "S": "a", "N": "1" } } }),
            "ValidationException",
        ),
        (
            "UpdateItem",
            get(
                json!({ "UpdateExpression": "SET target = :t", "ExpressionAttributeValues": { ":t": { "S": "x" } } }),
            ),
            "ValidationException",
        ),
        (
            "Query",
            json!({ "TableName": "journal" }),
            "ValidationException",
        ),
        (
            "Scan",
            json!({ "TableName": "journal", "Limit": 0 }),
            "ValidationException",
        ),
        ("TransactWriteItems", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(
            refused(&mut cloud, operation, body.clone()),
            code,
            "{operation} {body}"
        );
    }
    let large = "x".repeat(400 * 1024);
    let body =
        json!({ "TableName": "journal", "Item": { "target": { "S": "a" }, "x": { "S": large } } });
    assert_eq!(refused(&mut cloud, "PutItem", body), "ValidationException");
}
