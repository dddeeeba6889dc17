//! Values of one table that are possible one by one but not together.
//!
//! They are drawn where the entry itself writes one of them: what it inherits may suit every other entry.

use std::ops::Range;

use super::draft::{Draft, FleetDraft};
use super::keys;
use super::read::{Names, require};
use super::walk::{Read, Walk};

impl Draft {
    /// Notes what an entry is missing after it inherited, and what does not go together.
    pub(super) fn check(&self, defaults: &Self, walk: &mut Walk, entry: &Range<usize>) {
        let all = self.inherit(defaults);
        for (read, key) in [
            (&all.min_shards, &keys::MIN_SHARDS),
            (&all.max_shards, &keys::MAX_SHARDS),
        ] {
            require(walk, read, key, entry);
        }
        self.check_bounds(&all, walk);
        self.check_windows(&all, walk);
        all.check_alarms(walk);
        if !all.can_ask_for_growth() {
            walk.missing(
                entry,
                "nothing here can ask for a scale-out",
                "give `targets.engine_cpu`, `targets.memory` with `evicts = false`, `targets.network`, \
                 `targets.evictions_per_minute`, or `alarms.scale_out`",
            );
        }
    }

    fn check_bounds(&self, all: &Self, walk: &mut Walk) {
        let (min, max) = (all.min_shards.value(), all.max_shards.value());
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let at = first_place([&self.min_shards, &self.max_shards, &all.min_shards]);
            let message = format!("`min_shards` {min} is more than `max_shards` {max}");
            walk.wrong(&at, message, "lower `min_shards` or raise `max_shards`");
        }
        let quota = all.node_quota.value().copied().unwrap_or(keys::NODE_QUOTA);
        if let Some(max) = max
            && *max > quota
        {
            let at = first_place([&self.max_shards, &self.node_quota, &all.max_shards]);
            let message = format!(
                "`max_shards` {max} is out of reach with a quota of {quota} nodes: each shard has at least one"
            );
            let fix = format!("write at most {quota}, or raise `node_quota` if AWS granted more");
            walk.wrong(&at, message, fix);
        }
    }

    /// A shared window need not raise the minimum of every entry, but it must be within reach of each.
    fn check_windows(&self, all: &Self, walk: &mut Walk) {
        let own = matches!(self.windows, Read::Given(..));
        for written in all.windows.value().into_iter().flatten() {
            let name = &written.window.name;
            let Some(raised) = written.window.min_shards else {
                continue;
            };
            if let Some(max) = all.max_shards.value()
                && raised > *max
            {
                let at = match self.max_shards.given() {
                    Some((_, at)) if !own => at,
                    Some(_) | None => &written.min_shards_at,
                };
                let message = format!(
                    "window \"{name}\" raises the minimum to {raised}, more than `max_shards` {max}"
                );
                walk.wrong(
                    at,
                    message,
                    "lower the window's `min_shards` or raise `max_shards`",
                );
            }
            if let Some(min) = all.min_shards.value()
                && raised <= *min
                && own
            {
                let message =
                    format!("window \"{name}\" raises nothing: `min_shards` is {min} at all times");
                let fix = format!("write at least {}, or leave it out", min.saturating_add(1));
                walk.wrong(&written.min_shards_at, message, fix);
            }
        }
    }

    fn check_alarms(&self, walk: &mut Walk) {
        let clashes = [
            (
                &self.alarms_scale_out,
                &self.alarms_stop,
                "asks for a scale-out and stops every change",
                "name it in one of `scale_out` and `stop`",
            ),
            (
                &self.alarms_scale_in,
                &self.alarms_scale_out,
                "must be in ALARM for a scale-in and asks for a scale-out then",
                "name it in one of `scale_in` and `scale_out`",
            ),
            (
                &self.alarms_scale_in,
                &self.alarms_stop,
                "must be in ALARM for a scale-in and stops every change then",
                "name it in one of `scale_in` and `stop`",
            ),
            (
                &self.alarms_scale_in,
                &self.alarms_after,
                "must be in ALARM for a scale-in and would then freeze the change after it",
                "name it in one of `scale_in` and `after_change`",
            ),
        ];
        for (drawn, other, message, fix) in clashes {
            for (name, at) in drawn.value().into_iter().flatten() {
                if has(other, name) {
                    walk.wrong(at, format!("alarm \"{name}\" {message}"), fix);
                }
            }
        }
    }

    /// Whether any key could ever lead to a scale-out; a wrong value counts, it is complained about elsewhere.
    fn can_ask_for_growth(&self) -> bool {
        let memory = match &self.memory {
            Read::Absent => false,
            Read::Wrong => true,
            Read::Given(memory, _) => !memory.evicts,
        };
        let alarms = match &self.alarms_scale_out {
            Read::Absent => false,
            Read::Wrong => true,
            Read::Given(names, _) => !names.is_empty(),
        };
        let others = [&self.engine_cpu, &self.network, &self.evictions];
        memory || alarms || others.into_iter().any(|read| *read != Read::Absent)
    }
}

impl FleetDraft {
    /// What is kept for people cannot be more than there is.
    pub(super) fn check(&self, walk: &mut Walk) {
        let fleet = self.finish();
        let (all, kept) = (fleet.test_failovers_per_day, fleet.test_failover_reserve);
        if kept <= all || self.reserve == Read::Wrong || self.test_failovers == Read::Wrong {
            return;
        }
        let fix = match self.reserve {
            Read::Given(..) => format!("write at most {all}"),
            Read::Absent | Read::Wrong => {
                format!("write `test_failover_reserve` too, at most {all}")
            }
        };
        let message =
            format!("`test_failover_reserve` {kept} is more than `test_failovers_per_day` {all}");
        let at = first_place([&self.reserve, &self.test_failovers, &self.reserve]);
        walk.wrong(&at, message, fix);
    }
}

/// Whether a list of alarms has a name.
pub(super) fn has(names: &Read<Names>, name: &str) -> bool {
    let mut names = names.value().into_iter().flatten();
    names.any(|(other, _)| other == name)
}

/// The place of the first value that is given.
pub(super) fn first_place<T: Clone>(reads: [&Read<T>; 3]) -> Range<usize> {
    let mut given = reads.into_iter().filter_map(Read::given);
    given.next().map_or(0..0, |(_, at)| at.clone())
}
