//! The story: what of all that happens is worth a line, and how it reads.

mod failovers;

use std::collections::BTreeMap;

use chrono::{DateTime, Timelike, Utc};

use super::{
    function::{Cause, Job, Pass, Record},
    ledger::Ledger,
    play::{self, Errand, Play},
    scene::{GroupScene, Scene},
    text::{clock, counted},
};
use crate::cloud::{cloudwatch::StateValue, outside::Acted};

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The demo itself.
    Day,
    /// An alarm went into ALARM.
    Breach,
    /// An alarm went elsewhere.
    Calm,
    /// More shards were asked for.
    ScaleOut,
    /// Fewer shards were asked for.
    ScaleIn,
    /// Slots were asked to move.
    Rebalance,
    /// A drill was started.
    Drill,
    /// A drill was measured to its end.
    Drilled,
    /// A failover was started for another reason.
    Failover,
    /// A failover was asked for, and not carried out.
    Refused,
    /// Nothing was done, for a reason.
    Hold,
    /// Something would have been done.
    Planned,
    /// A shard count changed.
    Shards,
    /// Somebody else did something.
    Other,
    /// The hour's load.
    Load,
    /// Something failed.
    Failed,
}

impl Kind {
    /// The word at the beginning of a line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Breach | Self::Calm => "alarm",
            Self::ScaleOut => "scale out",
            Self::ScaleIn => "scale in",
            Self::Rebalance => "rebalance",
            Self::Drill => "drill",
            Self::Drilled => "drilled",
            Self::Failover => "failover",
            Self::Refused => "refused",
            Self::Hold => "hold",
            Self::Planned => "planned",
            Self::Shards => "shards",
            Self::Other => "outside",
            Self::Load => "load",
            Self::Failed => "failed",
        }
    }

    /// Whether it tells what the function decided.
    pub(super) fn is_decision(self) -> bool {
        match self {
            Self::ScaleOut
            | Self::ScaleIn
            | Self::Rebalance
            | Self::Drill
            | Self::Drilled
            | Self::Failover
            | Self::Refused
            | Self::Hold
            | Self::Planned
            | Self::Failed => true,
            Self::Day | Self::Breach | Self::Calm | Self::Shards | Self::Other | Self::Load => {
                false
            }
        }
    }
}

/// One line of the story.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: Kind,
    pub(super) text: String,
}

impl Line {
    /// What stands before the text: time and kind, always as wide.
    pub(super) fn head(&self) -> String {
        format!("{}  {:<9}  ", clock(self.at), self.kind.word())
    }
}

/// The codes of holds behind which no change waits for anything but time.
const QUIET_HOLDS: [&str; 8] = [
    "load_fits",
    "not_low_long_enough",
    "cooling_down",
    "newly_seen",
    "settling",
    "not_available",
    "in_flight",
    "superseded",
];

/// How many decisions the live view shows.
const RECENT: usize = 3;

/// What has been told so far.
#[derive(Debug)]
pub(super) struct Story {
    play: &'static Play,
    ledger: Ledger,
    /// What was last said about each group, as far as two decisions are the same.
    said: BTreeMap<String, (String, Option<String>, Option<u32>, String)>,
    alarms: BTreeMap<String, StateValue>,
    shards: BTreeMap<String, u32>,
    recent: Vec<Line>,
}

impl Story {
    /// The story of a play that begins with this scene.
    pub(super) fn new(first: &Scene, play: &'static Play) -> Self {
        Self {
            play,
            ledger: Ledger::new(first),
            said: BTreeMap::new(),
            alarms: first
                .alarms
                .iter()
                .map(|alarm| (alarm.name.clone(), alarm.state))
                .collect(),
            shards: first
                .groups
                .iter()
                .map(|group| (group.id.clone(), group.listed))
                .collect(),
            recent: Vec::new(),
        }
    }

    /// The first lines.
    pub(super) fn opening(&self, first: &Scene, url: &str, jobs: &[Job]) -> Vec<Line> {
        let line = |text: String| Line {
            at: first.at,
            kind: Kind::Day,
            text,
        };
        let hours = format!("{} to {}", clock(self.play.start()), clock(self.play.end()));
        let mut lines = vec![
            line(format!(
                "{} of {}, {hours} UTC in virtual time, in an embedded AWS at {url}",
                first.at.format("%A"),
                self.play.of,
            )),
            line(format!(
                "the real binary of the function `{}` is woken every {} minutes, and whenever an alarm calls; it may act",
                Job::Reshard.name(),
                play::SCHEDULE_MINUTES,
            )),
        ];
        let others: Vec<String> = jobs
            .iter()
            .filter(|job| **job != Job::Reshard)
            .map(|job| format!("`{}`", job.name()))
            .collect();
        if !others.is_empty() {
            lines.push(line(format!(
                "those of {} are woken every {} minutes, and every {} while they measure a drill; they may act too",
                others.join(" and "),
                play::FAILOVER_SCHEDULE_MINUTES,
                play::SCHEDULE_MINUTES,
            )));
        }
        lines.push(Line {
            kind: Kind::Load,
            ..line(loads(first))
        });
        lines
    }

    /// What of a scene is new: alarms, shard counts, and the load on the hour.
    pub(super) fn look(&mut self, scene: &Scene) -> Vec<Line> {
        self.ledger.see(scene);
        let mut lines = Vec::new();
        for alarm in &scene.alarms {
            let before = self.alarms.insert(alarm.name.clone(), alarm.state);
            if let Some(before) = before.filter(|before| *before != alarm.state) {
                let kind = if alarm.state == StateValue::Alarm {
                    Kind::Breach
                } else {
                    Kind::Calm
                };
                let threshold = alarm
                    .threshold
                    .map(|threshold| format!(" (threshold {threshold})"))
                    .unwrap_or_default();
                let text = format!(
                    "{}: {} → {}{threshold}",
                    alarm.name,
                    before.name(),
                    alarm.state.name()
                );
                lines.push(Line {
                    at: scene.at,
                    kind,
                    text,
                });
            }
        }
        for group in &scene.groups {
            let before = self.shards.insert(group.id.clone(), group.listed);
            if let Some(before) = before.filter(|before| *before != group.listed) {
                let text = format!(
                    "{} has {} now, {before} before",
                    group.id,
                    shards(group.listed)
                );
                lines.push(Line {
                    at: scene.at,
                    kind: Kind::Shards,
                    text,
                });
            }
        }
        if scene.at.minute() == 0 {
            lines.push(Line {
                at: scene.at,
                kind: Kind::Load,
                text: loads(scene),
            });
        }
        lines
    }

    /// What of a run is new: every decision but those that only repeat what was last said about their group.
    pub(super) fn pass(&mut self, pass: &Pass, at: DateTime<Utc>) -> Vec<Line> {
        self.ledger.enter(pass, at);
        let lines = match &pass.records {
            Ok(records) => {
                let new = records.iter().filter(|record| self.is_new(record));
                new.map(|record| Line {
                    at,
                    kind: kind(record),
                    text: sentence(record, &pass.cause),
                })
                .collect()
            }
            Err(failure) => {
                let text = format!("the function failed: {failure}");
                vec![Line {
                    at,
                    kind: Kind::Failed,
                    text,
                }]
            }
        };
        self.keep_recent(&lines);
        lines
    }

    fn keep_recent(&mut self, lines: &[Line]) {
        self.recent
            .extend(lines.iter().filter(|line| line.kind.is_decision()).cloned());
        self.recent
            .drain(..self.recent.len().saturating_sub(RECENT));
    }

    /// What a person asks for.
    pub(super) fn errand(&self, errand: &Errand, at: DateTime<Utc>) -> Line {
        let [group, shard, from] = errand.of;
        Line {
            at,
            kind: Kind::Other,
            text: format!(
                "{group}: {} asks {} to leave {from}, the primary of shard {shard}: {}",
                errand.by,
                errand.job.name(),
                errand.reason
            ),
        }
    }

    /// What others did about counts. What they left alone is not worth a line.
    pub(super) fn acts(&mut self, acts: &[Acted]) -> Vec<Line> {
        acts.iter().for_each(|act| self.ledger.enter_act(act));
        let worth = acts.iter().filter(|act| act.from != act.to);
        let line = |act: &Acted| {
            let said = act
                .refused
                .map_or("accepted".to_owned(), |code| format!("refused: {code}"));
            let Acted {
                group,
                by,
                from,
                to,
                ..
            } = act;
            Line {
                at: act.at,
                kind: Kind::Other,
                text: format!("{group}: {by} asks for {from} → {to} shards ({said})"),
            }
        };
        worth.map(line).collect()
    }

    /// What is played.
    pub(super) fn play(&self) -> &'static Play {
        self.play
    }

    /// The latest decisions that were worth a line, oldest first.
    pub(super) fn recent(&self) -> &[Line] {
        &self.recent
    }

    /// What was decided so far.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What was decided in the end.
    pub(super) fn into_ledger(self) -> Ledger {
        self.ledger
    }
}

impl Story {
    /// Sentences carry numbers that change from minute to minute; two decisions are the same by what they do and why.
    fn is_new(&mut self, record: &Record) -> bool {
        let decision = &record.decision;
        let key = (
            decision.kind.clone(),
            decision.reason.clone(),
            decision.to,
            record.outcome.clone(),
        );
        let acted = record.outcome != "held" && record.outcome != "planned";
        self.said
            .insert(record.target.clone(), key.clone())
            .as_ref()
            != Some(&key)
            || acted
    }
}

fn kind(record: &Record) -> Kind {
    match (record.outcome.as_str(), record.decision.kind.as_str()) {
        ("failed", _) => Kind::Failed,
        (_, "hold") | ("superseded", _) => Kind::Hold,
        ("planned", _) => Kind::Planned,
        (_, "scale_in") => Kind::ScaleIn,
        (_, "rebalance") => Kind::Rebalance,
        _ => Kind::ScaleOut,
    }
}

fn sentence(record: &Record, cause: &Cause) -> String {
    let decided = format!("{}: {}", record.target, record.decision.sentence);
    match record.outcome.as_str() {
        "held" => decided,
        "accepted" => {
            let cause = match cause {
                Cause::Alarm(_) => "woken by the alarm",
                Cause::Schedule | Cause::Measuring => "on schedule",
                Cause::Notification => "woken by a notification",
                Cause::Request => "on request",
            };
            format!("{decided} ({cause}, accepted)")
        }
        _ => format!("{decided} ({})", record.said()),
    }
}

impl Record {
    /// What the function or the service added to the decision, or else its outcome.
    pub(super) fn said(&self) -> String {
        said(self.failure.as_ref(), self.note.as_ref(), &self.outcome)
    }

    /// Whether this is a hold that kept a change from being made: neither "all is well", nor "not yet", nor "one is under
    /// way".
    pub(super) fn holds_back(&self) -> bool {
        let reason = self.decision.reason.as_deref();
        self.decision.kind == "hold" && reason.is_some_and(|reason| !QUIET_HOLDS.contains(&reason))
    }
}

/// What a record says beside its decision: how a call failed, else its note, else its outcome.
pub(super) fn said(
    failure: Option<&serde_json::Value>,
    note: Option<&String>,
    outcome: &str,
) -> String {
    let failure = failure.and_then(|failure| {
        let text = |key: &str| failure.get(key).and_then(serde_json::Value::as_str);
        Some(format!("{}: {}", text("code")?, text("message")?))
    });
    failure
        .or_else(|| note.cloned())
        .unwrap_or_else(|| outcome.to_owned())
}

/// `orders 3 × 34 % · …`, with the hottest shard where shards differ.
fn loads(scene: &Scene) -> String {
    let group = |group: &GroupScene| {
        let (mean, hottest) = group.load();
        let hottest = if hottest > mean + 3.0 {
            format!(" (hottest {hottest:.0} %)")
        } else {
            String::new()
        };
        format!(
            "{} {} at {mean:.0} %{hottest}",
            group.id,
            shards(group.listed)
        )
    };
    scene
        .groups
        .iter()
        .map(group)
        .collect::<Vec<_>>()
        .join(" · ")
}

fn shards(count: u32) -> String {
    counted(u64::from(count), "shard")
}

#[cfg(test)]
mod tests;
