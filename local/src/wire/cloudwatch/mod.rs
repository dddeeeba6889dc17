//! CloudWatch in its three protocols: rpc-v2-cbor, AWS JSON 1.0 and AWS Query XML.

mod alarms;
mod cbor;
mod describe;
mod form;
mod input;
mod json;
mod metric_data;
mod metrics;
mod mute;
mod paging;
mod queries;
mod tags;
#[cfg(test)]
mod tests;
mod tree;

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{WireError, query::Params, xml, xml::Element};
use crate::cloud::{Cloud, cloudwatch::Refusal};
use input::Input;
pub use tree::{Structure, Tree};

/// The namespace of every XML answer.
pub const XMLNS: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// One request's protocol with its body.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// rpc-v2-cbor, as the Rust SDK speaks. [`Tree::Null`]: the body was no CBOR.
    Cbor(Tree),
    /// AWS JSON 1.0, as boto3 speaks. Null: the body was no JSON.
    Json(Value),
    /// AWS Query, as older clients speak.
    Query(Params),
}

impl Protocol {
    /// Reads a CBOR body.
    pub fn cbor(body: &[u8]) -> Self {
        Self::Cbor(cbor::decode(body).unwrap_or(Tree::Null))
    }

    /// The request as JSON, for the log of calls.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Cbor(body) => json::to_json(body),
            Self::Json(body) => body.clone(),
            Self::Query(params) => params.to_json(),
        }
    }

    fn tree(&self) -> Tree {
        match self {
            Self::Cbor(body) => body.clone(),
            Self::Json(body) => json::from_json(body),
            Self::Query(params) => form::from_form(params),
        }
    }

    /// Content type, body and further headers of a successful answer. [`Tree::Null`]: the operation has no output.
    pub fn encode(
        &self,
        operation: &str,
        value: &Tree,
        request_id: &str,
    ) -> (&'static str, Vec<u8>, HeaderMap) {
        match self {
            Self::Cbor(_) if *value == Tree::Null => {
                (CBOR, cbor::encode(&Tree::Map(Vec::new())), cbor_headers())
            }
            Self::Cbor(_) => (CBOR, cbor::encode(value), cbor_headers()),
            Self::Json(_) => {
                let body = if *value == Tree::Null {
                    json!({})
                } else {
                    json::to_json(value)
                };
                (JSON, body.to_string().into_bytes(), HeaderMap::new())
            }
            Self::Query(_) => {
                let mut response = Element::new(&format!("{operation}Response"));
                if *value != Tree::Null {
                    let result =
                        Element::list(&format!("{operation}Result"), form::elements(value));
                    response = response.child(result);
                }
                let metadata = Element::new("ResponseMetadata").with("RequestId", request_id);
                let body = response.child(metadata).render(XMLNS);
                (XML, body.into_bytes(), HeaderMap::new())
            }
        }
    }

    /// Content type, body and further headers of an error. CBOR and JSON name the model's shape in the body and the
    /// older Query code in a header, which wins with clients that know both.
    pub fn encode_error(
        &self,
        error: &WireError,
        request_id: &str,
    ) -> (&'static str, Vec<u8>, HeaderMap) {
        let sender = error.status < 500;
        let name = format!("com.amazonaws.cloudwatch#{}", shape(&error.code));
        match self {
            Self::Cbor(_) => {
                let body = Structure::new()
                    .with("__type", name)
                    .with("message", error.message.as_str());
                let mut headers = cbor_headers();
                query_error(&mut headers, error, sender);
                (CBOR, cbor::encode(&body.into()), headers)
            }
            Self::Json(_) => {
                let body = json!({ "__type": name, "message": error.message });
                let mut headers = HeaderMap::new();
                query_error(&mut headers, error, sender);
                (JSON, body.to_string().into_bytes(), headers)
            }
            Self::Query(_) => {
                let body = xml::error(XMLNS, sender, &error.code, &error.message, request_id);
                (XML, body.into_bytes(), HeaderMap::new())
            }
        }
    }
}

const CBOR: &str = "application/cbor";
const JSON: &str = "application/x-amz-json-1.0";
const XML: &str = "text/xml";

fn cbor_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    headers
}

fn query_error(headers: &mut HeaderMap, error: &WireError, sender: bool) {
    let fault = if sender { "Sender" } else { "Receiver" };
    if let Ok(value) = format!("{};{fault}", error.code).parse() {
        headers.insert("x-amzn-query-error", value);
    }
}

/// The model's shape of a Query code. (BC cloudwatch service-2.json, `error.code`)
fn shape(code: &str) -> &str {
    match code {
        "InvalidParameterValue" => "InvalidParameterValueException",
        "InvalidParameterCombination" => "InvalidParameterCombinationException",
        "MissingParameter" => "MissingRequiredParameterException",
        "LimitExceeded" => "LimitExceededFault",
        "InvalidFormat" => "InvalidFormatFault",
        "InternalServiceError" => "InternalServiceFault",
        other => other,
    }
}

impl From<Refusal> for WireError {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status(),
            code: refusal.code().to_owned(),
            message: refusal.to_string(),
        }
    }
}

/// Answers one operation. [`Tree::Null`]: it succeeded and has no output.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(cloud: &mut Cloud, operation: &str, protocol: &Protocol) -> Result<Tree, WireError> {
    let tree = match protocol.tree() {
        // A Query request without parameters is an empty structure like any other.
        Tree::Form(_) => Tree::Map(Vec::new()),
        tree @ Tree::Map(_) => tree,
        Tree::Null
        | Tree::Bool(_)
        | Tree::Integer(_)
        | Tree::Float(_)
        | Tree::Text(_)
        | Tree::Time(_)
        | Tree::List(_)
        | Tree::Dictionary(_) => {
            return Err(WireError {
                status: 400,
                code: "SerializationException".to_owned(),
                message: "The request's body is not well formed.".to_owned(),
            });
        }
    };
    let input = Input(&tree);
    match operation {
        "PutMetricAlarm" => alarms::put_metric_alarm(cloud, input),
        "PutCompositeAlarm" => alarms::put_composite_alarm(cloud, input),
        "DeleteAlarms" => alarms::delete_alarms(cloud, input),
        "EnableAlarmActions" => alarms::switch_actions(cloud, input, true),
        "DisableAlarmActions" => alarms::switch_actions(cloud, input, false),
        "SetAlarmState" => alarms::set_alarm_state(cloud, input),
        "DescribeAlarms" => describe::describe_alarms(cloud, input),
        "DescribeAlarmsForMetric" => describe::describe_alarms_for_metric(cloud, input),
        "DescribeAlarmHistory" => describe::describe_alarm_history(cloud, input),
        "PutMetricData" => metrics::put_metric_data(cloud, input),
        "GetMetricStatistics" => metrics::get_metric_statistics(cloud, input),
        "ListMetrics" => metrics::list_metrics(cloud, input),
        "GetMetricData" => metric_data::get_metric_data(cloud, input),
        "PutAlarmMuteRule" => mute::put_alarm_mute_rule(cloud, input),
        "GetAlarmMuteRule" => mute::get_alarm_mute_rule(cloud, input),
        "ListAlarmMuteRules" => mute::list_alarm_mute_rules(cloud, input),
        "DeleteAlarmMuteRule" => mute::delete_alarm_mute_rule(cloud, input),
        "ListTagsForResource" => tags::list_tags_for_resource(cloud, input),
        "TagResource" => tags::tag_resource(cloud, input),
        "UntagResource" => tags::untag_resource(cloud, input),
        other => Err(WireError {
            status: 400,
            code: "InvalidAction".to_owned(),
            message: format!("Could not find operation {other} for version 2010-08-01"),
        }),
    }
}
