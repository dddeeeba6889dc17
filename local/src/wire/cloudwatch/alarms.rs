//! Operations that create, change and delete alarms.

use super::{
    input::{Input, Read, absent, not_in_set},
    queries, tags,
    tree::Tree,
};
use crate::cloud::{
    Cloud,
    cloudwatch::{
        Comparison, Definition, Kind, MissingData, Refusal,
        alarm::{CompositeAlarm, MetricAlarm, Watch},
        query::MetricStat,
        rule::Rule,
    },
};

/// Members that belong to kinds of alarms which this service leaves out. Refusing them is honest; ignoring them would
/// be an alarm that watches something else.
const LEFT_OUT: [&str; 5] = [
    "EvaluationCriteria",
    "EvaluationInterval",
    "ThresholdMetricId",
    "WarmUpConfiguration",
    "EvaluationWindow",
];

pub(super) fn put_metric_alarm(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    for key in LEFT_OUT {
        if input.0.get(key).is_some() {
            return Err(Refusal::InvalidParameterValue(format!(
                "The embedded CloudWatch has no alarms with {key}."
            ))
            .into());
        }
    }
    let metric = MetricAlarm {
        watch: watch(input)?,
        evaluation_periods: input
            .count("EvaluationPeriods")?
            .ok_or_else(|| absent("EvaluationPeriods"))?,
        datapoints_to_alarm: input.count("DatapointsToAlarm")?,
        threshold: input
            .number("Threshold")?
            .ok_or_else(|| absent("Threshold"))?,
        comparison: comparison(input)?,
        treat_missing: input
            .text("TreatMissingData")?
            .map(|name| {
                MissingData::parse(name).ok_or_else(|| {
                    Refusal::Validation(format!(
                        "The value {name} is not supported for TreatMissingData parameter. Supported values are [breaching, notBreaching, ignore, missing]."
                    ))
                })
            })
            .transpose()?,
        low_sample_percentile: input.owned("EvaluateLowSampleCountPercentile")?,
    };
    define(cloud, input, Kind::Metric(metric))
}

pub(super) fn put_composite_alarm(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let text = input.required_text("AlarmRule")?;
    let rule = Rule::parse(text).map_err(|what| {
        Refusal::Validation(format!("AlarmRule must not contain syntax errors: {what}"))
    })?;
    let suppressor = input.owned("ActionsSuppressor")?;
    let seconds = |key| match (input.integer(key), &suppressor) {
        (Ok(None), Some(_)) => Err(Refusal::Validation(format!(
            "{key} is required when ActionsSuppressor is specified."
        ))
        .into()),
        (Ok(Some(given)), Some(_)) if given < 0 => {
            Err(Refusal::Validation(format!("{key} must not be negative.")).into())
        }
        (Ok(Some(_)), None) => {
            Err(Refusal::Validation(format!("{key} requires ActionsSuppressor.")).into())
        }
        (Ok(given), _) => Ok(given.unwrap_or_default()),
        (Err(error), _) => Err(error),
    };
    let composite = CompositeAlarm {
        rule_text: text.to_owned(),
        rule,
        wait_seconds: seconds("ActionsSuppressorWaitPeriod")?,
        extension_seconds: seconds("ActionsSuppressorExtensionPeriod")?,
        suppressor: suppressor.clone(),
    };
    define(cloud, input, Kind::Composite(composite))
}

fn define(cloud: &mut Cloud, input: Input<'_>, kind: Kind) -> Read<Tree> {
    let now = cloud.now();
    let name = input.required_text("AlarmName")?;
    let definition = Definition {
        name: name.to_owned(),
        description: input.owned("AlarmDescription")?,
        actions_enabled: input.boolean("ActionsEnabled")?.unwrap_or(true),
        ok_actions: input.texts("OKActions")?,
        alarm_actions: input.texts("AlarmActions")?,
        insufficient_data_actions: input.texts("InsufficientDataActions")?,
        kind,
    };
    let is_new = cloud.cloudwatch.alarm(name).is_none();
    let given = tags::read(input, "Tags")?;
    cloud.cloudwatch.define(now, definition)?;
    // (BC) tags given for an alarm that exists are ignored.
    if is_new {
        let arn = cloud.cloudwatch.arn("alarm", name);
        let given = given.into_iter().map(|(key, value)| (key, Some(value)));
        cloud.cloudwatch.set_tags(&arn, given)?;
    }
    Ok(Tree::Null)
}

fn watch(input: Input<'_>) -> Read<Watch> {
    let has_metrics = input.list("Metrics")?.is_some_and(|list| !list.is_empty());
    let Some(name) = input.text("MetricName")? else {
        if !has_metrics {
            return Err(Refusal::Validation(
                "Either MetricName or Metrics must be specified.".to_owned(),
            )
            .into());
        }
        for key in [
            "Namespace",
            "Dimensions",
            "Period",
            "Unit",
            "Statistic",
            "ExtendedStatistic",
        ] {
            if input.0.get(key).is_some() && input.texts(key).map_or(true, |list| !list.is_empty())
            {
                return Err(Refusal::InvalidParameterCombination(format!(
                    "{key} must not be set along with Metrics"
                ))
                .into());
            }
        }
        return Ok(Watch::Queries(queries::read(input, "Metrics")?));
    };
    if has_metrics {
        return Err(Refusal::InvalidParameterCombination(
            "Metrics list and MetricName must not be set together".to_owned(),
        )
        .into());
    }
    let statistic = match (input.text("Statistic")?, input.text("ExtendedStatistic")?) {
        (Some(name), None) => queries::statistic(name, "Statistic")
            .ok()
            .filter(|statistic| statistic.is_basic())
            .ok_or_else(|| {
                not_in_set(
                    "Statistic",
                    name,
                    "SampleCount, Average, Sum, Minimum, Maximum",
                )
            })?,
        (None, Some(name)) => queries::statistic(name, "ExtendedStatistic")?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::InvalidParameterCombination(
                "Exactly one of Statistic and ExtendedStatistic must be specified".to_owned(),
            )
            .into());
        }
    };
    let namespace = input.required_text("Namespace")?;
    Ok(Watch::Metric(MetricStat {
        metric: queries::metric(namespace, name, &input.dimensions("Dimensions")?),
        period: input.integer("Period")?.ok_or_else(|| absent("Period"))?,
        statistic,
        unit: queries::unit(input, "Unit")?,
    }))
}

fn comparison(input: Input<'_>) -> Read<Comparison> {
    let name = input.required_text("ComparisonOperator")?;
    Comparison::parse(name).ok_or_else(|| {
        not_in_set(
            "ComparisonOperator",
            name,
            "GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold, LessThanOrEqualToThreshold",
        )
    })
}

/// A required list of at most 100 alarm names.
fn alarm_names(input: Input<'_>) -> Read<Vec<String>> {
    if input.list("AlarmNames")?.is_none() {
        return Err(absent("AlarmNames"));
    }
    let names = input.texts("AlarmNames")?;
    require_at_most_100(&names)?;
    Ok(names)
}

/// (BC AlarmNames) max 100.
pub(super) fn require_at_most_100(names: &[String]) -> Read<()> {
    if names.len() > 100 {
        return Err(Refusal::Validation(
            "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100".to_owned(),
        )
        .into());
    }
    Ok(())
}

pub(super) fn delete_alarms(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let now = cloud.now();
    cloud.cloudwatch.delete_alarms(now, &alarm_names(input)?)?;
    Ok(Tree::Null)
}

pub(super) fn switch_actions(cloud: &mut Cloud, input: Input<'_>, enabled: bool) -> Read<Tree> {
    let now = cloud.now();
    let names = alarm_names(input)?;
    cloud.cloudwatch.set_actions_enabled(now, &names, enabled);
    Ok(Tree::Null)
}

pub(super) fn set_alarm_state(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let now = cloud.now();
    let name = input.required_text("AlarmName")?;
    let state = input
        .state("StateValue")?
        .ok_or_else(|| absent("StateValue"))?;
    // An empty reason is allowed; an absent one is not.
    let reason = input
        .text("StateReason")?
        .ok_or_else(|| absent("StateReason"))?;
    let data = input.owned("StateReasonData")?;
    if data
        .as_deref()
        .is_some_and(|data| serde_json::from_str::<serde_json::Value>(data).is_err())
    {
        return Err(Refusal::InvalidFormat("StateReasonData was not valid JSON".to_owned()).into());
    }
    let sent = cloud
        .cloudwatch
        .set_alarm_state(now, name, state, reason, data)?;
    for delivery in sent {
        cloud.deliver(delivery);
    }
    Ok(Tree::Null)
}
