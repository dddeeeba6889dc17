//! The Rust SDK over every operation of the embedded ElastiCache: what it sends is understood, what it reads is there, and
//! every refusal is the type that the SDK models.

use aws_sdk_elasticache::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    types::{
        AutomaticFailoverStatus, ClusterMode, MultiAzStatus, NodeGroupConfiguration,
        ReplicationGroup, ReshardingConfiguration, SourceType, Tag,
    },
};
use aws_smithy_types::DateTime;
use clusterwarden_local::cloud::{
    Fault, Parameters,
    elasticache::{GroupSpec, Quotas},
};
use clusterwarden_tests::SharedCloud;

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

fn world() -> (SharedCloud, Client) {
    let cloud = SharedCloud::empty(Parameters::default());
    let client = Client::new(&cloud.sdk_config());
    (cloud, client)
}

fn seeded(shards: u32, replicas: u32) -> (SharedCloud, Client) {
    let (cloud, client) = world();
    seed(&cloud, "orders", shards, replicas);
    (cloud, client)
}

fn seed(cloud: &SharedCloud, id: &str, shards: u32, replicas: u32) {
    let mut cloud = cloud.lock();
    let now = cloud.now();
    let spec = GroupSpec {
        id: id.to_owned(),
        shards,
        replicas_per_shard: replicas,
        multi_az: replicas > 0,
        automatic_failover: replicas > 0,
        ..GroupSpec::default()
    };
    cloud.elasticache.seed_group(spec, now);
}

async fn describe(client: &Client, id: &str) -> ReplicationGroup {
    let answer = client
        .describe_replication_groups()
        .replication_group_id(id)
        .send()
        .await;
    answer
        .expect("the group")
        .replication_groups()
        .first()
        .expect("one group")
        .clone()
}

fn ids(group: &ReplicationGroup) -> Vec<&str> {
    group
        .node_groups()
        .iter()
        .filter_map(|shard| shard.node_group_id())
        .collect()
}

fn slots(group: &ReplicationGroup) -> u32 {
    let spelled = group.node_groups().iter().filter_map(|shard| shard.slots());
    spelled
        .map(|slots| clusterwarden::cluster::count_slots(slots).expect("slots"))
        .sum()
}

/// The modelled error of a call that must be refused.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, SdkError<E>>) -> E {
    match answer {
        Err(SdkError::ServiceError(error)) => error.into_err(),
        other => panic!("not a refusal: {other:?}"),
    }
}

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
async fn a_reshard_runs_shows_its_progress_and_ends() {
    let (cloud, client) = seeded(2, 1);
    let to = |count: i32| {
        client
            .modify_replication_group_shard_configuration()
            .replication_group_id("orders")
            .node_group_count(count)
            .apply_immediately(true)
    };
    let begun = to(3).send().await.expect("accepted");
    assert_eq!(
        begun.replication_group().and_then(|group| group.status()),
        Some("modifying")
    );
    assert!(refusal(to(4).send().await).is_invalid_replication_group_state_fault());

    let mut progress = Vec::new();
    for _ in 0..240 {
        cloud.lock().advance(chrono::TimeDelta::seconds(30));
        let group = describe(&client, "orders").await;
        if group.status() == Some("available") {
            break;
        }
        let pending = group
            .pending_modified_values()
            .and_then(|values| values.resharding());
        progress.extend(
            pending
                .and_then(|it| it.slot_migration())
                .and_then(|it| it.progress_percentage()),
        );
    }
    assert!(
        progress.len() > 3
            && progress.is_sorted()
            && progress.iter().any(|part| *part > 0.0 && *part < 100.0),
        "{progress:?}"
    );
    let group = describe(&client, "orders").await;
    assert_eq!(
        (ids(&group), slots(&group)),
        (vec!["0001", "0002", "0003"], 16_384)
    );

    let placed = ReshardingConfiguration::builder()
        .node_group_id("0009")
        .preferred_availability_zones("us-east-1a")
        .preferred_availability_zones("us-east-1c")
        .build();
    to(4)
        .resharding_configuration(placed)
        .send()
        .await
        .expect("accepted");
    cloud.advance(180);
    let group = describe(&client, "orders").await;
    assert_eq!(ids(&group), ["0001", "0002", "0003", "0009"]);
    let zones: Vec<_> = group.node_groups()[3]
        .node_group_members()
        .iter()
        .filter_map(|member| member.preferred_availability_zone())
        .collect();
    assert_eq!(zones, ["us-east-1a", "us-east-1c"]);

    to(3)
        .node_groups_to_remove("0002")
        .send()
        .await
        .expect("accepted");
    cloud.advance(180);
    assert_eq!(
        ids(&describe(&client, "orders").await),
        ["0001", "0003", "0009"]
    );
    to(1)
        .node_groups_to_retain("0003")
        .send()
        .await
        .expect("accepted");
    cloud.advance(180);
    let group = describe(&client, "orders").await;
    assert_eq!((ids(&group), slots(&group)), (vec!["0003"], 16_384));
}

#[tokio::test]
async fn a_reshard_is_refused_with_the_modelled_faults() {
    let (cloud, client) = seeded(2, 1);
    let to = |count: i32| {
        client
            .modify_replication_group_shard_configuration()
            .replication_group_id("orders")
            .node_group_count(count)
            .apply_immediately(true)
    };
    let nothing = refusal(to(2).send().await);
    assert!(nothing.is_invalid_replication_group_state_fault());
    assert!(
        nothing
            .message()
            .is_some_and(|message| message.contains("Nothing to do")),
        "{nothing:?}"
    );
    assert!(
        refusal(to(3).replication_group_id("absent").send().await)
            .is_replication_group_not_found_fault()
    );
    assert!(
        refusal(to(3).apply_immediately(false).send().await).is_invalid_parameter_value_exception()
    );
    assert!(refusal(to(0).send().await).is_invalid_parameter_value_exception());
    assert!(
        refusal(to(91).send().await).is_node_groups_per_replication_group_quota_exceeded_fault()
    );
    assert!(refusal(to(1).send().await).is_invalid_parameter_combination_exception());
    assert!(
        refusal(to(1).node_groups_to_remove("0077").send().await)
            .is_invalid_parameter_value_exception()
    );
    let both = to(1)
        .node_groups_to_remove("0001")
        .node_groups_to_retain("0002")
        .send()
        .await;
    assert!(refusal(both).is_invalid_parameter_combination_exception());
    cloud.lock().elasticache.set_quotas(Quotas {
        nodes_per_region: 5,
        ..Quotas::default()
    });
    assert!(refusal(to(3).send().await).is_node_quota_for_customer_exceeded_fault());
    cloud.lock().elasticache.set_quotas(Quotas::default());
    for zone in [
        "us-east-1a",
        "us-east-1b",
        "us-east-1c",
        "us-east-1d",
        "us-east-1e",
        "us-east-1f",
    ] {
        cloud.lock().elasticache.set_capacity(zone, Some(0));
    }
    assert!(refusal(to(3).send().await).is_insufficient_cache_cluster_capacity_fault());
    cloud
        .lock()
        .elasticache
        .set_node_status("orders-0001-002", "rebooting cluster nodes");
    assert!(refusal(to(3).send().await).is_invalid_cache_cluster_state_fault());
    for (code, recognised) in [
        ("InvalidKMSKeyFault", true),
        ("InvalidVPCNetworkStateFault", true),
        ("SomethingNew", false),
    ] {
        let fault = Fault::Error {
            status: 400,
            code: code.to_owned(),
            message: "injected".to_owned(),
        };
        cloud.lock().faults.push(RESHARD, fault);
        let error = refusal(to(3).send().await);
        let modelled =
            error.is_invalid_kms_key_fault() || error.is_invalid_vpc_network_state_fault();
        assert_eq!(
            (modelled, error.code(), error.message()),
            (recognised, Some(code), Some("injected"))
        );
    }
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
async fn paginators_give_every_group_node_and_event_once() {
    let (cloud, client) = world();
    for number in 0..45 {
        seed(&cloud, &format!("group-{number:02}"), 1, 1);
    }
    let listed = client
        .describe_replication_groups()
        .into_paginator()
        .page_size(20)
        .items()
        .send();
    let groups: Vec<_> = listed
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("every page");
    let names: std::collections::BTreeSet<_> = groups
        .iter()
        .filter_map(|group| group.replication_group_id())
        .collect();
    assert_eq!((groups.len(), names.len()), (45, 45));

    let listed = client
        .describe_cache_clusters()
        .show_cache_node_info(true)
        .into_paginator()
        .page_size(20)
        .items()
        .send();
    let nodes: Vec<_> = listed
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("every page");
    let names: std::collections::BTreeSet<_> = nodes
        .iter()
        .filter_map(|node| node.cache_cluster_id())
        .collect();
    assert_eq!((nodes.len(), names.len()), (90, 90));
    assert!(
        nodes.iter().all(|node| node.cache_nodes().len() == 1
            && node.cache_cluster_status() == Some("available"))
    );
    assert!(nodes.iter().all(
        |node| node.preferred_maintenance_window().is_some() && node.engine() == Some("valkey")
    ));

    for number in 0..15 {
        client
            .test_failover()
            .replication_group_id(format!("group-{number:02}"))
            .node_group_id("0001")
            .send()
            .await
            .expect("accepted");
    }
    cloud.advance(60);
    let listed = client
        .describe_events()
        .duration(120)
        .into_paginator()
        .page_size(20)
        .items()
        .send();
    let events: Vec<_> = listed
        .collect::<Result<Vec<_>, _>>()
        .await
        .expect("every page");
    assert!(events.len() > 20, "{}", events.len());
    assert!(events.iter().all(|event| event.message().is_some()
        && event.date().is_some()
        && event.source_identifier().is_some()));
    let of_one = client
        .describe_events()
        .duration(120)
        .source_type(SourceType::ReplicationGroup)
        .source_identifier("group-03")
        .send()
        .await;
    let of_one = of_one.expect("its events");
    assert!(
        !of_one.events().is_empty()
            && of_one
                .events()
                .iter()
                .all(|event| event.source_identifier() == Some("group-03"))
    );
}

#[tokio::test]
async fn reads_are_refused_with_the_modelled_faults() {
    let (cloud, client) = seeded(1, 1);
    for records in [19, 101] {
        let groups = client
            .describe_replication_groups()
            .max_records(records)
            .send()
            .await;
        assert!(refusal(groups).is_invalid_parameter_value_exception());
        let nodes = client
            .describe_cache_clusters()
            .max_records(records)
            .send()
            .await;
        assert!(refusal(nodes).is_invalid_parameter_value_exception());
    }
    assert!(
        refusal(client.describe_events().max_records(101).send().await)
            .is_invalid_parameter_value_exception()
    );
    let absent = client
        .describe_cache_clusters()
        .cache_cluster_id("absent-0001-001")
        .send()
        .await;
    assert!(refusal(absent).is_cache_cluster_not_found_fault());
    let now = cloud.lock().now().timestamp();
    let backwards = client
        .describe_events()
        .start_time(DateTime::from_secs(now))
        .end_time(DateTime::from_secs(now - 60))
        .send()
        .await;
    let backwards = refusal(backwards);
    assert!(
        backwards.is_invalid_parameter_value_exception()
            || backwards.is_invalid_parameter_combination_exception()
    );
    let unsourced = refusal(
        client
            .describe_events()
            .source_identifier("orders")
            .send()
            .await,
    );
    assert!(
        unsourced.is_invalid_parameter_combination_exception()
            || unsourced.is_invalid_parameter_value_exception()
    );
}

#[tokio::test]
async fn an_operation_that_is_not_embedded_is_refused_aloud() {
    let (_, client) = world();
    let answer = refusal(client.describe_snapshots().send().await);
    assert_eq!(answer.code(), Some("InvalidAction"));
}
