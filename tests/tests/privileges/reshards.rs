//! `reshard` in worlds that together make it ask all that it ever asks.

use clusterwarden::record::{Mode, Record};
use clusterwarden_local::cloud::Parameters;
use clusterwarden_tests::{
    fixture::{Fixture, POLICY, scheduled},
    iam::Request,
};

async fn pass(world: &Fixture, mode: Mode) -> Record {
    let mut report = world.cloud.pass(&world.policy, mode, &scheduled()).await;
    assert_eq!(report.failures, Vec::<String>::new());
    report.records.remove(0)
}

fn kind(record: &Record) -> &str {
    record.decision["kind"].as_str().unwrap_or_default()
}

pub(crate) async fn asked(mode: Mode) -> Vec<Request> {
    [grown(mode).await, shrunk(mode).await, paused(mode).await].concat()
}

/// An alarm asks for a shard, and a later pass sees how it ended.
async fn grown(mode: Mode) -> Vec<Request> {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    world.set_alarm("orders-hot", "ALARM");
    assert_eq!(kind(&pass(&world, mode).await), "scale_out");
    world.cloud.advance(120);
    world.carried(10, &[50.0], 40.0);
    pass(&world, mode).await;
    world.cloud.take_asked()
}

/// A scale-in needs the nodes' own metrics, and their events.
async fn shrunk(mode: Mode) -> Vec<Request> {
    let world = Fixture::with(4, Parameters::default(), POLICY);
    pass(&world, mode).await;
    world.cloud.advance(40);
    world.carried(60, &[20.0], 20.0);
    let record = pass(&world, mode).await;
    assert_eq!(kind(&record), "scale_in", "{}", record.line());
    world.cloud.take_asked()
}

/// The tag is read before a change, and forbids it.
async fn paused(mode: Mode) -> Vec<Request> {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let arn = "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:orders";
    let tag = format!(
        "Action=AddTagsToResource&ResourceName={arn}&Tags.Tag.1.Key=clusterwarden&Tags.Tag.1.Value=paused"
    );
    assert_eq!(world.query("2015-02-02", &tag).0, 200);
    assert_eq!(pass(&world, mode).await.decision["reason"], "paused_by_tag");
    world.cloud.take_asked()
}
