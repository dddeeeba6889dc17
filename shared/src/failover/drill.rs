//! What a drill measured: when each phase ended by the service's own events, and whether that met the policy's objective.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{FailoverAttempt, Happened, Objective, ServiceEvent, Source};
use crate::journal::SETTLES_WITHIN;

/// How much earlier than its attempt an event may be dated: two services' clocks.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(2);

/// How long a drill's phases are waited for; the one published recovery took 13 minutes, and events may be late by ten.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(2);

/// Alarms kept of one report: in a storm hundreds go off, and a hundred such reports would fill the journal's item.
const ALARMS_KEPT: usize = 20;

/// One phase of a failover: what was reached, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// What was reached, such as `failover_completed`.
    pub name: String,
    /// When; null: it was not seen.
    pub at: Option<DateTime<Utc>>,
    /// Seconds after the call was accepted; null: it was not seen.
    pub seconds: Option<i64>,
}

/// The phases of one failover, by the service's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phases {
    /// When the call was accepted.
    pub accepted: DateTime<Utc>,
    /// Who took over. `None`: not seen.
    pub to: Option<String>,
    /// What was reached after that, in order, with its time where it was seen. The first is the new primary or writer, the
    /// last that all is available.
    pub reached: Vec<(&'static str, Option<DateTime<Utc>>)>,
}

/// How a drill did against its objectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillVerdict {
    /// Within the objectives.
    Met,
    /// Beyond one of them.
    Missed,
    /// A phase was not seen within two hours; nobody can say.
    Incomplete,
}

/// A drill as it is reported once and remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillReport {
    /// The shard, or the cluster itself.
    pub unit: String,
    /// When the call was accepted.
    pub accepted: DateTime<Utc>,
    /// The old primary or writer.
    pub from: String,
    /// The new one; null: not seen.
    pub to: Option<String>,
    /// The old one's Availability Zone; null: not known.
    pub from_zone: Option<String>,
    /// The new one's; null: not known.
    pub to_zone: Option<String>,
    /// Each phase, in order.
    pub phases: Vec<Phase>,
    /// Seconds allowed until the new primary or writer.
    pub objective_seconds: u64,
    /// Seconds allowed until all is available; null: not judged.
    pub recovery_objective_seconds: Option<u64>,
    /// How it did.
    pub verdict: DrillVerdict,
    /// Primaries or writers per Availability Zone, before.
    #[serde(default)]
    pub zones_before: BTreeMap<String, u32>,
    /// And after.
    #[serde(default)]
    pub zones_after: BTreeMap<String, u32>,
    /// Alarms that went into ALARM meanwhile; null: that could not be read.
    #[serde(default)]
    pub alarms: Option<Vec<String>>,
    /// How many more did: the list is cut.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_alarms: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it skips by reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Phases {
    /// The phases of a shard's failover. `of_shard` tells whether a node belongs to the shard; `idle_at` is when all of the
    /// group was seen available, `None` while it is not.
    pub fn of_shard(
        attempt: &FailoverAttempt,
        events: &[ServiceEvent],
        of_shard: impl Fn(&str) -> bool,
        idle_at: Option<DateTime<Utc>>,
    ) -> Self {
        let shard = attempt.unit.as_str();
        let begun = attempt.at - CLOCKS_DIFFER;
        let first = |wanted: &dyn Fn(&ServiceEvent, &Happened) -> bool, from: DateTime<Utc>| {
            first(events, from, wanted)
        };
        let called = first(
            &|event, what| {
                event.source == Source::Group
                    && matches!(what, Happened::TestFailoverCalled { shard: called } if called == shard)
            },
            begun,
        );
        // Where neither the service nor its answer says that there was a call, what is told may be of a failover of its own.
        let is_ours = called.is_some() || attempt.accepted.is_some();
        let accepted = called.map_or(attempt.accepted_at(), |(at, _)| at);
        let switched = first(
            &|_, what| matches!(what, Happened::FailedOver { to } if of_shard(to)),
            accepted,
        );
        let switched = switched.filter(|(at, _)| is_ours && *at - accepted < SETTLES_WITHIN);
        // Only what comes after the switch is the old primary's recovery from it.
        let since = switched.as_ref().map(|(at, _)| *at);
        let of_old = |event: &ServiceEvent| {
            event.source == Source::Node && event.id.eq_ignore_ascii_case(&attempt.from)
        };
        let of_old_since = |wanted: Happened| {
            let found = first(&|event, what| of_old(event) && *what == wanted, since?);
            found.map(|(at, _)| at)
        };
        let started_at = of_old_since(Happened::RecoveryStarted);
        let finished_at = of_old_since(Happened::RecoveryFinished);
        Self {
            accepted,
            to: switched.as_ref().and_then(|(_, what)| new_one(what)),
            reached: vec![
                ("failover_completed", switched.map(|(at, _)| at)),
                ("recovery_started", started_at),
                ("recovery_finished", finished_at),
                ("available", available(attempt, finished_at, idle_at)),
            ],
        }
    }

    /// The phases of a Neptune cluster's failover. `idle_at` is when all of the cluster was seen available with the old writer
    /// as a reader, `None` while it is not.
    pub fn of_db_cluster(
        attempt: &FailoverAttempt,
        events: &[ServiceEvent],
        idle_at: Option<DateTime<Utc>>,
    ) -> Self {
        // No event tells of the call itself.
        let accepted = attempt.accepted_at();
        let took_over = |to: &str| match &attempt.to {
            Some(chosen) => to.eq_ignore_ascii_case(chosen),
            None => !to.eq_ignore_ascii_case(&attempt.from),
        };
        // From the call on: what ended before it is of another failover, or of a restart that had nothing to do with this one.
        let switched = first(events, accepted, &|event, what| {
            event.source == Source::DbCluster
                && matches!(what, Happened::FailedOver { to } if took_over(to))
        });
        let switched = switched.filter(|(at, _)| *at - accepted < SETTLES_WITHIN);
        let back = first(events, accepted, &|event, what| {
            event.source == Source::DbInstance
                && event.id.eq_ignore_ascii_case(&attempt.from)
                && *what == Happened::InstanceRestarted
        });
        let back_at = back.map(|(at, _)| at);
        Self {
            accepted,
            to: switched.as_ref().and_then(|(_, what)| new_one(what)),
            reached: vec![
                ("new_writer", switched.map(|(at, _)| at)),
                ("old_writer_back", back_at),
                ("available", available(attempt, back_at, idle_at)),
            ],
        }
    }

    /// When somebody took over. `None`: not seen.
    pub fn switched(&self) -> Option<DateTime<Utc>> {
        self.reached.first().and_then(|(_, at)| *at)
    }

    /// Whether every phase was seen.
    pub fn are_complete(&self) -> bool {
        self.reached.iter().all(|(_, at)| at.is_some())
    }

    /// Whether it is time to report: all is known, or will not be any more.
    pub fn can_be_reported(&self, now: DateTime<Utc>) -> bool {
        self.are_complete() || now - self.accepted >= GIVEN_UP_AFTER
    }
}

/// The first event from a time on for which `wanted` holds, with what it says.
fn first(
    events: &[ServiceEvent],
    from: DateTime<Utc>,
    wanted: &dyn Fn(&ServiceEvent, &Happened) -> bool,
) -> Option<(DateTime<Utc>, Happened)> {
    events
        .iter()
        .filter(|event| event.at >= from)
        .map(|event| (event, event.happened()))
        .filter(|(event, what)| wanted(event, what))
        .min_by_key(|(event, _)| event.at)
        .map(|(event, what)| (event.at, what))
}

fn new_one(what: &Happened) -> Option<String> {
    if let Happened::FailedOver { to } = what {
        Some(to.clone())
    } else {
        None
    }
}

/// No event says that all is available. Where it is when first looked at after the last event, it has been since that event; the look
/// itself may be five minutes later. Where a look after that event found it busy still, it is available from the look on that did not.
fn available(
    attempt: &FailoverAttempt,
    last: Option<DateTime<Utc>>,
    idle_at: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let (last, idle_at) = (last?, idle_at?);
    let was_busy = attempt.busy_at.is_some_and(|seen| seen > last);
    Some(if was_busy { idle_at } else { last })
}

impl DrillReport {
    /// The report of a drill whose phases are as known as they will be. `zone_of` tells a node's Availability Zone.
    pub fn of(
        attempt: &FailoverAttempt,
        phases: &Phases,
        zone_of: impl Fn(&str) -> Option<String>,
        mut alarms: Option<Vec<String>>,
    ) -> Self {
        let fired = alarms.as_ref().map_or(0, Vec::len);
        if let Some(names) = &mut alarms {
            names.truncate(ALARMS_KEPT);
        }
        let (from_zone, to_zone) = (
            zone_of(&attempt.from),
            phases.to.as_deref().and_then(&zone_of),
        );
        let mut zones_after = attempt.zones.clone();
        if let (Some(from), Some(to)) = (&from_zone, &to_zone) {
            if let Some(left) = zones_after.get_mut(from) {
                *left = left.saturating_sub(1);
            }
            *zones_after.entry(to.clone()).or_default() += 1;
            zones_after.retain(|_, count| *count > 0);
        }
        let seconds = |at: Option<DateTime<Utc>>| at.map(|at| (at - phases.accepted).num_seconds());
        let within = |taken: Option<i64>, allowed: u64| {
            taken.is_some_and(|taken| u64::try_from(taken).unwrap_or(0) <= allowed)
        };
        // An attempt of before objectives were remembered is measured, and missed by whatever it took.
        let objective = attempt.objective.unwrap_or(Objective {
            seconds: 0,
            recovery_seconds: None,
        });
        let objective_seconds = objective.seconds;
        let recovery_objective_seconds = objective.recovery_seconds;
        let last = phases.reached.last().and_then(|(_, at)| *at);
        let verdict = if !phases.are_complete() {
            DrillVerdict::Incomplete
        } else if within(seconds(phases.switched()), objective_seconds)
            && recovery_objective_seconds.is_none_or(|allowed| within(seconds(last), allowed))
        {
            DrillVerdict::Met
        } else {
            DrillVerdict::Missed
        };
        Self {
            unit: attempt.unit.clone(),
            accepted: phases.accepted,
            from: attempt.from.clone(),
            to: phases.to.clone(),
            from_zone,
            to_zone,
            phases: phases
                .reached
                .iter()
                .map(|(name, at)| Phase {
                    name: (*name).to_owned(),
                    at: *at,
                    seconds: seconds(*at),
                })
                .collect(),
            objective_seconds,
            recovery_objective_seconds,
            verdict,
            zones_before: attempt.zones.clone(),
            zones_after,
            alarms,
            more_alarms: fired.saturating_sub(ALARMS_KEPT),
        }
    }

    /// Seconds until a phase was reached. `None`: it was not seen.
    pub fn seconds_to(&self, name: &str) -> Option<i64> {
        self.phases
            .iter()
            .find(|phase| phase.name == name)
            .and_then(|phase| phase.seconds)
    }
}

impl fmt::Display for DrillVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Incomplete => "incomplete",
        })
    }
}

impl fmt::Display for DrillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.to.as_deref().unwrap_or("nobody that was seen");
        write!(
            f,
            "drill of {} {}: {} → {to}",
            self.unit, self.verdict, self.from
        )?;
        for phase in &self.phases {
            let name = phase.name.replace('_', " ");
            match phase.seconds {
                Some(seconds) => write!(f, ", {name} after {seconds} s")?,
                None => write!(f, ", {name} not seen")?,
            }
        }
        write!(f, " (objective {} s)", self.objective_seconds)
    }
}

#[cfg(test)]
mod tests;
