//! Requests of people: carried out once, answered as done when repeated, refused with what is wrong.

use clusterwarden::record::{Outcome, Record, Report};
use clusterwarden_local::cloud::Parameters;
use clusterwarden_tests::failovers::{Failovers, Function, reason};
use serde_json::{Value, json};

use crate::{CLUSTERS, PROMOTIONS, SHARDS, alarmed, late, with_graph, with_orders};

/// A request to leave the first node of shard 0001, with what is said otherwise.
fn of_shard(other: &Value) -> Value {
    let request = json!({
        "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
        "reason": "leave us-east-1a", "expires": "2026-11-23T20:00:00Z",
    });
    changed(request, other)
}

/// A request to leave the first writer, with what is said otherwise.
fn of_cluster(other: &Value) -> Value {
    let request = json!({
        "db_cluster": "graph", "from": "graph-w", "reason": "patching", "expires": "2026-11-23T20:00:00Z",
    });
    changed(request, other)
}

fn changed(mut request: Value, other: &Value) -> Value {
    let all = request.as_object_mut().expect("an object");
    for (key, value) in other.as_object().expect("an object") {
        all.insert(key.clone(), value.clone());
    }
    request
}

/// Asks, and gives the only record.
async fn ask(world: &Failovers, function: Function, request: &Value) -> Record {
    let report = world.ask(function, request).await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.records.len(), 1, "{report:?}");
    report.records[0].clone()
}

fn refusal(report: &Report) -> &str {
    assert!(report.records.is_empty(), "{report:?}");
    report.request.as_deref().expect("a refusal")
}

#[tokio::test]
async fn a_request_is_carried_out_and_a_repeated_one_is_done_already() {
    let world = with_orders(late(0), SHARDS);
    let done = ask(&world, Function::Shard, &of_shard(&json!({}))).await;
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
    assert_eq!(done.switched.expect("who").to, "orders-0001-002");
    for accept in [json!([]), json!(["cooldown"])] {
        for minutes in [0, 1, 20, 200] {
            world.cloud.advance(minutes);
            let again = of_shard(&json!({ "accept": accept }));
            let again = ask(&world, Function::Shard, &again).await;
            assert_eq!(again.outcome, Outcome::AlreadyDone, "{}", again.line());
        }
    }
    assert_eq!(world.calls("TestFailover").len(), 1);
}

#[tokio::test]
async fn a_request_for_a_cluster_is_carried_out_and_a_repeated_one_is_done_already() {
    let world = with_graph(late(600), CLUSTERS);
    let request = of_cluster(&json!({ "to": "graph-r2" }));
    let done = ask(&world, Function::DbCluster, &request).await;
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
    assert_eq!(world.writer("graph"), "graph-r2");
    for accept in [json!([]), json!(["cooldown"])] {
        for minutes in [0, 1, 20, 200] {
            world.cloud.advance(minutes);
            let again = of_cluster(&json!({ "to": "graph-r2", "accept": accept }));
            let again = ask(&world, Function::DbCluster, &again).await;
            assert_eq!(again.outcome, Outcome::AlreadyDone, "{}", again.line());
        }
    }
    assert_eq!(world.calls("FailoverDBCluster").len(), 1);
}

#[tokio::test]
async fn a_repeated_request_whose_failover_nobody_has_seen_yet_sends_nothing() {
    for seconds in [0, 600] {
        let world = with_orders(late(seconds), SHARDS);
        ask(&world, Function::Shard, &of_shard(&json!({}))).await;
        for _ in 0..20 {
            world.cloud.advance(1);
            let again = of_shard(&json!({ "accept": ["cooldown"] }));
            let again = ask(&world, Function::Shard, &again).await;
            let answers = [Outcome::AlreadyDone, Outcome::Held];
            assert!(answers.contains(&again.outcome), "{}", again.line());
        }
        assert_eq!(world.calls("TestFailover").len(), 1, "{seconds} s");
    }
}

#[tokio::test]
async fn what_is_done_is_done_though_a_stop_alarm_or_a_pause_came_after_it() {
    let world = with_orders(
        late(0),
        &alarmed(SHARDS, "failover_shard", "stop = [\"incident\"]"),
    );
    world.add_alarm("incident", &[]);
    ask(&world, Function::Shard, &of_shard(&json!({}))).await;
    world.set_alarm("incident", "ALARM");
    let again = ask(&world, Function::Shard, &of_shard(&json!({}))).await;
    assert_eq!(again.outcome, Outcome::AlreadyDone, "{}", again.line());

    let world = with_graph(
        late(0),
        &alarmed(CLUSTERS, "failover_db_cluster", "stop = [\"incident\"]"),
    );
    world.add_alarm("incident", &[]);
    ask(&world, Function::DbCluster, &of_cluster(&json!({}))).await;
    world.set_alarm("incident", "ALARM");
    let again = ask(&world, Function::DbCluster, &of_cluster(&json!({}))).await;
    assert_eq!(again.outcome, Outcome::AlreadyDone, "{}", again.line());
}

#[tokio::test]
async fn an_expired_request_is_held() {
    let world = with_orders(Parameters::default(), SHARDS);
    let request = of_shard(&json!({ "expires": "2026-11-23T08:10:00Z" }));
    let held = ask(&world, Function::Shard, &request).await;
    assert_eq!(reason(&held), "request_expired");
    let world = with_graph(Parameters::default(), CLUSTERS);
    let request = of_cluster(&json!({ "expires": "2026-11-23T08:10:00Z" }));
    let held = ask(&world, Function::DbCluster, &request).await;
    assert_eq!(reason(&held), "request_expired");
    assert_eq!(world.changes(), []);
}

#[tokio::test]
async fn a_request_that_does_not_fit_what_is_there_is_held() {
    let world = with_orders(Parameters::default(), SHARDS);
    for other in [
        json!({ "shard": "0009" }),
        json!({ "from": "orders-0002-001" }),
        json!({ "from": "nobody" }),
        json!({ "shard": null }),
    ] {
        let held = ask(&world, Function::Shard, &of_shard(&other)).await;
        assert_eq!(reason(&held), "request_unfit", "{other}: {}", held.line());
    }
    assert_eq!(world.changes(), []);
    let world = with_graph(Parameters::default(), CLUSTERS);
    for other in [
        json!({ "from": "nobody" }),
        json!({ "to": "nobody" }),
        json!({ "to": "graph-w" }),
    ] {
        let held = ask(&world, Function::DbCluster, &of_cluster(&other)).await;
        assert_eq!(reason(&held), "request_unfit", "{other}: {}", held.line());
    }
    assert_eq!(world.changes(), []);
}

#[tokio::test]
async fn a_request_of_another_functions_kind_or_of_a_target_without_an_entry_is_refused() {
    let world = with_orders(Parameters::default(), SHARDS);
    for function in [Function::DbCluster, Function::Promote] {
        let report = world.ask(function, &of_shard(&json!({}))).await;
        assert!(refusal(&report).starts_with("refused"), "{report:?}");
    }
    for function in [Function::Shard, Function::Promote] {
        let report = world.ask(function, &of_cluster(&json!({}))).await;
        assert!(
            refusal(&report).contains("failover-db-cluster"),
            "{report:?}"
        );
    }
    let stranger = of_shard(&json!({ "replication_group": "carts" }));
    let report = world.ask(Function::Shard, &stranger).await;
    assert!(refusal(&report).contains("carts"), "{report:?}");
    let stranger = of_cluster(&json!({}));
    let report = world.ask(Function::DbCluster, &stranger).await;
    assert!(refusal(&report).contains("graph"), "{report:?}");
    let event = json!({ "request": { "reshard": { "replication_group": "orders", "to": 8 } } });
    let report = world
        .pass(Function::Shard, clusterwarden::record::Mode::Apply, &event)
        .await;
    assert!(refusal(&report).starts_with("refused"), "{report:?}");
    assert_eq!(world.changes(), []);
}

#[tokio::test]
async fn a_request_with_mistakes_is_refused_with_every_one_of_them() {
    let world = with_orders(Parameters::default(), SHARDS);
    let request = of_shard(
        &json!({ "from": 7, "expires": "soon", "force": true, "accept": ["replica_lag"] }),
    );
    let report = world.ask(Function::Shard, &request).await;
    let said = refusal(&report);
    for part in ["`from`", "`expires`", "`force`", "no safety check"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert_eq!(world.changes(), []);
    assert_eq!(world.calls("DescribeReplicationGroups"), []);
}

#[tokio::test]
async fn a_safety_check_cannot_be_waived() {
    let safety = [
        "replica_lag",
        "available",
        "budget",
        "multi_az",
        "automatic_failover",
        "nothing_in_flight",
        "stop_alarm",
        "not_paused",
        "engine",
        "primary_known",
        "backed_off",
        "Cooldown",
        "*",
    ];
    for name in safety {
        let world = with_orders(Parameters::default(), SHARDS);
        let request = of_shard(&json!({ "accept": ["cooldown", name] }));
        let report = world.ask(Function::Shard, &request).await;
        assert!(refusal(&report).contains(name), "{report:?}");
        assert_eq!(world.changes(), [], "{name}");
    }
}

#[tokio::test]
async fn the_cooldown_holds_a_request_until_it_is_waived_and_the_waiver_is_recorded() {
    let world = with_orders(late(0), SHARDS);
    ask(&world, Function::Shard, &of_shard(&json!({}))).await;
    world.cloud.advance(20);
    let back = json!({ "from": "orders-0001-002" });
    let held = ask(&world, Function::Shard, &of_shard(&back)).await;
    assert_eq!(reason(&held), "cooling_down", "{}", held.line());
    assert_eq!(held.waived, []);
    let back = json!({ "from": "orders-0001-002", "accept": ["cooldown"] });
    let done = ask(&world, Function::Shard, &of_shard(&back)).await;
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
    assert_eq!(json!(done.waived), json!(["cooldown"]));
    assert_eq!(world.primary("orders", "0001").id, "orders-0001-001");

    let world = with_graph(late(0), CLUSTERS);
    ask(&world, Function::DbCluster, &of_cluster(&json!({}))).await;
    world.cloud.advance(20);
    let back = json!({ "from": "graph-r1", "to": "graph-w" });
    let held = ask(&world, Function::DbCluster, &of_cluster(&back)).await;
    assert_eq!(reason(&held), "cooling_down", "{}", held.line());
    let back = json!({ "from": "graph-r1", "to": "graph-w", "accept": ["cooldown"] });
    let done = ask(&world, Function::DbCluster, &of_cluster(&back)).await;
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
    assert_eq!(json!(done.waived), json!(["cooldown"]));
    assert_eq!(world.writer("graph"), "graph-w");
}

#[tokio::test]
async fn a_waiver_that_was_not_needed_is_not_recorded() {
    let world = with_orders(late(0), SHARDS);
    let done = of_shard(&json!({ "accept": ["cooldown"] }));
    let done = ask(&world, Function::Shard, &done).await;
    assert_eq!((done.outcome, done.waived), (Outcome::Switched, vec![]));
}

#[tokio::test]
async fn a_request_for_a_promotion_that_names_a_shard_is_held() {
    let world = with_orders(Parameters::default(), PROMOTIONS);
    let held = ask(&world, Function::Promote, &of_shard(&json!({}))).await;
    assert_eq!(held.outcome, Outcome::Held, "{}", held.line());
    assert_eq!(world.changes(), []);
}
