//! `--clean`: what it touches, and what it never does.

use clusterwarden_account::rehearse::{Removed, clean::Cleaned};
use clusterwarden_tests::SharedCloud;

use crate::{
    way::Fate,
    world::{CREATE, FOREIGN, RUN, World, group_id},
};

pub(crate) fn query(cloud: &SharedCloud, form: &str) -> u16 {
    let request = http::Request::post("/")
        .body(format!("Version=2015-02-02&{form}").into())
        .expect("a request");
    let answer = clusterwarden_local::wire::answer(&mut cloud.lock(), &request).expect("an answer");
    answer.status().as_u16()
}

fn create(cloud: &SharedCloud, id: &str, tag: Option<(&str, &str)>) {
    let tag = tag.map_or_else(String::new, |(key, value)| {
        format!("&Tags.Tag.1.Key={key}&Tags.Tag.1.Value={value}")
    });
    let form = format!(
        "Action=CreateReplicationGroup&ReplicationGroupId={id}&ReplicationGroupDescription=x&Engine=valkey\
         &CacheNodeType=cache.t4g.small&NumNodeGroups=2&ReplicasPerNodeGroup=1&AutomaticFailoverEnabled=true{tag}"
    );
    assert_eq!(query(cloud, &form), 200, "{id}");
}

#[tokio::test]
async fn only_groups_with_our_tag_and_our_prefix_are_deleted() {
    let world = World::new(20);
    let tag = |value| Some(("clusterwarden-rehearsal", value));
    create(&world.cloud, "clusterwarden-rehearsal-a1", tag("a1"));
    // Our tag alone, our prefix alone, the tag of another run, a tag of another name.
    create(&world.cloud, "sessions", tag("sessions"));
    create(&world.cloud, "clusterwarden-rehearsal-b2", None);
    create(&world.cloud, "clusterwarden-rehearsal-c3", tag("a1"));
    create(
        &world.cloud,
        "clusterwarden-rehearsal-d4",
        Some(("Name", "d4")),
    );
    let cleaned = world.clean().await;
    assert_eq!(cleaned.deleted, ["clusterwarden-rehearsal-a1"]);
    assert_eq!(cleaned.left, []);
    let others = [
        "clusterwarden-rehearsal-b2",
        "clusterwarden-rehearsal-c3",
        "clusterwarden-rehearsal-d4",
        FOREIGN,
    ];
    assert_eq!(
        cleaned.others,
        [FOREIGN]
            .iter()
            .chain(&others[..3])
            .copied()
            .collect::<Vec<_>>()
    );
    let cloud = world.cloud.lock();
    let ids: Vec<String> = cloud.elasticache.groups().map(|group| group.id).collect();
    assert_eq!(ids.len(), 6, "{ids:?}");
    assert!(ids.contains(&"sessions".to_owned()) && ids.contains(&"orders".to_owned()));
}

#[tokio::test]
async fn a_group_still_being_made_is_waited_for_and_deleted() {
    let world = World::new(20);
    let way = world.way(|call, _| {
        if call == CREATE {
            Fate::DieAfter
        } else {
            Fate::Serve
        }
    });
    assert_eq!(world.run_over(&way).await, None);
    let cleaned = world.clean().await;
    assert_eq!(cleaned.deleted, [group_id()]);
    world.assert_clean("it was still creating");
}

#[tokio::test]
async fn a_creation_that_failed_is_deleted_by_its_description() {
    let world = World::new(20);
    let way = world.way(|call, _| {
        if call == CREATE {
            Fate::DieAfter
        } else {
            Fate::Serve
        }
    });
    world.run_over(&way).await;
    assert!(world.cloud.lock().elasticache.fail_creation(&group_id()));
    let cleaned = world.clean().await;
    assert_eq!(cleaned.deleted, [group_id()]);
    world.assert_clean("create-failed");
}

#[tokio::test]
async fn one_run_can_be_cleaned_alone() {
    let world = World::new(20);
    create(
        &world.cloud,
        "clusterwarden-rehearsal-a1",
        Some(("clusterwarden-rehearsal", "a1")),
    );
    create(
        &world.cloud,
        &group_id(),
        Some(("clusterwarden-rehearsal", RUN)),
    );
    let way = world.way(|_, _| Fate::Serve);
    let cleaned = world
        .clean_over(&way, Some(RUN))
        .await
        .expect("alive")
        .expect("listed");
    assert_eq!(
        cleaned,
        Cleaned {
            deleted: vec![group_id()],
            others: Vec::new(),
            left: Vec::new()
        }
    );
    assert_eq!(world.left(), ["clusterwarden-rehearsal-a1"]);
}

#[tokio::test]
async fn what_aws_does_not_delete_in_time_is_told_as_left() {
    let world = World::new(60);
    create(
        &world.cloud,
        "clusterwarden-rehearsal-a1",
        Some(("clusterwarden-rehearsal", "a1")),
    );
    world.cloud.advance(10);
    for _ in 0..500 {
        let fault = clusterwarden_local::cloud::Fault::Error {
            status: 400,
            code: "InvalidReplicationGroupState".to_owned(),
            message: "never".to_owned(),
        };
        world
            .cloud
            .lock()
            .faults
            .push("DeleteReplicationGroup", fault);
    }
    let cleaned = world.clean().await;
    assert_eq!(cleaned.deleted, Vec::<String>::new());
    let [Removed::Left { id, status, why }] = cleaned.left.as_slice() else {
        panic!("{cleaned:?}")
    };
    assert_eq!(
        (id.as_str(), status.as_deref()),
        ("clusterwarden-rehearsal-a1", Some("available"))
    );
    assert!(!why.is_empty());
}

#[tokio::test]
async fn where_there_is_nothing_it_says_so_and_calls_nothing_else() {
    let world = World::new(1);
    {
        // A group with our prefix would be asked for its tags.
        let mut cloud = world.cloud.lock();
        let now = cloud.now();
        let parameters = cloud.parameters.clone();
        cloud
            .elasticache
            .delete_replication_group(FOREIGN, false, None, now, &parameters)
            .expect("deleted");
        cloud.advance(chrono::TimeDelta::minutes(30));
    }
    let cleaned = world.clean().await;
    assert_eq!(
        cleaned,
        Cleaned {
            deleted: Vec::new(),
            others: Vec::new(),
            left: Vec::new()
        }
    );
    let calls: Vec<String> = world
        .cloud
        .lock()
        .calls
        .iter()
        .map(|call| call.operation.clone())
        .collect();
    assert_eq!(calls, ["DescribeReplicationGroups"]);
}

#[tokio::test]
async fn whoever_may_not_see_tags_is_told_at_once_what_is_left_and_which_permission_is_wanting() {
    let world = World::new(20);
    create(
        &world.cloud,
        &group_id(),
        Some(("clusterwarden-rehearsal", RUN)),
    );
    let way = world.refusing(&["ListTagsForResource"], 0, "AccessDenied");
    let before = world.cloud.lock().now();
    let cleaned = world.clean_over(&way, Some(RUN)).await;
    let cleaned = cleaned.expect("alive").expect("listed");
    assert!(world.cloud.lock().now() - before < chrono::TimeDelta::minutes(2));
    let [Removed::Left { id, why, .. }] = cleaned.left.as_slice() else {
        panic!("{cleaned:?}")
    };
    assert_eq!(*id, group_id());
    assert!(
        why.contains("elasticache:ListTagsForResource") && why.contains("AccessDenied"),
        "{why}"
    );
    assert_eq!(world.calls("DeleteReplicationGroup").len(), 0);
}

#[tokio::test]
async fn every_deletion_is_asked_for_before_any_is_waited_for() {
    let world = World::new(20);
    for run in ["a1", "b2", "c3"] {
        let id = format!("clusterwarden-rehearsal-{run}");
        create(&world.cloud, &id, Some(("clusterwarden-rehearsal", run)));
    }
    world.cloud.advance(30);
    let cleaned = world.clean().await;
    assert_eq!(cleaned.deleted.len(), 3, "{cleaned:?}");
    let deletions = world.calls("DeleteReplicationGroup");
    assert_eq!(deletions.len(), 3);
    let (first, last) = (deletions[0].at, deletions[2].at);
    // Nine answers of 20 s lie between; the deletion of one group takes longer.
    assert!(
        last - first <= chrono::TimeDelta::minutes(4),
        "{first} {last}"
    );
}
