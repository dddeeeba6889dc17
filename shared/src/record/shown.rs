//! What a record shows of a verdict, whichever function it is of.

use serde_json::{Value, json};

use super::Outcome;
use crate::{
    checks::{Guard, Input},
    failover::{self, Intent, Ranked, Replacement, Waiver},
    reshard::{self, Demand, KeptShard},
};

/// The kind of a decision not to act.
const HOLD: &str = "hold";

/// The kind of a decision that nothing is left to do.
const ALREADY_DONE: &str = "already_done";

/// A verdict as a record shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub(super) decision: Value,
    /// The decision's kind.
    pub(super) kind: &'static str,
    /// A hold's reason.
    pub(super) reason: Option<&'static str>,
    pub(super) request: Option<Value>,
    pub(super) outcome: Outcome,
    pub(super) demand: Option<Demand>,
    pub(super) intent: Option<Intent>,
    pub(super) inputs: Vec<Input>,
    pub(super) guards: Vec<Guard>,
    pub(super) kept: Vec<KeptShard>,
    pub(super) ranking: Vec<Ranked>,
    pub(super) waived: Vec<Waiver>,
    pub(super) replacements: Vec<Replacement>,
    /// Whether it says only that all is well.
    pub(super) plain: bool,
}

impl From<reshard::Verdict> for Shown {
    fn from(verdict: reshard::Verdict) -> Self {
        let sentence = verdict.sentence;
        let shards = verdict
            .inputs
            .iter()
            .find(|input| input.name == "shards")
            .map(|input| input.value.clone());
        let (kind, reason) = match &verdict.decision {
            reshard::Decision::Reshard(reshard) => (reshard.kind(), None),
            reshard::Decision::Hold(hold) => (HOLD, Some(hold.code())),
        };
        let (decision, request, outcome, plain) = match verdict.decision {
            reshard::Decision::Reshard(reshard) => {
                let decision = json!({ "kind": kind, "from": reshard.from, "to": reshard.to, "sentence": sentence });
                (decision, Some(reshard.request()), Outcome::Planned, false)
            }
            reshard::Decision::Hold(hold) => {
                let decision = json!({
                    "kind": kind, "from": shards, "to": shards, "sentence": sentence, "reason": reason,
                });
                (decision, None, Outcome::Held, hold.is_plain())
            }
        };
        Self {
            decision,
            kind,
            reason,
            request,
            outcome,
            demand: Some(verdict.demand),
            intent: None,
            inputs: verdict.inputs,
            guards: verdict.guards,
            kept: verdict.kept,
            ranking: Vec::new(),
            waived: Vec::new(),
            replacements: Vec::new(),
            plain,
        }
    }
}

impl From<failover::Verdict> for Shown {
    fn from(verdict: failover::Verdict) -> Self {
        let (sentence, unit) = (verdict.sentence, verdict.unit);
        // A replacement or a measured drill is told even where nothing else is to be told.
        let silent = verdict.replacements.is_empty();
        let (kind, reason) = match &verdict.decision {
            failover::Decision::Act(failover) => (failover.kind(), None),
            failover::Decision::Hold(hold) => (HOLD, Some(hold.code())),
            failover::Decision::AlreadyDone { .. } => (ALREADY_DONE, None),
        };
        let (decision, request, outcome, plain) = match verdict.decision {
            failover::Decision::Act(failover) => {
                let decision = json!({
                    "kind": kind, "unit": unit, "from": failover.from(), "to": failover.to(),
                    "sentence": sentence,
                });
                (decision, Some(failover.request()), Outcome::Planned, false)
            }
            failover::Decision::Hold(hold) => {
                let decision = json!({
                    "kind": kind, "unit": unit, "sentence": sentence, "reason": reason,
                });
                (decision, None, Outcome::Held, silent && hold.is_plain())
            }
            failover::Decision::AlreadyDone { from, now } => {
                let decision = json!({
                    "kind": kind, "unit": unit, "from": from, "to": now, "sentence": sentence,
                });
                (decision, None, Outcome::AlreadyDone, false)
            }
        };
        Self {
            decision,
            kind,
            reason,
            request,
            outcome,
            demand: None,
            intent: verdict.intent,
            inputs: verdict.inputs,
            guards: verdict.guards,
            kept: Vec::new(),
            ranking: verdict.ranking,
            waived: verdict.waived,
            replacements: verdict.replacements,
            plain,
        }
    }
}
