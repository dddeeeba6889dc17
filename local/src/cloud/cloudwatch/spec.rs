//! Alarms as scenarios write them and as screens see them.

use chrono::{DateTime, Utc};

use super::{
    Refusal,
    alarm::{Comparison, Definition, Kind, MetricAlarm, MissingData, StateValue, Watch},
    metric::{Metric, Statistic, Unit},
    query::MetricStat,
};

/// A metric alarm as scenarios write it. Everything has a default but the name and the metric.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmSpec {
    /// Unique in the Region.
    pub name: String,
    /// For example `AWS/ElastiCache`.
    pub namespace: String,
    /// For example `EngineCPUUtilization`.
    pub metric: String,
    /// Name and value of each dimension.
    pub dimensions: Vec<(String, String)>,
    /// `Average`, `Maximum`, `p99`, …
    pub statistic: String,
    /// Seconds.
    pub period: i64,
    /// N of "M out of N".
    pub evaluation_periods: u32,
    /// M of "M out of N"; `None`: all N.
    pub datapoints_to_alarm: Option<u32>,
    /// The threshold.
    pub threshold: f64,
    /// How values compare with it.
    pub comparison: Comparison,
    /// What missing data points count as.
    pub treat_missing: MissingData,
    /// ARNs to act on when the alarm goes into ALARM.
    pub alarm_actions: Vec<String>,
    /// ARNs to act on when it goes OK.
    pub ok_actions: Vec<String>,
}

impl Default for AlarmSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            namespace: "AWS/ElastiCache".to_owned(),
            metric: String::new(),
            dimensions: Vec::new(),
            statistic: "Average".to_owned(),
            period: 60,
            evaluation_periods: 1,
            datapoints_to_alarm: None,
            threshold: 0.0,
            comparison: Comparison::GreaterThan,
            treat_missing: MissingData::Missing,
            alarm_actions: Vec::new(),
            ok_actions: Vec::new(),
        }
    }
}

impl AlarmSpec {
    /// The definition a client would have sent.
    ///
    /// # Errors
    ///
    /// A statistic that does not exist here.
    pub fn definition(self) -> Result<Definition, Refusal> {
        let statistic = Statistic::parse(&self.statistic).ok_or_else(|| {
            Refusal::InvalidParameterValue(format!(
                "The value {} for parameter Statistic is not supported.",
                self.statistic
            ))
        })?;
        let dimensions: Vec<(&str, &str)> = self
            .dimensions
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let metric = Metric::new(&self.namespace, &self.metric, &dimensions);
        Ok(Definition {
            name: self.name,
            description: None,
            actions_enabled: true,
            ok_actions: self.ok_actions,
            alarm_actions: self.alarm_actions,
            insufficient_data_actions: Vec::new(),
            kind: Kind::Metric(MetricAlarm {
                watch: Watch::Metric(MetricStat {
                    metric,
                    period: self.period,
                    statistic,
                    unit: None::<Unit>,
                }),
                evaluation_periods: self.evaluation_periods,
                datapoints_to_alarm: self.datapoints_to_alarm,
                threshold: self.threshold,
                comparison: self.comparison,
                treat_missing: Some(self.treat_missing),
                low_sample_percentile: None,
            }),
        })
    }
}

/// What screens and scenarios see of an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its state.
    pub state: StateValue,
    /// Since when it is in that state.
    pub since: DateTime<Utc>,
    /// `None`: a composite alarm, which has none.
    pub threshold: Option<f64>,
    /// Why it is in that state.
    pub reason: &'a str,
}
