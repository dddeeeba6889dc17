//! The same answers in three protocols.

mod metric_data;
mod refusals;

use axum::body::Bytes;
use chrono::TimeDelta;
use http::{Request, Response};
use serde_json::{Value, json};

use super::{Tree, cbor, json as json_body};
use crate::{
    cloud::{Cloud, Parameters},
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
