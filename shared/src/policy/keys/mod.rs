//! Every key of the policy file: what it takes, and what holds when it is absent.
//!
//! The parser reads ranges and defaults from here, the schema for editors is made of it and the documentation is tested
//! against it, so the four cannot drift.

mod failover;
mod numbers;
mod table;

use std::fmt;

pub(super) use failover::{
    DrillKeys, FAILOVER_DB_CLUSTER, FAILOVER_SHARD, FailoverKeys, PROMOTE_REPLICA,
};
pub(super) use numbers::*;
pub use table::KEYS;
pub(super) use table::*;

/// A key of the policy file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its place, dotted. `reshard` stands for every entry of that kind, and `[defaults]` takes the same keys except
    /// `replication_group`; `failover_shard`, `failover_db_cluster` and `promote_replica` stand for every entry of theirs.
    pub path: &'static str,
    /// What it means, with the unit; one or two sentences of Markdown. Editors show it, `docs/policy.md` repeats it.
    pub meaning: &'static str,
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
    /// The id of a replication group or a Neptune cluster, or a glob with `*` and `?`.
    Id,
    /// Names of alarms.
    Names,
    /// A name that people give.
    Name,
    /// The name of a time zone.
    Zone,
    /// Days of the week.
    Days,
    /// A time of day.
    Time {
        /// Whether it may be the end of the day, 24:00.
        day_end: bool,
    },
    /// One date, or a first and a last.
    Dates,
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
    /// `true` or `false`.
    Flag(bool),
    /// What these words say.
    Said(&'static str),
}

impl Key {
    /// The last part of the path: the key as it is written in its table.
    pub fn leaf(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The kind of entries that the key belongs to: the first part of its path.
    pub(super) fn kind(&self) -> &'static str {
        kind(self.path)
    }

    /// The path of the table that the key is written in; empty for the file's top.
    pub fn table(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }
}

/// The first part of a path.
pub(super) fn kind(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

impl Takes {
    /// The range of a number; unbounded for everything else.
    pub(super) fn bounds(self) -> (f64, f64) {
        match self {
            Self::Whole { min, max } => (f64::from(min), f64::from(max)),
            Self::Number { min, max } => (min, max),
            Self::Percent => (1.0, 100.0),
            Self::Table
            | Self::Tables
            | Self::Flag
            | Self::Word(_)
            | Self::Id
            | Self::Names
            | Self::Name
            | Self::Zone
            | Self::Days
            | Self::Time { .. }
            | Self::Dates => (f64::NEG_INFINITY, f64::INFINITY),
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
            Self::Name => f.write_str("a name"),
            Self::Zone => f.write_str("an IANA time zone"),
            Self::Days => f.write_str("a list of days, \"mon\" to \"sun\""),
            Self::Time { day_end: false } => f.write_str("a time of day, \"HH:MM\""),
            Self::Time { day_end: true } => f.write_str("a time of day, \"HH:MM\" or \"24:00\""),
            Self::Dates => f.write_str("a list of one or two dates, \"YYYY-MM-DD\""),
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
            Self::Flag(value) => write!(f, "{value}"),
            Self::Said(words) => f.write_str(words),
        }
    }
}
