//! Every key of the policy file: what it takes, and what holds when it is absent.
//!
//! The parser reads ranges and defaults from here and the documentation is tested against it, so the three cannot drift.

use std::fmt;

/// A key of the policy file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its place, dotted. `reshard` stands for every entry; `[defaults]` takes the same keys except `replication_group`.
    pub path: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What holds when neither the entry nor `[defaults]` has it.
    pub absent: Absent,
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Takes {
    /// A table of further keys.
    Table,
    /// An array of tables: `[[…]]`.
    Tables,
    /// A whole number in a range, both ends included.
    Whole {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
    /// A number in a range, both ends included.
    Number {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// A percentage, from 1 to 100: under 1 the author most likely wrote a ratio.
    Percent,
    /// `true` or `false`.
    Flag,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// The id of a replication group, or a glob with `*` and `?`.
    Id,
    /// Names of alarms.
    Names,
}

/// What holds when a key is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Absent {
    /// The file is refused.
    Required,
    /// The key has no say.
    Silent,
    /// This whole number.
    Whole(u32),
    /// This number.
    Number(f64),
    /// This word.
    Word(&'static str),
}

impl Key {
    /// The last part of the path: the key as it is written in its table.
    pub fn leaf(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path of the table that the key is written in; empty for the file's top.
    pub fn table(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }
}

impl Takes {
    /// The range of a number; unbounded for everything else.
    pub(super) fn bounds(self) -> (f64, f64) {
        match self {
            Self::Whole { min, max } => (f64::from(min), f64::from(max)),
            Self::Number { min, max } => (min, max),
            Self::Percent => (1.0, 100.0),
            Self::Table | Self::Tables | Self::Flag | Self::Word(_) | Self::Id | Self::Names => {
                (f64::NEG_INFINITY, f64::INFINITY)
            }
        }
    }
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.write_str("a table"),
            Self::Tables => f.write_str("an array of tables"),
            Self::Whole { min, max } if min == max => write!(f, "{min}"),
            Self::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Number { min, max } => write!(f, "a number from {min} to {max}"),
            Self::Percent => f.write_str("a percentage from 1 to 100"),
            Self::Flag => f.write_str("true or false"),
            Self::Word(words) => {
                for (index, word) in words.iter().enumerate() {
                    let joint = match index {
                        0 => "",
                        last if last + 1 == words.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{joint}\"{word}\"")?;
                }
                Ok(())
            }
            Self::Id => f.write_str("an id or a glob"),
            Self::Names => f.write_str("a list of alarm names"),
        }
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::Silent => f.write_str("none"),
            Self::Whole(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Word(word) => write!(f, "\"{word}\""),
        }
    }
}

/// AWS's default quota of nodes per cluster; more is granted on request, up to 500.
pub(super) const NODE_QUOTA: u32 = 90;

/// Node metrics come once a minute: five samples see past a burst of one minute, and are still short beside a reshard,
/// which moves slots for many minutes.
pub(super) const WINDOW_MINUTES: u32 = 5;

/// Twice the default schedule. CloudWatch may show a sample minutes late, which is not silence; a sample older than this says
/// nothing of the present load.
pub(super) const STALE_AFTER_MINUTES: u32 = 10;

/// Growth comes late by nature, so it may take two shards at once; a larger step moves so many slots that the migration
/// itself weighs on shards that are already hot.
pub(super) const OUT_MAX_STEP: u32 = 2;

/// One averaging window to fill with samples of the new shape, and as much again for late metrics: earlier, the next decision
/// would read the load from before the change.
pub(super) const OUT_COOLDOWN_MINUTES: u32 = 10;

/// One at a time: a shard too many costs money, a shard too few costs an outage.
pub(super) const IN_MAX_STEP: u32 = 1;

/// Three times the pace of growth, so that a group that breathes every few minutes does not follow its breath.
pub(super) const IN_COOLDOWN_MINUTES: u32 = 30;

/// Longer than the usual lull between two peaks of one busy hour.
pub(super) const STABILIZATION_MINUTES: u32 = 30;

/// AWS advises that shards which stay have at least 1.5 times the memory free that they will receive.
pub(super) const FREE_MEMORY_RATIO: f64 = 1.5;

/// Leaves three tenths of a node for what resharding and replication themselves need, and for growth until the next pass.
pub(super) const MAX_MEMORY_PERCENT_AFTER: f64 = 70.0;

/// A ratio below 1 would drain more into the shards that stay than they have free.
const LEAST_FREE_MEMORY_RATIO: f64 = 1.0;

/// A week: what is meant to rest longer should be `apply = "none"`.
const LONGEST_COOLDOWN_MINUTES: u32 = 7 * 24 * 60;

/// A day of one-minute samples, a whole turn of the usual load.
const LONGEST_STABILIZATION_MINUTES: u32 = 24 * 60;

/// Load older than an hour is no reason to grow now.
const LONGEST_WINDOW_MINUTES: u32 = 60;

/// The most nodes, and so the most shards, that AWS grants a cluster.
const MOST_NODES: u32 = 500;

const SHARDS: Takes = Takes::Whole {
    min: 1,
    max: MOST_NODES,
};

const COOLDOWN: Takes = Takes::Whole {
    min: 0,
    max: LONGEST_COOLDOWN_MINUTES,
};

const fn key(path: &'static str, takes: Takes, absent: Absent) -> Key {
    Key {
        path,
        takes,
        absent,
    }
}

pub(super) const VERSION: Key = key("version", Takes::Whole { min: 1, max: 1 }, Absent::Required);
pub(super) const DEFAULTS: Key = key("defaults", Takes::Table, Absent::Silent);
pub(super) const RESHARD: Key = key("reshard", Takes::Tables, Absent::Required);
pub(super) const REPLICATION_GROUP: Key =
    key("reshard.replication_group", Takes::Id, Absent::Required);
pub(super) const APPLY: Key = key(
    "reshard.apply",
    Takes::Word(&["none", "out", "all"]),
    Absent::Word("none"),
);
pub(super) const MIN_SHARDS: Key = key("reshard.min_shards", SHARDS, Absent::Required);
pub(super) const MAX_SHARDS: Key = key("reshard.max_shards", SHARDS, Absent::Required);
pub(super) const NODES: Key = key("reshard.node_quota", SHARDS, Absent::Whole(NODE_QUOTA));
pub(super) const WINDOW: Key = key(
    "reshard.window_minutes",
    Takes::Whole {
        min: 1,
        max: LONGEST_WINDOW_MINUTES,
    },
    Absent::Whole(WINDOW_MINUTES),
);
pub(super) const STALE_AFTER: Key = key(
    "reshard.stale_after_minutes",
    Takes::Whole {
        min: 1,
        max: LONGEST_WINDOW_MINUTES,
    },
    Absent::Whole(STALE_AFTER_MINUTES),
);
pub(super) const TARGETS: Key = key("reshard.targets", Takes::Table, Absent::Silent);
pub(super) const ENGINE_CPU: Key =
    key("reshard.targets.engine_cpu", Takes::Percent, Absent::Silent);
pub(super) const MEMORY: Key = key("reshard.targets.memory", Takes::Table, Absent::Silent);
pub(super) const MEMORY_PERCENT: Key = key(
    "reshard.targets.memory.percent",
    Takes::Percent,
    Absent::Required,
);
pub(super) const MEMORY_EVICTS: Key = key(
    "reshard.targets.memory.evicts",
    Takes::Flag,
    Absent::Required,
);
pub(super) const ALARMS: Key = key("reshard.alarms", Takes::Table, Absent::Silent);
pub(super) const ALARMS_SCALE_OUT: Key =
    key("reshard.alarms.scale_out", Takes::Names, Absent::Silent);
pub(super) const ALARMS_STOP: Key = key("reshard.alarms.stop", Takes::Names, Absent::Silent);
pub(super) const SCALE_OUT: Key = key("reshard.scale_out", Takes::Table, Absent::Silent);
pub(super) const OUT_STEP: Key = key(
    "reshard.scale_out.max_step",
    SHARDS,
    Absent::Whole(OUT_MAX_STEP),
);
pub(super) const OUT_COOLDOWN: Key = key(
    "reshard.scale_out.cooldown_minutes",
    COOLDOWN,
    Absent::Whole(OUT_COOLDOWN_MINUTES),
);
pub(super) const SCALE_IN: Key = key("reshard.scale_in", Takes::Table, Absent::Silent);
pub(super) const IN_STEP: Key = key(
    "reshard.scale_in.max_step",
    SHARDS,
    Absent::Whole(IN_MAX_STEP),
);
pub(super) const IN_COOLDOWN: Key = key(
    "reshard.scale_in.cooldown_minutes",
    COOLDOWN,
    Absent::Whole(IN_COOLDOWN_MINUTES),
);
pub(super) const STABILIZATION: Key = key(
    "reshard.scale_in.stabilization_minutes",
    Takes::Whole {
        min: 1,
        max: LONGEST_STABILIZATION_MINUTES,
    },
    Absent::Whole(STABILIZATION_MINUTES),
);
pub(super) const HEADROOM: Key = key("reshard.headroom", Takes::Table, Absent::Silent);
pub(super) const FREE_RATIO: Key = key(
    "reshard.headroom.free_memory_ratio",
    Takes::Number {
        min: LEAST_FREE_MEMORY_RATIO,
        max: 100.0,
    },
    Absent::Number(FREE_MEMORY_RATIO),
);
pub(super) const PERCENT_AFTER: Key = key(
    "reshard.headroom.max_memory_percent_after",
    Takes::Percent,
    Absent::Number(MAX_MEMORY_PERCENT_AFTER),
);

/// Every key that the parser knows, in the order of the file.
pub const KEYS: &[Key] = &[
    VERSION,
    DEFAULTS,
    RESHARD,
    REPLICATION_GROUP,
    APPLY,
    MIN_SHARDS,
    MAX_SHARDS,
    NODES,
    WINDOW,
    STALE_AFTER,
    TARGETS,
    ENGINE_CPU,
    MEMORY,
    MEMORY_PERCENT,
    MEMORY_EVICTS,
    ALARMS,
    ALARMS_SCALE_OUT,
    ALARMS_STOP,
    SCALE_OUT,
    OUT_STEP,
    OUT_COOLDOWN,
    SCALE_IN,
    IN_STEP,
    IN_COOLDOWN,
    STABILIZATION,
    HEADROOM,
    FREE_RATIO,
    PERCENT_AFTER,
];
