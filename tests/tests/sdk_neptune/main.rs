//! The Rust SDK over every operation of the embedded Neptune: what it sends is understood, what it reads is there, and
//! every refusal is the type that the SDK models.

mod failing_over;
mod lifecycle;
mod reading;

use aws_sdk_neptune::{
    Client,
    error::SdkError,
    types::{DbCluster, Filter},
};
use chrono::TimeDelta;
use clusterwarden_local::cloud::{Parameters, neptune::DbClusterSpec};
use clusterwarden_tests::SharedCloud;

/// An account with the Neptune cluster `graph` (writer `graph-w`, readers `graph-r1` and `graph-r2`), whose events are
/// visible at once.
fn seeded() -> (SharedCloud, Client) {
    let parameters = Parameters {
        event_delay: TimeDelta::zero(),
        ..Parameters::default()
    };
    let cloud = SharedCloud::empty(parameters);
    seed(&cloud, DbClusterSpec::default());
    let client = Client::new(&cloud.sdk_config());
    (cloud, client)
}

fn seed(cloud: &SharedCloud, spec: DbClusterSpec) {
    let mut cloud = cloud.lock();
    let now = cloud.now();
    cloud.neptune.seed_cluster(spec, now);
}

async fn describe(client: &Client, id: &str) -> DbCluster {
    let call = client.describe_db_clusters().db_cluster_identifier(id);
    let answer = call.send().await.expect("the cluster");
    answer.db_clusters().first().expect("one cluster").clone()
}

fn writers(cluster: &DbCluster) -> Vec<&str> {
    let members = cluster.db_cluster_members().iter();
    members
        .filter(|member| member.is_cluster_writer() == Some(true))
        .filter_map(|member| member.db_instance_identifier())
        .collect()
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// The modelled error of a call that must be refused.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, SdkError<E>>) -> E {
    match answer {
        Err(SdkError::ServiceError(error)) => error.into_err(),
        other => panic!("not a refusal: {other:?}"),
    }
}
