//! Alarms: what CloudWatch sends when one changes its state, over each of its three routes.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::text::{at, clip, clipped_at, list_at, names_a_resource, push, text_at, time_at};

/// A change of an alarm's state, as an event tells it. The truth is what `DescribeAlarms` says now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmTransition {
    /// The alarm's name.
    pub name: String,
    /// Its ARN. `None`: the event has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The state it went to.
    pub state: AlarmState,
    /// The state it came from. `None`: the event does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<AlarmState>,
    /// When it changed. `None`: absent or unreadable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// The route it came by.
    pub via: Route,
    /// What it watches.
    #[serde(rename = "alarm_kind")]
    pub kind: AlarmKind,
    /// Whether a suppressor alarm holds its actions back. EventBridge tells of such a change all the same.
    #[serde(skip_serializing_if = "is_false")]
    pub suppressed: bool,
    /// Whether a mute rule holds its actions back. EventBridge tells of such a change all the same.
    #[serde(skip_serializing_if = "is_false")]
    pub muted: bool,
    /// The id of the contributor that changed, where one alarm watches many. `None`: the alarm as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributor: Option<String>,
    /// The alarms that moved a composite alarm, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    /// Ids of groups, clusters and nodes in the dimensions of its metrics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Breaching.
    Alarm,
    /// Not enough data to tell.
    InsufficientData,
    /// Something else, or nothing.
    Other,
}

/// The route by which an alarm reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The alarm's own Lambda action.
    Direct,
    /// An EventBridge rule.
    #[serde(rename = "eventbridge")]
    EventBridge,
    /// A topic.
    Sns,
}

/// What an alarm watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// One metric against a threshold.
    Metric,
    /// An expression over metrics.
    MetricMath,
    /// A metric against its anomaly detection band.
    AnomalyDetection,
    /// Other alarms.
    Composite,
    /// The event does not say.
    Unknown,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl AlarmState {
    fn read(word: Option<&str>) -> Self {
        match word {
            Some("OK") => Self::Ok,
            Some("ALARM") => Self::Alarm,
            Some("INSUFFICIENT_DATA") => Self::InsufficientData,
            Some(_) | None => Self::Other,
        }
    }

    /// The state as CloudWatch spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Other => "an unknown state",
        }
    }
}

impl Route {
    /// The route in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::EventBridge => "eventbridge",
            Self::Sns => "sns",
        }
    }
}

impl AlarmTransition {
    /// Reads `alarmData` of a direct action, or `detail` of an EventBridge event: the two agree. `None`: it names no alarm.
    pub(super) fn read(data: &Value, arn: Option<&str>, via: Route) -> Option<Self> {
        let name = text_at(data, &["alarmName"]).or_else(|| name_in(arn?))?;
        let configuration = at(data, &["configuration"]).unwrap_or(&Value::Null);
        let metrics = list_at(configuration, &["metrics"]);
        let mut resources = Vec::new();
        for metric in metrics {
            dimensions(
                at(metric, &["metricStat", "metric", "dimensions"]),
                &mut resources,
            );
        }
        dimensions(
            at(data, &["alarmContributor", "attributes"]),
            &mut resources,
        );
        Some(Self {
            name: clip(name),
            arn: arn.map(clip),
            state: AlarmState::read(text_at(data, &["state", "value"])),
            previous: text_at(data, &["previousState", "value"])
                .map(|word| AlarmState::read(Some(word))),
            at: time_at(data, &["state", "timestamp"]),
            via,
            kind: kind(
                configuration.get("alarmRule").is_some(),
                metrics
                    .iter()
                    .map(|metric| text_at(metric, &["expression"])),
            ),
            suppressed: text_at(data, &["state", "actionsSuppressedBy"]).is_some(),
            muted: at(data, &["muteDetail"]).is_some_and(Value::is_object),
            contributor: clipped_at(data, &["alarmContributor", "id"]),
            children: children(data),
            resources,
        })
    }

    /// Reads the message that an alarm sends to a topic. `None`: it names no alarm.
    pub(super) fn read_sns(message: &Value) -> Option<Self> {
        let state = text_at(message, &["NewStateValue"])?;
        let arn = text_at(message, &["AlarmArn"]);
        let name = text_at(message, &["AlarmName"]).or_else(|| name_in(arn?))?;
        let trigger = at(message, &["Trigger"]).unwrap_or(&Value::Null);
        let metrics = list_at(trigger, &["Metrics"]);
        let mut resources = Vec::new();
        dimensions(trigger.get("Dimensions"), &mut resources);
        for metric in metrics {
            dimensions(
                at(metric, &["MetricStat", "Metric", "Dimensions"]),
                &mut resources,
            );
        }
        dimensions(message.get("AlarmContributorAttributes"), &mut resources);
        let single = text_at(trigger, &["MetricName"]).map(|_| None);
        let mut children = Vec::new();
        for child in list_at(message, &["TriggeringChildren"]) {
            push_child(&mut children, text_at(child, &["Arn"]));
        }
        Some(Self {
            name: clip(name),
            arn: arn.map(clip),
            state: AlarmState::read(Some(state)),
            previous: text_at(message, &["OldStateValue"]).map(|word| AlarmState::read(Some(word))),
            at: time_at(message, &["StateChangeTime"]),
            via: Route::Sns,
            kind: kind(
                message.get("AlarmRule").is_some(),
                single.into_iter().chain(
                    metrics
                        .iter()
                        .map(|metric| text_at(metric, &["Expression"])),
                ),
            ),
            suppressed: text_at(message, &["ActionsSuppressedBy"]).is_some(),
            // A muted or suppressed alarm sends nothing to its topic, so the message has no word for it.
            muted: false,
            contributor: clipped_at(message, &["AlarmContributorId"]),
            children,
            resources,
        })
    }

    /// The transition in a few words.
    pub(super) fn sentence(&self) -> String {
        let (name, state, via) = (&self.name, self.state.as_str(), self.via.as_str());
        let verb = match self.previous {
            Some(previous) if previous == self.state => "is again in",
            Some(_) | None => "went to",
        };
        let contributor = match &self.contributor {
            Some(id) => format!(" for contributor {id}"),
            None => String::new(),
        };
        let suppressed = if self.suppressed { ", suppressed" } else { "" };
        let muted = if self.muted { ", muted" } else { "" };
        format!("alarm {name} {verb} {state}{contributor} ({via}{suppressed}{muted})")
    }
}

/// The name at the end of an alarm's ARN.
pub(super) fn name_in(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":alarm:")?;
    Some(name).filter(|name| !name.is_empty())
}

/// What an alarm watches, by the expression of each of its metrics (`None` for a plain metric).
fn kind<'v>(has_rule: bool, expressions: impl Iterator<Item = Option<&'v str>>) -> AlarmKind {
    if has_rule {
        return AlarmKind::Composite;
    }
    let mut kind = AlarmKind::Unknown;
    for expression in expressions {
        match expression {
            Some(band) if band.contains("ANOMALY_DETECTION_BAND") => {
                return AlarmKind::AnomalyDetection;
            }
            Some(_) => kind = AlarmKind::MetricMath,
            None if kind == AlarmKind::Unknown => kind = AlarmKind::Metric,
            None => {}
        }
    }
    kind
}

/// The alarms that moved a composite alarm. `reasonData` is JSON inside a text.
fn children(data: &Value) -> Vec<String> {
    let mut children = Vec::new();
    let reason = text_at(data, &["state", "reasonData"]).unwrap_or_default();
    if let Ok(reason) = serde_json::from_str::<Value>(reason) {
        for child in list_at(&reason, &["triggeringAlarms"]) {
            push_child(&mut children, text_at(child, &["arn"]));
        }
    }
    children
}

fn push_child(children: &mut Vec<String>, arn: Option<&str>) {
    if let Some(name) = arn.and_then(name_in) {
        push(children, name);
    }
}

/// Adds the ids in dimensions, which are an object over two routes and a list of names and values over the third.
fn dimensions(dimensions: Option<&Value>, resources: &mut Vec<String>) {
    let Some(dimensions) = dimensions else {
        return;
    };
    let pairs = dimensions.as_object().into_iter().flatten();
    for (name, value) in pairs.filter_map(|(name, value)| Some((name, value.as_str()?))) {
        if names_a_resource(name) {
            push(resources, value);
        }
    }
    for pair in dimensions.as_array().into_iter().flatten() {
        let name = text_at(pair, &["name"]).or_else(|| text_at(pair, &["Name"]));
        let value = text_at(pair, &["value"]).or_else(|| text_at(pair, &["Value"]));
        if let (Some(name), Some(value)) = (name, value)
            && names_a_resource(name)
        {
            push(resources, value);
        }
    }
}
