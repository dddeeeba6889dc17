//! CloudWatch: alarms as they are, and metrics by the minute.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_cloudwatch::types::{
    ActionsSuppressedBy, AlarmMuteRuleStatus, AlarmType, CompositeAlarm, Dimension, Metric,
    MetricAlarm, MetricDataQuery, MetricStat, StateValue, StatusCode,
};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::{Aws, ServiceError, from_sdk, to_sdk};
use crate::{
    alarm::{AUTO_SCALING_PREFIX, Alarm, AlarmState, AlarmsSeen, Silence},
    load::{Series, delta},
};

/// DescribeAlarms takes at most this many names.
const NAMES_PER_READ: usize = 100;

/// Where ElastiCache publishes.
pub(super) const ELASTICACHE: &str = "AWS/ElastiCache";

/// GetMetricData takes at most this many queries.
const QUERIES_PER_READ: usize = 500;

/// One metric to read, by the minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// `AWS/ElastiCache` or `AWS/Neptune`.
    pub(super) namespace: &'static str,
    /// The metric's name there.
    pub(super) metric: &'static str,
    /// Its dimensions.
    pub(super) dimensions: Vec<(&'static str, String)>,
    /// The statistic.
    pub(super) statistic: &'static str,
}

impl Aws {
    /// The alarms of these names; one that is absent from the answer does not exist.
    pub(super) async fn alarms(&self, names: &[String]) -> Result<AlarmsSeen, ServiceError> {
        let doing = "reading alarms (DescribeAlarms)";
        let mut seen = AlarmsSeen::new();
        for names in names.chunks(NAMES_PER_READ) {
            let request = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm);
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| ServiceError::new(doing, &error))?;
                seen.extend(page.metric_alarms().iter().filter_map(read_metric_alarm));
                seen.extend(
                    page.composite_alarms()
                        .iter()
                        .filter_map(read_composite_alarm),
                );
            }
        }
        for alarm in seen.values_mut().filter(|alarm| alarm.breaches()) {
            alarm.silence = self.mute_rule_over(&alarm.name).await?.map(Silence::Muted);
        }
        Ok(seen)
    }

    async fn mute_rule_over(&self, alarm: &str) -> Result<Option<String>, ServiceError> {
        let doing = "reading mute rules (ListAlarmMuteRules)";
        let request = self
            .cloudwatch
            .list_alarm_mute_rules()
            .alarm_name(alarm)
            .statuses(AlarmMuteRuleStatus::Active);
        let rules = request
            .send()
            .await
            .map_err(|error| ServiceError::new(doing, &error))?;
        let first = rules.alarm_mute_rule_summaries().first();
        Ok(first.map(|rule| {
            rule.alarm_mute_rule_arn()
                .unwrap_or("of unknown name")
                .to_owned()
        }))
    }

    /// The names of the alarms that Application Auto Scaling made for replication groups.
    pub(super) async fn auto_scaling_alarms(&self) -> Result<Vec<String>, ServiceError> {
        let request = self
            .cloudwatch
            .describe_alarms()
            .alarm_name_prefix(AUTO_SCALING_PREFIX);
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let doing = "looking for Application Auto Scaling (DescribeAlarms)";
            let page = page.map_err(|error| ServiceError::new(doing, &error))?;
            names.extend(
                page.metric_alarms()
                    .iter()
                    .filter_map(|alarm| alarm.alarm_name())
                    .map(str::to_owned),
            );
        }
        Ok(names)
    }

    /// The minutes from `now − window` on of each metric, in the order asked for. The minute that is running is left out: what is
    /// there of it may be an idle replica's sample alone.
    pub(super) async fn metrics(
        &self,
        wanted: &[Wanted],
        now: DateTime<Utc>,
        window: Duration,
    ) -> Result<Vec<Series>, ServiceError> {
        let mut all = Vec::with_capacity(wanted.len());
        for wanted in wanted.chunks(QUERIES_PER_READ) {
            all.extend(self.metrics_page(wanted, now, window).await?);
        }
        Ok(all)
    }

    async fn metrics_page(
        &self,
        wanted: &[Wanted],
        now: DateTime<Utc>,
        window: Duration,
    ) -> Result<Vec<Series>, ServiceError> {
        let doing = "reading metrics (GetMetricData)";
        let queries: Vec<MetricDataQuery> = wanted
            .iter()
            .enumerate()
            .map(|(index, one)| query(index, one))
            .collect();
        let request = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(to_sdk(now - delta(window)))
            .end_time(to_sdk(whole_minute(now)));
        // An id that no page mentions stays unknown, and unknown is incomplete.
        let mut series = vec![Series::default(); wanted.len()];
        let mut pages = request.into_paginator().send();
        self.bought.ask(wanted.len());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ServiceError::new(doing, &error))?;
            if page.next_token().is_some() {
                self.bought.ask(wanted.len());
            }
            for result in page.metric_data_results() {
                let index = result
                    .id()
                    .and_then(|id| id.strip_prefix('q'))
                    .and_then(|id| id.parse::<usize>().ok());
                let Some(one) = index.and_then(|index| series.get_mut(index)) else {
                    continue;
                };
                let samples = result.timestamps().iter().zip(result.values());
                let samples = samples.filter_map(|(at, value)| Some((from_sdk(at)?, *value)));
                // `PartialData` on an early page means that more pages follow; the last page's word counts.
                let complete = result.status_code() == Some(&StatusCode::Complete);
                one.extend(&Series::new(samples, complete));
            }
        }
        Ok(series)
    }
}

fn whole_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

fn query(index: usize, wanted: &Wanted) -> MetricDataQuery {
    let dimensions = wanted
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(*name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(wanted.namespace)
        .metric_name(wanted.metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat(wanted.statistic)
        .build();
    MetricDataQuery::builder()
        .id(format!("q{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

fn read_state(state: Option<&StateValue>) -> AlarmState {
    match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        // Silence, and words newer than this program, say nothing.
        _ => AlarmState::InsufficientData,
    }
}

fn read_metric_alarm(alarm: &MetricAlarm) -> Option<(String, Alarm)> {
    let name = alarm.alarm_name()?.to_owned();
    // Not `StateUpdatedTimestamp`: it moves without a transition, and each move would ask for a step of its own.
    let since = alarm.state_transitioned_timestamp();
    let silence = (alarm.actions_enabled() == Some(false)).then_some(Silence::ActionsDisabled);
    let (state, since) = (read_state(alarm.state_value()), since.and_then(from_sdk));
    Some((
        name.clone(),
        Alarm {
            name,
            state,
            since,
            silence,
            dimensions: read_dimensions(alarm),
        },
    ))
}

/// The dimensions of an alarm on one metric, be it named by the alarm itself or by its only query.
fn read_dimensions(alarm: &MetricAlarm) -> BTreeMap<String, String> {
    let dimensions = match alarm.metrics() {
        [] => alarm.dimensions(),
        [only] => only
            .metric_stat()
            .and_then(|stat| stat.metric())
            .map(|metric| metric.dimensions())
            .unwrap_or_default(),
        // Arithmetic over several metrics speaks of no node in particular.
        _ => &[],
    };
    dimensions
        .iter()
        .filter_map(|one| Some((one.name()?.to_owned(), one.value()?.to_owned())))
        .collect()
}

fn read_composite_alarm(alarm: &CompositeAlarm) -> Option<(String, Alarm)> {
    let name = alarm.alarm_name()?.to_owned();
    let since = alarm.state_transitioned_timestamp();
    let suppressed = alarm.actions_suppressed_by().is_some_and(|by| {
        matches!(
            by,
            ActionsSuppressedBy::Alarm
                | ActionsSuppressedBy::WaitPeriod
                | ActionsSuppressedBy::ExtensionPeriod
        )
    });
    let disabled = (alarm.actions_enabled() == Some(false)).then_some(Silence::ActionsDisabled);
    let silence = disabled.or_else(|| suppressed.then_some(Silence::Suppressed));
    let (state, since) = (read_state(alarm.state_value()), since.and_then(from_sdk));
    Some((
        name.clone(),
        Alarm {
            name,
            state,
            since,
            silence,
            dimensions: BTreeMap::new(),
        },
    ))
}
