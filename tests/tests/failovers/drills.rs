//! Drills from the schedule: started once, measured by the service's own events, reported once, every shard in its turn.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    failover::{DrillReport, DrillVerdict, FailoverOutcome},
    record::{Outcome, Report},
};
use clusterwarden_local::cloud::{
    FailoverWording, Parameters,
    elasticache::GroupSpec,
    neptune::{NeptuneParameters, StatusInFailover},
};
use clusterwarden_tests::failovers::{Failovers, Function, Told, record};

use crate::{CLUSTERS, SHARDS, drilled, late, with_graph, with_group, with_orders};

/// The drills that passes told.
fn reported<'r>(reports: impl IntoIterator<Item = &'r Report>) -> Vec<DrillReport> {
    let records = reports.into_iter().flat_map(|report| &report.records);
    records
        .flat_map(|record| record.drills.iter().cloned())
        .collect()
}

fn first(told: &[Told], source: &str, part: &str) -> DateTime<Utc> {
    let mut found = told.iter();
    let found = found.find(|one| one.source == source && one.message.contains(part));
    found
        .unwrap_or_else(|| panic!("no {part:?} of {source} in {told:?}"))
        .at
}

fn at(report: &DrillReport, phase: &str) -> DateTime<Utc> {
    let phase = report.phases.iter().find(|one| one.name == phase);
    phase.and_then(|one| one.at).expect("a phase that was seen")
}

/// A drill of shard 0001 of `orders`, and every pass of the half hour after it.
async fn drill_of_a_shard(parameters: Parameters) -> (Failovers, Report, Vec<Report>) {
    let policy = drilled(
        SHARDS,
        "failover_shard",
        30,
        "objective_seconds = 120\nrecovery_objective_minutes = 13\n",
    );
    let world = with_orders(parameters, &policy);
    let started = world.wake(Function::Shard).await;
    let later = world.wakes(Function::Shard, 32).await;
    (world, started, later)
}

#[tokio::test]
async fn a_drill_of_a_shard_is_measured_by_the_services_events_to_the_second() {
    for wording in FailoverWording::ALL {
        for seconds in [0, 200, 600] {
            let parameters = Parameters {
                failover_wording: wording,
                ..late(seconds)
            };
            let (world, started, later) = drill_of_a_shard(parameters).await;
            let what = format!("{wording:?}, events {seconds} s late");
            assert_eq!(world.calls("TestFailover").len(), 1, "{what}");
            assert!(later.iter().all(|one| one.failures.is_empty()), "{later:?}");
            let told = world.told().await;
            let accepted = first(&told, "orders", "Test Failover API called");
            let completed = first(&told, "orders", "to replica node orders-0001-002 completed");
            let begun = first(&told, "orders-0001-001", "Recovering cache nodes");
            let finished = first(&told, "orders-0001-001", "Finished recovery");
            let started = record(&started, "orders");
            if seconds <= 200 {
                assert_eq!(
                    started.outcome,
                    Outcome::Switched,
                    "{what}: {}",
                    started.line()
                );
                let switched = started.switched.as_ref().expect("who took over");
                assert_eq!(switched.to, "orders-0001-002", "{what}");
                assert_eq!(
                    switched.seconds,
                    (completed - accepted).num_seconds(),
                    "{what}"
                );
            } else if seconds >= 300 {
                assert_eq!(
                    started.outcome,
                    Outcome::Accepted,
                    "{what}: {}",
                    started.line()
                );
                let note = started.note.as_deref().unwrap_or_default();
                assert!(note.contains("later passes look on"), "{what}: {note}");
            }
            let reports = reported(&later);
            let [report] = reports.as_slice() else {
                panic!("{what}: {} reports", reports.len());
            };
            assert_eq!(report.accepted, accepted, "{what}");
            assert_eq!(at(report, "failover_completed"), completed, "{what}");
            assert_eq!(at(report, "recovery_started"), begun, "{what}");
            assert_eq!(at(report, "recovery_finished"), finished, "{what}");
            assert_eq!(at(report, "available"), finished, "{what}");
            assert_eq!(report.seconds_to("failover_completed"), Some(63), "{what}");
            assert_eq!(
                (report.from.as_str(), report.to.as_deref(), report.verdict),
                (
                    "orders-0001-001",
                    Some("orders-0001-002"),
                    DrillVerdict::Met
                ),
                "{what}"
            );
            assert_eq!(world.journal("orders").drills, reports, "{what}");
        }
    }
}

#[tokio::test]
async fn a_drill_misses_an_objective_that_was_shorter() {
    for (objectives, verdict) in [
        ("objective_seconds = 63\n", DrillVerdict::Met),
        ("objective_seconds = 62\n", DrillVerdict::Missed),
        (
            "objective_seconds = 63\nrecovery_objective_minutes = 12\n",
            DrillVerdict::Missed,
        ),
    ] {
        let policy = drilled(SHARDS, "failover_shard", 30, objectives);
        let world = with_orders(Parameters::default(), &policy);
        world.wake(Function::Shard).await;
        let reports = reported(&world.wakes(Function::Shard, 30).await);
        assert_eq!(reports.len(), 1, "{objectives}");
        assert_eq!(reports[0].verdict, verdict, "{objectives}");
    }
}

#[tokio::test]
async fn a_drill_tells_the_spread_of_primaries_and_the_alarms_that_went_off_meanwhile() {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    let spec = GroupSpec {
        shards: 3,
        replicas_per_shard: 2,
        ..GroupSpec::default()
    };
    let world = with_group(Parameters::default(), &policy, spec);
    for name in ["before", "errors", "latency", "after"] {
        world.add_alarm(name, &[]);
    }
    world.set_alarm("before", "ALARM");
    world.cloud.advance(1);
    let before = world.primaries_per_zone("orders");
    let zone = |node: &str| {
        let nodes = world.shard("orders", "0001").nodes;
        let mut nodes = nodes.into_iter();
        nodes
            .find(|one| one.id == node)
            .map(|one| one.availability_zone)
    };
    world.wake(Function::Shard).await;
    world.set_alarm("errors", "ALARM");
    world.set_alarm("latency", "ALARM");
    world.set_alarm("latency", "OK");
    let mut reports = world.wakes(Function::Shard, 13).await;
    world.set_alarm("after", "ALARM");
    reports.extend(world.wakes(Function::Shard, 30).await);
    let drills = reported(&reports);
    let [report] = drills.as_slice() else {
        panic!("{drills:?}");
    };
    assert_eq!(report.zones_before, before);
    assert_eq!(report.zones_after, world.primaries_per_zone("orders"));
    assert_eq!(report.from_zone, zone(&report.from));
    assert_eq!(
        report.to_zone,
        zone(report.to.as_deref().expect("the new primary"))
    );
    assert_eq!(
        report.alarms,
        Some(vec!["errors".to_owned(), "latency".to_owned()])
    );
}

#[tokio::test]
async fn every_shard_is_drilled_in_its_turn_and_no_group_twice_within_its_cooldown() {
    let policy = "version = 1\n[[failover_shard]]\nreplication_group = \"*\"\napply = \"all\"\ncooldown_minutes = 40\n\
        [failover_shard.drill]\nevery_days = 1\ntime_zone = \"UTC\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n\
        from = \"08:00\"\nto = \"11:00\"\n";
    let world = Failovers::new(late(200), policy);
    for (id, shards) in [("orders", 3), ("carts", 2)] {
        let id = id.to_owned();
        world.add_group(GroupSpec {
            id,
            shards,
            ..GroupSpec::default()
        });
    }
    world.cloud.advance(15);
    let mut last: BTreeMap<(String, String), DateTime<Utc>> = BTreeMap::new();
    let mut drills: BTreeMap<(String, String), u32> = BTreeMap::new();
    let units = [("orders", 3), ("carts", 2)]
        .iter()
        .flat_map(|(id, shards)| {
            (1..=*shards).map(move |number| ((*id).to_owned(), format!("{number:04}")))
        });
    for unit in units {
        drills.insert(unit, 0);
    }
    for day in 0..3 {
        for _ in 0..17 {
            world.cloud.advance(8);
            let known = world.calls("TestFailover").len();
            world.wake(Function::Shard).await;
            let calls = world.calls("TestFailover");
            assert!(calls.len() <= known + 1, "one drill a pass");
            let Some(call) = calls.get(known) else {
                continue;
            };
            assert_eq!(call.status, Some(200), "{call:?}");
            let of = |name: &str| call.parameters[name].as_str().expect("a text").to_owned();
            let unit = (of("ReplicationGroupId"), of("NodeGroupId"));
            let siblings = drills.keys().filter(|(group, _)| *group == unit.0);
            for sibling in siblings {
                let (drilled, other) = (last.get(&unit), last.get(sibling));
                assert!(
                    drilled <= other,
                    "day {day}: {unit:?} before {sibling:?}: {last:?}"
                );
                if let Some(other) = other {
                    let apart = call.at - *other;
                    assert!(
                        apart >= TimeDelta::minutes(40),
                        "{unit:?} {apart} after {sibling:?}"
                    );
                }
            }
            if let Some(drilled) = last.insert(unit.clone(), call.at) {
                assert!(call.at - drilled >= TimeDelta::days(1) - TimeDelta::minutes(1));
            }
            *drills.entry(unit).or_default() += 1;
        }
        let tomorrow = clusterwarden_tests::monday_morning() + TimeDelta::days(day + 1);
        world.skip_hours((tomorrow - world.now()).num_hours());
        world.cloud.lock().advance_to(tomorrow);
    }
    // A day after the last drill; what came late one day comes late the next.
    assert!(
        drills.values().all(|count| (2..=3).contains(count)),
        "{drills:?}"
    );
    let kept = ["orders", "carts"].map(|id| world.journal(id).drills.len());
    assert!(kept[0] >= 6 && kept[1] >= 4, "{kept:?}");
}

#[tokio::test]
async fn a_drill_waits_for_its_window() {
    let policy = format!(
        "{SHARDS}[failover_shard.drill]\nevery_days = 30\ntime_zone = \"Europe/Berlin\"\nfrom = \"10:00\"\nto = \"12:00\"\n"
    );
    let world = with_orders(Parameters::default(), &policy);
    // 08:15 UTC is 09:15 in Berlin.
    let reports = world.wakes(Function::Shard, 40).await;
    for report in &reports {
        assert_eq!(record(report, "orders").decision["reason"], "drill_waits");
    }
    assert_eq!(world.calls("TestFailover").len(), 0);
    world.wakes(Function::Shard, 15).await;
    let calls = world.calls("TestFailover");
    assert_eq!(calls.len(), 1);
    assert!(calls[0].at >= clusterwarden_tests::monday_morning() + TimeDelta::hours(1));
}

#[tokio::test]
async fn a_drill_of_a_cluster_is_measured_by_the_services_events_to_the_second() {
    for status_in_failover in StatusInFailover::ALL {
        for (seconds, events_newest_first) in [(0, true), (200, false), (600, true)] {
            let neptune = NeptuneParameters {
                status_in_failover,
                events_newest_first,
                ..NeptuneParameters::default()
            };
            let policy = drilled(
                CLUSTERS,
                "failover_db_cluster",
                30,
                "objective_seconds = 35\nrecovery_objective_minutes = 2\n",
            );
            let world = with_graph(
                Parameters {
                    neptune,
                    ..late(seconds)
                },
                &policy,
            );
            let started = world.wake(Function::DbCluster).await;
            let later = world.wakes(Function::DbCluster, 25).await;
            let what = format!("{status_in_failover:?}, events {seconds} s late");
            let started = record(&started, "graph");
            assert_eq!(
                started.outcome,
                Outcome::Switched,
                "{what}: {}",
                started.line()
            );
            let calls = world.calls("FailoverDBCluster");
            assert_eq!(calls.len(), 1, "{what}");
            let told = world.told().await;
            let completed = first(&told, "graph", "Completed");
            let back = first(&told, "graph-w", "DB instance restarted");
            let drills = reported(&later);
            let [report] = drills.as_slice() else {
                panic!("{what}: {} reports", drills.len());
            };
            assert_eq!(report.accepted, calls[0].at, "{what}");
            // It looks every five seconds: not before it happened, and at most one look later.
            let seen = started.switched.as_ref().expect("who took over").seconds;
            assert!((35..=40).contains(&seen), "{what}: {seen}");
            assert_eq!(at(report, "new_writer"), completed, "{what}");
            assert_eq!(at(report, "old_writer_back"), back, "{what}");
            assert_eq!(at(report, "available"), back, "{what}");
            assert_eq!(
                (report.from.as_str(), report.to.as_deref(), report.verdict),
                ("graph-w", Some("graph-r1"), DrillVerdict::Met),
                "{what}"
            );
            assert_eq!(
                (report.from_zone.as_deref(), report.to_zone.as_deref()),
                (Some("us-east-1a"), Some("us-east-1b")),
                "{what}"
            );
            assert_eq!(world.writer("graph"), "graph-r1", "{what}");
        }
    }
}

#[tokio::test]
async fn a_drill_that_neptune_does_not_begin_is_refused_and_tried_again_after_the_cooldown() {
    let neptune = NeptuneParameters {
        ignores_failover_within: Some(TimeDelta::minutes(30)),
        ..NeptuneParameters::default()
    };
    let mut policy = drilled(CLUSTERS, "failover_db_cluster", 1, "");
    policy = policy.replace(
        "apply = \"all\"\n",
        "apply = \"all\"\ncooldown_minutes = 10\n",
    );
    let world = with_graph(Parameters { neptune, ..late(0) }, &policy);
    {
        let mut cloud = world.cloud.lock();
        let now = cloud.now();
        assert!(cloud.neptune.fail_writer("graph", now));
    }
    world.cloud.advance(15);
    let started = world.wake(Function::DbCluster).await;
    let started = record(&started, "graph");
    assert_eq!(started.outcome, Outcome::Accepted, "{}", started.line());
    let drills = reported(&world.wakes(Function::DbCluster, 150).await);
    // Neptune does not begin for half an hour after its own failover; each try waits for the cooldown of the one before.
    let calls = world.calls("FailoverDBCluster");
    assert!(
        calls
            .windows(2)
            .all(|two| two[1].at - two[0].at >= TimeDelta::minutes(10)),
        "{calls:?}"
    );
    let outcomes = world.attempts("db-cluster:graph");
    assert!(
        matches!(&outcomes[0].outcome, FailoverOutcome::Refused { code, .. } if code == "RDS-EVENT-0034"),
        "{outcomes:?}"
    );
    let [report] = drills.as_slice() else {
        panic!("{drills:?}");
    };
    assert!(
        report.to.is_some() && report.accepted > outcomes[0].at,
        "{report:?}"
    );
}
