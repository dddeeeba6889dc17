//! docs/operations.md: what it says of the journal is what the journal reads and writes.

use chrono::TimeDelta;
use clusterwarden::journal::{AttemptOutcome, Journal, Pause, Retry};

use crate::{codes, operations, record::now, section, sorted};

#[test]
fn the_pause_that_the_page_writes_is_one_that_the_journal_reads() {
    let page = operations();
    let written = page
        .lines()
        .find_map(|line| line.strip_prefix("PAUSE='")?.strip_suffix('\''));
    let entry = format!(r#"{{"shards":3,"pause":{}}}"#, written.unwrap());
    let journal: Journal = serde_json::from_str(&entry).unwrap();
    let pause: Pause = journal.pause.unwrap();
    let until = pause.until.unwrap();
    assert!(pause.holds(until - TimeDelta::seconds(1)) && !pause.holds(until));
    assert!(!pause.why.is_empty() && !pause.by.is_empty());
}

#[test]
fn every_end_of_an_attempt_has_exactly_one_row() {
    let page = operations();
    let at = now();
    let outcomes = [
        AttemptOutcome::Asked,
        AttemptOutcome::Accepted,
        AttemptOutcome::Refused {
            code: "X".into(),
            retry: Retry::Now,
        },
        AttemptOutcome::Completed { at },
        AttemptOutcome::Unchanged { at },
        AttemptOutcome::Partial { at, shards: 2 },
    ];
    let kinds = outcomes.map(|outcome| {
        // Exhaustive, so that a new end does not compile before it stands in the list above.
        match &outcome {
            AttemptOutcome::Asked
            | AttemptOutcome::Accepted
            | AttemptOutcome::Refused { .. }
            | AttemptOutcome::Completed { .. }
            | AttemptOutcome::Unchanged { .. }
            | AttemptOutcome::Partial { .. } => {}
        }
        let value = serde_json::to_value(&outcome).unwrap();
        value["kind"].as_str().unwrap().to_owned()
    });
    let section = section(&page, "Reading the journal");
    let (_, table) = section.split_once("| kind |").unwrap();
    assert_eq!(
        sorted(codes(table)),
        sorted(kinds.iter().map(String::as_str))
    );
}
