//! Groups: made, changed, read and deleted.

use aws_sdk_elasticache::{
    operation::RequestId,
    types::{AutomaticFailoverStatus, ClusterMode, MultiAzStatus, NodeGroupConfiguration, Tag},
};
use clusterwarden_local::cloud::elasticache::Quotas;

use crate::*;

#[tokio::test]
async fn a_group_is_created_described_and_deleted_with_every_field() {
    let (cloud, client) = world();
    let shard = |id: &str, slots: &str| {
        NodeGroupConfiguration::builder()
            .node_group_id(id)
            .slots(slots)
            .replica_count(1)
            .primary_availability_zone("us-east-1a")
            .replica_availability_zones("us-east-1b")
            .build()
    };
    let created = client
        .create_replication_group()
        .replication_group_id("Orders")
        .replication_group_description("Groups & <nodes>")
        .cache_node_type("cache.r7g.large")
        .engine("valkey")
        .engine_version("8.0")
        .node_group_configuration(shard("0001", "0-8191"))
        .node_group_configuration(shard("0002", "8192-16383"))
        .automatic_failover_enabled(true)
        .multi_az_enabled(true)
        .snapshot_retention_limit(3)
        .snapshot_window("03:00-04:00")
        .tags(Tag::builder().key("team").value("shop").build())
        .send()
        .await
        .expect("created");
    assert!(created.request_id().is_some());
    let group = created.replication_group().expect("a group");
    assert_eq!(
        (group.replication_group_id(), group.status()),
        (Some("orders"), Some("creating"))
    );

    cloud.advance(60);
    let group = describe(&client, "orders").await;
    assert_eq!(
        (group.status(), group.description()),
        (Some("available"), Some("Groups & <nodes>"))
    );
    assert_eq!(
        (group.cluster_enabled(), group.cluster_mode()),
        (Some(true), Some(&ClusterMode::Enabled))
    );
    assert_eq!(
        group.automatic_failover(),
        Some(&AutomaticFailoverStatus::Enabled)
    );
    assert_eq!(group.multi_az(), Some(&MultiAzStatus::Enabled));
    assert_eq!(
        (group.snapshot_retention_limit(), group.snapshot_window()),
        (Some(3), Some("03:00-04:00"))
    );
    assert_eq!(group.cache_node_type(), Some("cache.r7g.large"));
    assert!(
        group
            .arn()
            .is_some_and(|arn| arn.ends_with(":replicationgroup:orders"))
    );
    assert!(
        group
            .configuration_endpoint()
            .and_then(|endpoint| endpoint.port())
            == Some(6379)
    );
    assert_eq!((ids(&group), slots(&group)), (vec!["0001", "0002"], 16_384));
    assert_eq!(group.node_groups()[1].slots(), Some("8192-16383"));
    let members: Vec<_> = group
        .node_groups()
        .iter()
        .flat_map(|shard| shard.node_group_members())
        .collect();
    let mut named: Vec<&str> = members
        .iter()
        .filter_map(|member| member.cache_cluster_id())
        .collect();
    let mut listed: Vec<&str> = group.member_clusters().iter().map(String::as_str).collect();
    named.sort_unstable();
    listed.sort_unstable();
    assert_eq!((named.len(), &named), (4, &listed));
    assert_eq!(members[0].preferred_availability_zone(), Some("us-east-1a"));

    let going = client
        .delete_replication_group()
        .replication_group_id("orders")
        .send()
        .await
        .expect("deleted");
    assert_eq!(
        going.replication_group().and_then(|group| group.status()),
        Some("deleting")
    );
    cloud.advance(120);
    let gone = client
        .describe_replication_groups()
        .replication_group_id("orders")
        .send()
        .await;
    assert!(refusal(gone).is_replication_group_not_found_fault());
    let gone = client
        .delete_replication_group()
        .replication_group_id("orders")
        .send()
        .await;
    assert!(refusal(gone).is_replication_group_not_found_fault());
}

#[tokio::test]
async fn creation_is_refused_with_the_modelled_faults() {
    let (cloud, client) = seeded(1, 0);
    let new = |id: &str| {
        client
            .create_replication_group()
            .replication_group_id(id)
            .replication_group_description("x")
            .cache_node_type("cache.r7g.large")
            .engine("valkey")
            .num_node_groups(1)
            .replicas_per_node_group(1)
            .automatic_failover_enabled(true)
    };
    assert!(refusal(new("orders").send().await).is_replication_group_already_exists_fault());
    let shards = refusal(new("x").num_node_groups(0).send().await);
    assert!(
        shards.is_invalid_parameter_value_exception()
            || shards.is_invalid_parameter_combination_exception(),
        "{shards:?}"
    );
    let many = (0..51)
        .map(|key| Tag::builder().key(key.to_string()).value("x").build())
        .collect();
    assert!(
        refusal(new("x").set_tags(Some(many)).send().await).is_tag_quota_per_resource_exceeded()
    );
    cloud.lock().elasticache.set_quotas(Quotas {
        nodes_per_region: 2,
        ..Quotas::default()
    });
    assert!(refusal(new("x").send().await).is_node_quota_for_customer_exceeded_fault());
    cloud.lock().elasticache.set_quotas(Quotas::default());
    assert!(new("x").send().await.is_ok());
}

#[tokio::test]
async fn settings_change_at_once_and_refusals_are_modelled() {
    let (cloud, client) = seeded(2, 1);
    let modify = || {
        client
            .modify_replication_group()
            .replication_group_id("orders")
            .apply_immediately(true)
    };
    let topic = "arn:aws:sns:us-east-1:123456789012:notifications";
    modify()
        .replication_group_description("changed")
        .notification_topic_arn(topic)
        .notification_topic_status("active")
        .snapshot_retention_limit(5)
        .send()
        .await
        .expect("accepted");
    cloud.advance(60);
    let group = describe(&client, "orders").await;
    assert_eq!(
        (group.status(), group.description()),
        (Some("available"), Some("changed"))
    );
    assert_eq!(group.snapshot_retention_limit(), Some(5));
    let node = client
        .describe_cache_clusters()
        .cache_cluster_id("orders-0001-001")
        .send()
        .await
        .expect("the node");
    let notified = node.cache_clusters()[0]
        .notification_configuration()
        .expect("a topic");
    assert_eq!(
        (notified.topic_arn(), notified.topic_status()),
        (Some(topic), Some("active"))
    );

    assert!(
        refusal(modify().replication_group_id("absent").send().await)
            .is_replication_group_not_found_fault()
    );
    let off = refusal(modify().automatic_failover_enabled(false).send().await);
    assert!(off.is_invalid_parameter_combination_exception(), "{off:?}");
    client
        .modify_replication_group_shard_configuration()
        .replication_group_id("orders")
        .node_group_count(3)
        .apply_immediately(true)
        .send()
        .await
        .expect("accepted");
    assert!(
        refusal(modify().cache_node_type("cache.r7g.xlarge").send().await)
            .is_invalid_replication_group_state_fault()
    );
}
