use std::collections::BTreeMap;

use clusterwarden::{
    failover::{FailoverOutcome, IntentKind, LEDGER},
    journal::Journal,
};

use super::*;

fn at(minute: i64) -> DateTime<Utc> {
    "2026-11-23T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + chrono::TimeDelta::minutes(minute)
}

fn attempt(unit: &str, outcome: FailoverOutcome) -> FailoverAttempt {
    FailoverAttempt {
        at: at(5),
        intent: IntentKind::Drill,
        why: "drill due".to_owned(),
        unit: unit.to_owned(),
        from: "the-old-one".to_owned(),
        to: None,
        zones: BTreeMap::new(),
        outcome,
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    }
}

fn told(items: Vec<(&str, Journal)>, now: i64) -> Shown {
    let items = items
        .into_iter()
        .map(|(key, item)| (key.to_owned(), item))
        .collect();
    shown(&Items::of(items, at(now)), EVERYTHING)
}

fn spent(minute: i64) -> Spent {
    Spent {
        at: at(minute),
        group: "catalog".to_owned(),
        shard: "0001".to_owned(),
    }
}

#[test]
fn failovers_replacements_and_the_ledger_are_told_and_the_ledger_is_no_target() {
    let catalog = Journal {
        shards: Some(3),
        failovers: vec![attempt(
            "0001",
            FailoverOutcome::Switched {
                at: at(6),
                to: "catalog-0001-002".to_owned(),
            },
        )],
        replacements: vec![Replacement {
            node: "catalog-0002-001".to_owned(),
            told: at(0),
            starts: Some(at(90)),
            ends: None,
            state: ReplacementState::Scheduled,
        }],
        ..Journal::default()
    };
    let graph = Journal {
        failovers: vec![attempt("graph-prod", FailoverOutcome::Asked)],
        ..Journal::default()
    };
    let ledger = Journal {
        ledger: vec![spent(-24 * 60 - 30), spent(5)],
        ..Journal::default()
    };
    let shown = told(
        vec![
            (LEDGER, ledger),
            ("catalog", catalog),
            ("db-cluster:graph-prod", graph),
        ],
        10,
    );
    let expected = "\
TARGET                SHARDS  LAST CHANGE  OPEN ATTEMPT  FAILURES  PAUSED
catalog               3       -            -             0         -
graph-prod (Neptune)  -       -            -             0         -

catalog: last failover 2026-11-23 14:05 (drill of 0001): away from the-old-one, catalog-0001-002 took over, being measured
catalog: AWS replaces catalog-0002-001 from 2026-11-23 15:30 to a time not known
graph-prod (Neptune): last failover 2026-11-23 14:05 (drill): away from the-old-one, asked, answer not known, being measured
the ledger has 1 test failover of ours in 24 h (catalog 0001 at 2026-11-23 14:05)
";
    assert_eq!(text(&shown), expected);
    let json = serde_json::json!(shown);
    assert_eq!(json["targets"].as_array().unwrap().len(), 2);
    assert_eq!(json["targets"][1]["target"], "graph-prod");
    assert_eq!(json["targets"][1]["kind"], "db_cluster");
    assert_eq!(json["targets"][0]["last_failover"]["intent"], "drill");
    assert_eq!(json["test_failovers"].as_array().unwrap().len(), 1);
}

#[test]
fn a_cluster_paused_by_its_name_shows_the_pause_on_its_own_line() {
    let pause = clusterwarden::pause::Pause {
        until: None,
        why: "INC-1".to_owned(),
        by: "jana".to_owned(),
    };
    let paused = Journal {
        pause: Some(pause),
        ..Journal::default()
    };
    let shown = told(
        vec![
            ("db-cluster:graph-prod", Journal::default()),
            ("graph-prod", paused),
        ],
        0,
    );
    assert_eq!(shown.targets.len(), 1);
    let said = text(&shown);
    assert!(
        said.contains(
            "graph-prod (Neptune)  -       -            -             0         until resumed\n"
        ),
        "{said}"
    );
    assert!(
        said.contains("graph-prod is paused until resumed by jana: INC-1"),
        "{said}"
    );
}

#[test]
fn where_nothing_was_failed_over_nothing_is_said_of_it() {
    let shown = told(vec![("orders", Journal::default())], 0);
    assert_eq!(text(&shown).lines().count(), 2, "{}", text(&shown));
    assert_eq!(
        serde_json::json!(shown)["test_failovers"],
        serde_json::Value::Null
    );
}
