//! docs/operations.md: a row for each hold, outcome, guard and failure code of `reshard`, and the numbers of docs/design.md.

use std::{collections::BTreeSet, time::Duration};

use chrono::TimeDelta;
use clusterwarden::{admit, load::Series, record::Report, reshard::Hold, trigger::Trigger};
use serde_json::json;

use crate::{
    code_spans, codes, failure_codes_in, guards_in, operations, record::now, require_rows, rows,
    section, sorted, text_of,
};

#[test]
fn every_hold_code_has_exactly_one_row_and_no_row_an_unknown_code() {
    let page = operations();
    assert_eq!(
        sorted(codes(section(&page, "Holds"))),
        sorted(Hold::CODES),
        "left: rows of docs/operations.md, right: Hold::CODES"
    );
}

#[test]
fn every_outcome_has_exactly_one_row() {
    let page = operations();
    let response = Report::new(&Trigger::read(&json!({}))).response();
    let counts = response["counts"].as_object().unwrap();
    let outcomes = counts
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "targets");
    assert_eq!(
        sorted(codes(section(&page, "Outcomes"))),
        sorted(outcomes),
        "left: rows of docs/operations.md, right: the counts of a response"
    );
}

/// The names of the guards, as the sources write them. The fleet's has a constant.
fn guards_in_the_code() -> BTreeSet<String> {
    let mut names = guards_in(&["shared/src/reshard"]);
    names.insert(admit::GUARD.to_owned());
    names
}

#[test]
fn every_guard_has_exactly_one_row_and_every_row_names_a_guard() {
    let page = operations();
    let guards = guards_in_the_code();
    assert!(
        guards.len() > 10,
        "the sources spell guards differently now: {guards:?}"
    );
    assert_eq!(
        sorted(codes(section(&page, "Guards"))),
        sorted(guards.iter().map(String::as_str)),
        "left: rows of docs/operations.md, right: shared/src/reshard and admit::GUARD"
    );
}

#[test]
fn a_guards_row_leads_to_holds_that_exist() {
    let page = operations();
    for cells in rows(section(&page, "Guards")) {
        let holds = code_spans(cells.last().unwrap());
        assert!(!holds.is_empty(), "{cells:?} leads to no hold");
        for hold in holds {
            assert!(
                Hold::CODES.contains(&hold),
                "{cells:?}: {hold} is no hold's code"
            );
        }
    }
}

#[test]
fn every_failure_code_that_the_code_tells_apart_has_a_row() {
    let known = failure_codes_in("shared/src/aws/elasticache.rs");
    assert!(
        known.contains("InvalidReplicationGroupState"),
        "the source spells codes differently now"
    );
    require_rows(&operations(), "docs/operations.md", &known);
}

#[test]
fn the_numbers_of_missing_data_are_those_of_the_code() {
    let page = text_of("docs/design.md");
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let start = now() - TimeDelta::minutes(20);
    let known = |count: i64| {
        let series = Series::new(
            (1..=count).map(|n| (start + TimeDelta::minutes(n), 50.0)),
            true,
        );
        let end = start + TimeDelta::minutes(count);
        (
            series.recent_mean(end, minutes(10), minutes(10)).is_some(),
            series.covers(end, minutes(10), minutes(10)),
        )
    };
    // Of ten minutes: four are too few, five do for growth, only all of them for a scale-in.
    assert_eq!(
        [4, 5, 9, 10].map(known),
        [(false, false), (true, false), (true, false), (true, true)]
    );
    for promise in ["half of the window's minutes", "every minute of the window"] {
        assert!(
            page.contains(promise),
            "docs/design.md no longer says {promise:?}"
        );
    }
}

#[test]
fn every_hold_and_failure_code_says_what_it_means_and_what_to_do() {
    for (page, path) in [
        (operations(), "docs/operations.md"),
        (text_of("docs/failovers.md"), "docs/failovers.md"),
    ] {
        let holds = match path {
            "docs/operations.md" => "Holds",
            _ => "Failover holds",
        };
        for (heading, cells) in [(holds, 3), ("Failure codes", 4)] {
            let rows = rows(section(&page, heading));
            assert!(rows.len() > 10, "{path}, {heading}");
            for row in rows {
                assert_eq!(row.len(), cells, "{path}, {heading}: {row:?}");
                let says = |cell: &&str| {
                    let text = cell.trim_end_matches('*');
                    text.ends_with(['.', ')', '?']) && text.len() >= 5
                };
                assert!(
                    row[cells - 2..].iter().all(says),
                    "{path}, {heading}: {row:?}"
                );
            }
        }
    }
}
