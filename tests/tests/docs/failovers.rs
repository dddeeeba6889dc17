//! docs/failovers.md: a row for each hold, guard, failure code, end of an attempt and intent, and requests that are read.

use std::collections::BTreeSet;

use clusterwarden::{
    admit,
    failover::{FailoverOutcome, FailoverRequest, Hold, IntentKind, RequestedTarget},
    journal::Retry,
    trigger::Trigger,
};
use serde_json::Value;

use crate::{
    code_spans, codes, failovers, failure_codes_in, guards_in, record::now, require_rows, rows,
    section, sorted, text_of,
};

/// The rooms whose checks stand in records of failovers.
const ROOMS: [&str; 4] = [
    "shared/src/failover",
    "shared/src/failover_shard",
    "shared/src/failover_db_cluster",
    "shared/src/promote_replica",
];

#[test]
fn every_hold_of_a_failover_has_exactly_one_row_and_no_row_an_unknown_code() {
    let page = failovers();
    assert_eq!(
        sorted(codes(section(&page, "Failover holds"))),
        sorted(Hold::CODES),
        "left: rows of docs/failovers.md, right: failover::Hold::CODES"
    );
}

/// The guards' names, also those that reach `require` through `require_off`.
fn guards_in_the_code() -> BTreeSet<String> {
    let mut names = guards_in(&ROOMS);
    names.insert(admit::GUARD.to_owned());
    let promotions = text_of("shared/src/promote_replica/safety.rs");
    let calls = promotions.split("require_off(").skip(1);
    names.extend(calls.filter_map(|call| {
        let (name, _) = call.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(name.to_owned())
    }));
    names
}

#[test]
fn every_guard_of_a_failover_has_exactly_one_row_and_every_row_names_a_guard() {
    let page = failovers();
    let guards = guards_in_the_code();
    assert!(
        guards.contains("multi_az_off") && guards.len() > 20,
        "the sources spell guards differently now: {guards:?}"
    );
    assert_eq!(
        sorted(codes(section(&page, "Failover guards"))),
        sorted(guards.iter().map(String::as_str)),
        "left: rows of docs/failovers.md, right: {ROOMS:?} and admit::GUARD"
    );
}

#[test]
fn the_row_of_a_failovers_guard_leads_to_holds_that_exist() {
    let page = failovers();
    for cells in rows(section(&page, "Failover guards")) {
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
fn every_failure_code_of_a_failover_that_the_code_tells_apart_has_a_row() {
    let mut known = failure_codes_in("shared/src/aws/failover_calls.rs");
    known.extend(failure_codes_in("shared/src/aws/neptune.rs"));
    for code in [
        "APICallRateForCustomerExceeded",
        "InvalidDBClusterStateFault",
    ] {
        assert!(known.contains(code), "the sources spell codes differently");
    }
    require_rows(&failovers(), "docs/failovers.md", &known);
}

#[test]
fn every_end_of_a_failover_has_exactly_one_row() {
    let page = failovers();
    let outcomes = [
        FailoverOutcome::Asked,
        FailoverOutcome::Accepted,
        FailoverOutcome::Refused {
            code: "X".into(),
            retry: Retry::Now,
        },
        FailoverOutcome::NotSent,
        FailoverOutcome::Switched {
            at: now(),
            to: "X".into(),
        },
    ];
    let kinds = outcomes.map(|outcome| {
        // Exhaustive, so that a new end does not compile before it stands in the list above.
        match &outcome {
            FailoverOutcome::Asked
            | FailoverOutcome::Accepted
            | FailoverOutcome::Refused { .. }
            | FailoverOutcome::NotSent
            | FailoverOutcome::Switched { .. } => {}
        }
        let value = serde_json::to_value(&outcome).unwrap();
        value["kind"].as_str().unwrap().to_owned()
    });
    assert_eq!(
        sorted(codes(section(&page, "What became of it"))),
        sorted(kinds.iter().map(String::as_str))
    );
}

#[test]
fn every_intent_has_exactly_one_row() {
    let page = failovers();
    let kinds = [
        IntentKind::Request,
        IntentKind::Evacuation,
        IntentKind::Replacement,
        IntentKind::Drill,
    ];
    let names = kinds.map(|kind| {
        // Exhaustive, as above.
        match kind {
            IntentKind::Request
            | IntentKind::Evacuation
            | IntentKind::Replacement
            | IntentKind::Drill => kind.to_string(),
        }
    });
    assert_eq!(
        sorted(codes(section(&page, "Why a failover"))),
        sorted(names.iter().map(String::as_str))
    );
}

#[test]
fn the_requests_that_the_page_shows_are_read_as_one_for_each_function() {
    let page = failovers();
    let blocks = section(&page, "Requests").split("```json\n").skip(1);
    let written = blocks.map(|block| block.split_once("```").unwrap().0);
    let read = written.map(|text| {
        let event: Value = serde_json::from_str(text).unwrap();
        let Trigger::Request(request) = Trigger::read(&event) else {
            panic!("{text} is no request");
        };
        FailoverRequest::read(&request).unwrap().unwrap().target
    });
    let targets: Vec<RequestedTarget> = read.collect();
    assert!(
        matches!(
            targets.as_slice(),
            [
                RequestedTarget::Shard { .. },
                RequestedTarget::DbCluster { .. },
                RequestedTarget::Group { .. }
            ]
        ),
        "{targets:?}"
    );
}
