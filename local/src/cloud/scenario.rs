//! Named scenarios and scenario files: groups, demand, alarms and tables to start a cloud with.

use chrono::{DateTime, Utc};

use super::{Cloud, Parameters};

/// The scenarios that have a name.
pub const NAMES: &[&str] = &["default"];

/// Why there is no such scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Neither a known name nor a file.
    #[error("there is no scenario `{0}`; the scenarios are: {names}", names = NAMES.join(", "))]
    Unknown(String),
}

/// A cloud that stands at `start` in the named scenario, or in that of a file.
///
/// # Errors
/// There is no such scenario.
pub fn load(
    name_or_file: &str,
    start: DateTime<Utc>,
    parameters: Parameters,
) -> Result<Cloud, ScenarioError> {
    if NAMES.contains(&name_or_file) {
        Ok(Cloud::new(start, parameters))
    } else {
        Err(ScenarioError::Unknown(name_or_file.to_owned()))
    }
}
