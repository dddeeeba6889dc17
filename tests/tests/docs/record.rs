//! docs/operations.md: the annotated record is what the code prints.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    admit::{self, Candidate, FleetView},
    alarm::{Alarm, AlarmState},
    cluster::{Group, Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch},
    journal::{Change, Journal},
    load::Series,
    policy::{Apply, Fleet, Policy},
    record::{Mode, Outcome, Record, Wanted, label},
    reshard::{Observation, ShardSeries, Verdict, decide},
    trigger::Trigger,
};
use serde_json::Value;

use crate::{annotated, operations, text_of};

/// The policy of the example.
const POLICY: &str = r#"
version = 1

[[reshard]]
replication_group = "orders"
apply = "out"
min_shards = 2
max_shards = 8
targets.engine_cpu = 60
alarms.scale_out = ["orders-engine-cpu-high"]
alarms.stop = ["orders-incident"]
"#;

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-20T10:05:43Z".parse().unwrap()
}

/// Three shards of two nodes, all available.
pub(crate) fn group() -> Group {
    let node = |id: String, zone: &str| Node {
        id: NodeId::new(&id),
        availability_zone: Some(zone.into()),
        status: Status::Available,
        is_primary: None,
    };
    let shard = |number: u32, slots| Shard {
        id: ShardId::new(&format!("{number:04}")),
        status: Status::Available,
        slots: Some(slots),
        nodes: vec![
            node(format!("orders-{number:04}-001"), "us-east-1a"),
            node(format!("orders-{number:04}-002"), "us-east-1b"),
        ],
    };
    Group {
        id: ReplicationGroupId::new("orders"),
        status: Status::Available,
        cluster_mode: Some("enabled".into()),
        node_type: Some("cache.r7g.xlarge".into()),
        automatic_failover: Switch::On,
        multi_az: Switch::On,
        global_datastore: None,
        snapshot_window: None,
        maintenance_window: None,
        slot_migration_percent: None,
        member_count: 6,
        shards: vec![shard(1, 5462), shard(2, 5461), shard(3, 5461)],
    }
}

fn seen() -> Observation {
    let minute = |n: i64| now() - TimeDelta::minutes(n) - TimeDelta::seconds(43);
    let flat = |load: f64| ShardSeries {
        engine_cpu: Series::new((1..=40).map(|n| (minute(n), load)), true),
        ..ShardSeries::default()
    };
    let alarm = |name: &str, state, since| {
        let alarm = Alarm {
            name: name.into(),
            state,
            since: Some(since),
            silence: None,
            dimensions: BTreeMap::new(),
        };
        (name.to_owned(), alarm)
    };
    Observation {
        at: now(),
        group: Some(group()),
        load: BTreeMap::from([
            (ShardId::new("0001"), flat(71.0)),
            (ShardId::new("0002"), flat(66.5)),
            (ShardId::new("0003"), flat(64.0)),
        ]),
        alarms: BTreeMap::from([
            alarm(
                "orders-engine-cpu-high",
                AlarmState::Alarm,
                now() - TimeDelta::seconds(2),
            ),
            alarm("orders-incident", AlarmState::Ok, minute(4000)),
        ]),
        auto_scaling: None,
        journal: Journal {
            first_seen: Some(minute(9000)),
            shards: Some(3),
            last_change: Some(Change {
                at: minute(190),
                from: Some(2),
                to: 3,
                ours: true,
            }),
            ..Journal::default()
        },
        pauses: Vec::new(),
        unreadable: None,
        evidence: None,
    }
}

/// The verdict as a fleet of this one group lets it stand.
fn admitted(verdict: Verdict) -> (Verdict, Option<Wanted>) {
    let (id, limits) = (ReplicationGroupId::new("orders"), Fleet::default());
    let candidate = Candidate {
        target: &id,
        decision: &verdict.decision,
        wanted: 4,
        spoken_of: true,
        apply: Apply::Out,
    };
    let seen = FleetView {
        groups: &BTreeMap::from([(id.clone(), group())]),
        journals: &BTreeMap::new(),
    };
    let ruling = admit::admit(&limits, &[candidate], seen, now())
        .remove(0)
        .ruling;
    ruling.apply_to(verdict)
}

/// The record of the example.
pub(crate) fn example_record() -> Record {
    let event = text_of("events/alarm-direct-metric-replication-group.json");
    let trigger = Trigger::read(&serde_json::from_str(&event).unwrap());
    let policy = Policy::parse("policy.toml", POLICY).unwrap();
    let verdict = decide(
        policy
            .reshard_for(&ReplicationGroupId::new("orders"))
            .unwrap(),
        &seen(),
    );
    let (verdict, wanted) = admitted(verdict);
    let mut record = Record::new("reshard", Mode::Apply, "orders", now(), verdict);
    record.wanted = wanted;
    record.policy = policy.version;
    record.trigger = label(&trigger);
    record.outcome = Outcome::Accepted;
    record.request_id = Some("3f1c6f0e-8d0e-4c55-9a0b-5c1d7f0c2b11".into());
    record
}

#[test]
fn the_annotated_record_is_what_the_code_prints() {
    let (shown, line) = (annotated(&operations()), example_record().line());
    let printed: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(shown, printed, "the code prints\n{printed:#}");
}
