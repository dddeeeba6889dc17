//! Metrics: published, listed, read back, computed and paged.

use aws_sdk_cloudwatch::{
    error::ProvideErrorMetadata,
    types::{
        DimensionFilter, Metric, MetricDataQuery, MetricDatum, MetricStat, RecentlyActive, ScanBy,
        StandardUnit, Statistic, StatusCode,
    },
};
use aws_smithy_types::DateTime;
use clusterwarden_local::cloud::cloudwatch::DataStatus;

use crate::*;

#[tokio::test]
async fn published_metrics_are_listed_and_read_back() {
    let (cloud, client) = published().await;
    let listed = client
        .list_metrics()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .recently_active(RecentlyActive::Pt3H)
        .send()
        .await;
    let listed = listed.expect("a list");
    assert_eq!(
        listed.metrics(),
        [Metric::builder()
            .namespace(NAMESPACE)
            .metric_name("Load")
            .dimensions(group())
            .build()]
    );
    let by_dimension = client
        .list_metrics()
        .dimensions(DimensionFilter::builder().name("Group").build())
        .send()
        .await;
    assert_eq!(by_dimension.expect("a list").metrics().len(), 2);

    let statistics = client
        .get_metric_statistics()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .dimensions(group())
        .period(60)
        .start_time(ago(&cloud, 10))
        .end_time(ago(&cloud, 0));
    let wanted = [
        Statistic::SampleCount,
        Statistic::Average,
        Statistic::Sum,
        Statistic::Minimum,
        Statistic::Maximum,
    ];
    let points = statistics
        .clone()
        .set_statistics(Some(wanted.to_vec()))
        .send()
        .await
        .expect("points");
    let last = points
        .datapoints()
        .iter()
        .max_by_key(|point| point.timestamp().map(DateTime::secs))
        .expect("a point");
    assert_eq!(points.datapoints().len(), 3);
    assert_eq!(
        (last.sample_count(), last.average(), last.sum()),
        (Some(4.0), Some(50.0), Some(200.0))
    );
    assert_eq!(
        (last.minimum(), last.maximum(), last.unit()),
        (Some(10.0), Some(90.0), Some(&StandardUnit::Percent))
    );
    let counted = statistics
        .clone()
        .metric_name("Counted")
        .extended_statistics("p90")
        .send()
        .await
        .expect("points");
    assert!(
        counted.datapoints()[0]
            .extended_statistics()
            .is_some_and(|all| all.contains_key("p90"))
    );
    let nothing = statistics
        .clone()
        .metric_name("Absent")
        .statistics(Statistic::Sum)
        .send()
        .await
        .expect("no points");
    assert!(nothing.datapoints().is_empty());
    let wrong = refusal(statistics.send().await);
    assert!(
        wrong.is_invalid_parameter_combination_exception()
            || wrong.is_missing_required_parameter_exception()
            || wrong.is_invalid_parameter_value_exception(),
        "{wrong:?}"
    );

    let future = MetricDatum::builder()
        .metric_name("Load")
        .timestamp(ago(&cloud, -3 * 24 * 60))
        .value(1.0)
        .build();
    let future = client
        .put_metric_data()
        .namespace(NAMESPACE)
        .metric_data(future)
        .send()
        .await;
    assert!(refusal(future).is_invalid_parameter_value_exception());
    let active = client
        .list_metrics()
        .recently_active(RecentlyActive::from("PT9H"))
        .send()
        .await;
    assert!(refusal(active).is_invalid_parameter_value_exception());
}

#[tokio::test]
async fn metric_data_is_computed_paged_and_says_how_complete_it_is() {
    let (cloud, client) = published().await;
    let query = |id: &str| MetricDataQuery::builder().id(id);
    let ask = || {
        client
            .get_metric_data()
            .start_time(ago(&cloud, 10))
            .end_time(ago(&cloud, 0))
    };
    let absent = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name("Absent")
        .build();
    let answer = ask()
        .scan_by(ScanBy::TimestampAscending)
        .metric_data_queries(query("load").metric_stat(load()).label("hottest").build())
        .metric_data_queries(query("half").expression("load / 2").build())
        .metric_data_queries(
            query("unseen")
                .metric_stat(load())
                .return_data(false)
                .build(),
        )
        .metric_data_queries(
            query("nothing")
                .metric_stat(
                    MetricStat::builder()
                        .metric(absent)
                        .period(60)
                        .stat("Sum")
                        .build(),
                )
                .build(),
        )
        .send()
        .await
        .expect("data");
    let result = |id: &str| {
        answer
            .metric_data_results()
            .iter()
            .find(|one| one.id() == Some(id))
    };
    let hottest = result("load").expect("a result");
    assert_eq!(
        (hottest.label(), hottest.values()),
        (Some("hottest"), &[20.0, 40.0, 90.0][..])
    );
    assert_eq!(
        hottest.timestamps(),
        [ago(&cloud, 6), ago(&cloud, 5), ago(&cloud, 4)]
    );
    assert_eq!(hottest.status_code(), Some(&StatusCode::Complete));
    assert_eq!(
        result("half").expect("a result").values(),
        [10.0, 20.0, 45.0]
    );
    assert_eq!(
        result("nothing").expect("a result").values(),
        [] as [f64; 0]
    );
    assert!(result("unseen").is_none());

    let mut pages = ask()
        .metric_data_queries(query("load").metric_stat(load()).build())
        .max_datapoints(1)
        .into_paginator()
        .send();
    let (mut values, mut statuses) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        for result in page.expect("a page").metric_data_results() {
            values.extend_from_slice(result.values());
            statuses.extend(result.status_code().cloned());
        }
    }
    assert_eq!(
        values,
        [90.0, 40.0, 20.0],
        "newest first unless asked otherwise"
    );
    assert_eq!(statuses.last(), Some(&StatusCode::Complete));
    assert!(statuses.contains(&StatusCode::PartialData), "{statuses:?}");

    for (status, code) in [
        (DataStatus::PartialData, StatusCode::PartialData),
        (DataStatus::InternalError, StatusCode::InternalError),
        (DataStatus::Forbidden, StatusCode::Forbidden),
    ] {
        cloud.lock().cloudwatch.force_status(status);
        let answer = ask()
            .metric_data_queries(query("load").metric_stat(load()).build())
            .send()
            .await
            .expect("data");
        let result = &answer.metric_data_results()[0];
        assert_eq!(result.status_code(), Some(&code));
        assert!(result.values().len() < 3);
    }

    let token = ask()
        .metric_data_queries(query("load").metric_stat(load()).build())
        .next_token("nonsense")
        .send()
        .await;
    assert!(refusal(token).is_invalid_next_token());
    let unknown = ask()
        .metric_data_queries(query("x").expression("absent + 1").build())
        .send()
        .await;
    assert_eq!(refusal(unknown).code(), Some("ValidationError"));
    let backwards = ask()
        .end_time(ago(&cloud, 20))
        .metric_data_queries(query("load").metric_stat(load()).build())
        .send()
        .await;
    assert!(refusal(backwards).code().is_some());
}
