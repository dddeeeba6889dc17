//! Two functions on one group: a reshard and a failover never run at once, and the journal is what keeps them apart.

use chrono::TimeDelta;
use clusterwarden::record::{Mode, Outcome, Report};
use clusterwarden_local::cloud::{Fault, Parameters};
use clusterwarden_tests::{
    failovers::{Failovers, Function, reason, record},
    fixture::scheduled,
    line::{Cut, Line, Plan},
};
use serde_json::{Value, json};

use crate::{late, with_orders};

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

/// Both functions may act on `orders`, and an alarm asks for a further shard.
const BOTH: &str = "version = 1\n[[reshard]]\nreplication_group = \"orders\"\napply = \"all\"\nmin_shards = 2\nmax_shards = 4\n\
    targets.engine_cpu = 60\nalarms.scale_out = [\"hot\"]\n\
    [[failover_shard]]\nreplication_group = \"orders\"\napply = \"all\"\n";

fn world(parameters: Parameters) -> Failovers {
    let world = with_orders(parameters, BOTH);
    world.add_alarm("hot", &[]);
    world
}

fn request() -> Value {
    json!({ "request": { "failover": {
        "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
        "reason": "leave us-east-1a", "expires": "2026-11-24T20:00:00Z", "accept": ["cooldown"],
    } } })
}

async fn reshard(world: &Failovers) -> Report {
    world
        .cloud
        .pass(&world.policy, Mode::Apply, &scheduled())
        .await
}

#[tokio::test]
async fn a_failover_is_held_while_a_reshard_is_in_flight() {
    // The group does not show the change yet: only the journal knows.
    let parameters = Parameters {
        modifying_delay: TimeDelta::seconds(60),
        ..late(0)
    };
    let world = world(parameters);
    reshard(&world).await;
    world.set_alarm("hot", "ALARM");
    let grown = reshard(&world).await;
    assert_eq!(
        record(&grown, "orders").outcome,
        Outcome::Accepted,
        "{grown:?}"
    );
    let held = world.pass(Function::Shard, Mode::Apply, &request()).await;
    let held = record(&held, "orders");
    assert_eq!(reason(held), "in_flight", "{}", held.line());
    world.cloud.advance(3);
    let held = world.pass(Function::Shard, Mode::Apply, &request()).await;
    assert_eq!(reason(record(&held, "orders")), "not_available");
    assert_eq!(world.calls("TestFailover"), []);
}

#[tokio::test]
async fn a_failover_is_held_though_the_answer_to_the_reshard_was_lost() {
    let world = world(late(0));
    reshard(&world).await;
    world.set_alarm("hot", "ALARM");
    world.cloud.lock().faults.push(RESHARD, Fault::LoseRequest);
    reshard(&world).await;
    let held = world.pass(Function::Shard, Mode::Apply, &request()).await;
    let held = record(&held, "orders");
    assert_eq!(reason(held), "in_flight", "{}", held.line());
    assert_eq!(world.calls("TestFailover"), []);
}

#[tokio::test]
async fn a_reshard_whose_function_is_gone_does_not_hold_failovers_for_ever() {
    let mut world = world(late(0));
    reshard(&world).await;
    world.set_alarm("hot", "ALARM");
    world.cloud.lock().faults.push(RESHARD, Fault::LoseRequest);
    reshard(&world).await;
    world.set_policy(crate::SHARDS);
    world.cloud.advance(60);
    let done = world.pass(Function::Shard, Mode::Apply, &request()).await;
    let done = record(&done, "orders");
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
}

#[tokio::test]
async fn a_reshard_is_held_while_nobody_knows_how_a_failover_ended() {
    let world = world(late(0));
    reshard(&world).await;
    world
        .cloud
        .lock()
        .faults
        .push("TestFailover", Fault::LoseRequest);
    let line = Line::new(
        &world.cloud,
        Plan {
            cut: Some(Cut::After("TestFailover")),
            ..Plan::default()
        },
    );
    let cut = world
        .pass_over(&line, Function::Shard, Mode::Apply, &request())
        .await;
    assert_eq!(cut, None);
    world.set_alarm("hot", "ALARM");
    let held = reshard(&world).await;
    let held = record(&held, "orders");
    assert_eq!(reason(held), "failover_in_flight", "{}", held.line());
    assert_eq!(world.calls(RESHARD), []);
}

#[tokio::test]
async fn of_a_reshard_and_a_failover_at_once_only_one_is_sent() {
    let mut sent = [0, 0];
    for seed in 0..12 {
        let parameters = Parameters {
            modifying_delay: TimeDelta::seconds(60),
            ..late(0)
        };
        let world = world(parameters);
        reshard(&world).await;
        world.set_alarm("hot", "ALARM");
        let line = |seed| {
            Line::new(
                &world.cloud,
                Plan {
                    seed,
                    ..Plan::default()
                },
            )
        };
        let (one, other) = (line(seed), line(seed + 100));
        let (event, asked) = (scheduled(), request());
        tokio::join!(
            world
                .cloud
                .pass_over(&one, &world.policy, Mode::Apply, &event),
            world.pass_over(&other, Function::Shard, Mode::Apply, &asked),
        );
        let accepted = |operation: &str| {
            let calls = world.calls(operation).into_iter();
            calls.filter(|call| call.status == Some(200)).count()
        };
        let (reshards, failovers) = (accepted(RESHARD), accepted("TestFailover"));
        assert_eq!(
            world.changes().len(),
            1,
            "seed {seed}: {:?}",
            world.changes()
        );
        assert_eq!(reshards + failovers, 1, "seed {seed}");
        sent[0] += reshards;
        sent[1] += failovers;
    }
    assert!(
        sent.iter().all(|count| *count > 0),
        "each wins now and then: {sent:?}"
    );
}
