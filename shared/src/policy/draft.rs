//! One entry of the policy file as written, and how it becomes a [`ReshardPolicy`] with what it inherits.

use std::ops::Range;
use std::time::Duration;

use super::keys::{self, Key};
use super::walk::{Read, Section, Walk};
use super::{Alarms, Apply, Headroom, MemoryTarget, Pace, ReshardPolicy, Targets, names};

/// Names with the place of each.
type Names = Vec<(String, Range<usize>)>;

/// The keys that an entry and `[defaults]` share, as one of the two has them.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    apply: Read<Apply>,
    min_shards: Read<u32>,
    max_shards: Read<u32>,
    node_quota: Read<u32>,
    window: Read<u32>,
    stale_after: Read<u32>,
    engine_cpu: Read<f64>,
    memory: Read<MemoryTarget>,
    alarms_scale_out: Read<Names>,
    alarms_stop: Read<Names>,
    out_step: Read<u32>,
    out_cooldown: Read<u32>,
    in_step: Read<u32>,
    in_cooldown: Read<u32>,
    stabilization: Read<u32>,
    free_ratio: Read<f64>,
    percent_after: Read<f64>,
}

impl Draft {
    /// Reads the shared keys of a table.
    pub(super) fn read(walk: &mut Walk, section: &Section<'_, '_>) -> Self {
        let targets = walk.section(section, &keys::TARGETS);
        let alarms = walk.section(section, &keys::ALARMS);
        let scale_out = walk.section(section, &keys::SCALE_OUT);
        let scale_in = walk.section(section, &keys::SCALE_IN);
        let headroom = walk.section(section, &keys::HEADROOM);
        Self {
            apply: read_apply(walk, section),
            min_shards: walk.whole(section, &keys::MIN_SHARDS),
            max_shards: walk.whole(section, &keys::MAX_SHARDS),
            node_quota: walk.whole(section, &keys::NODES),
            window: walk.whole(section, &keys::WINDOW),
            stale_after: walk.whole(section, &keys::STALE_AFTER),
            engine_cpu: within(&targets, |table| walk.number(table, &keys::ENGINE_CPU)),
            memory: within(&targets, |table| read_memory(walk, table)),
            alarms_scale_out: within(&alarms, |table| {
                read_alarms(walk, table, &keys::ALARMS_SCALE_OUT)
            }),
            alarms_stop: within(&alarms, |table| {
                read_alarms(walk, table, &keys::ALARMS_STOP)
            }),
            out_step: within(&scale_out, |table| walk.whole(table, &keys::OUT_STEP)),
            out_cooldown: within(&scale_out, |table| walk.whole(table, &keys::OUT_COOLDOWN)),
            in_step: within(&scale_in, |table| walk.whole(table, &keys::IN_STEP)),
            in_cooldown: within(&scale_in, |table| walk.whole(table, &keys::IN_COOLDOWN)),
            stabilization: within(&scale_in, |table| walk.whole(table, &keys::STABILIZATION)),
            free_ratio: within(&headroom, |table| walk.number(table, &keys::FREE_RATIO)),
            percent_after: within(&headroom, |table| walk.number(table, &keys::PERCENT_AFTER)),
        }
    }

    /// A draft that says nothing.
    pub(super) fn silent() -> Self {
        Self {
            apply: Read::Absent,
            min_shards: Read::Absent,
            max_shards: Read::Absent,
            node_quota: Read::Absent,
            window: Read::Absent,
            stale_after: Read::Absent,
            engine_cpu: Read::Absent,
            memory: Read::Absent,
            alarms_scale_out: Read::Absent,
            alarms_stop: Read::Absent,
            out_step: Read::Absent,
            out_cooldown: Read::Absent,
            in_step: Read::Absent,
            in_cooldown: Read::Absent,
            stabilization: Read::Absent,
            free_ratio: Read::Absent,
            percent_after: Read::Absent,
        }
    }

    /// This draft where it says something, the other where it does not: key by key.
    pub(super) fn inherit(&self, other: &Self) -> Self {
        Self {
            apply: self.apply.or(&other.apply),
            min_shards: self.min_shards.or(&other.min_shards),
            max_shards: self.max_shards.or(&other.max_shards),
            node_quota: self.node_quota.or(&other.node_quota),
            window: self.window.or(&other.window),
            stale_after: self.stale_after.or(&other.stale_after),
            engine_cpu: self.engine_cpu.or(&other.engine_cpu),
            memory: self.memory.or(&other.memory),
            alarms_scale_out: self.alarms_scale_out.or(&other.alarms_scale_out),
            alarms_stop: self.alarms_stop.or(&other.alarms_stop),
            out_step: self.out_step.or(&other.out_step),
            out_cooldown: self.out_cooldown.or(&other.out_cooldown),
            in_step: self.in_step.or(&other.in_step),
            in_cooldown: self.in_cooldown.or(&other.in_cooldown),
            stabilization: self.stabilization.or(&other.stabilization),
            free_ratio: self.free_ratio.or(&other.free_ratio),
            percent_after: self.percent_after.or(&other.percent_after),
        }
    }

    /// Notes what an entry is missing after it inherited, and values that are possible one by one but not together. These are
    /// drawn where the entry itself writes one of them: the default may suit every other entry.
    pub(super) fn check(&self, defaults: &Self, walk: &mut Walk, entry: &Range<usize>) {
        let all = self.inherit(defaults);
        for (read, key) in [
            (&all.min_shards, &keys::MIN_SHARDS),
            (&all.max_shards, &keys::MAX_SHARDS),
        ] {
            require(walk, read, key, entry);
        }
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
        all.check_alarms(walk);
        if !all.can_ask_for_growth() {
            walk.missing(
                entry,
                "nothing here can ask for a scale-out",
                "give `targets.engine_cpu`, `targets.memory` with `evicts = false`, or `alarms.scale_out`",
            );
        }
    }

    fn check_alarms(&self, walk: &mut Walk) {
        let stop = self.alarms_stop.value();
        for (name, at) in self.alarms_scale_out.value().into_iter().flatten() {
            if stop.into_iter().flatten().any(|(stop, _)| stop == name) {
                walk.wrong(
                    at,
                    format!("alarm \"{name}\" asks for a scale-out and stops every change"),
                    "name it in one of `scale_out` and `stop`",
                );
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
        memory || alarms || self.engine_cpu != Read::Absent
    }

    /// The entry itself. `None`: a required key has no value (noted as a slip before).
    pub(super) fn finish(&self, replication_group: &str) -> Option<ReshardPolicy> {
        let (min, max) = (self.min_shards.value()?, self.max_shards.value()?);
        let mut policy = ReshardPolicy::defaults(replication_group, *min, *max);
        set(&mut policy.apply, self.apply.value().copied());
        set(&mut policy.node_quota, self.node_quota.value().copied());
        set(&mut policy.window, minutes_in(&self.window));
        set(&mut policy.stale_after, minutes_in(&self.stale_after));
        set(&mut policy.stabilization, minutes_in(&self.stabilization));
        set(
            &mut policy.scale_out.max_step,
            self.out_step.value().copied(),
        );
        set(
            &mut policy.scale_out.cooldown,
            minutes_in(&self.out_cooldown),
        );
        set(&mut policy.scale_in.max_step, self.in_step.value().copied());
        set(&mut policy.scale_in.cooldown, minutes_in(&self.in_cooldown));
        set(
            &mut policy.headroom.free_ratio,
            self.free_ratio.value().copied(),
        );
        set(
            &mut policy.headroom.max_memory_percent,
            self.percent_after.value().copied(),
        );
        policy.targets = Targets {
            engine_cpu: self.engine_cpu.value().copied(),
            memory: self.memory.value().copied(),
        };
        policy.alarms = Alarms {
            scale_out: plain(&self.alarms_scale_out),
            stop: plain(&self.alarms_stop),
        };
        Some(policy)
    }
}

impl ReshardPolicy {
    /// An entry with these bounds, no target, no alarm, and the documented default for everything else.
    pub fn defaults(replication_group: &str, min_shards: u32, max_shards: u32) -> Self {
        Self {
            replication_group: replication_group.to_owned(),
            apply: Apply::default(),
            min_shards,
            max_shards,
            node_quota: keys::NODE_QUOTA,
            targets: Targets::default(),
            alarms: Alarms::default(),
            scale_out: Pace {
                max_step: keys::OUT_MAX_STEP,
                cooldown: minutes(keys::OUT_COOLDOWN_MINUTES),
            },
            scale_in: Pace {
                max_step: keys::IN_MAX_STEP,
                cooldown: minutes(keys::IN_COOLDOWN_MINUTES),
            },
            stabilization: minutes(keys::STABILIZATION_MINUTES),
            window: minutes(keys::WINDOW_MINUTES),
            stale_after: minutes(keys::STALE_AFTER_MINUTES),
            headroom: Headroom {
                free_ratio: keys::FREE_MEMORY_RATIO,
                max_memory_percent: keys::MAX_MEMORY_PERCENT_AFTER,
            },
        }
    }
}

/// Notes a required key that is absent, at the header of the table that should have it.
pub(super) fn require<T>(walk: &mut Walk, read: &Read<T>, key: &Key, table: &Range<usize>) {
    if matches!(read, Read::Absent) {
        let leaf = key.leaf();
        walk.missing(
            table,
            format!("`{leaf}` is missing"),
            format!("add `{leaf}`: {}", key.takes),
        );
    }
}

fn read_apply(walk: &mut Walk, section: &Section<'_, '_>) -> Read<Apply> {
    match walk.text(section, &keys::APPLY) {
        Read::Absent => Read::Absent,
        Read::Wrong => Read::Wrong,
        Read::Given(word, at) => match word.as_str() {
            "none" => Read::Given(Apply::None, at),
            "out" => Read::Given(Apply::Out, at),
            "all" => Read::Given(Apply::All, at),
            other => {
                let takes = keys::APPLY.takes;
                walk.wrong(
                    &at,
                    format!("`apply` cannot be \"{other}\""),
                    format!("write {takes}"),
                );
                Read::Wrong
            }
        },
    }
}

/// Both keys of the memory target stand together: whether a full cache is healthy decides what a percentage means.
fn read_memory(walk: &mut Walk, targets: &Section<'_, '_>) -> Read<MemoryTarget> {
    let table = match walk.section(targets, &keys::MEMORY) {
        Read::Absent => return Read::Absent,
        Read::Wrong => return Read::Wrong,
        Read::Given(table, _) => table,
    };
    let percent = walk.number(&table, &keys::MEMORY_PERCENT);
    let evicts = walk.flag(&table, &keys::MEMORY_EVICTS);
    require(walk, &percent, &keys::MEMORY_PERCENT, &table.at);
    require(walk, &evicts, &keys::MEMORY_EVICTS, &table.at);
    match (percent, evicts) {
        (Read::Given(percent, _), Read::Given(evicts, _)) => {
            Read::Given(MemoryTarget { percent, evicts }, table.at)
        }
        (Read::Absent | Read::Wrong, _) | (_, Read::Absent | Read::Wrong) => Read::Wrong,
    }
}

fn read_alarms(walk: &mut Walk, section: &Section<'_, '_>, key: &Key) -> Read<Names> {
    let read = walk.texts(section, key);
    for (index, (name, at)) in read.value().into_iter().flatten().enumerate() {
        if let Some(refusal) = names::impossible_alarm(name) {
            walk.wrong(at, refusal.message, refusal.fix);
            continue;
        }
        let mut before = read.value().into_iter().flatten().take(index);
        if before.any(|(earlier, _)| earlier == name) {
            let message = format!("alarm \"{name}\" is named twice in `{}`", key.leaf());
            walk.wrong(at, message, "name it once");
        }
    }
    read
}

/// The place of the first value that is given.
fn first_place(reads: [&Read<u32>; 3]) -> Range<usize> {
    let mut given = reads.into_iter().filter_map(Read::given);
    given.next().map_or(0..0, |(_, at)| at.clone())
}

/// What a closure reads in a table that may not be there.
fn within<T>(
    table: &Read<Section<'_, '_>>,
    read: impl FnOnce(&Section<'_, '_>) -> Read<T>,
) -> Read<T> {
    match table {
        Read::Absent => Read::Absent,
        Read::Wrong => Read::Wrong,
        Read::Given(table, _) => read(table),
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn plain(names: &Read<Names>) -> Vec<String> {
    let names = names.value().into_iter().flatten();
    names.map(|(name, _)| name.clone()).collect()
}

fn minutes_in(read: &Read<u32>) -> Option<Duration> {
    read.value().copied().map(minutes)
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(60 * u64::from(count))
}
