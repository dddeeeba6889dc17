//! A verdict in the making: what led so far, and how it stops.

use super::{Decision, Failover, Hold, Intent, Ranked, Replacement, Verdict, Waiver};
use crate::checks::{Guards, Input};

/// Why no failover comes of it.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// For this reason.
    Hold(Hold),
    /// Nothing that is known speaks against it; roles and lag have not been read. With the hold for a pass that cannot read them.
    EvidenceWanted(Hold),
    /// The node that a person named is no longer the primary.
    AlreadyDone { from: String, now: String },
}

impl From<Hold> for Stop {
    fn from(hold: Hold) -> Self {
        Self::Hold(hold)
    }
}

/// What led to a verdict so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) guards: Guards,
    pub(crate) about: About,
    pub(crate) waived: Vec<Waiver>,
}

/// What a verdict is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) intent: Option<Intent>,
    pub(crate) unit: Option<String>,
    pub(crate) ranking: Vec<Ranked>,
}

impl Draft {
    /// Notes a pace check that was waived, once.
    pub(crate) fn waives(&mut self, waived: Option<Waiver>) {
        self.waived.extend(waived);
        self.waived.dedup();
    }

    /// The verdict, once it is known how it ends.
    pub(crate) fn verdict(
        self,
        end: Result<(Failover, String), Stop>,
        inputs: Vec<Input>,
        replacements: Vec<Replacement>,
    ) -> Verdict {
        let wants_evidence = matches!(end, Err(Stop::EvidenceWanted(_)));
        let (decision, sentence) = match end {
            Ok((failover, sentence)) => (Decision::Act(failover), sentence),
            Err(Stop::Hold(hold) | Stop::EvidenceWanted(hold)) => {
                let sentence = hold.to_string();
                (Decision::Hold(hold), sentence)
            }
            Err(Stop::AlreadyDone { from, now }) => {
                let sentence =
                    format!("{from} is no longer the primary, {now} is: nothing is left to do");
                (Decision::AlreadyDone { from, now }, sentence)
            }
        };
        Verdict {
            decision,
            sentence,
            intent: self.about.intent,
            unit: self.about.unit,
            guards: self.guards.0,
            inputs,
            ranking: self.about.ranking,
            waived: self.waived,
            replacements,
            wants_evidence,
        }
    }
}
