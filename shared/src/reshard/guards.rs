//! Preconditions: what must be so before any change, and what further must be so before a scale-in.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Demand, Hold, Measure, Observation};
use crate::{
    alarm::{Alarm, AlarmState},
    calendar::Freeze,
    checks::Guards,
    cluster::{Activity, Group},
    failover::{Replacement, replacements},
    journal::AttemptOutcome,
    load::delta,
    pause::longest,
    policy::{CpuGate, Pace, ReshardPolicy},
};

/// How near the start of the backup window counts as near: a reshard started now would run into the backup, and one
/// that starts while the backup starts is refused or delays it.
const AROUND_BACKUP: TimeDelta = TimeDelta::minutes(10);

/// What must be so before any change. Ordered so that the hold a person reads is the most telling one: who asked us not
/// to act, then what the group is, then what it is doing, then what we did.
pub(super) fn require_changeable<'a>(
    policy: &ReshardPolicy,
    seen: &'a Observation,
    guards: &mut Guards,
) -> Result<&'a Group, Hold> {
    if let Some(reason) = &seen.unreadable {
        return Err(Hold::Unreadable(reason.clone()));
    }
    let Some(group) = &seen.group else {
        return Err(Hold::NotFound);
    };
    require_not_paused(seen, guards)?;
    require_no_stop_alarm(policy, seen, guards)?;
    let mode = group.cluster_mode.clone();
    guards.require(
        "cluster_mode",
        mode.as_deref() == Some("enabled"),
        mode.as_deref().unwrap_or("unsaid"),
        || Hold::ClusterModeNotEnabled(mode.clone()),
    )?;
    let datastore = group.global_datastore.as_deref();
    guards.require(
        "global_datastore",
        datastore.is_none(),
        datastore.unwrap_or("none"),
        || Hold::GlobalDatastoreMember(datastore.unwrap_or_default().to_owned()),
    )?;
    let scaler = seen.auto_scaling.as_deref();
    guards.require(
        "application_auto_scaling",
        scaler.is_none(),
        scaler.unwrap_or("none"),
        || Hold::ApplicationAutoScaling(scaler.unwrap_or_default().to_owned()),
    )?;
    require_idle(group, guards)?;
    require_nothing_in_flight(seen, guards)?;
    let (shards, min, max) = (group.shard_count(), policy.min_shards, policy.max_shards);
    guards.require(
        "bounds",
        (min..=max).contains(&shards),
        format!("{shards} in {min}..={max}"),
        || Hold::OutsideBounds { shards, min, max },
    )?;
    require_not_frozen(policy, seen, false, guards)?;
    Ok(group)
}

fn require_not_paused(seen: &Observation, guards: &mut Guards) -> Result<(), Hold> {
    let id = seen.group.as_ref().map_or("", |group| group.id.as_str());
    let own = seen.journal.scoped_pauses(id);
    match longest(seen.pauses.iter().chain(&own), seen.at) {
        Some(scoped) => guards.require("not_paused", false, scoped.pause.why.clone(), || {
            Hold::Paused(scoped.clone())
        }),
        None => guards.require("not_paused", true, "no pause", || Hold::NotFound),
    }
}

/// A stop alarm in ALARM stops even when it is silenced: people silence what pages them, just when we should keep still.
fn require_no_stop_alarm(
    policy: &ReshardPolicy,
    seen: &Observation,
    guards: &mut Guards,
) -> Result<(), Hold> {
    for name in &policy.alarms.stop {
        let found = seen.alarms.get(name);
        let saw = found.map_or_else(
            || format!("{name} not found"),
            |alarm| format!("{name} {}", alarm.state),
        );
        let calm = found.is_some_and(|alarm| alarm.state != AlarmState::Alarm);
        guards.require("stop_alarm", calm, saw, || match found {
            Some(_) => Hold::StopAlarm(name.clone()),
            None => Hold::StopAlarmMissing(name.clone()),
        })?;
    }
    Ok(())
}

fn require_idle(group: &Group, guards: &mut Guards) -> Result<(), Hold> {
    match group.activity() {
        Activity::Idle => guards.require(
            "available",
            true,
            "group, shards and nodes available",
            || Hold::Snapshotting,
        ),
        Activity::Snapshotting => {
            guards.require("available", false, "snapshotting", || Hold::Snapshotting)
        }
        Activity::Changing { what, status } => {
            let migrated = group.slot_migration_percent;
            let saw = format!("{what} {status}");
            guards.require("available", false, saw, || Hold::NotAvailable {
                what,
                status,
                migrated,
            })
        }
    }
}

fn require_nothing_in_flight(seen: &Observation, guards: &mut Guards) -> Result<(), Hold> {
    let open = seen.journal.open_attempt();
    let saw = open.map_or_else(
        || "nothing".to_owned(),
        |attempt| format!("{} to {}", attempt.from, attempt.to),
    );
    guards.require("nothing_in_flight", open.is_none(), saw, || match open {
        Some(attempt) => Hold::InFlight {
            asked: attempt.at,
            to: attempt.to,
        },
        None => Hold::Superseded,
    })?;
    let failover = seen.journal.open_failover(seen.at);
    let saw = failover.map_or_else(
        || "nothing".to_owned(),
        |attempt| format!("a failover of {}", attempt.unit),
    );
    guards.require("no_failover_in_flight", failover.is_none(), saw, || {
        failover.map_or(Hold::Superseded, |attempt| Hold::FailoverInFlight {
            asked: attempt.at,
            unit: attempt.unit.clone(),
        })
    })
}

/// No change starts just around the start of the daily backup.
pub(super) fn require_clear_of_backup(
    group: &Group,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let Some(window) = group.snapshot_window else {
        return Ok(());
    };
    guards.require(
        "clear_of_backup",
        !window.starts_near(now, AROUND_BACKUP),
        window.to_string(),
        || Hold::SnapshotWindow(window),
    )
}

/// The cooldown of one direction, counted from the completion of the last change, whoever made it, and the hold after
/// failures. Growth is held by the least that protects it.
pub(super) fn require_cooled_down(
    pace: Pace,
    growth: bool,
    seen: &Observation,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let (journal, minutes) = (&seen.journal, pace.cooldown.as_secs() / 60);
    if let Some(change) = journal.last_change {
        let (since, until) = (change.at, change.at + delta(pace.cooldown));
        let ago = (seen.at - since).num_minutes();
        let saw = format!("settled {ago} min ago, cooldown {minutes} min");
        guards.require("cooled_down", seen.at >= until, saw, || {
            if change.ours {
                Hold::CoolingDown { until, since }
            } else {
                Hold::ChangedByOthers { until, since }
            }
        })?;
    }
    // A group that we have not known for a cooldown may have been changed just before; that must not delay growth.
    if let Some(since) = journal.first_seen.filter(|_| !growth) {
        let until = since + delta(pace.cooldown);
        let known = (seen.at - since).num_minutes();
        let saw = format!("known for {known} min, cooldown {minutes} min");
        guards.require("known_long_enough", seen.at >= until, saw, || {
            Hold::NewlySeen { until, since }
        })?;
    }
    if let Some((until, failures, last)) = journal.backing_off(pace.cooldown, growth) {
        let saw = format!("{failures} failed in a row, the last {}", last.outcome);
        guards.require("backed_off", seen.at >= until, saw, || Hold::BackingOff {
            until,
            since: last.ended_at(),
            failures,
            last: last.outcome.to_string(),
        })?;
    }
    Ok(())
}

/// No open window of the calendar freezes the change: every change, or with `scale_in` scale-ins too.
fn require_not_frozen(
    policy: &ReshardPolicy,
    seen: &Observation,
    scale_in: bool,
    guards: &mut Guards,
) -> Result<(), Hold> {
    for window in policy.windows_at(seen.at) {
        let frozen = match window.freeze {
            Freeze::None => false,
            Freeze::ScaleIn => scale_in,
            Freeze::All => true,
        };
        let saw = format!("window {} is open", window.name);
        guards.require("not_frozen", !frozen, saw, || Hold::Frozen {
            window: window.name.clone(),
            scale_in_only: window.freeze == Freeze::ScaleIn,
        })?;
    }
    Ok(())
}

/// The after-change watch: an alarm that went off after our last change freezes the next while it lasts. Growth is frozen
/// only where the change was a growth itself: after a scale-in, growth is the cure. And only growth goes on where the alarm is
/// silent during the watch, or not to be found: what it would say is not known.
pub(super) fn require_quiet_after_change(
    policy: &ReshardPolicy,
    growth: bool,
    seen: &Observation,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let finished = seen.journal.attempts.iter().rev().find(|attempt| {
        matches!(
            attempt.outcome,
            AttemptOutcome::Completed { .. }
                | AttemptOutcome::Partial { .. }
                | AttemptOutcome::Unchanged { .. }
        )
    });
    let Some(change) = finished else {
        return Ok(());
    };
    if growth && change.to <= change.from {
        return Ok(());
    }
    let watched_until = change.ended_at() + delta(policy.care.after_change);
    let watching = seen.at <= watched_until;
    for name in &policy.alarms.after_change {
        let alarm = seen.alarms.get(name);
        let state = alarm.map(|alarm| alarm.state);
        let saw = state.map_or_else(
            || format!("{name} not found"),
            |state| format!("{name} {state}"),
        );
        let quiet = match (state, alarm.and_then(|alarm| alarm.since)) {
            (Some(AlarmState::Alarm), Some(since)) => {
                !(change.at <= since && since <= watched_until)
            }
            // It may have gone off because of the change. That must not hold growth for ever.
            (Some(AlarmState::Alarm), None) => growth && !watching,
            (Some(AlarmState::InsufficientData), _) => growth || !watching,
            (Some(AlarmState::Ok), _) => true,
            (None, _) => growth,
        };
        guards.require("quiet_after_change", quiet, saw, || {
            Hold::AfterChangeAlarm {
                alarm: name.clone(),
                state,
                change: change.at,
            }
        })?;
    }
    Ok(())
}

/// AWS advises not to reshard while CPU is high, because moving slots costs CPU. The group that most needs growth is the one
/// above the gate, so the default is to act and to record it.
pub(super) fn require_below_cpu_gate(
    policy: &ReshardPolicy,
    group: &Group,
    demand: &Demand,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let need = demand
        .needs
        .iter()
        .find(|need| need.measure == Measure::EngineCpu);
    let Some((shard, load)) = need.and_then(|need| need.hottest.clone()) else {
        return Ok(());
    };
    let limit = policy
        .care
        .cpu_gate_percent_for(group.small_node_vcpus().is_some());
    let waits = policy.care.cpu_gate == CpuGate::Wait && load >= limit;
    let above = if load >= limit { "above" } else { "below" };
    let saw = format!("shard {shard} at {load:.0} %, {above} the gate of {limit:.0} %");
    guards.require("cpu_gate", !waits, saw, || Hold::CpuGate {
        shard,
        load,
        limit,
    })
}

/// No scale-in soon after a growth: a load that comes and goes by the hour must not move slots both ways.
fn require_no_reversal(
    policy: &ReshardPolicy,
    seen: &Observation,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let Some(since) = seen.journal.last_growth() else {
        return Ok(());
    };
    let until = since + delta(policy.reversal);
    let saw = format!(
        "grew {} min ago, reversal hold {} min",
        (seen.at - since).num_minutes(),
        policy.reversal.as_secs() / 60
    );
    guards.require("no_reversal", seen.at >= until, saw, || Hold::Reversal {
        until,
        since,
    })
}

/// No scale-in while AWS is about to replace a node, or at it: it moves slots between the same nodes. `none` is what the record
/// says where there is none.
pub(super) fn require_no_replacement(
    ahead: &[Replacement],
    none: &str,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let first = ahead.first();
    let saw = first.map_or(none, |one| one.node.as_str());
    guards.require("no_replacement", first.is_none(), saw, || {
        first.map_or(Hold::Superseded, |one| Hold::ReplacementScheduled {
            node: one.node.clone(),
        })
    })
}

/// What must further be so before a scale-in: no window in which AWS itself takes nodes away or copies them, and every
/// alarm that could ask for growth saying plainly that it does not.
pub(super) fn require_calm(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    guards: &mut Guards,
) -> Result<(), Hold> {
    require_not_frozen(policy, seen, true, guards)?;
    // What the journal remembers ends with its node and with time, also where nobody writes it any more.
    let ahead = replacements(
        &seen.journal.replacements,
        &[],
        |node| group.has_node(node),
        seen.at,
    );
    require_no_replacement(&ahead, "none is remembered", guards)?;
    if let Some(window) = group.maintenance_window {
        let outside = !window.contains(seen.at);
        guards.require("outside_maintenance", outside, window.to_string(), || {
            Hold::MaintenanceWindow(window)
        })?;
    }
    if let Some(window) = group.snapshot_window {
        let outside = !window.contains(seen.at, AROUND_BACKUP);
        guards.require("outside_backup", outside, window.to_string(), || {
            Hold::SnapshotWindow(window)
        })?;
    }
    for name in policy.alarms.scale_out.iter().chain(&policy.alarms.stop) {
        let state = seen.alarms.get(name).map(|alarm| alarm.state);
        let saw = state.map_or_else(
            || format!("{name} not found"),
            |state| format!("{name} {state}"),
        );
        guards.require("alarms_agree", state == Some(AlarmState::Ok), saw, || {
            Hold::AlarmDisagrees {
                alarm: name.clone(),
                state,
                wanted: AlarmState::Ok,
            }
        })?;
    }
    for name in &policy.alarms.scale_in {
        let alarm = seen.alarms.get(name);
        let state = alarm.map(|alarm| alarm.state);
        let saw = state.map_or_else(
            || format!("{name} not found"),
            |state| format!("{name} {state}"),
        );
        guards.require(
            "alarms_agree",
            alarm.is_some_and(Alarm::breaches),
            saw,
            || Hold::AlarmDisagrees {
                alarm: name.clone(),
                state,
                wanted: AlarmState::Alarm,
            },
        )?;
    }
    require_no_reversal(policy, seen, guards)
}
