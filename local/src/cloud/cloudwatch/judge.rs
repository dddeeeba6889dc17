//! From data points to a state: M out of N, missing data, and the sentence and JSON that explain the verdict.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::alarm::{MetricAlarm, MissingData, StateValue, Watch};

/// One period as the alarm found it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DataPoint {
    /// Start of its period, epoch seconds.
    pub at: i64,
    /// Its value.
    pub value: f64,
    /// How many samples it stands on; `None` for metric math.
    pub samples: Option<f64>,
}

/// What the data say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// The state.
    pub state: StateValue,
    /// In words.
    pub reason: String,
    /// As JSON text.
    pub reason_data: String,
}

/// How many periods beyond N an alarm looks back for data points. (CW-DG alarms-and-missing-data) shows an evaluation
/// range of 5 for N = 3; other sizes are not documented and ASSUMED to have the same surplus.
pub(super) const SURPLUS_PERIODS: u32 = 2;

/// Judges the data points of the evaluation range, newest first. `range` holds the start of each of its periods, newest
/// first too, present or not. `None`: the current state is kept.
///
/// The rules are those of (CW-DG alarms-and-missing-data): with N data points in the range only the newest N count;
/// with fewer, the missing ones are filled in as the alarm says.
pub(super) fn judge(
    alarm: &MetricAlarm,
    range: &[i64],
    points: &[DataPoint],
    now: DateTime<Utc>,
) -> Option<Verdict> {
    let wanted = usize::try_from(alarm.evaluation_periods).unwrap_or(usize::MAX);
    let needed = usize::try_from(alarm.datapoints_needed()).unwrap_or(usize::MAX);
    let used: Vec<DataPoint> = points.iter().copied().take(wanted).collect();
    let (breaching, within): (Vec<DataPoint>, Vec<DataPoint>) = used
        .iter()
        .partition(|point| alarm.comparison.breaches(point.value, alarm.threshold));
    let missing = wanted.saturating_sub(used.len());
    let treatment = alarm.treat_missing.unwrap_or_default();
    let by_count = |breaching: usize| {
        if breaching >= needed {
            StateValue::Alarm
        } else {
            StateValue::Ok
        }
    };
    let state = if missing == 0 {
        by_count(breaching.len())
    } else {
        match treatment {
            MissingData::Breaching => by_count(breaching.len() + missing),
            MissingData::NotBreaching => by_count(breaching.len()),
            MissingData::Missing if used.is_empty() => StateValue::InsufficientData,
            MissingData::Missing if !within.is_empty() => by_count(breaching.len()),
            // Nothing but breaching points, too few of them: ALARM once the oldest is as old as M, which avoids a
            // premature ALARM on the first point after a gap; until then the state is kept.
            MissingData::Missing => {
                let oldest = breaching.last()?.at;
                let age = range.iter().position(|start| *start == oldest)? + 1;
                if age < needed {
                    return None;
                }
                StateValue::Alarm
            }
            MissingData::Ignore if used.is_empty() => return None,
            MissingData::Ignore if within.is_empty() && breaching.len() < needed => return None,
            MissingData::Ignore => by_count(breaching.len()),
        }
    };
    let named = match state {
        StateValue::Alarm => &breaching,
        StateValue::Ok => &within,
        StateValue::InsufficientData => &used,
    };
    Some(Verdict {
        state,
        reason: reason(alarm, state, named, used.len(), missing, treatment),
        reason_data: reason_data(alarm, named, &used, range, now),
    })
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// The sentences of real alarms; the one with both data points and filled ones is ASSUMED.
fn reason(
    alarm: &MetricAlarm,
    state: StateValue,
    named: &[DataPoint],
    present: usize,
    missing: usize,
    treatment: MissingData,
) -> String {
    let (n, needed) = (alarm.evaluation_periods, alarm.datapoints_needed());
    if state == StateValue::InsufficientData {
        let datapoints = plural(missing, "datapoint was", "datapoints were");
        return format!("Insufficient Data: {missing} {datapoints} unknown.");
    }
    let filled = match treatment {
        MissingData::Breaching if missing > 0 => Some("Breaching"),
        MissingData::NotBreaching if missing > 0 => Some("NonBreaching"),
        MissingData::Breaching
        | MissingData::NotBreaching
        | MissingData::Missing
        | MissingData::Ignore => None,
    }
    .map(|word| {
        let datapoints = plural(missing, "datapoint was", "datapoints were");
        format!(" and {missing} missing {datapoints} treated as [{word}]")
    })
    .unwrap_or_default();
    if named.is_empty() {
        let periods = plural(missing, "period", "periods");
        return format!(
            "Threshold Crossed: no datapoints were received for {missing} {periods}{filled}."
        );
    }
    let listed = named
        .iter()
        .take(5)
        .map(|point| format!("{:?} ({})", point.value, short_time(point.at)))
        .collect::<Vec<_>>()
        .join(", ");
    let was = plural(named.len(), "was", "were");
    let not = if state == StateValue::Ok { "not " } else { "" };
    let crossed = format!(
        "{was} {not}{} the threshold ({:?})",
        alarm.comparison.words(),
        alarm.threshold
    );
    let count = named.len();
    let datapoints = plural(count, "datapoint", "datapoints");
    let counted = if alarm.datapoints_to_alarm.is_some() {
        format!("{count} out of the last {present} datapoints")
    } else {
        format!("{count} {datapoints}")
    };
    let sentence = if count > 5 {
        format!(
            "{counted} {crossed}. The most recent datapoints which crossed the threshold: [{listed}]"
        )
    } else {
        format!("{counted} [{listed}] {crossed}")
    };
    let rule = match state {
        StateValue::Alarm => (needed, "OK -> ALARM"),
        StateValue::Ok | StateValue::InsufficientData => {
            ((n + 1).saturating_sub(needed), "ALARM -> OK")
        }
    };
    let minimum = if alarm.datapoints_to_alarm.is_some() {
        let datapoints = if rule.0 == 1 {
            "datapoint"
        } else {
            "datapoints"
        };
        format!(
            " (minimum {} {datapoints} for {} transition)",
            rule.0, rule.1
        )
    } else {
        String::new()
    };
    format!("Threshold Crossed: {sentence}{filled}{minimum}.")
}

/// `StateReasonData` holds at most 4000 characters, so long ranges list their newest points only. ASSUMED limit.
const MOST_LISTED: usize = 20;

fn reason_data(
    alarm: &MetricAlarm,
    named: &[DataPoint],
    used: &[DataPoint],
    range: &[i64],
    now: DateTime<Utc>,
) -> String {
    let mut data = Map::new();
    data.insert("version".to_owned(), json!("1.0"));
    data.insert("queryDate".to_owned(), json!(long_time(now)));
    let wanted = usize::try_from(alarm.evaluation_periods).unwrap_or(usize::MAX);
    let start = used
        .last()
        .map(|point| point.at)
        .or_else(|| range.iter().copied().take(wanted).next_back());
    if let Some(start) = start.and_then(|at| DateTime::from_timestamp(at, 0)) {
        data.insert("startDate".to_owned(), json!(long_time(start)));
    }
    if let Watch::Metric(stat) = &alarm.watch {
        if let Some(unit) = stat.unit {
            data.insert("unit".to_owned(), json!(unit.name()));
        }
        data.insert("statistic".to_owned(), json!(stat.statistic.name()));
    }
    data.insert("period".to_owned(), json!(alarm.watch.period()));
    let recent: Vec<f64> = used
        .iter()
        .take(MOST_LISTED)
        .rev()
        .map(|point| point.value)
        .collect();
    data.insert("recentDatapoints".to_owned(), json!(recent));
    data.insert("threshold".to_owned(), json!(alarm.threshold));
    let evaluated: Vec<Value> = named
        .iter()
        .take(MOST_LISTED)
        .filter_map(|point| {
            let mut entry = Map::new();
            let at = DateTime::from_timestamp(point.at, 0)?;
            entry.insert("timestamp".to_owned(), json!(long_time(at)));
            if let Some(samples) = point.samples {
                entry.insert("sampleCount".to_owned(), json!(samples));
            }
            entry.insert("value".to_owned(), json!(point.value));
            Some(Value::Object(entry))
        })
        .collect();
    data.insert("evaluatedDatapoints".to_owned(), json!(evaluated));
    Value::Object(data).to_string()
}

/// As reasons write a data point's time: `20/11/26 10:04:00`.
fn short_time(at: i64) -> String {
    DateTime::from_timestamp(at, 0)
        .map(|at| at.format("%d/%m/%y %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// As alarm events write times: `2026-11-20T10:05:41.213+0000`.
pub(super) fn long_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
        .replace('Z', "+0000")
}
