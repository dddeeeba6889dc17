//! The Rust SDK over every operation of the embedded DynamoDB: what it sends is understood, what it reads is there, and every
//! refusal is the type that the SDK models.

mod items;
mod reading;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    types::{
        AttributeDefinition, AttributeValue as Value, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};
use clusterwarden_local::cloud::Parameters;
use clusterwarden_tests::SharedCloud;
use std::collections::HashMap;

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
