//! `clusterwarden pause` and `resume`: a person's wish, written where every pass reads it.

use std::fmt::Write;

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use clap::Args;
use clusterwarden::{
    aws::journal_table::{ChangeError, JournalTable},
    journal::EVERYTHING,
    pause::{End, Pause, ScopedPause, is_glob},
};

use super::{
    failure::{Failure, counted},
    reach::JournalOptions,
    surroundings::Surroundings,
};

/// What is to be left alone.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ScopeOptions {
    /// A replication group, or a quoted glob such as 'sessions-*', which also covers groups that appear later
    #[arg(value_name = "TARGET|GLOB", value_parser = pattern)]
    target: Option<String>,
    /// Every replication group
    #[arg(long)]
    everything: bool,
}

/// What `clusterwarden pause` may be told.
#[derive(Debug, Args)]
pub(super) struct PauseOptions {
    #[command(flatten)]
    scope: ScopeOptions,
    /// Until then: 2026-11-24T09:00:00Z, '2026-11-24 09:00' (UTC), or 09:00 (UTC, the next) [default: until resumed]
    #[arg(long, value_name = "TIME", value_parser = until, conflicts_with = "length")]
    until: Option<End>,
    /// For so long: 45m, 2h, 1d, 1h30m
    #[arg(long = "for", id = "length", value_name = "LENGTH", value_parser = length)]
    length: Option<End>,
    /// Why, for whoever finds it paused at night
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    why: String,
    /// Who [default: USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    journal: JournalOptions,
}

/// What `clusterwarden resume` may be told.
#[derive(Debug, Args)]
pub(super) struct ResumeOptions {
    #[command(flatten)]
    scope: ScopeOptions,
    #[command(flatten)]
    journal: JournalOptions,
}

impl ScopeOptions {
    fn pattern(&self) -> &str {
        self.target.as_deref().unwrap_or(EVERYTHING)
    }
}

/// Writes a pause and says what it covers.
pub(super) async fn pause(
    options: PauseOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let pattern = options.scope.pattern();
    let journal = options.journal.open(surroundings).await?;
    let end = options.until.or(options.length).unwrap_or(End::Lifted);
    let user = || surroundings.variables.get("USER").cloned();
    let by = options.by.or_else(user).filter(|name| !name.is_empty());
    let by = by.unwrap_or_else(|| "unknown".to_owned());
    let changed = journal.pause(pattern, &end, &options.why, &by).await;
    let changed = changed.map_err(|error| refused(pattern, "paused", error))?;
    let mut said = String::new();
    if let Some(scoped) = &changed.after {
        _ = writeln!(said, "{}", sentence(scoped));
    }
    if let Some(before) = &changed.before {
        _ = writeln!(said, "It replaces: {}", words(before));
    }
    if is_glob(pattern) {
        said.push_str(&covered(&journal, pattern).await);
    } else if !changed.known {
        _ = writeln!(said, "No pass has seen {pattern} yet: is the id right?");
    }
    print!("{said}");
    Ok(())
}

/// Lifts a pause and says what still holds.
pub(super) async fn resume(
    options: ResumeOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let pattern = options.scope.pattern();
    let journal = options.journal.open(surroundings).await?;
    let changed = journal.resume(pattern).await;
    let changed = changed.map_err(|error| refused(pattern, "resumed", error))?;
    let name = name(pattern);
    let mut said = match &changed.before {
        Some(before) => format!("{name} is resumed. It was {}\n", words(before)),
        None => format!("{name} was not paused by that name.\n"),
    };
    if !is_glob(pattern) {
        let left = journal.pauses_of(pattern).await;
        let left = left.map_err(|error| refused(pattern, "resumed", error.into()))?;
        for scoped in left {
            _ = writeln!(
                said,
                "It is still held: {}. Lift that with: clusterwarden resume {}",
                sentence(&scoped),
                argument(&scoped.pattern)
            );
        }
    }
    print!("{said}");
    Ok(())
}

/// The known targets that a glob covers: a person sees at once if it is not the ones that were meant.
async fn covered(journal: &JournalTable, pattern: &str) -> String {
    let Ok(items) = journal.items().await else {
        // Not everybody who may pause may read the whole table.
        return String::new();
    };
    let scope = |key: &String| wildmatch(pattern, key) && key != EVERYTHING;
    let covered: Vec<String> = items.into_keys().filter(scope).collect();
    let count = counted(covered.len(), "known target");
    if covered.is_empty() || pattern == EVERYTHING {
        format!("It covers {count}, and those that appear later.\n")
    } else {
        format!(
            "It covers {count} ({}), and those that appear later.\n",
            covered.join(", ")
        )
    }
}

/// Whether a pattern covers a target, as a pass judges it.
pub(super) fn wildmatch(pattern: &str, target: &str) -> bool {
    let pause = Pause {
        until: None,
        why: String::new(),
        by: String::new(),
    };
    let pattern = pattern.to_owned();
    ScopedPause { pattern, pause }.covers(target)
}

fn refused(pattern: &str, what: &str, error: ChangeError) -> Failure {
    match error {
        ChangeError::Over { .. } => Failure::NotAPause(error.to_string()),
        ChangeError::Service(_) | ChangeError::Contended(_) => Failure::Journal {
            what: format!("{} is not {what}", name(pattern)),
            source: error.into(),
        },
    }
}

fn name(pattern: &str) -> &str {
    if pattern == EVERYTHING {
        "everything"
    } else {
        pattern
    }
}

fn argument(pattern: &str) -> String {
    if pattern == EVERYTHING {
        "--everything".to_owned()
    } else if is_glob(pattern) {
        format!("'{pattern}'")
    } else {
        pattern.to_owned()
    }
}

/// `sessions-* is paused until 2026-11-24 09:00 UTC by jana: migration`.
pub(super) fn sentence(scoped: &ScopedPause) -> String {
    format!("{} is {}", name(&scoped.pattern), words(&scoped.pause))
}

/// `paused until 2026-11-24 09:00 UTC by jana: migration`.
fn words(pause: &Pause) -> String {
    let until = pause.until.map_or_else(
        || "until resumed".to_owned(),
        |until| until.format("until %Y-%m-%d %H:%M UTC").to_string(),
    );
    let by = if pause.by.is_empty() {
        String::new()
    } else {
        format!(" by {}", pause.by)
    };
    let why = if pause.why.is_empty() {
        String::new()
    } else {
        format!(": {}", pause.why)
    };
    format!("paused {until}{by}{why}")
}

/// An id or a glob as ElastiCache could have it; ids are lower case.
pub(super) fn pattern(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '*' | '?');
    if text.is_empty() || !text.chars().all(fits) {
        return Err(
            "an id has letters, digits and hyphens; a glob also * and ?, in quotes".to_owned(),
        );
    }
    // One spelling for everything, so that a pause is found again under the name it was given.
    if text.chars().all(|letter| letter == '*') {
        return Ok(EVERYTHING.to_owned());
    }
    Ok(text)
}

fn until(text: &str) -> Result<End, String> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(End::At(time.to_utc()));
    }
    let plain = text
        .trim_end_matches(" UTC")
        .trim_end_matches('Z')
        .replace('T', " ");
    for format in ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&plain, format) {
            return Ok(End::At(time.and_utc()));
        }
    }
    NaiveTime::parse_from_str(&plain, "%H:%M")
        .map(End::Next)
        .map_err(|_| {
            "write 2026-11-24T09:00:00Z, '2026-11-24 09:00' (UTC) or 09:00 (UTC)".to_owned()
        })
}

/// A length of time, such as `1h30m`.
pub(super) fn length(text: &str) -> Result<End, String> {
    let wrong = || "write a length such as 45m, 2h, 1d or 1h30m".to_owned();
    let mut minutes: i64 = 0;
    let mut number = String::new();
    for letter in text.trim().chars() {
        let unit = match letter {
            digit if digit.is_ascii_digit() => {
                number.push(digit);
                continue;
            }
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            'w' => 7 * 24 * 60,
            _ => return Err(wrong()),
        };
        let count: i64 = number.parse().map_err(|_| wrong())?;
        number.clear();
        let more = count.checked_mul(unit).ok_or_else(wrong)?;
        minutes = minutes.checked_add(more).ok_or_else(wrong)?;
    }
    let length = TimeDelta::try_minutes(minutes).ok_or_else(wrong)?;
    if number.is_empty() && minutes > 0 {
        Ok(End::In(length))
    } else {
        Err(wrong())
    }
}

/// A time in a table: the day and the minute.
pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_add_up_and_a_number_without_a_unit_is_refused() {
        assert_eq!(length("1h30m"), Ok(End::In(TimeDelta::minutes(90))));
        assert_eq!(length("2d"), Ok(End::In(TimeDelta::days(2))));
        for wrong in ["", "2", "0m", "h", "2 h", "-1h", "99999999999999999999d"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        let nine = End::At("2026-11-24T09:00:00Z".parse().unwrap());
        for text in [
            "2026-11-24T09:00:00Z",
            "2026-11-24T10:00:00+01:00",
            "2026-11-24 09:00",
            "2026-11-24T09:00Z",
            "2026-11-24 09:00 UTC",
        ] {
            assert_eq!(until(text).as_ref(), Ok(&nine), "{text}");
        }
        assert!(matches!(until("09:00"), Ok(End::Next(_))));
        assert!(until("tomorrow").is_err());
    }

    #[test]
    fn patterns_are_lower_case_and_everything_has_one_spelling() {
        assert_eq!(pattern("Sessions-*").as_deref(), Ok("sessions-*"));
        assert_eq!(pattern("**").as_deref(), Ok("*"));
        assert!(pattern("orders/eu").is_err() && pattern("").is_err());
    }
}
