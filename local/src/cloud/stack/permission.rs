//! Statements of a function's resource policy, as Lambda writes what it was told to permit.

use serde_json::{Map, Value, json};

/// What `AWS::Lambda::Permission` says.
#[derive(Debug, Default)]
pub(super) struct Permission {
    pub(super) sid: String,
    pub(super) function: String,
    pub(super) action: String,
    pub(super) principal: String,
    pub(super) source_account: Option<String>,
    pub(super) source_arn: Option<String>,
}

impl Permission {
    /// As `GetPolicy` shows it (the shape is that of answers in Lambda's developer guide, "Resource-based policies").
    pub(super) fn statement(&self) -> Value {
        let mut conditions = Map::new();
        if let Some(account) = &self.source_account {
            let tests = json!({ "AWS:SourceAccount": account });
            conditions.insert("StringEquals".to_owned(), tests);
        }
        if let Some(arn) = &self.source_arn {
            let tests = json!({ "AWS:SourceArn": arn });
            conditions.insert("ArnLike".to_owned(), tests);
        }
        let mut statement = json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Principal": { "Service": self.principal },
            "Action": self.action,
            "Resource": self.function,
        });
        if let (Some(statement), false) = (statement.as_object_mut(), conditions.is_empty()) {
            statement.insert("Condition".to_owned(), Value::Object(conditions));
        }
        statement
    }
}
