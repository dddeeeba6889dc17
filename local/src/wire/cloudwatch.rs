//! CloudWatch in its three protocols: rpc-v2-cbor, AWS JSON 1.0 and AWS Query XML.

use http::HeaderMap;
use serde_json::Value;

use super::{WireError, query::Params};
use crate::cloud::Cloud;

/// One request's protocol with its body.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// rpc-v2-cbor, as the Rust SDK speaks.
    Cbor(Value),
    /// AWS JSON 1.0, as boto3 speaks.
    Json(Value),
    /// AWS Query, as older clients speak.
    Query(Params),
}

impl Protocol {
    /// Reads a CBOR body.
    pub fn cbor(_body: &[u8]) -> Self {
        Self::Cbor(Value::Null)
    }

    /// The request as JSON, for the log of calls.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Cbor(body) | Self::Json(body) => body.clone(),
            Self::Query(params) => params.to_json(),
        }
    }

    /// Content type, body and further headers of a successful answer.
    pub fn encode(
        &self,
        _operation: &str,
        _value: &Value,
        _request_id: &str,
    ) -> (&'static str, Vec<u8>, HeaderMap) {
        ("application/cbor", Vec::new(), HeaderMap::new())
    }

    /// Content type, body and further headers of an error.
    pub fn encode_error(
        &self,
        _error: &WireError,
        _request_id: &str,
    ) -> (&'static str, Vec<u8>, HeaderMap) {
        ("application/cbor", Vec::new(), HeaderMap::new())
    }
}

/// Answers one operation.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(
    _cloud: &mut Cloud,
    operation: &str,
    _protocol: &Protocol,
) -> Result<Value, WireError> {
    Err(WireError {
        status: 400,
        code: "InvalidAction".to_owned(),
        message: operation.to_owned(),
    })
}
