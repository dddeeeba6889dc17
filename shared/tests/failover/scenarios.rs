//! Every file of `scenarios/` is one decision: what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1 cargo test -p clusterwarden --test failover` writes what is decided now; the
//! diff is for review.

use std::collections::BTreeSet;

use clusterwarden::failover::{Decision, Hold, Verdict};

use crate::{
    goldens::{require_a_glance, require_goldens, scenarios},
    support,
};

const FOLDER: &str = "failover/scenarios";

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

/// The first line of every golden.
fn told() -> Vec<String> {
    let scenarios = scenarios(FOLDER);
    scenarios
        .iter()
        .map(|one| one.decided().to_owned())
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
fn every_scenario_is_decided_as_its_golden_says() {
    require_goldens(FOLDER, |seen| golden(&support::decide(seen)));
}

#[test]
fn a_scenario_fits_a_glance_and_its_name_says_what_it_decides() {
    require_a_glance(FOLDER);
    for scenario in scenarios(FOLDER) {
        let first = scenario.decided();
        let words: Vec<&str> = first.split([' ', ',', ':']).collect();
        let said = match words.as_slice() {
            ["failover_shard", kind, ..] => format!("act_{kind}"),
            ["promote_replica", kind, ..] => format!("act_promotion_{kind}"),
            ["hold", code, ..] => format!("hold_{code}"),
            _ => first.to_owned(),
        };
        let name = scenario.name();
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
