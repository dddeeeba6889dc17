//! Statements of policies: of roles, of functions and of topics. Only what is needed to say whether one admits something.
//!
//! Of conditions, those on the source are judged; others are named, so that a finding can say what it did not judge.

use serde_json::Value;
use wildmatch::WildMatch;

/// The texts of a member that may be one text or a list of them.
pub(super) fn texts<'a>(of: &'a Value, key: &str) -> Vec<&'a str> {
    let member = of.get(key);
    let one = member.and_then(Value::as_str);
    let many = member.and_then(Value::as_array).into_iter().flatten();
    one.into_iter()
        .chain(many.filter_map(Value::as_str))
        .collect()
}

/// The statements of a policy's document, of which there may be one without a list.
pub(super) fn statements(document: &Value) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(many)) => many.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// Whether a statement allows (else it denies).
pub(super) fn allows(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// Whether a statement is about an action. Actions know no case.
pub(super) fn names_action(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let any = |key| {
        let patterns = texts(statement, key);
        patterns
            .iter()
            .any(|one| WildMatch::new(&one.to_ascii_lowercase()).matches(&action))
    };
    any("Action") || (statement.get("NotAction").is_some() && !any("NotAction"))
}

/// Whether a statement is about a resource. One without the member, as in a function's policy, is about its own.
pub(super) fn names_resource(statement: &Value, arn: &str) -> bool {
    let any = |key| {
        texts(statement, key)
            .iter()
            .any(|one| WildMatch::new(one).matches(arn))
    };
    if statement.get("NotResource").is_some() {
        return !any("NotResource");
    }
    statement.get("Resource").is_none() || any("Resource")
}

/// Whether any statement allows an action on a resource and none without conditions denies it. Conditions of those that allow
/// are not judged.
pub(super) fn grants(statements: &[&Value], action: &str, arn: &str) -> bool {
    let about = |one: &Value| names_action(one, action) && names_resource(one, arn);
    let mut all = statements.iter();
    let denied = all.any(|one| !allows(one) && one.get("Condition").is_none() && about(one));
    !denied && statements.iter().any(|one| allows(one) && about(one))
}

/// Whether a principal is among a statement's: a service by its name, an account's by `*` or any of its ARNs.
pub(super) fn names_service(statement: &Value, service: &str) -> bool {
    let principal = statement.get("Principal").unwrap_or(&Value::Null);
    principal.as_str() == Some("*") || texts(principal, "Service").contains(&service)
}

/// Whether everybody is among a statement's principals.
pub(super) fn names_everybody(statement: &Value) -> bool {
    let principal = statement.get("Principal").unwrap_or(&Value::Null);
    principal.as_str() == Some("*") || texts(principal, "AWS").contains(&"*")
}

/// How a condition on where a call comes from turns out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// It holds.
    Admitted,
    /// It does not: the key, and what it asks for.
    Refused { key: String, wants: String },
    /// Not judged here: the key.
    Unjudged(String),
}

/// The values that a call carries, by condition key in lower case.
pub(super) type Keys<'a> = [(&'a str, &'a str)];

/// Judges a statement's conditions for a call that carries these keys.
pub(super) fn source(statement: &Value, keys: &Keys<'_>) -> Source {
    let mut unjudged = None;
    let conditions = statement.get("Condition").and_then(Value::as_object);
    for (operator, tests) in conditions.into_iter().flatten() {
        for (key, _) in tests.as_object().into_iter().flatten() {
            let lower = key.to_ascii_lowercase();
            let carried = keys.iter().find(|(name, _)| *name == lower);
            let wants = texts(tests, key);
            let holds = carried.and_then(|(_, value)| matches(operator, &wants, value));
            match holds {
                Some(true) => {}
                Some(false) => {
                    return Source::Refused {
                        key: key.clone(),
                        wants: wants.join(" or "),
                    };
                }
                None => unjudged = Some(key.clone()),
            }
        }
    }
    unjudged.map_or(Source::Admitted, Source::Unjudged)
}

/// `None`: an operator that is not known here.
fn matches(operator: &str, wants: &[&str], value: &str) -> Option<bool> {
    let any = |test: &dyn Fn(&str) -> bool| Some(wants.iter().any(|want| test(want)));
    match operator {
        "StringEquals" => any(&|want| want == value),
        "StringEqualsIgnoreCase" => any(&|want| want.eq_ignore_ascii_case(value)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|want| WildMatch::new(want).matches(value)),
        _ => None,
    }
}

/// Whether a statement asks for a key at all.
pub(super) fn asks_for(statement: &Value, key: &str) -> bool {
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let mut tests = conditions.into_iter().flatten();
    tests.any(|(_, tests)| {
        let keys = tests.as_object().into_iter().flatten();
        keys.into_iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(key))
    })
}

/// The largest value that `NumericLessThanEquals` leaves for a key. `None`: the statement has no such test.
pub(super) fn at_most(statement: &Value, key: &str) -> Option<f64> {
    let tests = statement.get("Condition")?.get("NumericLessThanEquals")?;
    let value = tests.get(key)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_deny_statements_and_exceptions_count() {
        let allow = json!({ "Effect": "Allow", "Action": ["elasticache:Modify*"], "Resource": "arn:g:orders-?" });
        let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": "arn:g:orders-2" });
        let grant = |statements: &[&Value], arn| grants(statements, "elasticache:modifyX", arn);
        assert!(grant(&[&allow], "arn:g:orders-2") && !grant(&[&allow], "arn:g:orders-22"));
        assert!(!grant(&[&allow, &deny], "arn:g:orders-2"));
        assert!(grant(&[&allow, &deny], "arn:g:orders-1"));
        let but = json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:x" });
        assert!(grants(&[&but], "s3:Get", "arn:y") && !grants(&[&but], "iam:Get", "arn:y"));
        assert!(!grants(&[&but], "s3:Get", "arn:x"));
    }

    #[test]
    fn conditions_that_are_not_known_are_named_and_not_taken_for_true() {
        let judge = |condition: Value| {
            let statement = json!({ "Condition": condition });
            source(
                &statement,
                &[("aws:sourceaccount", "1"), ("aws:sourcearn", "arn:a:b")],
            )
        };
        assert_eq!(judge(json!({})), Source::Admitted);
        assert_eq!(
            judge(
                json!({ "StringEquals": { "AWS:SourceAccount": "1" }, "ArnLike": { "AWS:SourceArn": "arn:a:*" } })
            ),
            Source::Admitted
        );
        assert_eq!(
            judge(json!({ "StringEquals": { "AWS:SourceAccount": ["2", "3"] } })),
            Source::Refused {
                key: "AWS:SourceAccount".into(),
                wants: "2 or 3".into()
            }
        );
        for unknown in [
            json!({ "DateLessThan": { "aws:CurrentTime": "x" } }),
            json!({ "StringNotLike": { "AWS:SourceAccount": "1" } }),
        ] {
            assert!(matches!(judge(unknown), Source::Unjudged(_)));
        }
    }
}
