//! What docs/ promises: a row for every code, an example that the code really prints, links that lead somewhere.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot read its files fails there"
)]

mod doctor;
mod failover_record;
mod failovers;
mod journal;
mod links;
mod metrics;
mod record;
mod reshard;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn operations() -> String {
    text_of("docs/operations.md")
}

fn failovers() -> String {
    text_of("docs/failovers.md")
}

/// What stands under `## heading`, up to the next heading of that level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = format!("\n## {heading}\n");
    let Some((_, rest)) = page.split_once(&start) else {
        panic!("no section {heading:?}");
    };
    rest.split_once("\n## ").map_or(rest, |(this, _)| this)
}

/// The rows of the tables in a section, cell by cell, without their heads.
fn rows(section: &str) -> Vec<Vec<&str>> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells[0].starts_with('`'))
        .collect()
}

/// What stands between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first code of each row.
fn codes(section: &str) -> Vec<&str> {
    rows(section)
        .iter()
        .map(|cells| code_spans(cells[0])[0])
        .collect()
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names
}

/// The names of the guards, as the sources of some folders write them: the first argument of `require`.
fn guards_in(folders: &[&str]) -> BTreeSet<String> {
    let sources = folders.iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        // Folders beside the files hold tests.
        paths
            .filter(|path| path.is_file())
            .map(|path| fs::read_to_string(path).unwrap())
    });
    let mut names = BTreeSet::new();
    for source in sources {
        for call in source.split(".require(").skip(1) {
            // The definition of `require` and its callers that pass a variable have no literal here.
            if let Some((name, _)) = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
            {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// The error codes that an adapter tells apart, as its source writes them.
fn failure_codes_in(path: &str) -> BTreeSet<String> {
    let source = text_of(path);
    let (_, arms) = source.split_once("match code {").unwrap();
    let (arms, _) = arms.split_once("_ =>").unwrap();
    let arms = arms
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let literals = arms.flat_map(|line| line.split('"').skip(1).step_by(2));
    // A literal with a space is a piece of a message.
    literals
        .filter(|text| !text.contains(' '))
        .map(str::to_owned)
        .collect()
}

/// Every code has a row, and every row says when to try again.
fn require_rows(page: &str, path: &str, known: &BTreeSet<String>) {
    let rows = rows(section(page, "Failure codes"));
    let documented: BTreeSet<&str> = rows.iter().flat_map(|cells| code_spans(cells[0])).collect();
    for code in known.iter().map(String::as_str).chain(["NoAnswer"]) {
        assert!(documented.contains(code), "{code} has no row in {path}");
    }
    for cells in rows {
        let retry = cells[1];
        assert!(
            ["now", "later", "person", "unknown", "done"].contains(&retry),
            "{cells:?}: {retry} is no answer to \"try again when?\""
        );
    }
}

/// The record that a page annotates, as it would be printed.
fn annotated(page: &str) -> Value {
    let block = section(page, "A decision record")
        .split_once("```jsonc\n")
        .and_then(|(_, rest)| rest.split_once("```"));
    let (block, _) = block.unwrap();
    // A comment starts after two blanks, so that no `//` inside a string is taken for one.
    let plain: String = block
        .lines()
        .map(|line| line.split_once("  //").map_or(line, |(code, _)| code))
        .collect();
    serde_json::from_str(&plain).unwrap()
}
