//! The journal: one table for all functions, as they need it.

use std::collections::BTreeSet;

use super::case::{Case, listed};
use crate::doctor::{Check, finding::Findings, seen::TableDescribed};

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    let stack = format!("stack {}", case.seen.stack);
    let redeploy = case.redeploy();
    let named: BTreeSet<&String> = case
        .functions()
        .filter_map(|(_, seen)| seen.variables.get("JOURNAL_TABLE"))
        .collect();
    for (_, seen) in case.functions() {
        if !seen.variables.contains_key("JOURNAL_TABLE") {
            let place = format!("function {}", seen.name);
            let saw = "JOURNAL_TABLE is not set: it does not start";
            findings.error(Check::JournalShared, &place, saw, &redeploy);
        }
    }
    let named: Vec<&String> = named.into_iter().collect();
    match named.as_slice() {
        [] => {}
        [one] => findings.ok(
            Check::JournalShared,
            &stack,
            format!("all functions use {one}"),
        ),
        [_, ..] => {
            let saw = format!(
                "its functions use different journals ({}), so nothing keeps them apart in one group",
                listed(&named)
            );
            findings.error(Check::JournalShared, &stack, saw, &redeploy);
        }
    }
    for (name, table) in &case.seen.tables {
        let place = format!("table {name}");
        match findings.read(Check::JournalTable, &place, &table.described) {
            Some(None) => {
                let saw = "is not there: every target is held as unreadable";
                let fix = format!("{redeploy}; the functions' JOURNAL_TABLE names the new table");
                findings.error(Check::JournalTable, &place, saw, fix);
                continue;
            }
            Some(Some(described)) => require_fit(described, &place, findings),
            None => {}
        }
        if findings
            .read(Check::JournalReadable, &place, &table.readable)
            .is_some()
        {
            findings.ok(Check::JournalReadable, &place, "answers a read of an item");
        }
    }
}

fn require_fit(described: &TableDescribed, place: &str, findings: &mut Findings) {
    let part = |(name, kind, of): &(String, String, String)| format!("{name} {kind} {of}");
    let key: Vec<String> = described.key.iter().map(part).collect();
    let (status, key) = (&described.status, key.join(", "));
    if key != "target HASH S" {
        let saw = format!("its key is {key}, not target HASH S: nothing can be written to it");
        let fix = "deploy template.yaml again with a new stack's name, or set JOURNAL_TABLE to a table with the text key target";
        findings.error(Check::JournalTable, place, saw, fix);
    } else if matches!(status.as_str(), "ACTIVE" | "UPDATING") {
        let saw = format!("is {status}, with the key {key}");
        findings.ok(Check::JournalTable, place, saw);
    } else {
        let name = place.strip_prefix("table ").unwrap_or(place);
        let saw = format!("is {status}: every target is held as unreadable");
        let fix = format!("aws dynamodb wait table-exists --table-name {name}");
        findings.error(Check::JournalTable, place, saw, fix);
    }
}
