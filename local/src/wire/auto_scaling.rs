//! Application Auto Scaling over AWS JSON 1.1: what is registered.

use serde_json::{Value, json};

use super::WireError;
use crate::cloud::{Cloud, arn::partition};

/// Answers one operation.
///
/// # Errors
///
/// The service's refusal.
pub(super) fn answer(cloud: &Cloud, operation: &str, body: &Value) -> Result<Value, WireError> {
    let refused = |code: &str, message: String| WireError {
        status: 400,
        code: code.to_owned(),
        message,
    };
    if operation != "DescribeScalableTargets" {
        let text = format!("The embedded Application Auto Scaling has no {operation}.");
        return Err(refused("UnknownOperationException", text));
    }
    let Some(namespace) = body.get("ServiceNamespace").and_then(Value::as_str) else {
        let text = "1 validation error detected: Value null at 'serviceNamespace' failed to satisfy constraint: Member must not be null";
        return Err(refused("ValidationException", text.to_owned()));
    };
    let wanted = body.get("ResourceIds").and_then(Value::as_array);
    let dimension = body.get("ScalableDimension").and_then(Value::as_str);
    let account = &cloud.account_id;
    let role = format!(
        "arn:{}:iam::{account}:role/aws-service-role/elasticache.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ElastiCacheRG",
        partition(&cloud.region)
    );
    let targets: Vec<Value> = cloud
        .auto_scaling
        .targets
        .iter()
        .filter(|target| target.namespace == namespace)
        .filter(|target| {
            wanted.is_none_or(|ids| ids.is_empty() || ids.contains(&json!(target.resource)))
        })
        .filter(|target| dimension.is_none_or(|dimension| target.dimension == dimension))
        .map(|target| {
            json!({
                "ServiceNamespace": target.namespace,
                "ResourceId": target.resource,
                "ScalableDimension": target.dimension,
                "MinCapacity": target.min,
                "MaxCapacity": target.max,
                "RoleARN": role,
                "CreationTime": target.created.timestamp(),
                "SuspendedState": {
                    "DynamicScalingInSuspended": false,
                    "DynamicScalingOutSuspended": false,
                    "ScheduledScalingSuspended": false,
                },
            })
        })
        .collect();
    Ok(json!({ "ScalableTargets": targets }))
}
