use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::*;
use crate::{
    checks::Input,
    journal::AttemptOutcome,
    policy::{MemoryTarget, Targets},
    record::{Mode, Switched},
    reshard::{Decision, Demand, Hold, Reshard, Verdict},
};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn verdict(decision: Decision) -> Verdict {
    let age = Some(TimeDelta::zero());
    Verdict {
        decision,
        sentence: "because".to_owned(),
        demand: Demand::default(),
        guards: Vec::new(),
        inputs: vec![Input::new("shards".to_owned(), json!(3), age)],
        kept: Vec::new(),
        wants_evidence: false,
        hot: None,
    }
}

fn held(hold: Hold) -> Record {
    let verdict = verdict(Decision::Hold(hold));
    Record::new("reshard", Mode::Apply, "orders", at(1), verdict)
}

fn acted(outcome: Outcome) -> Record {
    let decision = Decision::Reshard(Reshard {
        group: crate::cluster::ReplicationGroupId::new("orders"),
        from: 3,
        to: 4,
        remove: Vec::new(),
        zones: Vec::new(),
    });
    let verdict = verdict(decision);
    let mut record = Record::new("reshard", Mode::Apply, "orders", at(1), verdict);
    record.outcome = outcome;
    record
}

/// What a line publishes: metric with its dimensions and value.
fn published(record: &Record) -> BTreeMap<String, Value> {
    let to = Publication {
        namespace: "clusterwarden/test".to_owned(),
        per_target: true,
    };
    let line: Value = serde_json::from_str(&record_line(record, Some(&to))).unwrap();
    let mut published = BTreeMap::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        for set in directive["Dimensions"].as_array().unwrap() {
            let set = set.as_array().unwrap().iter();
            let set: Vec<&str> = set
                .map(|name| line[name.as_str().unwrap()].as_str().unwrap())
                .collect();
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                let known = published.insert(
                    format!("{name} {}", set.join(" ")).trim().to_owned(),
                    line[name].clone(),
                );
                assert_eq!(known, None);
            }
        }
    }
    published
}

fn names(record: &Record) -> Vec<String> {
    published(record).into_keys().collect()
}

#[test]
fn without_a_namespace_the_line_is_the_record_and_with_one_it_begins_with_it() {
    let record = held(Hold::NotFound);
    assert_eq!(record_line(&record, None), record.line());
    let to = Publication {
        namespace: "n".to_owned(),
        per_target: true,
    };
    let line = record_line(&record, Some(&to));
    let own = record.line();
    assert!(line.starts_with(own.trim_end_matches('}')), "{line}");
    assert!(!line.contains('\n'));
}

#[test]
fn a_hold_is_a_decision_with_a_reason_and_no_attempt() {
    let mut record = held(Hold::Snapshotting);
    record.load_targets = Targets {
        engine_cpu: Some(60.0),
        memory: Some(MemoryTarget {
            percent: 65.5,
            evicts: false,
        }),
        ..Targets::default()
    };
    assert_eq!(
        published(&record),
        BTreeMap::from([
            ("Decisions reshard hold".to_owned(), json!(1)),
            ("Holds reshard snapshotting".to_owned(), json!(1)),
            ("Shards orders".to_owned(), json!(3)),
            ("EngineCpuTarget orders".to_owned(), json!(60.0)),
            ("MemoryTarget orders".to_owned(), json!(65.5)),
        ])
    );
}

#[test]
fn a_group_that_nobody_describes_has_no_metric_of_its_own() {
    let mut record = held(Hold::NotFound);
    record.load_targets.engine_cpu = Some(60.0);
    record.inputs.clear();
    assert_eq!(
        names(&record),
        ["Decisions reshard hold", "Holds reshard not_found"]
    );
}

#[test]
fn each_outcome_of_a_call_is_an_attempt_and_a_plan_is_none() {
    let (decision, shards) = ("Decisions reshard scale_out", "Shards orders");
    assert_eq!(names(&acted(Outcome::Planned)), [decision, shards]);
    for outcome in [Outcome::Accepted, Outcome::Superseded] {
        let name = outcome.name();
        let attempts = [
            format!("Attempts reshard {name}"),
            format!("Attempts reshard {name} orders"),
        ];
        let mut wanted = attempts.to_vec();
        wanted.extend([decision.to_owned(), shards.to_owned()]);
        assert_eq!(names(&acted(outcome)), wanted);
    }
    assert_eq!(
        names(&acted(Outcome::Failed)),
        [
            "Attempts reshard failed",
            "Attempts reshard failed orders",
            decision,
            "ReshardsFailed",
            shards
        ]
    );
}

#[test]
fn a_switch_seen_later_is_told_without_counting_the_decision_again() {
    let mut record = acted(Outcome::Switched);
    record.switched = Some(Switched {
        to: "orders-0001-002".to_owned(),
        seconds: 63,
    });
    assert_eq!(
        published(&record),
        BTreeMap::from([
            ("Attempts reshard switched".to_owned(), json!(1)),
            ("Attempts reshard switched orders".to_owned(), json!(1)),
            ("FailoverSeconds reshard".to_owned(), json!(63)),
            ("FailoverSeconds reshard orders".to_owned(), json!(63)),
        ])
    );
}

#[test]
fn an_earlier_reshard_that_ended_short_is_told_as_such_and_one_that_completed_is_not() {
    let ended = |outcome| {
        let mut record = held(Hold::Snapshotting);
        record.tell_ended(Some(Attempt {
            at: at(0),
            from: 3,
            to: 5,
            remove: Vec::new(),
            hot: None,
            outcome,
        }));
        let names = names(&record).into_iter();
        let told = names.filter(|name| name.contains("Ended") || name.contains("Incomplete"));
        told.collect::<Vec<_>>()
    };
    let both = |end: &str| {
        [
            format!("AttemptsEnded reshard {end}"),
            format!("AttemptsEnded reshard {end} orders"),
        ]
    };
    assert_eq!(
        ended(AttemptOutcome::Completed { at: at(1) }),
        both("completed")
    );
    for (outcome, end) in [
        (AttemptOutcome::Unchanged { at: at(1) }, "unchanged"),
        (
            AttemptOutcome::Partial {
                at: at(1),
                shards: 4,
            },
            "partial",
        ),
    ] {
        let mut wanted = both(end).to_vec();
        wanted.push("ReshardsIncomplete".to_owned());
        assert_eq!(ended(outcome), wanted);
    }
}

#[test]
fn drills_tell_their_phases_as_far_as_they_were_seen_and_those_that_missed() {
    let drill = |seconds: [Option<i64>; 3], verdict| DrillReport {
        unit: "0001".to_owned(),
        accepted: at(0),
        from: "orders-0001-001".to_owned(),
        to: None,
        from_zone: None,
        to_zone: None,
        phases: ["failover_completed", "recovery_finished", "available"]
            .into_iter()
            .zip(seconds)
            .map(|(name, seconds)| crate::failover::Phase {
                name: name.to_owned(),
                at: None,
                seconds,
            })
            .collect(),
        objective_seconds: 60,
        recovery_objective_seconds: None,
        verdict,
        zones_before: BTreeMap::new(),
        zones_after: BTreeMap::new(),
        alarms: None,
        more_alarms: 0,
    };
    let told = |drills| {
        let mut record = held(Hold::Snapshotting);
        record.tell_drills(drills);
        let mut published = published(&record);
        published.retain(|name, _| name.starts_with("Drill") && !name.ends_with("orders"));
        published
    };
    assert_eq!(
        told(vec![drill(
            [Some(50), Some(700), Some(710)],
            DrillVerdict::Met
        )]),
        BTreeMap::from([
            ("DrillFailoverSeconds reshard".to_owned(), json!(50)),
            ("DrillRecoverySeconds reshard".to_owned(), json!(700)),
            ("DrillAvailableSeconds reshard".to_owned(), json!(710)),
        ])
    );
    assert_eq!(
        told(vec![
            drill([Some(63), None, None], DrillVerdict::Incomplete),
            drill([Some(70), Some(800), Some(800)], DrillVerdict::Missed),
        ]),
        BTreeMap::from([
            ("DrillFailoverSeconds reshard".to_owned(), json!([63, 70])),
            ("DrillRecoverySeconds reshard".to_owned(), json!(800)),
            ("DrillAvailableSeconds reshard".to_owned(), json!(800)),
            ("DrillsMissed".to_owned(), json!(2)),
        ])
    );
}
