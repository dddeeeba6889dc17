//! `clusterwarden drills`: what past drills measured, by the journal, and whether recovery gets slower.

mod trend;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use clusterwarden::{
    failover::{DrillReport, FailoverAttempt, FailoverOutcome},
    journal::EVERYTHING,
};
use serde::Serialize;

use super::{
    failure::{Failure, counted},
    items::{Items, Kind, Target, name},
    pause::{minute, pattern},
    reach::JournalOptions,
    surroundings::Surroundings,
    table::table,
};
use trend::Trend;

/// A drill that no pass has reported for so long will not be reported: the functions read a day of events.
const FOLLOWED_FOR: TimeDelta = TimeDelta::hours(24);

/// What there is to say where there is nothing to show.
const NONE: &str = "\
No drill is remembered here. A drill is started where the policy has a table `drill` in an entry of [[failover_shard]] or
[[failover_db_cluster]] with apply = \"all\", by the function in apply mode, while its window is open; it stands here from then on.
";

/// What `clusterwarden drills` may be told.
#[derive(Debug, Args)]
pub(super) struct DrillsOptions {
    /// Show only those of these: a replication group or a Neptune cluster, or a quoted glob such as 'sessions-*'
    #[arg(value_name = "TARGET|GLOB", value_parser = pattern)]
    target: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    journal: JournalOptions,
}

/// The drills as shown.
#[derive(Debug, Serialize)]
struct Shown {
    /// The services' time.
    at: DateTime<Utc>,
    /// Drills that were reported, oldest first.
    drills: Vec<Reported>,
    /// Drills that were asked for and are not reported, oldest first.
    under_way: Vec<UnderWay>,
    /// One per target with a reported drill.
    trends: Vec<TargetTrend>,
}

/// A reported drill.
#[derive(Debug, Serialize)]
struct Reported {
    target: String,
    kind: Kind,
    #[serde(flatten)]
    report: DrillReport,
}

/// A drill whose measurement is not finished.
#[derive(Debug, Serialize)]
struct UnderWay {
    target: String,
    kind: Kind,
    unit: String,
    at: DateTime<Utc>,
    from: String,
    /// Null: nobody was seen to take over.
    to: Option<String>,
    /// Seconds from the attempt to that; null: as above.
    seconds: Option<i64>,
    /// Whether a report is still to come.
    awaited: bool,
}

/// What the drills of one target say together.
#[derive(Debug, Serialize)]
struct TargetTrend {
    target: String,
    kind: Kind,
    /// Reported drills.
    drills: usize,
    /// Until the new primary or writer.
    switched: Trend,
    /// Until everything was available again.
    available: Trend,
    /// Primaries or writers per Availability Zone, before the latest.
    zones_before: BTreeMap<String, u32>,
    /// And after it.
    zones_after: BTreeMap<String, u32>,
}

/// Prints the drills.
pub(super) async fn run(
    options: DrillsOptions,
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
    let (mut drills, mut under_way, mut trends) = (Vec::new(), Vec::new(), Vec::new());
    for target in items.meant(wanted) {
        trends.extend(trend_of(target));
        drills.extend(target.item.drills.iter().map(|report| Reported {
            target: target.id.clone(),
            kind: target.kind,
            report: report.clone(),
        }));
        let attempts = target.item.failovers.iter();
        under_way.extend(attempts.filter_map(|attempt| attempt_of(target, attempt, items.now)));
    }
    drills.sort_by_key(|drill| drill.report.accepted);
    under_way.sort_by_key(|drill| drill.at);
    Shown {
        at: items.now,
        drills,
        under_way,
        trends,
    }
}

/// `None`: it is no drill, it changed nothing, or its report is there.
fn attempt_of(target: &Target, attempt: &FailoverAttempt, now: DateTime<Utc>) -> Option<UnderWay> {
    let (to, seconds) = match &attempt.outcome {
        FailoverOutcome::Switched { at, to } => {
            (Some(to.clone()), Some((*at - attempt.at).num_seconds()))
        }
        FailoverOutcome::Asked
        | FailoverOutcome::Accepted
        | FailoverOutcome::Refused { .. }
        | FailoverOutcome::NotSent => (None, None),
    };
    attempt.awaits_report().then(|| UnderWay {
        target: target.id.clone(),
        kind: target.kind,
        unit: attempt.unit.clone(),
        at: attempt.at,
        from: attempt.from.clone(),
        to,
        seconds,
        awaited: now - attempt.at < FOLLOWED_FOR,
    })
}

/// `None`: no drill of the target was reported.
fn trend_of(target: &Target) -> Option<TargetTrend> {
    let mut reports: Vec<&DrillReport> = target.item.drills.iter().collect();
    reports.sort_by_key(|report| report.accepted);
    let latest = *reports.last()?;
    let over = |seconds: fn(&DrillReport) -> Option<i64>| {
        let seconds: Vec<Option<i64>> = reports.iter().map(|report| seconds(report)).collect();
        Trend::of(&seconds)
    };
    Some(TargetTrend {
        target: target.id.clone(),
        kind: target.kind,
        drills: reports.len(),
        switched: over(switched),
        available: over(available),
        zones_before: latest.zones_before.clone(),
        zones_after: latest.zones_after.clone(),
    })
}

/// Seconds to the new primary or writer: the first phase, whatever it is called.
fn switched(report: &DrillReport) -> Option<i64> {
    report.phases.first()?.seconds
}

/// Seconds until the old primary or writer had recovered: the phase before the last.
fn recovered(report: &DrillReport) -> Option<i64> {
    report.phases.iter().rev().nth(1)?.seconds
}

/// Seconds until everything was available: the last phase.
fn available(report: &DrillReport) -> Option<i64> {
    report.phases.last()?.seconds
}

fn text(shown: &Shown) -> String {
    if shown.drills.is_empty() && shown.under_way.is_empty() {
        return NONE.to_owned();
    }
    let head = [
        "WHEN",
        "TARGET",
        "UNIT",
        "SWITCHED",
        "RECOVERED",
        "AVAILABLE",
        "VERDICT",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(shown.drills.iter().map(reported_cells));
    lines.extend(shown.under_way.iter().map(under_way_cells));
    let more = shown.drills.iter().map(reported_more);
    let mut more = more.chain(shown.under_way.iter().map(under_way_more));
    let mut said = String::new();
    for (at, line) in table(&lines).lines().enumerate() {
        said.push_str(line);
        said.push('\n');
        if at > 0 {
            let more = more.next().unwrap_or_default();
            said.push_str(&format!("  {more}\n"));
        }
    }
    for trend in &shown.trends {
        said.push_str(&trend_text(trend));
    }
    said
}

fn reported_cells(drill: &Reported) -> [String; 7] {
    let report = &drill.report;
    let seconds =
        |seconds: Option<i64>| seconds.map_or("not seen".to_owned(), |s| format!("{s} s"));
    [
        minute(report.accepted),
        name(&drill.target, drill.kind),
        unit(&report.unit, &drill.target),
        judged(switched(report), Some(report.objective_seconds)),
        seconds(recovered(report)),
        judged(available(report), report.recovery_objective_seconds),
        report.verdict.to_string(),
    ]
}

fn under_way_cells(drill: &UnderWay) -> [String; 7] {
    let none = || "-".to_owned();
    [
        minute(drill.at),
        name(&drill.target, drill.kind),
        unit(&drill.unit, &drill.target),
        drill
            .seconds
            .map_or_else(none, |seconds| format!("{seconds} s")),
        none(),
        none(),
        if drill.awaited {
            "under way".to_owned()
        } else {
            "never measured".to_owned()
        },
    ]
}

/// A cluster is drilled as a whole, and its id is the target's already.
fn unit(unit: &str, target: &str) -> String {
    if unit == target { "-" } else { unit }.to_owned()
}

/// `63 s ≤ 120 s`: what was measured beside the objective.
fn judged(seconds: Option<i64>, objective: Option<u64>) -> String {
    let measured = seconds.map_or("not seen".to_owned(), |seconds| format!("{seconds} s"));
    let within = |objective| seconds.map(|taken| u64::try_from(taken).unwrap_or(0) <= objective);
    match objective {
        None => measured,
        Some(objective) => match within(objective) {
            Some(true) => format!("{measured} ≤ {objective} s"),
            Some(false) => format!("{measured} > {objective} s"),
            None => format!("{measured} (≤ {objective} s)"),
        },
    }
}

/// `catalog-0001-001 (us-east-1a) → catalog-0001-002 (us-east-1b); no alarm meanwhile`.
fn reported_more(drill: &Reported) -> String {
    let report = &drill.report;
    let node = |id: &str, zone: &Option<String>| match zone {
        Some(zone) => format!("{id} ({zone})"),
        None => format!("{id} (zone not known)"),
    };
    let to = match &report.to {
        Some(to) => node(to, &report.to_zone),
        None => "nobody that was seen".to_owned(),
    };
    let alarms = match &report.alarms {
        None => "alarms meanwhile not known".to_owned(),
        Some(names) if names.is_empty() => "no alarm meanwhile".to_owned(),
        Some(names) => format!("in ALARM meanwhile: {}", names.join(", ")),
    };
    format!("{} → {to}; {alarms}", node(&report.from, &report.from_zone))
}

fn under_way_more(drill: &UnderWay) -> String {
    let to = drill.to.as_deref().unwrap_or("nobody seen yet");
    let why = if drill.awaited {
        "the next passes measure it"
    } else {
        "no pass finished its measurement within a day"
    };
    format!("{} → {to}; {why}", drill.from)
}

fn trend_text(trend: &TargetTrend) -> String {
    let (role, roles) = match trend.kind {
        Kind::ReplicationGroup => ("primary", "primaries"),
        Kind::DbCluster => ("writer", "writer"),
    };
    format!(
        "\n{}, {}:\n  to the new {role}: {}\n  to available: {}\n  {roles} by zone in the latest: {} before, {} after\n",
        name(&trend.target, trend.kind),
        counted(trend.drills, "drill"),
        trend.switched.words(),
        trend.available.words(),
        spread(&trend.zones_before),
        spread(&trend.zones_after),
    )
}

fn spread(zones: &BTreeMap<String, u32>) -> String {
    if zones.is_empty() {
        return "not known".to_owned();
    }
    let zones: Vec<String> = zones
        .iter()
        .map(|(zone, count)| format!("{zone} {count}"))
        .collect();
    zones.join(", ")
}

#[cfg(test)]
mod tests;
