//! Calendar windows as written: every key of them, and what no window can be.

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

use super::keys::{self, Key, Takes};
use super::names;
use super::read::require;
use super::walk::{Read, Section, Walk};
use crate::calendar::{CalendarWindow, EVERY_DAY, Freeze};

/// The longest name that still fits a decision's sentence.
const LONGEST_NAME: usize = 60;

/// A window and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WrittenWindow {
    pub(super) window: CalendarWindow,
    /// Its header, or its braces.
    pub(super) at: Range<usize>,
    /// Its raised minimum; its header where there is none.
    pub(super) min_shards_at: Range<usize>,
}

/// The windows of an entry or of `[defaults]`; `above` is the header that belongs above each.
pub(super) fn read_windows(
    walk: &mut Walk,
    section: &Section<'_, '_>,
    above: &str,
) -> Read<Vec<WrittenWindow>> {
    let (tables, at) = match walk.sections(section, &keys::WINDOWS, above) {
        Read::Absent => return Read::Absent,
        Read::Wrong => return Read::Wrong,
        Read::Given(tables, at) => (tables, at),
    };
    let mut names = Vec::new();
    let windows = tables
        .iter()
        .filter_map(|table| read_window(walk, table, &mut names))
        .collect();
    Read::Given(windows, at)
}

/// One window. `None`: something of it is wrong, and noted.
fn read_window(
    walk: &mut Walk,
    table: &Section<'_, '_>,
    names: &mut Vec<String>,
) -> Option<WrittenWindow> {
    walk.refuse_unknown(table, keys::WINDOWS.path);
    let name = read_name(walk, table, names);
    let time_zone = read_zone(walk, table, &keys::WINDOW_ZONE);
    let days = read_days(walk, table, &keys::WINDOW_DAYS);
    let from = read_time(walk, table, &keys::WINDOW_FROM);
    let to = read_time(walk, table, &keys::WINDOW_TO);
    let dates = read_dates(walk, table);
    let min_shards = walk.whole(table, &keys::WINDOW_MIN);
    let freeze = walk.word(table, &keys::WINDOW_FREEZE, |word| match word {
        "none" => Some(Freeze::None),
        "scale_in" => Some(Freeze::ScaleIn),
        "all" => Some(Freeze::All),
        _ => None,
    });
    require(walk, &name, &keys::WINDOW_NAME, &table.at);
    require(walk, &time_zone, &keys::WINDOW_ZONE, &table.at);
    require_effect(walk, table, &min_shards, &freeze);
    let min_shards_at = min_shards.given().map_or(&table.at, |(_, at)| at).clone();
    let window = CalendarWindow {
        name: name.value()?.clone(),
        time_zone: *time_zone.value()?,
        days: or(days, EVERY_DAY.to_vec())?,
        from: or(from, NaiveTime::MIN)?,
        to: or(to, NaiveTime::MIN)?,
        dates: or(dates.clone().map(Some), None)?,
        min_shards: or(min_shards.map(Some), None)?,
        freeze: or(freeze, Freeze::None)?,
    };
    require_an_opening(walk, &window, &dates);
    Some(WrittenWindow {
        window,
        at: table.at.clone(),
        min_shards_at,
    })
}

/// The value, or what holds without one. `None`: what is written is wrong.
pub(super) fn or<T>(read: Read<T>, absent: T) -> Option<T> {
    match read {
        Read::Absent => Some(absent),
        Read::Wrong => None,
        Read::Given(value, _) => Some(value),
    }
}

fn read_name(walk: &mut Walk, table: &Section<'_, '_>, names: &mut Vec<String>) -> Read<String> {
    walk.parsed(table, &keys::WINDOW_NAME, |name| {
        if name.trim().is_empty() {
            let message = "the name of a window is empty".to_owned();
            return Err((message, "write a name, such as \"black-friday\"".to_owned()));
        }
        if name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
            let message = "the name of a window must fit into a sentence".to_owned();
            return Err((
                message,
                format!("write one line of at most {LONGEST_NAME} characters"),
            ));
        }
        if names.iter().any(|other| other == name) {
            let message = format!("a second window is called \"{name}\"");
            return Err((message, "give it a name of its own".to_owned()));
        }
        names.push(name.to_owned());
        Ok(name.to_owned())
    })
}

/// The name of a time zone.
pub(super) fn read_zone(walk: &mut Walk, table: &Section<'_, '_>, key: &Key) -> Read<Tz> {
    walk.parsed(table, key, |text| {
        text.parse().map_err(|_| {
            (
                format!("no time zone is called \"{text}\""),
                names::meant_zone(text),
            )
        })
    })
}

/// Days of the week, each once.
pub(super) fn read_days(walk: &mut Walk, table: &Section<'_, '_>, key: &Key) -> Read<Vec<Weekday>> {
    let (words, at) = match walk.texts(table, key) {
        Read::Absent => return Read::Absent,
        Read::Wrong => return Read::Wrong,
        Read::Given(words, at) => (words, at),
    };
    if words.is_empty() {
        walk.wrong(
            &at,
            "`days` is empty: the window would never open",
            "name days, or leave `days` out for every day",
        );
        return Read::Wrong;
    }
    let mut days = Vec::new();
    for (word, at) in &words {
        let day = EVERY_DAY.into_iter().find(|day| short(*day) == *word);
        match day {
            Some(day) if days.contains(&day) => {
                walk.wrong(
                    at,
                    format!("\"{word}\" is named twice in `days`"),
                    "name it once",
                );
            }
            Some(day) => days.push(day),
            None => {
                // chrono reads long and capitalised names; here there is one spelling, for editors and for searches.
                let fix = match word.parse::<Weekday>() {
                    Ok(day) => format!("write \"{}\"", short(day)),
                    Err(_) => "write one of \"mon\" to \"sun\"".to_owned(),
                };
                walk.wrong(at, format!("no day is called \"{word}\""), fix);
            }
        }
    }
    if days.len() == words.len() {
        Read::Given(days, at)
    } else {
        Read::Wrong
    }
}

/// The word for a day, lower case.
pub(super) fn short(day: Weekday) -> String {
    day.to_string().to_ascii_lowercase()
}

/// A time of day.
pub(super) fn read_time(walk: &mut Walk, table: &Section<'_, '_>, key: &Key) -> Read<NaiveTime> {
    walk.parsed(table, key, |text| time(text, key.takes))
}

/// A time of day; the end of the day is its start, which the window then passes.
fn time(text: &str, takes: Takes) -> Result<NaiveTime, (String, String)> {
    if takes == (Takes::Time { day_end: true }) && text == "24:00" {
        return Ok(NaiveTime::MIN);
    }
    // chrono also takes "8:00", which no other tool sorts right.
    NaiveTime::parse_from_str(text, "%H:%M")
        .ok()
        .filter(|_| text.len() == 5)
        .ok_or_else(|| {
            let fix = match NaiveTime::parse_from_str(text, "%H:%M") {
                Ok(time) => format!("write \"{}\"", time.format("%H:%M")),
                Err(_) => format!("write {takes}"),
            };
            (format!("\"{text}\" is no time of day"), fix)
        })
}

fn read_dates(walk: &mut Walk, table: &Section<'_, '_>) -> Read<(NaiveDate, NaiveDate)> {
    let (words, at) = match walk.texts(table, &keys::WINDOW_DATES) {
        Read::Absent => return Read::Absent,
        Read::Wrong => return Read::Wrong,
        Read::Given(words, at) => (words, at),
    };
    let mut dates = Vec::new();
    for (word, at) in &words {
        match NaiveDate::parse_from_str(word, "%Y-%m-%d") {
            Ok(date) if word.len() == 10 => dates.push(date),
            Ok(_) | Err(_) => {
                walk.wrong(at, format!("\"{word}\" is no date"), "write \"YYYY-MM-DD\"")
            }
        }
    }
    if dates.len() != words.len() {
        return Read::Wrong;
    }
    match dates.as_slice() {
        [day] => Read::Given((*day, *day), at),
        [first, last] if first <= last => Read::Given((*first, *last), at),
        [first, last] => {
            let message = format!("`dates` ends on {last}, before it starts on {first}");
            walk.wrong(&at, message, "write the first day first");
            Read::Wrong
        }
        _ => {
            let message = format!("`dates` has {} dates", dates.len());
            walk.wrong(&at, message, "write one date, or a first and a last");
            Read::Wrong
        }
    }
}

/// A window must change something, and must not keep itself from doing so.
fn require_effect(
    walk: &mut Walk,
    table: &Section<'_, '_>,
    min_shards: &Read<u32>,
    freeze: &Read<Freeze>,
) {
    match (min_shards, freeze) {
        (Read::Absent, Read::Absent | Read::Given(Freeze::None, _)) => walk.missing(
            &table.at,
            "this window changes nothing",
            "give it `min_shards` or `freeze`",
        ),
        (Read::Given(..), Read::Given(Freeze::All, at)) => walk.wrong(
            at,
            "this freeze keeps the window's own `min_shards` from being reached",
            "write \"scale_in\"; or raise the minimum in an earlier window",
        ),
        (Read::Absent | Read::Wrong | Read::Given(..), _) => {}
    }
}

/// A week has every day; fewer dates than that may have none of the window's days.
fn require_an_opening(
    walk: &mut Walk,
    window: &CalendarWindow,
    dates: &Read<(NaiveDate, NaiveDate)>,
) {
    let Some(((first, last), at)) = dates.given() else {
        return;
    };
    let mut days = first
        .iter_days()
        .take(EVERY_DAY.len())
        .take_while(|day| day <= last);
    if !days.any(|day| window.opens_on(day)) {
        walk.wrong(
            at,
            "the window never opens: none of its `days` lies in its `dates`",
            "correct one of the two, or leave `days` out",
        );
    }
}
