//! What a decision looked at: inputs with their age, and checks with their result, as records show them.

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::Value;

/// One check with its result, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// Which check.
    pub name: &'static str,
    /// Whether it let the decision go on.
    pub passed: bool,
    /// The numbers or words that it looked at.
    pub saw: String,
}

/// One input of a decision with its value and age, for the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// What it is, such as `engine_cpu of shard 0001`.
    pub name: String,
    /// Its value; a number, a word, or null when it was not to be had.
    pub value: Value,
    /// How old it is, in seconds; null: its time is not known.
    pub age_seconds: Option<i64>,
}

impl Input {
    /// An input; `age` is `None` where its time is not known.
    pub fn new(name: impl Into<String>, value: Value, age: Option<TimeDelta>) -> Self {
        Self {
            name: name.into(),
            value,
            age_seconds: age.map(|age| age.num_seconds()),
        }
    }
}

/// The checks made so far.
#[derive(Debug, Default)]
pub(crate) struct Guards(pub(crate) Vec<Guard>);

impl Guards {
    /// Notes a check; a failed one ends the decision with its hold.
    pub(crate) fn require<H>(
        &mut self,
        name: &'static str,
        passed: bool,
        saw: impl Into<String>,
        hold: impl FnOnce() -> H,
    ) -> Result<(), H> {
        self.0.push(Guard {
            name,
            passed,
            saw: saw.into(),
        });
        if passed { Ok(()) } else { Err(hold()) }
    }
}
