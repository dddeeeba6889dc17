//! Which shard or cluster is to be drilled next, and since when that is due.

use chrono::{DateTime, Utc};

use super::IntentKind;
use crate::{journal::Journal, load::delta, policy::DrillPolicy};

/// One thing that can be drilled: a shard, or a whole cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its id.
    pub id: String,
    /// When it was drilled last. `None`: no drill of it is known.
    pub last: Option<DateTime<Utc>>,
    /// Since when, or from when on, it is due. `None`: now, because no drill of it is known.
    pub due: Option<DateTime<Utc>>,
}

/// The order in which the shards of one target are drilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation(pub Vec<Unit>);

impl Rotation {
    /// The rotation over these units: the one not drilled longest first; by id where nothing else decides.
    pub fn of<'u>(
        policy: &DrillPolicy,
        units: impl Iterator<Item = &'u str>,
        journal: &Journal,
    ) -> Self {
        let mut units: Vec<Unit> = units
            .map(|id| {
                let last = last_drill(journal, id);
                Unit {
                    id: id.to_owned(),
                    last,
                    due: last.map(|last| last + delta(policy.every)),
                }
            })
            .collect();
        units.sort_by(|a, b| (a.last, &a.id).cmp(&(b.last, &b.id)));
        Self(units)
    }

    /// The units that are due at `now`, in the order of the rotation.
    pub fn due(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Unit> {
        self.0
            .iter()
            .filter(move |unit| unit.due.is_none_or(|due| due <= now))
    }

    /// The first unit, due or not. `None`: there are no units.
    pub fn next(&self) -> Option<&Unit> {
        self.0.first()
    }
}

/// The newest drill of a unit that may have happened, by the journal. A drill that was asked for and whose end is not
/// known counts: it may have happened.
fn last_drill(journal: &Journal, unit: &str) -> Option<DateTime<Utc>> {
    let remembered = journal.drilled.get(unit).copied();
    let reported = journal
        .drills
        .iter()
        .filter(|drill| drill.unit == unit)
        .map(|drill| drill.accepted);
    let asked = journal
        .failovers
        .iter()
        .filter(|attempt| {
            attempt.unit == unit
                && attempt.intent == IntentKind::Drill
                && attempt.may_have_happened()
        })
        .map(|attempt| attempt.at);
    remembered.into_iter().chain(reported).chain(asked).max()
}
