//! What an alarm's action sends: the direct event of a Lambda action, the message of an SNS action.

use serde_json::{Map, Value, json};

use super::{
    alarm::{Alarm, Kind, MetricAlarm, State, Watch},
    judge::long_time,
    metric::{Metric, Statistic},
    query::{Query, Source},
};

/// Whose alarm it is.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// Twelve digits.
    pub account_id: String,
    /// For example `us-east-1`.
    pub region: String,
}

impl Owner {
    /// The Region as an SNS message shows it: (1c) a display name.
    fn region_name(&self) -> &str {
        match self.region.as_str() {
            "us-east-1" => "US East (N. Virginia)",
            "us-east-2" => "US East (Ohio)",
            "us-west-1" => "US West (N. California)",
            "us-west-2" => "US West (Oregon)",
            "eu-west-1" => "EU (Ireland)",
            "eu-central-1" => "EU (Frankfurt)",
            other => other,
        }
    }
}

/// (1a) the event that a Lambda function receives when an alarm acts on it directly.
pub(super) fn lambda_event(owner: &Owner, alarm: &Alarm) -> Value {
    let definition = &alarm.definition;
    let mut configuration = Map::new();
    if let Some(description) = &definition.description {
        configuration.insert("description".to_owned(), json!(description));
    }
    match &definition.kind {
        Kind::Metric(metric) => {
            let queries = metric.watch.queries(&watch_id(&definition.name));
            let metrics: Vec<Value> = queries.iter().map(event_query).collect();
            configuration.insert("metrics".to_owned(), json!(metrics));
        }
        Kind::Composite(composite) => {
            configuration.insert("alarmRule".to_owned(), json!(composite.rule_text));
            if let Some(suppressor) = &composite.suppressor {
                configuration.insert("actionsSuppressor".to_owned(), json!(suppressor));
                configuration.insert(
                    "actionsSuppressorWaitPeriod".to_owned(),
                    json!(composite.wait_seconds),
                );
                configuration.insert(
                    "actionsSuppressorExtensionPeriod".to_owned(),
                    json!(composite.extension_seconds),
                );
            }
        }
    }
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": owner.account_id,
        "time": long_time(alarm.state.updated),
        "region": owner.region,
        "alarmData": {
            "alarmName": definition.name,
            "state": event_state(&alarm.state),
            "previousState": event_state(&alarm.previous),
            "configuration": configuration,
        },
    })
}

fn event_state(state: &State) -> Value {
    let mut shown = Map::new();
    shown.insert("value".to_owned(), json!(state.value.name()));
    shown.insert("reason".to_owned(), json!(state.reason));
    if let Some(data) = &state.reason_data {
        shown.insert("reasonData".to_owned(), json!(data));
    }
    shown.insert("timestamp".to_owned(), json!(long_time(state.updated)));
    if let Some(by) = state.suppressed_by {
        shown.insert("actionsSuppressedBy".to_owned(), json!(by.name()));
        shown.insert("actionsSuppressedReason".to_owned(), json!(by.reason()));
    }
    Value::Object(shown)
}

fn event_query(query: &Query) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(query.id));
    match &query.source {
        Source::Stat(stat) => {
            let dimensions: Map<String, Value> = stat
                .metric
                .dimensions
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect();
            let mut metric_stat = Map::new();
            metric_stat.insert(
                "metric".to_owned(),
                json!({
                    "namespace": stat.metric.namespace,
                    "name": stat.metric.name,
                    "dimensions": dimensions,
                }),
            );
            metric_stat.insert("period".to_owned(), json!(stat.period));
            metric_stat.insert("stat".to_owned(), json!(stat.statistic.name()));
            if let Some(unit) = stat.unit {
                metric_stat.insert("unit".to_owned(), json!(unit.name()));
            }
            shown.insert("metricStat".to_owned(), Value::Object(metric_stat));
        }
        Source::Math { text, .. } => {
            shown.insert("expression".to_owned(), json!(text));
        }
    }
    if let Some(label) = &query.label {
        shown.insert("label".to_owned(), json!(label));
    }
    shown.insert("returnData".to_owned(), json!(query.return_data));
    Value::Object(shown)
}

/// CloudWatch makes up a UUID for the one metric of a plain alarm; here it follows from the alarm's name, so that two
/// runs are alike.
fn watch_id(name: &str) -> String {
    // FNV-1a, 64 bits: any stable spread will do.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let text = format!("{hash:016x}");
    let (first, rest) = text.split_at(8);
    let (second, third) = rest.split_at(4);
    format!("{first}-{second}-4000-8000-{third}{first}")
}

/// (1c) the text of the message that an SNS topic receives.
pub(super) fn sns_message(owner: &Owner, alarm: &Alarm, children: &[(String, State)]) -> String {
    let definition = &alarm.definition;
    let mut message = Map::new();
    let mut put = |key: &str, value: Value| {
        message.insert(key.to_owned(), value);
    };
    put("AlarmName", json!(definition.name));
    put("AlarmDescription", json!(definition.description));
    put("AWSAccountId", json!(owner.account_id));
    put(
        "AlarmConfigurationUpdatedTimestamp",
        json!(long_time(alarm.configured)),
    );
    put("NewStateValue", json!(alarm.state.value.name()));
    put("NewStateReason", json!(alarm.state.reason));
    put("StateChangeTime", json!(long_time(alarm.state.updated)));
    put("Region", json!(owner.region_name()));
    put("AlarmArn", json!(alarm.arn));
    put("OldStateValue", json!(alarm.previous.value.name()));
    put("OKActions", json!(definition.ok_actions));
    put("AlarmActions", json!(definition.alarm_actions));
    put(
        "InsufficientDataActions",
        json!(definition.insufficient_data_actions),
    );
    match &definition.kind {
        Kind::Metric(metric) => put("Trigger", trigger(metric)),
        Kind::Composite(composite) => {
            put("AlarmRule", json!(composite.rule_text));
            if let Some(suppressor) = &composite.suppressor {
                put("ActionsSuppressor", json!(suppressor));
                put("ActionsSuppressorWaitPeriod", json!(composite.wait_seconds));
                put(
                    "ActionsSuppressorExtensionPeriod",
                    json!(composite.extension_seconds),
                );
            }
            let triggering: Vec<Value> = children
                .iter()
                .map(|(arn, state)| {
                    json!({
                        "Arn": arn,
                        "State": { "Value": state.value.name(), "Timestamp": long_time(state.updated) },
                    })
                })
                .collect();
            put("TriggeringChildren", json!(triggering));
        }
    }
    Value::Object(message).to_string()
}

fn trigger(alarm: &MetricAlarm) -> Value {
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| {
        shown.insert(key.to_owned(), value);
    };
    if let Watch::Metric(stat) = &alarm.watch {
        put("MetricName", json!(stat.metric.name));
        put("Namespace", json!(stat.metric.namespace));
        if let Statistic::Percentile(_, text) = &stat.statistic {
            put("StatisticType", json!("ExtendedStatistic"));
            put("ExtendedStatistic", json!(text));
        } else {
            put("StatisticType", json!("Statistic"));
            put("Statistic", json!(capitals(stat.statistic.name())));
        }
        put("Unit", json!(stat.unit.map(|unit| unit.name())));
        put("Dimensions", sns_dimensions(&stat.metric));
    }
    put("Period", json!(alarm.watch.period()));
    put("EvaluationPeriods", json!(alarm.evaluation_periods));
    if let Some(needed) = alarm.datapoints_to_alarm {
        put("DatapointsToAlarm", json!(needed));
    }
    put("ComparisonOperator", json!(alarm.comparison.name()));
    put("Threshold", json!(alarm.threshold));
    put(
        "TreatMissingData",
        json!(alarm.treat_missing.unwrap_or_default().name()),
    );
    put(
        "EvaluateLowSampleCountPercentile",
        json!(alarm.low_sample_percentile.clone().unwrap_or_default()),
    );
    if let Watch::Queries(queries) = &alarm.watch {
        let metrics: Vec<Value> = queries.iter().map(sns_query).collect();
        put("Metrics", json!(metrics));
    }
    Value::Object(shown)
}

/// `SampleCount` is written `SAMPLE_COUNT`.
fn capitals(statistic: &str) -> String {
    if statistic == "SampleCount" {
        "SAMPLE_COUNT".to_owned()
    } else {
        statistic.to_uppercase()
    }
}

fn sns_dimensions(metric: &Metric) -> Value {
    metric
        .dimensions
        .iter()
        .map(|(name, value)| json!({ "value": value, "name": name }))
        .collect()
}

fn sns_query(query: &Query) -> Value {
    let mut shown = Map::new();
    shown.insert("Id".to_owned(), json!(query.id));
    if let Some(label) = &query.label {
        shown.insert("Label".to_owned(), json!(label));
    }
    shown.insert("ReturnData".to_owned(), json!(query.return_data));
    match &query.source {
        Source::Math { text, .. } => {
            shown.insert("Expression".to_owned(), json!(text));
        }
        Source::Stat(stat) => {
            let mut metric_stat = Map::new();
            metric_stat.insert(
                "Metric".to_owned(),
                json!({
                    "Dimensions": sns_dimensions(&stat.metric),
                    "MetricName": stat.metric.name,
                    "Namespace": stat.metric.namespace,
                }),
            );
            metric_stat.insert("Period".to_owned(), json!(stat.period));
            metric_stat.insert("Stat".to_owned(), json!(stat.statistic.name()));
            if let Some(unit) = stat.unit {
                metric_stat.insert("Unit".to_owned(), json!(unit.name()));
            }
            shown.insert("MetricStat".to_owned(), Value::Object(metric_stat));
        }
    }
    Value::Object(shown)
}
