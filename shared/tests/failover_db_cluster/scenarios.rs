//! Every file of `scenarios` is one decision: what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1 cargo test -p clusterwarden --test failover_db_cluster` writes what is decided
//! now; the diff is for review.

use std::collections::BTreeSet;

use clusterwarden::{
    failover::{Decision, Hold, Verdict},
    failover_db_cluster::decide,
};

use crate::{
    goldens::{require_a_glance, require_goldens, scenarios},
    support,
};

const FOLDER: &str = "failover_db_cluster/scenarios";

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
fn every_scenario_is_decided_as_its_golden_says() {
    require_goldens(FOLDER, |seen| {
        let (policy, seen) = support::read(seen);
        golden(&decide(&policy, &seen))
    });
}

#[test]
fn a_scenario_fits_a_glance_and_is_named_after_its_decision() {
    require_a_glance(FOLDER);
    for scenario in scenarios(FOLDER) {
        let (name, decided) = (scenario.name(), scenario.decided());
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
    for scenario in scenarios(FOLDER) {
        let hold = scenario.decided().strip_prefix("hold ");
        told.extend(hold.map(str::to_owned));
    }
    let known: BTreeSet<String> = Hold::CODES
        .iter()
        .filter(|code| !NOT_DECIDED_HERE.contains(code))
        .map(|code| (*code).to_owned())
        .collect();
    assert_eq!(told, known);
}
