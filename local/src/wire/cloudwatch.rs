//! The wire format of cloudwatch.
