//! Metric math, alarms on it, and percentiles.

use super::{
    super::{
        alarm::{MetricAlarm, Watch},
        query::{self, MetricStat, Query, Source},
        store::Window,
    },
    *,
};

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
