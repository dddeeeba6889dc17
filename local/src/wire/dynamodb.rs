//! DynamoDB over AWS JSON 1.0.

use serde_json::{Value, json};

use super::WireError;
use crate::cloud::Cloud;

/// The content type of every answer.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// Answers one operation.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(_cloud: &mut Cloud, operation: &str, _body: &Value) -> Result<Value, WireError> {
    Err(WireError {
        status: 400,
        code: "UnknownOperationException".to_owned(),
        message: operation.to_owned(),
    })
}

/// An error as DynamoDB writes it.
pub fn error_body(error: &WireError) -> Value {
    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{}", error.code), "message": error.message })
}
