//! Silence: whoever may not act, and whoever does not see, sends nothing that changes anything.

use clusterwarden::record::{Mode, Outcome};
use clusterwarden_local::cloud::{
    Fault,
    elasticache::{ClusterMode, GroupSpec},
    neptune::DbClusterSpec,
};
use clusterwarden_tests::{
    failovers::{Failovers, Function},
    fixture::scheduled,
};
use serde_json::{Value, json};

use crate::late;

const FUNCTIONS: [Function; 3] = [Function::Shard, Function::DbCluster, Function::Promote];

/// Everything is due and in ALARM for each of the three functions.
fn policy(apply: &str) -> String {
    format!(
        "version = 1\n\
         [[failover_shard]]\nreplication_group = \"orders\"\napply = \"{apply}\"\n\
         [failover_shard.drill]\nevery_days = 1\ntime_zone = \"UTC\"\nfrom = \"00:00\"\nto = \"24:00\"\n\
         [[failover_db_cluster]]\ndb_cluster = \"graph\"\napply = \"{apply}\"\n\
         [failover_db_cluster.drill]\nevery_days = 1\ntime_zone = \"UTC\"\nfrom = \"00:00\"\nto = \"24:00\"\n\
         [[promote_replica]]\nreplication_group = \"plain\"\napply = \"{apply}\"\n\
         [promote_replica.alarms]\nevacuate = [\"plain-sick\"]\n"
    )
}

fn world(apply: &str) -> Failovers {
    let world = Failovers::new(late(0), &policy(apply));
    world.add_group(GroupSpec::default());
    world.add_group(GroupSpec {
        id: "plain".to_owned(),
        shards: 1,
        cluster_mode: ClusterMode::Disabled,
        automatic_failover: false,
        multi_az: false,
        ..GroupSpec::default()
    });
    world.add_cluster(DbClusterSpec::default());
    world.add_alarm("plain-sick", &[("CacheClusterId", "plain-001")]);
    world.set_alarm("plain-sick", "ALARM");
    world.cloud.advance(15);
    world
}

/// The three functions, each with the wakes that would make it act.
fn wakes() -> Vec<(Function, Value)> {
    let failover = |body: Value| json!({ "request": { "failover": body } });
    let expires = "2026-11-24T20:00:00Z";
    let mut wakes: Vec<(Function, Value)> = FUNCTIONS.map(|one| (one, scheduled())).to_vec();
    wakes.push((
        Function::Shard,
        failover(json!({ "replication_group": "orders", "shard": "0002", "from": "orders-0002-001", "reason": "x", "expires": expires })),
    ));
    wakes.push((
        Function::DbCluster,
        failover(
            json!({ "db_cluster": "graph", "from": "graph-w", "reason": "x", "expires": expires }),
        ),
    ));
    wakes.push((
        Function::Promote,
        failover(json!({ "replication_group": "plain", "from": "plain-001", "reason": "x", "expires": expires })),
    ));
    wakes
}

fn asked_nothing(world: &Failovers, what: &str) {
    assert_eq!(world.changes(), [], "{what}");
    for key in [
        "orders",
        "plain",
        "db-cluster:graph",
        "account:test-failover",
    ] {
        let journal = world.journal(key);
        assert_eq!(
            (journal.failovers, journal.ledger),
            (vec![], vec![]),
            "{what}: {key}"
        );
    }
}

#[tokio::test]
async fn each_of_these_wakes_makes_its_function_act() {
    for (function, event) in wakes() {
        let world = world("all");
        world.pass(function, Mode::Apply, &event).await;
        assert_eq!(world.changes().len(), 1, "{function:?} {event}");
    }
}

#[tokio::test]
async fn plan_mode_sends_nothing_and_shows_what_it_would_send() {
    for (function, event) in wakes() {
        let world = world("all");
        let report = world.pass(function, Mode::Plan, &event).await;
        let planned = report
            .records
            .iter()
            .filter(|one| one.outcome == Outcome::Planned);
        let planned: Vec<_> = planned.collect();
        assert_eq!(planned.len(), 1, "{function:?} {event}: {report:?}");
        assert!(planned[0].request.is_some());
        asked_nothing(&world, &format!("{function:?} {event}"));
    }
}

#[tokio::test]
async fn an_entry_with_apply_none_sends_nothing() {
    for (function, event) in wakes() {
        let world = world("none");
        let report = world.pass(function, Mode::Apply, &event).await;
        let outcomes: Vec<_> = report.records.iter().map(|one| &one.outcome).collect();
        assert!(
            outcomes.contains(&&Outcome::Planned),
            "{function:?} {event}: {report:?}"
        );
        asked_nothing(&world, &format!("{function:?} {event}"));
    }
}

#[tokio::test]
async fn where_nothing_asks_nothing_is_sent() {
    let mut world = world("all");
    world.set_policy(
        "version = 1\n[[failover_shard]]\nreplication_group = \"*\"\napply = \"all\"\n\
         [[failover_db_cluster]]\ndb_cluster = \"*\"\napply = \"all\"\n\
         [[promote_replica]]\nreplication_group = \"plain\"\napply = \"all\"\n",
    );
    for _ in 0..6 {
        for function in FUNCTIONS {
            let report = world.wake(function).await;
            assert!(report.failures.is_empty(), "{report:?}");
        }
        world.cloud.advance(5);
    }
    asked_nothing(&world, "nothing asked");
    assert_eq!(world.calls("GetMetricData"), []);
}

#[tokio::test]
async fn a_pass_that_cannot_read_something_sends_nothing_and_fails_aloud() {
    let reads = |function| match function {
        Function::Shard | Function::Promote => vec![
            "DescribeReplicationGroups",
            "DescribeCacheClusters",
            "DescribeEvents",
            "GetMetricData",
            "BatchGetItem",
            "ListTagsForResource",
        ],
        Function::DbCluster => vec![
            "DescribeDBClusters",
            "DescribeDBInstances",
            "DescribeEvents",
            "GetMetricData",
            "BatchGetItem",
            "ListTagsForResource",
        ],
    };
    for (function, event) in wakes() {
        for operation in reads(function) {
            let denied = Fault::Error {
                status: 400,
                code: "AccessDenied".to_owned(),
                message: "not authorized".to_owned(),
            };
            let world = world("all");
            world.cloud.lock().faults.push(operation, denied);
            let report = world.pass(function, Mode::Apply, &event).await;
            let what = format!("{function:?} {operation} {event}");
            let failures = report.failures.clone();
            assert!(!failures.is_empty(), "{what}");
            // A person waits for an answer; any other wake fails, so that Lambda's error metric shows it.
            match report.into_response() {
                Ok(answer) => {
                    assert!(event.get("request").is_some(), "{what}");
                    assert_eq!(answer["failures"], json!(failures), "{what}");
                }
                Err(_) => assert!(event.get("request").is_none(), "{what}"),
            }
            asked_nothing(&world, &what);
        }
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_sends_nothing() {
    for (function, event) in wakes() {
        for written in 0..2 {
            // Of a shard the intent is written first, and then the ledger.
            if written == 1 && function != Function::Shard {
                continue;
            }
            let world = world("all");
            for _ in 0..written {
                let conflict = Fault::Error {
                    status: 400,
                    code: "AccessDeniedException".to_owned(),
                    message: "not authorized".to_owned(),
                };
                world.cloud.lock().faults.push("PutItem", conflict);
            }
            for _ in 0..3 {
                world
                    .cloud
                    .lock()
                    .faults
                    .push("PutItem", Fault::LoseRequest);
            }
            world.pass(function, Mode::Apply, &event).await;
            assert_eq!(world.changes(), [], "{function:?} {event}");
        }
    }
}
