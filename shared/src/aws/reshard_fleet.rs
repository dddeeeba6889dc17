//! Where the targets of one pass of `reshard` meet: the fleet's ruling on each of their decisions.

use std::collections::BTreeMap;

use super::reshard::{Considered, Fleet, Pass};
use crate::{
    admit::{self, Candidate, FleetView, Ruling},
    journal::Journal,
    reshard::Decision,
};

impl Pass<'_> {
    /// What the fleet says to each target's decision, in the order in which to carry them out. The same in plan mode, so
    /// that the preview is what apply mode does.
    pub(super) fn admit<'a>(
        &self,
        considered: Vec<Considered<'a>>,
        fleet: &Fleet,
        journals: &BTreeMap<String, Journal>,
    ) -> Vec<(Considered<'a>, Ruling)> {
        let candidates: Vec<Candidate<'_>> = considered
            .iter()
            .map(|target| Candidate {
                target: &target.id,
                decision: &target.verdict.decision,
                wanted: match &target.verdict.decision {
                    Decision::Reshard(reshard) => target.verdict.demand.wanted(reshard.from),
                    Decision::Hold(_) => 0,
                },
                spoken_of: admit::spoken_of(&target.id, &target.policy.alarms, self.trigger),
                apply: target.policy.apply,
            })
            .collect();
        let seen = FleetView {
            groups: &fleet.groups,
            journals,
        };
        let admissions = admit::admit(&self.policy.fleet, &candidates, seen, fleet.now);
        let mut waiting: BTreeMap<_, _> = considered
            .into_iter()
            .map(|target| (target.id.clone(), target))
            .collect();
        admissions
            .into_iter()
            .filter_map(|admission| Some((waiting.remove(&admission.target)?, admission.ruling)))
            .collect()
    }
}
