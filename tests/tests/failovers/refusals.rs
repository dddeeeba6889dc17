//! Refusals: what must be so before anything is sent, against the real embedded services; and what AWS refuses, by its cause.

use clusterwarden::{
    failover::FailoverOutcome,
    journal::Retry,
    record::{Mode, Outcome, Record},
};
use clusterwarden_local::cloud::{
    Cloud, Fault, Parameters,
    elasticache::GroupSpec,
    neptune::{DbClusterSpec, DbInstanceSpec},
};
use clusterwarden_tests::{
    failovers::{Failovers, Function, reason, record},
    fixture::scheduled,
    line::{Line, Plan},
};
use serde_json::{Value, json};

use crate::{CLUSTERS, SHARDS, drilled, late, with_graph, with_group, with_orders};

fn request() -> Value {
    json!({
        "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
        "reason": "leave us-east-1a", "expires": "2026-11-24T20:00:00Z", "accept": ["cooldown"],
    })
}

fn of_graph() -> Value {
    json!({
        "db_cluster": "graph", "from": "graph-w", "reason": "patching", "expires": "2026-11-24T20:00:00Z",
        "accept": ["cooldown"],
    })
}

async fn ask(world: &Failovers) -> Record {
    record(&world.ask(Function::Shard, &request()).await, "orders").clone()
}

async fn ask_of_graph(world: &Failovers) -> Record {
    record(&world.ask(Function::DbCluster, &of_graph()).await, "graph").clone()
}

/// The record of a drill that is due.
async fn drill(world: &Failovers) -> Record {
    record(&world.wake(Function::Shard).await, "orders").clone()
}

/// Somebody else fails over the first shards of so many groups `other-…`.
fn spent_by_others(world: &Failovers, calls: u32) {
    for number in 0..calls {
        let id = format!("other-{number}");
        world.add_group(GroupSpec {
            id: id.clone(),
            shards: 1,
            ..GroupSpec::default()
        });
        let form = format!("Action=TestFailover&ReplicationGroupId={id}&NodeGroupId=0001");
        world.query("2015-02-02", &form);
    }
}

#[tokio::test]
async fn the_budget_counts_everybodys_failovers_of_all_groups_and_keeps_a_reserve() {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    for (spent, drills, requests) in [
        (9, true, true),
        (10, false, true),
        (14, false, true),
        (15, false, false),
    ] {
        let world = with_orders(late(0), &policy);
        spent_by_others(&world, spent);
        world.cloud.advance(1);
        let planned = world.pass(Function::Shard, Mode::Plan, &scheduled()).await;
        let planned = record(&planned, "orders");
        let asked = json!({ "request": { "failover": request() } });
        let asked = world.pass(Function::Shard, Mode::Plan, &asked).await;
        let asked = record(&asked, "orders");
        for (record, there_is_room) in [(planned, drills), (asked, requests)] {
            if there_is_room {
                assert_eq!(
                    record.outcome,
                    Outcome::Planned,
                    "{spent}: {}",
                    record.line()
                );
            } else {
                assert_eq!(reason(record), "budget_spent", "{spent}: {}", record.line());
            }
        }
    }
}

#[tokio::test]
async fn the_budget_is_free_again_a_day_after_what_others_spent() {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    let world = with_orders(late(0), &policy);
    spent_by_others(&world, 10);
    assert_eq!(reason(&drill(&world).await), "budget_spent");
    world.skip_hours(24);
    world.cloud.advance(2);
    assert_eq!(drill(&world).await.outcome, Outcome::Switched);
}

#[tokio::test]
async fn a_test_failover_that_aws_blocks_is_for_a_person_and_is_not_tried_again_within_the_cooldown()
 {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    let world = with_orders(late(0), &policy);
    world.cloud.lock().elasticache.block_test_failover(true);
    let failed = drill(&world).await;
    assert_eq!(failed.outcome, Outcome::Failed, "{}", failed.line());
    let failure = failed.failure.as_ref().expect("why");
    assert_eq!(failure.code, "TestFailoverNotAvailableFault");
    assert_eq!(failure.retry, Some(Retry::Person));
    assert!(failed.request_id.is_some());
    let refused = FailoverOutcome::Refused {
        code: failure.code.clone(),
        retry: Retry::Person,
    };
    assert_eq!(world.attempts("orders")[0].outcome, refused);
    for report in world.wakes(Function::Shard, 50).await {
        assert_eq!(reason(record(&report, "orders")), "backing_off");
    }
    assert_eq!(world.calls("TestFailover").len(), 1);
    // Freed, it is drilled after the cooldown.
    world.cloud.lock().elasticache.block_test_failover(false);
    world.wakes(Function::Shard, 20).await;
    assert_eq!(world.primary("orders", "0001").id, "orders-0001-002");
}

#[tokio::test]
async fn a_group_that_is_not_as_a_test_failover_needs_it_is_held() {
    let spec = GroupSpec::default;
    let cases = [
        (
            "no_replica",
            GroupSpec {
                replicas_per_shard: 0,
                ..spec()
            },
        ),
        (
            "multi_az_off",
            GroupSpec {
                multi_az: false,
                ..spec()
            },
        ),
        (
            "automatic_failover_off",
            GroupSpec {
                multi_az: false,
                automatic_failover: false,
                ..spec()
            },
        ),
        (
            "global_datastore_member",
            GroupSpec {
                global_datastore: Some("ldgnf-orders".to_owned()),
                ..spec()
            },
        ),
        (
            "not_available",
            GroupSpec {
                snapshot_window: Some("08:10-09:10".to_owned()),
                ..spec()
            },
        ),
    ];
    for (why, spec) in cases {
        let policy = drilled(SHARDS, "failover_shard", 30, "");
        let world = with_group(late(0), &policy, spec);
        for record in [ask(&world).await, drill(&world).await] {
            assert_eq!(reason(&record), why, "{}", record.line());
        }
        assert_eq!(world.changes(), [], "{why}");
    }
}

#[tokio::test]
async fn a_group_whose_metrics_are_silent_is_held() {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    let world = with_orders(late(0), &policy);
    world.silence("orders");
    world.cloud.advance(12);
    for record in [ask(&world).await, drill(&world).await] {
        assert_eq!(reason(&record), "primary_unknown", "{}", record.line());
    }
    assert_eq!(world.changes(), []);
}

#[tokio::test]
async fn a_replica_whose_lag_is_not_known_or_too_large_is_not_failed_over_to() {
    for (lag, why) in [(None, "lag_unknown"), (Some(6.0), "lagging")] {
        let policy = drilled(SHARDS, "failover_shard", 30, "");
        let world = with_orders(late(0), &policy);
        for node in ["orders-0001-002", "orders-0002-002"] {
            assert!(world.cloud.lock().elasticache.set_lag(node, lag));
        }
        world.cloud.advance(12);
        for record in [ask(&world).await, drill(&world).await] {
            assert_eq!(reason(&record), why, "{}", record.line());
        }
        assert_eq!(world.changes(), []);
    }
}

#[tokio::test]
async fn a_group_that_somebody_else_failed_over_is_held_for_a_cooldown() {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    let world = with_orders(late(300), &policy);
    world.query(
        "2015-02-02",
        "Action=TestFailover&ReplicationGroupId=orders&NodeGroupId=0002",
    );
    let reports = world.wakes(Function::Shard, 50).await;
    let held: Vec<&str> = reports
        .iter()
        .map(|report| reason(record(report, "orders")))
        .collect();
    assert!(
        held.iter()
            .all(|one| ["not_available", "cooling_down"].contains(one)),
        "{held:?}"
    );
    assert!(held.contains(&"cooling_down"));
    world.wakes(Function::Shard, 20).await;
    assert_eq!(world.calls("TestFailover").len(), 1);
}

/// The number of the pass's last call if it sends one: the reads of the same pass in plan mode, and so many writes.
async fn number_of_the_call(
    world: &Failovers,
    function: Function,
    writes: usize,
    event: &Value,
) -> usize {
    // What it writes at first sight it does not write again.
    world.pass(function, Mode::Plan, event).await;
    let line = Line::new(&world.cloud, Plan::default());
    world
        .pass_over(&line, function, Mode::Plan, event)
        .await
        .expect("a pass");
    line.carried().len() + writes
}

#[tokio::test]
async fn a_failover_that_somebody_else_starts_between_look_and_act_is_superseded() {
    for blames_member in [true, false] {
        let parameters = Parameters {
            busy_failover_blames_member: blames_member,
            ..late(0)
        };
        let world = with_orders(parameters, SHARDS);
        let event = json!({ "request": { "failover": request() } });
        let number = number_of_the_call(&world, Function::Shard, 2, &event).await;
        let mut plan = Plan::default();
        plan.before.insert(
            number,
            Box::new(|cloud: &mut Cloud| {
                let now = cloud.now();
                assert!(cloud.elasticache.fail_primary("orders", "0002", now));
            }),
        );
        let line = Line::new(&world.cloud, plan);
        let report = world
            .pass_over(&line, Function::Shard, Mode::Apply, &event)
            .await;
        let report = report.expect("a pass");
        let record = record(&report, "orders");
        assert_eq!(record.outcome, Outcome::Superseded, "{}", record.line());
        let code = if blames_member {
            "InvalidCacheClusterState"
        } else {
            "InvalidReplicationGroupState"
        };
        assert_eq!(record.failure.as_ref().expect("why").code, code);
        let refused = FailoverOutcome::Refused {
            code: code.to_owned(),
            retry: Retry::Now,
        };
        assert_eq!(world.attempts("orders")[0].outcome, refused);
    }
}

#[tokio::test]
async fn each_refusal_of_aws_has_its_outcome_by_cause_in_record_and_journal() {
    let of_shards = [
        (
            "APICallRateForCustomerExceeded",
            400,
            Some(Retry::Later),
            Outcome::Failed,
        ),
        (
            "TestFailoverNotAvailableFault",
            400,
            Some(Retry::Person),
            Outcome::Failed,
        ),
        (
            "ReplicationGroupNotFoundFault",
            404,
            Some(Retry::Person),
            Outcome::Failed,
        ),
        (
            "NodeGroupNotFoundFault",
            404,
            Some(Retry::Person),
            Outcome::Failed,
        ),
        (
            "InvalidReplicationGroupState",
            400,
            Some(Retry::Now),
            Outcome::Superseded,
        ),
        (
            "InvalidCacheClusterState",
            400,
            Some(Retry::Now),
            Outcome::Superseded,
        ),
        ("AccessDenied", 403, Some(Retry::Person), Outcome::Failed),
        ("Throttling", 400, Some(Retry::Later), Outcome::Failed),
        ("InternalFailure", 500, None, Outcome::Failed),
    ];
    for (code, status, retry, outcome) in of_shards {
        let world = with_orders(late(0), SHARDS);
        let fault = Fault::Error {
            status,
            code: code.to_owned(),
            message: "no".to_owned(),
        };
        world.cloud.lock().faults.push("TestFailover", fault);
        let record = ask(&world).await;
        check(&world, &record, "orders", code, retry, &outcome);
        assert_eq!(world.calls("TestFailover").len(), 1, "{code} is sent once");
    }
    let of_clusters = [
        (
            "DBClusterNotFoundFault",
            404,
            Some(Retry::Person),
            Outcome::Failed,
        ),
        (
            "InvalidDBClusterStateFault",
            400,
            Some(Retry::Now),
            Outcome::Superseded,
        ),
        (
            "InvalidDBInstanceState",
            400,
            Some(Retry::Now),
            Outcome::Superseded,
        ),
        ("AccessDenied", 403, Some(Retry::Person), Outcome::Failed),
        ("Throttling", 400, Some(Retry::Later), Outcome::Failed),
        ("InternalFailure", 500, None, Outcome::Failed),
    ];
    for (code, status, retry, outcome) in of_clusters {
        let world = with_graph(late(0), CLUSTERS);
        let fault = Fault::Error {
            status,
            code: code.to_owned(),
            message: "no".to_owned(),
        };
        world.cloud.lock().faults.push("FailoverDBCluster", fault);
        let record = ask_of_graph(&world).await;
        check(&world, &record, "db-cluster:graph", code, retry, &outcome);
        assert_eq!(
            world.calls("FailoverDBCluster").len(),
            1,
            "{code} is sent once"
        );
    }
}

fn check(
    world: &Failovers,
    record: &Record,
    key: &str,
    code: &str,
    retry: Option<Retry>,
    outcome: &Outcome,
) {
    assert_eq!(record.outcome, *outcome, "{}", record.line());
    let failure = record.failure.as_ref().expect("why");
    assert_eq!((failure.code.as_str(), failure.retry), (code, retry));
    let kept = retry.map_or(FailoverOutcome::Asked, |retry| FailoverOutcome::Refused {
        code: code.to_owned(),
        retry,
    });
    assert_eq!(world.attempts(key)[0].outcome, kept);
}

#[tokio::test]
async fn clusters_of_other_engines_are_never_failed_over_though_the_policy_names_them() {
    let engines = ["aurora-postgresql", "aurora-mysql", "docdb"];
    let mut policy = "version = 1\n".to_owned();
    for engine in engines {
        let entry =
            format!("[[failover_db_cluster]]\ndb_cluster = \"{engine}\"\napply = \"all\"\n");
        policy += &alarmed_and_drilled(&entry);
    }
    policy +=
        &alarmed_and_drilled("[[failover_db_cluster]]\ndb_cluster = \"*\"\napply = \"all\"\n");
    let world = Failovers::new(late(0), &policy);
    for engine in engines.into_iter().chain(["aurora", "neptune-like"]) {
        world.add_cluster(DbClusterSpec {
            id: engine.to_owned(),
            engine: engine.to_owned(),
            instances: ["w", "r"]
                .map(|role| {
                    DbInstanceSpec::new(
                        &format!("{engine}-{role}"),
                        "db.r6g.large",
                        "us-east-1a",
                        1,
                    )
                })
                .to_vec(),
            ..DbClusterSpec::default()
        });
    }
    world.add_alarm("sick", &[("DBInstanceIdentifier", "aurora-postgresql-w")]);
    world.set_alarm("sick", "ALARM");
    world.cloud.advance(15);
    let reports = world.wakes(Function::DbCluster, 60).await;
    for report in &reports {
        assert_eq!(
            report.records.len(),
            engines.len(),
            "a glob names no other engine's clusters"
        );
        for record in &report.records {
            assert_eq!(reason(record), "not_neptune", "{}", record.line());
        }
    }
    for engine in engines.into_iter().chain(["aurora"]) {
        let request = json!({
            "db_cluster": engine, "from": format!("{engine}-w"), "to": format!("{engine}-r"), "reason": "x",
            "expires": "2026-11-24T20:00:00Z", "accept": ["cooldown"],
        });
        let report = world.ask(Function::DbCluster, &request).await;
        assert_eq!(reason(record(&report, engine)), "not_neptune");
    }
    assert_eq!(world.changes(), []);
    assert_eq!(world.calls("FailoverDBCluster"), []);
}

fn alarmed_and_drilled(entry: &str) -> String {
    let entry = crate::alarmed(entry, "failover_db_cluster", "evacuate = [\"sick\"]");
    drilled(&entry, "failover_db_cluster", 1, "")
}

#[tokio::test]
async fn a_cluster_that_became_another_engines_between_look_and_act_is_left_alone() {
    let world = with_graph(late(0), CLUSTERS);
    let event = json!({ "request": { "failover": of_graph() } });
    // One write, and then the last look.
    let number = number_of_the_call(&world, Function::DbCluster, 1, &event).await;
    let mut plan = Plan::default();
    plan.before.insert(
        number,
        Box::new(|cloud: &mut Cloud| {
            let now = cloud.now();
            let spec = DbClusterSpec {
                engine: "docdb".to_owned(),
                ..DbClusterSpec::default()
            };
            cloud.neptune.seed_cluster(spec, now);
        }),
    );
    let line = Line::new(&world.cloud, plan);
    let report = world
        .pass_over(&line, Function::DbCluster, Mode::Apply, &event)
        .await;
    let report = report.expect("a pass");
    let record = record(&report, "graph");
    // The last look sends nothing, and the person who waits is told what another look finds.
    assert_eq!(
        (&record.outcome, &record.decision["reason"]),
        (&Outcome::Held, &json!("not_neptune")),
        "{}",
        record.line()
    );
    assert_eq!(world.calls("FailoverDBCluster"), []);
    assert_eq!(
        world.attempts("db-cluster:graph")[0].outcome,
        FailoverOutcome::NotSent
    );
}

#[tokio::test]
async fn a_cluster_that_is_not_as_a_failover_needs_it_is_held() {
    let spec = DbClusterSpec::default;
    let alone = vec![DbInstanceSpec::new(
        "graph-w",
        "db.r6g.large",
        "us-east-1a",
        1,
    )];
    let cases = [
        (
            "global_database_member",
            DbClusterSpec {
                global_cluster: Some("worldwide".to_owned()),
                ..spec()
            },
        ),
        (
            "no_replica",
            DbClusterSpec {
                instances: alone,
                ..spec()
            },
        ),
    ];
    for (why, spec) in cases {
        let world = Failovers::new(late(0), &drilled(CLUSTERS, "failover_db_cluster", 30, ""));
        world.add_cluster(spec);
        world.cloud.advance(15);
        let drilled = world.wake(Function::DbCluster).await;
        for record in [
            ask_of_graph(&world).await,
            record(&drilled, "graph").clone(),
        ] {
            assert_eq!(reason(&record), why, "{}", record.line());
        }
        assert_eq!(world.changes(), [], "{why}");
    }
}

#[tokio::test]
async fn a_cluster_whose_lag_is_silent_or_too_large_is_held() {
    for (silent, why) in [(true, "lag_unknown"), (false, "lagging")] {
        let world = with_graph(late(0), &drilled(CLUSTERS, "failover_db_cluster", 30, ""));
        if silent {
            world.silence_cluster("graph");
        } else {
            world.cloud.lock().workload.database_mut("graph").lag = 5_000.0;
        }
        world.cloud.advance(12);
        let drilled = world.wake(Function::DbCluster).await;
        for record in [
            ask_of_graph(&world).await,
            record(&drilled, "graph").clone(),
        ] {
            assert_eq!(reason(&record), why, "{}", record.line());
        }
        assert_eq!(world.changes(), [], "{why}");
    }
}

#[tokio::test]
async fn the_best_reader_is_chosen_by_tier_then_lag_then_class_then_zone() {
    let instance =
        |id: &str, class: &str, zone: &str, tier: u8| DbInstanceSpec::new(id, class, zone, tier);
    let world = Failovers::new(late(0), CLUSTERS);
    world.add_cluster(DbClusterSpec {
        instances: vec![
            instance("graph-w", "db.r6g.xlarge", "us-east-1a", 1),
            instance("graph-first", "db.r6g.large", "us-east-1b", 0),
            instance("graph-lags", "db.r6g.xlarge", "us-east-1b", 1),
            instance("graph-small", "db.r6g.large", "us-east-1b", 1),
            instance("graph-near", "db.r6g.xlarge", "us-east-1a", 1),
            instance("graph-best", "db.r6g.xlarge", "us-east-1c", 1),
        ],
        ..DbClusterSpec::default()
    });
    {
        let mut cloud = world.cloud.lock();
        let load = cloud.workload.database_mut("graph");
        load.set_lag("graph-first", 4_000.0);
        load.set_lag("graph-lags", 450.0);
    }
    world.cloud.advance(15);
    let done = ask_of_graph(&world).await;
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
    let ranked: Vec<&str> = done.ranking.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(
        ranked,
        [
            "graph-best",
            "graph-near",
            "graph-small",
            "graph-lags",
            "graph-first"
        ]
    );
    assert_eq!(done.ranking[4].rank, None);
    assert_eq!(world.writer("graph"), "graph-best");
}

#[tokio::test]
async fn no_event_older_than_a_day_is_needed_for_a_cooldown_of_days() {
    let policy = drilled(SHARDS, "failover_shard", 1, "").replace(
        "apply = \"all\"\n",
        "apply = \"all\"\ncooldown_minutes = 4320\n",
    );
    let world = with_orders(late(0), &policy);
    world.query(
        "2015-02-02",
        "Action=TestFailover&ReplicationGroupId=orders&NodeGroupId=0002",
    );
    world.skip_hours(48);
    assert_eq!(reason(&drill(&world).await), "cooling_down");
    world.skip_hours(24);
    world.cloud.advance(10);
    assert_eq!(drill(&world).await.outcome, Outcome::Switched);
}
