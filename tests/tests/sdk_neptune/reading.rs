//! Describes as the SDK sees them.

use crate::*;

#[tokio::test]
async fn a_cluster_has_every_field_that_a_decision_reads() {
    let (cloud, client) = seeded();
    seed(
        &cloud,
        DbClusterSpec {
            id: "world-graph".to_owned(),
            instances: Vec::new(),
            global_cluster: Some("world".to_owned()),
            ..DbClusterSpec::default()
        },
    );
    let cluster = describe(&client, "Graph").await;
    assert_eq!(
        (cluster.engine(), cluster.status()),
        (Some("neptune"), Some("available"))
    );
    assert_eq!(
        (cluster.multi_az(), cluster.port()),
        (Some(true), Some(8182))
    );
    assert_eq!(cluster.global_cluster_identifier(), None);
    assert_eq!(writers(&cluster), ["graph-w"]);
    let tiers: Vec<Option<i32>> = cluster
        .db_cluster_members()
        .iter()
        .map(|member| member.promotion_tier())
        .collect();
    assert_eq!(tiers, [Some(1), Some(1), Some(1)]);
    let created = cluster.cluster_create_time().expect("a time").secs();
    assert_eq!(created, clusterwarden_tests::monday_morning().timestamp());
    assert_eq!(cluster.availability_zones().len(), 3);
    assert!(cluster.latest_restorable_time().is_some());
    let member = describe(&client, "world-graph").await;
    assert_eq!(member.global_cluster_identifier(), Some("world"));
}

#[tokio::test]
async fn filters_keep_other_engines_and_other_clusters_away() {
    let (cloud, client) = seeded();
    let mut shop = DbClusterSpec {
        id: "shop".to_owned(),
        engine: "aurora-mysql".to_owned(),
        ..DbClusterSpec::default()
    };
    for instance in &mut shop.instances {
        instance.id = instance.id.replace("graph", "shop");
    }
    seed(&cloud, shop);
    let all = client.describe_db_clusters().send().await.expect("all");
    assert_eq!(all.db_clusters().len(), 2);
    let graphs = client
        .describe_db_clusters()
        .filters(filter("engine", "neptune"));
    let graphs = graphs.send().await.expect("graphs");
    let ids: Vec<_> = graphs
        .db_clusters()
        .iter()
        .map(|one| one.db_cluster_identifier())
        .collect();
    assert_eq!(ids, [Some("graph")]);
    let instances = client
        .describe_db_instances()
        .filters(filter("db-cluster-id", "graph"));
    let instances = instances.send().await.expect("instances");
    let found: Vec<_> = instances
        .db_instances()
        .iter()
        .map(|one| {
            (
                one.db_instance_identifier(),
                one.availability_zone(),
                one.db_instance_class(),
            )
        })
        .collect();
    let class = Some("db.r6g.large");
    assert_eq!(
        found,
        [
            (Some("graph-r1"), Some("us-east-1b"), class),
            (Some("graph-r2"), Some("us-east-1c"), class),
            (Some("graph-w"), Some("us-east-1a"), class),
        ]
    );
    assert!(
        instances
            .db_instances()
            .iter()
            .all(|one| one.endpoint().is_some())
    );
}

#[tokio::test]
async fn the_sdks_paginators_read_all_pages() {
    let (cloud, client) = seeded();
    for number in 0..45 {
        seed(
            &cloud,
            DbClusterSpec {
                id: format!("graph-{number:02}"),
                instances: Vec::new(),
                ..DbClusterSpec::default()
            },
        );
    }
    let pages = client
        .describe_db_clusters()
        .max_records(20)
        .into_paginator();
    let mut pages = pages.send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.expect("a page").db_clusters().len());
    }
    assert_eq!(sizes, [20, 20, 6]);
}

#[tokio::test]
async fn what_is_not_there_is_the_type_that_the_sdk_models() {
    let (_cloud, client) = seeded();
    let cluster = client
        .describe_db_clusters()
        .db_cluster_identifier("absent");
    assert!(refusal(cluster.send().await).is_db_cluster_not_found_fault());
    let instance = client
        .describe_db_instances()
        .db_instance_identifier("absent");
    assert!(refusal(instance.send().await).is_db_instance_not_found_fault());
}
