//! Operations on metrics: putting data, listing, statistics.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    input::{Input, Read, missing},
    paging, queries,
    tree::{Structure, Tree},
};
use crate::cloud::{
    Cloud,
    cloudwatch::{Metric, Refusal, Samples, Statistic, Unit, alarm::check_period, store::Window},
};

/// One datum, checked and ready to store.
struct Datum {
    metric: Metric,
    at: DateTime<Utc>,
    high_resolution: bool,
    unit: Unit,
    samples: Vec<Samples>,
}

/// (BC PutMetricData) nothing is stored unless everything is well formed.
pub(super) fn put_metric_data(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let namespace = input.needed_text("Namespace")?;
    if namespace.starts_with("AWS/") || namespace.starts_with(':') {
        return Err(invalid(format!(
            "The value {namespace} for parameter Namespace is invalid."
        )));
    }
    let members = input
        .list("MetricData")?
        .ok_or_else(|| missing("MetricData"))?;
    if members.len() > 1000 {
        return Err(invalid(
            "The collection MetricData must not have a size greater than 1000.".to_owned(),
        ));
    }
    let now = cloud.now();
    let data: Vec<Datum> = members
        .iter()
        .map(|member| datum(namespace, Input(member), now))
        .collect::<Read<_>>()?;
    for datum in data {
        for samples in datum.samples {
            cloud.cloudwatch.put_samples(
                datum.metric.clone(),
                datum.at,
                datum.high_resolution,
                datum.unit,
                samples,
            );
        }
    }
    Ok(Tree::Null)
}

fn datum(namespace: &str, input: Input<'_>, now: DateTime<Utc>) -> Read<Datum> {
    let name = input.needed_text("MetricName")?;
    let at = input.time("Timestamp")?.unwrap_or(now);
    // (BC MetricDatum) "up to two weeks before the current date and up to 2 hours after the current day".
    if at < now - TimeDelta::weeks(2) || at > now + TimeDelta::hours(2) {
        return Err(invalid(format!(
            "The parameter MetricData.member.Timestamp must specify a time within the past two weeks and the next two hours: {at}"
        )));
    }
    let resolution = input.integer("StorageResolution")?.unwrap_or(60);
    if !matches!(resolution, 1 | 60) {
        return Err(invalid(format!(
            "The value {resolution} for parameter StorageResolution must be 1 or 60."
        )));
    }
    Ok(Datum {
        metric: queries::metric(namespace, name, &input.dimensions("Dimensions")?),
        at,
        high_resolution: resolution == 1,
        unit: queries::unit(input, "Unit")?.unwrap_or(Unit::NONE),
        samples: samples(input)?,
    })
}

fn samples(input: Input<'_>) -> Read<Vec<Samples>> {
    let value = input.number("Value")?;
    let values = input.numbers("Values")?;
    let set = input.structure("StatisticValues")?;
    let given = [value.is_some(), !values.is_empty(), set.is_some()];
    match given.into_iter().filter(|given| *given).count() {
        1 => {}
        0 => {
            return Err(Refusal::MissingParameter(
                "At least one of the parameters MetricData.member.Value, MetricData.member.Values and MetricData.member.StatisticValues must be specified.".to_owned(),
            )
            .into());
        }
        _ => {
            return Err(Refusal::InvalidParameterCombination(
                "The parameters MetricData.member.Value, MetricData.member.Values and MetricData.member.StatisticValues are mutually exclusive.".to_owned(),
            )
            .into());
        }
    }
    if let Some(set) = set {
        let number = |key: &str| set.number(key)?.ok_or_else(|| missing(key));
        let [count, sum, minimum, maximum] = [
            number("SampleCount")?,
            number("Sum")?,
            number("Minimum")?,
            number("Maximum")?,
        ];
        for number in [count, sum, minimum, maximum] {
            require_finite(number)?;
        }
        if minimum > maximum || count < 0.0 {
            return Err(invalid(
                "The parameter MetricData.member.StatisticValues.Maximum must be greater than Minimum."
                    .to_owned(),
            ));
        }
        return Ok(vec![Samples::summary(count, sum, minimum, maximum)]);
    }
    if let Some(value) = value {
        require_finite(value)?;
        return Ok(vec![Samples::repeated(value, 1.0)]);
    }
    let counts = input.numbers("Counts")?;
    if values.len() > 150 || (!counts.is_empty() && counts.len() != values.len()) {
        return Err(invalid(
            "The parameters MetricData.member.Values and MetricData.member.Counts must be of the same size and at most 150."
                .to_owned(),
        ));
    }
    let counts = counts.into_iter().chain(std::iter::repeat(1.0));
    values
        .into_iter()
        .zip(counts)
        .map(|(value, count)| {
            require_finite(value)?;
            require_finite(count)?;
            Ok(Samples::repeated(value, count))
        })
        .collect()
}

fn require_finite(number: f64) -> Read<()> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(invalid(format!(
            "The value {number} for parameter MetricData.member.Value is invalid."
        )))
    }
}

fn invalid(message: String) -> crate::wire::WireError {
    Refusal::InvalidParameterValue(message).into()
}

/// (BC GetMetricStatistics) "The maximum number of data points returned from a single call is 1,440."
const MOST_DATAPOINTS: i64 = 1440;

pub(super) fn get_metric_statistics(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let namespace = input.needed_text("Namespace")?;
    let name = input.needed_text("MetricName")?;
    let metric = queries::metric(namespace, name, &input.dimensions("Dimensions")?);
    let start = input
        .time("StartTime")?
        .ok_or_else(|| missing("StartTime"))?;
    let end = input.time("EndTime")?.ok_or_else(|| missing("EndTime"))?;
    let period = input.integer("Period")?.ok_or_else(|| missing("Period"))?;
    if start >= end {
        return Err(invalid(
            "The parameter StartTime must be less than the parameter EndTime.".to_owned(),
        ));
    }
    if !matches!(period, 1 | 5) && check_period(period).is_err() {
        return Err(invalid(format!(
            "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60: {period}"
        )));
    }
    let basic = input.texts("Statistics")?;
    let extended = input.texts("ExtendedStatistics")?;
    if basic.is_empty() && extended.is_empty() {
        return Err(Refusal::MissingParameter(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified."
                .to_owned(),
        )
        .into());
    }
    let statistics: Vec<Statistic> = basic
        .iter()
        .chain(&extended)
        .map(|name| queries::statistic(name, "Statistics"))
        .collect::<Read<_>>()?;
    let asked = (end - start).num_seconds().div_euclid(period);
    if asked > MOST_DATAPOINTS {
        return Err(Refusal::InvalidParameterCombination(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of {MOST_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        ))
        .into());
    }
    let window = aligned(cloud, start, end, period);
    let unit = queries::unit(input, "Unit")?;
    let store = cloud.cloudwatch.store();
    let points: Vec<Structure> = store
        .read(&metric, unit, window, period)
        .into_iter()
        .filter_map(|(at, samples)| {
            let found = store.unit(&metric, at, at + period);
            Some(datapoint(
                DateTime::from_timestamp(at, 0)?,
                &samples,
                &statistics,
                unit.or(found).unwrap_or(Unit::NONE),
            ))
        })
        .collect();
    Ok(Structure::new()
        .with("Label", name)
        .with("Datapoints", points)
        .into())
}

fn datapoint(
    at: DateTime<Utc>,
    samples: &Samples,
    statistics: &[Statistic],
    unit: Unit,
) -> Structure {
    let mut point = Structure::new().with("Timestamp", at);
    let mut extended = Vec::new();
    for statistic in statistics {
        let value = samples.statistic(statistic);
        if statistic.is_basic() {
            point = point.with_optional(statistic.name(), value);
        } else if let Some(value) = value {
            extended.push((statistic.name().to_owned(), Tree::Float(value)));
        }
    }
    let extended = (!extended.is_empty()).then_some(Tree::Dictionary(extended));
    point
        .with("Unit", unit.name())
        .with_optional("ExtendedStatistics", extended)
}

/// (BC GetMetricData) the start is rounded down to a whole minute (or to the period if that is shorter), and periods
/// are counted from there.
pub(super) fn aligned(
    cloud: &Cloud,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    period: i64,
) -> Window {
    let grain = period.clamp(1, 60);
    let from = start.timestamp().div_euclid(grain) * grain;
    // The end is exclusive: half a second into a second includes that second.
    let to = end.timestamp() + i64::from(end.timestamp_subsec_millis() > 0);
    Window::at(cloud.now(), cloud.parameters.metric_delay, from, to)
}

/// (BC ListMetrics) "Up to 500 results are returned for any one call."
const METRICS_PAGE: usize = 500;

pub(super) fn list_metrics(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let namespace = input.text("Namespace")?;
    let name = input.text("MetricName")?;
    let since = match input.text("RecentlyActive")? {
        None => None,
        Some("PT3H") => Some(cloud.now() - TimeDelta::hours(3)),
        Some(other) => {
            return Err(invalid(format!(
                "The value {other} for parameter RecentlyActive is not supported."
            )));
        }
    };
    let filters: Vec<(&str, Option<&str>)> = input
        .list("Dimensions")?
        .unwrap_or_default()
        .iter()
        .map(|member| {
            let member = Input(member);
            Ok((member.needed_text("Name")?, member.text("Value")?))
        })
        .collect::<Read<_>>()?;
    let found: Vec<&Metric> = cloud
        .cloudwatch
        .store()
        .metrics()
        .filter(|(metric, newest)| {
            namespace.is_none_or(|namespace| metric.namespace == namespace)
                && name.is_none_or(|name| metric.name == name)
                && since.is_none_or(|since| *newest >= since)
                && filters.iter().all(|(name, value)| {
                    metric
                        .dimensions
                        .iter()
                        .any(|(key, found)| key == name && value.is_none_or(|value| found == value))
                })
        })
        .map(|(metric, _)| metric)
        .collect();
    let (page, next) = paging::page(input, "ListMetrics", found, METRICS_PAGE)?;
    let metrics: Vec<Structure> = page.into_iter().map(queries::show_metric).collect();
    Ok(Structure::new()
        .with("Metrics", metrics)
        .with_optional("NextToken", next)
        .into())
}
