//! Requests that are refused, and how each protocol says so.

use super::{super::Protocol, *};

#[test]
fn an_error_has_the_code_of_its_protocol() {
    let mut cloud = cloud();
    let body = json!({ "AlarmName": "none", "StateValue": "OK", "StateReason": "x" });
    let response = over_json(&mut cloud, "SetAlarmState", body);
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.headers()["x-amzn-query-error"],
        "ResourceNotFound;Sender"
    );
    let response = over_json(&mut cloud, "PutMetricData", json!({ "MetricData": [] }));
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(
        body["__type"],
        "com.amazonaws.cloudwatch#MissingRequiredParameterException"
    );
    assert_eq!(
        response.headers()["x-amzn-query-error"],
        "MissingParameter;Sender"
    );
    let response = over_cbor(&mut cloud, "PutMetricData", hex("bfff"));
    let tree = cbor::decode(response.body()).expect("CBOR");
    assert_eq!(
        tree.get("__type"),
        Some(&Tree::from(
            "com.amazonaws.cloudwatch#MissingRequiredParameterException"
        ))
    );
    let (status, text) = over_query(&mut cloud, "Action=PutMetricData");
    assert_eq!(status, 400);
    assert!(
        text.contains("<Type>Sender</Type><Code>MissingParameter</Code>"),
        "{text}"
    );
}

#[test]
fn wrong_requests_are_refused_by_name() {
    let mut cloud = cloud();
    ok(&mut cloud, "PutMetricAlarm", alarm("hot"));
    let with = |changes: Value| {
        let mut body = alarm("new");
        for (key, value) in changes.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    let query = &metric_data()["MetricDataQueries"][0];
    let names: Vec<String> = (0..101).map(|number| format!("a{number}")).collect();
    let many: Vec<&Value> = std::iter::repeat_n(query, 501).collect();
    let datum = |datum: Value| json!({ "Namespace": "App", "MetricData": [datum] });
    for (operation, body, code) in [
        (
            "PutMetricAlarm",
            with(json!({ "Metrics": [query] })),
            "InvalidParameterCombination",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "ExtendedStatistic": "p99" })),
            "InvalidParameterCombination",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "Threshold": null })),
            "ValidationError",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "Threshold": "80" })),
            "SerializationException",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "EvaluationPeriods": 2000 })),
            "ValidationError",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "TreatMissingData": "zero" })),
            "ValidationError",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "AlarmActions": ["me"] })),
            "ValidationError",
        ),
        (
            "PutMetricAlarm",
            with(json!({ "ThresholdMetricId": "ad1" })),
            "InvalidParameterValue",
        ),
        (
            "PutCompositeAlarm",
            json!({ "AlarmName": "c", "AlarmRule": "ALARM(" }),
            "ValidationError",
        ),
        (
            "PutCompositeAlarm",
            json!({ "AlarmName": "c", "AlarmRule": "ALARM(gone)" }),
            "ValidationError",
        ),
        (
            "DescribeAlarms",
            json!({ "AlarmNames": names }),
            "ValidationError",
        ),
        (
            "DescribeAlarms",
            json!({ "MaxRecords": 101 }),
            "ValidationError",
        ),
        (
            "DescribeAlarms",
            json!({ "AlarmNames": ["a"], "AlarmNamePrefix": "a" }),
            "ValidationError",
        ),
        (
            "DeleteAlarms",
            json!({ "AlarmNames": ["hot", "gone"] }),
            "ResourceNotFound",
        ),
        (
            "SetAlarmState",
            json!({ "AlarmName": "hot", "StateValue": "BAD", "StateReason": "" }),
            "ValidationError",
        ),
        (
            "SetAlarmState",
            json!({ "AlarmName": "hot", "StateValue": "OK", "StateReason": "", "StateReasonData": "{" }),
            "InvalidFormat",
        ),
        (
            "GetMetricData",
            json!({ "MetricDataQueries": many, "StartTime": 0, "EndTime": 1 }),
            "ValidationError",
        ),
        (
            "GetMetricData",
            json!({ "MetricDataQueries": [query], "StartTime": 1, "EndTime": 1 }),
            "ValidationError",
        ),
        (
            "PutMetricData",
            datum(json!({ "MetricName": "m" })),
            "MissingParameter",
        ),
        (
            "PutMetricData",
            datum(json!({ "MetricName": "m", "Value": 1, "Values": [1] })),
            "InvalidParameterCombination",
        ),
        (
            "PutMetricData",
            datum(json!({ "MetricName": "m", "Value": "NaN" })),
            "InvalidParameterValue",
        ),
        (
            "PutMetricData",
            datum(json!({ "MetricName": "m", "Value": 1, "Timestamp": 0 })),
            "InvalidParameterValue",
        ),
        (
            "PutMetricData",
            datum(json!({ "MetricName": "m", "Values": [1, 2], "Counts": [1] })),
            "InvalidParameterValue",
        ),
        (
            "GetAlarmMuteRule",
            json!({ "AlarmMuteRuleName": "none" }),
            "ResourceNotFoundException",
        ),
        ("PutDashboard", json!({}), "InvalidAction"),
    ] {
        assert_eq!(
            refused(&mut cloud, operation, body.clone()),
            code,
            "{operation} {body}"
        );
    }
    assert!(
        cloud.cloudwatch.alarm("hot").is_some(),
        "a failed deletion deletes nothing"
    );
}

#[test]
fn numbers_as_text_are_for_query_only() {
    let json = Protocol::Json(json!({ "MaxRecords": "1" }));
    assert!(super::super::answer(&mut cloud(), "DescribeAlarms", &json).is_err());
    let (status, _) = over_query(&mut cloud(), "Action=DescribeAlarms&MaxRecords=1");
    assert_eq!(status, 200);
}
