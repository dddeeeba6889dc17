//! Everything that a decision about a cluster rests on, with its age, as records show it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Observation;
use crate::{
    checks::Input,
    db_cluster::{DbCluster, Member},
    failover::{Rotation, last_failover},
    policy::FailoverPolicy,
};

/// The inputs of a decision. Empty of the cluster's where there is none.
pub(super) fn inputs(policy: &FailoverPolicy, seen: &Observation) -> Vec<Input> {
    let mut inputs = Vec::new();
    if let Some(cluster) = &seen.cluster {
        inputs.extend(of_cluster(cluster));
        for member in &cluster.members {
            inputs.extend(of_member(member));
            inputs.extend(lag_of(member, seen));
        }
        inputs.extend(drill_due(policy, seen, cluster));
    }
    for name in policy.alarms.names() {
        let found = seen.alarms.get(name);
        let state = found.map_or_else(
            || "not found".to_owned(),
            |alarm| match &alarm.silence {
                Some(silence) => format!("{}, {silence}", alarm.state),
                None => alarm.state.to_string(),
            },
        );
        let age = found
            .and_then(|alarm| alarm.since)
            .map(|since| seen.at - since);
        inputs.push(Input::new(format!("alarm {name}"), json!(state), age));
    }
    let last = last_failover(&seen.events, &seen.journal);
    let age = last.map(|last| seen.at - last);
    inputs.push(Input::new("last failover", json!(last), age));
    inputs
}

fn of_cluster(cluster: &DbCluster) -> [Input; 3] {
    let writer = cluster.writer().map(|writer| &writer.id);
    [
        described("engine", json!(cluster.engine)),
        described("status", json!(cluster.status.to_string())),
        described("writer", json!(writer)),
    ]
}

fn of_member(member: &Member) -> [Input; 4] {
    let of = |what: &str| format!("{what} of {}", member.id);
    [
        described(of("status"), json!(member.status.to_string())),
        described(of("promotion_tier"), json!(member.promotion_tier)),
        described(of("class"), json!(member.class)),
        described(of("availability_zone"), json!(member.availability_zone)),
    ]
}

/// The lag of a member, if lags were read; a writer has none.
fn lag_of(member: &Member, seen: &Observation) -> Option<Input> {
    let lags = seen
        .lags
        .as_ref()
        .filter(|_| member.is_writer != Some(true))?;
    let sample = lags.get(&member.id);
    let name = format!("replica_lag_seconds of {}", member.id);
    let value = json!(sample.map(|(_, lag)| lag));
    let age = sample.map(|(at, _)| seen.at - *at);
    Some(Input::new(name, value, age))
}

fn drill_due(policy: &FailoverPolicy, seen: &Observation, cluster: &DbCluster) -> Option<Input> {
    let drill = policy.drill.as_ref()?;
    let units = std::iter::once(cluster.id.as_str());
    let rotation = Rotation::of(drill, units, &seen.journal);
    let unit = rotation.next()?;
    let due = unit
        .due
        .map_or_else(|| json!("none is known"), |due| json!(due));
    Some(Input::new("drill due", due, None))
}

/// An input from the description, which is as old as the sight.
fn described(name: impl Into<String>, value: Value) -> Input {
    Input::new(name, value, Some(TimeDelta::zero()))
}

#[cfg(test)]
mod tests;
