//! DynamoDB: tables of items, with the conditions that the journal uses.

/// All tables of the account.
#[derive(Debug)]
pub struct DynamoDb {}

impl DynamoDb {
    /// No tables yet.
    pub fn new(_account_id: &str, _region: &str) -> Self {
        Self {}
    }
}
