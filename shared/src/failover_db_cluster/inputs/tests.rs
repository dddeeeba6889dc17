use chrono::{DateTime, Utc};

use super::*;
use crate::{
    alarm::{Alarm, AlarmState, AlarmsSeen},
    cluster::{DbClusterId, InstanceId, Status},
    failover::{ServiceEvent, Source},
    failover_db_cluster::Lags,
    journal::Journal,
};

fn now() -> DateTime<Utc> {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

fn seen() -> Observation {
    let member = |id: &str, is_writer| Member {
        id: InstanceId::new(id),
        is_writer: Some(is_writer),
        promotion_tier: Some(1),
        status: Status::Available,
        class: None,
        availability_zone: Some("us-east-1a".to_owned()),
    };
    let alarm = Alarm {
        name: "writer-cpu".to_owned(),
        state: AlarmState::Ok,
        since: Some(now() - TimeDelta::minutes(20)),
        silence: None,
        dimensions: std::collections::BTreeMap::new(),
    };
    Observation {
        at: now(),
        cluster: Some(DbCluster {
            id: DbClusterId::new("graph"),
            engine: Some("neptune".to_owned()),
            status: Status::Available,
            global_database: None,
            maintenance_window: None,
            members: vec![member("w", true), member("r1", false), member("r2", false)],
        }),
        alarms: AlarmsSeen::from([("writer-cpu".to_owned(), alarm)]),
        events: vec![ServiceEvent {
            at: now() - TimeDelta::hours(3),
            source: Source::DbCluster,
            id: "graph".to_owned(),
            message: "Completed failover to DB instance: w".to_owned(),
        }],
        journal: Journal::default(),
        pauses: Vec::new(),
        request: None,
        unreadable: None,
        lags: Some(Lags::from([(
            InstanceId::new("r1"),
            (now() - TimeDelta::minutes(2), 0.04),
        )])),
    }
}

#[test]
fn every_input_is_shown_with_its_value_and_age_and_what_is_not_known_as_null() {
    let mut policy = FailoverPolicy::defaults("graph");
    policy.alarms.evacuate = vec!["writer-cpu".to_owned()];
    policy.alarms.stop = vec!["freeze".to_owned()];
    let inputs = inputs(&policy, &seen());
    let of = |name: &str| {
        let input = inputs.iter().find(|input| input.name == name);
        input.map(|input| (input.value.clone(), input.age_seconds))
    };
    for (name, value, age) in [
        ("engine", json!("neptune"), Some(0)),
        ("writer", json!("w"), Some(0)),
        ("promotion_tier of r1", json!(1), Some(0)),
        ("class of r1", Value::Null, Some(0)),
        ("replica_lag_seconds of r1", json!(0.04), Some(120)),
        ("replica_lag_seconds of r2", Value::Null, None),
        ("alarm writer-cpu", json!("OK"), Some(1200)),
        ("alarm freeze", json!("not found"), None),
        ("last failover", json!("2026-11-24T11:00:00Z"), Some(10800)),
    ] {
        assert_eq!(of(name), Some((value, age)), "{name}");
    }
    assert_eq!(of("replica_lag_seconds of w"), None);
}
