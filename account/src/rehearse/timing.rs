//! How long things took, from what was seen. Pure.

use std::collections::BTreeMap;

use super::{
    capture::{Capture, Look, Stage, Timing},
    normal::normal,
};

/// Everything that can be told so far.
pub(super) fn timings(capture: &Capture) -> Vec<Timing> {
    let mut told = Vec::new();
    let mut tell = |name: String, found: Option<(i64, i64)>| {
        if let Some((after, by)) = found {
            told.push(Timing {
                name,
                after: after.max(0),
                by: by.max(0),
            });
        }
    };
    let available = |look: &Look| look.status.as_deref() == Some("available");
    if let Some(create) = capture.accepted("create") {
        let found = first(capture, Stage::Create, create.at, available);
        tell("create: available".to_owned(), found);
    }
    for (stage, name) in [(Stage::ScaleOut, "scale_out"), (Stage::ScaleIn, "scale_in")] {
        let Some(call) = capture.accepted(name) else {
            continue;
        };
        let before = capture
            .looks
            .iter()
            .rev()
            .find(|look| look.last <= call.at && look.stage < stage);
        let before = before.map_or(0, |look| look.shards.len());
        let modifying = |look: &Look| look.status.as_deref() == Some("modifying");
        let changed = |look: &Look| look.shards.len() != before;
        tell(
            format!("{name}: modifying shows"),
            first(capture, stage, call.at, modifying),
        );
        tell(
            format!("{name}: the shard count changes"),
            first(capture, stage, call.at, changed),
        );
        let done = |look: &Look| available(look) && changed(look);
        tell(
            format!("{name}: available again"),
            first(capture, stage, call.at, done),
        );
    }
    if let Some(call) = capture.accepted("failover") {
        let down = |look: &Look| look.nodes.values().any(|status| status != "available");
        let shows = first(capture, Stage::Failover, call.at, down);
        tell("failover: a node is not available".to_owned(), shows);
        if let Some((from, _)) = shows {
            let back = |look: &Look| look.at > call.at + from && look.settled();
            tell(
                "failover: all nodes available again".to_owned(),
                first(capture, Stage::Failover, call.at, back),
            );
        }
        tell(
            "failover: IsMaster shows the new primary".to_owned(),
            new_primary(capture, call.at),
        );
    }
    if let Some(call) = capture.accepted("delete") {
        let gone = |look: &Look| look.status.is_none();
        tell(
            "delete: gone".to_owned(),
            first(capture, Stage::Delete, call.at, gone),
        );
    }
    for (name, found) in events(capture) {
        tell(name, Some(found));
    }
    let seen = capture
        .events
        .iter()
        .map(|event| (event.at, event.seen_after, event.seen_at));
    tell(
        "events: from their date to the first answer with them".to_owned(),
        delay(seen),
    );
    let seen = capture
        .samples
        .iter()
        .map(|sample| (sample.at, sample.seen_after, sample.seen_at));
    tell(
        "IsMaster: from a minute's begin to the first answer with it".to_owned(),
        delay(seen),
    );
    told
}

/// The first look of a part that shows something, counted from a call.
fn first(
    capture: &Capture,
    stage: Stage,
    call: i64,
    shows: impl Fn(&Look) -> bool,
) -> Option<(i64, i64)> {
    let look = capture
        .looks_of(stage)
        .find(|look| look.at >= call && shows(look))?;
    Some((look.after.unwrap_or(call).max(call) - call, look.at - call))
}

/// When `IsMaster` first says 1 of a node that was a replica, after the call: at least the minute's begin, at most when it
/// was seen.
fn new_primary(capture: &Capture, call: i64) -> Option<(i64, i64)> {
    let was_replica = |node: &str| {
        capture
            .samples
            .iter()
            .any(|one| one.node == node && one.at < call && one.value == 0.0)
    };
    let new = capture
        .samples
        .iter()
        .filter(|one| one.at >= call && one.value == 1.0 && was_replica(&one.node));
    let first = new.min_by_key(|sample| sample.seen_at)?;
    Some((
        first.seen_after.unwrap_or(call).max(call) - call,
        first.seen_at - call,
    ))
}

/// When each kind of event came first, after the call of its part.
fn events(capture: &Capture) -> BTreeMap<String, (i64, i64)> {
    let group = capture.group_id();
    let starts: Vec<(&str, i64)> = ["create", "scale_out", "failover", "scale_in", "delete"]
        .into_iter()
        .filter_map(|name| Some((name, capture.accepted(name)?.at)))
        .collect();
    let mut found: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in &capture.events {
        let Some((name, start)) = starts.iter().rev().find(|(_, start)| *start <= event.at) else {
            continue;
        };
        let text = normal(&event.message, &group);
        let offset = event.at - start;
        let entry = found
            .entry(format!("{name}: the first event \"{text}\""))
            .or_insert((offset, offset));
        if offset < entry.0 {
            *entry = (offset, offset);
        }
    }
    found
}

/// The longest delay that is known to have happened, and that can have.
fn delay(seen: impl Iterator<Item = (i64, Option<i64>, i64)>) -> Option<(i64, i64)> {
    let known: Vec<(i64, i64)> = seen
        .filter_map(|(at, after, by)| Some((after? - at, by - at)))
        .collect();
    let after = known.iter().map(|(after, _)| *after).max()?;
    let by = known.iter().map(|(_, by)| *by).max()?;
    Some((after, by))
}
