//! The claim about another hand: its changes are left alone for the cooldown.

use chrono::TimeDelta;

use super::{Evidence, GROUP, Point, listed};
use crate::commands::demo::{
    scene::count,
    text::{clock, counted},
};

/// The cooldown of the play's policy.
const COOLDOWN: TimeDelta = TimeDelta::minutes(60);

/// A change by somebody else is left alone for the cooldown, so that two hands do not fight.
pub(in crate::commands::demo) fn terraform_fights_us(evidence: &Evidence<'_>) -> Vec<Point> {
    let (ours, others): (Vec<_>, Vec<_>) = evidence
        .ledger
        .changes(GROUP)
        .iter()
        .partition(|change| change.is_ours());
    let runs = evidence.ledger.acted.len();
    // A change takes minutes to settle, and the cooldown counts from then: this much is the least.
    let hasty = ours.iter().find(|ours| {
        others
            .iter()
            .any(|other| other.at < ours.at && ours.at - other.at < COOLDOWN)
    });
    let held = evidence.ledger.holds("changed_by_others").next();
    vec![
        Point::require(
            "Theirs:",
            !others.is_empty(),
            format!(
                "{} in {} of `terraform apply`",
                listed(others.iter().copied()),
                counted(u64::from(count(runs)), "run")
            ),
        ),
        Point::require(
            "Ours:",
            !ours.is_empty() && ours.len() <= others.len() + 1,
            format!(
                "{}: no more than theirs and one",
                listed(ours.iter().copied())
            ),
        ),
        Point::require(
            "Hands off:",
            hasty.is_none() && !ours.is_empty(),
            hasty.map_or_else(
                || format!("none of ours within {} minutes of theirs", COOLDOWN.num_minutes()),
                |change| format!("ours at {} came too soon after theirs", clock(change.at)),
            ),
        ),
        Point::found(
            "A hold said why:",
            held.map(|(at, record)| format!("{} {}", clock(at), record.decision.sentence)),
            "no hold `changed_by_others`",
        ),
        Point::require(
            "Quiet runs:",
            runs > 2 * others.len(),
            format!(
                "{} of {} had nothing to undo, or were refused",
                runs.saturating_sub(others.len()),
                counted(u64::from(count(runs)), "run")
            ),
        ),
        Point::Shown(
            "What to do:",
            "let Terraform leave the count alone: lifecycle { ignore_changes = [num_node_groups] } in \
             aws_elasticache_replication_group; or set apply = \"none\" here and take the planned count over by hand"
                .to_owned(),
        ),
    ]
}
