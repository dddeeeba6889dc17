//! Failovers, promotions and replacements, as the SDK meets them.

use aws_sdk_elasticache::{error::SdkError, types::SourceType};
use chrono::TimeDelta;
use clusterwarden_local::cloud::{
    Fault,
    elasticache::{ClusterMode, Quotas},
};

use crate::*;

#[tokio::test]
async fn a_shard_fails_over_within_the_accounts_budget() {
    let (cloud, client) = seeded(4, 1);
    let quotas = Quotas {
        failovers_per_day: 3,
        ..Quotas::default()
    };
    cloud.lock().elasticache.set_quotas(quotas);
    let roles = |group: &str| {
        let group = cloud.lock().elasticache.group(group).expect("the group");
        let primaries = group.shards[0]
            .nodes
            .iter()
            .filter(|node| node.is_primary)
            .map(|node| node.id.clone());
        primaries.collect::<Vec<_>>()
    };
    let test = |shard: &str| {
        client
            .test_failover()
            .replication_group_id("orders")
            .node_group_id(shard)
    };
    assert!(
        refusal(test("0001").replication_group_id("absent").send().await)
            .is_replication_group_not_found_fault()
    );
    assert!(refusal(test("0077").send().await).is_node_group_not_found_fault());
    let before = roles("orders");
    test("0001").send().await.expect("accepted");
    let again = refusal(test("0002").send().await);
    assert!(
        again.is_invalid_replication_group_state_fault()
            || again.is_invalid_cache_cluster_state_fault(),
        "{again:?}"
    );
    cloud.advance(30);
    assert_ne!(roles("orders"), before);
    for shard in 2..=3 {
        test(&format!("{shard:04}")).send().await.expect("accepted");
        cloud.advance(30);
    }
    assert!(refusal(test("0004").send().await).is_api_call_rate_for_customer_exceeded_fault());
    cloud.lock().elasticache.block_test_failover(true);
    assert!(refusal(test("0004").send().await).is_test_failover_not_available_fault());
    cloud.lock().elasticache.block_test_failover(false);
    seed(&cloud, "bare", 1, 0);
    cloud.advance(24 * 60 + 1);
    let alone = client
        .test_failover()
        .replication_group_id("bare")
        .node_group_id("0001")
        .send()
        .await;
    assert!(alone.is_err());
    test("0004")
        .send()
        .await
        .expect("a day later the budget is back");
}

#[tokio::test]
async fn a_lost_answer_leaves_a_failover_that_events_show() {
    let (cloud, client) = seeded(2, 1);
    cloud.lock().faults.push("TestFailover", Fault::LoseAnswer);
    let answer = client
        .test_failover()
        .replication_group_id("orders")
        .node_group_id("0001")
        .customize()
        .config_override(
            aws_sdk_elasticache::config::Config::builder()
                .retry_config(aws_config::retry::RetryConfig::disabled()),
        )
        .send()
        .await;
    assert!(
        matches!(answer, Err(SdkError::DispatchFailure(_))),
        "{answer:?}"
    );
    cloud.advance(3);
    let events = client
        .describe_events()
        .source_type(SourceType::ReplicationGroup)
        .source_identifier("orders")
        .send()
        .await
        .expect("its events");
    let messages: Vec<_> = events
        .events()
        .iter()
        .filter_map(|event| event.message())
        .collect();
    assert_eq!(
        messages,
        [
            "Failover to replica node orders-0001-002 completed",
            "Test Failover API called for node group 0001",
        ]
    );
}

/// A group with cluster mode disabled and three nodes.
fn unsharded(automatic_failover: bool) -> (SharedCloud, Client) {
    let (cloud, client) = world();
    let spec = GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        replicas_per_shard: 2,
        multi_az: false,
        automatic_failover,
        ..GroupSpec::default()
    };
    {
        let mut cloud = cloud.lock();
        let now = cloud.now();
        cloud.elasticache.seed_group(spec, now);
    }
    (cloud, client)
}

/// Who is primary, as the answer tells.
fn primaries(group: &ReplicationGroup) -> Vec<&str> {
    let members = group.node_groups()[0].node_group_members();
    members
        .iter()
        .filter(|member| member.current_role() == Some("primary"))
        .filter_map(|member| member.cache_cluster_id())
        .collect()
}

#[tokio::test]
async fn a_replica_is_promoted_and_the_roles_move() {
    let (cloud, client) = unsharded(false);
    let promote = |node: &str| {
        client
            .modify_replication_group()
            .replication_group_id("orders")
            .primary_cluster_id(node)
            .apply_immediately(true)
    };
    assert!(refusal(promote("orders-009").send().await).is_cache_cluster_not_found_fault());
    cloud
        .lock()
        .elasticache
        .set_node_status("orders-003", "creating");
    assert!(refusal(promote("orders-003").send().await).is_invalid_cache_cluster_state_fault());
    cloud
        .lock()
        .elasticache
        .set_node_status("orders-003", "available");

    let answer = promote("orders-003").send().await.expect("accepted");
    let group = answer.replication_group().expect("the group");
    assert_eq!(group.status(), Some("modifying"));
    let pending = group
        .pending_modified_values()
        .and_then(|pending| pending.primary_cluster_id());
    assert_eq!(
        (primaries(group), pending),
        (vec!["orders-001"], Some("orders-003"))
    );
    assert!(refusal(promote("orders-002").send().await).is_invalid_replication_group_state_fault());
    cloud.advance(2);
    let group = describe(&client, "orders").await;
    assert_eq!(
        (group.status(), primaries(&group)),
        (Some("available"), vec!["orders-003"])
    );
}

#[tokio::test]
async fn nobody_is_promoted_where_replicas_take_over_by_themselves() {
    let (_, client) = unsharded(true);
    let promote = |node: &str| {
        client
            .modify_replication_group()
            .replication_group_id("orders")
            .primary_cluster_id(node)
            .apply_immediately(true)
    };
    let answer = refusal(promote("orders-002").send().await);
    assert!(
        answer.is_invalid_parameter_combination_exception(),
        "{answer:?}"
    );
    let (_, client) = seeded(1, 1);
    let answer = client
        .modify_replication_group()
        .replication_group_id("orders")
        .primary_cluster_id("orders-0001-002")
        .apply_immediately(true)
        .send()
        .await;
    assert!(refusal(answer).is_invalid_parameter_combination_exception());
}

#[tokio::test]
async fn a_scheduled_replacement_is_an_event_and_a_state_of_its_node() {
    let (cloud, client) = seeded(1, 1);
    {
        let mut cloud = cloud.lock();
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        let (start, end) = (now + TimeDelta::minutes(10), now + TimeDelta::minutes(70));
        assert!(cloud.elasticache.schedule_replacement(
            "orders-0001-001",
            start,
            end,
            now,
            &parameters
        ));
    }
    cloud.advance(12);
    let node = client
        .describe_cache_clusters()
        .cache_cluster_id("orders-0001-001")
        .send()
        .await
        .expect("the node");
    let status = node.cache_clusters()[0].cache_cluster_status();
    assert!(
        status.is_some_and(|status| status != "available"),
        "{status:?}"
    );
    let events = client
        .describe_events()
        .source_type(SourceType::CacheCluster)
        .source_identifier("orders-0001-001")
        .send()
        .await
        .expect("its events");
    let scheduled = "is scheduled for replacement during the maintenance window";
    assert!(
        events
            .events()
            .iter()
            .filter_map(|event| event.message())
            .any(|message| message.contains(scheduled))
    );
}
