//! Named scenarios and scenario files: groups, demand, alarms and tables to start a cloud with.

mod acts;
mod build;
mod file;

#[cfg(test)]
mod tests;

use std::{io, ops::Range, path::PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Cloud, Parameters};
use file::ScenarioFile;

/// The scenarios that have a name.
pub const NAMES: &[&str] = &[
    "default",
    "day",
    "hot-key",
    "memory-growth",
    "flapping",
    "busy-weekday",
    "metric-outage",
    "terraform-fights-us",
];

/// Why there is no such scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Neither a known name nor a file.
    #[error("there is no scenario or file `{0}`; the scenarios are: {names}", names = NAMES.join(", "))]
    Unknown(String),
    /// The file is there, but can't be read.
    #[error("cannot read the scenario {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file is no scenario.
    #[error("{name}:{line}:{column}: {message}")]
    Mistake {
        /// The file, or the scenario's name.
        name: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
    },
}

/// A mistake at a place of the text, in bytes.
#[derive(Debug)]
struct Mistake {
    at: Range<usize>,
    message: String,
}

/// The text of a named scenario.
fn named(name: &str) -> Option<&'static str> {
    match name {
        "default" => Some(include_str!("../../../scenarios/default.toml")),
        "day" => Some(include_str!("../../../scenarios/day.toml")),
        "hot-key" => Some(include_str!("../../../scenarios/hot-key.toml")),
        "memory-growth" => Some(include_str!("../../../scenarios/memory-growth.toml")),
        "flapping" => Some(include_str!("../../../scenarios/flapping.toml")),
        "busy-weekday" => Some(include_str!("../../../scenarios/busy-weekday.toml")),
        "metric-outage" => Some(include_str!("../../../scenarios/metric-outage.toml")),
        "terraform-fights-us" => Some(include_str!("../../../scenarios/terraform-fights-us.toml")),
        _ => None,
    }
}

/// A cloud in the named scenario, or in that of a file, whose clock stands at `start`. The scenario's history lies before
/// `start`: its metrics are there, and its alarms have had time to settle. What they sent meanwhile is gone.
///
/// # Errors
///
/// There is no such scenario, or the file is none.
pub fn load(
    name_or_file: &str,
    start: DateTime<Utc>,
    parameters: Parameters,
) -> Result<Cloud, ScenarioError> {
    match named(name_or_file) {
        Some(text) => parse(name_or_file, text, start, parameters),
        None => match std::fs::read_to_string(name_or_file) {
            Ok(text) => parse(name_or_file, &text, start, parameters),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ScenarioError::Unknown(name_or_file.to_owned()))
            }
            Err(source) => Err(ScenarioError::Unreadable {
                file: name_or_file.into(),
                source,
            }),
        },
    }
}

/// A cloud in the scenario that `text` describes; `name` stands in errors.
///
/// # Errors
///
/// The text is no scenario.
pub fn parse(
    name: &str,
    text: &str,
    start: DateTime<Utc>,
    parameters: Parameters,
) -> Result<Cloud, ScenarioError> {
    let mistake = |mistake| locate(name, text, mistake);
    let file: ScenarioFile = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        mistake(Mistake {
            at,
            message: error.message().to_owned(),
        })
    })?;
    let history = TimeDelta::minutes(i64::from(file.history_minutes));
    let mut cloud = Cloud::new(start - history, parameters);
    file.build(start, &mut cloud).map_err(mistake)?;
    cloud.advance_to(start);
    cloud.take_deliveries();
    Ok(cloud)
}

/// A mistake with the line and the column of its place.
fn locate(name: &str, text: &str, mistake: Mistake) -> ScenarioError {
    let before = text.get(..mistake.at.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ScenarioError::Mistake {
        name: name.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        // One sentence: toml draws some messages over several lines.
        message: mistake.message.trim_end().replace('\n', "; "),
    }
}
