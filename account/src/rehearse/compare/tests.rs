use chrono::TimeDelta;
use serde_json::Value;

use super::*;
use crate::rehearse::{
    Plan, RunId,
    capture::{Ending, Event, ShardLook},
    record::Recorder,
};

/// A finished capture with one look at one shard, one answer, one event and one time.
fn capture() -> Capture {
    let plan = Plan {
        run: RunId::new("a1").unwrap(),
        node_type: "cache.t4g.small".to_owned(),
        engine: "valkey".to_owned(),
        engine_version: None,
        replicas: 1,
        subnet_group: None,
        security_groups: Vec::new(),
        deadline: TimeDelta::minutes(90),
    };
    let mut capture = Recorder::new(&plan, "us-east-1", None)
        .unwrap()
        .capture()
        .clone();
    capture.ending = Some(Ending {
        how: How::Completed,
        sentence: String::new(),
        deleted: true,
    });
    capture.calls.push(Call {
        at: 0,
        stage: Stage::Create,
        name: "create".to_owned(),
        operation: "CreateReplicationGroup".to_owned(),
        request: Value::Null,
        answer: Answer::Accepted {
            status: Some("creating".to_owned()),
        },
    });
    capture.looks = vec![look(0, 100, "creating"), look(110, 110, "available")];
    capture.events.push(Event {
        at: 100,
        source_type: "replication-group".to_owned(),
        source: capture.group_id(),
        message: format!("Replication group {} created", capture.group_id()),
        seen_after: None,
        seen_at: 110,
    });
    capture.timings.push(Timing {
        name: "create: available".to_owned(),
        after: 100,
        by: 110,
    });
    capture
}

fn look(at: i64, last: i64, status: &str) -> Look {
    Look {
        after: None,
        at,
        last,
        looks: 2,
        longest_gap: 10,
        stage: Stage::Create,
        status: Some(status.to_owned()),
        shards: vec![ShardLook {
            id: "0001".to_owned(),
            status: status.to_owned(),
            slots: None,
        }],
        nodes: BTreeMap::new(),
        moved_percent: None,
    }
}

fn told(seen: &Capture) -> Vec<String> {
    let found = compare(seen, &capture());
    found
        .into_iter()
        .map(|one| format!("[{}] {}", one.about, one.sentence))
        .collect()
}

#[test]
fn a_run_of_another_id_differs_in_nothing() {
    let mut seen = capture();
    seen.run = "b2".to_owned();
    seen.events[0].message = format!("Replication group {} created", seen.group_id());
    assert_eq!(told(&seen), Vec::<String>::new());
}

#[test]
fn a_status_counts_only_if_the_other_side_could_have_seen_it() {
    let mut seen = capture();
    seen.looks.insert(1, look(101, 106, "configuring"));
    assert_eq!(
        told(&seen),
        Vec::<String>::new(),
        "five seconds, and the other looked every ten"
    );
    seen.looks[1].last = 121;
    let told = told(&seen);
    assert!(told.contains(&"[status] create: at AWS the group is `configuring` for a while; in the embedded AWS never.".to_owned()), "{told:?}");
}

#[test]
fn times_differ_from_three_times_and_a_minute_on() {
    let mut seen = capture();
    seen.timings[0] = Timing {
        name: "create: available".to_owned(),
        after: 390,
        by: 400,
    };
    assert_eq!(told(&seen), Vec::<String>::new());
    seen.timings[0].after = 391;
    assert_eq!(
        told(&seen),
        ["[time] create: available: at AWS 391 to 400 s; in the embedded AWS 100 to 110 s."]
    );
    seen.timings[0] = Timing {
        name: "create: available".to_owned(),
        after: 5,
        by: 5,
    };
    assert_eq!(
        told(&seen),
        ["[time] create: available: at AWS 5 s; in the embedded AWS 100 to 110 s."]
    );
}

#[test]
fn a_lost_answer_says_nothing_and_a_refusal_says_all() {
    let mut seen = capture();
    seen.calls[0].answer = Answer::NoAnswer {
        what: "timeout".to_owned(),
    };
    assert_eq!(told(&seen), Vec::<String>::new());
    seen.calls[0].answer = Answer::Refused {
        http: 400,
        code: "X".to_owned(),
        message: format!("{} no", seen.group_id()),
    };
    assert_eq!(
        told(&seen),
        [
            "[answer] create: AWS answered 400 X: \"<group> no\"; the embedded AWS answers yes, with status creating."
        ]
    );
}

#[test]
fn events_are_counted_only_if_both_waited_for_the_last() {
    let mut seen = capture();
    seen.events.push(seen.events[0].clone());
    assert_eq!(
        told(&seen),
        [
            "[event] Event of a replication-group, \"Replication group <group> created\": AWS told it 2 times; the embedded AWS tells it once."
        ]
    );
    seen.ending = None;
    assert_eq!(told(&seen), Vec::<String>::new());
}
