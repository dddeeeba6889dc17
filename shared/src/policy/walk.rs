//! A walk over a parsed TOML file that reads what it understands and notes every slip with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeFloat, DeInteger, DeTable, DeValue};

use super::keys::{KEYS, Key, Takes};
use super::mistake::Slip;
use super::names;

/// What stands at a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read<T> {
    /// Nothing.
    Absent,
    /// Something that is noted as a slip; whoever needs the value need not complain again.
    Wrong,
    /// A value, and the bytes it is written in.
    Given(T, Range<usize>),
}

impl<T: Clone> Read<T> {
    /// This, or what the other has if nothing stands here.
    pub(super) fn or(&self, other: &Self) -> Self {
        match self {
            Self::Absent => other.clone(),
            Self::Wrong | Self::Given(..) => self.clone(),
        }
    }

    /// The same with another value.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        match self {
            Self::Absent => Read::Absent,
            Self::Wrong => Read::Wrong,
            Self::Given(value, at) => Read::Given(change(value), at),
        }
    }

    /// The value, if there is one.
    pub(super) fn value(&self) -> Option<&T> {
        self.given().map(|(value, _)| value)
    }

    /// The value and its place, if there is one.
    pub(super) fn given(&self) -> Option<(&T, &Range<usize>)> {
        match self {
            Self::Given(value, at) => Some((value, at)),
            Self::Absent | Self::Wrong => None,
        }
    }
}

/// A table of the file: its keys, and the bytes of its header (or of its braces).
#[derive(Debug, Clone)]
pub(super) struct Section<'t, 'i> {
    pub(super) table: &'t DeTable<'i>,
    pub(super) at: Range<usize>,
}

/// The walk: what it noted so far.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) slips: Vec<Slip>,
}

impl Walk {
    /// Notes something that is written, and wrong.
    pub(super) fn wrong(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.note(at, message.into(), fix.into(), false);
    }

    /// Notes something that is not written and must be.
    pub(super) fn missing(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.note(at, message.into(), fix.into(), true);
    }

    fn note(&mut self, at: &Range<usize>, message: String, fix: String, missing: bool) {
        self.slips.push(Slip {
            at: at.clone(),
            message,
            fix,
            missing,
        });
    }

    /// Notes every key of a table that the table does not know. `path` is the table's, as [`KEYS`] spells it.
    pub(super) fn refuse_unknown(&mut self, section: &Section<'_, '_>, path: &str) {
        for written in section.table.keys() {
            let known = KEYS
                .iter()
                .any(|key| key.table() == path && key.leaf() == written.get_ref());
            if !known {
                self.wrong(
                    &written.span(),
                    format!("unknown key `{}`", written.get_ref()),
                    names::meant(path, written.get_ref()),
                );
            }
        }
    }

    /// The table at a key.
    pub(super) fn section<'t, 'i>(
        &mut self,
        section: &Section<'t, 'i>,
        key: &Key,
    ) -> Read<Section<'t, 'i>> {
        let Some(value) = value(section, key) else {
            return Read::Absent;
        };
        let Some(table) = value.get_ref().as_table() else {
            let inside: Vec<&str> = KEYS
                .iter()
                .filter(|inner| inner.table() == key.path)
                .map(Key::leaf)
                .collect();
            let fix = format!("write a table with {}", inside.join(", "));
            self.wrong_type(value, key, &fix);
            return Read::Wrong;
        };
        let at = value.span();
        let found = Section { table, at };
        self.refuse_unknown(&found, key.path);
        Read::Given(found, value.span())
    }

    /// A whole number in the key's range.
    pub(super) fn whole(&mut self, section: &Section<'_, '_>, key: &Key) -> Read<u32> {
        self.read(section, key, |value, key| {
            let written = value.as_integer().ok_or_else(|| expected(value, key))?;
            let (min, max) = key.takes.bounds();
            integer(written)
                .and_then(|whole| u32::try_from(whole).ok())
                .filter(|&whole| (min..=max).contains(&f64::from(whole)))
                .ok_or_else(|| out_of_range(&written.to_string(), key, None))
        })
    }

    /// A number in the key's range, written as a whole number or as a fraction.
    pub(super) fn number(&mut self, section: &Section<'_, '_>, key: &Key) -> Read<f64> {
        self.read(section, key, |value, key| {
            let (written, number) = match (value.as_float(), value.as_integer()) {
                (Some(written), _) => (written.to_string(), float(written)),
                (None, Some(written)) => (
                    written.to_string(),
                    integer(written)
                        .and_then(|whole| i32::try_from(whole).ok())
                        .map(f64::from),
                ),
                (None, None) => return Err(expected(value, key)),
            };
            let (min, max) = key.takes.bounds();
            number
                .filter(|number| (min..=max).contains(number))
                .ok_or_else(|| out_of_range(&written, key, number))
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, section: &Section<'_, '_>, key: &Key) -> Read<bool> {
        self.read(section, key, |value, key| {
            value.as_bool().ok_or_else(|| expected(value, key))
        })
    }

    /// A text, not checked further.
    pub(super) fn text(&mut self, section: &Section<'_, '_>, key: &Key) -> Read<String> {
        self.parsed(section, key, |text| Ok(text.to_owned()))
    }

    /// A text and what it means; the closure returns message and fix for a text that means nothing.
    pub(super) fn parsed<T>(
        &mut self,
        section: &Section<'_, '_>,
        key: &Key,
        parse: impl FnOnce(&str) -> Result<T, (String, String)>,
    ) -> Read<T> {
        self.read(section, key, |value, key| {
            parse(value.as_str().ok_or_else(|| expected(value, key))?)
        })
    }

    /// One of the key's words.
    pub(super) fn word<T>(
        &mut self,
        section: &Section<'_, '_>,
        key: &Key,
        meaning: impl FnOnce(&str) -> Option<T>,
    ) -> Read<T> {
        self.parsed(section, key, |word| {
            meaning(word).ok_or_else(|| {
                (
                    format!("`{}` cannot be \"{word}\"", key.leaf()),
                    format!("write {}", key.takes),
                )
            })
        })
    }

    /// The tables of an array of tables. `above` is the header that belongs above each.
    pub(super) fn sections<'t, 'i>(
        &mut self,
        section: &Section<'t, 'i>,
        key: &Key,
        above: &str,
    ) -> Read<Vec<Section<'t, 'i>>> {
        let Some(found) = value(section, key) else {
            return Read::Absent;
        };
        let tables = found.get_ref().as_array().and_then(|list| {
            let tables = list.iter().map(|item| {
                let table = item.get_ref().as_table()?;
                let at = item.span();
                Some(Section { table, at })
            });
            tables.collect()
        });
        match tables {
            Some(tables) => Read::Given(tables, found.span()),
            None => {
                self.wrong(
                    &found.span(),
                    format!("`{}` takes an array of tables", key.leaf()),
                    format!("write `[[{above}]]`, with double brackets, above each entry"),
                );
                Read::Wrong
            }
        }
    }

    /// A list of texts, each with its place; those that are no text are noted and left out.
    pub(super) fn texts(
        &mut self,
        section: &Section<'_, '_>,
        key: &Key,
    ) -> Read<Vec<(String, Range<usize>)>> {
        let Some(value) = value(section, key) else {
            return Read::Absent;
        };
        let Some(list) = value.get_ref().as_array() else {
            let fix = match value.get_ref().as_str() {
                Some(name) => format!("write it as a list: [\"{name}\"]"),
                None => format!("write {}", key.takes),
            };
            self.wrong_type(value, key, &fix);
            return Read::Wrong;
        };
        Read::Given(self.each_text(list, key), value.span())
    }

    fn each_text(&mut self, list: &DeArray<'_>, key: &Key) -> Vec<(String, Range<usize>)> {
        let mut texts = Vec::new();
        for item in list {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), item.span())),
                None => self.wrong_type(item, key, &in_quotes(item.get_ref())),
            }
        }
        texts
    }

    fn read<T>(
        &mut self,
        section: &Section<'_, '_>,
        key: &Key,
        take: impl FnOnce(&DeValue<'_>, &Key) -> Result<T, (String, String)>,
    ) -> Read<T> {
        let Some(value) = value(section, key) else {
            return Read::Absent;
        };
        match take(value.get_ref(), key) {
            Ok(taken) => Read::Given(taken, value.span()),
            Err((message, fix)) => {
                self.wrong(&value.span(), message, fix);
                Read::Wrong
            }
        }
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, key: &Key, fix: &str) {
        let (message, _) = expected(value.get_ref(), key);
        self.wrong(&value.span(), message, fix);
    }
}

/// The value at a key of a table.
pub(super) fn value<'t, 'i>(
    section: &Section<'t, 'i>,
    key: &Key,
) -> Option<&'t Spanned<DeValue<'i>>> {
    section.table.get(key.leaf())
}

/// The fix for a value that must be a text.
fn in_quotes(value: &DeValue<'_>) -> String {
    match value.as_datetime() {
        // TOML writes a time with its seconds, which no key here takes.
        Some(moment) => {
            let text = moment.to_string();
            let clock = moment.date.is_none() && moment.offset.is_none();
            let short = text.get(..5).filter(|_| clock);
            format!("put it in quotes: \"{}\"", short.unwrap_or(&text))
        }
        None => "write each name in quotes".to_owned(),
    }
}

/// Message and fix for a value of the wrong type.
fn expected(value: &DeValue<'_>, key: &Key) -> (String, String) {
    let found = value.type_str();
    let article = if found.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    let (min, max) = key.takes.bounds();
    let quoted_number = value
        .as_str()
        .filter(|_| min.is_finite() && max.is_finite())
        .filter(|text| text.parse::<f64>().is_ok());
    let fix = match quoted_number {
        Some(number) => format!("write {number} without quotes"),
        None if value.as_datetime().is_some() => in_quotes(value),
        None => format!("write {}", key.takes),
    };
    (
        format!(
            "`{}` takes {}, not {article} {found}",
            key.leaf(),
            key.takes
        ),
        fix,
    )
}

/// Message and fix for a number outside the key's range.
fn out_of_range(written: &str, key: &Key, number: Option<f64>) -> (String, String) {
    let ratio = number
        .filter(|_| key.takes == Takes::Percent)
        .filter(|&number| number > 0.0 && number < 1.0);
    let fix = match ratio {
        Some(ratio) => format!("this is a percentage: write {}", (ratio * 100.0).round()),
        None => format!("write {}", key.takes),
    };
    (
        format!("`{}` is {written}, out of its range", key.leaf()),
        fix,
    )
}

fn integer(written: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(written.as_str(), written.radix()).ok()
}

fn float(written: &DeFloat<'_>) -> Option<f64> {
    written.as_str().parse().ok()
}
