//! What two captures do not have in common, in sentences: a real account's against the embedded AWS's. Pure.
//!
//! Ids, zones and times are placeholders. A time differs if one is more than three times as long as the other and a minute more;
//! what one side's looks were too far apart to see is not held against it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    capture::{Answer, Call, Capture, How, Look, Stage, Timing},
    normal::normal,
};

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What it is about: `answer`, `status`, `shards`, `event`, `time`.
    pub about: &'static str,
    /// In words.
    pub sentence: String,
}

/// How much longer counts as another time.
const FACTOR: i64 = 3;
/// And so many seconds more.
const SLACK: i64 = 60;

/// Everything that differs between what was seen and what the embedded AWS does. Only parts that both went through are compared.
pub fn compare(seen: &Capture, model: &Capture) -> Vec<Difference> {
    let stages = common(seen, model);
    let mut found = Vec::new();
    answers(seen, model, &stages, &mut found);
    for stage in &stages {
        statuses(seen, model, *stage, &mut found);
        shards(seen, model, *stage, &mut found);
    }
    if finished(seen) && finished(model) {
        events(seen, model, &mut found);
    }
    times(seen, model, &mut found);
    found
}

/// The parts that both went through to their end. What was going on when one of them ended early is left out.
fn common(seen: &Capture, model: &Capture) -> Vec<Stage> {
    let last = |capture: &Capture| {
        let stages = capture
            .calls
            .iter()
            .map(|call| call.stage)
            .chain(capture.looks.iter().map(|look| look.stage));
        let before_deletion = stages.filter(|stage| *stage < Stage::Delete);
        if finished(capture) {
            Some(Stage::After)
        } else {
            before_deletion.max()
        }
    };
    let all = [
        Stage::Create,
        Stage::Idle,
        Stage::ScaleOut,
        Stage::Roles,
        Stage::Failover,
        Stage::ScaleIn,
        Stage::Delete,
    ];
    let (Some(one), Some(other)) = (last(seen), last(model)) else {
        return Vec::new();
    };
    let until = one.min(other);
    all.into_iter().filter(|stage| *stage < until).collect()
}

/// Whether it went through all steps.
pub fn finished(capture: &Capture) -> bool {
    capture
        .ending
        .as_ref()
        .is_some_and(|ending| ending.how == How::Completed)
}

fn answers(seen: &Capture, model: &Capture, stages: &[Stage], found: &mut Vec<Difference>) {
    let by_name = |capture: &Capture| {
        let calls = capture
            .calls
            .iter()
            .filter(|call| stages.contains(&call.stage));
        // Of deletions that were asked for several times the last one tells.
        calls
            .map(|call| (call.name.clone(), call.clone()))
            .collect::<BTreeMap<String, Call>>()
    };
    let (theirs, ours) = (by_name(seen), by_name(model));
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    for name in names {
        let told = match (theirs.get(name), ours.get(name)) {
            (Some(one), Some(other)) => {
                let one = in_words(&one.answer, &seen.group_id());
                let other = in_words(&other.answer, &model.group_id());
                one.zip(other).filter(|(one, other)| one != other)
            }
            (Some(one), None) => in_words(&one.answer, &seen.group_id())
                .map(|one| (one, "nothing, for it did not come to that".to_owned())),
            (None, Some(other)) => in_words(&other.answer, &model.group_id())
                .map(|other| ("nothing, for it did not come to that".to_owned(), other)),
            (None, None) => None,
        };
        if let Some((one, other)) = told {
            found.push(Difference {
                about: "answer",
                sentence: format!("{name}: AWS answered {one}; the embedded AWS answers {other}."),
            });
        }
    }
}

/// An answer with placeholders. `None`: it was lost, which says nothing about the service.
fn in_words(answer: &Answer, group: &str) -> Option<String> {
    match answer {
        Answer::Accepted {
            status: Some(status),
        } => Some(format!("yes, with status {status}")),
        Answer::Accepted { status: None } => Some("yes".to_owned()),
        Answer::Refused {
            http,
            code,
            message,
        } => Some(format!("{http} {code}: \"{}\"", normal(message, group))),
        Answer::NoAnswer { .. } => None,
    }
}

/// The states of one kind that a look shows.
type States = fn(&Look) -> Vec<String>;

/// A state and for how many seconds it was seen at least.
type Seen = BTreeMap<String, i64>;

fn statuses(seen: &Capture, model: &Capture, stage: Stage, found: &mut Vec<Difference>) {
    let kinds: [(&str, States); 3] = [
        ("the group is", |look| {
            vec![
                look.status
                    .clone()
                    .unwrap_or_else(|| "not there".to_owned()),
            ]
        }),
        ("a shard is", |look| {
            look.shards
                .iter()
                .map(|shard| shard.status.clone())
                .collect()
        }),
        ("a node is", |look| look.nodes.values().cloned().collect()),
    ];
    for (what, states) in kinds {
        let (theirs, ours) = (spans(seen, stage, states), spans(model, stage, states));
        let mut tell = |states: Vec<&String>, sentence: fn(&str, &str, &str) -> String| {
            for state in states {
                found.push(Difference {
                    about: "status",
                    sentence: sentence(stage.name(), what, state),
                });
            }
        };
        tell(
            missing(&theirs, &ours, gap(model, stage)),
            |stage, what, state| {
                format!("{stage}: at AWS {what} `{state}` for a while; in the embedded AWS never.")
            },
        );
        tell(
            missing(&ours, &theirs, gap(seen, stage)),
            |stage, what, state| {
                format!(
                    "{stage}: in the embedded AWS {what} `{state}` for a while; at AWS it was not seen."
                )
            },
        );
    }
}

/// How many shards with which status: tells whether the count changes at the begin or at the end of a reshard, and which ids
/// shards and nodes get.
fn shards(seen: &Capture, model: &Capture, stage: Stage, found: &mut Vec<Difference>) {
    let counts = |look: &Look| {
        let status = look
            .status
            .clone()
            .unwrap_or_else(|| "not there".to_owned());
        vec![format!("{} shards while {status}", look.shards.len())]
    };
    let (theirs, ours) = (spans(seen, stage, counts), spans(model, stage, counts));
    for state in missing(&theirs, &ours, gap(model, stage)) {
        let sentence = format!(
            "{}: AWS listed {state}; the embedded AWS never does.",
            stage.name()
        );
        found.push(Difference {
            about: "shards",
            sentence,
        });
    }
    for state in missing(&ours, &theirs, gap(seen, stage)) {
        let sentence = format!(
            "{}: the embedded AWS lists {state}; AWS was not seen to.",
            stage.name()
        );
        found.push(Difference {
            about: "shards",
            sentence,
        });
    }
    let ids = |capture: &Capture| {
        let last = capture
            .looks_of(stage)
            .filter(|look| look.settled())
            .last()?;
        let shards = last.shards.iter().map(|shard| shard.id.clone());
        let nodes = last
            .nodes
            .keys()
            .map(|node| node.replace(&capture.group_id(), "<group>"));
        Some(shards.chain(nodes).collect::<Vec<String>>().join(", "))
    };
    if let (Some(one), Some(other)) = (ids(seen), ids(model))
        && one != other
    {
        let sentence = format!(
            "{}: at its end AWS has {one}; the embedded AWS has {other}.",
            stage.name()
        );
        found.push(Difference {
            about: "shards",
            sentence,
        });
    }
}

/// Each state of a part and how long it was seen at least, the longest time in a row.
fn spans(capture: &Capture, stage: Stage, states: impl Fn(&Look) -> Vec<String>) -> Seen {
    let mut longest = Seen::new();
    let mut open: BTreeMap<String, i64> = BTreeMap::new();
    for look in capture.looks_of(stage) {
        let now: BTreeSet<String> = states(look).into_iter().collect();
        open.retain(|state, _| now.contains(state));
        for state in now {
            let since = *open.entry(state.clone()).or_insert(look.at);
            let span = longest.entry(state).or_insert(0);
            *span = (*span).max(look.last - since);
        }
    }
    longest
}

/// What lasted on one side longer than the other's looks were apart, and was not seen there.
fn missing<'a>(on: &'a Seen, other: &Seen, gap: i64) -> Vec<&'a String> {
    let unseen = on
        .iter()
        .filter(|(state, span)| !other.contains_key(*state) && **span > gap);
    unseen.map(|(state, _)| state).collect()
}

/// The longest time between two looks of a part.
fn gap(capture: &Capture, stage: Stage) -> i64 {
    capture
        .looks_of(stage)
        .map(|look| look.longest_gap)
        .max()
        .unwrap_or(i64::MAX)
}

fn events(seen: &Capture, model: &Capture, found: &mut Vec<Difference>) {
    let counted = |capture: &Capture| {
        let group = capture.group_id();
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for event in &capture.events {
            *counts
                .entry((event.source_type.clone(), normal(&event.message, &group)))
                .or_default() += 1;
        }
        counts
    };
    let (theirs, ours) = (counted(seen), counted(model));
    let all: BTreeSet<&(String, String)> = theirs.keys().chain(ours.keys()).collect();
    for event in all {
        let times = |count: Option<&usize>| match count {
            None => "never".to_owned(),
            Some(1) => "once".to_owned(),
            Some(count) => format!("{count} times"),
        };
        let (one, other) = (theirs.get(event), ours.get(event));
        if one != other {
            let (source, message) = event;
            let sentence = format!(
                "Event of a {source}, \"{message}\": AWS told it {}; the embedded AWS tells it {}.",
                times(one),
                times(other)
            );
            found.push(Difference {
                about: "event",
                sentence,
            });
        }
    }
}

fn times(seen: &Capture, model: &Capture, found: &mut Vec<Difference>) {
    for one in &seen.timings {
        let Some(other) = model.timings.iter().find(|other| other.name == one.name) else {
            continue;
        };
        if is_longer(one, other) || is_longer(other, one) {
            let sentence = format!(
                "{}: at AWS {}; in the embedded AWS {}.",
                one.name,
                lasted(one),
                lasted(other)
            );
            found.push(Difference {
                about: "time",
                sentence,
            });
        }
    }
}

/// Whether one took longer than the other by more than what counts.
fn is_longer(one: &Timing, other: &Timing) -> bool {
    one.after > other.by.saturating_mul(FACTOR).saturating_add(SLACK)
}

fn lasted(timing: &Timing) -> String {
    if timing.after == timing.by {
        format!("{} s", timing.by)
    } else {
        format!("{} to {} s", timing.after, timing.by)
    }
}

#[cfg(test)]
mod tests;
