//! DynamoDB as its clients meet it.
