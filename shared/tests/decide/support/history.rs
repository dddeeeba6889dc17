//! Alarms, attempts, failovers and replacements in words. `@-20` is twenty minutes ago.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clusterwarden::{
    alarm::{Alarm, AlarmState, Silence},
    cluster::ShardId,
    failover::{FailoverAttempt, FailoverOutcome, IntentKind, Replacement, ReplacementState},
    journal::{Attempt, AttemptOutcome, HotShard, Retry},
};

use super::minutes;

/// Reads `OK @-600`, `ALARM @-5 muted`, `ALARM undated`, `INSUFFICIENT_DATA`; `missing` is no alarm.
pub(super) fn alarm(name: &str, text: &str, now: DateTime<Utc>) -> Option<Alarm> {
    let mut alarm = Alarm {
        name: name.to_owned(),
        state: AlarmState::Ok,
        since: Some(minutes(now, -60)),
        silence: None,
        dimensions: BTreeMap::new(),
    };
    for word in text.split_whitespace() {
        match word {
            "missing" => return None,
            "OK" => alarm.state = AlarmState::Ok,
            "ALARM" => alarm.state = AlarmState::Alarm,
            "INSUFFICIENT_DATA" => alarm.state = AlarmState::InsufficientData,
            "undated" => alarm.since = None,
            "disabled" => alarm.silence = Some(Silence::ActionsDisabled),
            "suppressed" => alarm.silence = Some(Silence::Suppressed),
            "muted" => alarm.silence = Some(Silence::Muted("night".to_owned())),
            time => alarm.since = Some(at(time, now)),
        }
    }
    Some(alarm)
}

/// Reads `@-30 3 -> 4 accepted`, `… completed @-10`, `… unchanged @-10`, `… partial 5 @-10`, `… refused later Code`; at the end of
/// each may stand `hot 0001 95`: the shard that was hot, and its load.
pub(super) fn attempt(text: &str, now: DateTime<Utc>) -> Attempt {
    let (text, hot) = match text.split_once(" hot ") {
        Some((text, hot)) => (text, Some(hot_shard(hot))),
        None => (text, None),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let [asked, from, "->", to, outcome @ ..] = words.as_slice() else {
        panic!("{text:?} is no attempt");
    };
    let outcome = match outcome {
        ["asked"] => AttemptOutcome::Asked,
        ["accepted"] => AttemptOutcome::Accepted,
        ["completed", time] => AttemptOutcome::Completed { at: at(time, now) },
        ["unchanged", time] => AttemptOutcome::Unchanged { at: at(time, now) },
        ["partial", shards, time] => AttemptOutcome::Partial {
            at: at(time, now),
            shards: shards.parse().unwrap(),
        },
        ["refused", retry, code] => AttemptOutcome::Refused {
            code: (*code).to_owned(),
            retry: read_retry(retry),
        },
        other => panic!("{other:?} is no outcome"),
    };
    Attempt {
        at: at(asked, now),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        remove: Vec::new(),
        hot,
        outcome,
    }
}

/// Reads `@-5 0001 asked`, `… accepted`, `… switched @-3`, `… refused later Code`, `… not_sent`.
pub(super) fn failover(text: &str, now: DateTime<Utc>) -> FailoverAttempt {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [asked, unit, outcome @ ..] = words.as_slice() else {
        panic!("{text:?} is no failover");
    };
    let outcome = match outcome {
        ["asked"] => FailoverOutcome::Asked,
        ["accepted"] => FailoverOutcome::Accepted,
        ["not_sent"] => FailoverOutcome::NotSent,
        ["switched", time] => FailoverOutcome::Switched {
            at: at(time, now),
            to: format!("orders-{unit}-002"),
        },
        ["refused", retry, code] => FailoverOutcome::Refused {
            code: (*code).to_owned(),
            retry: read_retry(retry),
        },
        other => panic!("{other:?} is no outcome"),
    };
    FailoverAttempt {
        at: at(asked, now),
        intent: IntentKind::Drill,
        why: "drill".to_owned(),
        unit: (*unit).to_owned(),
        from: format!("orders-{unit}-001"),
        to: None,
        zones: BTreeMap::new(),
        outcome,
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    }
}

/// Reads `orders-0001-001 @-600`, which AWS told of then, in no form that we read, `… from @60 to @120`; at the end of
/// each may stand `under_way`.
pub(super) fn replacement(text: &str, now: DateTime<Utc>) -> Replacement {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [node, told, rest @ ..] = words.as_slice() else {
        panic!("{text:?} is no replacement");
    };
    let (rest, state) = match rest {
        [rest @ .., "under_way"] => (rest, ReplacementState::UnderWay),
        rest => (rest, ReplacementState::Scheduled),
    };
    let (starts, ends) = match rest {
        [] => (None, None),
        ["from", start, "to", end] => (Some(at(start, now)), Some(at(end, now))),
        other => panic!("{other:?} is no time of a replacement"),
    };
    Replacement {
        node: (*node).to_owned(),
        told: at(told, now),
        starts,
        ends,
        state,
    }
}

fn read_retry(text: &str) -> Retry {
    match text {
        "now" => Retry::Now,
        "later" => Retry::Later,
        "person" => Retry::Person,
        other => panic!("{other:?} is no retry"),
    }
}

fn hot_shard(text: &str) -> HotShard {
    let (shard, load) = text.split_once(' ').unwrap();
    HotShard {
        shard: ShardId::new(shard),
        load: load.parse().unwrap(),
    }
}

fn at(text: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    let minutes_from_now = text.strip_prefix('@').and_then(|text| text.parse().ok());
    minutes(
        now,
        minutes_from_now.unwrap_or_else(|| panic!("{text:?} is no time")),
    )
}
