//! Warnings about entries for failovers.

use super::rotation::Round;
use super::{Everything, Notes, pace, warn_of_stale};
use crate::cluster::ReplicationGroupId;
use crate::policy::failover::{FailoverEntry, Kind};
use crate::policy::file::PolicyFile;
use crate::policy::{FailoverApply, is_exact};

/// The schedule wakes a function this often.
const WAKE_MINUTES: i64 = 5;

impl PolicyFile {
    pub(super) fn warn_of_failovers(&self, notes: &mut Notes) {
        for kind in Kind::ALL {
            let globs = self.failovers_of(kind);
            let globs = globs.map(|entry| (entry.policy.target.as_str(), &entry.target_at));
            self.warn_of_cover(&globs.collect::<Vec<_>>(), kind.ids().longest, notes);
        }
        for entry in &self.failovers {
            entry.warn_of_apply(notes);
            entry.warn_of_objectives(notes);
            entry.warn_of_short_window(notes);
            warn_of_stale(&entry.draft.stale_after, "lag is hardly ever known", notes);
            if let Some(round) = self.least_round(entry) {
                round.warn_of_window(notes);
            }
        }
        let shards = self.failovers_of(Kind::Shard);
        let rounds: Vec<Round<'_>> = shards.filter_map(|entry| self.most_round(entry)).collect();
        super::rotation::warn_of_budget(&rounds, &self.policy.fleet, notes);
    }

    /// A drill of as many shards as an entry may have at the most. `None`: nothing says how many those are.
    fn most_round<'f>(&'f self, entry: &'f FailoverEntry) -> Option<Round<'f>> {
        let target = &entry.policy.target;
        let group = is_exact(target).then(|| ReplicationGroupId::new(target))?;
        let most = self.policy.reshard_for(&group)?.max_shards;
        Round::of(entry, target, most, " (`max_shards`)")
    }

    /// That, or a drill of the one shard, or the one cluster, that every target has.
    fn least_round<'f>(&'f self, entry: &'f FailoverEntry) -> Option<Round<'f>> {
        match entry.kind {
            Kind::Shard => self.most_round(entry),
            Kind::DbCluster | Kind::Promotion => None,
        }
        .or_else(|| Round::of(entry, &entry.policy.target, 1, ""))
    }
}

impl FailoverEntry {
    fn warn_of_apply(&self, notes: &mut Notes) {
        let policy = &self.policy;
        Everything {
            glob: &policy.target,
            at: &self.target_at,
            applies: policy.apply > FailoverApply::None,
            noun: self.kind.ids().noun,
            may_be: "failed over",
        }
        .warn(notes);
        if let Some((FailoverApply::All, at)) = self.draft.apply.given()
            && policy.alarms.stop.is_empty()
        {
            notes.warn(
                at,
                "every failover is carried out, and no alarm can stop one",
                "name in `alarms.stop` the alarm that says your service is in trouble",
            );
        }
        if let Some((_, at)) = self.draft.evacuate.given()
            && policy.apply == FailoverApply::None
            && !policy.alarms.evacuate.is_empty()
        {
            notes.warn(
                at,
                "no node is ever evacuated: with `apply = \"none\"` that is only planned and reported",
                "write `apply = \"all\"` once you trust the plans, or leave `evacuate` out",
            );
        }
    }

    /// What is longer than the cooldown is not over when the next failover may start.
    fn warn_of_objectives(&self, notes: &mut Notes) {
        let (Some(policy), Some(draft)) = (&self.policy.drill, self.draft.drill.value()) else {
            return;
        };
        let cooldown = pace::minutes(self.policy.cooldown);
        let recovery = policy.recovery_objective;
        for (allowed, written, name, unit) in [
            (
                Some(policy.objective),
                &draft.objective,
                "an objective",
                "s",
            ),
            (recovery, &draft.recovery, "a recovery objective", "min"),
        ] {
            if let Some((count, at)) = written.given()
                && allowed.is_some_and(|allowed| allowed > self.policy.cooldown)
            {
                notes.warn(
                    at,
                    format!("{name} of {count} {unit} is longer than the cooldown of {cooldown} min: the next failover may start before this one is judged"),
                    "lower it, or raise `cooldown_minutes`",
                );
            }
        }
    }

    fn warn_of_short_window(&self, notes: &mut Notes) {
        let (Some(policy), Some(draft)) = (&self.policy.drill, self.draft.drill.value()) else {
            return;
        };
        let length = pace::length_in_minutes(&policy.window);
        if let Some((_, at)) = draft.to.given()
            && length < WAKE_MINUTES
        {
            notes.warn(
                at,
                format!("the drill's window is {length} min long, and no wake may fall into it: the schedule wakes every {WAKE_MINUTES} min"),
                "open it for an hour or more",
            );
        }
    }
}
