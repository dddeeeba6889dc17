//! CloudWatch: metrics and alarms.

pub mod alarm;
mod define;
mod evaluation;
pub mod history;
mod judge;
pub mod math;
pub mod metric;
pub mod mute;
mod payload;
pub mod query;
mod refusal;
pub mod rule;
mod spec;
pub mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Delivery;
use alarm::State;
pub use alarm::{Alarm, Comparison, Definition, Kind, MissingData, StateValue};
use history::{History, HistoryItem, HistoryItemType};
pub use metric::{Metric, Samples, Statistic, Unit};
use mute::{MuteRule, MuteRuleSpec, MuteStatus};
use payload::Owner;
pub use refusal::Refusal;
pub use spec::{AlarmSpec, AlarmView};
use store::Store;

/// All metrics and alarms of the account.
#[derive(Debug)]
pub struct CloudWatch {
    owner: Owner,
    store: Store,
    alarms: BTreeMap<String, Alarm>,
    mute_rules: BTreeMap<String, MuteRule>,
    history: History,
    tags: BTreeMap<String, BTreeMap<String, String>>,
    forced: VecDeque<DataStatus>,
}

/// How complete a `GetMetricData` result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataStatus {
    /// All there is.
    Complete,
    /// Something went wrong inside the service.
    InternalError,
    /// A part of what there is.
    PartialData,
    /// Not allowed to see it.
    Forbidden,
}

impl DataStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::InternalError => "InternalError",
            Self::PartialData => "PartialData",
            Self::Forbidden => "Forbidden",
        }
    }
}

impl CloudWatch {
    /// No metrics and no alarms yet.
    pub fn new(account_id: &str, region: &str) -> Self {
        Self {
            owner: Owner {
                account_id: account_id.to_owned(),
                region: region.to_owned(),
            },
            store: Store::default(),
            alarms: BTreeMap::new(),
            mute_rules: BTreeMap::new(),
            history: History::default(),
            tags: BTreeMap::new(),
            forced: VecDeque::new(),
        }
    }

    /// Adds one sample to the minute that contains `at` (a publisher of the minute that has just ended passes its
    /// start). A unit that CloudWatch does not have counts as `None`.
    pub fn put_datum(
        &mut self,
        namespace: &str,
        metric: &str,
        dimensions: &[(&str, &str)],
        at: DateTime<Utc>,
        value: f64,
        unit: &str,
    ) {
        self.store.add(
            Metric::new(namespace, metric, dimensions),
            at,
            false,
            Unit::parse(unit).unwrap_or(Unit::NONE),
            Samples::repeated(value, 1.0),
        );
    }

    /// Adds samples as a client sends them.
    pub fn put_samples(
        &mut self,
        metric: Metric,
        at: DateTime<Utc>,
        high_resolution: bool,
        unit: Unit,
        samples: Samples,
    ) {
        self.store.add(metric, at, high_resolution, unit, samples);
    }

    /// The samples, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The next `GetMetricData` answers with this status for every result: half of the data for `PartialData`, none for
    /// `InternalError` and `Forbidden`. Several queue up.
    pub fn force_status(&mut self, status: DataStatus) {
        self.forced.push_back(status);
    }

    /// Takes the status that the coming `GetMetricData` must show, if any.
    pub fn take_forced_status(&mut self) -> Option<DataStatus> {
        self.forced.pop_front()
    }

    /// Every alarm, by name, as screens and scenarios see it.
    pub fn alarms(&self) -> impl Iterator<Item = AlarmView<'_>> {
        self.alarms.values().map(|alarm| AlarmView {
            name: &alarm.definition.name,
            state: alarm.state.value,
            since: alarm.state.transitioned,
            threshold: match &alarm.definition.kind {
                Kind::Metric(metric) => Some(metric.threshold),
                Kind::Composite(_) => None,
            },
            reason: &alarm.state.reason,
        })
    }

    /// Every alarm in full, by name.
    pub fn all_alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.values()
    }

    /// The alarm of this name or ARN.
    pub fn alarm(&self, name_or_arn: &str) -> Option<&Alarm> {
        self.alarms.get(self.name_of(name_or_arn))
    }

    /// What happened to alarms, oldest first.
    pub fn history(&self) -> &[HistoryItem] {
        self.history.items()
    }

    /// Creates or replaces a mute rule.
    ///
    /// # Errors
    ///
    /// A schedule that cannot be kept, or targets that do not exist.
    pub fn put_mute_rule(&mut self, now: DateTime<Utc>, spec: MuteRuleSpec) -> Result<(), Refusal> {
        let rule = MuteRule::new(spec, now)?;
        if let Some(unknown) = rule
            .alarm_names
            .iter()
            .find(|name| !self.alarms.contains_key(*name))
        {
            return Err(Refusal::InvalidParameterValue(format!(
                "The alarm {unknown} does not exist."
            )));
        }
        self.mute_rules.insert(rule.name.clone(), rule);
        Ok(())
    }

    /// Deletes a mute rule if there is one; alarms that it muted act at the next evaluation.
    pub fn delete_mute_rule(&mut self, name: &str) {
        self.mute_rules.remove(name);
    }

    /// Every mute rule by name, with its ARN.
    pub fn mute_rules(&self) -> impl Iterator<Item = (&MuteRule, String)> {
        self.mute_rules
            .values()
            .map(|rule| (rule, self.arn("alarm-mute-rule", &rule.name)))
    }

    /// Whether a mute rule is active over the alarm.
    pub fn is_muted(&self, alarm: &str, now: DateTime<Utc>) -> bool {
        self.mute_rules.values().any(|rule| {
            rule.alarm_names.iter().any(|name| name == alarm)
                && rule.status(now) == MuteStatus::Active
        })
    }

    /// The tags of a resource; `None`: there is no alarm or mute rule of this ARN.
    pub fn tags(&self, arn: &str) -> Option<BTreeMap<String, String>> {
        let exists = self.alarms.values().any(|alarm| alarm.arn == arn)
            || self.mute_rules().any(|(_, rule_arn)| rule_arn == arn);
        exists.then(|| self.tags.get(arn).cloned().unwrap_or_default())
    }

    /// Adds tags (those with a value) and takes tags away (those without).
    ///
    /// # Errors
    ///
    /// There is no alarm or mute rule of this ARN.
    pub fn set_tags(
        &mut self,
        arn: &str,
        changes: impl IntoIterator<Item = (String, Option<String>)>,
    ) -> Result<(), Refusal> {
        let mut tags = self.tags(arn).ok_or_else(|| {
            Refusal::ResourceNotFoundException(format!("Unknown resource: {arn}"))
        })?;
        for (key, value) in changes {
            match value {
                Some(value) => tags.insert(key, value),
                None => tags.remove(&key),
            };
        }
        self.tags.insert(arn.to_owned(), tags);
        Ok(())
    }

    /// The ARN that an alarm (or a mute rule) of this name has.
    pub fn arn(&self, kind: &str, name: &str) -> String {
        let Owner { account_id, region } = &self.owner;
        format!("arn:aws:cloudwatch:{region}:{account_id}:{kind}:{name}")
    }

    fn name_of<'a>(&self, name_or_arn: &'a str) -> &'a str {
        name_or_arn
            .strip_prefix(&self.arn("alarm", ""))
            .unwrap_or(name_or_arn)
    }

    fn record(
        &mut self,
        now: DateTime<Utc>,
        name: &str,
        item_type: HistoryItemType,
        summary: String,
    ) {
        let Some(alarm) = self.alarms.get(name) else {
            return;
        };
        let data = match item_type {
            HistoryItemType::StateUpdate => json!({
                "version": "1.0",
                "oldState": history_state(&alarm.previous),
                "newState": history_state(&alarm.state),
            }),
            HistoryItemType::ConfigurationUpdate | HistoryItemType::Action => {
                json!({ "version": "1.0", "type": item_type.name(), "summary": summary })
            }
        };
        self.history.push(HistoryItem {
            alarm: name.to_owned(),
            alarm_type: alarm.definition.kind.name(),
            at: now,
            item_type,
            summary,
            data: data.to_string(),
        });
    }
}

fn history_state(state: &State) -> serde_json::Value {
    let mut shown = json!({ "stateValue": state.value.name(), "stateReason": state.reason });
    let data = state.reason_data.as_deref().map(serde_json::from_str);
    if let (Some(Ok(data)), Some(shown)) = (data, shown.as_object_mut()) {
        let _: Option<serde_json::Value> = shown.insert("stateReasonData".to_owned(), data);
    }
    shown
}
