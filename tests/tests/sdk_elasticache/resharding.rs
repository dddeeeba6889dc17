//! Resharding.

use aws_sdk_elasticache::{error::ProvideErrorMetadata, types::ReshardingConfiguration};
use clusterwarden_local::cloud::{Fault, elasticache::Quotas};

use crate::*;

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
