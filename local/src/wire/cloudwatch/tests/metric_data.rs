//! `GetMetricData` in three protocols and in pages.

use super::*;
use crate::cloud::cloudwatch::DataStatus;

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
