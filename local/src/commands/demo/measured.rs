//! Drills as they were reported beside what the embedded AWS's own events say of them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{claims::Evidence, failovers::Reported};

/// What ElastiCache's events say of one drill, read back over HTTP in words and not by the code that reported it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Told {
    /// When it was called for.
    pub(super) called: Option<DateTime<Utc>>,
    /// When a replica had taken over, and which.
    pub(super) completed: Option<(DateTime<Utc>, String)>,
    /// When the old primary's recovery began.
    pub(super) recovery_started: Option<DateTime<Utc>>,
    /// When that ended.
    pub(super) recovery_finished: Option<DateTime<Utc>>,
}

/// One phase of a drill, as reported and as told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    /// What was reached.
    pub(super) phase: String,
    /// Seconds after the call, as reported; `None`: not seen.
    pub(super) seconds: Option<i64>,
    /// When, as reported; `None`: not seen.
    pub(super) reported: Option<DateTime<Utc>>,
    /// When, as the services say; `None`: they do not.
    pub(super) told: Option<DateTime<Utc>>,
    pub(super) matches: bool,
}

/// Every phase of a reported drill beside what was told of it.
pub(super) fn compare(drill: &Reported, told: &Told, evidence: &Evidence<'_>) -> Vec<Compared> {
    let report = &drill.report;
    let called = Compared {
        phase: "accepted".to_owned(),
        seconds: Some(0),
        reported: Some(report.accepted),
        told: told.called,
        matches: told.called == Some(report.accepted),
    };
    let phases = report.phases.iter().map(|phase| {
        let told_at = match phase.name.as_str() {
            "failover_completed" => told
                .completed
                .as_ref()
                .filter(|(_, to)| report.to.as_ref() == Some(to))
                .map(|(at, _)| *at),
            "recovery_started" => told.recovery_started,
            "recovery_finished" => told.recovery_finished,
            // No event tells of this: it is what there was to see.
            "available" => whole_again(drill, evidence),
            _ => None,
        };
        let exact = phase.at.is_some() && phase.at == told_at;
        // What there is to see is looked at once a minute only.
        let within = |(reported, told): (DateTime<Utc>, DateTime<Utc>)| {
            let since = told - reported;
            TimeDelta::zero() <= since && since <= TimeDelta::minutes(1)
        };
        let seen = phase.name == "available" && phase.at.zip(told_at).is_some_and(within);
        Compared {
            phase: phase.name.replace('_', " "),
            seconds: phase.seconds,
            reported: phase.at,
            told: told_at,
            matches: exact || seen,
        }
    });
    std::iter::once(called).chain(phases).collect()
}

/// The first look after a drill's call at which every node of the group served again; `None`: it never missed one, or never
/// got it back.
fn whole_again(drill: &Reported, evidence: &Evidence<'_>) -> Option<DateTime<Utc>> {
    let mut looks = evidence
        .ledger
        .scenes
        .iter()
        .filter(|scene| scene.at > drill.report.accepted)
        .filter_map(|scene| {
            let mut groups = scene.groups.iter();
            let group = groups.find(|group| group.id == drill.target)?;
            Some((scene.at, group.whole))
        })
        .skip_while(|(_, whole)| *whole);
    looks.next()?;
    looks.find(|(_, whole)| *whole).map(|(at, _)| at)
}

impl Evidence<'_> {
    /// Every reported drill with its phases compared, in order.
    pub(super) fn compared(&self) -> Vec<(&Reported, Vec<Compared>)> {
        let nothing = Told::default();
        let reported = self.ledger.failovers.reported.iter().enumerate();
        reported
            .map(|(place, drill)| {
                let told = self.services.told.get(place).unwrap_or(&nothing);
                (drill, compare(drill, told, self))
            })
            .collect()
    }
}
