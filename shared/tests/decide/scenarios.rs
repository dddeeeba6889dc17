//! Every file of `tests/scenarios` is one decision: what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1 cargo test -p clusterwarden` writes what is decided now; the diff is for
//! review.

use std::collections::BTreeSet;

use clusterwarden::{
    admit::FleetHold,
    reshard::{Decision, Hold, Verdict, decide},
};

use crate::{
    goldens::{require_a_glance, require_goldens, scenarios},
    support,
};

const FOLDER: &str = "scenarios";

/// Reached only in the pass, not in `decide`: the journal was written by another run, the group is tagged,
/// or the fleet has a limit.
fn is_decided_here(code: &str) -> bool {
    !["superseded", "paused_by_tag"].contains(&code) && !FleetHold::CODES.contains(&code)
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
fn every_scenario_is_decided_as_its_golden_says() {
    require_goldens(FOLDER, |seen| {
        let (policy, seen) = support::read(seen);
        golden(&decide(&policy, &seen))
    });
}

#[test]
fn a_scenario_fits_a_glance() {
    require_a_glance(FOLDER);
}

#[test]
fn every_reason_not_to_reshard_has_a_scenario() {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for scenario in scenarios(FOLDER) {
        let hold = scenario.decided().strip_prefix("hold ");
        told.extend(hold.map(str::to_owned));
    }
    let known: BTreeSet<String> = Hold::CODES
        .iter()
        .filter(|code| is_decided_here(code))
        .map(|code| (*code).to_owned())
        .collect();
    assert_eq!(told, known);
}
