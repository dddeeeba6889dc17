//! The wire: AWS Query, rpc-v2-cbor and JSON in, the embedded AWS's answers out; over HTTP and in process.

mod auto_scaling;
pub mod cloudwatch;
pub mod dynamodb;
pub mod elasticache;
mod form;
pub mod http_server;
pub mod iam;
pub mod lambda;
pub mod neptune;
mod percent;
pub mod query;
mod quotas;
pub mod sns;
pub mod xml;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::cloud::{Call, Cloud, Fault};
use query::Params;

/// A service's error as a client sees it, whatever the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// HTTP status.
    pub status: u16,
    /// Wire code, such as `InvalidReplicationGroupState`.
    pub code: String,
    /// Message text.
    pub message: String,
}

/// What a service answers: a body in its protocol, or an error.
pub type Answer = Result<String, WireError>;

/// A request, sorted by service and protocol.
enum Routed {
    /// AWS Query over XML, ElastiCache.
    ElastiCache(Params),
    /// AWS Query over XML, Neptune and what shares its control plane.
    Neptune(Params),
    /// CloudWatch in one of its three protocols.
    CloudWatch(cloudwatch::Protocol),
    /// AWS JSON 1.0, DynamoDB.
    DynamoDb(Value),
    /// AWS Query over XML, IAM.
    Iam(Params),
    /// AWS Query over XML, SNS.
    Sns(Params),
    /// REST-JSON, Lambda: the function's name or ARN.
    Lambda(String),
    /// AWS JSON 1.1, Service Quotas.
    Quotas(Value),
    /// AWS JSON 1.1, Application Auto Scaling.
    AutoScaling(Value),
}

/// The content type of answers in AWS JSON 1.1.
const JSON_1_1: &str = "application/x-amz-json-1.1";

/// Answers one request, or `None` when a fault swallowed the answer (the connection must then end without one).
///
/// Every answer carries the virtual time as its `date` header, as AWS's answers carry AWS's time.
pub fn answer(cloud: &mut Cloud, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let request_id = format!("00000000-0000-4000-8000-{:012}", cloud.calls.len() + 1);
    let Some((service, operation, routed)) = route(request) else {
        let text = "No such service here: send AWS Query, rpc-v2-cbor, REST-JSON or AWS JSON for ElastiCache, Neptune, CloudWatch or DynamoDB, or one of the reads of Lambda, IAM, SNS, Service Quotas and Application Auto Scaling.";
        return Some(respond(
            404,
            "text/plain",
            text.as_bytes().to_vec(),
            &request_id,
            cloud.now(),
            HeaderMap::new(),
        ));
    };
    let parameters = match &routed {
        Routed::ElastiCache(params)
        | Routed::Neptune(params)
        | Routed::Iam(params)
        | Routed::Sns(params) => params.to_json(),
        Routed::CloudWatch(protocol) => protocol.to_json(),
        Routed::DynamoDb(body) | Routed::Quotas(body) | Routed::AutoScaling(body) => body.clone(),
        Routed::Lambda(name) => lambda::to_json(name),
    };
    cloud.advance(cloud.parameters.answer_time);
    let at = cloud.now();
    let fault = cloud.faults.take(&operation);
    let (response, error_code) = match fault {
        Some(Fault::LoseRequest) => (None, None),
        Some(Fault::Error {
            status,
            code,
            message,
        }) => {
            let error = WireError {
                status,
                code,
                message,
            };
            let code = error.code.clone();
            (Some(refuse(&routed, &error, &request_id, at)), Some(code))
        }
        None | Some(Fault::LoseAnswer) => {
            let (response, code) = serve(cloud, &operation, &routed, &request_id);
            (
                if fault.is_none() {
                    Some(response)
                } else {
                    None
                },
                code,
            )
        }
    };
    let status = response.as_ref().map(|response| response.status().as_u16());
    cloud.calls.push(Call {
        at,
        service,
        operation,
        parameters,
        status,
        error_code,
    });
    response
}

fn route(request: &Request<Bytes>) -> Option<(&'static str, String, Routed)> {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    if let Some((service, operation)) = target.and_then(|target| target.split_once('.')) {
        let body = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        return if service.starts_with("DynamoDB_") {
            Some(("dynamodb", operation.to_owned(), Routed::DynamoDb(body)))
        } else if service.starts_with("GraniteServiceVersion") {
            let protocol = cloudwatch::Protocol::Json(body);
            Some((
                "monitoring",
                operation.to_owned(),
                Routed::CloudWatch(protocol),
            ))
        } else if service.starts_with("ServiceQuotasV") {
            Some(("servicequotas", operation.to_owned(), Routed::Quotas(body)))
        } else if service == "AnyScaleFrontendService" {
            let routed = Routed::AutoScaling(body);
            Some(("application-autoscaling", operation.to_owned(), routed))
        } else {
            None
        };
    }
    if let Some((operation, name)) = lambda::route(request) {
        return Some(("lambda", operation.to_owned(), Routed::Lambda(name)));
    }
    if let Some(rest) = request
        .uri()
        .path()
        .strip_prefix("/service/GraniteServiceVersion20100801/operation/")
    {
        let protocol = cloudwatch::Protocol::cbor(request.body());
        return Some(("monitoring", rest.to_owned(), Routed::CloudWatch(protocol)));
    }
    let form = if request.body().is_empty() {
        Params::parse(request.uri().query().unwrap_or_default().as_bytes())
    } else {
        Params::parse(request.body())
    };
    let operation = form.get("Action")?.to_owned();
    match form.get("Version") {
        Some("2015-02-02") => Some(("elasticache", operation, Routed::ElastiCache(form))),
        Some("2014-10-31") => Some(("rds", operation, Routed::Neptune(form))),
        Some("2010-05-08") => Some(("iam", operation, Routed::Iam(form))),
        Some("2010-03-31") => Some(("sns", operation, Routed::Sns(form))),
        Some("2010-08-01") => Some((
            "monitoring",
            operation,
            Routed::CloudWatch(cloudwatch::Protocol::Query(form)),
        )),
        _ => None,
    }
}

fn serve(
    cloud: &mut Cloud,
    operation: &str,
    routed: &Routed,
    request_id: &str,
) -> (Response<Bytes>, Option<String>) {
    let at = cloud.now();
    let outcome = match routed {
        Routed::ElastiCache(params) => elasticache::answer(cloud, operation, params)
            .map(|result| respond_xml(elasticache::XMLNS, operation, result, request_id, at)),
        Routed::Neptune(params) => neptune::answer(cloud, operation, params)
            .map(|result| respond_xml(neptune::XMLNS, operation, result, request_id, at)),
        Routed::CloudWatch(protocol) => {
            cloudwatch::answer(cloud, operation, protocol).map(|value| {
                let (content_type, body, headers) = protocol.encode(operation, &value, request_id);
                respond(200, content_type, body, request_id, at, headers)
            })
        }
        Routed::DynamoDb(body) => {
            // Answered here because a refusal's body may carry an item, which a `WireError` cannot.
            let (status, body, code) = match dynamodb::answer(cloud, operation, body) {
                Ok(value) => (200, value, None),
                Err(refused) => (refused.status(), refused.body(), Some(refused.code())),
            };
            let response = respond(
                status,
                dynamodb::CONTENT_TYPE,
                body.to_string().into_bytes(),
                request_id,
                at,
                HeaderMap::new(),
            );
            return (response, code);
        }
        Routed::Iam(params) => iam::answer(cloud, operation, params)
            .map(|result| respond_xml(iam::XMLNS, operation, result, request_id, at)),
        Routed::Sns(params) => sns::answer(cloud, operation, params)
            .map(|result| respond_xml(sns::XMLNS, operation, result, request_id, at)),
        Routed::Lambda(name) => lambda::answer(cloud, operation, name)
            .map(|value| respond_json(lambda::CONTENT_TYPE, &value, request_id, at)),
        Routed::Quotas(body) => quotas::answer(cloud, operation, body)
            .map(|value| respond_json(JSON_1_1, &value, request_id, at)),
        Routed::AutoScaling(body) => auto_scaling::answer(cloud, operation, body)
            .map(|value| respond_json(JSON_1_1, &value, request_id, at)),
    };
    match outcome {
        Ok(response) => (response, None),
        Err(error) => (refuse(routed, &error, request_id, at), Some(error.code)),
    }
}

fn refuse(
    routed: &Routed,
    error: &WireError,
    request_id: &str,
    at: DateTime<Utc>,
) -> Response<Bytes> {
    match routed {
        Routed::ElastiCache(_) => refuse_xml(elasticache::XMLNS, error, request_id, at),
        Routed::Neptune(_) => refuse_xml(neptune::XMLNS, error, request_id, at),
        Routed::Iam(_) => refuse_xml(iam::XMLNS, error, request_id, at),
        Routed::Sns(_) => refuse_xml(sns::XMLNS, error, request_id, at),
        Routed::Lambda(_) => {
            let body = lambda::error_body(error).to_string().into_bytes();
            let mut headers = HeaderMap::new();
            if let Ok(code) = error.code.parse() {
                headers.insert("x-amzn-errortype", code);
            }
            let kind = lambda::CONTENT_TYPE;
            respond(error.status, kind, body, request_id, at, headers)
        }
        Routed::Quotas(_) | Routed::AutoScaling(_) => {
            let body = json!({ "__type": error.code, "message": error.message });
            let body = body.to_string().into_bytes();
            respond(
                error.status,
                JSON_1_1,
                body,
                request_id,
                at,
                HeaderMap::new(),
            )
        }
        Routed::CloudWatch(protocol) => {
            let (content_type, body, headers) = protocol.encode_error(error, request_id);
            respond(error.status, content_type, body, request_id, at, headers)
        }
        Routed::DynamoDb(_) => {
            let body = dynamodb::error_body(error);
            respond(
                error.status,
                dynamodb::CONTENT_TYPE,
                body.to_string().into_bytes(),
                request_id,
                at,
                HeaderMap::new(),
            )
        }
    }
}

fn respond_json(
    content_type: &'static str,
    value: &Value,
    request_id: &str,
    at: DateTime<Utc>,
) -> Response<Bytes> {
    let body = value.to_string().into_bytes();
    respond(200, content_type, body, request_id, at, HeaderMap::new())
}

fn respond_xml(
    xmlns: &str,
    operation: &str,
    result: Vec<xml::Element>,
    request_id: &str,
    at: DateTime<Utc>,
) -> Response<Bytes> {
    let body = xml::response(xmlns, operation, result, request_id).into_bytes();
    respond(200, "text/xml", body, request_id, at, HeaderMap::new())
}

fn refuse_xml(
    xmlns: &str,
    error: &WireError,
    request_id: &str,
    at: DateTime<Utc>,
) -> Response<Bytes> {
    let sender = error.status < 500;
    let body = xml::error(xmlns, sender, &error.code, &error.message, request_id).into_bytes();
    respond(
        error.status,
        "text/xml",
        body,
        request_id,
        at,
        HeaderMap::new(),
    )
}

fn respond(
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    request_id: &str,
    at: DateTime<Utc>,
    more: HeaderMap,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    for (name, text) in [
        ("date", http_date(at)),
        ("x-amzn-requestid", request_id.to_owned()),
    ] {
        if let Ok(value) = text.parse() {
            headers.insert(name, value);
        }
    }
    headers.extend(more);
    response
}

/// A time as HTTP spells it: `Mon, 23 Nov 2026 22:45:00 GMT`.
fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests;
