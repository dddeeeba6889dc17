//! Facts about failovers.

use super::*;
use crate::cloud::neptune::StatusInFailover;

const LARGE: &str = "db.r6g.large";
const BIG: &str = "db.r6g.2xlarge";

fn told(world: &World) -> Vec<(i64, String, String)> {
    world.events(&EventQuery::default())
}

fn line(at: i64, source: &str, text: &str) -> (i64, String, String) {
    (at, source.to_owned(), text.to_owned())
}

#[test]
fn a_failover_tells_its_phases_with_the_documented_texts() {
    let mut world = World::of(&[("w", LARGE, 'a', 0), ("r", LARGE, 'b', 0)]);
    world.fail_over("Graph", None).unwrap();
    assert_eq!(
        (world.writer("graph").as_str(), world.status().as_str()),
        ("w", "failing-over")
    );
    world.pass(30);
    assert_eq!(world.writer("graph"), "w");
    world.pass(10);
    assert_eq!(world.writer("graph"), "r");
    assert_eq!(world.instance_status("w"), "rebooting");
    world.pass(60);
    assert_eq!(
        (world.instance_status("w"), world.status()),
        ("available".into(), "available".into())
    );
    assert_eq!(
        told(&world),
        [
            line(3, "graph", "Started cross AZ failover to DB instance: r"),
            line(35, "graph", "Completed failover to DB instance: r"),
            line(85, "w", "DB instance restarted"),
        ]
    );
}

#[test]
fn a_reader_in_the_writers_zone_makes_it_a_failover_within_the_zone() {
    let mut world = World::of(&[("w", LARGE, 'a', 0), ("r", LARGE, 'a', 0)]);
    world.fail_over("graph", None).unwrap();
    world.pass(10);
    let text = "Started same AZ failover to DB instance: r";
    assert_eq!(told(&world), [line(3, "graph", text)]);
}

#[test]
fn the_lowest_tier_goes_first_then_the_largest_class_then_the_first_id() {
    for (readers, expected) in [
        (
            vec![("big", BIG, 'b', 1), ("small", LARGE, 'b', 0)],
            "small",
        ),
        (
            vec![("a-small", LARGE, 'b', 1), ("b-big", BIG, 'b', 1)],
            "b-big",
        ),
        (vec![("b", LARGE, 'b', 1), ("a", LARGE, 'b', 1)], "a"),
    ] {
        let mut instances = vec![("w", LARGE, 'a', 0)];
        instances.extend(readers);
        let mut world = World::of(&instances);
        world.fail_over("graph", None).unwrap();
        world.pass(60);
        assert_eq!(world.writer("graph"), expected);
    }
}

#[test]
fn a_reader_that_is_not_available_is_passed_over() {
    let mut world = World::graph();
    world.neptune.set_instance_status("graph-r1", "modifying");
    world.fail_over("graph", None).unwrap();
    world.pass(60);
    assert_eq!(world.writer("graph"), "graph-r2");
}

#[test]
fn the_instance_named_is_promoted_whatever_its_tier() {
    let mut world = World::of(&[
        ("w", LARGE, 'a', 0),
        ("first", LARGE, 'b', 0),
        ("last", LARGE, 'b', 15),
    ]);
    world.fail_over("graph", Some("LAST")).unwrap();
    world.pass(60);
    assert_eq!(world.writer("graph"), "last");
    let writers = world.view("graph").instances;
    assert_eq!(writers.iter().filter(|one| one.is_writer).count(), 1);
}

#[test]
fn clusters_of_aurora_and_documentdb_fail_over_as_well() {
    for engine in ["aurora-mysql", "aurora-postgresql", "docdb"] {
        let mut world = World::with([DbClusterSpec {
            engine: engine.to_owned(),
            ..DbClusterSpec::default()
        }]);
        world.fail_over("graph", None).unwrap();
        world.pass(60);
        assert_eq!(world.writer("graph"), "graph-r1", "{engine}");
    }
}

#[test]
fn what_the_status_shows_meanwhile_is_a_parameter() {
    let shows = |status| {
        let mut world = World::graph();
        world.parameters.neptune.status_in_failover = status;
        world.fail_over("graph", None).unwrap();
        [10, 50, 60].map(|seconds| {
            let shown = world.status();
            world.pass(seconds);
            shown == "failing-over"
        })
    };
    assert_eq!(shows(StatusInFailover::Available), [false, false, false]);
    assert_eq!(shows(StatusInFailover::UntilSwitched), [true, true, false]);
    assert_eq!(shows(StatusInFailover::UntilRecovered), [true, true, true]);
}

#[test]
fn the_times_of_the_switch_and_of_the_restart_are_parameters() {
    let mut world = World::graph();
    world.parameters.neptune.failover_switch = TimeDelta::seconds(110);
    world.parameters.neptune.writer_restart = TimeDelta::seconds(200);
    world.fail_over("graph", None).unwrap();
    world.pass(400);
    let times: Vec<i64> = told(&world).iter().map(|event| event.0).collect();
    assert_eq!(times, [3, 110, 310]);
}

#[test]
fn a_repeated_failover_may_be_accepted_and_not_carried_out() {
    let mut world = World::graph();
    world.parameters.neptune.ignores_failover_within = Some(TimeDelta::minutes(10));
    world.fail_over("graph", None).unwrap();
    world.pass(120);
    world.fail_over("graph", Some("graph-w")).unwrap();
    world.pass(120);
    assert_eq!(world.writer("graph"), "graph-r1");
    let text = "not attempting requested failover because a failover recently occurred";
    assert_eq!(told(&world).last(), Some(&line(120, "graph-r1", text)));
    world.pass(600);
    world.fail_over("graph", Some("graph-w")).unwrap();
    world.pass(60);
    assert_eq!(world.writer("graph"), "graph-w");
}

#[test]
fn a_writer_that_breaks_is_replaced_without_a_call() {
    let mut world = World::graph();
    world.parameters.neptune.completion_names_initiator = true;
    assert!(world.neptune.fail_writer("graph", start()));
    assert!(!world.neptune.fail_writer("graph", start()));
    let down = world.view("graph");
    assert!(!down.writer().unwrap().serves && down.failing_over);
    world.pass(90);
    assert_eq!(
        told(&world)[1],
        line(
            35,
            "graph",
            "Completed RDS initiated failover to DB instance: graph-r1"
        )
    );
    assert!(!world.neptune.fail_writer("absent", start()));
}

#[test]
fn a_lonely_writer_that_breaks_comes_back_itself() {
    let mut world = World::of(&[("w", LARGE, 'a', 0)]);
    assert!(world.neptune.fail_writer("graph", start()));
    world.pass(300);
    assert_eq!(world.instance_status("w"), "rebooting");
    world.pass(300);
    assert_eq!(told(&world), [line(480, "w", "DB instance restarted")]);
    let view = world.view("graph");
    assert!(view.writer().unwrap().serves);
    assert_eq!(
        view.writer().unwrap().restarted,
        start() + TimeDelta::minutes(8)
    );
}

#[test]
fn a_failover_may_fail_and_leave_the_writer() {
    let mut world = World::graph();
    assert!(world.neptune.break_next_failover("graph"));
    world.fail_over("graph", None).unwrap();
    world.pass(90);
    assert_eq!(
        (world.writer("graph"), world.status()),
        ("graph-w".into(), "available".into())
    );
    let texts: Vec<String> = told(&world).into_iter().map(|event| event.2).collect();
    assert_eq!(
        texts,
        [
            "Started cross AZ failover to DB instance: graph-r1",
            "Cluster failover failed, check the health of your cluster instances and try again.",
            "Promoting previous primary again: graph-w",
            "DB instance restarted",
        ]
    );
    world.fail_over("graph", None).unwrap();
    world.pass(60);
    assert_eq!(world.writer("graph"), "graph-r1");
}

#[test]
fn a_topic_hears_of_the_cluster_and_of_its_instances_in_rds_words() {
    let mut world = World::with([DbClusterSpec {
        notification_topic: Some("arn:topic".to_owned()),
        ..DbClusterSpec::default()
    }]);
    world.fail_over("graph", None).unwrap();
    world.pass(90);
    let sent = world.neptune.take_notifications();
    let bodies: Vec<serde_json::Value> = sent
        .iter()
        .map(|one| serde_json::from_str(one.event.as_str().unwrap()).unwrap())
        .collect();
    let ids: Vec<&str> = bodies
        .iter()
        .map(|body| {
            body["Event ID"]
                .as_str()
                .unwrap()
                .rsplit_once('#')
                .unwrap()
                .1
        })
        .collect();
    assert_eq!(ids, ["RDS-EVENT-0073", "RDS-EVENT-0071", "RDS-EVENT-0006"]);
    let first = &bodies[0];
    assert_eq!(first["Event Time"], "2026-11-23 10:00:03.000");
    assert_eq!(
        (&first["Event Source"], &first["Source ID"]),
        (&"db-cluster".into(), &"graph".into())
    );
    assert_eq!(
        first["Source ARN"],
        "arn:aws:rds:us-east-1:123456789012:cluster:graph"
    );
    assert_eq!(
        bodies[2]["Source ARN"],
        "arn:aws:rds:us-east-1:123456789012:db:graph-w"
    );
    assert!(sent.iter().all(|one| one.target == "arn:topic"));
    assert_eq!(world.neptune.take_notifications(), []);
}
