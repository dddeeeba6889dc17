//! Typed reading of a Query form: absent is `None`, unreadable is a refusal.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::{
    cloud::elasticache::refusal::{Code, Outcome, Refusal},
    wire::query::Params,
};

/// The parameters of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a>(pub(super) &'a Params);

impl<'a> Form<'a> {
    /// A text; `None` when absent.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)
    }

    /// A text of one's own.
    pub(super) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A text that must be there and not be blank (codes and wordings as RDS answers, ASSUMED to be the same here).
    pub(super) fn required(&self, key: &str) -> Outcome<&'a str> {
        match self.text(key) {
            None => Err(Refusal::new(
                Code::MissingParameter,
                format!("The request must contain the parameter {key}."),
            )),
            Some(text) if text.trim().is_empty() => Err(Refusal::value(format!(
                "The parameter {key} must be provided and must not be blank."
            ))),
            Some(text) => Ok(text),
        }
    }

    fn parsed<T: FromStr>(&self, key: &str) -> Outcome<Option<T>> {
        self.text(key)
            .map(|text| text.trim().parse().map_err(|_| unreadable(key, text)))
            .transpose()
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Outcome<Option<bool>> {
        self.text(key)
            .map(|text| match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(unreadable(key, text)),
            })
            .transpose()
    }

    /// A whole number.
    pub(super) fn number(&self, key: &str) -> Outcome<Option<i32>> {
        self.parsed(key)
    }

    /// A time in ISO 8601; UTC where it names no zone.
    pub(super) fn time(&self, key: &str) -> Outcome<Option<DateTime<Utc>>> {
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
    pub(super) fn texts(&self, key: &str, member: &str) -> Vec<String> {
        let mut texts = self.0.texts(key, member);
        texts.retain(|text| !text.is_empty());
        texts
    }

    /// The prefixes of a list of structures.
    pub(super) fn list(&self, key: &str, member: &str) -> Vec<String> {
        self.0.list(key, member)
    }
}

fn unreadable(key: &str, text: &str) -> Refusal {
    Refusal::value(format!("Invalid value {text} for {key}."))
}
