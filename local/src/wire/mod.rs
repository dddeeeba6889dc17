//! The wire: AWS Query, rpc-v2-cbor and JSON in, the embedded AWS's answers out; over HTTP and in process.

pub mod cloudwatch;
pub mod dynamodb;
pub mod elasticache;
pub mod http_server;

use axum::body::Bytes;

use crate::cloud::Cloud;

/// Answers one request, or `None` when a fault swallowed the answer (the connection must then end without one).
pub fn answer(
    _cloud: &mut Cloud,
    _request: &http::Request<Bytes>,
) -> Option<http::Response<Bytes>> {
    None
}
