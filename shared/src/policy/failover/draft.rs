//! Entries for failovers as written, and what they become.

use std::ops::Range;

use super::{DrillDraft, FailoverAlarms, FailoverApply, FailoverPolicy, OnReplacement};
use crate::policy::draft::{Written, put};
use crate::policy::file::read_target;
use crate::policy::keys::{self, FailoverKeys, Key};
use crate::policy::names::{CLUSTER_IDS, GROUP_IDS, Ids};
use crate::policy::read::{Names, minutes_in, plain, read_alarms, set, within};
use crate::policy::spelled::Spelled;
use crate::policy::together::has;
use crate::policy::walk::{Read, Section, Walk};

/// In a second.
const MILLISECONDS: f64 = 1000.0;

/// The kinds of entries for failovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Kind {
    Shard,
    DbCluster,
    Promotion,
}

impl Kind {
    /// Every kind, in the order of the file.
    pub(in crate::policy) const ALL: [Self; 3] = [Self::Shard, Self::DbCluster, Self::Promotion];

    pub(in crate::policy) fn keys(self) -> &'static FailoverKeys {
        match self {
            Self::Shard => &keys::FAILOVER_SHARD,
            Self::DbCluster => &keys::FAILOVER_DB_CLUSTER,
            Self::Promotion => &keys::PROMOTE_REPLICA,
        }
    }

    pub(in crate::policy) fn ids(self) -> &'static Ids {
        match self {
            Self::Shard | Self::Promotion => &GROUP_IDS,
            Self::DbCluster => &CLUSTER_IDS,
        }
    }
}

/// An entry as written, and what it comes to: nothing is inherited.
#[derive(Debug, Clone)]
pub(in crate::policy) struct FailoverEntry {
    pub(in crate::policy) kind: Kind,
    /// Where its id or glob stands.
    pub(in crate::policy) target_at: Range<usize>,
    pub(in crate::policy) draft: FailoverDraft,
    pub(in crate::policy) policy: FailoverPolicy,
}

/// The keys of an entry, as it has them.
#[derive(Debug, Clone)]
pub(in crate::policy) struct FailoverDraft {
    pub(in crate::policy) apply: Read<FailoverApply>,
    pub(in crate::policy) cooldown: Read<u32>,
    /// In the unit of the kind's key.
    pub(in crate::policy) max_lag: Read<f64>,
    pub(in crate::policy) stale_after: Read<u32>,
    pub(in crate::policy) stop: Read<Names>,
    pub(in crate::policy) evacuate: Read<Names>,
    pub(in crate::policy) on_replacement: Read<OnReplacement>,
    pub(in crate::policy) drill: Read<DrillDraft>,
}

/// Reads the entries of every kind.
pub(in crate::policy) fn read_failovers(
    walk: &mut Walk,
    tables: [(Kind, Option<Vec<Section<'_, '_>>>); 3],
) -> Vec<FailoverEntry> {
    let mut entries = Vec::new();
    let mut shards = Vec::new();
    for (kind, tables) in tables {
        let mut seen = Vec::new();
        for section in tables.into_iter().flatten() {
            let target = read_entry(walk, kind, &section, &mut seen, &mut entries);
            if kind == Kind::Promotion {
                refuse_both(walk, &target, &shards);
            }
        }
        if kind == Kind::Shard {
            shards = seen;
        }
    }
    entries
}

/// What the entries of one kind come to.
pub(in crate::policy) fn of_kind(entries: &[FailoverEntry], kind: Kind) -> Vec<FailoverPolicy> {
    let entries = entries.iter().filter(|entry| entry.kind == kind);
    entries.map(|entry| entry.policy.clone()).collect()
}

fn read_entry(
    walk: &mut Walk,
    kind: Kind,
    section: &Section<'_, '_>,
    seen: &mut Vec<String>,
    entries: &mut Vec<FailoverEntry>,
) -> Read<String> {
    let keys = kind.keys();
    walk.refuse_unknown(section, keys.entries.path);
    let target = read_target(walk, section, &keys.target, kind.ids(), seen);
    let draft = FailoverDraft::read(walk, section, keys);
    if let Some((id, target_at)) = target.given()
        && let Some(policy) = draft.finish(id, kind)
    {
        entries.push(FailoverEntry {
            kind,
            target_at: target_at.clone(),
            draft,
            policy,
        });
    }
    target
}

/// Automatic failover is on where a shard is failed over, and off where a replica is promoted.
fn refuse_both(walk: &mut Walk, target: &Read<String>, shards: &[String]) {
    if let Some((id, at)) = target.given()
        && shards.contains(id)
    {
        walk.wrong(
            at,
            format!("\"{id}\" is in `[[failover_shard]]` too, which needs automatic failover on: here it must be off"),
            "remove one of the two entries",
        );
    }
}

impl FailoverDraft {
    fn read(walk: &mut Walk, section: &Section<'_, '_>, keys: &FailoverKeys) -> Self {
        let alarms = &walk.section(section, &keys.alarms);
        let draft = Self {
            apply: walk.word(section, &keys.apply, |word| match word {
                "none" => Some(FailoverApply::None),
                "all" => Some(FailoverApply::All),
                _ => None,
            }),
            cooldown: walk.whole(section, &keys.cooldown),
            max_lag: walk.number(section, &keys.max_lag),
            stale_after: walk.whole(section, &keys.stale_after),
            stop: within(alarms, |table| read_alarms(walk, table, &keys.stop)),
            evacuate: within(alarms, |table| read_alarms(walk, table, &keys.evacuate)),
            on_replacement: where_known(&keys.on_replacement, |key| {
                walk.word(section, key, |word| match word {
                    "freeze" => Some(OnReplacement::Freeze),
                    "move" => Some(OnReplacement::Move),
                    _ => None,
                })
            }),
            drill: where_known(&keys.drill, |keys| DrillDraft::read(walk, section, keys)),
        };
        draft.check(walk);
        draft
    }

    fn check(&self, walk: &mut Walk) {
        for (name, at) in self.evacuate.value().into_iter().flatten() {
            if has(&self.stop, name) {
                walk.wrong(
                    at,
                    format!("alarm \"{name}\" asks for a failover and stops every failover"),
                    "name it in one of `evacuate` and `stop`",
                );
            }
        }
    }

    /// The entry itself. `None`: a required key of its drill has no value (noted as a slip before).
    fn finish(&self, target: &str, kind: Kind) -> Option<FailoverPolicy> {
        let mut policy = FailoverPolicy::defaults(target);
        put(&mut policy.apply, &self.apply);
        set(&mut policy.cooldown, minutes_in(&self.cooldown));
        match kind {
            Kind::Shard | Kind::Promotion => put(&mut policy.max_lag, &self.max_lag),
            Kind::DbCluster => {
                let written = self.max_lag.value().copied();
                policy.max_lag = written.unwrap_or(keys::MAX_LAG_MILLISECONDS) / MILLISECONDS;
            }
        }
        set(&mut policy.stale_after, minutes_in(&self.stale_after));
        policy.alarms = FailoverAlarms {
            stop: plain(&self.stop),
            evacuate: plain(&self.evacuate),
        };
        put(&mut policy.on_replacement, &self.on_replacement);
        policy.drill = match &self.drill {
            Read::Absent => None,
            Read::Wrong => return None,
            Read::Given(drill, _) => Some(drill.finish()?),
        };
        Some(policy)
    }

    /// Every key of the kind, in the order of the file; those of a drill only where there is one.
    pub(in crate::policy) fn written(&self, keys: &FailoverKeys) -> Vec<Written> {
        let mut all = vec![
            written(&keys.apply, &self.apply),
            written(&keys.cooldown, &self.cooldown),
            written(&keys.max_lag, &self.max_lag),
            written(&keys.stale_after, &self.stale_after),
            written(&keys.stop, &self.stop),
            written(&keys.evacuate, &self.evacuate),
        ];
        all.extend(
            keys.on_replacement
                .map(|key| written(&key, &self.on_replacement)),
        );
        all.extend(keys.drill.iter().flat_map(|keys| match self.drill.value() {
            Some(drill) => drill.written(keys),
            None => vec![Written {
                key: keys.table,
                value: None,
            }],
        }));
        all
    }
}

/// One key, as it is written.
pub(super) fn written<T: Spelled + Clone>(key: &Key, read: &Read<T>) -> Written {
    Written {
        key: *key,
        value: read
            .given()
            .map(|(value, at)| (value.spelled(), at.clone())),
    }
}

/// What stands at keys that not every kind has: where the kind has none the walk has refused them.
fn where_known<K, T>(keys: &Option<K>, read: impl FnOnce(&K) -> Read<T>) -> Read<T> {
    keys.as_ref().map_or(Read::Absent, read)
}
