//! `clusterwarden status`: what the journal knows of each target, of failovers, and what is paused.

use std::{fmt::Write, time::Duration};

use chrono::{DateTime, Utc};
use clap::Args;
use clusterwarden::{
    failover::{FailoverAttempt, Replacement, ReplacementState, Spent, spent_within_a_day},
    journal::{Attempt, Change, EVERYTHING},
    pause::{ScopedPause, longest},
};
use serde::Serialize;

use super::{
    failure::{Failure, counted},
    items::{Items, Kind, Target, name},
    pause::{minute, pattern, sentence, wildmatch},
    reach::JournalOptions,
    surroundings::Surroundings,
    table::table,
};

/// What `clusterwarden status` may be told.
#[derive(Debug, Args)]
pub(super) struct StatusOptions {
    /// Show only these: a replication group or a Neptune cluster, or a quoted glob such as 'sessions-*'
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
    /// Test failovers of ours that count against the account's quota now, oldest first. Null: none was ever asked for.
    test_failovers: Option<Vec<Spent>>,
    /// Every pause in force, also of patterns that match nothing yet.
    pauses: Vec<ScopedPause>,
}

/// One target.
#[derive(Debug, Serialize)]
struct Row {
    target: String,
    kind: Kind,
    /// Null: it was never seen at rest, or it has none.
    shards: Option<u32>,
    busy_since: Option<DateTime<Utc>>,
    last_change: Option<Change>,
    open_attempt: Option<Attempt>,
    failures_in_a_row: u32,
    /// The newest that we asked for, whatever became of it.
    last_failover: Option<FailoverAttempt>,
    /// Replacements of nodes that AWS announced and that are not done.
    replacements: Vec<Replacement>,
    /// Of the pauses that hold it, the one that ends last.
    pause: Option<ScopedPause>,
}

/// Prints what the journal knows.
pub(super) async fn run(
    options: StatusOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let items = Items::read(&options.journal, surroundings).await?;
    let wanted = options.target.as_deref().unwrap_or(EVERYTHING);
    let shown = shown(&items, wanted);
    if options.json {
        println!("{:#}", serde_json::json!(shown));
    } else {
        print!("{}", text(&shown));
    }
    items.all_readable()
}

fn shown(items: &Items, wanted: &str) -> Shown {
    let own = items
        .targets
        .iter()
        .flat_map(|target| target.item.scoped_pauses(&target.id));
    let everything = items.everything.iter();
    let mut pauses: Vec<ScopedPause> = everything
        .flat_map(|item| item.scoped_pauses(EVERYTHING))
        .chain(own)
        .filter(|scoped| scoped.pause.holds(items.now))
        .collect();
    let targets: Vec<Row> = items
        .meant(wanted)
        .map(|target| row(target, &pauses, items.now))
        .collect();
    pauses.retain(|scoped| {
        let shown = targets.iter().any(|row| scoped.covers(&row.target));
        shown || wildmatch(wanted, &scoped.pattern) || scoped.covers(wanted)
    });
    let ledger = items.ledger.as_ref();
    Shown {
        at: items.now,
        targets,
        test_failovers: ledger.map(|item| spent_within_a_day(&item.ledger, &[], items.now)),
        pauses,
    }
}

fn row(target: &Target, pauses: &[ScopedPause], now: DateTime<Utc>) -> Row {
    let covering = pauses.iter().filter(|scoped| scoped.covers(&target.id));
    let item = &target.item;
    Row {
        target: target.id.clone(),
        kind: target.kind,
        shards: item.shards,
        busy_since: item.busy_since,
        last_change: item.last_change,
        open_attempt: item.open_attempt().cloned(),
        failures_in_a_row: item
            .backing_off(Duration::ZERO, false)
            .map_or(0, |(_, failures, _)| failures),
        last_failover: item.failovers.last().cloned(),
        replacements: item.replacements.clone(),
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
    said.push_str(&failovers(shown));
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
    let shards = match row.kind {
        Kind::ReplicationGroup => format!("{}{busy}", count(row.shards)),
        Kind::DbCluster => none(),
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
        name(&row.target, row.kind),
        shards,
        change,
        attempt,
        row.failures_in_a_row.to_string(),
        pause,
    ]
}

/// What is known of failovers, a sentence each; nothing where nothing is.
fn failovers(shown: &Shown) -> String {
    let mut said = String::new();
    for row in &shown.targets {
        let name = name(&row.target, row.kind);
        if let Some(attempt) = &row.last_failover {
            _ = writeln!(said, "{name}: {}", last_failover(attempt, &row.target));
        }
        for replacement in &row.replacements {
            _ = writeln!(said, "{name}: {}", announced(replacement));
        }
    }
    if let Some(spent) = &shown.test_failovers {
        let count = counted(spent.len(), "test failover");
        let calls: Vec<String> = spent
            .iter()
            .map(|one| format!("{} {} at {}", one.group, one.shard, minute(one.at)))
            .collect();
        let calls = if calls.is_empty() {
            String::new()
        } else {
            format!(" ({})", calls.join(", "))
        };
        _ = writeln!(said, "the ledger has {count} of ours in 24 h{calls}");
    }
    if said.is_empty() {
        said
    } else {
        format!("\n{said}")
    }
}

/// `last failover 2026-11-23 14:05, a drill of 0001: away from catalog-0001-001, catalog-0001-002 took over`.
fn last_failover(attempt: &FailoverAttempt, target: &str) -> String {
    let of = if attempt.unit == target {
        String::new()
    } else {
        format!(" of {}", attempt.unit)
    };
    let report = if attempt.awaits_report() {
        ", being measured"
    } else {
        ""
    };
    format!(
        "last failover {} ({}{of}): away from {}, {}{report}",
        minute(attempt.at),
        attempt.intent,
        attempt.from,
        attempt.outcome
    )
}

/// `AWS replaces orders-0001-001 from 2026-11-29 05:00 to 2026-11-29 06:00`.
fn announced(one: &Replacement) -> String {
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "a time not known".to_owned(), minute);
    match one.state {
        ReplacementState::Scheduled => format!(
            "AWS replaces {} from {} to {}",
            one.node,
            time(one.starts),
            time(one.ends)
        ),
        ReplacementState::UnderWay => format!("AWS is replacing {}", one.node),
    }
}

#[cfg(test)]
mod tests;
