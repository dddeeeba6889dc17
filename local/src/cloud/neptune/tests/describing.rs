//! Facts about describes.

use super::*;

fn clusters(world: &World, id: Option<&str>, filters: &[Filter]) -> Result<Vec<String>, Code> {
    let page =
        world
            .neptune
            .describe_db_clusters(id, filters, &Paging::default(), &world.parameters);
    let page = page.map_err(|refusal| refusal.code)?;
    Ok(page.items.iter().map(|one| one.id.clone()).collect())
}

fn instances(world: &World, id: Option<&str>, filters: &[Filter]) -> Result<Vec<String>, Code> {
    let page =
        world
            .neptune
            .describe_db_instances(id, filters, &Paging::default(), &world.parameters);
    let page = page.map_err(|refusal| refusal.code)?;
    Ok(page
        .items
        .iter()
        .map(|one| one.instance.id.clone())
        .collect())
}

/// `graph` of Neptune and `shop` of Aurora.
fn mixed() -> World {
    let shop = DbClusterSpec {
        id: "shop".to_owned(),
        engine: "aurora-mysql".to_owned(),
        instances: vec![DbInstanceSpec::new(
            "a-shop",
            "db.r6g.large",
            "us-east-1a",
            1,
        )],
        ..DbClusterSpec::default()
    };
    World::with([DbClusterSpec::default(), shop])
}

#[test]
fn without_a_filter_the_answer_holds_clusters_of_every_engine() {
    let world = mixed();
    assert_eq!(clusters(&world, None, &[]).unwrap(), ["graph", "shop"]);
    let engine = [filter("engine", "neptune")];
    assert_eq!(clusters(&world, None, &engine).unwrap(), ["graph"]);
    assert_eq!(
        instances(&world, None, &[]).unwrap(),
        ["a-shop", "graph-r1", "graph-r2", "graph-w"]
    );
    assert_eq!(instances(&world, None, &engine).unwrap().len(), 3);
}

#[test]
fn clusters_are_filtered_by_id_and_by_arn_and_all_filters_must_hold() {
    let world = mixed();
    let arn = "arn:aws:rds:us-east-1:123456789012:cluster:shop";
    for value in ["shop", "SHOP", arn] {
        let only = [filter("db-cluster-id", value)];
        assert_eq!(clusters(&world, None, &only).unwrap(), ["shop"], "{value}");
        assert_eq!(
            instances(&world, None, &only).unwrap(),
            ["a-shop"],
            "{value}"
        );
    }
    let both = [filter("db-cluster-id", "shop"), filter("engine", "neptune")];
    assert_eq!(clusters(&world, None, &both).unwrap(), [""; 0]);
    let unknown = [filter("colour", "blue")];
    assert_eq!(
        clusters(&world, None, &unknown),
        Err(Code::InvalidParameterValue)
    );
}

#[test]
fn an_id_is_found_in_any_case_and_an_unknown_one_is_refused() {
    let mut world = mixed();
    assert_eq!(clusters(&world, Some("GRAPH"), &[]).unwrap(), ["graph"]);
    assert_eq!(
        clusters(&world, Some("absent"), &[]),
        Err(Code::DbClusterNotFound)
    );
    assert_eq!(
        instances(&world, Some("Graph-W"), &[]).unwrap(),
        ["graph-w"]
    );
    assert_eq!(
        instances(&world, Some("absent"), &[]),
        Err(Code::DbInstanceNotFound)
    );
    let engine = [filter("engine", "neptune")];
    assert_eq!(clusters(&world, Some("shop"), &engine).unwrap(), [""; 0]);
    assert_eq!(instances(&world, Some("a-shop"), &engine).unwrap(), [""; 0]);
    world.parameters.neptune.filtered_out_is_not_found = true;
    assert_eq!(
        clusters(&world, Some("shop"), &engine),
        Err(Code::DbClusterNotFound)
    );
    assert_eq!(
        instances(&world, Some("a-shop"), &engine),
        Err(Code::DbInstanceNotFound)
    );
}

#[test]
fn pages_hold_twenty_to_a_hundred_clusters_and_go_on_where_they_ended() {
    let spec = |number: usize| DbClusterSpec {
        id: format!("graph-{number:02}"),
        instances: Vec::new(),
        ..DbClusterSpec::default()
    };
    let world = World::with((0..45).map(spec));
    let mut paging = Paging {
        max_records: Some(20),
        marker: None,
    };
    let mut sizes = Vec::new();
    loop {
        let page = world
            .neptune
            .describe_db_clusters(None, &[], &paging, &world.parameters)
            .unwrap();
        sizes.push(page.items.len());
        match page.marker {
            Some(marker) => paging.marker = Some(marker),
            None => break,
        }
    }
    assert_eq!(sizes, [20, 20, 5]);
    for size in [19, 101] {
        let paging = Paging {
            max_records: Some(size),
            marker: None,
        };
        let answer = world
            .neptune
            .describe_db_clusters(None, &[], &paging, &world.parameters);
        assert_eq!(answer.unwrap_err().code, Code::InvalidParameterValue);
    }
}

/// `graph` after a failover that ended a minute ago.
fn failed_over() -> World {
    let mut world = World::graph();
    world.fail_over("graph", None).unwrap();
    world.pass(150);
    world
}

#[test]
fn events_are_found_by_source_type_and_category() {
    let world = failed_over();
    let count = |query: EventQuery| world.events(&query).len();
    let of = |kind: &str| EventQuery {
        source_type: Some(kind.to_owned()),
        ..EventQuery::default()
    };
    assert_eq!(count(of("db-cluster")), 2);
    assert_eq!(count(of("db-instance")), 1);
    assert_eq!(count(of("db-snapshot")), 0);
    let category = |names: &[&str]| EventQuery {
        categories: names.iter().map(|&name| name.to_owned()).collect(),
        ..EventQuery::default()
    };
    assert_eq!(count(category(&["failover"])), 2);
    assert_eq!(count(category(&["availability"])), 1);
    assert_eq!(count(category(&["failover", "availability"])), 3);
    let source = EventQuery {
        source: Some("graph-w".to_owned()),
        ..of("db-instance")
    };
    assert_eq!(count(source.clone()), 1);
    let alone = EventQuery {
        source_type: None,
        ..source
    };
    let answer = world
        .neptune
        .describe_events(&alone, world.now, &world.parameters);
    assert_eq!(answer.unwrap_err().code, Code::InvalidParameterCombination);
}

#[test]
fn events_appear_late_cover_an_hour_unless_asked_and_are_kept_for_two_weeks() {
    let mut world = failed_over();
    world.parameters.event_delay = TimeDelta::minutes(2);
    assert_eq!(world.events(&EventQuery::default()).len(), 1);
    world.pass(60);
    assert_eq!(world.events(&EventQuery::default()).len(), 3);
    world.pass(3600);
    assert_eq!(world.events(&EventQuery::default()), []);
    let long = EventQuery {
        minutes: Some(14 * 24 * 60),
        ..EventQuery::default()
    };
    assert_eq!(world.events(&long).len(), 3);
    let longer = EventQuery {
        minutes: Some(14 * 24 * 60 + 1),
        ..EventQuery::default()
    };
    let answer = world
        .neptune
        .describe_events(&longer, world.now, &world.parameters);
    assert_eq!(answer.unwrap_err().code, Code::InvalidParameterValue);
    world.now += TimeDelta::days(14);
    world.neptune.advance(world.now, &world.parameters);
    assert_eq!(world.events(&long), []);
}

#[test]
fn the_order_of_events_is_a_parameter() {
    let mut world = failed_over();
    let times = |world: &World| -> Vec<i64> {
        let events = world.events(&EventQuery::default());
        events.iter().map(|event| event.0).collect()
    };
    assert_eq!(times(&world), [3, 35, 85]);
    world.parameters.neptune.events_newest_first = true;
    assert_eq!(times(&world), [85, 35, 3]);
}
