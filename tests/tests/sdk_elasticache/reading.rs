//! Lists: paged, and refused.

use aws_sdk_elasticache::{error::ProvideErrorMetadata, types::SourceType};
use aws_smithy_types::DateTime;

use crate::*;

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
