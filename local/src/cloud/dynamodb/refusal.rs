//! Why DynamoDB refuses a request.

use super::Item;

/// A refusal as clients see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The exception's name.
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// The item that failed a condition, if the client asked for it.
    pub item: Option<Item>,
}

impl Refusal {
    /// The request is not well formed or not allowed.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A condition does not hold. The item comes along; the wire drops it unless the client asked for it.
    pub fn condition(item: Option<Item>) -> Self {
        Self {
            item,
            ..Self::new(
                "ConditionalCheckFailedException",
                "The conditional request failed",
            )
        }
    }

    /// A refusal of this name.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            item: None,
        }
    }
}
