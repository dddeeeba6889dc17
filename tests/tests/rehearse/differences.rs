//! The comparison: none with itself, and each parameter of the embedded AWS that differs is told.

use chrono::TimeDelta;
use clusterwarden_account::rehearse::{
    capture::{Capture, How, Stage},
    compare::{Difference, compare},
    stop,
};
use clusterwarden_local::cloud::{FailoverWording, Parameters};
use clusterwarden_tests::monday_morning;
use tokio::sync::OnceCell;

use crate::{
    way::Fate,
    world::{World, plan},
};

async fn seen(answer_seconds: i64, parameters: Parameters) -> Capture {
    let world = World::with(answer_seconds, parameters);
    let mut plan = plan();
    plan.deadline = TimeDelta::hours(24);
    let (_stopper, stop) = stop::channel();
    let way = world.way(|_, _| Fate::Serve);
    let ran = world
        .run_with(&way, std::sync::Arc::new(monday_morning), &stop, &plan)
        .await;
    ran.expect("nobody kills it").1
}

/// The other side, the same in all tests.
async fn model() -> &'static Capture {
    static MODEL: OnceCell<Capture> = OnceCell::const_new();
    MODEL
        .get_or_init(|| seen(ANSWER, Parameters::default()))
        .await
}

/// Seconds for each answer: a look is three of them.
const ANSWER: i64 = 5;

async fn differences(parameters: Parameters) -> Vec<Difference> {
    compare(&seen(ANSWER, parameters).await, model().await)
}

#[track_caller]
fn assert_told(found: &[Difference], about: &str, words: &[&str]) {
    let told = found
        .iter()
        .any(|one| one.about == about && words.iter().all(|word| one.sentence.contains(word)));
    assert!(told, "no [{about}] {words:?} in {found:#?}");
}

#[tokio::test]
async fn two_runs_with_the_same_parameters_differ_in_nothing_however_closely_they_look() {
    for answer_seconds in [3, 8, 25] {
        let found = compare(
            &seen(answer_seconds, Parameters::default()).await,
            model().await,
        );
        assert_eq!(found, [], "{answer_seconds} s");
    }
}

#[tokio::test]
async fn a_count_that_changes_at_the_begin_is_told() {
    let found = differences(Parameters {
        shard_count_changes_at_start: true,
        ..Parameters::default()
    })
    .await;
    assert_told(
        &found,
        "shards",
        &["scale_out: AWS listed 3 shards while modifying", "never"],
    );
    assert_told(
        &found,
        "shards",
        &["scale_out: the embedded AWS lists 2 shards while modifying"],
    );
    assert_told(&found, "time", &["scale_out: the shard count changes"]);
    assert!(
        found
            .iter()
            .all(|one| one.about != "event" && one.about != "answer"),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_status_that_shows_late_is_told() {
    let found = differences(Parameters {
        modifying_delay: TimeDelta::minutes(4),
        ..Parameters::default()
    })
    .await;
    assert_told(
        &found,
        "shards",
        &["scale_out: AWS listed 2 shards while available"],
    );
    assert_told(&found, "time", &["scale_out: modifying shows"]);
}

#[tokio::test]
async fn another_wording_of_an_event_is_told() {
    let wording = FailoverWording::FromPrimary;
    let found = differences(Parameters {
        failover_wording: wording,
        ..Parameters::default()
    })
    .await;
    assert_told(
        &found,
        "event",
        &[
            "cache-cluster",
            "Failover from primary node <node> to replica node <node> completed",
            "once",
            "never",
        ],
    );
    assert_told(
        &found,
        "event",
        &["\"Failover to replica node <node> completed\": AWS told it never"],
    );
}

#[tokio::test]
async fn another_code_of_a_refusal_is_told() {
    let found = differences(Parameters {
        busy_failover_blames_member: true,
        ..Parameters::default()
    })
    .await;
    assert_told(
        &found,
        "answer",
        &[
            "failover_during_failover",
            "400 InvalidCacheClusterState",
            "400 InvalidReplicationGroupState",
        ],
    );
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[tokio::test]
async fn events_metrics_and_nodes_that_take_ten_times_as_long_are_told() {
    let found = differences(Parameters {
        event_delay: TimeDelta::minutes(9),
        metric_delay: TimeDelta::minutes(12),
        node_creation: TimeDelta::minutes(50),
        ..Parameters::default()
    })
    .await;
    assert_told(&found, "time", &["events: from their date"]);
    assert_told(&found, "time", &["IsMaster: from a minute's begin"]);
    assert_told(&found, "time", &["create: available", "at AWS 29"]);
    assert_told(&found, "time", &["delete: gone"]);
}

#[tokio::test]
async fn of_a_run_that_ended_early_only_what_it_went_through_is_compared() {
    let world = World::new(ANSWER);
    let mut plan = plan();
    plan.deadline = TimeDelta::minutes(12);
    let (_stopper, stop) = stop::channel();
    let way = world.way(|_, _| Fate::Serve);
    let ran = world
        .run_with(&way, std::sync::Arc::new(monday_morning), &stop, &plan)
        .await;
    let (_, early) = ran.expect("nobody kills it");
    assert_eq!(
        early.ending.as_ref().map(|ending| ending.how),
        Some(How::Deadline)
    );
    assert!(
        early
            .looks
            .iter()
            .all(|look| look.stage < Stage::Failover || look.stage == Stage::Delete)
    );
    assert_eq!(compare(&early, model().await), []);
}
