//! Values as a person would write them in the file.

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

use super::read::Names;
use super::windows::{WrittenWindow, short};
use super::{Apply, CpuGate, FailoverApply, MemoryTarget, OnReplacement};

/// A value as a person would write it.
pub(super) trait Spelled {
    /// The spelling.
    fn spelled(&self) -> String;
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

impl Spelled for FailoverApply {
    fn spelled(&self) -> String {
        match self {
            Self::None => "\"none\"",
            Self::All => "\"all\"",
        }
        .to_owned()
    }
}

impl Spelled for OnReplacement {
    fn spelled(&self) -> String {
        match self {
            Self::Freeze => "\"freeze\"",
            Self::Move => "\"move\"",
        }
        .to_owned()
    }
}

impl Spelled for Tz {
    fn spelled(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Spelled for Vec<Weekday> {
    fn spelled(&self) -> String {
        let days: Vec<String> = self
            .iter()
            .map(|day| format!("{:?}", short(*day)))
            .collect();
        format!("[{}]", days.join(", "))
    }
}

impl Spelled for NaiveTime {
    fn spelled(&self) -> String {
        format!("\"{}\"", self.format("%H:%M"))
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
