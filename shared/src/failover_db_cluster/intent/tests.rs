use super::*;
use crate::{alarm::AlarmState, cluster::Status, db_cluster::Member};

fn cluster() -> DbCluster {
    let member = |id: &str, is_writer| Member {
        id: InstanceId::new(id),
        is_writer: Some(is_writer),
        promotion_tier: None,
        status: Status::Available,
        class: None,
        availability_zone: None,
    };
    DbCluster {
        id: DbClusterId::new("graph"),
        engine: Some("neptune".to_owned()),
        status: Status::Available,
        global_database: None,
        maintenance_window: None,
        members: vec![member("graph-w", true), member("graph-r", false)],
    }
}

/// `writer`, `not the writer` or `another`.
fn watched(dimensions: &[(&str, &str)]) -> &'static str {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let alarm = Alarm {
        name: "writer-cpu".to_owned(),
        state: AlarmState::Alarm,
        since: None,
        silence: None,
        dimensions: dimensions.iter().map(owned).collect(),
    };
    match watches(&alarm, &cluster()) {
        Watches::TheWriter => "writer",
        Watches::NotTheWriter(_) => "not the writer",
        Watches::Another => "another",
    }
}

#[test]
fn an_alarm_watches_the_writer_only_where_its_dimensions_plainly_say_so() {
    for (dimensions, expected) in [
        (&[(INSTANCE, "graph-w")][..], "writer"),
        (&[(INSTANCE, "Graph-W")], "writer"),
        (&[(INSTANCE, "graph-r")], "not the writer"),
        (&[(INSTANCE, "graph-test-w")], "another"),
        (&[(CLUSTER, "graph"), (ROLE, "WRITER")], "writer"),
        (&[(CLUSTER, "graph"), (ROLE, "READER")], "not the writer"),
        (&[(CLUSTER, "graph"), (ROLE, "writer")], "not the writer"),
        (&[(CLUSTER, "graph")], "not the writer"),
        (&[(CLUSTER, "graph-test"), (ROLE, "WRITER")], "another"),
        (
            &[(CLUSTER, "graph"), (INSTANCE, "graph-w")],
            "not the writer",
        ),
        (&[(ROLE, "WRITER")], "not the writer"),
        (&[("DatabaseClass", "db.r6g.large")], "not the writer"),
        (&[], "not the writer"),
    ] {
        assert_eq!(watched(dimensions), expected, "{dimensions:?}");
    }
}

#[test]
fn an_alarm_on_an_instance_watches_no_writer_where_roles_are_unsaid() {
    let mut unsaid = cluster();
    unsaid.members[1].is_writer = None;
    let watches = watches_instance(&InstanceId::new("graph-w"), &unsaid);
    assert!(matches!(watches, Watches::NotTheWriter(_)));
}
