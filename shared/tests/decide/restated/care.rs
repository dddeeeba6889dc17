//! What a careful person looks at besides load: the calendar, the hours after a change, the CPU while slots move.

use chrono::{DateTime, Duration, Timelike, Utc};
use clusterwarden::{
    alarm::AlarmState,
    journal::AttemptOutcome,
    policy::{CalendarWindow, CpuGate, Freeze, ReshardPolicy},
    reshard::{Measure, Observation},
};

use super::{Measured, Reasons, mean};

/// Whether the window is open: it opened today or yesterday, by its own clocks, and has not closed since.
fn open(window: &CalendarWindow, now: DateTime<Utc>) -> bool {
    let local = now.with_timezone(&window.time_zone).naive_local();
    let minute_of = |time: chrono::NaiveTime| time.hour() * 60 + time.minute();
    let from = minute_of(window.from);
    let mut to = minute_of(window.to);
    if to <= from {
        to += 24 * 60;
    }
    (0..2).any(|days_ago| {
        let day = local.date() - Duration::days(days_ago);
        let minute = minute_of(local.time()) + u32::try_from(days_ago).unwrap() * 24 * 60;
        window.opens_on(day) && from <= minute && minute < to
    })
}

pub(super) fn frozen(policy: &ReshardPolicy, now: DateTime<Utc>, freeze: Freeze) -> bool {
    let mut windows = policy.windows.iter();
    windows.any(|window| window.freeze == freeze && open(window, now))
}

/// The least shards that the calendar asks for now.
pub(super) fn scheduled(policy: &ReshardPolicy, now: DateTime<Utc>) -> u32 {
    let open = policy.windows.iter().filter(|window| open(window, now));
    open.filter_map(|window| window.min_shards)
        .max()
        .unwrap_or(0)
}

/// An alarm that went off after our last change freezes the next: growth only after growth, and only if it is plain; anything
/// else also where the alarm might have gone off.
pub(super) fn watch(policy: &ReshardPolicy, seen: &Observation, growth: bool, why: &mut Reasons) {
    let mut ended = seen.journal.attempts.iter().filter_map(|attempt| {
        let end = match attempt.outcome {
            AttemptOutcome::Completed { at }
            | AttemptOutcome::Unchanged { at }
            | AttemptOutcome::Partial { at, .. } => at,
            AttemptOutcome::Asked | AttemptOutcome::Accepted | AttemptOutcome::Refused { .. } => {
                return None;
            }
        };
        Some((attempt, end))
    });
    let Some((change, end)) = ended.next_back() else {
        return;
    };
    let watched_until = end + policy.care.after_change;
    for name in &policy.alarms.after_change {
        let alarm = seen.alarms.get(name);
        let went_off = alarm.is_some_and(|alarm| {
            let within = match alarm.since {
                Some(since) => since >= change.at && since <= watched_until,
                None => !growth || seen.at <= watched_until,
            };
            alarm.state == AlarmState::Alarm && within
        });
        let may_have = match alarm {
            None => true,
            Some(alarm) => alarm.state == AlarmState::InsufficientData && seen.at <= watched_until,
        };
        let frozen = if growth {
            went_off && change.to > change.from
        } else {
            went_off || may_have
        };
        if frozen {
            why.insert("after_change_alarm");
        }
    }
}

/// AWS: less than 80 % while slots move, on larger nodes.
pub(super) fn gate(policy: &ReshardPolicy, measured: &[Measured], why: &mut Reasons) {
    let cpu = measured
        .iter()
        .filter(|one| one.measure == Measure::EngineCpu);
    let loads = cpu
        .flat_map(|one| &one.shards)
        .filter_map(|(load, _, _)| mean(policy, load));
    let limit = policy.care.cpu_gate_percent.unwrap_or(80.0);
    if policy.care.cpu_gate == CpuGate::Wait && loads.fold(0.0, f64::max) >= limit {
        why.insert("cpu_gate");
    }
}
