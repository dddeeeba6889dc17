//! Promotions of replicas where nobody else would promote one: cluster mode disabled, automatic failover off.

use clusterwarden::record::{Outcome, Record};
use clusterwarden_local::cloud::{
    Parameters,
    elasticache::{ClusterMode, GroupSpec},
};
use clusterwarden_tests::failovers::{Failovers, Function, reason, record};
use serde_json::{Value, json};

use crate::{PROMOTIONS, alarmed, late, with_group};

fn by_hand() -> GroupSpec {
    GroupSpec {
        shards: 1,
        replicas_per_shard: 2,
        cluster_mode: ClusterMode::Disabled,
        automatic_failover: false,
        multi_az: false,
        ..GroupSpec::default()
    }
}

fn request(to: Option<&str>) -> Value {
    json!({
        "replication_group": "orders", "from": "orders-001", "to": to,
        "reason": "leave us-east-1a", "expires": "2026-11-23T20:00:00Z",
    })
}

async fn ask(world: &Failovers, request: &Value) -> Record {
    let report = world.ask(Function::Promote, request).await;
    assert_eq!(report.failures, Vec::<String>::new());
    record(&report, "orders").clone()
}

fn settings(world: &Failovers) -> Vec<String> {
    let text = world.query(
        "2015-02-02",
        "Action=DescribeReplicationGroups&ReplicationGroupId=orders",
    );
    let of = |name: &str| {
        let after = text.split(&format!("<{name}>")).nth(1);
        let value = after.and_then(|rest| rest.split('<').next());
        format!("{name} {}", value.unwrap_or("unsaid"))
    };
    vec![of("AutomaticFailover"), of("MultiAZ"), of("ClusterMode")]
}

#[tokio::test]
async fn the_replica_with_the_least_lag_is_promoted_and_no_setting_is_touched() {
    for tells in [true, false] {
        let parameters = Parameters {
            promotion_tells_failover: tells,
            ..late(200)
        };
        let world = with_group(parameters, PROMOTIONS, by_hand());
        for (node, lag) in [("orders-002", 2.0), ("orders-003", 0.5)] {
            assert!(world.cloud.lock().elasticache.set_lag(node, Some(lag)));
        }
        world.cloud.advance(5);
        let before = settings(&world);
        assert_eq!(
            before,
            [
                "AutomaticFailover disabled",
                "MultiAZ disabled",
                "ClusterMode disabled"
            ]
        );
        let done = ask(&world, &request(None)).await;
        assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
        assert_eq!(world.primary("orders", "0001").id, "orders-003");
        assert_eq!(settings(&world), before);
        let [call] = world
            .calls("ModifyReplicationGroup")
            .try_into()
            .expect("one call");
        let mut keys: Vec<&String> = call
            .parameters
            .as_object()
            .expect("an object")
            .keys()
            .collect();
        keys.retain(|key| !["Action", "Version"].contains(&key.as_str()));
        assert_eq!(
            keys,
            ["ApplyImmediately", "PrimaryClusterId", "ReplicationGroupId"]
        );
        world.cloud.advance(5);
        let again = ask(&world, &request(None)).await;
        assert_eq!(again.outcome, Outcome::AlreadyDone, "{}", again.line());
        assert_eq!(world.calls("ModifyReplicationGroup").len(), 1);
    }
}

#[tokio::test]
async fn the_replica_that_a_person_names_is_promoted_or_nobody() {
    let world = with_group(late(0), PROMOTIONS, by_hand());
    assert!(
        world
            .cloud
            .lock()
            .elasticache
            .set_lag("orders-003", Some(60.0))
    );
    world.cloud.advance(5);
    let held = ask(&world, &request(Some("orders-003"))).await;
    assert_eq!(reason(&held), "request_unfit", "{}", held.line());
    assert_eq!(world.changes(), []);
    let done = ask(&world, &request(Some("orders-002"))).await;
    assert_eq!(done.outcome, Outcome::Switched, "{}", done.line());
    assert_eq!(world.primary("orders", "0001").id, "orders-002");
}

#[tokio::test]
async fn nothing_is_promoted_where_aws_fails_over_by_itself_or_cluster_mode_is_enabled() {
    let automatic = GroupSpec {
        automatic_failover: true,
        ..by_hand()
    };
    let multi_az = GroupSpec {
        automatic_failover: true,
        multi_az: true,
        ..by_hand()
    };
    for (spec, why) in [
        (automatic, "failover_is_awss"),
        (multi_az, "failover_is_awss"),
        (GroupSpec::default(), "cluster_mode_not_disabled"),
    ] {
        let enabled = spec.cluster_mode == ClusterMode::Enabled;
        let world = with_group(late(0), PROMOTIONS, spec);
        let mut request = request(None);
        if enabled {
            request["from"] = json!("orders-0001-001");
        }
        let held = ask(&world, &request).await;
        assert_eq!(reason(&held), why, "{}", held.line());
        assert_eq!(world.changes(), []);
    }
}

#[tokio::test]
async fn an_alarm_on_the_primary_promotes_a_replica_once() {
    for tells in [true, false] {
        let parameters = Parameters {
            promotion_tells_failover: tells,
            ..late(600)
        };
        let policy = alarmed(PROMOTIONS, "promote_replica", "evacuate = [\"sick\"]");
        let world = with_group(parameters, &policy, by_hand());
        world.add_alarm("sick", &[("CacheClusterId", "orders-001")]);
        world.wake(Function::Promote).await;
        assert_eq!(world.changes(), []);
        world.set_alarm("sick", "ALARM");
        world.wakes(Function::Promote, 130).await;
        assert_eq!(world.calls("ModifyReplicationGroup").len(), 1);
        assert_ne!(world.primary("orders", "0001").id, "orders-001");
    }
}

#[tokio::test]
async fn a_promotion_by_somebody_else_is_cooled_down_from_though_no_event_tells_of_it() {
    let parameters = Parameters {
        promotion_tells_failover: false,
        ..late(0)
    };
    let policy = alarmed(PROMOTIONS, "promote_replica", "evacuate = [\"sick\"]");
    let world = with_group(parameters, &policy, by_hand());
    world.add_alarm("sick", &[("CacheClusterId", "orders-002")]);
    world.wakes(Function::Promote, 5).await;
    world.query(
        "2015-02-02",
        "Action=ModifyReplicationGroup&ReplicationGroupId=orders&PrimaryClusterId=orders-002&ApplyImmediately=true",
    );
    world.cloud.advance(5);
    assert_eq!(world.primary("orders", "0001").id, "orders-002");
    world.set_alarm("sick", "ALARM");
    world.wakes(Function::Promote, 30).await;
    assert_eq!(world.changes(), []);
}
