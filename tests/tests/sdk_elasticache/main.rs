//! The Rust SDK over every operation of the embedded ElastiCache: what it sends is understood, what it reads is there, and
//! every refusal is the type that the SDK models.

mod failing_over;
mod groups;
mod reading;
mod resharding;

use aws_sdk_elasticache::{Client, error::SdkError, types::ReplicationGroup};
use clusterwarden_local::cloud::{Parameters, elasticache::GroupSpec};
use clusterwarden_tests::SharedCloud;

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

fn world() -> (SharedCloud, Client) {
    let cloud = SharedCloud::empty(Parameters::default());
    let client = Client::new(&cloud.sdk_config());
    (cloud, client)
}

fn seeded(shards: u32, replicas: u32) -> (SharedCloud, Client) {
    let (cloud, client) = world();
    seed(&cloud, "orders", shards, replicas);
    (cloud, client)
}

fn seed(cloud: &SharedCloud, id: &str, shards: u32, replicas: u32) {
    let mut cloud = cloud.lock();
    let now = cloud.now();
    let spec = GroupSpec {
        id: id.to_owned(),
        shards,
        replicas_per_shard: replicas,
        multi_az: replicas > 0,
        automatic_failover: replicas > 0,
        ..GroupSpec::default()
    };
    cloud.elasticache.seed_group(spec, now);
}

async fn describe(client: &Client, id: &str) -> ReplicationGroup {
    let answer = client
        .describe_replication_groups()
        .replication_group_id(id)
        .send()
        .await;
    answer
        .expect("the group")
        .replication_groups()
        .first()
        .expect("one group")
        .clone()
}

fn ids(group: &ReplicationGroup) -> Vec<&str> {
    group
        .node_groups()
        .iter()
        .filter_map(|shard| shard.node_group_id())
        .collect()
}

fn slots(group: &ReplicationGroup) -> u32 {
    let spelled = group.node_groups().iter().filter_map(|shard| shard.slots());
    spelled
        .map(|slots| clusterwarden::cluster::count_slots(slots).expect("slots"))
        .sum()
}

/// The modelled error of a call that must be refused.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, SdkError<E>>) -> E {
    match answer {
        Err(SdkError::ServiceError(error)) => error.into_err(),
        other => panic!("not a refusal: {other:?}"),
    }
}
