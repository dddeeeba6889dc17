//! Labels: what is kept of an event, and how it serializes.

use chrono::TimeDelta;
use serde_json::json;

use super::*;
use crate::cluster::ReplicationGroupId;

fn record(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message.to_string()}}]})
}

#[test]
fn an_alarm_leaves_a_compact_label() {
    let event = json!({
        "source": "aws.cloudwatch",
        "alarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-engine-cpu-high",
        "alarmData": {
            "alarmName": "orders-engine-cpu-high",
            "state": {"value": "ALARM", "timestamp": "2026-11-20T10:05:41.213+0000", "reason": "…"},
            "previousState": {"value": "OK"},
            "configuration": {"metrics": [
                {"metricStat": {"metric": {"dimensions": {"ReplicationGroupId": "orders", "Role": "Primary"}}}},
            ]},
        },
    });
    let trigger = Trigger::read(&event);
    let label = json!({
        "kind": "alarm",
        "name": "orders-engine-cpu-high",
        "arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-engine-cpu-high",
        "state": "ALARM",
        "previous": "OK",
        "at": "2026-11-20T10:05:41.213Z",
        "via": "direct",
        "alarm_kind": "metric",
        "resources": ["orders"],
    });
    assert_eq!(serde_json::to_value(&trigger).unwrap(), label);
    assert_eq!(
        trigger.sentence(),
        "alarm orders-engine-cpu-high went to ALARM (direct)"
    );
}

#[test]
fn the_kind_of_an_alarm_is_told_apart_over_every_route() {
    let direct = |configuration: Value| json!({"alarmData": {"alarmName": "a", "configuration": configuration}});
    let sns = |mut extra: Value| {
        extra["AlarmName"] = json!("a");
        extra["NewStateValue"] = json!("ALARM");
        record(&extra)
    };
    for (event, expected) in [
        (
            direct(json!({"metrics": [{"metricStat": {}}]})),
            AlarmKind::Metric,
        ),
        (
            direct(json!({"metrics": [{"metricStat": {}}, {"expression": "m1 * 2"}]})),
            AlarmKind::MetricMath,
        ),
        (
            direct(
                json!({"metrics": [{"expression": "ANOMALY_DETECTION_BAND(m1, 2)"}, {"metricStat": {}}]}),
            ),
            AlarmKind::AnomalyDetection,
        ),
        (
            direct(json!({"alarmRule": "ALARM(b)"})),
            AlarmKind::Composite,
        ),
        (direct(json!({})), AlarmKind::Unknown),
        (
            sns(json!({"Trigger": {"MetricName": "m"}})),
            AlarmKind::Metric,
        ),
        (
            sns(json!({"Trigger": {"Metrics": [{"Expression": "m1 * 2"}]}})),
            AlarmKind::MetricMath,
        ),
        (
            sns(json!({"Trigger": {"Metrics": [{"Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}]}})),
            AlarmKind::AnomalyDetection,
        ),
        (sns(json!({"AlarmRule": "ALARM(b)"})), AlarmKind::Composite),
        (sns(json!({})), AlarmKind::Unknown),
    ] {
        let Trigger::Alarm(alarm) = Trigger::read(&event) else {
            panic!("{event} is no alarm");
        };
        assert_eq!(alarm.kind, expected, "{event}");
    }
}

#[test]
fn an_unreadable_time_costs_only_the_time() {
    let scheduled = |time: &str| {
        json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": time, "detail": {},
            "resources": ["arn:aws:events:eu-west-1:123456789012:rule/reconcile"]})
    };
    let schedule = |at: Option<&str>| Trigger::Schedule {
        name: Some("reconcile".into()),
        at: at.map(|at| at.parse().unwrap()),
    };
    let read = |time: &str| Trigger::read(&scheduled(time));
    assert_eq!(read("soon"), schedule(None));
    assert_eq!(
        read("2026-11-20T10:00:00Z"),
        schedule(Some("2026-11-20T10:00:00Z"))
    );
    assert_eq!(
        read("2026-11-20T10:00:00.000+0000"),
        schedule(Some("2026-11-20T10:00:00Z"))
    );
}

#[test]
fn a_request_is_not_taken_from_a_topic() {
    let trigger = Trigger::read(&record(&json!({"request": {"failover": {}}})));
    assert!(
        matches!(trigger, Trigger::Notification { event: None, .. }),
        "{trigger:?}"
    );
}

#[test]
fn a_request_keeps_its_body_out_of_the_label() {
    let body = json!({"from": "orders-0001-001", "expires": "2026-11-20T11:00:00Z",
        "requested_by": "jana", "note": "n"});
    let trigger = Trigger::read(&json!({"request": {"failover": body}}));
    let label = json!({
        "kind": "request",
        "request": "failover",
        "expires": "2026-11-20T11:00:00Z",
        "requested_by": "jana",
        "resources": ["orders-0001-001"],
    });
    assert_eq!(serde_json::to_value(&trigger).unwrap(), label);
    assert!(matches!(trigger, Trigger::Request(request) if request.body == body));
}

#[test]
fn a_request_expires_at_its_instant_and_at_once_if_nobody_can_read_it() {
    let end: DateTime<Utc> = "2026-11-20T11:00:00Z".parse().unwrap();
    let request = |expires: Value| Request::read(&json!({"failover": {"expires": expires}}));
    let dated = request(json!("2026-11-20T11:00:00Z"));
    assert!(!dated.has_expired(end - TimeDelta::milliseconds(1)));
    assert!(dated.has_expired(end));
    assert!(request(json!("in an hour")).has_expired(DateTime::UNIX_EPOCH));
    assert_eq!(request(Value::Null).expires, Expiry::NotGiven);
}

#[test]
fn a_request_that_asks_for_two_things_or_for_nothing_is_of_no_kind() {
    for body in [
        json!({"failover": {}, "reshard": {}}),
        json!({"failover": "orders"}),
        json!({}),
        json!(null),
    ] {
        assert_eq!(Request::read(&body).kind, None, "{body}");
    }
}

#[test]
fn a_node_is_of_its_group_only() {
    let mentions = |id: &str, group: &str| {
        let event = record(&json!({"ElastiCache:FailoverComplete": id}));
        Trigger::read(&event).mentions(&ReplicationGroupId::new(group))
    };
    for id in ["orders", "ORDERS", "orders-0001-001", "orders-001"] {
        assert!(mentions(id, "orders"), "{id}");
    }
    for id in [
        "orders-archive",
        "orders-0001",
        "orders-0001-001-001",
        "orders-0001-",
        "reorders",
        "orders2",
        "-001",
    ] {
        assert!(!mentions(id, "orders"), "{id}");
    }
    assert!(mentions("orders-archive-0001-001", "orders-archive"));
}

#[test]
fn the_groups_own_id_in_a_service_update_is_a_hint_beside_the_node() {
    let message = json!({"ElastiCache:ServiceUpdateAvailableForNode": "n-0001-001", "Replication Group ID": "orders"});
    let trigger = Trigger::read(&record(&message));
    assert_eq!(trigger.hints(), ["orders", "n-0001-001"]);
}
