//! Checks that every function which forces failovers makes, in the same words.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    FailoverAttempt, FailoverOutcome, FailoverRequest, Happened, Hold, IntentKind,
    LONGEST_FAILOVER, ServiceEvent, Waiver,
};
use crate::{
    alarm::{Alarm, AlarmState, AlarmsSeen},
    checks::Guards,
    journal::{Journal, Retry},
    load::delta,
    pause::{ScopedPause, longest},
    policy::FailoverPolicy,
    window::WeeklyWindow,
};

/// How long to wait after a refusal that says only that the target was busy.
const AFTER_BUSY: TimeDelta = TimeDelta::minutes(15);

/// No person asked us to leave it alone. `own` are the pauses of the target itself.
pub(crate) fn require_not_paused(
    own: &[ScopedPause],
    of_patterns: &[ScopedPause],
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let pause = longest(of_patterns.iter().chain(own), now);
    let saw = pause.map_or_else(|| "no pause".to_owned(), |scoped| scoped.pause.why.clone());
    guards.require("not_paused", pause.is_none(), saw, || {
        pause.map_or(Hold::Superseded, |scoped| Hold::Paused(scoped.clone()))
    })
}

/// A stop alarm in ALARM stops even when it is silenced, and one that is not to be found stops as well.
pub(crate) fn require_no_stop_alarm(
    policy: &FailoverPolicy,
    alarms: &AlarmsSeen,
    guards: &mut Guards,
) -> Result<(), Hold> {
    for name in &policy.alarms.stop {
        let found = alarms.get(name);
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

/// No drill while AWS may be replacing nodes; a window that the service does not name may be now.
pub(crate) fn require_outside_maintenance(
    window: Option<WeeklyWindow>,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let window = window.unwrap_or_else(|| WeeklyWindow::read_or_any_time("unsaid"));
    let outside = !window.contains(now);
    guards.require("outside_maintenance", outside, window.to_string(), || {
        Hold::MaintenanceWindow(window)
    })
}

/// No practice while something may be wrong: every alarm that could ask for an evacuation of this target is OK. One that is silenced,
/// silent or not to be found may be one in ALARM. `of_another` tells the alarms that watch another target.
pub(crate) fn require_calm(
    policy: &FailoverPolicy,
    alarms: &AlarmsSeen,
    unit: &str,
    of_another: impl Fn(&Alarm) -> bool,
    guards: &mut Guards,
) -> Result<(), Hold> {
    for name in &policy.alarms.evacuate {
        let found = alarms.get(name);
        if found.is_some_and(&of_another) {
            continue;
        }
        let state = found.map_or_else(
            || "not to be found".to_owned(),
            |alarm| alarm.state.to_string(),
        );
        let calm = found.is_some_and(|alarm| alarm.state == AlarmState::Ok);
        guards.require("alarms_calm", calm, format!("{name} {state}"), || {
            Hold::DrillWaitsForAlarm {
                unit: unit.to_owned(),
                alarm: name.clone(),
                state,
            }
        })?;
    }
    Ok(())
}

/// A person's request still holds. Without one there is nothing to check.
pub(crate) fn require_not_expired(
    request: Option<&FailoverRequest>,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let Some(request) = request else {
        return Ok(());
    };
    let saw = format!("expires {}", request.expires.format("%Y-%m-%dT%H:%M:%SZ"));
    guards.require("not_expired", !request.has_expired(now), saw, || {
        Hold::RequestExpired(request.expires)
    })
}

/// No reshard and no failover of ours is without its end. A failover whose new primary was never seen holds for the longest
/// failover and one cooldown, and no request waives that: it may have happened, and nobody knows when it switched.
pub(crate) fn require_nothing_in_flight(
    policy: &FailoverPolicy,
    journal: &Journal,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    // Where nobody reshards any more nobody writes how a change ended; one that runs shows in the group's status besides.
    let reshard = journal.open_attempt().map(|attempt| {
        let what = format!("a change from {} to {} shards", attempt.from, attempt.to);
        (
            attempt.at,
            what,
            attempt.at + crate::journal::SETTLES_WITHIN,
        )
    });
    let failover = journal
        .last_failover()
        .filter(|attempt| attempt.is_open())
        .map(|attempt| {
            let what = format!("a failover of {}", attempt.unit);
            let until = attempt.accepted_at() + LONGEST_FAILOVER + delta(policy.cooldown);
            (attempt.at, what, until)
        });
    let mut open = reshard.into_iter().chain(failover);
    let open = open.find(|(_, _, until)| now < *until);
    let saw = open
        .as_ref()
        .map_or_else(|| "nothing".to_owned(), |(_, what, _)| what.clone());
    guards.require("nothing_in_flight", open.is_none(), saw, || match open {
        Some((asked, what, until)) => Hold::InFlight { asked, what, until },
        None => Hold::Superseded,
    })
}

/// The cooldown since the last failover of the target, whoever caused it. Gives the waiver if a request waived what would have held.
pub(crate) fn require_cooled_down(
    policy: &FailoverPolicy,
    events: &[ServiceEvent],
    journal: &Journal,
    request: Option<&FailoverRequest>,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<Option<Waiver>, Hold> {
    let minutes = policy.cooldown.as_secs() / 60;
    let Some(since) = last_failover(events, journal) else {
        let saw = format!("no failover is known, cooldown {minutes} min");
        guards.require("cooled_down", true, saw, || Hold::Superseded)?;
        return Ok(None);
    };
    let until = since + delta(policy.cooldown);
    let cooled = now >= until;
    let waived = !cooled && request.is_some_and(|one| one.accept.contains(&Waiver::Cooldown));
    let ago = (now - since).num_minutes();
    let word = if waived { ", waived" } else { "" };
    let saw = format!("failed over {ago} min ago, cooldown {minutes} min{word}");
    guards.require("cooled_down", cooled || waived, saw, || Hold::CoolingDown {
        since,
        until,
    })?;
    Ok(waived.then_some(Waiver::Cooldown))
}

/// When the target was failed over last, by the service's events, by what we asked for, and by who was seen to lead it. `None`:
/// nothing tells of one.
pub fn last_failover(events: &[ServiceEvent], journal: &Journal) -> Option<DateTime<Utc>> {
    let seen = events
        .iter()
        .filter(|event| is_failover(&event.happened()))
        .map(|event| event.at);
    let ours = journal
        .failovers
        .iter()
        .filter(|attempt| attempt.may_have_happened())
        .map(FailoverAttempt::ended_at);
    seen.chain(ours).chain(journal.led_since()).max()
}

/// Whether an event tells that primaries or writers change, or were to.
pub(crate) fn is_failover(what: &Happened) -> bool {
    match what {
        Happened::TestFailoverCalled { .. }
        | Happened::FailedOver { .. }
        | Happened::FailoverStarted { .. }
        | Happened::FailoverFailed => true,
        Happened::RecoveryStarted
        | Happened::RecoveryFinished
        | Happened::FailoverNotAttempted
        | Happened::InstanceRestarted
        | Happened::ReplacementScheduled { .. }
        | Happened::ReplacementCanceled { .. }
        | Happened::Other => false,
    }
}

/// After a refusal we wait: each refused call may count against AWS's quota. A person may try again at once.
pub(crate) fn require_backed_off(
    policy: &FailoverPolicy,
    journal: &Journal,
    kind: IntentKind,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let refused = journal
        .failovers
        .last()
        .and_then(|attempt| match &attempt.outcome {
            FailoverOutcome::Refused { code, retry } => Some((attempt.at, code, *retry)),
            FailoverOutcome::Asked
            | FailoverOutcome::Accepted
            | FailoverOutcome::NotSent
            | FailoverOutcome::Switched { .. } => None,
        });
    let Some((at, code, retry)) = refused.filter(|_| kind != IntentKind::Request) else {
        return Ok(());
    };
    let until = match retry {
        Retry::Now => at + AFTER_BUSY,
        Retry::Later | Retry::Person => at + delta(policy.cooldown),
    };
    let saw = format!("refused with {code} {} min ago", (now - at).num_minutes());
    guards.require("backed_off", now >= until, saw, || Hold::BackingOff {
        code: code.clone(),
        until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_writer_than_before_is_a_failover_though_no_event_tells_of_it_yet() {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let nobody = std::iter::empty;
        let journal = Journal::default().led_by("graph-w", nobody(), at(0));
        assert_eq!(last_failover(&[], &journal), None);
        let journal = journal.led_by("graph-r1", nobody(), at(5));
        assert_eq!(last_failover(&[], &journal), Some(at(5)));
    }
}
