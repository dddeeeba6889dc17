//! Faults at every call, and others' hands on the group: the run deletes what it made all the same.

use std::sync::Arc;

use clusterwarden_account::rehearse::{
    Removed,
    capture::{How, Stage},
    stop,
};
use clusterwarden_tests::monday_morning;

use crate::{
    cleaning::query,
    way::{Fate, Way},
    world::{COARSE, CREATE, MAY_DELETE, World, group_id, moving_clock, plan},
};

/// Ways in which a call goes wrong, beside a lost answer.
const FATES: [Fate; 4] = [
    Fate::LoseRequest,
    Fate::Refuse(500, "InternalFailure"),
    Fate::Refuse(400, "Throttling"),
    Fate::Refuse(403, "ExpiredToken"),
];

#[tokio::test]
async fn whatever_goes_wrong_at_any_call_it_deletes() {
    let calls = {
        let world = World::new(COARSE);
        let way = world.way(|_, _| Fate::Serve);
        world.run_over(&way).await;
        way.calls()
    };
    for number in 0..calls {
        // Each call loses its answer, every third meets one of the others as well; the call that creates meets them all.
        let others = match number {
            CREATE => FATES.to_vec(),
            _ if number % 3 == 0 => vec![FATES[number / 3 % FATES.len()]],
            _ => Vec::new(),
        };
        for fate in others.into_iter().chain([Fate::LoseAnswer]) {
            let why = format!("{fate:?} at calls {number} to {}", number + 2);
            let world = World::new(COARSE);
            // Three in a row, so that the SDK's own retries do not hide them.
            let way = world.way(move |call, _| {
                if (number..number + 3).contains(&call) {
                    fate
                } else {
                    Fate::Serve
                }
            });
            let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
            assert_eq!(removed, Removed::Gone, "{why}");
            world.assert_clean(&why);
            assert!(world.calls("CreateReplicationGroup").len() <= 1, "{why}");
            assert!(capture.ending.is_some_and(|ending| ending.deleted), "{why}");
        }
    }
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_watched_and_rehearsed_on() {
    let world = World::new(20);
    let way = world.way(|call, _| {
        if call == CREATE {
            Fate::LoseAnswer
        } else {
            Fate::Serve
        }
    });
    let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
    assert_eq!(removed, Removed::Gone);
    assert_eq!(
        capture.ending.map(|ending| ending.how),
        Some(How::Completed)
    );
    assert_eq!(world.calls("CreateReplicationGroup").len(), 1);
    world.assert_clean("a lost answer");
}

#[tokio::test]
async fn credentials_that_expire_for_good_end_with_a_group_to_be_deleted_by_hand() {
    let world = World::new(COARSE);
    let way = world.way(|call, _| {
        if call < CREATE + 5 {
            Fate::Serve
        } else {
            Fate::Refuse(403, "ExpiredToken")
        }
    });
    let (_stopper, stop) = stop::channel();
    let ran = world.run_with(&way, moving_clock(), &stop, &plan()).await;
    let (removed, capture) = ran.expect("nobody kills it");
    let Removed::Left { id, why, .. } = removed else {
        panic!("{removed:?}")
    };
    assert_eq!(id, group_id());
    assert!(why.contains("ExpiredToken"), "{why}");
    let ending = capture.ending.expect("an ending");
    assert_eq!((ending.how, ending.deleted), (How::Deadline, false));
    assert!(!capture.unread.is_empty());
    world.clean().await;
    world.assert_clean("cleaned with new credentials");
}

#[tokio::test]
async fn a_second_stop_leaves_at_once_and_says_what_is_left() {
    let world = World::new(COARSE);
    let (stopper, stop) = stop::channel();
    let way = world.way(move |call, _| {
        if call == CREATE + 10 || call == CREATE + 12 {
            stopper.ask();
        }
        Fate::Serve
    });
    let ran = world
        .run_with(&way, Arc::new(monday_morning), &stop, &plan())
        .await;
    let (removed, _) = ran.expect("nobody kills it");
    assert!(
        matches!(&removed, Removed::Left { id, .. } if *id == group_id()),
        "{removed:?}"
    );
    world.clean().await;
    world.assert_clean("cleaned after a second stop");
}

#[tokio::test]
async fn a_refused_creation_makes_nothing_and_deletes_nothing() {
    let world = World::new(COARSE);
    let way = world.way(|call, _| {
        if call == CREATE {
            Fate::Refuse(400, "CacheSubnetGroupNotFoundFault")
        } else {
            Fate::Serve
        }
    });
    let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
    assert_eq!(removed, Removed::Gone);
    let ending = capture.ending.expect("an ending");
    assert_eq!(ending.how, How::Failed);
    assert!(
        ending.sentence.contains("CacheSubnetGroupNotFoundFault"),
        "{}",
        ending.sentence
    );
    assert_eq!(
        world.calls("DeleteReplicationGroup").len(),
        1,
        "only whether it may"
    );
}

#[tokio::test]
async fn whoever_may_not_delete_or_cannot_be_asked_creates_nothing() {
    for (call, fate, words) in [
        (0, Fate::Refuse(403, "AccessDenied"), "AccessDenied"),
        (
            MAY_DELETE,
            Fate::Refuse(403, "AccessDenied"),
            "whether we may delete it again: AccessDenied",
        ),
        (
            MAY_DELETE,
            Fate::LoseAnswer,
            "whether we may delete it again",
        ),
    ] {
        let world = World::new(COARSE);
        let way = world.way(move |number, _| if number == call { fate } else { Fate::Serve });
        let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
        assert_eq!(removed, Removed::Gone);
        let ending = capture.ending.expect("an ending");
        assert!(
            ending.sentence.contains("nothing was created") && ending.sentence.contains(words),
            "{}",
            ending.sentence
        );
        assert_eq!(world.calls("CreateReplicationGroup").len(), 0);
    }
}

#[tokio::test]
async fn a_group_of_the_same_id_that_is_not_ours_is_left_alone() {
    // There before we look, and made by somebody between our look and our creation.
    for (call, removed) in [(0, Removed::Gone), (CREATE, Removed::NotOurs)] {
        let world = World::new(COARSE);
        let way = world.way(move |number, cloud| {
            if number == call {
                let mut cloud = cloud.lock();
                let now = cloud.now();
                let spec = clusterwarden_local::cloud::elasticache::GroupSpec {
                    id: group_id(),
                    ..Default::default()
                };
                cloud.elasticache.seed_group(spec, now);
            }
            Fate::Serve
        });
        let (ended, capture) = world.run_over(&way).await.expect("nobody kills it");
        assert_eq!(ended, removed);
        assert_eq!(capture.ending.map(|ending| ending.how), Some(How::Failed));
        assert_eq!(world.left(), [group_id()]);
        let taken = world
            .calls("DeleteReplicationGroup")
            .iter()
            .filter(|call| call.status == Some(200))
            .count();
        assert_eq!(taken, 0);
    }
}

#[tokio::test]
async fn a_creation_that_fails_is_deleted() {
    let world = World::new(COARSE);
    let way = world.way(|call, cloud| {
        if call == CREATE + 2 {
            assert!(cloud.lock().elasticache.fail_creation(&group_id()));
        }
        Fate::Serve
    });
    let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
    assert_eq!(removed, Removed::Gone);
    assert_eq!(capture.ending.map(|ending| ending.how), Some(How::Failed));
    world.assert_clean("create-failed");
}

#[tokio::test]
async fn a_primary_that_breaks_at_any_time_does_not_keep_it_from_deleting() {
    for number in (8..50).step_by(3) {
        let world = World::new(COARSE);
        let way = world.way(move |call, cloud| {
            if call == number {
                let mut cloud = cloud.lock();
                let now = cloud.now();
                cloud.elasticache.fail_primary(&group_id(), "0001", now);
            }
            Fate::Serve
        });
        let (removed, _) = world.run_over(&way).await.expect("nobody kills it");
        assert_eq!(removed, Removed::Gone, "at call {number}");
        world.assert_clean(&format!("a primary broke at call {number}"));
    }
}

#[tokio::test]
async fn steps_that_aws_refuses_are_named_and_the_rest_goes_on() {
    let world = World::new(20);
    world.cloud.lock().elasticache.block_test_failover(true);
    let (removed, capture) = world.run().await;
    assert_eq!(removed, Removed::Gone);
    let ending = capture.ending.as_ref().expect("an ending");
    assert_eq!(ending.how, How::Failed);
    assert!(
        ending.sentence.starts_with("failover was refused: ") && !ending.sentence.contains("scale"),
        "{}",
        ending.sentence
    );
    assert!(
        capture
            .looks
            .iter()
            .any(|look| look.stage == Stage::ScaleIn)
    );
}

#[tokio::test]
async fn without_an_added_shard_none_is_removed() {
    let world = World::new(20);
    let way = world.refusing(
        &["ModifyReplicationGroupShardConfiguration"],
        0,
        "AccessDenied",
    );
    let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
    assert_eq!(removed, Removed::Gone);
    let ending = capture.ending.as_ref().expect("an ending");
    assert_eq!(ending.how, How::Failed);
    assert_eq!(
        ending.sentence,
        "scale_out was refused: AccessDenied: injected; scale_in was not asked for, for no shard was added"
    );
    // A failover asked for during a reshard that was refused would be a real one.
    for name in [
        "scale_in",
        "reshard_during_reshard",
        "failover_during_reshard",
    ] {
        assert!(
            !capture.calls.iter().any(|call| call.name == name),
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_taken_against_all_expectation_is_waited_for() {
    let world = World::new(20);
    let cloud = world.cloud.clone();
    let asked = std::sync::atomic::AtomicBool::new(false);
    // The first reshard asked for is the idle one to the present count: here one begins, as if AWS had taken it.
    let way = Way::by_operation(&world.cloud, move |_, operation| {
        let is_first = operation == "ModifyReplicationGroupShardConfiguration"
            && !asked.swap(true, std::sync::atomic::Ordering::SeqCst);
        if !is_first {
            return Fate::Serve;
        }
        let form = format!(
            "Action={operation}&ReplicationGroupId={}&NodeGroupCount=3&ApplyImmediately=true",
            group_id()
        );
        assert_eq!(query(&cloud, &form), 200);
        Fate::LoseAnswer
    });
    let (_, capture) = world.run_over(&way).await.expect("nobody kills it");
    let ending = capture.ending.expect("an ending");
    assert_eq!(ending.how, How::Completed, "{}", ending.sentence);
    let most = capture.looks.iter().map(|look| look.shards.len()).max();
    assert_eq!(most, Some(4));
}

#[tokio::test]
async fn what_is_made_is_deleted_though_the_looking_is_refused() {
    const READS: [&[&str]; 3] = [
        &["DescribeCacheClusters"],
        &["DescribeReplicationGroups"],
        &[
            "DescribeCacheClusters",
            "DescribeReplicationGroups",
            "DescribeEvents",
        ],
    ];
    for reads in READS {
        // A denial ends the waiting; other refusals are waited out until the deadline. Both delete.
        for (code, how) in [
            ("AccessDenied", How::Failed),
            ("ExpiredToken", How::Deadline),
        ] {
            let why = format!("{reads:?}: {code}");
            let world = World::new(20);
            let way = world.refusing(reads, CREATE + 5, code);
            let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
            assert_eq!(removed, Removed::Gone, "{why}");
            world.cloud.advance(30);
            world.assert_clean(&why);
            let ending = capture.ending.expect("an ending");
            assert_eq!((ending.how, ending.deleted), (how, true), "{why}");
            if how == How::Failed {
                let named = reads
                    .iter()
                    .any(|read| ending.sentence.contains(&format!("{read} is denied")));
                assert!(named, "{}", ending.sentence);
            }
        }
    }
}

#[tokio::test]
async fn whoever_may_not_look_creates_nothing() {
    const READS: [&[&str]; 3] = [
        &["DescribeCacheClusters"],
        &["DescribeEvents"],
        &["GetMetricData"],
    ];
    for reads in READS {
        let world = World::new(COARSE);
        let way = world.refusing(reads, 0, "AccessDenied");
        let (removed, capture) = world.run_over(&way).await.expect("nobody kills it");
        assert_eq!(removed, Removed::Gone);
        let ending = capture.ending.expect("an ending");
        let words = format!(
            "nothing was created, for {} does not work: AccessDenied",
            reads[0]
        );
        assert!(ending.sentence.contains(&words), "{}", ending.sentence);
        assert_eq!(world.calls("CreateReplicationGroup").len(), 0);
    }
}

#[tokio::test]
async fn a_refusal_that_names_networks_or_people_leaves_neither_in_the_record() {
    let world = World::new(COARSE);
    let fault = clusterwarden_local::cloud::Fault::Error {
        status: 400,
        code: "CacheSubnetGroupNotFoundFault".to_owned(),
        message: "prod-private of 123456789012 is not found for arn:aws:iam::123456789012:user/alice with sg-0a1b2c".to_owned(),
    };
    world
        .cloud
        .lock()
        .faults
        .push("CreateReplicationGroup", fault);
    let mut plan = plan();
    plan.subnet_group = Some("Prod-Private".to_owned());
    plan.security_groups = vec!["sg-0a1b2c".to_owned()];
    let (_stopper, stop) = stop::channel();
    let way = world.way(|_, _| Fate::Serve);
    let ran = world
        .run_with(&way, Arc::new(monday_morning), &stop, &plan)
        .await;
    let (_, capture) = ran.expect("nobody kills it");
    let ending = capture.ending.as_ref().expect("an ending");
    assert!(
        ending.sentence.contains("<subnet-group> of <account>"),
        "{}",
        ending.sentence
    );
    let text = serde_json::to_string(&capture).expect("JSON");
    for name in ["rod-", "123456789012", "alice", "sg-0a"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
}
