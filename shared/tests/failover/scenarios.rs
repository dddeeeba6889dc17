//! Every file of `scenarios/` is one decision: what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1 cargo test -p clusterwarden --test failover` writes what is decided now; the
//! diff is for review.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clusterwarden::failover::{Decision, Hold, Verdict};

use crate::support;

const RULE: &str = "---\n";

/// A golden that does not fit a glance gets blessed unread.
const MOST_LINES: usize = 15;

/// Decided elsewhere: by the pass, by the fleet, or about Neptune.
const DECIDED_ELSEWHERE: [&str; 6] = [
    "superseded",
    "paused_by_tag",
    "not_neptune",
    "global_database_member",
    "failover_pass_limit",
    "another_drill",
];

/// Every kind of intent, by room.
const INTENTS: [&str; 6] = [
    "failover_shard request",
    "failover_shard evacuation",
    "failover_shard replacement",
    "failover_shard drill",
    "promote_replica request",
    "promote_replica evacuation",
];

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/failover/scenarios");
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

/// The first line of every golden.
fn told() -> Vec<String> {
    let texts = files()
        .into_iter()
        .map(|file| fs::read_to_string(file).unwrap());
    texts
        .map(|text| split(&text).1.lines().next().unwrap_or_default().to_owned())
        .collect()
}

/// A verdict as goldens spell it.
fn golden(verdict: &Verdict) -> String {
    let kind = verdict
        .intent
        .as_ref()
        .map(|intent| intent.kind().to_string());
    let first = match &verdict.decision {
        Decision::Act(failover) => {
            let (unit, from) = (failover.unit(), failover.from());
            let to = failover
                .to()
                .map_or(String::new(), |to| format!(" to {to}"));
            let kind = kind.as_deref().unwrap_or("nobody knows why");
            format!("{} {kind}: {unit} from {from}{to}", failover.kind())
        }
        Decision::Hold(hold) => {
            let kind = kind.map_or(String::new(), |kind| format!(", {kind}"));
            format!("hold {}{kind}", hold.code())
        }
        Decision::AlreadyDone { .. } => "already_done".to_owned(),
    };
    let mut lines = vec![first, verdict.sentence.clone()];
    let ranks = verdict.ranking.iter().map(|one| match one.rank {
        Some(rank) => format!("{rank}. {}: {}", one.id, one.because),
        None => format!("-  {}: {}", one.id, one.because),
    });
    lines.extend(ranks);
    let waived = verdict.waived.iter();
    lines.extend(waived.map(|waiver| format!("waived: {}", waiver.name())));
    lines.extend(verdict.wants_evidence.then(|| "wants evidence".to_owned()));
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
        let Ok(decided) = std::panic::catch_unwind(|| golden(&support::decide(seen))) else {
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
fn a_scenario_fits_a_glance_and_its_name_says_what_it_decides() {
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
        let first = split(&text).1.lines().next().unwrap_or_default();
        let words: Vec<&str> = first.split([' ', ',', ':']).collect();
        let said = match words.as_slice() {
            ["failover_shard", kind, ..] => format!("act_{kind}"),
            ["promote_replica", kind, ..] => format!("act_promotion_{kind}"),
            ["hold", code, ..] => format!("hold_{code}"),
            _ => first.to_owned(),
        };
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with(&said), "{name} decides {said}");
    }
}

#[test]
fn every_reason_to_hold_has_a_scenario() {
    let told: BTreeSet<String> = told()
        .iter()
        .filter_map(|first| first.strip_prefix("hold "))
        .map(|rest| rest.split(',').next().unwrap_or_default().to_owned())
        .collect();
    let known: BTreeSet<String> = Hold::CODES
        .iter()
        .filter(|code| !DECIDED_ELSEWHERE.contains(code))
        .map(|code| (*code).to_owned())
        .collect();
    assert_eq!(told, known);
}

#[test]
fn every_intent_of_either_function_has_a_scenario() {
    let told = told();
    for intent in INTENTS {
        let acts = |first: &&String| first.starts_with(&format!("{intent}:"));
        assert!(told.iter().any(|first| acts(&first)), "{intent}");
    }
}
