//! Tables and lists, and what goes wrong by injection.

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue as Value, BillingMode, KeysAndAttributes, TableStatus},
};
use clusterwarden_local::cloud::Fault;
use std::collections::HashMap;

use crate::*;

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
