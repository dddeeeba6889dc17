//! EventBridge events: alarms, schedules, API calls that CloudTrail saw, databases, serverless caches.

use serde_json::Value;

use super::envelope::Event;
use super::text::{at, clip, clipped_at, resources, text_at, time_at};
use super::{AlarmTransition, Route, Trigger, alarm, unrecognized};

/// Reads an EventBridge event.
pub(super) fn read(event: &Event) -> Trigger {
    match (event.source.as_str(), event.detail_type.as_str()) {
        (
            "aws.cloudwatch",
            "CloudWatch Alarm State Change" | "CloudWatch Alarm Contributor State Change",
        ) => {
            let arn = event.resources.first().map(String::as_str);
            AlarmTransition::read(&event.detail, arn, Route::EventBridge)
                .map_or_else(|| unrecognized("an alarm without a name"), Trigger::Alarm)
        }
        ("aws.cloudwatch", "CloudWatch Alarm Configuration Change") => read_configuration(event),
        ("aws.events" | "aws.scheduler", "Scheduled Event") => Trigger::Schedule {
            name: event.resources.first().map(|arn| clip(schedule_name(arn))),
            at: event.time,
        },
        (_, "AWS API Call via CloudTrail") => read_api_call(event),
        ("aws.rds" | "aws.neptune", _) => Trigger::DatabaseEvent {
            event_id: clipped_at(&event.detail, &["EventID"]),
            source: clipped_at(&event.detail, &["SourceIdentifier"]),
            message: clipped_at(&event.detail, &["Message"]),
            at: time_at(&event.detail, &["Date"]).or(event.time),
            via: Route::EventBridge,
        },
        ("aws.elasticache", name) => Trigger::ServerlessCacheEvent {
            event: clip(name),
            cache: clipped_at(&event.detail, &["SourceIdentifier"]),
            at: event.time,
        },
        (source, name) => unrecognized(&format!(
            "an EventBridge event \"{name}\" from \"{source}\""
        )),
    }
}

fn read_configuration(event: &Event) -> Trigger {
    let arn = event.resources.first();
    let name = text_at(&event.detail, &["alarmName"]).or_else(|| alarm::name_in(arn?));
    match name {
        Some(name) => Trigger::AlarmConfigurationChange {
            name: clip(name),
            operation: clipped_at(&event.detail, &["operation"]),
            at: time_at(&event.detail, &["configuration", "timestamp"]).or(event.time),
        },
        None => unrecognized("an alarm without a name"),
    }
}

/// `…:rule/NAME`, `…:rule/BUS/NAME`, `…:schedule/GROUP/NAME`: what follows the kind.
fn schedule_name(arn: &str) -> &str {
    arn.split_once(":rule/")
        .or_else(|| arn.split_once(":schedule/"))
        .map_or(arn, |(_, name)| name)
}

fn read_api_call(event: &Event) -> Trigger {
    let detail = &event.detail;
    let parameters = at(detail, &["requestParameters"]).and_then(Value::as_object);
    let group = clipped_at(detail, &["requestParameters", "replicationGroupId"]);
    let mut resources = parameters.map(resources).unwrap_or_default();
    resources.retain(|id| Some(id) != group.as_ref());
    Trigger::ApiCall {
        event_name: clipped_at(detail, &["eventName"]).unwrap_or_else(|| "unnamed call".to_owned()),
        actor: clipped_at(detail, &["userIdentity", "arn"]),
        replication_group: group,
        resources,
        error_code: clipped_at(detail, &["errorCode"]),
        read_only: at(detail, &["readOnly"]).and_then(Value::as_bool),
        at: time_at(detail, &["eventTime"]).or(event.time),
    }
}
