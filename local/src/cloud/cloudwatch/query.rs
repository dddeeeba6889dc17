//! Metric data queries: statistics of metrics and expressions over them, shared by `GetMetricData` and alarms.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Refusal,
    math::{self, Expression, Inputs, Line, Quantity, Shape},
    metric::{Metric, Statistic, Unit},
    store::{MINUTE, Store, Window},
};

/// One element of a `MetricDataQueries` or `Metrics` list.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Unique in its list.
    pub id: String,
    /// Where its values come from.
    pub source: Source,
    /// `None`: the service makes one up.
    pub label: Option<String>,
    /// Whether the answer contains it; an alarm watches the one query that is returned.
    pub return_data: bool,
}

/// Where a query's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A statistic of a metric.
    Stat(MetricStat),
    /// Metric math over other queries.
    Math {
        /// As the client wrote it.
        text: String,
        /// As parsed.
        expression: Expression,
    },
}

/// A statistic of a metric over periods.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// Seconds.
    pub period: i64,
    /// The statistic.
    pub statistic: Statistic,
    /// `None`: all units.
    pub unit: Option<Unit>,
}

/// One time series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The query's id; several series may share it when an expression gives an array.
    pub id: String,
    /// Human-readable.
    pub label: String,
    /// Values by the start of their period.
    pub line: Line,
}

/// Checks that the queries stand together: unique well-formed ids, known references, no circles, time series as
/// results. Returns what each query amounts to.
///
/// # Errors
///
/// The first query that does not fit.
pub fn check(queries: &[Query]) -> Result<BTreeMap<String, Shape>, Refusal> {
    let mut ids = BTreeSet::new();
    for query in queries {
        let mut letters = query.id.chars();
        let well_formed = letters
            .next()
            .is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !well_formed {
            return Err(Refusal::Validation(format!(
                "The value {} for parameter MetricDataQueries.member.Id does not match the required pattern ^[a-z][a-zA-Z0-9_]*$.",
                query.id
            )));
        }
        if !ids.insert(query.id.as_str()) {
            return Err(Refusal::Validation(format!(
                "The values for parameter id in MetricDataQuery must be unique: {}",
                query.id
            )));
        }
    }
    let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
    while shapes.len() < queries.len() {
        let before = shapes.len();
        for query in queries {
            let shape = match &query.source {
                Source::Stat(_) => Some(Shape::Series),
                Source::Math { text, expression } => {
                    let named = referenced(expression);
                    if let Some(unknown) = named.iter().find(|id| !ids.contains(*id)) {
                        let what = format!("unknown id '{unknown}' in '{text}'");
                        return Err(invalid_expression(&query.id, &what));
                    }
                    let of = |id: &str| shapes.get(id).copied().unwrap_or(Shape::Number);
                    let ready = named.iter().all(|id| shapes.contains_key(*id));
                    ready.then(|| expression.shape(&of))
                }
            };
            if let Some(shape) = shape {
                shapes.insert(query.id.clone(), shape);
            }
        }
        if shapes.len() == before {
            return Err(Refusal::Validation(
                "Error in the metric data queries: expressions refer to each other in a circle."
                    .to_owned(),
            ));
        }
    }
    for query in queries.iter().filter(|query| query.return_data) {
        if shapes.get(&query.id) == Some(&Shape::Number) {
            let what = "the expression must end in a time series, not in a number";
            return Err(invalid_expression(&query.id, what));
        }
    }
    Ok(shapes)
}

/// `REPEAT` and `LINEAR` are words of `FILL`, not ids: ids start with a lower-case letter.
fn referenced(expression: &Expression) -> Vec<&str> {
    expression
        .ids()
        .into_iter()
        .filter(|id| !matches!(*id, "REPEAT" | "LINEAR"))
        .collect()
}

fn invalid_expression(id: &str, what: &str) -> Refusal {
    Refusal::Validation(format!("Error in expression '{id}': {what}"))
}

/// An expression as a query's source.
///
/// # Errors
///
/// The expression is not well formed, or uses what this service leaves out.
pub fn expression(id: &str, text: &str) -> Result<Source, Refusal> {
    let expression = math::parse(text).map_err(|what| invalid_expression(id, &what))?;
    Ok(Source::Math {
        text: text.to_owned(),
        expression,
    })
}

/// The period that a set of queries has in common: the longest of its metrics' periods.
pub fn common_period(queries: &[Query]) -> i64 {
    queries
        .iter()
        .filter_map(|query| match &query.source {
            Source::Stat(stat) => Some(stat.period),
            Source::Math { .. } => None,
        })
        .max()
        .unwrap_or(MINUTE)
}

/// The series of every query with `return_data`, in the order of the queries.
///
/// # Errors
///
/// An expression whose parts do not fit together.
pub fn evaluate(
    store: &Store,
    queries: &[Query],
    window: Window,
) -> Result<Vec<Answered>, Refusal> {
    let period = common_period(queries);
    let mut grid = Vec::new();
    let mut at = window.from;
    while at < window.to {
        grid.push(at);
        at += period.max(1);
    }
    let mut by_id: BTreeMap<String, Quantity> = BTreeMap::new();
    let mut metrics: Vec<(String, String, Line)> = Vec::new();
    for query in queries {
        if let Source::Stat(stat) = &query.source {
            let line = read(store, stat, window);
            by_id.insert(query.id.clone(), Quantity::Series(line.clone()));
            metrics.push((query.id.clone(), label(query, queries), line));
        }
    }
    // `check` has seen to it that every round computes at least one more.
    for _ in queries {
        for query in queries {
            let Source::Math { expression, .. } = &query.source else {
                continue;
            };
            let ready = referenced(expression)
                .into_iter()
                .all(|id| by_id.contains_key(id));
            if ready && !by_id.contains_key(&query.id) {
                let quantity = Inputs {
                    by_id: &by_id,
                    metrics: &metrics,
                    grid: &grid,
                }
                .compute(expression)
                .map_err(|what| invalid_expression(&query.id, &what))?;
                by_id.insert(query.id.clone(), quantity);
            }
        }
    }
    let mut answered = Vec::new();
    for query in queries.iter().filter(|query| query.return_data) {
        let name = label(query, queries);
        match by_id.remove(&query.id) {
            Some(Quantity::Series(line)) => answered.push(Answered {
                id: query.id.clone(),
                label: name,
                line,
            }),
            Some(Quantity::Array(lines)) => {
                answered.extend(lines.into_iter().map(|(of, line)| Answered {
                    id: query.id.clone(),
                    label: format!("{name} {of}").trim_end().to_owned(),
                    line,
                }));
            }
            // `check` has refused what can only be a number.
            Some(Quantity::Number(_)) | None => {}
        }
    }
    Ok(answered)
}

fn read(store: &Store, stat: &MetricStat, window: Window) -> Line {
    store
        .read(&stat.metric, stat.unit, window, stat.period)
        .into_iter()
        .filter_map(|(at, samples)| Some((at, samples.statistic(&stat.statistic)?)))
        .collect()
}

/// (CW-DG graph labels) the metric's name, or where several share it the first dimension that tells them apart, is
/// approximated by the dimensions' values. ASSUMED.
fn label(query: &Query, all: &[Query]) -> String {
    if let Some(label) = &query.label {
        return label.clone();
    }
    match &query.source {
        Source::Math { .. } => query.id.clone(),
        Source::Stat(stat) => {
            let namesakes = all.iter().filter(|other| {
                matches!(&other.source, Source::Stat(other) if other.metric.name == stat.metric.name)
            });
            let values: Vec<&str> = stat
                .metric
                .dimensions
                .iter()
                .map(|(_, value)| value.as_str())
                .collect();
            if namesakes.count() > 1 && !values.is_empty() {
                values.join(" ")
            } else {
                stat.metric.name.clone()
            }
        }
    }
}
