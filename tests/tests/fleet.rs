//! Whole passes over several groups: what the fleet's limits let through, and what they hold.

use std::collections::BTreeSet;

use clusterwarden::{
    admit::GUARD,
    record::{Mode, Outcome, Record, Report},
};
use clusterwarden_local::cloud::{Fault, Parameters};
use clusterwarden_tests::fixture::{Fixture, scheduled};
use serde_json::{Value, json};

const GROUPS: [&str; 6] = ["carts", "catalog", "orders", "prices", "search", "sessions"];

/// Six groups of so many shards with two nodes each, under one entry.
fn fleet(shards: u32, limits: &str) -> Fixture {
    let policy = format!(
        "version = 1\n[fleet]\n{limits}\n[[reshard]]\nreplication_group = \"*\"\napply = \"all\"\n\
         min_shards = 2\nmax_shards = 8\ntargets.engine_cpu = 60\n"
    );
    let world = Fixture::with(shards, Parameters::default(), &policy);
    for id in GROUPS.into_iter().filter(|id| *id != "orders") {
        world.add_group(id, shards);
    }
    world
}

/// Publishes the same load of every group.
fn all_carried(world: &Fixture, minutes: i64, cpu: f64) {
    all_carried_but(world, minutes, cpu, &[]);
}

/// Publishes the same load of every group but of these, which have theirs.
fn all_carried_but(world: &Fixture, minutes: i64, cpu: f64, others: &[(&str, f64)]) {
    for id in GROUPS {
        let other = others.iter().find(|(other, _)| *other == id);
        let cpu = other.map_or(cpu, |(_, cpu)| *cpu);
        world.carried_by(id, minutes, &[cpu], 20.0);
    }
}

/// The groups that have more shards than they began with.
fn grown(world: &Fixture) -> Vec<&'static str> {
    let cloud = world.cloud.lock();
    let shards = |id: &str| {
        cloud
            .elasticache
            .group(id)
            .expect("it is there")
            .shards
            .len()
    };
    GROUPS.into_iter().filter(|id| shards(id) > 3).collect()
}

/// Lets the groups be known for longer than every cooldown.
async fn settle(world: &Fixture) {
    world.pass().await;
    world.cloud.advance(40);
}

fn targets_with<'r>(report: &'r Report, is: impl Fn(&Record) -> bool) -> BTreeSet<&'r str> {
    let records = report.records.iter().filter(|record| is(record));
    records.map(|record| record.target.as_str()).collect()
}

fn accepted(report: &Report) -> BTreeSet<&str> {
    assert_eq!(report.failures, Vec::<String>::new());
    targets_with(report, |record| record.outcome == Outcome::Accepted)
}

fn held<'r>(report: &'r Report, reason: &str) -> BTreeSet<&'r str> {
    targets_with(report, |record| record.decision["reason"] == reason)
}

/// The `saw` of a record's last guard, which is the fleet's.
fn saw(record: &Record) -> &str {
    let last = record.guards.last().expect("a guard");
    assert_eq!(last.name, GUARD, "{}", record.line());
    &last.saw
}

#[tokio::test]
async fn six_groups_that_all_want_growth_grow_two_a_pass() {
    let world = fleet(3, "max_changes_per_pass = 2");
    let mut grown = BTreeSet::new();
    for pass in 1..=3 {
        all_carried(&world, 30, 80.0);
        let report = world.pass().await;
        let now = accepted(&report);
        assert_eq!(now.len(), 2, "pass {pass}");
        let waiting = held(&report, "fleet_pass_limit");
        assert_eq!(waiting.len(), 6 - 2 * pass, "pass {pass}");
        assert!(waiting.is_disjoint(&now));
        grown.extend(now.into_iter().map(str::to_owned));
        world.cloud.advance(5);
    }
    assert_eq!(grown, GROUPS.map(str::to_owned).into());
    assert_eq!(world.reshards().len(), 6);
}

#[tokio::test]
async fn a_group_that_lacks_more_goes_before_one_earlier_in_the_alphabet() {
    let world = fleet(3, "max_changes_per_pass = 1");
    all_carried_but(&world, 30, 70.0, &[("search", 95.0)]);
    let report = world.pass().await;
    assert_eq!(accepted(&report), ["search"].into());
}

#[tokio::test]
async fn a_held_growth_keeps_what_was_wanted_and_the_numbers() {
    let world = fleet(3, "max_changes_per_pass = 2");
    all_carried(&world, 30, 80.0);
    let report = world.pass().await;
    let first = &report.records[0];
    assert_eq!(
        saw(first),
        "change 1 of 2 in this pass and 1 of 6 in an hour, 38 of 300 nodes, 0 of 3 failures"
    );
    let held: Value = serde_json::from_str(&report.records[5].line()).expect("a line of JSON");
    assert_eq!(held["decision"]["kind"], "hold");
    assert_eq!(
        held["decision"]["sentence"],
        "3 → 4 shards wanted, but all changes of this pass are taken (fleet.max_changes_per_pass 2)"
    );
    assert_eq!(
        held["wanted"],
        json!({
            "kind": "scale_out", "from": 3, "to": 4,
            "sentence": "3 → 4 shards: engine_cpu needs 4 (sum 240 % ÷ target 60 %)",
        })
    );
    assert_eq!(
        (&held["outcome"], &held["request"]),
        (&json!("held"), &Value::Null)
    );
    assert_eq!(
        saw(&report.records[5]),
        "change 3 of 2 in this pass and 3 of 6 in an hour, 42 of 300 nodes, 0 of 3 failures"
    );
}

#[tokio::test]
async fn plan_mode_previews_what_the_fleet_would_let_through() {
    let world = fleet(3, "max_changes_per_pass = 2\nmax_nodes_in_region = 40");
    all_carried(&world, 30, 80.0);
    let planned = world
        .cloud
        .pass(&world.policy, Mode::Plan, &scheduled())
        .await;
    assert_eq!(world.reshards().len(), 0);
    let applied = world.pass().await;
    assert_eq!(accepted(&applied).len(), 2);
    let told = |report: &Report| -> Vec<Value> {
        let told = |record: &Record| {
            json!([
                record.target,
                record.decision,
                record.wanted,
                record.request,
                record.guards
            ])
        };
        report.records.iter().map(told).collect()
    };
    assert_eq!(told(&planned), told(&applied));
}

#[tokio::test]
async fn an_hours_changes_are_counted_over_all_groups_and_passes() {
    let world = fleet(3, "max_changes_per_pass = 2\nmax_changes_per_hour = 3");
    for (advance, acts, waits) in [(0, 2, 0), (5, 1, 3), (10, 0, 3), (44, 0, 3), (2, 2, 1)] {
        world.cloud.advance(advance);
        // The load of those that have grown fits.
        let grown: Vec<(&str, f64)> = grown(&world).into_iter().map(|id| (id, 50.0)).collect();
        all_carried_but(&world, 30, 80.0, &grown);
        let report = world.pass().await;
        assert_eq!(accepted(&report).len(), acts, "{advance} min later");
        assert_eq!(
            held(&report, "fleet_hour_limit").len(),
            waits,
            "{advance} min later"
        );
    }
}

#[tokio::test]
async fn growth_stops_at_the_regions_nodes_and_counts_what_is_under_way() {
    let world = fleet(3, "max_changes_per_pass = 6\nmax_nodes_in_region = 41");
    all_carried(&world, 30, 80.0);
    let report = world.pass().await;
    assert_eq!(accepted(&report).len(), 2);
    assert_eq!(held(&report, "fleet_node_limit").len(), 4);
    assert_eq!(
        report.records[5].decision["sentence"],
        "3 → 4 shards wanted, but the Region's 40 nodes and 2 more are over fleet.max_nodes_in_region 41"
    );
    // Whether the new nodes are listed yet or not, they are counted.
    for minutes in [0, 1, 5] {
        world.cloud.advance(minutes);
        all_carried(&world, 30, 80.0);
        let report = world.pass().await;
        assert_eq!(accepted(&report).len(), 0, "{minutes} min later");
        assert_eq!(held(&report, "fleet_node_limit").len(), 4);
    }
    assert_eq!(world.reshards().len(), 2);
}

#[tokio::test]
async fn metrics_that_fall_everywhere_at_once_shrink_nothing_and_growth_goes_on() {
    let world = fleet(4, "max_changes_per_pass = 6");
    settle(&world).await;
    all_carried(&world, 60, 5.0);
    let report = world.pass().await;
    assert_eq!(held(&report, "scale_in_breaker"), GROUPS.into());
    assert_eq!(
        report.records[0].wanted.as_ref().map(|wanted| wanted.kind),
        Some("scale_in")
    );
    world.cloud.advance(5);
    all_carried_but(&world, 5, 5.0, &[("search", 90.0)]);
    let report = world.pass().await;
    assert_eq!(accepted(&report), ["search"].into());
    assert_eq!(held(&report, "scale_in_breaker").len(), 5);
    assert_eq!(world.reshards().len(), 1);
}

#[tokio::test]
async fn a_few_groups_may_shrink_and_growth_goes_before_them() {
    let world = fleet(4, "max_changes_per_pass = 1");
    settle(&world).await;
    all_carried_but(&world, 60, 50.0, &[("carts", 5.0), ("search", 90.0)]);
    let report = world.pass().await;
    assert_eq!(accepted(&report), ["search"].into());
    assert_eq!(held(&report, "fleet_pass_limit"), ["carts"].into());
    world.cloud.advance(5);
    all_carried_but(&world, 5, 50.0, &[("carts", 5.0)]);
    assert_eq!(accepted(&world.pass().await), ["carts"].into());
}

#[tokio::test]
async fn repeated_failures_stop_the_rest_of_the_pass_and_the_next_ones_for_an_hour() {
    let world = fleet(3, "max_changes_per_pass = 6\nmax_failures_per_hour = 2");
    all_carried(&world, 30, 80.0);
    for _ in 0..2 {
        let fault = Fault::Error {
            status: 400,
            code: "NodeQuotaForCustomerExceeded".to_owned(),
            message: "300".to_owned(),
        };
        let operation = "ModifyReplicationGroupShardConfiguration";
        world.cloud.lock().faults.push(operation, fault);
    }
    let report = world.pass().await;
    let failed = targets_with(&report, |record| record.outcome == Outcome::Failed);
    assert_eq!(failed, ["carts", "catalog"].into());
    assert_eq!(held(&report, "failure_breaker").len(), 4);
    assert_eq!(world.reshards().len(), 2);

    for minutes in [30, 29] {
        world.cloud.advance(minutes);
        all_carried(&world, 30, 80.0);
        let report = world.pass().await;
        assert_eq!(
            held(&report, "failure_breaker").len(),
            6,
            "{minutes} min later"
        );
    }
    world.cloud.advance(2);
    all_carried(&world, 30, 80.0);
    assert_eq!(accepted(&world.pass().await), GROUPS.into());
}

#[tokio::test]
async fn a_target_that_may_only_be_planned_takes_nobodys_place() {
    let mut world = fleet(3, "max_changes_per_pass = 1");
    let first = world.policy.reshard[0].clone();
    world
        .policy
        .reshard
        .push(clusterwarden::policy::ReshardPolicy {
            replication_group: "carts".to_owned(),
            apply: clusterwarden::policy::Apply::None,
            ..first
        });
    all_carried_but(&world, 30, 70.0, &[("carts", 95.0)]);
    let report = world.pass().await;
    let planned = targets_with(&report, |record| record.outcome == Outcome::Planned);
    assert_eq!(
        (planned, accepted(&report)),
        (["carts"].into(), ["catalog"].into())
    );
    assert_eq!(held(&report, "fleet_pass_limit").len(), 4);
}
