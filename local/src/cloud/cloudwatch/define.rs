//! Creating, changing and deleting alarms, and setting their state by hand.

use chrono::{DateTime, Utc};

use super::{
    Alarm, AlarmSpec, CloudWatch, Definition, Delivery, Kind, Refusal, StateValue,
    alarm::{CompositeAlarm, State},
    history::HistoryItemType,
};

/// At most this many actions per state (BC ResourceList).
const MOST_ACTIONS: usize = 5;

impl CloudWatch {
    /// Creates or replaces a metric alarm from a scenario.
    ///
    /// # Errors
    ///
    /// What `PutMetricAlarm` would refuse.
    pub fn put_alarm(&mut self, now: DateTime<Utc>, spec: AlarmSpec) -> Result<(), Refusal> {
        self.define(now, spec.definition()?)
    }

    /// Creates an alarm in INSUFFICIENT_DATA, or replaces one and leaves its state. (BC PutMetricAlarm)
    ///
    /// # Errors
    ///
    /// A definition that CloudWatch refuses.
    pub fn define(&mut self, now: DateTime<Utc>, definition: Definition) -> Result<(), Refusal> {
        self.check(&definition)?;
        let name = definition.name.clone();
        let summary = match self.alarms.get_mut(&name) {
            Some(alarm) => {
                alarm.definition = definition;
                alarm.configured = now;
                alarm.seen_children = None;
                format!("Alarm \"{name}\" updated")
            }
            None => {
                let state = State {
                    value: StateValue::InsufficientData,
                    reason: "Unchecked: Initial alarm creation".to_owned(),
                    reason_data: None,
                    updated: now,
                    transitioned: now,
                    suppressed_by: None,
                };
                let alarm = Alarm {
                    definition,
                    arn: self.arn("alarm", &name),
                    configured: now,
                    previous: state.clone(),
                    state,
                    muted: false,
                    suppressed_until: None,
                    seen_children: None,
                    fresh: true,
                    suppressor_left: None,
                    suppressor_alarmed: false,
                };
                self.alarms.insert(name.clone(), alarm);
                format!("Alarm \"{name}\" created")
            }
        };
        self.record(now, &name, HistoryItemType::ConfigurationUpdate, summary);
        Ok(())
    }

    fn check(&self, definition: &Definition) -> Result<(), Refusal> {
        let length = definition.name.chars().count();
        if !(1..=255).contains(&length) || definition.name.chars().any(|c| c.is_ascii_control()) {
            return Err(Refusal::Validation(format!(
                "1 validation error detected: Value '{}' at 'alarmName' failed to satisfy constraint: Member must have length between 1 and 255, without control characters",
                definition.name
            )));
        }
        for (key, actions) in [
            ("oKActions", &definition.ok_actions),
            ("alarmActions", &definition.alarm_actions),
            (
                "insufficientDataActions",
                &definition.insufficient_data_actions,
            ),
        ] {
            if actions.len() > MOST_ACTIONS {
                return Err(Refusal::Validation(format!(
                    "1 validation error detected: Value at '{key}' failed to satisfy constraint: Member must have length less than or equal to {MOST_ACTIONS}"
                )));
            }
            if let Some(action) = actions.iter().find(|action| !action.starts_with("arn:")) {
                return Err(Refusal::Validation(format!("Invalid arn syntax: {action}")));
            }
        }
        if let Some(existing) = self.alarms.get(&definition.name)
            && existing.definition.kind.name() != definition.kind.name()
        {
            return Err(Refusal::Validation(format!(
                "An alarm of another type already has the name {}",
                definition.name
            )));
        }
        match &definition.kind {
            Kind::Metric(metric) => metric.check(),
            Kind::Composite(composite) => self.check_composite(composite),
        }
    }

    fn check_composite(&self, composite: &CompositeAlarm) -> Result<(), Refusal> {
        let mut named = composite.rule.children();
        if named.len() > 100 {
            return Err(Refusal::Validation(
                "An AlarmRule names at most 100 alarms.".to_owned(),
            ));
        }
        named.extend(composite.suppressor.as_deref());
        let unknown: Vec<&str> = named
            .into_iter()
            .filter(|name| self.alarm(name).is_none())
            .collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Validation(format!(
                "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
                unknown.join(", ")
            )))
        }
    }

    /// Deletes alarms, all or none. (BC DeleteAlarms)
    ///
    /// # Errors
    ///
    /// An unknown name, more than one composite alarm, or an alarm that a composite alarm depends on.
    pub fn delete_alarms(&mut self, now: DateTime<Utc>, names: &[String]) -> Result<(), Refusal> {
        let mut composites = 0;
        for name in names {
            let alarm = self.alarms.get(name).ok_or_else(|| unknown_alarm(name))?;
            if matches!(alarm.definition.kind, Kind::Composite(_)) {
                composites += 1;
            }
            let dependent = self.alarms.values().any(|other| {
                matches!(&other.definition.kind, Kind::Composite(composite)
                    if composite.rule.children().iter().any(|child| self.name_of(child) == name)
                        || composite.suppressor.as_deref().is_some_and(|child| self.name_of(child) == name))
            });
            if dependent {
                return Err(Refusal::Validation(format!(
                    "Cannot delete {name} as there are composite alarm(s) depending on it."
                )));
            }
        }
        if composites > 1 {
            return Err(Refusal::Validation(
                "Only one composite alarm can be deleted in one operation.".to_owned(),
            ));
        }
        for name in names {
            let summary = format!("Alarm \"{name}\" deleted");
            self.record(now, name, HistoryItemType::ConfigurationUpdate, summary);
            if let Some(alarm) = self.alarms.remove(name) {
                self.tags.remove(&alarm.arn);
            }
        }
        Ok(())
    }

    /// Switches the actions of alarms on or off. Unknown names are passed over, as ASSUMED of the service, whose model
    /// names no error.
    pub fn set_actions_enabled(&mut self, now: DateTime<Utc>, names: &[String], enabled: bool) {
        for name in names {
            if let Some(alarm) = self.alarms.get_mut(name) {
                alarm.definition.actions_enabled = enabled;
                alarm.configured = now;
                let summary = format!("Alarm \"{name}\" updated");
                self.record(now, name, HistoryItemType::ConfigurationUpdate, summary);
            }
        }
    }

    /// Replaces the ARNs that an alarm acts on when it goes into a state.
    ///
    /// # Errors
    ///
    /// An unknown alarm, too many actions, or something that is no ARN.
    pub fn set_alarm_actions(
        &mut self,
        now: DateTime<Utc>,
        name: &str,
        state: StateValue,
        actions: Vec<String>,
    ) -> Result<(), Refusal> {
        let alarm = self.alarms.get(name).ok_or_else(|| unknown_alarm(name))?;
        let mut definition = alarm.definition.clone();
        match state {
            StateValue::Ok => definition.ok_actions = actions,
            StateValue::Alarm => definition.alarm_actions = actions,
            StateValue::InsufficientData => definition.insufficient_data_actions = actions,
        }
        self.define(now, definition)
    }

    /// Sets an alarm's state by hand; the actions of a change run at once, and the next evaluation sets it right.
    ///
    /// # Errors
    ///
    /// An unknown alarm.
    pub fn set_alarm_state(
        &mut self,
        now: DateTime<Utc>,
        name: &str,
        value: StateValue,
        reason: &str,
        reason_data: Option<String>,
    ) -> Result<Vec<Delivery>, Refusal> {
        let alarm = self
            .alarms
            .get_mut(name)
            .ok_or_else(|| unknown_alarm(name))?;
        if alarm.state.value == value {
            reason.clone_into(&mut alarm.state.reason);
            alarm.state.reason_data = reason_data;
            alarm.state.updated = now;
            return Ok(Vec::new());
        }
        let mut sent = self.transition(now, name, value, reason.to_owned(), reason_data);
        sent.extend(self.evaluate_composites(now));
        Ok(sent)
    }
}

fn unknown_alarm(name: &str) -> Refusal {
    // ASSUMED wording: the model has only the code.
    Refusal::ResourceNotFound(format!("Unknown alarm: {name}"))
}
