//! Values of the policy file that are more than a number: words, the memory target, alarms.

use std::ops::Range;
use std::time::Duration;

use super::keys::{self, Key};
use super::walk::{Read, Section, Walk};
use super::{Apply, CpuGate, MemoryTarget, names};

/// Names with the place of each.
pub(super) type Names = Vec<(String, Range<usize>)>;

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

pub(super) fn read_apply(walk: &mut Walk, section: &Section<'_, '_>) -> Read<Apply> {
    walk.word(section, &keys::APPLY, |word| match word {
        "none" => Some(Apply::None),
        "out" => Some(Apply::Out),
        "all" => Some(Apply::All),
        _ => None,
    })
}

pub(super) fn read_cpu_gate(walk: &mut Walk, care: &Section<'_, '_>) -> Read<CpuGate> {
    walk.word(care, &keys::CPU_GATE, |word| match word {
        "act" => Some(CpuGate::Act),
        "wait" => Some(CpuGate::Wait),
        _ => None,
    })
}

/// Both keys of the memory target stand together: whether a full cache is healthy decides what a percentage means.
pub(super) fn read_memory(walk: &mut Walk, targets: &Section<'_, '_>) -> Read<MemoryTarget> {
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

pub(super) fn read_alarms(walk: &mut Walk, section: &Section<'_, '_>, key: &Key) -> Read<Names> {
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

/// What a closure reads in a table that may not be there.
pub(super) fn within<T>(
    table: &Read<Section<'_, '_>>,
    read: impl FnOnce(&Section<'_, '_>) -> Read<T>,
) -> Read<T> {
    match table {
        Read::Absent => Read::Absent,
        Read::Wrong => Read::Wrong,
        Read::Given(table, _) => read(table),
    }
}

/// Puts a value where one is given.
pub(super) fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The names alone.
pub(super) fn plain(names: &Read<Names>) -> Vec<String> {
    let names = names.value().into_iter().flatten();
    names.map(|(name, _)| name.clone()).collect()
}

pub(super) fn minutes_in(read: &Read<u32>) -> Option<Duration> {
    read.value().copied().map(minutes)
}

pub(super) fn minutes(count: u32) -> Duration {
    Duration::from_secs(60 * u64::from(count))
}
