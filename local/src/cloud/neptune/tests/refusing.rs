//! Facts about failovers that are refused: nothing has changed then.

use super::*;

fn two() -> World {
    let other = DbClusterSpec {
        id: "other".to_owned(),
        instances: vec![DbInstanceSpec::new(
            "other-w",
            "db.r6g.large",
            "us-east-1a",
            1,
        )],
        ..DbClusterSpec::default()
    };
    World::with([DbClusterSpec::default(), other])
}

#[test]
fn an_unknown_cluster_is_not_found() {
    assert_eq!(two().refused("absent", None), Code::DbClusterNotFound);
}

#[test]
fn a_cluster_that_fails_over_takes_no_other_failover() {
    let mut world = two();
    world.fail_over("graph", None).unwrap();
    assert_eq!(world.refused("graph", None), Code::InvalidDbClusterState);
    world.pass(60);
    assert_eq!(world.refused("graph", None), Code::InvalidDbClusterState);
    world.parameters.neptune.busy_cluster_blames_instance = true;
    assert_eq!(world.refused("graph", None), Code::InvalidDbInstanceState);
    world.pass(60);
    world.fail_over("graph", None).unwrap();
}

#[test]
fn a_cluster_in_maintenance_is_refused_until_it_is_available() {
    let mut world = two();
    world
        .neptune
        .set_cluster_status("graph", Some("maintenance"));
    assert_eq!(world.status(), "maintenance");
    assert_eq!(world.refused("graph", None), Code::InvalidDbClusterState);
    world.neptune.set_cluster_status("graph", None);
    world.fail_over("graph", None).unwrap();
}

#[test]
fn which_code_a_cluster_without_readers_gets_is_a_parameter() {
    let mut world = two();
    assert_eq!(world.refused("other", None), Code::InvalidDbClusterState);
    world.parameters.neptune.no_reader_blames_instance = true;
    assert_eq!(world.refused("other", None), Code::InvalidDbInstanceState);
    for reader in ["graph-r1", "graph-r2"] {
        world.neptune.set_instance_status(reader, "rebooting");
    }
    assert_eq!(world.refused("graph", None), Code::InvalidDbInstanceState);
}

#[test]
fn a_target_must_be_an_available_reader_of_the_cluster() {
    let mut world = two();
    for (target, code) in [
        ("absent", Code::DbInstanceNotFound),
        ("other-w", Code::InvalidDbInstanceState),
        ("graph-w", Code::InvalidDbInstanceState),
    ] {
        assert_eq!(world.refused("graph", Some(target)), code, "{target}");
    }
    world.neptune.set_instance_status("graph-r1", "modifying");
    assert_eq!(
        world.refused("graph", Some("graph-r1")),
        Code::InvalidDbInstanceState
    );
    world.pass(120);
    assert_eq!(world.writer("graph"), "graph-w");
    assert_eq!(world.events(&EventQuery::default()), []);
}
