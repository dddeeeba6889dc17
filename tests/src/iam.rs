//! IAM's answer to a request, as far as the policies of this repository need it: what denies wins, what nothing allows is
//! refused. [IAM user guide, policy evaluation logic and condition operators]

use std::collections::BTreeMap;

use serde_json::Value;

/// A request to a service, as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// For example `rds:FailoverDBCluster`.
    pub action: String,
    /// Every resource that it is about, each of which must be allowed.
    pub on: Vec<Resource>,
}

/// A resource of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Its ARN, or `*` where the service knows none. A list is about an ARN that ends in `*`.
    pub arn: String,
    /// The condition keys that are known of it and of the request; IAM has no others.
    pub keys: BTreeMap<String, String>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// `Sid`.
    pub sid: String,
    /// Allow, or else Deny.
    pub allows: bool,
    /// What it is about.
    pub actions: Vec<String>,
    /// Patterns of ARNs.
    pub resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

/// The statements of a policy document whose functions are worked out.
///
/// # Panics
///
/// It has an element that this reader does not know.
pub fn statements(document: &Value) -> Vec<Statement> {
    let all = document["Statement"].as_array().expect("a list");
    all.iter().map(read).collect()
}

fn read(statement: &Value) -> Statement {
    for key in statement.as_object().expect("an object").keys() {
        let known = [
            "Sid",
            "Effect",
            "Action",
            "Resource",
            "Condition",
            "Principal",
        ];
        assert!(known.contains(&key.as_str()), "{key} is new here");
    }
    let conditions = statement["Condition"].as_object();
    let conditions = conditions.into_iter().flatten().flat_map(|(operator, of)| {
        let keys = of.as_object().expect("keys").iter();
        keys.map(|(key, values)| Condition {
            operator: operator.clone(),
            key: key.clone(),
            values: list(values),
        })
    });
    Statement {
        sid: statement["Sid"].as_str().unwrap_or_default().to_owned(),
        allows: match statement["Effect"].as_str() {
            Some("Allow") => true,
            Some("Deny") => false,
            other => panic!("effect {other:?}"),
        },
        actions: list(&statement["Action"]),
        resources: list(&statement["Resource"]),
        conditions: conditions.collect(),
    }
}

/// One text or several.
pub fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Object(_) => panic!("not worked out: {value}"),
    }
}

impl Statement {
    /// Whether it speaks of this request on this resource.
    pub fn covers(&self, action: &str, resource: &Resource) -> bool {
        self.actions.iter().any(|pattern| matches(pattern, action))
            && self
                .resources
                .iter()
                .any(|pattern| matches(pattern, &resource.arn))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(&resource.keys))
    }
}

impl Condition {
    fn holds(&self, keys: &BTreeMap<String, String>) -> bool {
        let (operator, if_exists) = match self.operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (self.operator.as_str(), false),
        };
        let any = |of: &dyn Fn(&str, &str) -> bool| {
            let value = keys.get(&self.key);
            value.is_some_and(|value| self.values.iter().any(|one| of(value, one)))
        };
        if if_exists && !keys.contains_key(&self.key) {
            return true;
        }
        // A negated operator is true where the key is not there.
        match operator {
            "StringEquals" | "ArnEquals" => any(&|value, wanted| value == wanted),
            "StringNotEquals" => !any(&|value, wanted| value == wanted),
            "StringNotEqualsIgnoreCase" => {
                !any(&|value, wanted| value.eq_ignore_ascii_case(wanted))
            }
            "Bool" => any(&|value, wanted| value.eq_ignore_ascii_case(wanted)),
            "ArnLike" => any(&|value, pattern| matches(pattern, value)),
            "NumericLessThanEquals" => any(&|value, bound| number(value) <= number(bound)),
            other => panic!("{other} is new here"),
        }
    }
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

/// Whether the request is allowed.
///
/// # Errors
///
/// In IAM's words, but without the caller: which action on which resource, and by what it is refused.
pub fn allowed(statements: &[Statement], request: &Request) -> Result<(), String> {
    for resource in &request.on {
        let covering = |allows: bool| {
            let mut speaking = statements.iter().filter(|one| one.allows == allows);
            speaking.find(|one| one.covers(&request.action, resource))
        };
        let what = || format!("{} on {} {:?}", request.action, resource.arn, resource.keys);
        if let Some(denied) = covering(false) {
            return Err(format!("{}: an explicit deny ({})", what(), denied.sid));
        }
        if covering(true).is_none() {
            return Err(format!("{}: no statement allows it", what()));
        }
    }
    Ok(())
}

/// Whether a text fits a pattern with `*` (any text) and `?` (any character).
pub fn matches(pattern: &str, text: &str) -> bool {
    fn rest(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', after)), _) => {
                (0..=text.len()).any(|skipped| rest(after, &text[skipped..]))
            }
            (Some((b'?', after)), Some((_, text))) => rest(after, text),
            (Some((one, after)), Some((other, text))) => one == other && rest(after, text),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
    rest(pattern.as_bytes(), text.as_bytes())
}
