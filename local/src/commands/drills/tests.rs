use clusterwarden::{
    failover::{DrillVerdict, IntentKind, Phase},
    journal::Journal,
};

use super::*;

fn at(minute: i64) -> DateTime<Utc> {
    "2026-11-23T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

/// A drill of shard 0001 whose phases took so long, `None`: not seen.
fn report(minute: i64, seconds: [Option<i64>; 4]) -> DrillReport {
    let names = [
        "failover_completed",
        "recovery_started",
        "recovery_finished",
        "available",
    ];
    DrillReport {
        unit: "0001".to_owned(),
        accepted: at(minute),
        from: "catalog-0001-001".to_owned(),
        to: Some("catalog-0001-002".to_owned()),
        from_zone: Some("us-east-1a".to_owned()),
        to_zone: Some("us-east-1b".to_owned()),
        phases: names
            .into_iter()
            .zip(seconds)
            .map(|(name, seconds)| Phase {
                name: name.to_owned(),
                at: seconds.map(|seconds| at(minute) + TimeDelta::seconds(seconds)),
                seconds,
            })
            .collect(),
        objective_seconds: 120,
        recovery_objective_seconds: Some(1_200),
        verdict: DrillVerdict::Met,
        zones_before: BTreeMap::from([("us-east-1a".to_owned(), 3)]),
        zones_after: BTreeMap::from([("us-east-1a".to_owned(), 2), ("us-east-1b".to_owned(), 1)]),
        more_alarms: 0,
        alarms: Some(Vec::new()),
    }
}

fn attempt(minute: i64, outcome: FailoverOutcome) -> FailoverAttempt {
    FailoverAttempt {
        at: at(minute),
        intent: IntentKind::Drill,
        why: "drill due".to_owned(),
        unit: "0001".to_owned(),
        from: "catalog-0001-001".to_owned(),
        to: None,
        zones: BTreeMap::new(),
        outcome,
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    }
}

fn told(key: &str, item: Journal, now: i64) -> Shown {
    shown(&Items::of(vec![(key.to_owned(), item)], at(now)), "*")
}

#[test]
fn a_measured_drill_is_told_with_its_phases_objectives_zones_and_alarms() {
    let phases = [Some(63), Some(146), Some(764), Some(764)];
    let item = Journal {
        drills: vec![report(5, phases)],
        ..Journal::default()
    };
    let expected = "\
WHEN              TARGET   UNIT  SWITCHED      RECOVERED  AVAILABLE       VERDICT
2026-11-23 14:05  catalog  0001  63 s ≤ 120 s  764 s      764 s ≤ 1200 s  met
  catalog-0001-001 (us-east-1a) → catalog-0001-002 (us-east-1b); no alarm meanwhile

catalog, 1 drill:
  to the new primary: 63 s in the latest; fewer than 3 drills, too few for a trend; median 63 s
  to available: 764 s in the latest; fewer than 3 drills, too few for a trend; median 764 s
  primaries by zone in the latest: us-east-1a 3 before, us-east-1a 2, us-east-1b 1 after
";
    assert_eq!(text(&told("catalog", item, 30)), expected);
}

#[test]
fn what_was_missed_not_seen_or_not_known_is_told_as_that() {
    let missed = DrillReport {
        more_alarms: 0,
        alarms: Some(vec!["catalog-down".to_owned()]),
        verdict: DrillVerdict::Missed,
        ..report(5, [Some(130), Some(146), Some(1_300), Some(1_300)])
    };
    let lost = DrillReport {
        to: None,
        to_zone: None,
        from_zone: None,
        more_alarms: 0,
        alarms: None,
        zones_before: BTreeMap::new(),
        verdict: DrillVerdict::Incomplete,
        ..report(65, [None; 4])
    };
    let item = Journal {
        drills: vec![missed, lost],
        ..Journal::default()
    };
    let said = text(&told("catalog", item, 200));
    for line in [
        "2026-11-23 14:05  catalog  0001  130 s > 120 s        1300 s     1300 s > 1200 s       missed",
        "2026-11-23 15:05  catalog  0001  not seen (≤ 120 s)  not seen   not seen (≤ 1200 s)  incomplete",
        "  catalog-0001-001 (zone not known) → nobody that was seen; alarms meanwhile not known",
        "  primaries by zone in the latest: not known before, us-east-1a 2, us-east-1b 1 after",
    ] {
        assert!(
            said.lines()
                .any(|found| found.split_whitespace().eq(line.split_whitespace())),
            "{line}\nis not in\n{said}"
        );
    }
    assert!(said.contains("in ALARM meanwhile: catalog-down"), "{said}");
}

#[test]
fn a_drill_that_is_not_reported_is_under_way_until_nobody_will_report_it() {
    let switched = FailoverOutcome::Switched {
        at: at(7),
        to: "catalog-0001-002".to_owned(),
    };
    let item = Journal {
        failovers: vec![attempt(5, switched)],
        ..Journal::default()
    };
    let said = text(&told("catalog", item.clone(), 10));
    assert!(
        said.contains(
            "120 s     -          -          under way\n  catalog-0001-001 → catalog-0001-002"
        ),
        "{said}"
    );
    let late = text(&told("catalog", item, 5 + 24 * 60));
    assert!(late.contains("never measured"), "{late}");
}

#[test]
fn what_was_refused_reported_or_no_drill_is_not_under_way() {
    let refused = FailoverOutcome::Refused {
        code: "APICallRateForCustomerExceeded".to_owned(),
        retry: clusterwarden::journal::Retry::Later,
    };
    let reported = FailoverAttempt {
        accepted: None,
        reported: true,
        ..attempt(5, FailoverOutcome::Accepted)
    };
    let requested = FailoverAttempt {
        intent: IntentKind::Request,
        ..attempt(6, FailoverOutcome::Accepted)
    };
    let item = Journal {
        failovers: vec![attempt(4, refused), reported, requested],
        ..Journal::default()
    };
    let shown = told("catalog", item, 10);
    assert!(shown.under_way.is_empty(), "{shown:?}");
    assert!(text(&shown).contains("[[failover_shard]]"));
}

#[test]
fn a_cluster_is_told_by_its_name_and_compared_by_its_own_phases() {
    let drill = |minute, writer, available| DrillReport {
        unit: "graph-prod".to_owned(),
        phases: [
            ("new_writer", writer),
            ("old_writer_back", 40),
            ("available", available),
        ]
        .map(|(name, seconds)| Phase {
            name: name.to_owned(),
            at: None,
            seconds: Some(seconds),
        })
        .to_vec(),
        recovery_objective_seconds: None,
        ..report(minute, [None; 4])
    };
    let item = Journal {
        drills: vec![drill(5, 20, 41), drill(6, 22, 42), drill(7, 30, 41)],
        ..Journal::default()
    };
    let shown = told("db-cluster:graph-prod", item, 10);
    let said = text(&shown);
    assert!(said.contains("graph-prod (Neptune)  -  "), "{said}");
    assert!(
        said.contains("to the new writer: 30 s in the latest, 9 s slower than"),
        "{said}"
    );
    let json = serde_json::json!(shown);
    assert_eq!(json["drills"][0]["target"], "graph-prod");
    assert_eq!(json["drills"][0]["kind"], "db_cluster");
    assert_eq!(json["drills"][0]["phases"][1]["seconds"], 40);
    assert_eq!(json["trends"][0]["switched"]["slower_by_seconds"], 9.0);
}
