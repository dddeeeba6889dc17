//! Alarms, events, attempts and replacements in words. `@-20` is twenty minutes ago.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clusterwarden::{
    alarm::{Alarm, AlarmState, Silence},
    failover::{
        Budget, FailoverAttempt, FailoverOutcome, IntentKind, Replacement, ReplacementState,
        Sample, ServiceEvent, Source,
    },
    journal::Retry,
};

use crate::build::minutes;

/// Reads `OK @-600`, `ALARM @-5 of orders-0001-001 muted`, `ALARM undated`.
pub(crate) fn alarm(name: &str, text: &str) -> Alarm {
    let mut alarm = Alarm {
        name: name.to_owned(),
        state: AlarmState::Ok,
        since: Some(minutes(-60)),
        silence: None,
        dimensions: BTreeMap::new(),
    };
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "OK" => alarm.state = AlarmState::Ok,
            "ALARM" => alarm.state = AlarmState::Alarm,
            "INSUFFICIENT_DATA" => alarm.state = AlarmState::InsufficientData,
            "undated" => alarm.since = None,
            "muted" => alarm.silence = Some(Silence::Muted("night".to_owned())),
            "of" => {
                let node = words.next().unwrap().to_owned();
                alarm.dimensions.insert("CacheClusterId".to_owned(), node);
            }
            time => alarm.since = Some(at(time)),
        }
    }
    alarm
}

/// Reads `@-20 orders: Test Failover API called for node group 0001`.
pub(crate) fn event(text: &str) -> ServiceEvent {
    let (head, message) = text.split_once(": ").unwrap();
    let (time, id) = head.split_once(' ').unwrap();
    ServiceEvent {
        at: at(time),
        source: match id {
            "orders" => Source::Group,
            _ => Source::Node,
        },
        id: id.to_owned(),
        message: message.to_owned(),
    }
}

/// Reads `@-30 drill of 0001 from orders-0001-001 accepted`, `… switched orders-0001-002 @-29`, `… refused later Code`.
pub(crate) fn attempt(text: &str) -> FailoverAttempt {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [time, intent, "of", unit, "from", from, outcome @ ..] = words.as_slice() else {
        panic!("{text:?} is no attempt");
    };
    FailoverAttempt {
        at: at(time),
        intent: match *intent {
            "request" => IntentKind::Request,
            "evacuation" => IntentKind::Evacuation,
            "replacement" => IntentKind::Replacement,
            "drill" => IntentKind::Drill,
            other => panic!("{other:?} is no intent"),
        },
        why: String::new(),
        unit: (*unit).to_owned(),
        from: (*from).to_owned(),
        to: None,
        zones: BTreeMap::new(),
        outcome: outcome_of(outcome),
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    }
}

fn outcome_of(words: &[&str]) -> FailoverOutcome {
    match words {
        ["asked"] => FailoverOutcome::Asked,
        ["accepted"] => FailoverOutcome::Accepted,
        ["not", "sent"] => FailoverOutcome::NotSent,
        ["switched", to, time] => FailoverOutcome::Switched {
            at: at(time),
            to: (*to).to_owned(),
        },
        ["refused", retry, code] => FailoverOutcome::Refused {
            code: (*code).to_owned(),
            retry: match *retry {
                "now" => Retry::Now,
                "later" => Retry::Later,
                "person" => Retry::Person,
                other => panic!("{other:?} is no retry"),
            },
        },
        other => panic!("{other:?} is no outcome"),
    }
}

/// Reads `orders-0001-001 @600`, `orders-0001-001 sometime`, `orders-0001-001 @-5 under way`.
pub(crate) fn replacement(text: &str) -> Replacement {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [node, time, state @ ..] = words.as_slice() else {
        panic!("{text:?} is no replacement");
    };
    Replacement {
        node: (*node).to_owned(),
        told: minutes(-60),
        starts: (*time != "sometime").then(|| at(time)),
        ends: None,
        state: match state {
            [] => ReplacementState::Scheduled,
            ["under", "way"] => ReplacementState::UnderWay,
            other => panic!("{other:?} is no state"),
        },
    }
}

/// Reads `0.2 @-2`; `none` is no sample.
pub(crate) fn sample<T>(text: &str, value: impl Fn(&str) -> T) -> Option<Sample<T>> {
    let (said, time) = text
        .split_once(' ')
        .or((text == "none").then_some((text, "@0")))?;
    (said != "none").then(|| (at(time), value(said)))
}

/// Reads `10 of 15, 5 kept`.
pub(crate) fn budget(text: &str) -> Budget {
    let numbers: Vec<u32> = text
        .split([' ', ','])
        .filter_map(|word| word.parse().ok())
        .collect();
    let [used, limit, reserve] = numbers.as_slice() else {
        panic!("{text:?} is no budget");
    };
    Budget {
        used: *used,
        limit: *limit,
        reserve: *reserve,
        frees: (*used > 0).then(|| minutes(60)),
    }
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    let from_now = text.strip_prefix('@').and_then(|text| text.parse().ok());
    minutes(from_now.unwrap_or_else(|| panic!("{text:?} is no time")))
}
