//! Typed reading of a Query form: absent is `None`, unreadable is a refusal.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::query::Params;
use crate::cloud::request::Invalid;

/// The parameters of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a>(pub(crate) &'a Params);

impl<'a> Form<'a> {
    /// A text; `None` when absent.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)
    }

    /// A text of one's own.
    pub(crate) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A text that must be there and not be blank (codes and wordings as RDS answers, ASSUMED for the others).
    pub(crate) fn required(&self, key: &str) -> Result<&'a str, Invalid> {
        match self.text(key) {
            None => Err(Invalid::Missing(format!(
                "The request must contain the parameter {key}."
            ))),
            Some(text) if text.trim().is_empty() => Err(Invalid::Value(format!(
                "The parameter {key} must be provided and must not be blank."
            ))),
            Some(text) => Ok(text),
        }
    }

    fn parsed<T: FromStr>(&self, key: &str) -> Result<Option<T>, Invalid> {
        self.text(key)
            .map(|text| text.trim().parse().map_err(|_| unreadable(key, text)))
            .transpose()
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Invalid> {
        self.text(key)
            .map(|text| match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(unreadable(key, text)),
            })
            .transpose()
    }

    /// A whole number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i32>, Invalid> {
        self.parsed(key)
    }

    /// A number.
    pub(crate) fn float(&self, key: &str) -> Result<Option<f64>, Invalid> {
        self.parsed(key)
    }

    /// A time in ISO 8601; UTC where it names no zone.
    pub(crate) fn time(&self, key: &str) -> Result<Option<DateTime<Utc>>, Invalid> {
        let read = |text: &str| {
            let with_zone = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
            let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
            let day = || {
                NaiveDate::parse_from_str(text, "%Y-%m-%d")
                    .map(|day| day.and_time(chrono::NaiveTime::MIN))
            };
            with_zone.or_else(|_| without().or_else(|_| day()).map(|time| time.and_utc()))
        };
        self.text(key)
            .map(|text| read(text).map_err(|_| unreadable(key, text)))
            .transpose()
    }

    /// A list of texts; blank ones (an empty list on the wire) are left out.
    pub(crate) fn texts(&self, key: &str, member: &str) -> Vec<String> {
        let mut texts = self.0.texts(key, member);
        texts.retain(|text| !text.is_empty());
        texts
    }

    /// The tags that the request carries.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        let read = |prefix: String| {
            let value = self.owned(&format!("{prefix}.Value")).unwrap_or_default();
            Some((self.owned(&format!("{prefix}.Key"))?, value))
        };
        let prefixes = self.list("Tags", "Tag");
        prefixes.into_iter().filter_map(read).collect()
    }

    /// The prefixes of a list of structures.
    pub(crate) fn list(&self, key: &str, member: &str) -> Vec<String> {
        self.0.list(key, member)
    }
}

fn unreadable(key: &str, text: &str) -> Invalid {
    Invalid::Value(format!("Invalid value {text} for {key}."))
}
