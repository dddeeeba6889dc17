//! Evacuations: an alarm on a primary or a writer that still is one, and no race with the service's own failover.

use clusterwarden::record::Outcome;
use clusterwarden_local::cloud::Parameters;
use clusterwarden_tests::failovers::{Failovers, Function, reason, record};

use crate::{CLUSTERS, SHARDS, alarmed, drilled, late, with_graph, with_orders};

/// `orders` with an alarm `sick` on a node that may ask for an evacuation.
fn with_alarm_on(node: &str, parameters: Parameters) -> Failovers {
    let policy = alarmed(SHARDS, "failover_shard", "evacuate = [\"sick\"]");
    let world = with_orders(parameters, &policy);
    world.add_alarm("sick", &[("CacheClusterId", node)]);
    world
}

/// `graph` with an alarm `sick` of these dimensions that may ask for an evacuation.
fn with_alarm_of(dimensions: &[(&str, &str)], parameters: Parameters) -> Failovers {
    let policy = alarmed(CLUSTERS, "failover_db_cluster", "evacuate = [\"sick\"]");
    let world = with_graph(parameters, &policy);
    world.add_alarm("sick", dimensions);
    world
}

const WRITER: [(&str, &str); 2] = [("DBClusterIdentifier", "graph"), ("Role", "WRITER")];

#[tokio::test]
async fn an_alarm_on_a_primary_moves_it_away_once() {
    for seconds in [0, 600] {
        let world = with_alarm_on("orders-0002-001", late(seconds));
        world.wakes(Function::Shard, 10).await;
        assert_eq!(world.changes(), []);
        world.set_alarm("sick", "ALARM");
        // It stays in ALARM for two cooldowns: what it asked for is done.
        let reports = world.wakes(Function::Shard, 130).await;
        let calls = world.calls("TestFailover");
        assert_eq!(calls.len(), 1, "events {seconds} s late");
        assert_eq!(calls[0].parameters["NodeGroupId"], "0002");
        assert_eq!(world.primary("orders", "0002").id, "orders-0002-002");
        assert_eq!(world.primary("orders", "0001").id, "orders-0001-001");
        let last = record(reports.last().expect("a pass"), "orders");
        assert_eq!(reason(last), "evacuation_not_shown", "{}", last.line());
    }
}

#[tokio::test]
async fn an_evacuation_waits_for_a_sample_from_after_the_alarm() {
    let parameters = Parameters {
        metric_delay: chrono::TimeDelta::minutes(4),
        ..late(0)
    };
    let world = with_alarm_on("orders-0001-001", parameters);
    world.set_alarm("sick", "ALARM");
    let early = world.wake(Function::Shard).await;
    assert_eq!(reason(record(&early, "orders")), "evacuation_not_shown");
    world.wakes(Function::Shard, 10).await;
    assert_eq!(world.calls("TestFailover").len(), 1);
}

#[tokio::test]
async fn an_evacuation_does_not_race_the_services_own_failover() {
    for seconds in [0, 600] {
        for minutes_before_the_look in [0, 2, 13] {
            let world = with_alarm_on("orders-0001-001", late(seconds));
            world.set_alarm("sick", "ALARM");
            {
                let mut cloud = world.cloud.lock();
                let now = cloud.now();
                assert!(cloud.elasticache.fail_primary("orders", "0001", now));
            }
            world.cloud.advance(minutes_before_the_look);
            world.wakes(Function::Shard, 75).await;
            let what = format!("events {seconds} s late, {minutes_before_the_look} min");
            assert_eq!(world.changes(), [], "{what}");
            assert_eq!(
                world.primary("orders", "0001").id,
                "orders-0001-002",
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn an_alarm_on_a_replica_moves_nobody() {
    let world = with_alarm_on("orders-0001-002", late(0));
    world.set_alarm("sick", "ALARM");
    for report in world.wakes(Function::Shard, 30).await {
        let record = record(&report, "orders");
        assert_eq!(reason(record), "evacuation_not_shown", "{}", record.line());
    }
    assert_eq!(world.changes(), []);
}

#[tokio::test]
async fn no_drill_promotes_a_replica_that_an_alarm_says_is_in_trouble() {
    let policy = drilled(SHARDS, "failover_shard", 30, "");
    let policy = alarmed(&policy, "failover_shard", "evacuate = [\"sick\"]");
    let world = with_orders(late(0), &policy);
    world.add_alarm("sick", &[("CacheClusterId", "orders-0001-002")]);
    world.set_alarm("sick", "ALARM");
    world.wakes(Function::Shard, 30).await;
    let drilled: Vec<_> = world.calls("TestFailover");
    assert_eq!(drilled, []);
}

#[tokio::test]
async fn an_alarm_that_nobody_lets_speak_moves_nobody() {
    let world = with_alarm_on("orders-0001-001", late(0));
    world.query(
        "2010-08-01",
        "Action=DisableAlarmActions&AlarmNames.member.1=sick",
    );
    world.set_alarm("sick", "ALARM");
    world.wakes(Function::Shard, 30).await;
    world.set_alarm("sick", "INSUFFICIENT_DATA");
    world.wakes(Function::Shard, 30).await;
    assert_eq!(world.changes(), []);
}

#[tokio::test]
async fn an_alarm_on_the_writers_role_moves_the_writer_once() {
    for seconds in [0, 600] {
        let world = with_alarm_of(&WRITER, late(seconds));
        world.set_alarm("sick", "ALARM");
        let first = world.wake(Function::DbCluster).await;
        let first = record(&first, "graph");
        assert_eq!(first.outcome, Outcome::Switched, "{}", first.line());
        // The alarm follows the new writer and stays in ALARM; it is older than the failover.
        world.wakes(Function::DbCluster, 130).await;
        assert_eq!(world.calls("FailoverDBCluster").len(), 1, "{seconds} s");
        assert_eq!(world.writer("graph"), "graph-r1");
    }
}

#[tokio::test]
async fn an_alarm_on_an_instance_moves_the_writer_away_only_while_it_writes() {
    let world = with_alarm_of(&[("DBInstanceIdentifier", "graph-w")], late(0));
    world.set_alarm("sick", "ALARM");
    world.wakes(Function::DbCluster, 10).await;
    assert_eq!(world.calls("FailoverDBCluster").len(), 1);
    assert_eq!(world.writer("graph"), "graph-r1");
    // It goes off anew on the instance that reads now.
    world.set_alarm("sick", "OK");
    world.cloud.advance(90);
    world.set_alarm("sick", "ALARM");
    for report in world.wakes(Function::DbCluster, 30).await {
        assert_eq!(reason(record(&report, "graph")), "evacuation_not_shown");
    }
    assert_eq!(world.calls("FailoverDBCluster").len(), 1);
}

#[tokio::test]
async fn an_alarm_on_the_writers_role_does_not_race_neptunes_own_failover() {
    for seconds in [0, 600] {
        for minutes_before_the_look in [0, 2, 8] {
            let world = with_alarm_of(&WRITER, late(seconds));
            // The schedule has looked before.
            world.wakes(Function::DbCluster, 5).await;
            world.set_alarm("sick", "ALARM");
            {
                let mut cloud = world.cloud.lock();
                let now = cloud.now();
                assert!(cloud.neptune.fail_writer("graph", now));
            }
            world.cloud.advance(minutes_before_the_look);
            world.wake(Function::DbCluster).await;
            world.wakes(Function::DbCluster, 25).await;
            let what = format!("events {seconds} s late, {minutes_before_the_look} min");
            assert_eq!(world.changes(), [], "{what}");
            assert_eq!(world.writer("graph"), "graph-r1", "{what}");
        }
    }
}
