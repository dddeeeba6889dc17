//! Alarms as their users meet them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    alarm::{CompositeAlarm, MetricAlarm, Watch},
    mute::MuteRuleSpec,
    query::{self, MetricStat, Query, Source},
    rule::Rule,
    store::Window,
    *,
};
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

fn pass(cloudwatch: &mut CloudWatch, minute: i64) -> Vec<Delivery> {
    let now = start() + TimeDelta::minutes(minute);
    cloudwatch.evaluate_alarms(now, &parameters())
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

fn stat_query(id: &str, metric: &str) -> Query {
    Query {
        id: id.to_owned(),
        source: Source::Stat(MetricStat {
            metric: Metric::new("N", metric, &[]),
            period: 60,
            statistic: Statistic::Maximum,
            unit: None,
        }),
        label: None,
        return_data: false,
    }
}

/// Values of an expression over m1 = 1, 2, -, 4 and m2 = 10, -, 30, 0; NaN: no value.
fn math(expression: &str) -> Vec<f64> {
    let mut cloudwatch = cloudwatch();
    for (metric, values) in [
        ("a", [Some(1.0), Some(2.0), None, Some(4.0)]),
        ("b", [Some(10.0), None, Some(30.0), Some(0.0)]),
    ] {
        for (minute, value) in (0..).zip(values) {
            let at = start() + TimeDelta::minutes(minute);
            if let Some(value) = value {
                cloudwatch.put_datum("N", metric, &[], at, value, "None");
            }
        }
    }
    let queries = [
        stat_query("m1", "a"),
        stat_query("m2", "b"),
        Query {
            id: "e1".to_owned(),
            source: query::expression("e1", expression).expect("well formed"),
            label: None,
            return_data: true,
        },
    ];
    query::check(&queries).expect("consistent");
    let from = start().timestamp();
    let window = Window {
        from,
        to: from + 240,
        visible_until: i64::MAX,
    };
    let answered = query::evaluate(cloudwatch.store(), &queries, window).expect("computable");
    (0..4)
        .map(|minute| {
            answered[0]
                .line
                .get(&(from + minute * 60))
                .copied()
                .unwrap_or(f64::NAN)
        })
        .collect()
}

#[test]
fn metric_math_leaves_out_what_has_no_value() {
    let none = f64::NAN;
    for (expression, expected) in [
        ("m1 + m2", [11.0, none, none, 4.0]),
        ("m1 / m2", [0.1, none, none, none]),
        ("-m1 * (2 + 1) - 1", [-4.0, -7.0, none, -13.0]),
        ("MAX([m1, m2])", [10.0, 2.0, 30.0, 4.0]),
        ("MIN(METRICS())", [1.0, 2.0, 30.0, 0.0]),
        ("SUM(METRICS(\"m1\"))", [1.0, 2.0, none, 4.0]),
        ("AVG([m1,m2])", [5.5, 2.0, 30.0, 2.0]),
        ("m1 / MAX(m1)", [0.25, 0.5, none, 1.0]),
        ("FILL(m1, 0)", [1.0, 2.0, 0.0, 4.0]),
        ("FILL(m1, REPEAT)", [1.0, 2.0, 2.0, 4.0]),
        ("FILL(m1, LINEAR)", [1.0, 2.0, 3.0, 4.0]),
        ("IF(m1 > 1, m1, 0)", [0.0, 2.0, none, 4.0]),
        ("IF(m1 >= 2 AND m1 != 4, m1)", [none, 2.0, none, none]),
        (
            "CEIL(m1 / 3) + FLOOR(m1 / 3) + ABS(-m1)",
            [2.0, 3.0, none, 7.0],
        ),
        ("2 ^ m1", [2.0, 4.0, none, 16.0]),
    ] {
        let found = math(expression);
        let alike = found
            .iter()
            .zip(expected)
            .all(|(found, expected)| (found.is_nan() && expected.is_nan()) || *found == expected);
        assert!(alike, "{expression}: {found:?}");
    }
}

#[test]
fn queries_that_cannot_be_computed_are_refused() {
    let with = |expression: &str| {
        let source = query::expression("e1", expression)?;
        let query = Query {
            id: "e1".to_owned(),
            source,
            label: None,
            return_data: true,
        };
        query::check(&[stat_query("m1", "a"), query]).map(|_| ())
    };
    for expression in [
        "m1 +",
        "m9 + 1",
        "MAX(m1)",
        "e1 + m1",
        "SEARCH('x')",
        "(m1",
        "MAX(m1, 2)",
        "1 + 1",
        "m1 ? 2",
    ] {
        assert!(with(expression).is_err(), "{expression}");
    }
    assert!(query::check(&[stat_query("m1", "a"), stat_query("m1", "b")]).is_err());
    assert!(query::check(&[stat_query("M1", "a")]).is_err());
}

#[test]
fn a_math_alarm_watches_its_expression() {
    let mut cloudwatch = cloudwatch();
    for (metric, value) in [("a", 50.0), ("b", 90.0)] {
        cloudwatch.put_datum("N", metric, &[], start(), value, "None");
    }
    let mut queries = vec![stat_query("m1", "a"), stat_query("m2", "b")];
    queries.push(Query {
        id: "e1".to_owned(),
        source: query::expression("e1", "MAX([m1,m2])").expect("well formed"),
        label: Some("Hottest".to_owned()),
        return_data: true,
    });
    let mut definition = spec().definition().expect("valid");
    definition.kind = Kind::Metric(MetricAlarm {
        watch: Watch::Queries(queries),
        evaluation_periods: 1,
        datapoints_to_alarm: None,
        threshold: 85.0,
        comparison: Comparison::GreaterThanOrEqual,
        treat_missing: None,
        low_sample_percentile: None,
    });
    cloudwatch.define(start(), definition).expect("valid");
    let sent = pass(&mut cloudwatch, 1);
    let data = &sent[0].event["alarmData"];
    assert_eq!(
        data["state"]["reason"],
        "Threshold Crossed: 1 datapoint [90.0 (20/11/26 10:00:00)] was greater than or equal to the threshold (85.0)."
    );
    assert!(
        !data["state"]["reasonData"]
            .as_str()
            .expect("a text")
            .contains("statistic")
    );
    assert_eq!(
        data["configuration"]["metrics"][2]["expression"],
        "MAX([m1,m2])"
    );
}

#[test]
fn percentiles_need_single_samples() {
    let mut samples = Samples::repeated(1.0, 98.0);
    samples.absorb(&Samples::repeated(5.0, 1.0));
    samples.absorb(&Samples::repeated(9.0, 1.0));
    let p = |samples: &Samples, name: &str| {
        samples.statistic(&Statistic::parse(name).expect("a statistic"))
    };
    assert_eq!(p(&samples, "p50"), Some(1.0));
    assert_eq!(p(&samples, "p99"), Some(5.0));
    assert_eq!(p(&samples, "p100"), Some(9.0));
    assert_eq!(p(&Samples::summary(3.0, 6.0, 1.0, 3.0), "p50"), None);
    assert_eq!(p(&Samples::summary(3.0, 6.0, 2.0, 2.0), "p50"), Some(2.0));
    for wrong in ["p", "p101", "pinf", "tm90", "average"] {
        assert_eq!(Statistic::parse(wrong), None, "{wrong}");
    }
}
