use chrono::TimeDelta;

use super::*;
use crate::cluster::{DbClusterId, InstanceId};

fn now() -> DateTime<Utc> {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

fn member(id: &str, class: Option<&str>, zone: Option<&str>) -> Member {
    Member {
        id: InstanceId::new(id),
        is_writer: Some(id == "w"),
        promotion_tier: Some(1),
        status: Status::Available,
        class: class.map(str::to_owned),
        availability_zone: zone.map(str::to_owned),
    }
}

fn fit(sample: Option<(i64, f64)>) -> Result<f64, Unfit> {
    let reader = member("r", None, None);
    let sample = sample.map(|(seconds, lag)| (now() - TimeDelta::seconds(seconds), lag));
    let lags: Lags = sample
        .into_iter()
        .map(|sample| (reader.id.clone(), sample))
        .collect();
    let policy = FailoverPolicy {
        max_lag: 1.0,
        ..FailoverPolicy::defaults("graph")
    };
    fitness(&policy, &reader, Some(&lags), now())
}

#[test]
fn only_a_known_fresh_and_small_lag_is_fit() {
    assert_eq!(fit(Some((600, 1.0))), Ok(1.0));
    assert_eq!(fit(Some((0, 0.0))), Ok(0.0));
    assert_eq!(fit(Some((601, 0.0))), Err(Unfit::Stale(10)));
    assert_eq!(fit(Some((-601, 0.0))), Err(Unfit::Stale(-10)));
    assert_eq!(fit(Some((0, 1.001))), Err(Unfit::Lagging(1.001, 1.0)));
    assert_eq!(fit(None), Err(Unfit::NoSample));
    for no_lag in [f64::NAN, f64::INFINITY, -0.001] {
        assert_eq!(fit(Some((0, no_lag))), Err(Unfit::NoSample), "{no_lag}");
    }
}

#[test]
fn a_lag_not_read_and_a_reader_not_available_are_told_apart() {
    let policy = FailoverPolicy::defaults("graph");
    let mut reader = member("r", None, None);
    let unfit = fitness(&policy, &reader, None, now());
    assert_eq!(unfit, Err(Unfit::LagNotRead));
    reader.status = Status::Unsaid;
    let unfit = fitness(&policy, &reader, None, now());
    assert_eq!(unfit, Err(Unfit::NotAvailable("unsaid".to_owned())));
}

#[test]
fn lags_of_one_step_are_equal_and_steps_are_of_100_ms() {
    let equal = |one: f64, two: f64| lag_step(one) == lag_step(two);
    assert!(equal(0.0, 0.099) && equal(0.3, 0.399) && equal(0.7, 0.75));
    assert!(!equal(0.099, 0.1) && !equal(0.299, 0.3) && !equal(0.699, 0.7));
}

#[test]
fn classes_compare_with_the_writers() {
    for (reader, writer, size) in [
        (
            Some("db.r6g.2xlarge"),
            Some("db.r6g.2xlarge"),
            Size::NotSmaller,
        ),
        (
            Some("db.r5.2xlarge"),
            Some("db.r6g.2xlarge"),
            Size::NotSmaller,
        ),
        (
            Some("db.r6g.4xlarge"),
            Some("db.r6g.2xlarge"),
            Size::NotSmaller,
        ),
        (Some("db.r6g.xlarge"), Some("db.r6g.2xlarge"), Size::Smaller),
        (Some("db.r6g.large"), Some("db.r6g.xlarge"), Size::Smaller),
        (
            Some("db.serverless"),
            Some("db.serverless"),
            Size::NotSmaller,
        ),
        (Some("db.serverless"), Some("db.r6g.large"), Size::Unknown),
        (Some("db.r6g.large"), Some("db.t3.medium"), Size::Unknown),
        (None, Some("db.r6g.large"), Size::Unknown),
        (Some("db.r6g.large"), None, Size::Unknown),
        (None, None, Size::Unknown),
    ] {
        let compared = compare_size(&member("r", reader, None), &member("w", writer, None));
        assert_eq!(compared, size, "{reader:?} with {writer:?}");
    }
}

#[test]
fn zones_compare_with_the_writers() {
    for (reader, writer, zone) in [
        (Some("a"), Some("b"), Zone::Other),
        (Some("a"), Some("a"), Zone::Same),
        (None, Some("a"), Zone::Unknown),
        (Some("a"), None, Zone::Unknown),
        (None, None, Zone::Unknown),
    ] {
        let compared = compare_zone(&member("r", None, reader), &member("w", None, writer));
        assert_eq!(compared, zone, "{reader:?} with {writer:?}");
    }
}

#[test]
fn a_ranking_shows_the_fit_from_1_on_and_then_the_others_without_a_rank() {
    let writer = member("w", Some("db.r6g.large"), Some("a"));
    let silent = member("r1", Some("db.r6g.large"), Some("b"));
    let known = member("r2", Some("db.r6g.large"), Some("b"));
    let cluster = DbCluster {
        id: DbClusterId::new("graph"),
        engine: Some("neptune".to_owned()),
        status: Status::Available,
        global_database: None,
        maintenance_window: None,
        members: vec![writer.clone(), silent, known],
    };
    let lags = Lags::from([(InstanceId::new("r2"), (now(), 0.04))]);
    let policy = FailoverPolicy::defaults("graph");
    let readers = readers(&policy, &cluster, &writer, Some(&lags), now());
    let shown: Vec<(String, Option<u32>)> = ranking(&readers)
        .into_iter()
        .map(|ranked| (ranked.id, ranked.rank))
        .collect();
    assert_eq!(shown, [("r2".to_owned(), Some(1)), ("r1".to_owned(), None)]);
}
