//! The last look before a scale-in: whether AWS has announced that it will replace a node of the group.
//!
//! The journal remembers announcements only where a function that forces failovers runs; the events tell of them in any case.

use serde_json::json;

use super::{Decision, Verdict, guards::require_no_replacement};
use crate::{
    checks::{Guards, Input},
    failover::Replacement,
};

impl Verdict {
    /// Whether it would remove shards.
    pub fn shrinks(&self) -> bool {
        match &self.decision {
            Decision::Reshard(reshard) => reshard.to < reshard.from,
            Decision::Hold(_) => false,
        }
    }
}

/// A verdict that would remove shards, after a look at the `ahead`: replacements that events of AWS say are ahead or under way
/// in the group.
///
/// Events cost a call per node, so they are read only for such a verdict; any other is returned as it is.
#[must_use]
pub fn heed_replacements(verdict: Verdict, ahead: &[Replacement]) -> Verdict {
    if !verdict.shrinks() {
        return verdict;
    }
    let mut next = verdict;
    let nodes: Vec<&str> = ahead.iter().map(|one| one.node.as_str()).collect();
    next.inputs.push(Input {
        name: "replacements in events".to_owned(),
        // Null would say that it was not to be had.
        value: json!(if nodes.is_empty() {
            "none".to_owned()
        } else {
            nodes.join(", ")
        }),
        age_seconds: Some(0),
    });
    let mut guards = Guards(std::mem::take(&mut next.guards));
    let heeded = require_no_replacement(ahead, "none is announced by events", &mut guards);
    next.guards = guards.0;
    match heeded {
        Ok(()) => next,
        Err(hold) => next.held(hold),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cluster::{ReplicationGroupId, ShardId},
        failover::ReplacementState,
        reshard::{Demand, Hold, Reshard},
    };

    fn verdict(from: u32, to: u32) -> Verdict {
        Verdict {
            decision: Decision::Reshard(Reshard {
                group: ReplicationGroupId::new("orders"),
                from,
                to,
                remove: (to..from)
                    .map(|index| ShardId::new(&format!("{:04}", index + 1)))
                    .collect(),
                zones: Default::default(),
            }),
            sentence: format!("{from} → {to} shards"),
            demand: Demand::default(),
            guards: Vec::new(),
            inputs: Vec::new(),
            kept: Vec::new(),
            hot: Default::default(),
            wants_evidence: false,
        }
    }

    fn ahead() -> [Replacement; 1] {
        [Replacement {
            node: "orders-0001-001".to_owned(),
            told: Default::default(),
            starts: None,
            ends: None,
            state: ReplacementState::Scheduled,
        }]
    }

    #[test]
    fn an_announced_replacement_holds_a_scale_in_and_is_recorded() {
        let held = heed_replacements(verdict(4, 3), &ahead());
        let node = "orders-0001-001".to_owned();
        assert_eq!(
            held.decision,
            Decision::Hold(Hold::ReplacementScheduled { node })
        );
        assert!(!held.guards[0].passed);
        assert_eq!(held.inputs[0].value, "orders-0001-001");
    }

    #[test]
    fn a_scale_in_goes_on_where_none_is_announced() {
        let let_go = heed_replacements(verdict(4, 3), &[]);
        assert_eq!(let_go.decision, verdict(4, 3).decision);
        assert!(let_go.guards[0].passed);
    }

    #[test]
    fn growth_a_rebalance_and_a_hold_are_left_as_they_are() {
        for other in [
            verdict(3, 4),
            verdict(3, 3),
            verdict(4, 3).held(Hold::NotFound),
        ] {
            assert_eq!(heed_replacements(other.clone(), &ahead()), other);
        }
    }
}
