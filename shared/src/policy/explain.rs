//! The effective policy of one target, and where each value comes from.

use std::fmt;
use std::ops::Range;

use super::draft::{Spelled, Written};
use super::file::{Entry, PolicyFile};
use super::read::Names;
use super::windows::WrittenWindow;
use super::{Apply, CpuGate, MemoryTarget, is_exact, keys, matching};
use crate::cluster::ReplicationGroupId;

/// A value that is longer, such as a list of alarms, stands out of its column instead of pushing every origin off the screen.
const WIDEST: usize = 44;

/// The effective policy of one target. `Display` is a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The target.
    pub replication_group: ReplicationGroupId,
    /// The file's name.
    pub file: String,
    /// The entry that governs the target: its id or glob.
    pub entry: String,
    /// The line of that id or glob, from 1.
    pub line: usize,
    /// Entries that match the target too, and have no say: id or glob, and line. The nearest to governing first.
    pub passed_over: Vec<(String, usize)>,
    /// Every value, in the order of `docs/policy.md`; the fleet's at the end.
    pub values: Vec<Explained>,
}

/// One value of an effective policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The key as an entry writes it, such as `scale_in.max_step`; the fleet's with its table, such as
    /// `fleet.max_changes_per_pass`. For a window `windows` and its name.
    pub key: String,
    /// The value as one would write it; for a window what it says.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from; lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The entry writes it.
    Entry {
        /// On this line.
        line: usize,
    },
    /// `[defaults]` has it.
    Defaults {
        /// On this line.
        line: usize,
    },
    /// `[fleet]` has it.
    Fleet {
        /// On this line.
        line: usize,
    },
    /// Nothing is written.
    BuiltIn,
}

impl PolicyFile {
    /// The effective policy of a target. `None`: no entry names it, so it is never touched.
    pub fn explain(&self, group: &ReplicationGroupId) -> Option<Explanation> {
        let globs = self.entries.iter().map(|entry| entry.group.as_str());
        let found = matching(globs, group.as_str());
        let mut found = found.iter().filter_map(|&place| self.entries.get(place));
        let entry = found.next()?;
        let passed_over = found
            .map(|other| (other.group.clone(), self.line(&other.group_at)))
            .collect();
        let mut values = self.values(entry);
        let fleet = self.fleet.written().into_iter().map(|written| {
            let origin = |line| Origin::Fleet { line };
            self.explained(written, origin)
        });
        values.extend(fleet);
        Some(Explanation {
            replication_group: group.clone(),
            file: self.name.clone(),
            entry: entry.group.clone(),
            line: self.line(&entry.group_at),
            passed_over,
            values,
        })
    }

    fn values(&self, entry: &Entry) -> Vec<Explained> {
        let own = entry.own.written();
        let whole = entry.whole.written();
        let pairs = own.into_iter().zip(whole);
        let mut values: Vec<Explained> = pairs
            .filter(|(_, written)| written.key != keys::WINDOWS)
            .map(|(own, written)| {
                let is_own = own.value.is_some();
                self.explained(written, |line| origin(is_own, line))
            })
            .collect();
        values.extend(self.windows(entry));
        values
    }

    /// One row for each window, or one that says that there is none.
    fn windows(&self, entry: &Entry) -> Vec<Explained> {
        let own = entry.own.windows.given().is_some();
        let row = |key: String, value: String, at: &Range<usize>| Explained {
            key,
            value,
            origin: origin(own, self.line(at)),
        };
        let none = keys::WINDOWS.absent.to_string();
        match entry.whole.windows.given() {
            None => vec![Explained {
                key: "windows".to_owned(),
                value: none,
                origin: Origin::BuiltIn,
            }],
            Some((windows, at)) if windows.is_empty() => vec![row("windows".to_owned(), none, at)],
            Some((windows, _)) => windows
                .iter()
                .map(|WrittenWindow { window, at, .. }| {
                    row(format!("windows {:?}", window.name), window.to_string(), at)
                })
                .collect(),
        }
    }

    fn explained(&self, written: Written, origin: impl FnOnce(usize) -> Origin) -> Explained {
        let path = written.key.path;
        let key = path.strip_prefix("reshard.").unwrap_or(path).to_owned();
        match written.value {
            Some((value, at)) => Explained {
                key,
                value,
                origin: origin(self.line(&at)),
            },
            None => Explained {
                key,
                value: written.key.absent.to_string(),
                origin: Origin::BuiltIn,
            },
        }
    }
}

fn origin(own: bool, line: usize) -> Origin {
    if own {
        Origin::Entry { line }
    } else {
        Origin::Defaults { line }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry { line } => write!(f, "entry, line {line}"),
            Self::Defaults { line } => write!(f, "[defaults], line {line}"),
            Self::Fleet { line } => write!(f, "[fleet], line {line}"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, entry, line) = (&self.replication_group, &self.entry, self.line);
        let kind = if is_exact(entry) {
            "an exact id"
        } else {
            "a glob"
        };
        writeln!(
            f,
            "{group}: governed by \"{entry}\", {kind} ({}:{line})",
            self.file
        )?;
        for (other, line) in &self.passed_over {
            writeln!(
                f,
                "also matched by \"{other}\" ({}:{line}), which has no say",
                self.file
            )?;
        }
        writeln!(f)?;
        let widths = |text: fn(&Explained) -> &str| {
            let widths = self.values.iter().map(move |row| text(row).chars().count());
            widths
                .filter(|width| *width <= WIDEST)
                .max()
                .unwrap_or_default()
        };
        let (key, value) = (widths(|row| &row.key), widths(|row| &row.value));
        writeln!(f, "{:key$}  {:value$}  from", "key", "value")?;
        for row in &self.values {
            writeln!(f, "{:key$}  {:value$}  {}", row.key, row.value, row.origin)?;
        }
        Ok(())
    }
}

impl Spelled for u32 {
    fn spelled(&self) -> String {
        self.to_string()
    }
}

impl Spelled for f64 {
    fn spelled(&self) -> String {
        self.to_string()
    }
}

impl Spelled for bool {
    fn spelled(&self) -> String {
        self.to_string()
    }
}

impl Spelled for Apply {
    fn spelled(&self) -> String {
        match self {
            Self::None => "\"none\"",
            Self::Out => "\"out\"",
            Self::All => "\"all\"",
        }
        .to_owned()
    }
}

impl Spelled for CpuGate {
    fn spelled(&self) -> String {
        match self {
            Self::Act => "\"act\"",
            Self::Wait => "\"wait\"",
        }
        .to_owned()
    }
}

impl Spelled for MemoryTarget {
    fn spelled(&self) -> String {
        let Self { percent, evicts } = self;
        format!("{{ percent = {percent}, evicts = {evicts} }}")
    }
}

impl Spelled for Names {
    fn spelled(&self) -> String {
        let names: Vec<String> = self.iter().map(|(name, _)| format!("{name:?}")).collect();
        format!("[{}]", names.join(", "))
    }
}

impl Spelled for Vec<WrittenWindow> {
    fn spelled(&self) -> String {
        let names: Vec<String> = self
            .iter()
            .map(|written| format!("{:?}", written.window.name))
            .collect();
        format!("[{}]", names.join(", "))
    }
}
