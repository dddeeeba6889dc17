//! Alarms, events and failovers in words. `@-20` is twenty minutes ago.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clusterwarden::{
    alarm::{Alarm, AlarmState, Silence},
    failover::{FailoverAttempt, FailoverOutcome, IntentKind, ServiceEvent, Source},
    journal::Retry,
};

use super::{CLUSTER, at};

/// Reads `OK @-600`, `ALARM @-5 of DBInstanceIdentifier=graph-prod-w`, `ALARM @-5 muted`, `ALARM undated`, `INSUFFICIENT_DATA`;
/// `missing` is no alarm.
pub(super) fn alarm(name: &str, text: &str, now: DateTime<Utc>) -> Option<Alarm> {
    let mut alarm = Alarm {
        name: name.to_owned(),
        state: AlarmState::Ok,
        since: Some(at("@-60", now)),
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
            "muted" => alarm.silence = Some(Silence::Muted("night".to_owned())),
            "of" => {}
            other => match other.split_once('=') {
                Some((key, value)) => {
                    alarm.dimensions.insert(key.to_owned(), value.to_owned());
                }
                None => alarm.since = Some(at(other, now)),
            },
        }
    }
    Some(alarm)
}

/// Reads `@-30 Completed failover to DB instance: graph-prod-w`: an event of the cluster.
pub(super) fn event(text: &str, now: DateTime<Utc>) -> ServiceEvent {
    let (time, message) = text.split_once(' ').unwrap();
    ServiceEvent {
        at: at(time, now),
        source: Source::DbCluster,
        id: CLUSTER.to_owned(),
        message: message.to_owned(),
    }
}

/// Reads `@-30 drill accepted`, `… asked`, `… not_sent`, `… switched @-28`, `… refused later Code`: a failover of the cluster from
/// `graph-prod-r1` to `graph-prod-w`.
pub(super) fn failover(text: &str, now: DateTime<Utc>) -> FailoverAttempt {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [asked, kind, outcome @ ..] = words.as_slice() else {
        panic!("{text:?} is no failover");
    };
    let to = format!("{CLUSTER}-w");
    let outcome = match outcome {
        ["asked"] => FailoverOutcome::Asked,
        ["accepted"] => FailoverOutcome::Accepted,
        ["not_sent"] => FailoverOutcome::NotSent,
        ["switched", time] => FailoverOutcome::Switched {
            at: at(time, now),
            to: to.clone(),
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
    };
    FailoverAttempt {
        at: at(asked, now),
        intent: match *kind {
            "request" => IntentKind::Request,
            "evacuation" => IntentKind::Evacuation,
            "drill" => IntentKind::Drill,
            other => panic!("{other:?} is no intent of a cluster"),
        },
        why: String::new(),
        unit: CLUSTER.to_owned(),
        from: format!("{CLUSTER}-r1"),
        to: Some(to),
        zones: BTreeMap::new(),
        outcome,
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    }
}
