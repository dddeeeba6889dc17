//! Alarms as their users meet them.

mod composite;
mod math;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{mute::MuteRuleSpec, *};
use crate::cloud::Parameters;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:reshard";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

fn start() -> DateTime<Utc> {
    "2026-11-20T10:00:00Z".parse().expect("a time")
}

fn parameters() -> Parameters {
    Parameters {
        metric_delay: TimeDelta::zero(),
        ..Parameters::default()
    }
}

fn cloudwatch() -> CloudWatch {
    CloudWatch::new("123456789012", "us-east-1")
}

fn spec() -> AlarmSpec {
    AlarmSpec {
        name: "hot".to_owned(),
        metric: "EngineCPUUtilization".to_owned(),
        dimensions: vec![("ReplicationGroupId".to_owned(), "orders".to_owned())],
        threshold: 80.0,
        alarm_actions: vec![FUNCTION.to_owned()],
        ..AlarmSpec::default()
    }
}

/// One sample per letter and minute from `start`: X breaches, 0 does not, - is missing. Newest last.
fn feed(cloudwatch: &mut CloudWatch, data: &str) -> DateTime<Utc> {
    let mut at = start();
    for letter in data.chars() {
        let value = match letter {
            'X' => Some(93.0),
            '0' => Some(20.0),
            _ => None,
        };
        if let Some(value) = value {
            let dimensions = [("ReplicationGroupId", "orders")];
            cloudwatch.put_datum(
                "AWS/ElastiCache",
                "EngineCPUUtilization",
                &dimensions,
                at,
                value,
                "Percent",
            );
        }
        at += TimeDelta::minutes(1);
    }
    at
}

fn state(cloudwatch: &CloudWatch, name: &str) -> StateValue {
    cloudwatch.alarm(name).expect("an alarm").state.value
}

fn pass(cloudwatch: &mut CloudWatch, minute: i64) -> Vec<Delivery> {
    let now = start() + TimeDelta::minutes(minute);
    cloudwatch.evaluate_alarms(now, &parameters())
}

/// The state that an alarm in `from` has after judging `data`.
fn judged(data: &str, m: u32, n: u32, treat: MissingData, from: StateValue) -> StateValue {
    let mut cloudwatch = cloudwatch();
    let spec = AlarmSpec {
        evaluation_periods: n,
        datapoints_to_alarm: Some(m),
        treat_missing: treat,
        ..spec()
    };
    cloudwatch.put_alarm(start(), spec).expect("valid");
    cloudwatch
        .set_alarm_state(start(), "hot", from, "test", None)
        .expect("known");
    let now = feed(&mut cloudwatch, data);
    cloudwatch.evaluate_alarms(now, &parameters());
    state(&cloudwatch, "hot")
}

/// The tables of the user guide's "Configuring how CloudWatch alarms treat missing data"; K: the state is kept.
#[test]
fn missing_data_is_judged_as_the_user_guide_says() {
    let treatments = [
        MissingData::Missing,
        MissingData::Ignore,
        MissingData::Breaching,
        MissingData::NotBreaching,
    ];
    for (data, m, expected) in [
        ("0-X-X", 3, "OOOO"),
        ("----0", 3, "OOOO"),
        ("-----", 3, "IKAO"),
        ("0XX-X", 3, "AAAA"),
        ("--X--", 3, "AKAO"),
        ("----X", 3, "KKAO"),
        ("0-X-X", 2, "AAAA"),
        ("00X0X", 2, "AAAA"),
        ("0-X--", 2, "OOAO"),
        ("----0", 2, "OOAO"),
        ("---X-", 2, "AKAO"),
    ] {
        for (treatment, letter) in treatments.into_iter().zip(expected.chars()) {
            for from in [
                StateValue::Ok,
                StateValue::Alarm,
                StateValue::InsufficientData,
            ] {
                let expected = match letter {
                    'O' => StateValue::Ok,
                    'A' => StateValue::Alarm,
                    'I' => StateValue::InsufficientData,
                    _ => from,
                };
                let found = judged(data, m, 3, treatment, from);
                assert_eq!(found, expected, "{data} {m}/3 {treatment:?} from {from:?}");
            }
        }
    }
}

#[test]
fn a_datum_counts_only_once_it_is_visible() {
    let parameters = Parameters {
        metric_delay: TimeDelta::minutes(3),
        ..Parameters::default()
    };
    let mut cloudwatch = cloudwatch();
    cloudwatch.put_alarm(start(), spec()).expect("valid");
    let now = feed(&mut cloudwatch, "X");
    cloudwatch.evaluate_alarms(now + TimeDelta::minutes(2), &parameters);
    assert_eq!(state(&cloudwatch, "hot"), StateValue::InsufficientData);
    cloudwatch.evaluate_alarms(now + TimeDelta::minutes(3), &parameters);
    assert_eq!(state(&cloudwatch, "hot"), StateValue::Alarm);
}

#[test]
fn actions_run_on_a_change_of_state_only() {
    let mut cloudwatch = cloudwatch();
    cloudwatch.put_alarm(start(), spec()).expect("valid");
    assert_eq!(state(&cloudwatch, "hot"), StateValue::InsufficientData);
    let now = feed(&mut cloudwatch, "XX");
    let minute = TimeDelta::minutes(1);
    let first = cloudwatch.evaluate_alarms(now - minute, &parameters());
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].target, FUNCTION);
    assert_eq!(cloudwatch.evaluate_alarms(now, &parameters()), []);
    let alarm = cloudwatch.alarm("hot").expect("an alarm");
    assert_eq!(alarm.state.transitioned, now - minute);
}

#[test]
fn a_lambda_event_has_the_shape_of_a_real_one() {
    let mut cloudwatch = cloudwatch();
    let spec = AlarmSpec {
        evaluation_periods: 2,
        datapoints_to_alarm: Some(2),
        ..spec()
    };
    cloudwatch.put_alarm(start(), spec).expect("valid");
    let now = feed(&mut cloudwatch, "XX");
    let sent = cloudwatch.evaluate_alarms(now, &parameters());
    let event = &sent[0].event;
    assert_eq!(event["source"], "aws.cloudwatch");
    assert_eq!(event["time"], "2026-11-20T10:02:00.000+0000");
    let data = &event["alarmData"];
    assert_eq!(
        data["state"]["reason"],
        "Threshold Crossed: 2 out of the last 2 datapoints [93.0 (20/11/26 10:01:00), 93.0 (20/11/26 10:00:00)] were greater than the threshold (80.0) (minimum 2 datapoints for OK -> ALARM transition)."
    );
    let reason: Value =
        serde_json::from_str(data["state"]["reasonData"].as_str().expect("a text")).expect("JSON");
    assert_eq!(reason["recentDatapoints"], serde_json::json!([93.0, 93.0]));
    assert_eq!(reason["startDate"], "2026-11-20T10:00:00.000+0000");
    assert_eq!(reason["evaluatedDatapoints"][0]["sampleCount"], 1.0);
    assert_eq!(
        data["previousState"]["reason"],
        "Unchecked: Initial alarm creation"
    );
    assert!(data["previousState"].get("reasonData").is_none());
    let stat = &data["configuration"]["metrics"][0]["metricStat"];
    assert_eq!(stat["metric"]["dimensions"]["ReplicationGroupId"], "orders");
    assert_eq!(stat["stat"], "Average");
}

#[test]
fn an_sns_action_sends_the_message_as_text() {
    let mut cloudwatch = cloudwatch();
    let spec = AlarmSpec {
        alarm_actions: vec![TOPIC.to_owned()],
        ..spec()
    };
    cloudwatch.put_alarm(start(), spec).expect("valid");
    let now = feed(&mut cloudwatch, "X");
    let sent = cloudwatch.evaluate_alarms(now, &parameters());
    let message: Value =
        serde_json::from_str(sent[0].event.as_str().expect("a text")).expect("JSON");
    assert_eq!(message["NewStateValue"], "ALARM");
    assert_eq!(message["OldStateValue"], "INSUFFICIENT_DATA");
    assert_eq!(message["Region"], "US East (N. Virginia)");
    assert_eq!(message["Trigger"]["Statistic"], "AVERAGE");
    assert_eq!(
        message["Trigger"]["Dimensions"][0]["name"],
        "ReplicationGroupId"
    );
    assert_eq!(message["AlarmDescription"], Value::Null);
}

#[test]
fn disabled_actions_do_not_run_and_the_state_changes_all_the_same() {
    let mut cloudwatch = cloudwatch();
    cloudwatch.put_alarm(start(), spec()).expect("valid");
    cloudwatch.set_actions_enabled(start(), &["hot".to_owned()], false);
    let now = feed(&mut cloudwatch, "X");
    assert_eq!(cloudwatch.evaluate_alarms(now, &parameters()), []);
    assert_eq!(state(&cloudwatch, "hot"), StateValue::Alarm);
}

#[test]
fn muted_actions_run_when_the_mute_ends_and_the_alarm_still_breaches() {
    let mut cloudwatch = cloudwatch();
    cloudwatch.put_alarm(start(), spec()).expect("valid");
    let rule = MuteRuleSpec {
        name: "quiet".to_owned(),
        expression: "at(2026-11-20T10:00)".to_owned(),
        duration: "PT3M".to_owned(),
        alarm_names: vec!["hot".to_owned()],
        ..MuteRuleSpec::default()
    };
    cloudwatch.put_mute_rule(start(), rule).expect("valid");
    let now = feed(&mut cloudwatch, "XXXX");
    let minute = TimeDelta::minutes(1);
    assert_eq!(
        cloudwatch.evaluate_alarms(now - minute * 2, &parameters()),
        []
    );
    assert_eq!(state(&cloudwatch, "hot"), StateValue::Alarm);
    assert_eq!(
        cloudwatch
            .evaluate_alarms(now - minute, &parameters())
            .len(),
        1
    );
    assert_eq!(cloudwatch.evaluate_alarms(now, &parameters()), []);
}

#[test]
fn limits_across_periods_are_kept() {
    let mut cloudwatch = cloudwatch();
    for (period, n, m, allowed) in [
        (60, 1440, None, true),
        (60, 1441, None, false),
        (3600, 168, None, true),
        (3600, 169, None, false),
        (45, 1, None, false),
        (60, 3, Some(4), false),
        (60, 0, None, false),
    ] {
        let spec = AlarmSpec {
            period,
            evaluation_periods: n,
            datapoints_to_alarm: m,
            ..spec()
        };
        let result = cloudwatch.put_alarm(start(), spec);
        assert_eq!(result.is_ok(), allowed, "{period} {n} {m:?}");
    }
    let many = AlarmSpec {
        alarm_actions: vec![FUNCTION.to_owned(); 6],
        ..spec()
    };
    assert!(cloudwatch.put_alarm(start(), many).is_err());
}
