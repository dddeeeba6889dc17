//! Every file of `scenarios` is one decision: what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1 cargo test -p clusterwarden --test failover_db_cluster` writes what is decided
//! now; the diff is for review.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clusterwarden::{
    failover::{Decision, Hold, Verdict},
    failover_db_cluster::decide,
};

use crate::support;

const RULE: &str = "---\n";

/// A golden that does not fit a glance gets blessed unread.
const MOST_LINES: usize = 15;

/// Holds of replication groups, of AWS's quota for them, and of the pass: the journal was written by another run, the cluster
/// is tagged, or the fleet has a limit.
pub(crate) const NOT_DECIDED_HERE: [&str; 11] = [
    "replacement_scheduled",
    "superseded",
    "paused_by_tag",
    "global_datastore_member",
    "automatic_failover_off",
    "multi_az_off",
    "failover_is_awss",
    "cluster_mode_not_disabled",
    "budget_spent",
    "failover_pass_limit",
    "another_drill",
];

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/failover_db_cluster/scenarios");
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

/// A verdict as goldens spell it; of a ranking only where it chose.
fn golden(verdict: &Verdict) -> String {
    let first = match &verdict.decision {
        Decision::Act(failover) => format!("act {}", failover.to().unwrap()),
        Decision::Hold(hold) => format!("hold {}", hold.code()),
        Decision::AlreadyDone { now, .. } => format!("already_done {now}"),
    };
    let mut lines = vec![first, verdict.sentence.clone()];
    lines.extend(
        verdict
            .waived
            .iter()
            .map(|waiver| format!("waived: {}", waiver.name())),
    );
    lines.extend(verdict.wants_evidence.then(|| "wants evidence".to_owned()));
    if matches!(verdict.decision, Decision::Act(_)) {
        lines.extend(verdict.ranking.iter().map(|ranked| {
            let rank = ranked.rank.map_or("-".to_owned(), |rank| rank.to_string());
            format!("{rank} {}: {}", ranked.id, ranked.because)
        }));
    }
    lines.join("\n") + "\n"
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
fn a_scenario_fits_a_glance_and_is_named_after_its_decision() {
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let decided = split(&text).1.lines().next().unwrap_or_default();
        let says = match decided.split_once(' ') {
            Some(("act", _)) => "act_".to_owned(),
            Some(("already_done", _)) => "already_done".to_owned(),
            _ => decided.replace(' ', "_"),
        };
        assert!(name.starts_with(&says), "{name} is decided as {decided}");
    }
}

#[test]
fn every_reason_not_to_fail_a_cluster_over_has_a_scenario() {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let first = split(&text).1.lines().next().unwrap_or_default().to_owned();
        told.extend(first.strip_prefix("hold ").map(str::to_owned));
    }
    let known: BTreeSet<String> = Hold::CODES
        .iter()
        .filter(|code| !NOT_DECIDED_HERE.contains(code))
        .map(|code| (*code).to_owned())
        .collect();
    assert_eq!(told, known);
}
