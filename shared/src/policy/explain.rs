//! The effective policy of one target, and where each value comes from.

use std::fmt;
use std::ops::Range;

use super::draft::Written;
use super::failover::{FailoverEntry, Kind};
use super::file::{Entry, PolicyFile};
use super::windows::WrittenWindow;
use super::{is_exact, keys, matching};

/// A value that is longer, such as a list of alarms, stands out of its column instead of pushing every origin off the screen.
const WIDEST: usize = 44;

/// The effective policy of one target. `Display` is a table for each kind of entries that names it, and one of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The target: the id of a replication group, of a Neptune cluster, or of both.
    pub target: String,
    /// The file's name.
    pub file: String,
    /// The governing entries, one for each kind that names the target; at least one.
    pub entries: Vec<ExplainedEntry>,
    /// Every value of `[fleet]`, in the order of `docs/policy.md`.
    pub fleet: Vec<Explained>,
}

/// The entry of one kind that governs a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedEntry {
    /// The kind, as the file writes it in double brackets.
    pub kind: &'static str,
    /// The entry: its id or glob.
    pub entry: String,
    /// The line of that id or glob, from 1.
    pub line: usize,
    /// Entries of the kind that match the target too, and have no say: id or glob, and line. The nearest to governing first.
    pub passed_over: Vec<(String, usize)>,
    /// Every value, in the order of `docs/policy.md`.
    pub values: Vec<Explained>,
}

/// One value of an effective policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The key as an entry writes it, such as `scale_in.max_step`; the fleet's with its table, such as
    /// `fleet.max_changes_per_pass`. For a window of `[[reshard]]` `windows` and its name.
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
    pub fn explain(&self, target: &str) -> Option<Explanation> {
        let target = target.to_ascii_lowercase();
        let failovers = Kind::ALL.into_iter();
        let failovers = failovers.filter_map(|kind| self.explain_failovers(kind, &target));
        let entries: Vec<ExplainedEntry> = self
            .explain_reshard(&target)
            .into_iter()
            .chain(failovers)
            .collect();
        if entries.is_empty() {
            return None;
        }
        let fleet = self.fleet.written().into_iter();
        Some(Explanation {
            target,
            file: self.name.clone(),
            entries,
            fleet: fleet
                .map(|written| self.explained(written, "", |line| Origin::Fleet { line }))
                .collect(),
        })
    }

    fn explain_reshard(&self, target: &str) -> Option<ExplainedEntry> {
        let kind = keys::RESHARD.path;
        let globs = self.entries.iter();
        let globs = globs.map(|entry| (entry.group.as_str(), &entry.group_at));
        self.explain_entry(kind, target, globs.collect(), |place| {
            self.entries.get(place).map(|entry| self.values(entry))
        })
    }

    fn explain_failovers(&self, kind: Kind, target: &str) -> Option<ExplainedEntry> {
        let entries: Vec<&FailoverEntry> = self.failovers_of(kind).collect();
        let globs = entries.iter();
        let globs = globs.map(|entry| (entry.policy.target.as_str(), &entry.target_at));
        let keys = kind.keys();
        self.explain_entry(keys.entries.path, target, globs.collect(), |place| {
            let written = entries.get(place)?.draft.written(keys).into_iter();
            let values = written.map(|written| {
                self.explained(written, keys.entries.path, |line| Origin::Entry { line })
            });
            Some(values.collect())
        })
    }

    /// The entry of a kind that governs a target, with the `values` of the entry at its place among those of the kind.
    fn explain_entry(
        &self,
        kind: &'static str,
        target: &str,
        globs: Vec<(&str, &Range<usize>)>,
        values: impl FnOnce(usize) -> Option<Vec<Explained>>,
    ) -> Option<ExplainedEntry> {
        let found = matching(globs.iter().map(|(glob, _)| *glob), target);
        let governing = *found.first()?;
        let mut matched = found
            .iter()
            .filter_map(|&place| globs.get(place))
            .map(|(glob, at)| ((*glob).to_owned(), self.line(at)));
        let (entry, line) = matched.next()?;
        Some(ExplainedEntry {
            kind,
            entry,
            line,
            passed_over: matched.collect(),
            values: values(governing)?,
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
                self.explained(written, keys::RESHARD.path, |line| origin(is_own, line))
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

    /// One value; `kind` is the part of the key's path that is left out.
    fn explained(
        &self,
        written: Written,
        kind: &str,
        origin: impl FnOnce(usize) -> Origin,
    ) -> Explained {
        let path = written.key.path;
        let key = path.strip_prefix(kind).unwrap_or(path);
        let key = key.trim_start_matches('.').to_owned();
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
        for explained in &self.entries {
            let ExplainedEntry {
                kind, entry, line, ..
            } = explained;
            let form = if is_exact(entry) {
                "an exact id"
            } else {
                "a glob"
            };
            let (target, file) = (&self.target, &self.file);
            writeln!(
                f,
                "{target}: governed by [[{kind}]] \"{entry}\", {form} ({file}:{line})"
            )?;
            for (other, line) in &explained.passed_over {
                writeln!(
                    f,
                    "also matched by \"{other}\" ({file}:{line}), which has no say"
                )?;
            }
            writeln!(f)?;
            rows(f, &explained.values)?;
            writeln!(f)?;
        }
        writeln!(f, "and by [fleet], with all other targets")?;
        writeln!(f)?;
        rows(f, &self.fleet)
    }
}

/// Values as a table.
fn rows(f: &mut fmt::Formatter<'_>, values: &[Explained]) -> fmt::Result {
    let widths = |text: fn(&Explained) -> &str| {
        let widths = values.iter().map(move |row| text(row).chars().count());
        widths
            .filter(|width| *width <= WIDEST)
            .max()
            .unwrap_or_default()
    };
    let (key, value) = (widths(|row| &row.key), widths(|row| &row.value));
    writeln!(f, "{:key$}  {:value$}  from", "key", "value")?;
    for row in values {
        writeln!(f, "{:key$}  {:value$}  {}", row.key, row.value, row.origin)?;
    }
    Ok(())
}
