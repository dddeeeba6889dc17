//! docs/failovers.md: the annotated record of a drill is what the code prints.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    alarm::{Alarm, AlarmState},
    cluster::{Group, NodeId, ReplicationGroupId},
    failover::{
        Budget, Candidate, Decision, DrillReport, NodeEvidence, Ruling, Spent, Verdict, admit,
    },
    failover_shard::{Observation, decide},
    journal::Journal,
    policy::{Fleet, Policy},
    record::{Mode, Outcome, Record, Switched, label},
    trigger::Trigger,
    window::WeeklyWindow,
};
use serde_json::{Value, json};

use crate::{annotated, failovers, record::group, text_of};

/// The policy of the example.
const POLICY: &str = r#"
version = 1

[[failover_shard]]
replication_group = "orders"
apply = "all"
alarms.stop = ["orders-incident"]
drill = { every_days = 30, time_zone = "Europe/Berlin", days = ["tue", "wed"], from = "10:00", to = "12:00" }
"#;

fn now() -> DateTime<Utc> {
    "2026-11-24T09:05:12Z".parse().unwrap()
}

/// A drill that was reported.
fn drilled(shard: &str, accepted: &str) -> DrillReport {
    let report = json!({
        "unit": shard, "accepted": accepted, "from": "x", "to": null, "from_zone": null, "to_zone": null,
        "phases": [], "objective_seconds": 120, "recovery_objective_seconds": null, "verdict": "met",
    });
    serde_json::from_value(report).unwrap()
}

fn seen(limits: &Fleet) -> Observation {
    let minute = "2026-11-24T09:03:00Z".parse().unwrap();
    let node = |id: &str, primary, lag| {
        let found = NodeEvidence {
            changed: None,
            is_primary: Some((minute, primary)),
            lag: (!primary).then_some((minute, lag)),
        };
        (NodeId::new(id), found)
    };
    let calm = Alarm {
        name: "orders-incident".into(),
        state: AlarmState::Ok,
        since: Some(now() - TimeDelta::hours(71)),
        silence: None,
        dimensions: BTreeMap::new(),
    };
    let spent = Spent {
        at: now() - TimeDelta::hours(3),
        group: "catalog".into(),
        shard: "0001".into(),
    };
    Observation {
        at: now(),
        group: Some(Group {
            maintenance_window: Some(WeeklyWindow::read_or_any_time("sun:05:00-sun:07:00")),
            ..group()
        }),
        alarms: BTreeMap::from([(calm.name.clone(), calm)]),
        events: Vec::new(),
        journal: Journal {
            drills: vec![
                drilled("0002", "2026-10-21T08:05:14Z"),
                drilled("0003", "2026-10-27T09:05:11Z"),
                drilled("0001", "2026-10-28T09:05:13Z"),
            ],
            ..Journal::default()
        },
        pauses: Vec::new(),
        budget: Budget::of(limits, &[spent]),
        request: None,
        unreadable: None,
        evidence: Some(BTreeMap::from([
            node("orders-0001-001", true, 0.0),
            node("orders-0001-002", false, 0.2),
            node("orders-0002-001", true, 0.0),
            node("orders-0002-002", false, 0.31),
            node("orders-0003-001", true, 0.0),
            node("orders-0003-002", false, 0.2),
        ])),
    }
}

/// The verdict as a fleet of this one group lets it stand.
fn admitted(limits: &Fleet, budget: Budget, mut verdict: Verdict) -> Verdict {
    let (Decision::Act(failover), Some(intent)) = (&verdict.decision, &verdict.intent) else {
        panic!("nothing would be done: {}", verdict.sentence);
    };
    let candidate = Candidate {
        failover,
        kind: intent.kind(),
        may_act: true,
    };
    let (_, ruling) = admit(limits, &[candidate], Some(budget)).remove(0);
    let Ruling::Admitted(guard) = ruling else {
        panic!("{ruling:?}");
    };
    verdict.guards.push(guard);
    verdict
}

/// The record of the example, as the code prints it once the new primary is seen.
fn example() -> Value {
    let event = text_of("events/schedule-scheduler.json");
    let mut event: Value = serde_json::from_str(&event).unwrap();
    event["time"] = json!("2026-11-24T09:05:00Z");
    let trigger = Trigger::read(&event);
    let policy = Policy::parse("policy.toml", POLICY).unwrap();
    let entry = policy.failover_shard_for(&ReplicationGroupId::new("orders"));
    let seen = seen(&policy.fleet);
    let verdict = decide(entry.unwrap(), &seen).heeding_tag(None);
    let verdict = admitted(&policy.fleet, seen.budget, verdict);
    let mut record = Record::new("failover-shard", Mode::Apply, "orders", now(), verdict);
    record.policy = policy.version;
    record.trigger = label(&trigger);
    record.outcome = Outcome::Switched;
    record.switched = Some(Switched {
        to: "orders-0002-002".into(),
        seconds: 67,
    });
    record.request_id = Some("8e1b2f7a-54c1-4c0f-9a83-2f6f2a4c9d10".into());
    serde_json::from_str(&record.line()).unwrap()
}

#[test]
fn the_annotated_record_of_a_failover_is_what_the_code_prints() {
    let (shown, printed) = (annotated(&failovers()), example());
    assert_eq!(shown, printed, "the code prints\n{printed:#}");
}
