//! Service Quotas over AWS JSON 1.1.

use serde_json::{Value, json};

use super::WireError;
use crate::cloud::{Cloud, arn::partition, quotas::Quota};

/// Answers one operation.
///
/// # Errors
///
/// The service's refusal.
pub(super) fn answer(cloud: &Cloud, operation: &str, body: &Value) -> Result<Value, WireError> {
    let defaults = match operation {
        "ListServiceQuotas" => false,
        "ListAWSDefaultServiceQuotas" => true,
        _ => {
            let text = format!("The embedded Service Quotas has no {operation}.");
            return Err(error("UnknownOperationException", &text));
        }
    };
    let Some(service) = body.get("ServiceCode").and_then(Value::as_str) else {
        return Err(error("IllegalArgumentException", "ServiceCode is missing"));
    };
    let listed: Vec<&Quota> = cloud
        .quotas
        .listed
        .iter()
        .filter(|quota| quota.service == service)
        .collect();
    if listed.is_empty() {
        let text = "The request failed because the specified service does not exist.";
        return Err(error("NoSuchResourceException", text));
    }
    // (BC ListServiceQuotas) "If the applied quota value is not available for a quota, the quota is not retrieved."
    let quotas = listed.into_iter().filter_map(|quota| {
        let value = if defaults {
            quota.default
        } else {
            quota.applied?
        };
        Some(shown(cloud, quota, value))
    });
    Ok(json!({ "Quotas": quotas.collect::<Vec<Value>>() }))
}

fn shown(cloud: &Cloud, quota: &Quota, value: f64) -> Value {
    let (service, code) = (&quota.service, &quota.code);
    let (partition, region) = (partition(&cloud.region), &cloud.region);
    let account = &cloud.account_id;
    json!({
        "ServiceCode": service,
        "ServiceName": "Amazon ElastiCache",
        "QuotaArn": format!("arn:{partition}:servicequotas:{region}:{account}:{service}/{code}"),
        "QuotaCode": code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
    })
}

fn error(code: &str, message: &str) -> WireError {
    WireError {
        status: 400,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
