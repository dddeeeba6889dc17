//! Operations that tell of alarms and their history.

use super::{
    alarms::require_at_most_100,
    input::{Input, Read, missing, not_in_set},
    paging, queries,
    tree::{Structure, Tree},
};
use crate::cloud::{
    Cloud,
    cloudwatch::{
        Alarm, Kind, MissingData, Refusal, Statistic, Unit,
        alarm::{CompositeAlarm, MetricAlarm, Watch},
        history::HistoryItemType,
    },
};

/// (BC MaxRecords) at most 100. ASSUMED default 50.
const PAGE: usize = 50;

pub(super) fn describe_alarms(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let names = input.texts("AlarmNames")?;
    require_at_most_100(&names)?;
    let prefix = input.text("AlarmNamePrefix")?;
    if prefix.is_some() && !names.is_empty() {
        return Err(Refusal::Validation(
            "AlarmNamePrefix and AlarmNames must not be specified together".to_owned(),
        )
        .into());
    }
    let most = paging::most(input, PAGE, 100)?;
    for (key, is_children) in [("ChildrenOfAlarmName", true), ("ParentsOfAlarmName", false)] {
        if let Some(name) = input.text(key)? {
            return relatives(cloud, input, key, name, is_children, most);
        }
    }
    let types = alarm_types(input)?;
    let state = input.state("StateValue")?;
    let action = input.text("ActionPrefix")?;
    let found: Vec<&Alarm> = cloud
        .cloudwatch
        .all_alarms()
        .filter(|alarm| {
            let definition = &alarm.definition;
            types.iter().any(|name| name == definition.kind.name())
                && (names.is_empty() || names.contains(&definition.name))
                && prefix.is_none_or(|prefix| definition.name.starts_with(prefix))
                && state.is_none_or(|state| alarm.state.value == state)
                && action.is_none_or(|action| definition.acts_on(action))
        })
        .collect();
    let (page, next) = paging::page(input, "DescribeAlarms", found, most)?;
    Ok(shown(&page, next, show))
}

/// Metric and composite alarms in lists of their own, as every answer has them.
fn shown(page: &[&Alarm], next: Option<String>, show: impl Fn(&Alarm) -> Structure) -> Tree {
    let (metric, composite): (Vec<&Alarm>, Vec<&Alarm>) = page
        .iter()
        .partition(|alarm| matches!(alarm.definition.kind, Kind::Metric(_)));
    let list = |alarms: Vec<&Alarm>| -> Vec<Structure> { alarms.into_iter().map(&show).collect() };
    Structure::new()
        .with("CompositeAlarms", list(composite))
        .with("MetricAlarms", list(metric))
        .with_optional("NextToken", next)
        .into()
}

/// (BC) children and parents come with little more than their names, and no other filter may be given.
fn relatives(
    cloud: &Cloud,
    input: Input<'_>,
    key: &str,
    name: &str,
    is_children: bool,
    most: usize,
) -> Read<Tree> {
    for other in [
        "AlarmNames",
        "AlarmNamePrefix",
        "AlarmTypes",
        "StateValue",
        "ActionPrefix",
    ] {
        if input.0.get(other).is_some() {
            return Err(Refusal::Validation(format!(
                "{key} must not be specified together with {other}"
            ))
            .into());
        }
    }
    let watch = &cloud.cloudwatch;
    let names_it = |parent: &Alarm, child: &Alarm| match &parent.definition.kind {
        Kind::Metric(_) => false,
        Kind::Composite(composite) => composite.rule.children().into_iter().any(|named| {
            watch
                .alarm(named)
                .is_some_and(|named| named.arn == child.arn)
        }),
    };
    let found: Vec<&Alarm> = watch.alarm(name).map_or_else(Vec::new, |alarm| {
        watch
            .all_alarms()
            .filter(|other| {
                if is_children {
                    names_it(alarm, other)
                } else {
                    names_it(other, alarm)
                }
            })
            .collect()
    });
    let (page, next) = paging::page(input, "DescribeAlarms", found, most)?;
    Ok(shown(&page, next, |alarm| {
        let brief = Structure::new()
            .with("AlarmName", alarm.definition.name.as_str())
            .with("AlarmArn", alarm.arn.as_str());
        if is_children {
            brief
                .with("StateValue", alarm.state.value.name())
                .with("StateUpdatedTimestamp", alarm.state.updated)
        } else {
            brief
        }
    }))
}

/// (BC) "If you omit this parameter, only metric alarms are returned, even if composite alarms … exist".
fn alarm_types(input: Input<'_>) -> Read<Vec<String>> {
    let types = input.texts("AlarmTypes")?;
    const KNOWN: [&str; 3] = ["CompositeAlarm", "MetricAlarm", "LogAlarm"];
    if let Some(wrong) = types.iter().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(not_in_set("AlarmTypes", wrong, &KNOWN.join(", ")));
    }
    if types.is_empty() {
        Ok(vec!["MetricAlarm".to_owned()])
    } else {
        Ok(types)
    }
}

fn show(alarm: &Alarm) -> Structure {
    let (definition, state) = (&alarm.definition, &alarm.state);
    let shown = Structure::new()
        .with("AlarmName", definition.name.as_str())
        .with("AlarmArn", alarm.arn.as_str())
        .with_optional("AlarmDescription", definition.description.as_deref())
        .with("AlarmConfigurationUpdatedTimestamp", alarm.configured)
        .with("ActionsEnabled", definition.actions_enabled)
        .with("OKActions", definition.ok_actions.clone())
        .with("AlarmActions", definition.alarm_actions.clone())
        .with(
            "InsufficientDataActions",
            definition.insufficient_data_actions.clone(),
        )
        .with("StateValue", state.value.name())
        .with("StateReason", state.reason.as_str())
        .with_optional("StateReasonData", state.reason_data.as_deref())
        .with("StateUpdatedTimestamp", state.updated)
        .with("StateTransitionedTimestamp", state.transitioned);
    match &definition.kind {
        Kind::Metric(metric) => show_metric_alarm(shown, metric),
        Kind::Composite(composite) => show_composite_alarm(shown, composite, alarm),
    }
}

fn show_metric_alarm(shown: Structure, metric: &MetricAlarm) -> Structure {
    let shown = match &metric.watch {
        Watch::Metric(stat) => {
            let shown = shown
                .with("MetricName", stat.metric.name.as_str())
                .with("Namespace", stat.metric.namespace.as_str());
            let key = match stat.statistic {
                Statistic::Percentile(..) => "ExtendedStatistic",
                Statistic::SampleCount
                | Statistic::Average
                | Statistic::Sum
                | Statistic::Minimum
                | Statistic::Maximum => "Statistic",
            };
            shown
                .with(key, stat.statistic.name())
                .with("Dimensions", queries::dimensions(&stat.metric))
                .with("Period", stat.period)
                .with_optional("Unit", stat.unit.map(Unit::name))
        }
        Watch::Queries(list) => shown.with("Dimensions", Vec::<Tree>::new()).with(
            "Metrics",
            list.iter().map(queries::show).collect::<Vec<_>>(),
        ),
    };
    shown
        .with("EvaluationPeriods", metric.evaluation_periods)
        .with_optional("DatapointsToAlarm", metric.datapoints_to_alarm)
        .with("Threshold", metric.threshold)
        .with("ComparisonOperator", metric.comparison.name())
        .with_optional(
            "TreatMissingData",
            metric.treat_missing.map(MissingData::name),
        )
        .with_optional(
            "EvaluateLowSampleCountPercentile",
            metric.low_sample_percentile.as_deref(),
        )
}

fn show_composite_alarm(shown: Structure, composite: &CompositeAlarm, alarm: &Alarm) -> Structure {
    let by = alarm.state.suppressed_by;
    let shown = shown
        .with("AlarmRule", composite.rule_text.as_str())
        .with_optional("ActionsSuppressedBy", by.map(|by| by.name()))
        .with_optional("ActionsSuppressedReason", by.map(|by| by.reason()));
    match &composite.suppressor {
        None => shown,
        Some(suppressor) => shown
            .with("ActionsSuppressor", suppressor.as_str())
            .with("ActionsSuppressorWaitPeriod", composite.wait_seconds)
            .with(
                "ActionsSuppressorExtensionPeriod",
                composite.extension_seconds,
            ),
    }
}

pub(super) fn describe_alarms_for_metric(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let name = input.required_text("MetricName")?;
    let namespace = input.required_text("Namespace")?;
    let metric = queries::metric(namespace, name, &input.dimensions("Dimensions")?);
    let period = input.integer("Period")?;
    let statistic = match input.text("Statistic")? {
        Some(name) => Some(name),
        None => input.text("ExtendedStatistic")?,
    };
    let unit = queries::unit(input, "Unit")?;
    let found: Vec<Structure> = cloud
        .cloudwatch
        .all_alarms()
        .filter(|alarm| match &alarm.definition.kind {
            Kind::Metric(MetricAlarm {
                watch: Watch::Metric(stat),
                ..
            }) => {
                stat.metric == metric
                    && period.is_none_or(|period| stat.period == period)
                    && statistic.is_none_or(|name| stat.statistic.name() == name)
                    && unit.is_none_or(|unit| stat.unit == Some(unit))
            }
            Kind::Metric(_) | Kind::Composite(_) => false,
        })
        .map(show)
        .collect();
    Ok(Structure::new().with("MetricAlarms", found).into())
}

pub(super) fn describe_alarm_history(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let name = input.text("AlarmName")?;
    let types = alarm_types(input)?;
    let item_type = input.text("HistoryItemType")?;
    const KNOWN: [&str; 5] = [
        "ConfigurationUpdate",
        "StateUpdate",
        "Action",
        "AlarmContributorStateUpdate",
        "AlarmContributorAction",
    ];
    if let Some(wrong) = item_type.filter(|name| !KNOWN.contains(name)) {
        return Err(not_in_set("HistoryItemType", wrong, &KNOWN.join(", ")));
    }
    let (start, end) = (input.time("StartDate")?, input.time("EndDate")?);
    let ascending = ascending(input)?;
    let mut found: Vec<_> = cloud
        .cloudwatch
        .history()
        .iter()
        .filter(|item| {
            name.is_none_or(|name| item.alarm == name)
                && types.iter().any(|kind| kind == item.alarm_type)
                && item_type.is_none_or(|wanted| HistoryItemType::name(item.item_type) == wanted)
                && start.is_none_or(|start| item.at >= start)
                && end.is_none_or(|end| item.at <= end)
        })
        .collect();
    if !ascending {
        found.reverse();
    }
    let most = paging::most(input, 100, 100)?;
    let (page, next) = paging::page(input, "DescribeAlarmHistory", found, most)?;
    let items: Vec<Structure> = page
        .into_iter()
        .map(|item| {
            Structure::new()
                .with("AlarmName", item.alarm.as_str())
                .with("AlarmType", item.alarm_type)
                .with("Timestamp", item.at)
                .with("HistoryItemType", item.item_type.name())
                .with("HistorySummary", item.summary.as_str())
                .with("HistoryData", item.data.as_str())
        })
        .collect();
    Ok(Structure::new()
        .with("AlarmHistoryItems", items)
        .with_optional("NextToken", next)
        .into())
}

/// Whether `ScanBy` asks for the oldest first; the newest come first by default.
pub(super) fn ascending(input: Input<'_>) -> Read<bool> {
    match input.text("ScanBy")? {
        None | Some("TimestampDescending") => Ok(false),
        Some("TimestampAscending") => Ok(true),
        Some("") => Err(missing("ScanBy")),
        Some(other) => Err(not_in_set(
            "ScanBy",
            other,
            "TimestampDescending, TimestampAscending",
        )),
    }
}
