//! What a change costs beyond a quiet pass: each on an account with one target, so that nothing else is counted.

use chrono::TimeDelta;
use clusterwarden::record::{Outcome, Report};
use clusterwarden_local::cloud::{Parameters, elasticache::GroupSpec, neptune::DbClusterSpec};
use clusterwarden_tests::{failovers::Failovers, fixture::Fixture};

use crate::count::{Function, Used, pass};

/// How long the function waits between two looks for the new primary, here taken by each answer.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(10);

/// A kind of pass with what it uses beyond a quiet one.
pub(crate) type Change = (&'static str, Used);

/// Every kind that the page has a row for.
pub(crate) async fn all() -> Vec<Change> {
    let (drill, report) = shard_drill().await;
    vec![
        ("first sight of a group", first_sight().await),
        ("scale-out", scale_out().await),
        ("scale-in from 4 shards", scale_in().await),
        ("drill of a shard", drill),
        ("drill's report", report),
        ("drill of a Neptune cluster", cluster_drill().await),
    ]
}

async fn reshard(world: &Fixture) -> (Report, Used) {
    pass(&world.cloud, &world.policy, Function::Reshard).await
}

fn only_outcome(report: &Report) -> &Outcome {
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.records.len(), 1, "{report:?}");
    &report.records[0].outcome
}

/// What a quiet pass uses in this world.
async fn quiet(world: &Fixture) -> Used {
    let (report, used) = reshard(world).await;
    assert_eq!(only_outcome(&report), &Outcome::Held);
    assert_eq!(used.writes, 0, "a quiet pass writes nothing");
    used
}

async fn first_sight() -> Used {
    let world = Fixture::new(3);
    world.carried(60, &[50.0], 50.0);
    let (_, first) = reshard(&world).await;
    first.beyond(&quiet(&world).await)
}

async fn scale_out() -> Used {
    let world = Fixture::new(3);
    world.carried(60, &[50.0], 50.0);
    reshard(&world).await;
    let quiet = quiet(&world).await;
    world.cloud.advance(15);
    world.carried(15, &[80.0], 50.0);
    let (report, used) = reshard(&world).await;
    assert_eq!(only_outcome(&report), &Outcome::Accepted);
    used.beyond(&quiet)
}

async fn scale_in() -> Used {
    let world = Fixture::new(4);
    world.carried(60, &[50.0], 50.0);
    reshard(&world).await;
    let quiet = quiet(&world).await;
    world.cloud.advance(61);
    world.carried(60, &[20.0], 20.0);
    let (report, used) = reshard(&world).await;
    assert_eq!(only_outcome(&report), &Outcome::Accepted);
    assert_eq!(report.records[0].decision["kind"], "scale_in");
    used.beyond(&quiet)
}

/// A policy with a drill of this section from this minute of the hour on.
fn drilled(section: &str, key: &str, from: &str) -> String {
    format!(
        "version = 1\n[[{section}]]\n{key}\napply = \"all\"\n[{section}.drill]\nevery_days = 30\ntime_zone = \"UTC\"\n\
         from = \"{from}\"\nto = \"12:00\"\n"
    )
}

async fn failover(world: &Failovers, function: Function) -> (Report, Used) {
    pass(&world.cloud, &world.policy, function).await
}

/// The pass that starts the drill of a shard and sees the new primary, and the one that reports it.
async fn shard_drill() -> (Used, Used) {
    let policy = drilled("failover_shard", "replication_group = \"orders\"", "08:30");
    let world = Failovers::new(Parameters::default(), &policy);
    world.add_group(GroupSpec {
        shards: 3,
        ..GroupSpec::default()
    });
    let quiet = before_the_window(&world, Function::FailoverShard).await;
    let (report, started) = failover(&world, Function::FailoverShard).await;
    assert_eq!(only_outcome(&report), &Outcome::Switched);
    // Four passes look on before everything is available again; the fifth reports.
    for _ in 0..10 {
        world.cloud.advance(5);
        let (report, used) = failover(&world, Function::FailoverShard).await;
        if !report.records[0].drills.is_empty() {
            return (started.beyond(&quiet), used.beyond(&quiet));
        }
    }
    panic!("the drill is not reported");
}

async fn cluster_drill() -> Used {
    let policy = drilled("failover_db_cluster", "db_cluster = \"graph\"", "08:30");
    let world = Failovers::new(Parameters::default(), &policy);
    world.add_cluster(DbClusterSpec::default());
    let quiet = before_the_window(&world, Function::FailoverDbCluster).await;
    let (report, started) = failover(&world, Function::FailoverDbCluster).await;
    assert_eq!(only_outcome(&report), &Outcome::Switched);
    started.beyond(&quiet)
}

/// A quiet pass while no drill is due; then the window opens.
async fn before_the_window(world: &Failovers, function: Function) -> Used {
    world.cloud.lock().parameters.answer_time = LOOK_EVERY;
    failover(world, function).await;
    let (report, quiet) = failover(world, function).await;
    assert_eq!(only_outcome(&report), &Outcome::Held);
    assert_eq!(quiet.writes, 0, "a quiet pass writes nothing");
    world.cloud.advance(35);
    quiet
}
