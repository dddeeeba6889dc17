//! Lambda: the functions of a stack, to be looked at. Nothing here runs one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// All functions of the account in its Region.
#[derive(Debug, Default)]
pub struct Lambda {
    /// By name.
    pub functions: BTreeMap<String, Function>,
}

/// One function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// As `GetFunctionConfiguration` answers it (\[BC\]).
    pub configuration: Value,
    /// The statements of its resource policy; empty: it has none.
    pub statements: Vec<Value>,
    /// As `GetFunctionEventInvokeConfig` answers it; `None`: nobody configured asynchronous invocations.
    pub event_invoke: Option<Value>,
    /// `None`: nothing is reserved.
    pub reserved_concurrency: Option<i64>,
}

impl Lambda {
    /// The function of a name or an ARN.
    pub fn function(&self, name_or_arn: &str) -> Option<&Function> {
        self.functions.get(plain(name_or_arn))
    }

    /// The function of a name or an ARN, to change.
    pub fn function_mut(&mut self, name_or_arn: &str) -> Option<&mut Function> {
        self.functions.get_mut(plain(name_or_arn))
    }
}

impl Function {
    /// The policy's document, a JSON text inside the answer (\[BC\]). `None`: there is none.
    pub fn policy(&self) -> Option<String> {
        let policy =
            json!({ "Version": "2012-10-17", "Id": "default", "Statement": self.statements });
        (!self.statements.is_empty()).then(|| policy.to_string())
    }
}

/// The name in an ARN of a function, or the name itself.
fn plain(name_or_arn: &str) -> &str {
    let name = name_or_arn
        .split_once(":function:")
        .map_or(name_or_arn, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}
