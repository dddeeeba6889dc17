//! The Rust SDK over every operation of the embedded CloudWatch, in rpc-v2-cbor: what it sends is understood, what it reads is
//! there, and every refusal is the type that the SDK models.

mod alarms;
mod metrics;
mod rest;

use aws_sdk_cloudwatch::{
    Client,
    error::SdkError,
    types::{Dimension, Metric, MetricDatum, MetricStat, StandardUnit, StatisticSet},
};
use aws_smithy_types::DateTime;
use chrono::TimeDelta;
use clusterwarden_local::cloud::Parameters;
use clusterwarden_tests::SharedCloud;

const NAMESPACE: &str = "Shop";

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:reshard";

fn world() -> (SharedCloud, Client) {
    let parameters = Parameters {
        metric_delay: TimeDelta::zero(),
        ..Parameters::default()
    };
    let cloud = SharedCloud::empty(parameters);
    let client = Client::new(&cloud.sdk_config());
    (cloud, client)
}

/// So many minutes ago.
fn ago(cloud: &SharedCloud, minutes: i64) -> DateTime {
    DateTime::from_secs(cloud.lock().now().timestamp() - minutes * 60)
}

fn group() -> Dimension {
    Dimension::builder().name("Group").value("a & <b>").build()
}

fn load() -> MetricStat {
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .dimensions(group())
        .build();
    MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Maximum")
        .build()
}

async fn published() -> (SharedCloud, Client) {
    let (cloud, client) = world();
    let datum = || {
        MetricDatum::builder()
            .metric_name("Load")
            .dimensions(group())
            .unit(StandardUnit::Percent)
    };
    let set = StatisticSet::builder()
        .sample_count(4.0)
        .sum(200.0)
        .minimum(10.0)
        .maximum(90.0)
        .build();
    client
        .put_metric_data()
        .namespace(NAMESPACE)
        .metric_data(datum().timestamp(ago(&cloud, 6)).value(20.0).build())
        .metric_data(datum().timestamp(ago(&cloud, 5)).value(40.0).build())
        .metric_data(
            datum()
                .timestamp(ago(&cloud, 4))
                .statistic_values(set)
                .build(),
        )
        .metric_data(
            MetricDatum::builder()
                .metric_name("Counted")
                .dimensions(group())
                .timestamp(ago(&cloud, 4))
                .values(1.0)
                .values(5.0)
                .counts(3.0)
                .counts(1.0)
                .build(),
        )
        .send()
        .await
        .expect("published");
    (cloud, client)
}

/// The modelled error of a call that must be refused.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, SdkError<E>>) -> E {
    match answer {
        Err(SdkError::ServiceError(error)) => error.into_err(),
        other => panic!("not a refusal: {other:?}"),
    }
}
