//! What an alarm is: its definition, its state, and the view that other rooms get of it.

use chrono::{DateTime, Utc};

use super::{
    Refusal,
    math::Shape,
    query::{self, MetricStat, Query, Source},
    rule::Rule,
};

/// An alarm's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateValue {
    /// Within the threshold.
    Ok,
    /// In breach.
    Alarm,
    /// Just created, or no data.
    InsufficientData,
}

impl StateValue {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A state with its reason and times.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Which.
    pub value: StateValue,
    /// In words.
    pub reason: String,
    /// A JSON text; `None` for a new alarm and for `SetAlarmState` without one.
    pub reason_data: Option<String>,
    /// When value or reason were last set (`StateUpdatedTimestamp`).
    pub updated: DateTime<Utc>,
    /// When the value last changed (`StateTransitionedTimestamp`).
    pub transitioned: DateTime<Utc>,
    /// Who keeps the actions of this state from running; `None`: nobody, or the alarm has no suppressor.
    pub suppressed_by: Option<SuppressedBy>,
}

/// Why a composite alarm's actions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressedBy {
    /// Waiting whether the suppressor goes into ALARM.
    WaitPeriod,
    /// The suppressor left ALARM a short while ago.
    ExtensionPeriod,
    /// The suppressor is in ALARM.
    Alarm,
}

impl SuppressedBy {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaitPeriod => "WaitPeriod",
            Self::ExtensionPeriod => "ExtensionPeriod",
            Self::Alarm => "Alarm",
        }
    }

    /// The sentence that goes with it.
    pub fn reason(self) -> String {
        format!("Actions suppressed by {}", self.name())
    }
}

/// How a value is compared with the threshold. The anomaly-detection operators are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    GreaterThanOrEqual,
    /// `>`
    GreaterThan,
    /// `<`
    LessThan,
    /// `<=`
    LessThanOrEqual,
}

impl Comparison {
    const ALL: [Self; 4] = [
        Self::GreaterThanOrEqual,
        Self::GreaterThan,
        Self::LessThan,
        Self::LessThanOrEqual,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqual => "GreaterThanOrEqualToThreshold",
            Self::GreaterThan => "GreaterThanThreshold",
            Self::LessThan => "LessThanThreshold",
            Self::LessThanOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// The comparison of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// As state reasons say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqual => "greater than or equal to",
            Self::GreaterThan => "greater than",
            Self::LessThan => "less than",
            Self::LessThanOrEqual => "less than or equal to",
        }
    }

    /// Whether `value` breaches `threshold`.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqual => value >= threshold,
            Self::GreaterThan => value > threshold,
            Self::LessThan => value < threshold,
            Self::LessThanOrEqual => value <= threshold,
        }
    }
}

/// What an alarm makes of data points that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingData {
    /// They count as missing: no data at all is INSUFFICIENT_DATA. The default.
    #[default]
    Missing,
    /// They count as within the threshold.
    NotBreaching,
    /// They count as breaching.
    Breaching,
    /// The state is kept.
    Ignore,
}

impl MissingData {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotBreaching => "notBreaching",
            Self::Breaching => "breaching",
            Self::Ignore => "ignore",
        }
    }

    /// The treatment of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Missing,
            Self::NotBreaching,
            Self::Breaching,
            Self::Ignore,
        ]
        .into_iter()
        .find(|one| one.name() == name)
    }
}

/// What a metric alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum Watch {
    /// One metric.
    Metric(MetricStat),
    /// Metric math; exactly one of the queries is returned and watched.
    Queries(Vec<Query>),
}

impl Watch {
    /// The queries that compute what is watched.
    pub fn queries(&self, id: &str) -> Vec<Query> {
        match self {
            Self::Metric(stat) => vec![Query {
                id: id.to_owned(),
                source: Source::Stat(stat.clone()),
                label: None,
                return_data: true,
            }],
            Self::Queries(queries) => queries.clone(),
        }
    }

    /// Seconds of one evaluated period.
    pub fn period(&self) -> i64 {
        match self {
            Self::Metric(stat) => stat.period,
            Self::Queries(queries) => query::common_period(queries),
        }
    }
}

/// The part of a metric alarm that composite alarms do not have.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricAlarm {
    /// What it watches.
    pub watch: Watch,
    /// N: how many periods are looked at.
    pub evaluation_periods: u32,
    /// M: how many must breach; `None`: all N.
    pub datapoints_to_alarm: Option<u32>,
    /// The threshold.
    pub threshold: f64,
    /// How values compare with it.
    pub comparison: Comparison,
    /// `None`: not said, which means [`MissingData::Missing`].
    pub treat_missing: Option<MissingData>,
    /// `EvaluateLowSampleCountPercentile`, kept as sent and ASSUMED `evaluate`.
    pub low_sample_percentile: Option<String>,
}

impl MetricAlarm {
    /// M, with its default.
    pub fn datapoints_needed(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    /// (BC PutMetricAlarm) the limits that hold across its numbers.
    ///
    /// # Errors
    ///
    /// The first limit that is broken.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.evaluation_periods == 0 {
            return Err(Refusal::Validation(
                "1 validation error detected: Value '0' at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1".to_owned(),
            ));
        }
        if self
            .datapoints_to_alarm
            .is_some_and(|m| m == 0 || m > self.evaluation_periods)
        {
            return Err(Refusal::Validation(
                "DatapointsToAlarm must be at least 1 and at most EvaluationPeriods".to_owned(),
            ));
        }
        let periods = match &self.watch {
            Watch::Metric(stat) => vec![stat.period],
            Watch::Queries(queries) => queries
                .iter()
                .filter_map(|query| match &query.source {
                    Source::Stat(stat) => Some(stat.period),
                    Source::Math { .. } => None,
                })
                .collect(),
        };
        for period in &periods {
            check_period(*period)?;
        }
        let total = self.watch.period() * i64::from(self.evaluation_periods);
        let (limit, words) = if self.watch.period() < 3600 {
            (
                86_400,
                "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).",
            )
        } else {
            (
                604_800,
                "Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).",
            )
        };
        if total > limit {
            return Err(Refusal::Validation(words.to_owned()));
        }
        if let Watch::Queries(queries) = &self.watch {
            check_watched_queries(queries)?;
        }
        Ok(())
    }
}

/// (BC) "Valid values are 10, 20, 30, and any multiple of 60."
///
/// # Errors
///
/// Another number.
pub fn check_period(period: i64) -> Result<(), Refusal> {
    if matches!(period, 10 | 20 | 30) || (period > 0 && period % 60 == 0) {
        Ok(())
    } else {
        Err(Refusal::Validation(
            "Period must be 10, 20, 30 or a multiple of 60".to_owned(),
        ))
    }
}

/// (BC PutMetricAlarm, CW-DG quotas)
fn check_watched_queries(queries: &[Query]) -> Result<(), Refusal> {
    let shapes = query::check(queries)?;
    if queries.iter().filter(|query| query.return_data).count() != 1 {
        return Err(Refusal::Validation(
            "Exactly one element of the metrics list should return data.".to_owned(),
        ));
    }
    let watched = queries.iter().find(|query| query.return_data);
    if watched.and_then(|query| shapes.get(&query.id)) != Some(&Shape::Series) {
        return Err(Refusal::Validation(
            "The expression that an alarm watches must return a single time series.".to_owned(),
        ));
    }
    let metrics = queries
        .iter()
        .filter(|query| matches!(query.source, Source::Stat(_)))
        .count();
    if metrics == 0 {
        return Err(Refusal::Validation(
            "An alarm's metrics list must contain at least one metric.".to_owned(),
        ));
    }
    if metrics > 10 {
        return Err(Refusal::Validation(
            "An alarm's metrics list may contain at most 10 metrics.".to_owned(),
        ));
    }
    Ok(())
}

/// The part of a composite alarm that metric alarms do not have.
#[derive(Debug, Clone, PartialEq)]
pub struct CompositeAlarm {
    /// The rule as written.
    pub rule_text: String,
    /// The rule as parsed.
    pub rule: Rule,
    /// Name or ARN of the alarm whose ALARM suppresses the actions.
    pub suppressor: Option<String>,
    /// Seconds to wait whether the suppressor goes into ALARM.
    pub wait_seconds: i64,
    /// Seconds for which actions stay suppressed after it left ALARM.
    pub extension_seconds: i64,
}

/// The two kinds of alarm.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Watches metrics.
    Metric(MetricAlarm),
    /// Watches other alarms.
    Composite(CompositeAlarm),
}

impl Kind {
    /// The alarm type's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Metric(_) => "MetricAlarm",
            Self::Composite(_) => "CompositeAlarm",
        }
    }
}

/// What a client defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Unique in the Region.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether actions run at all.
    pub actions_enabled: bool,
    /// ARNs to act on when the alarm goes OK.
    pub ok_actions: Vec<String>,
    /// ARNs to act on when it goes into ALARM.
    pub alarm_actions: Vec<String>,
    /// ARNs to act on when it goes into INSUFFICIENT_DATA.
    pub insufficient_data_actions: Vec<String>,
    /// Metric or composite.
    pub kind: Kind,
}

impl Definition {
    /// The actions of a state.
    pub fn actions(&self, state: StateValue) -> &[String] {
        match state {
            StateValue::Ok => &self.ok_actions,
            StateValue::Alarm => &self.alarm_actions,
            StateValue::InsufficientData => &self.insufficient_data_actions,
        }
    }

    /// Whether any action's ARN begins with `prefix`.
    pub fn acts_on(&self, prefix: &str) -> bool {
        [
            &self.ok_actions,
            &self.alarm_actions,
            &self.insufficient_data_actions,
        ]
        .into_iter()
        .flatten()
        .any(|action| action.starts_with(prefix))
    }
}

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// What the client defined.
    pub definition: Definition,
    /// Its ARN.
    pub arn: String,
    /// When it was last defined or its actions were switched.
    pub configured: DateTime<Utc>,
    /// Where it stands.
    pub state: State,
    /// The state it left last; what an action's event calls `previousState`.
    pub previous: State,
    /// Whether this state's actions were muted and wait for the mute to end.
    pub muted: bool,
    /// Until when suppression by a wait or extension period lasts.
    pub suppressed_until: Option<DateTime<Utc>>,
    /// Composite: the children's states at the last evaluation; `None` before the first and after an update.
    pub seen_children: Option<Vec<(String, Option<StateValue>)>>,
    /// Composite: whether it was created (rather than updated) since its last evaluation.
    pub fresh: bool,
    /// Composite: since when the suppressor is out of ALARM, if it ever was in it.
    pub suppressor_left: Option<DateTime<Utc>>,
    /// Composite: whether the suppressor was in ALARM at the last look.
    pub suppressor_alarmed: bool,
}
