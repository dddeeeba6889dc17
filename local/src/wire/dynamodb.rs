//! The wire format of dynamodb.
