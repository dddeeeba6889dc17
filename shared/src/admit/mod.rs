//! What the whole fleet may do at once: which of one pass's decisions may be carried out now, and in which order.
//!
//! Each target is decided about alone. Here they meet: a limit per pass and per hour, the Region's nodes, and two breakers
//! for what no single decision can see, that all want the same thing at once, and that what we ask for keeps failing.

mod count;
mod hold;
mod order;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    cluster::{Group, ReplicationGroupId},
    journal::Journal,
    policy::{Apply, Fleet},
    record::Wanted,
    reshard::{Decision, Guard, Hold, Reshard, Verdict},
};
use count::{Counted, failures};
pub use hold::FleetHold;
pub use order::spoken_of;

/// The name of the check in records.
pub const GUARD: &str = "admitted";

/// One target's decision, as the fleet looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The target.
    pub target: &'a ReplicationGroupId,
    /// What was decided about it alone.
    pub decision: &'a Decision,
    /// Shards that its load and alarms ask for, be they allowed or not: the one that lacks most comes first.
    pub wanted: u32,
    /// Whether the trigger speaks of it; see [`spoken_of`].
    pub spoken_of: bool,
    /// Which of its changes may be carried out. One that may not takes nobody's place.
    pub apply: Apply,
}

/// What is there, and what was done lately, over the whole fleet.
#[derive(Debug, Clone, Copy)]
pub struct FleetView<'a> {
    /// Every replication group of the Region, ours or not.
    pub groups: &'a BTreeMap<ReplicationGroupId, Group>,
    /// Every journal that was read, by its key.
    pub journals: &'a BTreeMap<String, Journal>,
}

/// What the fleet says to one decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// Nothing was asked: a hold, or a change that the target's policy only plans.
    NotAsked,
    /// It may be carried out now.
    Admitted(Guard),
    /// It must wait, for this reason.
    Held(FleetHold, Guard),
}

/// One target's ruling.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// The target.
    pub target: ReplicationGroupId,
    /// What the fleet says.
    pub ruling: Ruling,
}

/// Rules on every decision of a pass; the answer is in the order in which to carry them out: growth, rebalance, shrinking,
/// holds; within each the targets that the trigger speaks of, then the one that lacks most, then by id.
///
/// Growth comes before the trigger's word: whoever can wake us must not be able to let a scale-in take the place of a growth.
pub fn admit(
    limits: &Fleet,
    decisions: &[Candidate<'_>],
    seen: FleetView<'_>,
    now: DateTime<Utc>,
) -> Vec<Admission> {
    let mut sorted = decisions.to_vec();
    sorted.sort_by(order::compare);
    let mut counted = Counted::before(limits, decisions, seen, now);
    sorted
        .iter()
        .map(|candidate| Admission {
            target: candidate.target.clone(),
            ruling: rule(candidate, &mut counted),
        })
        .collect()
}

fn rule(candidate: &Candidate<'_>, counted: &mut Counted<'_>) -> Ruling {
    match candidate.decision {
        Decision::Reshard(reshard) if allows(candidate.apply, reshard) => counted.rule(reshard),
        Decision::Reshard(_) | Decision::Hold(_) => Ruling::NotAsked,
    }
}

/// Whether a target's policy lets a change be carried out.
pub fn allows(apply: Apply, reshard: &Reshard) -> bool {
    match apply {
        Apply::None => false,
        Apply::Out => reshard.to > reshard.from,
        Apply::All => true,
    }
}

/// The ruling that stops every further change of a pass once its own calls have failed too often. `journals` are those
/// read, with what the pass has written since. `None`: it may go on.
pub fn stopped(
    limits: &Fleet,
    journals: &BTreeMap<String, Journal>,
    now: DateTime<Utc>,
) -> Option<Ruling> {
    let failures = failures(journals, now);
    let hold = FleetHold::of_failures(limits, &failures, now)?;
    let saw = format!(
        "{} of {} failures in an hour",
        failures.len(),
        limits.max_failures_per_hour
    );
    Some(Ruling::Held(hold, guard(false, saw)))
}

fn guard(passed: bool, saw: String) -> Guard {
    Guard {
        name: GUARD,
        passed,
        saw,
    }
}

impl Ruling {
    /// The verdict as the fleet lets it stand, and what was wanted if it does not.
    pub fn apply_to(self, verdict: Verdict) -> (Verdict, Option<Wanted>) {
        let mut verdict = verdict;
        match (self, &verdict.decision) {
            (Self::NotAsked, _) | (_, Decision::Hold(_)) => (verdict, None),
            (Self::Admitted(guard), Decision::Reshard(_)) => {
                verdict.guards.push(guard);
                (verdict, None)
            }
            (Self::Held(hold, guard), Decision::Reshard(reshard)) => {
                let (from, to) = (reshard.from, reshard.to);
                let sentence = format!("{from} → {to} shards wanted, but {hold}");
                let wanted = Wanted {
                    kind: reshard.kind(),
                    from,
                    to,
                    sentence: std::mem::replace(&mut verdict.sentence, sentence),
                };
                verdict.guards.push(guard);
                verdict.decision = Decision::Hold(Hold::Fleet(hold));
                (verdict, Some(wanted))
            }
        }
    }
}
