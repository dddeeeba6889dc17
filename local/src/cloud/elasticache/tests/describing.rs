//! Facts about pages and events.

use chrono::TimeDelta;

use super::World;
use crate::cloud::elasticache::{
    GroupSpec,
    describe::{EventFilter, Paging},
};

#[test]
fn groups_come_page_by_page_even_if_one_is_deleted_in_between() {
    let mut world = World::of_shards(1);
    for number in 0..44 {
        world.cache.seed_group(
            GroupSpec {
                id: format!("g{number:02}"),
                ..GroupSpec::default()
            },
            world.now,
        );
    }
    let mut paging = Paging {
        max_records: Some(20),
        marker: None,
    };
    let mut seen = vec![];
    loop {
        let page = world
            .cache
            .describe_replication_groups(None, &paging)
            .unwrap();
        assert!(page.items.len() <= 20);
        seen.extend(page.items.iter().map(|group| group.id.clone()));
        match page.marker {
            Some(marker) => paging.marker = Some(marker),
            None => break,
        }
        world
            .cache
            .delete_replication_group("g19", false, None, world.now, &world.parameters)
            .ok();
        world.run(6);
    }
    assert_eq!(seen.len(), 45);
    assert!(seen.is_sorted());
}

#[test]
fn bad_paging_is_refused_by_every_describe() {
    let world = World::of_shards(1);
    let good = world
        .cache
        .describe_replication_groups(None, &Paging::default())
        .unwrap();
    assert_eq!(good.marker, None);
    for paging in [
        Paging {
            max_records: Some(19),
            marker: None,
        },
        Paging {
            max_records: Some(101),
            marker: None,
        },
        Paging {
            max_records: None,
            marker: Some("garbage".into()),
        },
        // A marker of another list.
        Paging {
            max_records: None,
            marker: Some("dXNlcnMvYQ==".into()),
        },
    ] {
        let code = |refusal: crate::cloud::elasticache::refusal::Refusal| refusal.code.wire();
        let events = EventFilter {
            paging: paging.clone(),
            ..EventFilter::default()
        };
        assert_eq!(
            [
                world
                    .cache
                    .describe_replication_groups(None, &paging)
                    .map_err(code)
                    .unwrap_err(),
                world
                    .cache
                    .describe_cache_clusters(None, false, &paging)
                    .map_err(code)
                    .unwrap_err(),
                world
                    .cache
                    .describe_events(&events, world.now, &world.parameters)
                    .map_err(code)
                    .unwrap_err(),
            ],
            ["InvalidParameterValue"; 3]
        );
    }
}

#[test]
fn events_are_filtered_by_source_and_time_and_last_an_hour_unless_asked() {
    let mut world = World::of_shards(2);
    world.fail_over("orders", "0001").unwrap();
    world.run(61);
    let found = |filter: &EventFilter| {
        let page = world
            .cache
            .describe_events(filter, world.now, &world.parameters);
        page.map(|page| page.items.len())
            .map_err(|refusal| refusal.code.wire())
    };
    let all = EventFilter::default();
    // The call itself is 61 minutes old; the switch came a minute later.
    assert_eq!(found(&all), Ok(3));
    assert_eq!(
        found(&EventFilter {
            minutes: Some(62),
            ..all.clone()
        }),
        Ok(4)
    );
    let of_group = EventFilter {
        source_type: Some("replication-group".into()),
        minutes: Some(62),
        ..all.clone()
    };
    assert_eq!(found(&of_group), Ok(2));
    assert_eq!(
        found(&EventFilter {
            source: Some("elsewhere".into()),
            ..of_group
        }),
        Ok(0)
    );
    let start = Some(super::start());
    assert_eq!(
        found(&EventFilter {
            start,
            ..all.clone()
        }),
        Ok(4)
    );
    assert_eq!(
        found(&EventFilter {
            start,
            minutes: Some(1),
            ..all.clone()
        }),
        Ok(1)
    );
    assert_eq!(
        found(&EventFilter {
            start,
            end: start,
            ..all.clone()
        }),
        Ok(1)
    );
    let lone = EventFilter {
        source: Some("orders".into()),
        ..all.clone()
    };
    assert_eq!(found(&lone), Err("InvalidParameterCombination"));
    let reversed = EventFilter {
        start,
        end: start.map(|at| at - TimeDelta::hours(1)),
        ..all.clone()
    };
    assert_eq!(found(&reversed), Err("InvalidParameterCombination"));
    assert_eq!(
        found(&EventFilter {
            minutes: Some(0),
            ..all
        }),
        Err("InvalidParameterValue")
    );
}
