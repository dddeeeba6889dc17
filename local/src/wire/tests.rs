//! Facts about every call, whatever the service.

use chrono::TimeDelta;

use super::*;
use crate::cloud::Parameters;

#[test]
fn time_passes_before_each_answer_where_the_parameters_say_so() {
    let start: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
    let parameters = Parameters {
        answer_time: TimeDelta::seconds(7),
        ..Parameters::default()
    };
    let mut cloud = Cloud::new(start, parameters);
    for calls in 1..=3 {
        let request = Request::post("/")
            .body(Bytes::from_static(
                b"Action=DescribeDBClusters&Version=2014-10-31",
            ))
            .unwrap();
        let response = answer(&mut cloud, &request).unwrap();
        let now = start + TimeDelta::seconds(7 * calls);
        assert_eq!((cloud.now(), cloud.calls.last().unwrap().at), (now, now));
        assert_eq!(response.headers()["date"], http_date(now));
    }
    assert!(cloud.calls.iter().all(|call| call.service == "rds"));
}
