//! IAM: the roles of a stack, to be looked at. Nobody's permissions are judged here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// All roles of the account.
#[derive(Debug, Default)]
pub struct Iam {
    /// By name.
    pub roles: BTreeMap<String, Role>,
}

/// One role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Who may take it.
    pub trust: Value,
    /// Documents of inline policies, by name.
    pub inline: BTreeMap<String, Value>,
    /// ARNs of managed policies.
    pub attached: Vec<String>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
}
