//! Whole runs.

use std::{collections::BTreeSet, sync::Arc};

use clusterwarden_account::rehearse::{
    Removed,
    capture::{Answer, Capture, How, Stage},
    plan::permissions,
    stop,
};
use clusterwarden_tests::{fixture::Fixture, monday_morning};
use serde_json::Value;

use crate::{
    way::Fate,
    world::{COARSE, World, group_id, plan},
};

#[tokio::test]
async fn a_whole_run_sees_everything_and_leaves_nothing() {
    let world = World::new(3);
    let (removed, capture) = world.run().await;
    assert_eq!(removed, Removed::Gone);
    world.assert_clean("a whole run");
    let ending = capture.ending.as_ref().expect("an ending");
    assert_eq!((ending.how, ending.deleted), (How::Completed, true));

    // Every section is filled, and nothing was asked in vain.
    let names: Vec<&str> = capture
        .calls
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    let expected = [
        "describe_unknown_group",
        "delete_unknown_group",
        "create",
        "tags_while_creating",
        "tags_when_available",
        "reshard_to_present_count",
        "remove_unknown_shard",
        "fail_over_unknown_shard",
        "scale_out",
        "reshard_during_reshard",
        "failover_during_reshard",
        "failover",
        "failover_during_failover",
        "reshard_during_failover",
        "scale_in",
        "delete",
    ];
    assert_eq!(names, expected);
    assert!(
        capture
            .calls
            .iter()
            .all(|call| !matches!(call.answer, Answer::NoAnswer { .. }))
    );
    for stage in [
        Stage::Create,
        Stage::ScaleOut,
        Stage::Roles,
        Stage::Failover,
        Stage::ScaleIn,
        Stage::Delete,
    ] {
        assert!(
            capture.looks.iter().any(|look| look.stage == stage),
            "{stage:?}"
        );
    }
    let most = capture.looks.iter().map(|look| look.shards.len()).max();
    assert_eq!(most, Some(3));
    assert!(
        capture
            .looks
            .iter()
            .any(|look| look.moved_percent.is_some_and(|part| part > 0.0))
    );
    let messages: Vec<&str> = capture
        .events
        .iter()
        .map(|event| event.message.as_str())
        .collect();
    for words in [
        "created",
        "Test Failover API called",
        "Failover",
        "Finished recovery",
        "deleted",
    ] {
        assert!(
            messages.iter().any(|message| message.contains(words)),
            "{words}: {messages:?}"
        );
    }
    let types: BTreeSet<&str> = capture
        .events
        .iter()
        .map(|event| event.source_type.as_str())
        .collect();
    assert_eq!(
        types,
        BTreeSet::from(["cache-cluster", "replication-group"])
    );
    assert!(capture.samples.iter().any(|sample| sample.value == 1.0));
    assert!(capture.timings.len() > 20, "{:?}", capture.timings);
    assert_eq!(capture.unread, []);
    let other = capture
        .events
        .iter()
        .any(|event| event.source == "orders" || event.source.starts_with("orders-"));
    assert!(!other, "events of others are not written down");

    // What is written is what is read.
    let text = serde_json::to_string(&capture).expect("JSON");
    assert_eq!(Capture::read(&text).expect("a capture"), capture);
    assert!(
        !text.contains("123456789012"),
        "account ids stay in the account"
    );
}

#[tokio::test]
async fn the_group_is_made_once_with_its_tags_and_deleted_without_a_snapshot() {
    let world = World::new(30);
    world.run().await;
    let creations = world.calls("CreateReplicationGroup");
    assert_eq!(creations.len(), 1);
    let sent = creations[0].parameters.to_string();
    for part in [
        group_id().as_str(),
        "clusterwarden-rehearsal-deadline",
        "2026-11-23T09:3",
        "cache.t4g.small",
        "valkey",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    assert_eq!(creations[0].parameters["SnapshotRetentionLimit"], "0");
    assert_eq!(creations[0].parameters["TransitEncryptionEnabled"], "true");
    for deletion in world.calls("DeleteReplicationGroup") {
        assert!(
            !deletion.parameters.to_string().contains("FinalSnapshot"),
            "{deletion:?}"
        );
    }
}

#[tokio::test]
async fn it_needs_exactly_the_permissions_that_it_names() {
    let world = World::new(30);
    world.run().await;
    world.clean().await;
    let called: BTreeSet<String> = world
        .cloud
        .lock()
        .calls
        .iter()
        .map(|call| {
            format!(
                "{}:{}",
                call.service.replace("monitoring", "cloudwatch"),
                call.operation
            )
        })
        .collect();
    let policy = permissions("aws", "us-east-1");
    let statements = policy["Statement"].as_array().expect("statements");
    let actions = statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().expect("actions"));
    let mut allowed: BTreeSet<String> = actions
        .map(|action| action.as_str().expect("text").to_owned())
        .collect();
    // Tags on creation need it, without a call of their own.
    assert!(allowed.remove("elasticache:AddTagsToResource"));
    assert_eq!(called, allowed);
}

/// The parameters' names, without the numbers of lists' members.
fn names(parameters: &Value) -> BTreeSet<String> {
    let names = parameters.as_object().expect("an object").keys();
    names
        .map(|name| {
            name.trim_end_matches(|last: char| last.is_ascii_digit())
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn it_reshards_with_the_parameters_that_the_function_sends() {
    let function = Fixture::new(3);
    function.carried(60, &[80.0], 40.0);
    function.record().await;
    let theirs = function
        .reshards()
        .first()
        .map(|call| names(&call.parameters))
        .expect("a scale-out");
    let world = World::new(30);
    world.run().await;
    let taken: Vec<_> = world
        .calls("ModifyReplicationGroupShardConfiguration")
        .into_iter()
        .filter(|call| call.status == Some(200))
        .collect();
    assert_eq!(taken.len(), 2, "one out, one in");
    assert_eq!(names(&taken[0].parameters), theirs);
    let mut inwards = theirs;
    inwards.insert("NodeGroupsToRemove.NodeGroupToRemove.".to_owned());
    assert_eq!(names(&taken[1].parameters), inwards);
}

#[tokio::test]
async fn the_deadline_ends_the_waiting_and_deletes() {
    let world = World::new(10);
    let mut plan = plan();
    plan.deadline = chrono::TimeDelta::minutes(12);
    let (_stopper, stop) = stop::channel();
    let way = world.way(|_, _| Fate::Serve);
    let ran = world
        .run_with(&way, Arc::new(monday_morning), &stop, &plan)
        .await;
    let (removed, capture) = ran.expect("nobody kills it");
    assert_eq!(removed, Removed::Gone);
    assert_eq!(capture.ending.map(|ending| ending.how), Some(How::Deadline));
    world.assert_clean("the deadline passed during a reshard");
    let refused = capture
        .calls
        .iter()
        .any(|call| call.name == "delete_while_modifying");
    assert!(refused, "the deletion was asked for during the reshard too");
}

#[tokio::test]
async fn asked_to_stop_at_any_call_it_deletes() {
    let calls = {
        let world = World::new(COARSE);
        let way = world.way(|_, _| Fate::Serve);
        world.run_over(&way).await;
        way.calls()
    };
    for number in 0..calls {
        let world = World::new(COARSE);
        let (stopper, stop) = stop::channel();
        let way = world.way(move |call, _| {
            if call == number {
                stopper.ask();
            }
            Fate::Serve
        });
        let ran = world
            .run_with(&way, Arc::new(monday_morning), &stop, &plan())
            .await;
        let (removed, _) = ran.expect("nobody kills it");
        assert_eq!(removed, Removed::Gone, "stopped at call {number}");
        world.assert_clean(&format!("stopped at call {number}"));
        assert!(world.calls("CreateReplicationGroup").len() <= 1);
    }
}

#[tokio::test]
async fn the_file_is_there_before_anything_is_made_and_holds_what_was_seen_at_every_call() {
    use clusterwarden_account::rehearse::{Pace, Rehearsal, record::Recorder, rehearse};
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seen.json");
    let world = World::new(COARSE);
    let seen = file.clone();
    // Read at every call, as somebody finds it after a kill.
    let way = world.way(move |_, cloud| {
        let text = std::fs::read_to_string(&seen).expect("the file");
        let capture = Capture::read(&text).expect("a whole file");
        let taken = cloud
            .lock()
            .calls
            .iter()
            .filter(|call| call.operation == "CreateReplicationGroup")
            .count();
        assert!(
            capture.calls.len() >= 2 + taken.min(1) || taken == 0,
            "what was answered is written before the next call"
        );
        Fate::Serve
    });
    let plan = plan();
    let service = world.service(&way, Arc::new(monday_morning));
    let mut recorder = Recorder::new(&plan, "us-east-1", Some(&file)).expect("a new file");
    let (_stopper, stop) = stop::channel();
    rehearse(Rehearsal {
        service: &service,
        plan: &plan,
        recorder: &mut recorder,
        pace: Pace(std::time::Duration::ZERO),
        stop: &stop,
        say: &|_| {},
    })
    .await;
    assert!(recorder.failed().is_none());
    let text = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(
        &Capture::read(&text).expect("a capture"),
        recorder.capture()
    );
    assert!(
        Recorder::new(&plan, "us-east-1", Some(&file)).is_err(),
        "nothing is overwritten"
    );
}

#[test]
fn the_docs_name_the_permissions_that_the_command_prints() {
    let page = clusterwarden_tests::programs::checkout().join("docs/rehearse.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, rest) = page.split_once("```json\n").expect("a policy");
    let (policy, _) = rest.split_once("```").expect("its end");
    let policy: Value = serde_json::from_str(policy).expect("JSON");
    assert_eq!(policy, permissions("aws", "*"));
}
