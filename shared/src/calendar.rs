//! Windows that people put in a calendar: days and times in a time zone of theirs, daylight-saving changes included.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A time span that returns, on the wall clock of one time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarWindow {
    /// What people call it; unique among the windows of a target.
    pub name: String,
    /// Whose wall clock counts.
    pub time_zone: Tz,
    /// The days it opens on; a window that passes midnight belongs to the day it opened on.
    pub days: Vec<Weekday>,
    /// When it opens.
    pub from: NaiveTime,
    /// When it closes, itself outside. Not after `from`: on the next day. Equal to `from`: a whole day long.
    pub to: NaiveTime,
    /// The first and the last day it may open on, both included. `None`: every year, all year.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// The least shards while it is open. `None`: the target's own minimum.
    pub min_shards: Option<u32>,
    /// What rests while it is open.
    pub freeze: Freeze,
}

/// What rests while a window is open; the later, the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freeze {
    /// Nothing.
    #[default]
    None,
    /// Scale-ins.
    ScaleIn,
    /// Every change, growth too.
    All,
}

impl CalendarWindow {
    /// Whether the window is open at an instant.
    ///
    /// The instant is converted to local time, which always exists and is unique, and its wall clock is compared; local
    /// times are never converted back. So in spring a window, or the part of one, that lies in the skipped hour does not
    /// happen that day, and in autumn one that lies in the repeated hour is open both times.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.time_zone).naive_local();
        let (day, time) = (local.date(), local.time());
        let passes_midnight = self.to <= self.from;
        let since_today = time >= self.from && (passes_midnight || time < self.to);
        let since_yesterday = passes_midnight && time < self.to;
        (since_today && self.opens_on(day))
            || (since_yesterday && day.pred_opt().is_some_and(|day| self.opens_on(day)))
    }

    /// Whether the window opens on a local day.
    pub fn opens_on(&self, day: NaiveDate) -> bool {
        let dated = self
            .dates
            .is_none_or(|(first, last)| (first..=last).contains(&day));
        dated && self.days.contains(&day.weekday())
    }

    /// Whether the window never closes.
    pub fn is_always_open(&self) -> bool {
        self.from == self.to && self.dates.is_none() && self.opens_every_day()
    }

    fn opens_every_day(&self) -> bool {
        EVERY_DAY.iter().all(|day| self.days.contains(day))
    }
}

/// The days of a week.
pub const EVERY_DAY: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::ScaleIn => "scale_in",
            Self::All => "all",
        })
    }
}

impl fmt::Display for CalendarWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<String> = self.days.iter().map(Weekday::to_string).collect();
        let times = match (self.from, self.to) {
            (NaiveTime::MIN, NaiveTime::MIN) => "all day".to_owned(),
            (from, to) => format!("{} to {}", from.format("%H:%M"), to.format("%H:%M")),
        };
        match (self.opens_every_day(), self.dates) {
            (true, Some(_)) => f.write_str(&times)?,
            (true, None) => write!(f, "daily, {times}")?,
            (false, _) => write!(f, "{}, {times}", days.join(", "))?,
        }
        write!(f, " {}", self.time_zone)?;
        match self.dates {
            Some((first, last)) if first == last => write!(f, ", {first}")?,
            Some((first, last)) => write!(f, ", {first} to {last}")?,
            None => {}
        }
        if let Some(shards) = self.min_shards {
            write!(f, "; min_shards {shards}")?;
        }
        match self.freeze {
            Freeze::None => Ok(()),
            Freeze::ScaleIn | Freeze::All => write!(f, "; freeze {}", self.freeze),
        }
    }
}

#[cfg(test)]
mod tests;
