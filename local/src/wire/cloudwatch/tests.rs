//! The same answers in three protocols.

use axum::body::Bytes;
use chrono::TimeDelta;
use http::{Request, Response};
use serde_json::{Value, json};

use super::{Protocol, Tree, cbor, json as json_body};
use crate::{
    cloud::{Cloud, Parameters, cloudwatch::DataStatus},
    wire,
};

fn cloud() -> Cloud {
    let start = "2026-11-20T10:00:00.250Z".parse().expect("a time");
    let parameters = Parameters {
        metric_delay: TimeDelta::zero(),
        ..Parameters::default()
    };
    Cloud::new(start, parameters)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|place| u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).expect("hex"))
        .collect()
}

fn over_json(cloud: &mut Cloud, operation: &str, body: Value) -> Response<Bytes> {
    let request = Request::post("/")
        .header(
            "x-amz-target",
            format!("GraniteServiceVersion20100801.{operation}"),
        )
        .body(Bytes::from(body.to_string()))
        .expect("a request");
    wire::answer(cloud, &request).expect("an answer")
}

fn over_cbor(cloud: &mut Cloud, operation: &str, body: Vec<u8>) -> Response<Bytes> {
    let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
    let request = Request::post(path)
        .body(Bytes::from(body))
        .expect("a request");
    wire::answer(cloud, &request).expect("an answer")
}

fn over_query(cloud: &mut Cloud, form: &str) -> (u16, String) {
    let body = Bytes::from(format!("{form}&Version=2010-08-01"));
    let request = Request::post("/").body(body).expect("a request");
    let response = wire::answer(cloud, &request).expect("an answer");
    let text = String::from_utf8(response.body().to_vec()).expect("text");
    (response.status().as_u16(), text)
}

fn ok(cloud: &mut Cloud, operation: &str, body: Value) -> Value {
    let response = over_json(cloud, operation, body);
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(response.status(), 200, "{operation}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The older code that the header names.
fn refused(cloud: &mut Cloud, operation: &str, body: Value) -> String {
    let response = over_json(cloud, operation, body);
    let header = response
        .headers()
        .get("x-amzn-query-error")
        .unwrap_or_else(|| panic!("{operation} was not refused"));
    header
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a code")
        .to_owned()
}

fn alarm(name: &str) -> Value {
    json!({
        "AlarmName": name, "MetricName": "EngineCPUUtilization", "Namespace": "AWS/ElastiCache",
        "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 80,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{ "Name": "ReplicationGroupId", "Value": "orders" }],
    })
}

#[test]
fn the_captured_cbor_request_is_understood() {
    let body =
        hex("bf6a416c61726d4e616d65738161616a416c61726d5479706573816b4d6574726963416c61726dff");
    let mut cloud = cloud();
    ok(&mut cloud, "PutMetricAlarm", alarm("a"));
    ok(&mut cloud, "PutMetricAlarm", alarm("b"));
    let response = over_cbor(&mut cloud, "DescribeAlarms", body);
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
    let tree = cbor::decode(response.body()).expect("CBOR");
    let Some(Tree::List(found)) = tree.get("MetricAlarms") else {
        panic!("no list: {tree:?}");
    };
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].get("AlarmName"), Some(&Tree::from("a")));
}

#[test]
fn describe_alarms_says_the_same_in_three_protocols() {
    let mut cloud = cloud();
    ok(&mut cloud, "PutMetricAlarm", alarm("hot"));
    let from_json = ok(&mut cloud, "DescribeAlarms", json!({}));
    let from_cbor = over_cbor(&mut cloud, "DescribeAlarms", hex("bfff"));
    let tree = cbor::decode(from_cbor.body()).expect("CBOR");
    assert_eq!(json_body::to_json(&tree), from_json);
    let shown = &from_json["MetricAlarms"][0];
    assert_eq!(shown["StateUpdatedTimestamp"], 1_795_168_800.25);
    assert_eq!(shown["Threshold"], 80.0);
    assert_eq!(shown["StateValue"], "INSUFFICIENT_DATA");
    let (status, text) = over_query(&mut cloud, "Action=DescribeAlarms&AlarmNames.member.1=hot");
    assert_eq!(status, 200);
    for part in [
        "<DescribeAlarmsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><DescribeAlarmsResult>",
        "<MetricAlarms><member><AlarmName>hot</AlarmName>",
        "<Threshold>80.0</Threshold>",
        "<Dimensions><member><Name>ReplicationGroupId</Name><Value>orders</Value></member></Dimensions>",
        "<StateUpdatedTimestamp>2026-11-20T10:00:00.250Z</StateUpdatedTimestamp>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_query_request_defines_the_alarm_that_a_json_request_would() {
    let mut cloud = cloud();
    ok(&mut cloud, "PutMetricAlarm", alarm("hot"));
    let form = "Action=PutMetricAlarm&AlarmName=form&MetricName=EngineCPUUtilization&Namespace=AWS%2FElastiCache\
        &Statistic=Maximum&Period=60&EvaluationPeriods=1&Threshold=80.0&ComparisonOperator=GreaterThanThreshold\
        &Dimensions.member.1.Name=ReplicationGroupId&Dimensions.member.1.Value=orders&ActionsEnabled=true&OKActions=";
    let (status, text) = over_query(&mut cloud, form);
    assert_eq!(status, 200, "{text}");
    assert!(text.starts_with("<PutMetricAlarmResponse") && !text.contains("Result>"));
    let kinds: Vec<_> = cloud
        .cloudwatch
        .all_alarms()
        .map(|alarm| alarm.definition.kind.clone())
        .collect();
    assert_eq!(kinds[0], kinds[1]);
}

fn put_minutes(cloud: &mut Cloud, minutes: u32) {
    for minute in 0..minutes {
        let at = cloud.now() + TimeDelta::minutes(minute.into());
        let group = [("ReplicationGroupId", "orders")];
        let value = f64::from(minute);
        cloud.cloudwatch.put_datum(
            "AWS/ElastiCache",
            "EngineCPUUtilization",
            &group,
            at,
            value,
            "Percent",
        );
    }
    cloud.advance(TimeDelta::minutes(minutes.into()));
}

fn metric_data() -> Value {
    json!({
        "StartTime": 1_795_168_800, "EndTime": 1_795_169_400,
        "MetricDataQueries": [
            { "Id": "m1", "ReturnData": false, "MetricStat": {
                "Metric": { "Namespace": "AWS/ElastiCache", "MetricName": "EngineCPUUtilization",
                    "Dimensions": [{ "Name": "ReplicationGroupId", "Value": "orders" }] },
                "Period": 60, "Stat": "Maximum" } },
            { "Id": "e1", "Expression": "m1 * 2", "Label": "double" },
        ],
    })
}

#[test]
fn get_metric_data_says_the_same_in_three_protocols() {
    let mut cloud = cloud();
    put_minutes(&mut cloud, 3);
    let from_json = ok(&mut cloud, "GetMetricData", metric_data());
    let result = &from_json["MetricDataResults"][0];
    assert_eq!(result["Values"], json!([4.0, 2.0, 0.0]));
    assert_eq!(result["Timestamps"][2], 1_795_168_800);
    assert_eq!(
        (&result["Label"], &result["StatusCode"]),
        (&json!("double"), &json!("Complete"))
    );
    let mut body = json_body::from_json(&metric_data());
    if let Tree::Map(members) = &mut body {
        for (key, value) in members {
            if let ("StartTime" | "EndTime", Tree::Integer(at)) = (key.as_str(), &*value) {
                *value = Tree::Time(chrono::DateTime::from_timestamp(*at, 0).expect("a time"));
            }
        }
    }
    let from_cbor = over_cbor(&mut cloud, "GetMetricData", cbor::encode(&body));
    let tree = cbor::decode(from_cbor.body()).expect("CBOR");
    assert_eq!(json_body::to_json(&tree), from_json);
    let (_, text) = over_query(
        &mut cloud,
        "Action=GetMetricData&StartTime=2026-11-20T10%3A00%3A00Z&EndTime=2026-11-20T10%3A10%3A00Z\
         &MetricDataQueries.member.1.Id=m1&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS%2FElastiCache\
         &MetricDataQueries.member.1.MetricStat.Metric.MetricName=EngineCPUUtilization\
         &MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=ReplicationGroupId\
         &MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=orders\
         &MetricDataQueries.member.1.MetricStat.Period=60&MetricDataQueries.member.1.MetricStat.Stat=Maximum\
         &MetricDataQueries.member.1.ReturnData=false\
         &MetricDataQueries.member.2.Id=e1&MetricDataQueries.member.2.Expression=m1*2&ScanBy=TimestampAscending",
    );
    assert!(
        text.contains(
            "<Values><member>0.0</member><member>2.0</member><member>4.0</member></Values>"
        ),
        "{text}"
    );
    assert!(
        text.contains("<Timestamps><member>2026-11-20T10:00:00.000Z</member>"),
        "{text}"
    );
}

#[test]
fn pages_of_metric_data_join_to_the_whole() {
    let mut cloud = cloud();
    put_minutes(&mut cloud, 5);
    let whole = ok(&mut cloud, "GetMetricData", metric_data());
    let mut request = metric_data();
    request["MaxDatapoints"] = json!(2);
    let (mut values, mut statuses) = (Vec::new(), Vec::new());
    loop {
        let page = ok(&mut cloud, "GetMetricData", request.clone());
        let result = &page["MetricDataResults"][0];
        values.extend(result["Values"].as_array().expect("a list").clone());
        statuses.push(result["StatusCode"].clone());
        match page.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(
        Value::Array(values),
        whole["MetricDataResults"][0]["Values"]
    );
    assert_eq!(statuses, ["PartialData", "PartialData", "Complete"]);
}

#[test]
fn a_forced_status_holds_for_one_call() {
    let mut cloud = cloud();
    put_minutes(&mut cloud, 4);
    for (status, values) in [
        (DataStatus::PartialData, 2),
        (DataStatus::InternalError, 0),
        (DataStatus::Forbidden, 0),
    ] {
        cloud.cloudwatch.force_status(status);
        let answer = ok(&mut cloud, "GetMetricData", metric_data());
        let result = &answer["MetricDataResults"][0];
        assert_eq!(result["StatusCode"], status.name());
        assert_eq!(result["Values"].as_array().map(Vec::len), Some(values));
        let answer = ok(&mut cloud, "GetMetricData", metric_data());
        assert_eq!(answer["MetricDataResults"][0]["StatusCode"], "Complete");
    }
}

#[test]
fn pages_of_alarms_join_to_the_whole_and_foreign_tokens_are_refused() {
    let mut cloud = cloud();
    for number in 0..5 {
        ok(
            &mut cloud,
            "PutMetricAlarm",
            alarm(&format!("hot-{number}")),
        );
    }
    let composite = json!({ "AlarmName": "all", "AlarmRule": "ALARM(hot-0)" });
    ok(&mut cloud, "PutCompositeAlarm", composite);
    let mut request = json!({ "MaxRecords": 2, "AlarmNamePrefix": "hot" });
    let mut names = Vec::new();
    loop {
        let page = ok(&mut cloud, "DescribeAlarms", request.clone());
        let alarms = page["MetricAlarms"].as_array().expect("a list").clone();
        names.extend(alarms.iter().map(|alarm| alarm["AlarmName"].clone()));
        match page.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(names, ["hot-0", "hot-1", "hot-2", "hot-3", "hot-4"]);
    let both = json!({ "AlarmTypes": ["CompositeAlarm"] });
    let page = ok(&mut cloud, "DescribeAlarms", both);
    assert_eq!(page["CompositeAlarms"][0]["AlarmName"], "all");
    assert_eq!(page["MetricAlarms"], json!([]));
    let token = json!({ "NextToken": "bm8=" });
    assert_eq!(
        refused(&mut cloud, "DescribeAlarms", token),
        "InvalidNextToken"
    );
}

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
    assert!(super::answer(&mut cloud(), "DescribeAlarms", &json).is_err());
    let (status, _) = over_query(&mut cloud(), "Action=DescribeAlarms&MaxRecords=1");
    assert_eq!(status, 200);
}

#[test]
fn set_alarm_state_delivers_at_once_and_history_tells_all() {
    let mut cloud = cloud();
    let mut body = alarm("hot");
    body["AlarmActions"] = json!(["arn:aws:lambda:us-east-1:123456789012:function:f"]);
    ok(&mut cloud, "PutMetricAlarm", body);
    let set = json!({ "AlarmName": "hot", "StateValue": "ALARM", "StateReason": "drill" });
    ok(&mut cloud, "SetAlarmState", set.clone());
    let sent = cloud.take_deliveries();
    assert_eq!(sent.len(), 1);
    assert!(
        sent[0].event["alarmData"]["state"]
            .get("reasonData")
            .is_none()
    );
    ok(&mut cloud, "SetAlarmState", set);
    assert_eq!(cloud.take_deliveries(), []);
    let ask = json!({ "AlarmName": "hot", "ScanBy": "TimestampAscending" });
    let history = ok(&mut cloud, "DescribeAlarmHistory", ask);
    let kinds: Vec<&Value> = history["AlarmHistoryItems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["HistoryItemType"])
        .collect();
    assert_eq!(kinds, ["ConfigurationUpdate", "StateUpdate", "Action"]);
}

#[test]
fn statistics_and_listings_follow_what_was_put() {
    let mut cloud = cloud();
    let at = cloud.now().timestamp();
    let data = json!({ "Namespace": "App", "MetricData": [
        { "MetricName": "m", "Timestamp": at, "Values": [1.0, 3.0], "Counts": [3, 1], "Unit": "Count",
          "Dimensions": [{ "Name": "d", "Value": "x" }] },
        { "MetricName": "m", "Timestamp": at, "StatisticValues":
          { "SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6 } },
    ] });
    ok(&mut cloud, "PutMetricData", data);
    cloud.advance(TimeDelta::minutes(1));
    let ask = json!({ "Namespace": "App", "MetricName": "m", "Period": 60,
        "StartTime": at, "EndTime": at + 60, "Dimensions": [{ "Name": "d", "Value": "x" }],
        "Statistics": ["Average", "SampleCount", "Maximum"], "ExtendedStatistics": ["p50"] });
    let answer = ok(&mut cloud, "GetMetricStatistics", ask);
    assert_eq!(
        answer["Datapoints"],
        json!([{ "Timestamp": 1_795_168_800, "Average": 1.5, "SampleCount": 4.0, "Maximum": 3.0,
                 "Unit": "Count", "ExtendedStatistics": { "p50": 1.0 } }])
    );
    let filter = json!({ "Namespace": "App", "Dimensions": [{ "Name": "d" }] });
    let listed = ok(&mut cloud, "ListMetrics", filter);
    assert_eq!(listed["Metrics"].as_array().map(Vec::len), Some(1));
    let listed = ok(&mut cloud, "ListMetrics", json!({ "Namespace": "App" }));
    assert_eq!(listed["Metrics"].as_array().map(Vec::len), Some(2));
}
