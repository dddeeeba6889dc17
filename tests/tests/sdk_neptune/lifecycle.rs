//! Clusters, instances and tags: made, read and deleted.

use aws_sdk_neptune::types::Tag;

use crate::*;

#[tokio::test]
async fn a_cluster_and_its_instances_come_and_go() {
    let (cloud, client) = seeded();
    let created = client
        .create_db_cluster()
        .db_cluster_identifier("Fresh")
        .engine("neptune")
        .deletion_protection(false)
        .tags(Tag::builder().key("team").value("a & <b>").build())
        .send()
        .await
        .expect("created");
    let cluster = created.db_cluster().expect("a cluster");
    assert_eq!(
        (cluster.db_cluster_identifier(), cluster.status()),
        (Some("fresh"), Some("creating"))
    );
    let arn = cluster.db_cluster_arn().expect("an ARN").to_owned();
    for (id, tier) in [("fresh-1", 1), ("fresh-2", 0)] {
        let instance = client
            .create_db_instance()
            .db_instance_identifier(id)
            .db_instance_class("db.r6g.large")
            .engine("neptune")
            .db_cluster_identifier("fresh")
            .promotion_tier(tier)
            .send()
            .await
            .expect("created");
        let instance = instance.db_instance().expect("an instance");
        assert_eq!(instance.db_instance_status(), Some("creating"));
        assert_eq!(instance.promotion_tier(), Some(tier));
    }
    cloud.advance(6);
    assert_eq!(writers(&describe(&client, "fresh").await), ["fresh-1"]);

    let tags = client.list_tags_for_resource().resource_name(&arn);
    let tags = tags.send().await.expect("tags");
    assert_eq!(tags.tag_list()[0].value(), Some("a & <b>"));
    let added = Tag::builder().key("clusterwarden").value("paused").build();
    let add = client
        .add_tags_to_resource()
        .resource_name(&arn)
        .tags(added);
    add.send().await.expect("added");
    let remove = client
        .remove_tags_from_resource()
        .resource_name(&arn)
        .tag_keys("team");
    remove.send().await.expect("removed");
    let tags = client.list_tags_for_resource().resource_name(&arn);
    let tags = tags.send().await.expect("tags");
    let keys: Vec<_> = tags.tag_list().iter().map(|tag| tag.key()).collect();
    assert_eq!(keys, [Some("clusterwarden")]);

    let delete = || {
        client
            .delete_db_cluster()
            .db_cluster_identifier("fresh")
            .skip_final_snapshot(true)
    };
    let full = refusal(delete().send().await);
    assert!(full.is_invalid_db_cluster_state_fault(), "{full:?}");
    for id in ["fresh-2", "fresh-1"] {
        let gone = client.delete_db_instance().db_instance_identifier(id);
        gone.skip_final_snapshot(true)
            .send()
            .await
            .expect("deleting");
    }
    let gone = delete().send().await.expect("deleting");
    assert_eq!(
        gone.db_cluster().and_then(DbCluster::status),
        Some("deleting")
    );
    cloud.advance(6);
    let absent = client.describe_db_clusters().db_cluster_identifier("fresh");
    assert!(refusal(absent.send().await).is_db_cluster_not_found_fault());
}

#[tokio::test]
async fn what_is_taken_or_absent_is_the_type_that_the_sdk_models() {
    let (_cloud, client) = seeded();
    let cluster = client
        .create_db_cluster()
        .db_cluster_identifier("graph")
        .engine("neptune");
    assert!(refusal(cluster.send().await).is_db_cluster_already_exists_fault());
    let instance = |id: &str, cluster: &str| {
        client
            .create_db_instance()
            .db_instance_identifier(id)
            .db_instance_class("db.r6g.large")
            .engine("neptune")
            .db_cluster_identifier(cluster)
            .send()
    };
    let taken = refusal(instance("graph-w", "graph").await);
    assert!(taken.is_db_instance_already_exists_fault(), "{taken:?}");
    let nowhere = refusal(instance("new", "absent").await);
    assert!(nowhere.is_db_cluster_not_found_fault(), "{nowhere:?}");
    let gone = client.delete_db_instance().db_instance_identifier("absent");
    assert!(refusal(gone.send().await).is_db_instance_not_found_fault());
    let gone = client.delete_db_cluster().db_cluster_identifier("absent");
    assert!(refusal(gone.skip_final_snapshot(true).send().await).is_db_cluster_not_found_fault());
}
