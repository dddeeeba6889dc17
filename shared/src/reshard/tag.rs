//! The last look before acting: the tag on the group itself, by which whoever may tag it can stop us without our table.

use serde_json::json;

use super::{Decision, Hold, Verdict};
use crate::{
    checks::{Guards, Input},
    pause::{TAG, read_tag},
};

/// A verdict that would act, after a look at the group's tag of the key [`TAG`]. `None`: the group has no such tag.
///
/// Tags cost a call per group, so they are read only for a verdict that would act; any other is returned as it is.
#[must_use]
pub fn heed_tag(verdict: Verdict, tag: Option<&str>) -> Verdict {
    if matches!(verdict.decision, Decision::Hold(_)) {
        return verdict;
    }
    let mut next = verdict;
    next.inputs.push(Input {
        name: format!("tag {TAG}"),
        // Null would say that it was not to be had.
        value: json!(tag.unwrap_or("none")),
        age_seconds: Some(0),
    });
    let (paused, saw) = read_tag(tag);
    let mut guards = Guards(std::mem::take(&mut next.guards));
    let heeded = guards.require("not_paused_by_tag", !paused, saw, || Hold::PausedByTag);
    next.guards = guards.0;
    match heeded {
        Ok(()) => next,
        Err(hold) => next.held(hold),
    }
}

impl Verdict {
    /// The verdict with its decision replaced by a hold; what led to it stays.
    #[must_use]
    pub fn held(self, hold: Hold) -> Self {
        Self {
            sentence: hold.to_string(),
            decision: Decision::Hold(hold),
            wants_evidence: false,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cluster::ReplicationGroupId,
        reshard::{Demand, Reshard},
    };

    fn growing() -> Verdict {
        Verdict {
            decision: Decision::Reshard(Reshard {
                group: ReplicationGroupId::new("orders"),
                from: 3,
                to: 4,
                remove: Vec::new(),
                zones: Default::default(),
            }),
            sentence: "3 → 4 shards".to_owned(),
            demand: Demand::default(),
            guards: Vec::new(),
            inputs: Vec::new(),
            kept: Vec::new(),
            hot: Default::default(),
            wants_evidence: false,
        }
    }

    #[test]
    fn the_tag_holds_in_any_case_of_letters_and_is_recorded() {
        for value in ["paused", "Paused", "PAUSED "] {
            let verdict = heed_tag(growing(), Some(value));
            assert_eq!(verdict.decision, Decision::Hold(Hold::PausedByTag));
            assert!(!verdict.guards[0].passed);
            assert_eq!(verdict.inputs[0].value, value);
        }
    }

    #[test]
    fn another_value_or_no_tag_lets_the_change_go_on() {
        for tag in [Some("managed"), Some(""), None] {
            let verdict = heed_tag(growing(), tag);
            assert_eq!(verdict.decision, growing().decision);
            assert!(verdict.guards[0].passed);
        }
    }

    #[test]
    fn a_hold_stays_the_hold_it_was() {
        let hold = growing().held(Hold::NotFound);
        assert_eq!(heed_tag(hold.clone(), Some("paused")), hold);
    }
}
