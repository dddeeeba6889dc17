//! A request's or an answer's structure, the same for all three protocols.

use chrono::{DateTime, Utc};

/// One value of a structure. Times are values of their own because each protocol spells them differently.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// A moment.
    Time(DateTime<Utc>),
    /// A list.
    List(Vec<Tree>),
    /// A structure: members by name, in the order of the answer.
    Map(Vec<(String, Tree)>),
    /// A map of the model (as opposed to a structure): Query XML writes it as entries.
    Dictionary(Vec<(String, Tree)>),
    /// A scalar as Query sends it: a text that may stand for a number, a truth value or a time.
    Form(String),
}

impl Tree {
    /// A structure's member; `None` when it is absent or null.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(members) | Self::Dictionary(members) => members
                .iter()
                .find(|(name, value)| name == key && *value != Self::Null)
                .map(|(_, value)| value),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Form(_) => None,
        }
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Tree {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Tree {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Tree {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Tree {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Tree {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<DateTime<Utc>> for Tree {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Time(value)
    }
}

impl<T: Into<Tree>> From<Vec<T>> for Tree {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// Builds a structure; members that are `None` are left out, as AWS leaves out what it does not know.
#[derive(Debug, Default)]
pub struct Structure(Vec<(String, Tree)>);

impl Structure {
    /// Without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Tree>) -> Self {
        self.0.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a member if there is one.
    #[must_use]
    pub fn with_optional(self, key: &str, value: Option<impl Into<Tree>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

impl From<Structure> for Tree {
    fn from(structure: Structure) -> Self {
        Self::Map(structure.0)
    }
}

/// Epoch seconds, with a fraction, as a moment; precise to the millisecond, as the protocols are. `None`: out of range.
pub(super) fn moment(seconds: f64) -> Option<DateTime<Utc>> {
    let millis = (seconds * 1000.0).round();
    // Beyond this every f64 is out of chrono's range anyway.
    if !(-1.0e15..=1.0e15).contains(&millis) {
        return None;
    }
    #[expect(
        clippy::as_conversions,
        reason = "std has no other way from a float to an integer; the range was checked"
    )]
    let millis = millis as i64;
    DateTime::from_timestamp_millis(millis)
}

/// A moment as epoch seconds with a fraction.
pub(super) fn epoch_seconds(at: DateTime<Utc>) -> f64 {
    #[expect(
        clippy::as_conversions,
        reason = "std has no other way from an i64 to a float; milliseconds since 1970 stay below 2^53"
    )]
    let millis = at.timestamp_millis() as f64;
    millis / 1000.0
}
