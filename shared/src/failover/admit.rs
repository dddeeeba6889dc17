//! Which of one pass's failovers may be started now, over all targets.

use super::{Budget, Failover, Hold, IntentKind};
use crate::{checks::Guard, policy::Fleet};

/// One target's failover, as the fleet looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The request that would be sent.
    pub failover: &'a Failover,
    /// Why.
    pub kind: IntentKind,
    /// Whether it may be carried out at all; one that is only planned takes nobody's place.
    pub may_act: bool,
}

/// What the fleet says to one failover.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// It may be started now.
    Admitted(Guard),
    /// It must wait, for this reason.
    Held(Hold, Guard),
    /// It is only planned.
    NotAsked,
}

/// Rules on every failover of a pass, in the order in which to carry them out: what people ask for, evacuations,
/// replacements, drills; within each by target. Gives the candidate's place in the list with each ruling.
///
/// `budget` is that of `TestFailover`; it counts for shards only. `None`: no candidate is a shard.
pub fn admit(
    limits: &Fleet,
    candidates: &[Candidate<'_>],
    budget: Option<Budget>,
) -> Vec<(usize, Ruling)> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|place| {
        candidates
            .get(*place)
            .map(|one| (one.kind, one.failover.target()))
    });
    let mut counted = Counted {
        started: 0,
        drills: 0,
        budget,
    };
    order
        .into_iter()
        .filter_map(|place| Some((place, counted.rule(limits, candidates.get(place)?))))
        .collect()
}

/// What the pass has started so far.
struct Counted {
    started: u32,
    drills: u32,
    budget: Option<Budget>,
}

impl Counted {
    fn rule(&mut self, limits: &Fleet, one: &Candidate<'_>) -> Ruling {
        if !one.may_act {
            return Ruling::NotAsked;
        }
        let budget = match one.failover {
            Failover::Shard { .. } => self.budget,
            Failover::DbCluster { .. } | Failover::Replica { .. } => None,
        };
        let limit = limits.max_failovers_per_pass;
        let hold = if let Some(budget) = budget.filter(|budget| !budget.has_room(one.kind)) {
            Some(Hold::BudgetSpent {
                budget,
                kind: one.kind,
            })
        } else if one.kind == IntentKind::Drill && self.drills > 0 {
            // A run stays until it has seen the new primary; and two drills at once could hit one application twice.
            Some(Hold::AnotherDrill)
        } else if one.kind != IntentKind::Request && self.started >= limit {
            Some(Hold::PassLimit { limit })
        } else {
            None
        };
        let mut saw = format!("failover {} of {limit} in this pass", self.started + 1);
        if let Some(budget) = budget {
            saw += &format!(
                ", {} of {} test failovers in 24 h",
                budget.used + 1,
                budget.limit_for(one.kind)
            );
        }
        let guard = Guard {
            name: crate::admit::GUARD,
            passed: hold.is_none(),
            saw,
        };
        match hold {
            Some(hold) => Ruling::Held(hold, guard),
            None => {
                self.started += 1;
                self.drills += u32::from(one.kind == IntentKind::Drill);
                if let (Failover::Shard { .. }, Some(budget)) = (one.failover, self.budget) {
                    self.budget = Some(budget.spending());
                }
                Ruling::Admitted(guard)
            }
        }
    }
}
