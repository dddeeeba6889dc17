//! The functions that force failovers, in worlds that together make each ask all that it ever asks: drills from their call to
//! their report, evacuations by an alarm, announced replacements, requests, a tag that pauses.

use chrono::TimeDelta;
use clusterwarden::record::{Mode, Outcome};
use clusterwarden_local::cloud::{
    Parameters,
    elasticache::{ClusterMode, GroupSpec},
    neptune::DbClusterSpec,
};
use clusterwarden_tests::{
    failovers::{Failovers, Function, record},
    fixture::scheduled,
    iam::Request,
};
use serde_json::{Value, json};

const SHARDS: &str =
    "version = 1\n[[failover_shard]]\nreplication_group = \"orders\"\napply = \"all\"\n";
const CLUSTERS: &str =
    "version = 1\n[[failover_db_cluster]]\ndb_cluster = \"graph\"\napply = \"all\"\n";
const PROMOTIONS: &str =
    "version = 1\n[[promote_replica]]\nreplication_group = \"orders\"\napply = \"all\"\n";

fn drilled(policy: &str, section: &str) -> String {
    format!(
        "{policy}[{section}.drill]\nevery_days = 30\ntime_zone = \"UTC\"\nfrom = \"00:00\"\nto = \"24:00\"\n"
    )
}

fn evacuated(policy: &str, section: &str) -> String {
    format!("{policy}[{section}.alarms]\nevacuate = [\"sick\"]\n")
}

/// A world whose only target, `orders` or `graph`, CloudWatch has known for a quarter of an hour.
fn world(function: Function, policy: &str) -> Failovers {
    let world = Failovers::new(Parameters::default(), policy);
    match function {
        Function::Shard => world.add_group(GroupSpec::default()),
        Function::Promote => world.add_group(GroupSpec {
            shards: 1,
            replicas_per_shard: 2,
            cluster_mode: ClusterMode::Disabled,
            automatic_failover: false,
            multi_az: false,
            ..GroupSpec::default()
        }),
        Function::DbCluster => world.add_cluster(DbClusterSpec::default()),
    }
    world.cloud.advance(15);
    world
}

/// A pass every five minutes.
async fn wakes(world: &Failovers, function: Function, mode: Mode, minutes: i64) -> Vec<Request> {
    for _ in 0..minutes / 5 {
        world.cloud.advance(5);
        let report = world.pass(function, mode, &scheduled()).await;
        assert_eq!(report.failures, Vec::<String>::new());
    }
    world.cloud.take_asked()
}

/// A drill from its call to its report. In plan mode there is none to begin: one of apply mode is reported.
async fn drill(function: Function, mode: Mode, policy: &str, target: &str) -> Vec<Request> {
    let world = world(function, policy);
    let begun = world.wake(function).await;
    assert_eq!(
        record(&begun, target).outcome,
        Outcome::Switched,
        "{begun:?}"
    );
    if mode == Mode::Plan {
        world.cloud.take_asked();
    }
    let asked = wakes(&world, function, mode, 40).await;
    let key = if function == Function::DbCluster {
        "db-cluster:graph"
    } else {
        target
    };
    assert_eq!(world.journal(key).drills.len(), 1, "not reported");
    asked
}

/// An alarm on whoever leads.
async fn evacuation(
    function: Function,
    mode: Mode,
    policy: &str,
    of: &[(&str, &str)],
) -> Vec<Request> {
    let world = world(function, policy);
    world.add_alarm("sick", of);
    world.set_alarm("sick", "ALARM");
    wakes(&world, function, mode, 20).await
}

/// A person's request; a second time on a target that is paused by its tag.
async fn request(
    function: Function,
    mode: Mode,
    policy: &str,
    body: &Value,
    tag: (&str, &str),
) -> Vec<Request> {
    let mut asked = Vec::new();
    for paused in [false, true] {
        let world = world(function, policy);
        if paused {
            world.query(tag.0, tag.1);
        }
        let event = json!({ "request": { "failover": body } });
        let report = world.pass(function, mode, &event).await;
        let outcome = &report.records[0].outcome;
        let wanted = match (paused, mode) {
            (true, _) => Outcome::Held,
            (false, Mode::Plan) => Outcome::Planned,
            (false, Mode::Apply) => Outcome::Switched,
        };
        assert_eq!(outcome, &wanted, "{}", report.records[0].line());
        asked.extend(world.cloud.take_asked());
    }
    asked
}

const GROUP_TAG: (&str, &str) = (
    "2015-02-02",
    "Action=AddTagsToResource&ResourceName=arn:aws:elasticache:us-east-1:123456789012:replicationgroup:orders\
     &Tags.Tag.1.Key=clusterwarden&Tags.Tag.1.Value=paused",
);

const CLUSTER_TAG: (&str, &str) = (
    "2014-10-31",
    "Action=AddTagsToResource&ResourceName=arn:aws:rds:us-east-1:123456789012:cluster:graph\
     &Tags.Tag.1.Key=clusterwarden&Tags.Tag.1.Value=paused",
);

pub(crate) async fn of_shards(mode: Mode) -> Vec<Request> {
    let (function, section) = (Function::Shard, "failover_shard");
    let body = json!({
        "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
        "reason": "INC-4711", "expires": "2026-11-23T20:00:00Z",
    });
    let node = [("CacheClusterId", "orders-0002-001")];
    [
        drill(function, mode, &drilled(SHARDS, section), "orders").await,
        evacuation(function, mode, &evacuated(SHARDS, section), &node).await,
        replacement(mode).await,
        request(function, mode, SHARDS, &body, GROUP_TAG).await,
    ]
    .concat()
}

/// AWS announces that it will replace a primary, which is moved away before.
async fn replacement(mode: Mode) -> Vec<Request> {
    let world = world(
        Function::Shard,
        &format!("{SHARDS}on_replacement = \"move\"\n"),
    );
    {
        let mut cloud = world.cloud.lock();
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        let (start, end) = (now + TimeDelta::hours(2), now + TimeDelta::hours(3));
        let elasticache = &mut cloud.elasticache;
        assert!(elasticache.schedule_replacement("orders-0002-001", start, end, now, &parameters));
    }
    wakes(&world, Function::Shard, mode, 20).await
}

pub(crate) async fn of_clusters(mode: Mode) -> Vec<Request> {
    let (function, section) = (Function::DbCluster, "failover_db_cluster");
    let body = json!({
        "db_cluster": "graph", "from": "graph-w", "to": "graph-r2", "reason": "INC-4711", "expires": "2026-11-23T20:00:00Z",
    });
    let writer = [("DBClusterIdentifier", "graph"), ("Role", "WRITER")];
    [
        drill(function, mode, &drilled(CLUSTERS, section), "graph").await,
        evacuation(function, mode, &evacuated(CLUSTERS, section), &writer).await,
        request(function, mode, CLUSTERS, &body, CLUSTER_TAG).await,
    ]
    .concat()
}

pub(crate) async fn of_promotions(mode: Mode) -> Vec<Request> {
    let (function, section) = (Function::Promote, "promote_replica");
    let body = json!({
        "replication_group": "orders", "from": "orders-001", "reason": "INC-4711", "expires": "2026-11-23T20:00:00Z",
    });
    let node = [("CacheClusterId", "orders-001")];
    [
        evacuation(function, mode, &evacuated(PROMOTIONS, section), &node).await,
        request(function, mode, PROMOTIONS, &body, GROUP_TAG).await,
    ]
    .concat()
}
