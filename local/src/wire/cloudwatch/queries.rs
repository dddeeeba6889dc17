//! `MetricDataQuery` structures, read and written.

use super::{
    input::{Input, Read, absent, not_in_set},
    tree::{Structure, Tree},
};
use crate::cloud::cloudwatch::{
    Metric, Refusal, Statistic, Unit,
    query::{self, MetricStat, Query, Source},
};

/// Reads a `MetricDataQueries` or `Metrics` list.
pub(super) fn read(input: Input<'_>, key: &str) -> Read<Vec<Query>> {
    let members = input.list(key)?.unwrap_or_default();
    members.iter().map(|member| query(Input(member))).collect()
}

fn query(input: Input<'_>) -> Read<Query> {
    let id = input.required_text("Id")?.to_owned();
    let source = match (
        input.structure("MetricStat")?,
        input.text("Expression")?.filter(|text| !text.is_empty()),
    ) {
        (Some(stat), None) => Source::Stat(metric_stat(stat)?),
        (None, Some(text)) => query::expression(&id, text)?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::Validation(format!(
                "Exactly one of MetricStat and Expression must be given for the query '{id}'."
            ))
            .into());
        }
    };
    Ok(Query {
        source,
        label: input.owned("Label")?,
        return_data: input.boolean("ReturnData")?.unwrap_or(true),
        id,
    })
}

fn metric_stat(input: Input<'_>) -> Read<MetricStat> {
    let metric = input
        .structure("Metric")?
        .ok_or_else(|| absent("metricDataQueries.member.metricStat.metric"))?;
    let period = input
        .integer("Period")?
        .ok_or_else(|| absent("metricDataQueries.member.metricStat.period"))?;
    Ok(MetricStat {
        metric: self::metric(
            metric.required_text("Namespace")?,
            metric.required_text("MetricName")?,
            &metric.dimensions("Dimensions")?,
        ),
        period,
        statistic: statistic(input.required_text("Stat")?, "Stat")?,
        unit: unit(input, "Unit")?,
    })
}

/// A metric from owned dimensions.
pub(super) fn metric(namespace: &str, name: &str, dimensions: &[(String, String)]) -> Metric {
    let dimensions: Vec<(&str, &str)> = dimensions
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Metric::new(namespace, name, &dimensions)
}

/// A statistic by name.
pub(super) fn statistic(name: &str, key: &str) -> Read<Statistic> {
    Statistic::parse(name).ok_or_else(|| {
        Refusal::InvalidParameterValue(format!(
            "The value {name} for parameter {key} is not supported."
        ))
        .into()
    })
}

/// A unit, if one is given.
pub(super) fn unit(input: Input<'_>, key: &str) -> Read<Option<Unit>> {
    input
        .text(key)?
        .map(|name| {
            Unit::parse(name).ok_or_else(|| not_in_set(key, name, "Seconds, Percent, Bytes, …"))
        })
        .transpose()
}

/// Writes a `Dimensions` list.
pub(super) fn dimensions(metric: &Metric) -> Vec<Structure> {
    metric
        .dimensions
        .iter()
        .map(|(name, value)| {
            Structure::new()
                .with("Name", name.as_str())
                .with("Value", value.as_str())
        })
        .collect()
}

/// Writes a `Metric`.
pub(super) fn show_metric(metric: &Metric) -> Structure {
    Structure::new()
        .with("Namespace", metric.namespace.as_str())
        .with("MetricName", metric.name.as_str())
        .with("Dimensions", dimensions(metric))
}

/// Writes a `MetricDataQuery`.
pub(super) fn show(query: &Query) -> Tree {
    let shown = Structure::new().with("Id", query.id.as_str());
    match &query.source {
        Source::Stat(stat) => shown.with(
            "MetricStat",
            Structure::new()
                .with("Metric", show_metric(&stat.metric))
                .with("Period", stat.period)
                .with("Stat", stat.statistic.name())
                .with_optional("Unit", stat.unit.map(Unit::name)),
        ),
        Source::Math { text, .. } => shown.with("Expression", text.as_str()),
    }
    .with_optional("Label", query.label.as_deref())
    .with("ReturnData", query.return_data)
    .into()
}
