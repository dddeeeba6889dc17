//! Claims: what must have happened in a play for it to have shown what it is for, checked in the end from the records, the
//! scenes and the API. Every claim fails on a play in which nothing happened.

mod failovers;
mod load;
mod outside;
mod silence;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    function::{Cause, Record},
    ledger::{Change, Hand, Ledger},
    readback::Services,
    scene::GroupScene,
    text::clock,
};

pub(super) use load::{busy_weekday, flapping, hot_key, memory_growth};
pub(super) use outside::terraform_fights_us;
pub(super) use silence::metric_outage;

/// The group that every shorter play is about.
const GROUP: &str = "orders";

/// What a claim is checked against.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// What was decided, done and seen.
    pub(super) ledger: &'a Ledger,
    /// Shards by group, as the API says in the end.
    pub(super) seen: &'a BTreeMap<String, u32>,
    /// What the services say of failovers.
    pub(super) services: &'a Services,
    /// Keys evicted since the start, all nodes together, as CloudWatch says.
    pub(super) evicted: f64,
}

/// One thing that a claim asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Point {
    /// It happened: its name, and how.
    Shown(&'static str, String),
    /// It did not; what is missing or wrong, in a sentence.
    Missing(String),
}

impl Point {
    /// A point that needs something to have been found.
    fn found(name: &'static str, found: Option<String>, missing: &str) -> Self {
        found.map_or_else(
            || Self::Missing(missing.to_owned()),
            |how| Self::Shown(name, how),
        )
    }

    /// A point that needs something to be so; `sentence` tells what is, either way.
    fn require(name: &'static str, so: bool, sentence: String) -> Self {
        if so {
            Self::Shown(name, sentence)
        } else {
            Self::Missing(format!("{} {sentence}", name.to_lowercase()))
        }
    }
}

impl Evidence<'_> {
    /// The moment so many minutes after the start.
    fn minute(&self, minutes: i64) -> DateTime<Utc> {
        self.ledger.began + TimeDelta::minutes(minutes)
    }

    /// Our accepted changes of the group.
    fn ours(&self) -> Vec<&Change> {
        let changes = self.ledger.changes(GROUP).iter();
        changes.filter(|change| change.is_ours()).collect()
    }

    /// Our accepted scale-ins from one moment to another.
    fn scale_ins(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<&Change> {
        let mut changes = self.ours();
        changes.retain(|change| change.to < change.from && (from..until).contains(&change.at));
        changes
    }

    /// What there was to see of the group, minute by minute.
    fn group(&self) -> impl DoubleEndedIterator<Item = (DateTime<Utc>, &GroupScene)> {
        self.ledger.scenes.iter().filter_map(|scene| {
            let group = scene.groups.iter().find(|group| group.id == GROUP)?;
            Some((scene.at, group))
        })
    }

    /// The decision that led to an accepted change.
    fn record(&self, change: &Change) -> Option<&Record> {
        let accepted = self.ledger.decisions.iter().find(|(at, record)| {
            *at == change.at && record.target == GROUP && record.outcome == "accepted"
        });
        accepted.map(|(_, record)| record)
    }
}

/// The day of the shop: an alarm scales out, the schedule scales in, a hold says why, a drill is measured, and what must not be
/// failed over is not.
pub(super) fn day(evidence: &Evidence<'_>) -> Vec<Point> {
    let ledger = evidence.ledger;
    let by_alarm = |change: &Change| {
        change.to > change.from && matches!(change.by, Hand::Ours(Cause::Alarm(_)))
    };
    let by_schedule =
        |change: &Change| change.to < change.from && change.by == Hand::Ours(Cause::Schedule);
    let in_words = |(group, change): (&str, &Change)| changed(group, change);
    let hold = ledger
        .decisions
        .iter()
        .find(|(_, record)| record.holds_back());
    let mut points = vec![
        Point::found(
            "An alarm scaled out:",
            ledger.find(by_alarm).map(in_words),
            "no alarm led to an accepted scale-out",
        ),
        Point::found(
            "The schedule scaled in:",
            ledger.find(by_schedule).map(in_words),
            "the schedule led to no accepted scale-in",
        ),
        Point::found(
            "A hold said why:",
            hold.map(|(at, record)| {
                let why = &record.decision.sentence;
                format!("{} {}: {why}", clock(*at), record.target)
            }),
            "no hold gave a reason",
        ),
    ];
    points.extend(failovers::failovers(evidence));
    points
}

/// `12:24 orders from 4 to 5 shards (orders-engine-cpu-high)`.
fn changed(group: &str, change: &Change) -> String {
    let cause = match &change.by {
        Hand::Ours(Cause::Alarm(name)) | Hand::Other(name) => format!(" ({name})"),
        Hand::Ours(Cause::Schedule | Cause::Measuring | Cause::Notification | Cause::Request) => {
            String::new()
        }
    };
    format!(
        "{} {group} from {} to {} shards{cause}",
        clock(change.at),
        change.from,
        change.to
    )
}

/// `3 → 4 at 09:35, 4 → 5 at 10:20`, or `none`.
fn listed<'a>(changes: impl IntoIterator<Item = &'a Change>) -> String {
    let words: Vec<String> = changes
        .into_iter()
        .map(|change| format!("{} → {} at {}", change.from, change.to, clock(change.at)))
        .collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}
