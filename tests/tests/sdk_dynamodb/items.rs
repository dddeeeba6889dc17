//! Items: written under conditions, updated, read back.

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::{AttributeValue as Value, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use std::collections::HashMap;

use crate::*;

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
