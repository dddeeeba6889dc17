//! Composite alarms and their suppressors.

use super::{
    super::{alarm::CompositeAlarm, rule::Rule},
    *,
};

fn composite(cloudwatch: &mut CloudWatch, rule: &str, suppressor: Option<&str>) {
    let definition = Definition {
        name: "both".to_owned(),
        description: None,
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: vec![FUNCTION.to_owned()],
        insufficient_data_actions: Vec::new(),
        kind: Kind::Composite(CompositeAlarm {
            rule_text: rule.to_owned(),
            rule: Rule::parse(rule).expect("a rule"),
            suppressor: suppressor.map(str::to_owned),
            wait_seconds: 120,
            extension_seconds: 180,
        }),
    };
    cloudwatch.define(start(), definition).expect("valid");
}

fn quiet(name: &str) -> AlarmSpec {
    AlarmSpec {
        name: name.to_owned(),
        alarm_actions: Vec::new(),
        metric: "Nothing".to_owned(),
        treat_missing: MissingData::Ignore,
        ..spec()
    }
}

fn set(cloudwatch: &mut CloudWatch, minute: i64, name: &str, value: StateValue) -> Vec<Delivery> {
    let now = start() + TimeDelta::minutes(minute);
    cloudwatch
        .set_alarm_state(now, name, value, "test", None)
        .expect("known")
}

#[test]
fn a_composite_alarm_follows_its_children_at_once() {
    let mut cloudwatch = cloudwatch();
    for name in ["hot", "busy"] {
        cloudwatch.put_alarm(start(), quiet(name)).expect("valid");
    }
    composite(&mut cloudwatch, "ALARM(hot) AND NOT ALARM(busy)", None);
    assert_eq!(state(&cloudwatch, "both"), StateValue::InsufficientData);
    assert_eq!(pass(&mut cloudwatch, 1), []);
    assert_eq!(state(&cloudwatch, "both"), StateValue::Ok);
    let sent = set(&mut cloudwatch, 2, "hot", StateValue::Alarm);
    assert_eq!(sent.len(), 1);
    assert_eq!(
        sent[0].event["alarmData"]["state"]["reason"],
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:hot transitioned to ALARM at Friday 20 November, 2026 10:02:00 UTC"
    );
    set(&mut cloudwatch, 3, "busy", StateValue::Alarm);
    assert_eq!(state(&cloudwatch, "both"), StateValue::Ok);
}

#[test]
fn a_composite_set_by_hand_stays_until_a_child_changes() {
    let mut cloudwatch = cloudwatch();
    cloudwatch.put_alarm(start(), quiet("hot")).expect("valid");
    composite(&mut cloudwatch, "ALARM(hot)", None);
    pass(&mut cloudwatch, 1);
    assert_eq!(set(&mut cloudwatch, 2, "both", StateValue::Alarm).len(), 1);
    pass(&mut cloudwatch, 3);
    assert_eq!(state(&cloudwatch, "both"), StateValue::Alarm);
    set(&mut cloudwatch, 4, "hot", StateValue::Ok);
    assert_eq!(state(&cloudwatch, "both"), StateValue::Ok);
}

#[test]
fn a_suppressor_holds_actions_back_and_its_end_lets_them_run() {
    let mut cloudwatch = cloudwatch();
    for name in ["hot", "maintenance"] {
        cloudwatch.put_alarm(start(), quiet(name)).expect("valid");
    }
    composite(&mut cloudwatch, "ALARM(hot)", Some("maintenance"));
    pass(&mut cloudwatch, 1);
    assert_eq!(set(&mut cloudwatch, 2, "hot", StateValue::Alarm), []);
    let by = |cloudwatch: &CloudWatch| {
        let alarm = cloudwatch.alarm("both").expect("an alarm");
        alarm.state.suppressed_by.map(|by| by.name())
    };
    assert_eq!(by(&cloudwatch), Some("WaitPeriod"));
    set(&mut cloudwatch, 3, "maintenance", StateValue::Alarm);
    assert_eq!(by(&cloudwatch), Some("Alarm"));
    assert_eq!(pass(&mut cloudwatch, 30), []);
    set(&mut cloudwatch, 31, "maintenance", StateValue::Ok);
    assert_eq!(by(&cloudwatch), Some("ExtensionPeriod"));
    assert_eq!(pass(&mut cloudwatch, 33), []);
    let sent = pass(&mut cloudwatch, 34);
    assert_eq!(sent.len(), 1);
    let data = &sent[0].event["alarmData"];
    assert_eq!(
        data["previousState"]["actionsSuppressedBy"],
        "ExtensionPeriod"
    );
    assert!(data["state"].get("actionsSuppressedBy").is_none());
    assert_eq!(pass(&mut cloudwatch, 35), []);
}

#[test]
fn an_alarm_that_a_composite_names_cannot_be_deleted() {
    let mut cloudwatch = cloudwatch();
    cloudwatch.put_alarm(start(), quiet("hot")).expect("valid");
    composite(&mut cloudwatch, "ALARM(\"hot\")", None);
    let refused = cloudwatch.delete_alarms(start(), &["hot".to_owned()]);
    assert_eq!(
        refused.map_err(|refusal| refusal.code()),
        Err("ValidationError")
    );
    cloudwatch
        .delete_alarms(start(), &["both".to_owned()])
        .expect("nothing depends on it");
    cloudwatch
        .delete_alarms(start(), &["hot".to_owned()])
        .expect("no longer named");
}
