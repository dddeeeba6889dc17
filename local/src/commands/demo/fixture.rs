//! Scenes and runs for the tests of this folder.

use chrono::{DateTime, TimeDelta, Utc};

use clusterwarden::failover::{DrillReport, DrillVerdict, IntentKind, Phase};

use super::{
    failovers,
    function::{Cause, Decided, Demand, Pass, Record},
    play::DAY,
    scene::{AlarmScene, GroupScene, Scene, ShardScene},
};
use crate::cloud::cloudwatch::StateValue;

/// A moment of the day.
pub(super) fn at(hour: i64, minute: i64) -> DateTime<Utc> {
    DAY.start() + TimeDelta::hours(hour - 5) + TimeDelta::minutes(minute)
}

/// A group with these loads, available.
pub(super) fn group(id: &str, loads: &[f64]) -> GroupScene {
    let shard = |(place, load): (usize, &f64)| ShardScene {
        id: format!("{:04}", place + 1),
        load: *load,
        migrating: false,
        slots: 0,
        memory: 30.0,
    };
    GroupScene {
        id: id.to_owned(),
        status: "available".to_owned(),
        listed: u32::try_from(loads.len()).unwrap(),
        shards: loads.iter().enumerate().map(shard).collect(),
        whole: true,
        migrated: None,
        target: Some(60.0),
    }
}

/// An alarm on a threshold of 75.
pub(super) fn alarm(name: &str, state: StateValue) -> AlarmScene {
    AlarmScene {
        name: name.to_owned(),
        state,
        threshold: Some(75.0),
    }
}

/// Half past twelve with one group in a reshard, one at rest, and one alarm.
pub(super) fn scene() -> Scene {
    let mut orders = group("orders", &[82.0, 50.0, 30.0, 0.0]);
    orders.status = "modifying".to_owned();
    orders.migrated = Some(40.0);
    orders.shards[3].migrating = true;
    Scene {
        at: at(12, 30),
        groups: vec![orders, group("sessions-eu", &[20.0, 21.0])],
        alarms: vec![
            alarm("orders-engine-cpu-high", StateValue::Alarm),
            alarm("orders-incident", StateValue::Ok),
        ],
    }
}

/// A record of a change.
pub(super) fn change(target: &str, from: u32, to: u32, outcome: &str) -> Record {
    let kind = if to > from { "scale_out" } else { "scale_in" };
    let sentence = format!("{from} → {to} shards: so it must be");
    Record {
        target: target.to_owned(),
        decision: Decided {
            kind: kind.to_owned(),
            from: Some(from),
            to: Some(to),
            sentence,
            reason: None,
        },
        outcome: outcome.to_owned(),
        note: None,
        failure: None,
        demand: Demand::default(),
    }
}

/// A record of a hold.
pub(super) fn hold(target: &str, reason: &str, sentence: &str) -> Record {
    Record {
        target: target.to_owned(),
        decision: Decided {
            kind: "hold".to_owned(),
            from: Some(3),
            to: Some(3),
            sentence: sentence.to_owned(),
            reason: Some(reason.to_owned()),
        },
        outcome: "held".to_owned(),
        note: None,
        failure: None,
        demand: Demand::default(),
    }
}

/// A record of a function that forces failovers, which holds for this reason.
pub(super) fn refused(target: &str, reason: &str, intent: Option<IntentKind>) -> failovers::Record {
    failovers::Record {
        target: target.to_owned(),
        decision: failovers::Decided {
            kind: "hold".to_owned(),
            unit: None,
            from: None,
            sentence: format!("it must not be: {reason}"),
            reason: Some(reason.to_owned()),
        },
        intent: intent.map(|kind| failovers::Intended { kind }),
        drills: Vec::new(),
        switched: None,
        outcome: "held".to_owned(),
        note: None,
        failure: None,
    }
}

/// The record of a run that started the drill of shard 0001 of the catalog.
pub(super) fn drill_started() -> failovers::Record {
    failovers::Record {
        decision: failovers::Decided {
            kind: "failover_shard".to_owned(),
            unit: Some("0001".to_owned()),
            from: Some("catalog-0001-001".to_owned()),
            sentence: "shard 0001: it is time".to_owned(),
            reason: None,
        },
        switched: Some(failovers::Switched {
            to: "catalog-0001-002".to_owned(),
            seconds: 63,
        }),
        outcome: "switched".to_owned(),
        ..refused("catalog", "", Some(IntentKind::Drill))
    }
}

/// The record of a run that reported that drill, which was accepted at 14:05.
pub(super) fn drilled() -> failovers::Record {
    failovers::Record {
        drills: vec![drill_report()],
        ..refused("catalog", "cooling_down", Some(IntentKind::Drill))
    }
}

/// The report of that drill.
pub(super) fn drill_report() -> DrillReport {
    let phase = |name: &str, seconds| Phase {
        name: name.to_owned(),
        at: Some(at(14, 5) + TimeDelta::seconds(seconds)),
        seconds: Some(seconds),
    };
    DrillReport {
        unit: "0001".to_owned(),
        accepted: at(14, 5),
        from: "catalog-0001-001".to_owned(),
        to: Some("catalog-0001-002".to_owned()),
        from_zone: Some("us-east-1a".to_owned()),
        to_zone: Some("us-east-1b".to_owned()),
        phases: vec![
            phase("failover_completed", 63),
            phase("recovery_started", 146),
            phase("recovery_finished", 764),
            phase("available", 764),
        ],
        objective_seconds: 120,
        recovery_objective_seconds: Some(1_200),
        verdict: DrillVerdict::Met,
        zones_before: Default::default(),
        zones_after: Default::default(),
        more_alarms: 0,
        alarms: Some(Vec::new()),
    }
}

/// A run on schedule.
pub(super) fn scheduled(records: Vec<Record>) -> Pass {
    Pass {
        cause: Cause::Schedule,
        records: Ok(records),
    }
}

/// A run for the alarm of the scene.
pub(super) fn alarmed(records: Vec<Record>) -> Pass {
    Pass {
        cause: Cause::Alarm("orders-engine-cpu-high".to_owned()),
        records: Ok(records),
    }
}
