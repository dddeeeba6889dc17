//! The evaluator that the proofs rest on answers as IAM's pages say.

use clusterwarden_tests::iam::{Request, Resource, allowed, matches, statements};
use serde_json::{Value, json};

fn request(arn: &str, keys: &[(&str, &str)]) -> Request {
    let keys = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let on = vec![Resource {
        arn: arn.to_owned(),
        keys: keys.collect(),
    }];
    let action = "x:Do".to_owned();
    Request { action, on }
}

fn allows(statement: Value, arn: &str, keys: &[(&str, &str)]) -> bool {
    let mut statement = statement;
    for (key, value) in [("Effect", json!("Allow")), ("Action", json!("x:Do"))] {
        statement
            .as_object_mut()
            .unwrap()
            .entry(key)
            .or_insert(value);
    }
    let document = json!({ "Statement": [statement] });
    allowed(&statements(&document), &request(arn, keys)).is_ok()
}

#[test]
fn a_pattern_fits_what_iam_says_it_fits() {
    for (pattern, text, fits) in [
        ("*", "", true),
        ("orders-*", "orders-eu", true),
        ("orders-*", "orders", false),
        ("orders-?", "orders-12", false),
        ("*-eu", "orders-eu", true),
        ("group:*", "group:*", true),
        ("group:orders-*", "group:*", false),
    ] {
        assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
    }
}

#[test]
fn a_key_that_is_not_there_fails_a_condition_unless_it_is_negated_or_says_if_exists() {
    for (operator, absent, same, other) in [
        ("StringEquals", false, true, false),
        ("StringEqualsIfExists", true, true, false),
        ("StringNotEquals", true, false, true),
        ("StringNotEqualsIgnoreCase", true, false, true),
    ] {
        let statement = json!({ "Resource": "*", "Condition": { operator: { "k": "paused" } } });
        assert_eq!(allows(statement.clone(), "a", &[]), absent, "{operator}");
        assert_eq!(
            allows(statement.clone(), "a", &[("k", "paused")]),
            same,
            "{operator}"
        );
        assert_eq!(
            allows(statement, "a", &[("k", "else")]),
            other,
            "{operator}"
        );
    }
}

#[test]
fn a_deny_wins_and_every_resource_must_be_allowed() {
    let document = json!({ "Statement": [
        { "Effect": "Allow", "Action": "x:*", "Resource": "a*" },
        { "Effect": "Deny", "Action": "x:Do", "Resource": "ab" },
    ] });
    let statements = statements(&document);
    assert_eq!(allowed(&statements, &request("aa", &[])), Ok(()));
    assert!(allowed(&statements, &request("ab", &[])).is_err());
    let mut two = request("aa", &[]);
    two.on.extend(request("b", &[]).on);
    assert!(allowed(&statements, &two).is_err());
}
