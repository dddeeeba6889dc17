//! Every file of `tests/scenarios` is one decision: what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1 cargo test -p clusterwarden` writes what is decided now; the diff is for
//! review.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clusterwarden::{
    admit::FleetHold,
    reshard::{Decision, Hold, Verdict, decide},
};

use crate::support;

const RULE: &str = "---\n";

/// A golden that does not fit a glance gets blessed unread.
const MOST_LINES: usize = 15;

/// Reached only in the pass, not in `decide`: the journal was written by another run, the group is tagged,
/// or the fleet has a limit.
fn is_decided_here(code: &str) -> bool {
    !["superseded", "paused_by_tag"].contains(&code) && !FleetHold::CODES.contains(&code)
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn split(text: &str) -> (&str, &str) {
    text.split_once(RULE).unwrap_or((text, ""))
}

/// A verdict as goldens spell it.
fn golden(verdict: &Verdict) -> String {
    let (first, drained) = match &verdict.decision {
        Decision::Reshard(reshard) => {
            let ids: Vec<&str> = reshard.remove.iter().map(|id| id.as_str()).collect();
            let first = format!("{} {} → {}", reshard.kind(), reshard.from, reshard.to);
            (first, ids.join(" "))
        }
        Decision::Hold(hold) => (format!("hold {}", hold.code()), String::new()),
    };
    let mut lines = vec![first, verdict.sentence.clone()];
    lines.extend((!drained.is_empty()).then(|| format!("removed: {drained}")));
    if let Some(zones) = zones(verdict) {
        lines.push(format!("zones: {zones}"));
    }
    lines.extend(verdict.wants_evidence.then(|| "wants evidence".to_owned()));
    lines.join("\n") + "\n"
}

/// The zones of every shard in the request, such as `a b, b c`.
fn zones(verdict: &Verdict) -> Option<String> {
    let Decision::Reshard(reshard) = &verdict.decision else {
        return None;
    };
    let shards: Vec<String> = reshard
        .zones
        .iter()
        .map(|shard| shard.join(" ").replace("eu-west-1", ""))
        .collect();
    (!shards.is_empty()).then(|| shards.join(", "))
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a person asks for new goldens by the environment"
)]
fn every_scenario_is_decided_as_its_golden_says() {
    let update = std::env::var_os("UPDATE_GOLDENS").is_some();
    let mut wrong = Vec::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let (seen, expected) = split(&text);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let decided = std::panic::catch_unwind(|| {
            let (policy, seen) = support::read(seen);
            golden(&decide(&policy, &seen))
        });
        let Ok(decided) = decided else {
            wrong.push(format!("{name}: not readable, see above"));
            continue;
        };
        if update {
            fs::write(&file, format!("{seen}{RULE}{decided}")).unwrap();
        } else if decided != expected {
            wrong.push(format!("{name}\nexpected:\n{expected}decided:\n{decided}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_scenario_fits_a_glance() {
    for file in files() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
    }
}

#[test]
fn every_reason_not_to_reshard_has_a_scenario() {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let first = split(&text).1.lines().next().unwrap_or_default().to_owned();
        told.extend(first.strip_prefix("hold ").map(str::to_owned));
    }
    let known: BTreeSet<String> = Hold::CODES
        .iter()
        .filter(|code| is_decided_here(code))
        .map(|code| (*code).to_owned())
        .collect();
    assert_eq!(told, known);
}
