//! Lambda over REST-JSON: the reads of a function's configuration. Nothing here changes or runs a function.

use axum::body::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::WireError;
use crate::cloud::{Cloud, lambda::Function};

/// The content type of every answer.
pub const CONTENT_TYPE: &str = "application/json";

/// Paths behind `/{date}/functions/{name}/` with their operations (\[BC\]).
const READS: [(&str, &str, &str); 4] = [
    ("2015-03-31", "configuration", "GetFunctionConfiguration"),
    ("2015-03-31", "policy", "GetPolicy"),
    (
        "2019-09-25",
        "event-invoke-config",
        "GetFunctionEventInvokeConfig",
    ),
    ("2019-09-30", "concurrency", "GetFunctionConcurrency"),
];

/// A request to Lambda: the operation, and the function's name or ARN as sent.
pub(super) fn route(request: &Request<Bytes>) -> Option<(&'static str, String)> {
    let path = request.uri().path().strip_prefix('/')?;
    let (date, path) = path.split_once('/')?;
    let (name, what) = path.strip_prefix("functions/")?.rsplit_once('/')?;
    let read = READS
        .iter()
        .find(|(one, path, _)| *one == date && *path == what);
    let operation = match read {
        Some((_, _, operation)) if request.method() == Method::GET => operation,
        Some(_) | None => return None,
    };
    Some((operation, super::percent::decoded(name)))
}

/// The parameters for the log of calls.
pub(super) fn to_json(name: &str) -> Value {
    json!({ "FunctionName": name })
}

/// Answers one operation.
///
/// # Errors
///
/// The service's refusal.
pub(super) fn answer(cloud: &Cloud, operation: &str, name: &str) -> Result<Value, WireError> {
    let function = cloud
        .lambda
        .function(name)
        .ok_or_else(|| not_found(cloud, name, "Function not found"))?;
    match operation {
        "GetFunctionConfiguration" => Ok(function.configuration.clone()),
        "GetPolicy" => {
            // The revision is the policy's own; here nothing changes it.
            let policy = function
                .policy()
                .ok_or_else(|| no_policy("The resource you requested does not exist."))?;
            let revision = "00000000-0000-4000-8000-000000000000";
            Ok(json!({ "Policy": policy, "RevisionId": revision }))
        }
        "GetFunctionEventInvokeConfig" => function.event_invoke.clone().ok_or_else(|| {
            // ASSUMED wording.
            let text = "The function has no EventInvokeConfig";
            not_found(cloud, name, text)
        }),
        "GetFunctionConcurrency" => Ok(concurrency(function)),
        _ => Err(no_policy("The embedded Lambda has no such operation.")),
    }
}

fn concurrency(function: &Function) -> Value {
    match function.reserved_concurrency {
        Some(reserved) => json!({ "ReservedConcurrentExecutions": reserved }),
        None => json!({}),
    }
}

fn not_found(cloud: &Cloud, name: &str, text: &str) -> WireError {
    let plain = name.rsplit_once(':').map_or(name, |(_, name)| name);
    no_policy(&format!(
        "{text}: arn:{}:lambda:{}:{}:function:{plain}",
        crate::cloud::arn::partition(&cloud.region),
        cloud.region,
        cloud.account_id
    ))
}

fn no_policy(text: &str) -> WireError {
    WireError {
        status: 404,
        code: "ResourceNotFoundException".to_owned(),
        message: text.to_owned(),
    }
}

/// An error as Lambda writes it; its code is in the header `x-amzn-errortype`.
pub(super) fn error_body(error: &WireError) -> Value {
    let kind = if error.status < 500 {
        "User"
    } else {
        "Service"
    };
    json!({ "Type": kind, "Message": error.message })
}
