//! The Rust SDK over every operation of the embedded DynamoDB: what it sends is understood, what it reads is there, and every
//! refusal is the type that the SDK models.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue as Value, BillingMode, KeySchemaElement, KeyType,
        KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, ScalarAttributeType,
        TableStatus,
    },
};
use clusterwarden_local::cloud::{Fault, Parameters};
use clusterwarden_tests::SharedCloud;

const PLAIN: &str = "journal";
const OTHER: &str = "history";

fn text(value: &str) -> Value {
    Value::S(value.to_owned())
}

fn number(value: i64) -> Value {
    Value::N(value.to_string())
}

fn key(target: &str) -> HashMap<String, Value> {
    HashMap::from([("target".to_owned(), text(target))])
}

async fn create(client: &Client, table: &str) {
    let key = KeySchemaElement::builder()
        .attribute_name("target")
        .key_type(KeyType::Hash)
        .build()
        .expect("a key");
    let attribute = AttributeDefinition::builder()
        .attribute_name("target")
        .attribute_type(ScalarAttributeType::S)
        .build();
    let request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute.expect("an attribute"))
        .key_schema(key);
    let created = request.clone().send().await.expect("created");
    let table = created.table_description().expect("a table");
    assert!(
        table.table_arn().is_some_and(|arn| arn.contains(":table/"))
            && table.table_status().is_some()
    );
    assert!(refusal(request.send().await).is_resource_in_use_exception());
}

async fn world() -> (SharedCloud, Client) {
    let cloud = SharedCloud::empty(Parameters::default());
    let client = Client::new(&cloud.sdk_config());
    create(&client, PLAIN).await;
    create(&client, OTHER).await;
    for at in [1, 2, 10] {
        client
            .put_item()
            .table_name(OTHER)
            .item("target", text(&format!("at-{at}")))
            .item("at", number(at))
            .item("even", Value::Bool(at % 2 == 0))
            .send()
            .await
            .expect("put");
    }
    (cloud, client)
}

/// The modelled error of a call that must be refused.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, SdkError<E>>) -> E {
    match answer {
        Err(SdkError::ServiceError(error)) => error.into_err(),
        other => panic!("not a refusal: {other:?}"),
    }
}

#[tokio::test]
async fn tables_are_made_described_listed_and_deleted() {
    let (_, client) = world().await;
    let table = client
        .describe_table()
        .table_name(OTHER)
        .send()
        .await
        .expect("a table");
    let table = table.table().expect("a table");
    assert_eq!(
        (table.table_status(), table.key_schema().len()),
        (Some(&TableStatus::Active), 1)
    );
    assert_eq!(
        table
            .billing_mode_summary()
            .and_then(|billing| billing.billing_mode()),
        Some(&BillingMode::PayPerRequest)
    );
    let listed = client
        .list_tables()
        .into_paginator()
        .page_size(1)
        .items()
        .send();
    let listed: Vec<String> = listed.collect::<Result<_, _>>().await.expect("every page");
    assert_eq!(listed, [OTHER, PLAIN]);
    client
        .delete_table()
        .table_name(OTHER)
        .send()
        .await
        .expect("deleted");
    assert!(
        refusal(client.describe_table().table_name(OTHER).send().await)
            .is_resource_not_found_exception()
    );
    assert!(
        refusal(client.delete_table().table_name(OTHER).send().await)
            .is_resource_not_found_exception()
    );
}

#[tokio::test]
async fn every_type_comes_back_as_it_went_in() {
    let (_, client) = world().await;
    let inner = Value::M(HashMap::from([(
        "list".to_owned(),
        Value::L(vec![text("x"), number(1), Value::M(HashMap::new())]),
    )]));
    let mut item = key("types");
    for (name, value) in [
        ("number", Value::N("-12.5".to_owned())),
        ("bytes", Value::B(Blob::new([0, 1, 255]))),
        ("map", inner),
        ("nothing", Value::Null(true)),
        ("flag", Value::Bool(false)),
        ("empty", text("")),
        ("texts", Value::Ss(vec!["a".to_owned(), "b".to_owned()])),
        ("numbers", Value::Ns(vec!["1".to_owned(), "2.5".to_owned()])),
        (
            "many_bytes",
            Value::Bs(vec![Blob::new([0]), Blob::new([1])]),
        ),
    ] {
        item.insert(name.to_owned(), value);
    }
    client
        .put_item()
        .table_name(PLAIN)
        .set_item(Some(item.clone()))
        .send()
        .await
        .expect("put");
    let read = client
        .get_item()
        .table_name(PLAIN)
        .set_key(Some(key("types")))
        .consistent_read(true)
        .send()
        .await
        .expect("read");
    assert_eq!(read.item(), Some(&item));
    let part = client
        .get_item()
        .table_name(PLAIN)
        .set_key(Some(key("types")))
        .projection_expression("#f, texts")
        .expression_attribute_names("#f", "flag")
        .send()
        .await
        .expect("read");
    let mut names: Vec<&String> = part.item().expect("an item").keys().collect();
    names.sort();
    assert_eq!(names, ["flag", "texts"]);
    let nobody = client
        .get_item()
        .table_name(PLAIN)
        .set_key(Some(key("nobody")))
        .send()
        .await
        .expect("read");
    assert_eq!(nobody.item(), None);
    assert!(
        refusal(
            client
                .get_item()
                .table_name("absent")
                .set_key(Some(key("x")))
                .send()
                .await
        )
        .is_resource_not_found_exception()
    );
    let wrong = client
        .get_item()
        .table_name(PLAIN)
        .key("other", text("x"))
        .send()
        .await;
    assert_eq!(refusal(wrong).code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_condition_decides_who_writes() {
    let (_, client) = world().await;
    let put = |version: i64| {
        client
            .put_item()
            .table_name(PLAIN)
            .item("target", text("orders"))
            .item("version", number(version))
    };
    let first = || {
        put(1)
            .condition_expression("attribute_not_exists(#t)")
            .expression_attribute_names("#t", "target")
    };
    first().send().await.expect("the first");
    assert!(refusal(first().send().await).is_conditional_check_failed_exception());
    let next = |read: i64| {
        put(read + 1)
            .condition_expression("#v = :read")
            .expression_attribute_names("#v", "version")
            .expression_attribute_values(":read", number(read))
    };
    next(1).send().await.expect("the second");
    let lost = next(1)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let lost = match refusal(lost) {
        aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
            lost,
        ) => lost,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        lost.item().and_then(|item| item.get("version")),
        Some(&number(2))
    );
    let old = put(9)
        .return_values(ReturnValue::AllOld)
        .send()
        .await
        .expect("put");
    assert_eq!(
        old.attributes().and_then(|item| item.get("version")),
        Some(&number(2))
    );
    assert!(refusal(put(1).table_name("absent").send().await).is_resource_not_found_exception());
    assert_eq!(
        refusal(
            put(1)
                .condition_expression("attribute_not_exists(")
                .send()
                .await
        )
        .code(),
        Some("ValidationException")
    );

    let delete = |read: i64| {
        client
            .delete_item()
            .table_name(PLAIN)
            .set_key(Some(key("orders")))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", number(read))
    };
    assert!(refusal(delete(1).send().await).is_conditional_check_failed_exception());
    let deleted = delete(9)
        .return_values(ReturnValue::AllOld)
        .send()
        .await
        .expect("deleted");
    assert_eq!(
        deleted.attributes().and_then(|item| item.get("version")),
        Some(&number(9))
    );
    assert!(refusal(delete(9).table_name("absent").send().await).is_resource_not_found_exception());
}

#[tokio::test]
async fn updates_count_up_and_say_what_changed() {
    let (_, client) = world().await;
    let update = || {
        client
            .update_item()
            .table_name(PLAIN)
            .set_key(Some(key("two")))
    };
    let made = update()
        .update_expression("SET #v = if_not_exists(#v, :zero) + :one, entry = :entry")
        .condition_expression("attribute_not_exists(target) OR #v < :limit")
        .expression_attribute_names("#v", "version")
        .expression_attribute_values(":zero", number(0))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":limit", number(9))
        .expression_attribute_values(":entry", text("e"))
        .return_values(ReturnValue::AllNew)
        .send()
        .await
        .expect("made");
    assert_eq!(made.attributes().map(HashMap::len), Some(3));
    let changed = update()
        .update_expression("REMOVE entry ADD version :one")
        .expression_attribute_values(":one", number(1))
        .return_values(ReturnValue::UpdatedNew)
        .send()
        .await
        .expect("changed");
    assert_eq!(
        changed.attributes(),
        Some(&HashMap::from([("version".to_owned(), number(2))]))
    );
    let stale = update()
        .update_expression("SET version = :n")
        .condition_expression("version = :n")
        .expression_attribute_values(":n", number(7));
    assert!(refusal(stale.send().await).is_conditional_check_failed_exception());
    assert!(refusal(update().table_name("absent").send().await).is_resource_not_found_exception());
    assert_eq!(
        refusal(update().update_expression("SIT a").send().await).code(),
        Some("ValidationException")
    );
}

#[tokio::test]
async fn a_batch_holds_what_exists() {
    let (_, client) = world().await;
    for target in ["one", "two"] {
        client
            .put_item()
            .table_name(PLAIN)
            .set_item(Some(key(target)))
            .send()
            .await
            .expect("put");
    }
    let ask = |table: &str, targets: &[&str]| {
        let keys = targets.iter().map(|target| key(target)).collect();
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .expect("keys");
        client.batch_get_item().request_items(table, keys).send()
    };
    let batch = ask(PLAIN, &["one", "two", "nobody"])
        .await
        .expect("a batch");
    let mut found: Vec<&Value> = batch.responses().expect("responses")[PLAIN]
        .iter()
        .filter_map(|item| item.get("target"))
        .collect();
    found.sort_by_key(|value| value.as_s().cloned().unwrap_or_default());
    assert_eq!(found, [&text("one"), &text("two")]);
    assert!(batch.unprocessed_keys().is_none_or(HashMap::is_empty));
    assert!(refusal(ask("absent", &["one"]).await).is_resource_not_found_exception());
    assert_eq!(
        refusal(ask(PLAIN, &["one", "one"]).await).code(),
        Some("ValidationException")
    );
}

#[tokio::test]
async fn queries_and_scans_are_filtered_and_paged() {
    let (_, client) = world().await;
    let query = || {
        client
            .query()
            .table_name(OTHER)
            .key_condition_expression("#t = :t")
            .expression_attribute_names("#t", "target")
            .expression_attribute_values(":t", text("at-2"))
    };
    let rows = query().send().await.expect("rows");
    assert_eq!(
        (rows.items().len(), rows.count(), rows.scanned_count()),
        (1, 1, 1)
    );
    assert_eq!(rows.items()[0]["at"], number(2));
    let paged = query().into_paginator().page_size(1).items().send();
    let paged: Vec<_> = paged.collect::<Result<_, _>>().await.expect("every page");
    assert_eq!(paged, rows.items());
    assert!(refusal(query().table_name("absent").send().await).is_resource_not_found_exception());

    let scan = || client.scan().table_name(OTHER);
    let even = scan()
        .filter_expression("even = :yes")
        .expression_attribute_values(":yes", Value::Bool(true))
        .send()
        .await
        .expect("rows");
    assert_eq!((even.count(), even.scanned_count()), (2, 3));
    let all = scan().into_paginator().page_size(1).items().send();
    let all: Vec<_> = all.collect::<Result<_, _>>().await.expect("every page");
    let mut ats: Vec<_> = all
        .iter()
        .map(|item| item["at"].as_n().expect("a number").as_str())
        .collect();
    ats.sort_unstable();
    assert_eq!(ats, ["1", "10", "2"]);
    assert!(refusal(scan().table_name("absent").send().await).is_resource_not_found_exception());
}

#[tokio::test]
async fn injected_faults_are_the_types_that_the_sdk_models() {
    let (cloud, client) = world().await;
    let put = async |code: &str, status: u16| {
        // More often than the SDK tries again.
        for _ in 0..5 {
            let fault = Fault::Error {
                status,
                code: code.to_owned(),
                message: "injected".to_owned(),
            };
            cloud.lock().faults.push("PutItem", fault);
        }
        let answer = client
            .put_item()
            .table_name(PLAIN)
            .set_item(Some(key("x")))
            .send()
            .await;
        while cloud.lock().faults.take("PutItem").is_some() {}
        refusal(answer)
    };
    assert!(
        put("ProvisionedThroughputExceededException", 400)
            .await
            .is_provisioned_throughput_exceeded_exception()
    );
    assert!(
        put("ThrottlingException", 400)
            .await
            .is_throttling_exception()
    );
    assert!(
        put("RequestLimitExceeded", 400)
            .await
            .is_request_limit_exceeded()
    );
    assert!(
        put("TransactionConflictException", 400)
            .await
            .is_transaction_conflict_exception()
    );
    assert!(
        put("InternalServerError", 500)
            .await
            .is_internal_server_error()
    );
}

#[tokio::test]
async fn an_operation_that_is_not_embedded_is_refused_aloud() {
    let (_, client) = world().await;
    assert_eq!(
        refusal(client.list_backups().send().await).code(),
        Some("UnknownOperationException")
    );
}
