//! `clusterwarden status`: what the journal knows of each target, and what is paused.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use clusterwarden::{
    journal::{Attempt, Change, EVERYTHING, Journal},
    pause::{ScopedPause, longest},
};
use serde::Serialize;

use super::{
    failure::Failure,
    pause::{minute, pattern, sentence, wildmatch},
    reach::JournalOptions,
    surroundings::Surroundings,
};

/// What `clusterwarden status` may be told.
#[derive(Debug, Args)]
pub(super) struct StatusOptions {
    /// Show only these: a replication group, or a quoted glob such as 'sessions-*'
    #[arg(value_name = "TARGET|GLOB", value_parser = pattern)]
    target: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    journal: JournalOptions,
}

/// The journal as shown.
#[derive(Debug, Serialize)]
struct Shown {
    /// The services' time.
    at: DateTime<Utc>,
    targets: Vec<Row>,
    /// Every pause in force, also of patterns that match nothing yet.
    pauses: Vec<ScopedPause>,
}

/// One target.
#[derive(Debug, Serialize)]
struct Row {
    target: String,
    /// Null: it was never seen at rest.
    shards: Option<u32>,
    busy_since: Option<DateTime<Utc>>,
    last_change: Option<Change>,
    open_attempt: Option<Attempt>,
    failures_in_a_row: u32,
    /// Of the pauses that hold it, the one that ends last.
    pause: Option<ScopedPause>,
}

/// Prints what the journal knows.
pub(super) async fn run(
    options: StatusOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let journal = options.journal.open(surroundings).await?;
    let items = journal.items().await.map_err(|source| Failure::Journal {
        what: "the journal is not readable".to_owned(),
        source: source.into(),
    })?;
    let wanted = options.target.as_deref().unwrap_or(EVERYTHING);
    let mut unreadable = None;
    let mut readable = Vec::new();
    for (key, item) in items {
        match item {
            Ok(item) => readable.push((key, item)),
            Err(error) => unreadable = unreadable.or(Some(error)),
        }
    }
    let shown = shown(&readable, wanted, journal.now());
    if options.json {
        println!("{:#}", serde_json::json!(shown));
    } else {
        print!("{}", text(&shown));
    }
    // Shown is what could be read; a pass holds the target of the rest.
    match unreadable {
        Some(source) => Err(Failure::Journal {
            what: "not every item is readable".to_owned(),
            source: source.into(),
        }),
        None => Ok(()),
    }
}

fn shown(items: &[(String, Journal)], wanted: &str, now: DateTime<Utc>) -> Shown {
    let mut pauses: Vec<ScopedPause> = items
        .iter()
        .flat_map(|(key, item)| item.scoped_pauses(key))
        .filter(|scoped| scoped.pause.holds(now))
        .collect();
    let targets: Vec<Row> = items
        .iter()
        .filter(|(key, _)| key != EVERYTHING && wildmatch(wanted, key))
        .map(|(key, item)| row(key, item, &pauses, now))
        .collect();
    pauses.retain(|scoped| {
        let shown = targets.iter().any(|row| scoped.covers(&row.target));
        shown || wildmatch(wanted, &scoped.pattern) || scoped.covers(wanted)
    });
    Shown {
        at: now,
        targets,
        pauses,
    }
}

fn row(target: &str, item: &Journal, pauses: &[ScopedPause], now: DateTime<Utc>) -> Row {
    let covering = pauses.iter().filter(|scoped| scoped.covers(target));
    Row {
        target: target.to_owned(),
        shards: item.shards,
        busy_since: item.busy_since,
        last_change: item.last_change,
        open_attempt: item.open_attempt().cloned(),
        failures_in_a_row: item
            .backing_off(Duration::ZERO, false)
            .map_or(0, |(_, failures, _)| failures),
        pause: longest(covering, now).cloned(),
    }
}

fn text(shown: &Shown) -> String {
    let mut lines = vec![
        [
            "TARGET",
            "SHARDS",
            "LAST CHANGE",
            "OPEN ATTEMPT",
            "FAILURES",
            "PAUSED",
        ]
        .map(str::to_owned),
    ];
    lines.extend(shown.targets.iter().map(cells));
    let mut said = if shown.targets.is_empty() {
        "No pass has seen such a target.\n".to_owned()
    } else {
        table(&lines)
    };
    if !shown.pauses.is_empty() {
        said.push('\n');
    }
    for scoped in &shown.pauses {
        said.push_str(&sentence(scoped));
        said.push('\n');
    }
    said
}

fn cells(row: &Row) -> [String; 6] {
    let none = || "-".to_owned();
    let count = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let change = row.last_change.map_or_else(none, |change| {
        let whose = if change.ours { "" } else { ", not ours" };
        let (from, to, at) = (count(change.from), change.to, minute(change.at));
        format!("{at} {from} → {to}{whose}")
    });
    let attempt = row.open_attempt.as_ref().map_or_else(none, |attempt| {
        let (at, from, to) = (minute(attempt.at), attempt.from, attempt.to);
        format!("{at} {from} → {to}, {}", attempt.outcome)
    });
    let busy = if row.busy_since.is_some() {
        ", changing"
    } else {
        ""
    };
    let pause = row.pause.as_ref().map_or_else(none, |scoped| {
        let until = scoped
            .pause
            .until
            .map_or_else(|| "until resumed".to_owned(), minute);
        if scoped.pattern == row.target {
            until
        } else {
            format!("{until} by {}", scoped.pattern)
        }
    });
    [
        row.target.clone(),
        format!("{}{busy}", count(row.shards)),
        change,
        attempt,
        row.failures_in_a_row.to_string(),
        pause,
    ]
}

/// Columns as wide as their widest cell.
fn table(lines: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut said = String::new();
    for line in lines {
        let padded: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        said.push_str(padded.join("  ").trim_end());
        said.push('\n');
    }
    said
}
