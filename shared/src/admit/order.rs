//! In which order decisions are carried out, and so who gets a place when there are few.

use std::cmp::Ordering;

use super::Candidate;
use crate::{cluster::ReplicationGroupId, policy::Alarms, reshard::Decision, trigger::Trigger};

/// Whether a trigger speaks of a target: by name, or by an alarm of its entry. A composite alarm names no group; the policy
/// says whose alarm it is.
pub fn spoken_of(group: &ReplicationGroupId, alarms: &Alarms, trigger: &Trigger) -> bool {
    let Alarms {
        scale_out,
        stop,
        scale_in,
        after_change,
    } = alarms;
    let of_the_entry = |named: &str| {
        [scale_out, stop, scale_in, after_change]
            .into_iter()
            .flatten()
            .any(|name| name == named)
    };
    trigger.mentions(group) || trigger.alarm_names().any(of_the_entry)
}

/// Less: carried out earlier.
pub(super) fn compare(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let ((a_kind, a_part), (b_kind, b_part)) = (urgency(a), urgency(b));
    a_kind
        .cmp(&b_kind)
        .then(b.spoken_of.cmp(&a.spoken_of))
        .then(a_part.compare(&b_part))
        .then_with(|| a.target.cmp(b.target))
}

/// The kind of the change, growth first, and how far the count is off: what lacks most is least, and so is what has most
/// to spare.
fn urgency(candidate: &Candidate<'_>) -> (u8, Fraction) {
    match candidate.decision {
        Decision::Reshard(reshard) => match reshard.to.cmp(&reshard.from) {
            Ordering::Greater => {
                // The count asked for may be less than what is needed: a step limit makes none less urgent.
                let wanted = candidate.wanted.max(reshard.to);
                (0, Fraction::new(reshard.from, wanted))
            }
            Ordering::Equal => (1, Fraction::new(1, 1)),
            Ordering::Less => (2, Fraction::new(reshard.to, reshard.from)),
        },
        Decision::Hold(_) => (3, Fraction::new(1, 1)),
    }
}

/// Shards per shards. Compared without dividing, so that equal parts are equal.
#[derive(Debug, Clone, Copy)]
struct Fraction {
    part: u64,
    whole: u64,
}

impl Fraction {
    fn new(part: u32, whole: u32) -> Self {
        Self {
            part: part.into(),
            whole: whole.max(1).into(),
        }
    }

    /// Both factors fit 32 bits, so that their product fits 64.
    fn compare(&self, other: &Self) -> Ordering {
        (self.part * other.whole).cmp(&(other.part * self.whole))
    }
}
