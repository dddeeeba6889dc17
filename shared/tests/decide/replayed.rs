//! Decisions made again from what the log holds of them.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    load::Series,
    record::{Mode, Record},
    replay::{Comparison, compare},
    reshard::{Decision, Hold, Observation, ShardSeries, Verdict, decide, heed_tag},
    seen::{LONGEST_LINE, Seen, Sight},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Map, Value, json};

use crate::{
    properties::many,
    world::{World, world},
};

fn sight(seen: Observation) -> Sight {
    Sight::new("orders", "a9b52808e4d1b39c", Seen::Reshard(Box::new(seen)))
}

fn shown(verdict: Verdict) -> Record {
    Record::new(
        "reshard",
        Mode::Plan,
        "orders",
        DateTime::<Utc>::UNIX_EPOCH,
        verdict,
    )
}

fn lines(record: &Record) -> Map<String, Value> {
    serde_json::from_str(&record.line()).unwrap()
}

fn any_world(runner: &mut TestRunner) -> World {
    world().new_tree(runner).unwrap().current()
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn what_was_seen_survives_its_line_to_the_last_bit(world in world()) {
        let sight = sight(world.seen());
        let read: Sight = serde_json::from_str(&sight.line()).unwrap();
        prop_assert_eq!(read, sight);
    }

    #[test]
    fn a_decision_is_the_same_as_its_own_record(world in world()) {
        let verdict = decide(&world.policy, &world.seen());
        let record = shown(verdict);
        prop_assert_eq!(compare(&lines(&record), &record), Comparison::Same);
    }

    #[test]
    fn a_tag_or_a_lost_race_is_what_held_a_change_afterwards(world in world()) {
        let verdict = decide(&world.policy, &world.seen());
        let acts = matches!(verdict.decision, Decision::Reshard(_));
        let tagged = compare(&lines(&shown(heed_tag(verdict.clone(), Some("paused")))), &shown(verdict.clone()));
        let raced = compare(&lines(&shown(verdict.clone().held(Hold::Superseded))), &shown(verdict));
        let reason = |told: &Comparison| match told {
            Comparison::HeldAfterwards { reason, .. } => reason.clone(),
            other @ (Comparison::Same | Comparison::Different(_)) => format!("{other:?}"),
        };
        prop_assert_eq!(reason(&tagged), if acts { "paused_by_tag" } else { "Same" });
        prop_assert_eq!(reason(&raced), "superseded");
    }
}

#[test]
fn a_record_that_was_tampered_with_is_told_field_by_field() {
    let mut runner = TestRunner::deterministic();
    let (record, acting) = loop {
        let world = any_world(&mut runner);
        let verdict = decide(&world.policy, &world.seen());
        if matches!(verdict.decision, Decision::Reshard(_)) {
            break (shown(verdict.clone()), verdict);
        }
    };
    let tampered = |field: &str, change: &dyn Fn(&mut Value)| {
        let mut lines = lines(&record);
        change(lines.entry(field).or_insert(Value::Null));
        match compare(&lines, &record) {
            Comparison::Different(differences) => differences
                .into_iter()
                .map(|one| one.field)
                .collect::<Vec<_>>(),
            other @ (Comparison::Same | Comparison::HeldAfterwards { .. }) => {
                panic!("{field}: {other:?}")
            }
        }
    };
    assert_eq!(
        tampered("guards", &|guards| guards[0]["passed"] = json!(false)),
        ["guards"]
    );
    assert_eq!(
        tampered("guards", &|guards| *guards = json!([])),
        ["guards"]
    );
    assert_eq!(
        tampered("inputs", &|inputs| inputs[0]["value"] = json!(99)),
        ["inputs"]
    );
    assert_eq!(
        tampered("demand", &|demand| demand["alarms"] = json!(["other"])),
        ["demand"]
    );
    assert_eq!(
        tampered("request", &|request| *request = Value::Null),
        ["request"]
    );
    // A hold that no later check explains is a difference, not something that held it afterwards.
    let held = shown(acting.held(Hold::NotFound));
    assert!(matches!(
        compare(&lines(&held), &record),
        Comparison::Different(_)
    ));
}

#[test]
fn a_line_longer_than_a_log_event_says_so_instead() {
    let at = DateTime::<Utc>::UNIX_EPOCH;
    let minutes = (0..20_000).map(|minute| (at + TimeDelta::minutes(minute), 0.1 + 0.2));
    let series = ShardSeries {
        engine_cpu: Series::new(minutes, true),
        ..ShardSeries::default()
    };
    let mut seen = any_world(&mut TestRunner::deterministic()).seen();
    seen.load
        .insert(clusterwarden::cluster::ShardId::new("0001"), series);
    let line = sight(seen).line();
    assert!(line.len() < LONGEST_LINE);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["observation_of"], &line["function"]),
        (&json!("orders"), &json!("reshard"))
    );
    assert!(
        line["left_out"].as_str().unwrap().contains("bytes"),
        "{line}"
    );
}
