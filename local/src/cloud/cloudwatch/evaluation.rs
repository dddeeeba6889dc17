//! The minute's work: judging alarms, changing their states, and running the actions of those that changed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    CloudWatch, Delivery,
    alarm::{Kind, MetricAlarm, State, StateValue, SuppressedBy, Watch},
    history::HistoryItemType,
    judge::{self, DataPoint, SURPLUS_PERIODS, Verdict, long_time},
    payload,
    query::{self, MetricStat},
    store::{MINUTE, Window},
};
use crate::cloud::Parameters;

impl CloudWatch {
    /// Evaluates every alarm at the whole minute `now` and returns the actions of those that changed state.
    ///
    /// A composite alarm is evaluated after the alarms it names. Actions that were suppressed or muted run once that
    /// ends, if the alarm is still in the state they belong to.
    pub fn evaluate_alarms(
        &mut self,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Vec<Delivery> {
        let mut changes: Vec<(String, Verdict)> = Vec::new();
        for (name, alarm) in &self.alarms {
            if let Kind::Metric(metric) = &alarm.definition.kind
                && let Some(verdict) = self.judge(name, metric, now, parameters.metric_delay)
                && verdict.state != alarm.state.value
            {
                changes.push((name.clone(), verdict));
            }
        }
        let mut sent = Vec::new();
        for (name, verdict) in changes {
            let data = Some(verdict.reason_data);
            sent.extend(self.transition(now, &name, verdict.state, verdict.reason, data));
        }
        sent.extend(self.evaluate_composites(now));
        sent.extend(self.release_suppressed(now));
        sent.extend(self.release_muted(now));
        sent
    }

    /// (CW-DG evaluation windows) the window slides with each evaluation, so periods end at whole minutes rather than
    /// at multiples of themselves. ASSUMED that it ends where data have become visible: an alarm whose window ended now
    /// would miss the newest minutes of every metric that arrives late.
    fn judge(
        &self,
        name: &str,
        alarm: &MetricAlarm,
        now: DateTime<Utc>,
        delay: TimeDelta,
    ) -> Option<Verdict> {
        let period = alarm.watch.period();
        let periods = i64::from(alarm.evaluation_periods + SURPLUS_PERIODS);
        let end = (now - delay).timestamp().div_euclid(MINUTE) * MINUTE;
        let start = end - period * periods;
        let window = Window::at(now, delay, start, end);
        let range: Vec<i64> = (1..=periods).map(|back| end - period * back).collect();
        let mut points = match &alarm.watch {
            Watch::Metric(stat) => self.metric_points(stat, window),
            Watch::Queries(queries) => query::evaluate(&self.store, queries, window)
                .unwrap_or_default()
                .into_iter()
                .find(|answered| {
                    queries
                        .iter()
                        .any(|query| query.return_data && query.id == answered.id)
                })
                .map(|answered| {
                    let point = |(at, value)| DataPoint {
                        at,
                        value,
                        samples: None,
                    };
                    answered.line.into_iter().map(point).collect()
                })
                .unwrap_or_default(),
        };
        points.reverse();
        // (BC PutMetricAlarm) "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data".
        let ignores = alarm.watch.queries(name).iter().any(
            |query| matches!(&query.source, query::Source::Stat(stat) if stat.metric.namespace == "AWS/DynamoDB"),
        );
        if ignores {
            let mut alarm = alarm.clone();
            alarm.treat_missing = Some(super::MissingData::Ignore);
            return judge::judge(&alarm, &range, &points, now);
        }
        judge::judge(alarm, &range, &points, now)
    }

    fn metric_points(&self, stat: &MetricStat, window: Window) -> Vec<DataPoint> {
        self.store
            .read(&stat.metric, stat.unit, window, stat.period)
            .into_iter()
            .filter_map(|(at, samples)| {
                Some(DataPoint {
                    at,
                    value: samples.statistic(&stat.statistic)?,
                    samples: Some(samples.count()),
                })
            })
            .collect()
    }

    /// Moves an alarm into another state and runs that state's actions, unless something keeps them.
    pub(super) fn transition(
        &mut self,
        now: DateTime<Utc>,
        name: &str,
        value: StateValue,
        reason: String,
        reason_data: Option<String>,
    ) -> Vec<Delivery> {
        let Some(alarm) = self.alarms.get_mut(name) else {
            return Vec::new();
        };
        let state = State {
            value,
            reason,
            reason_data,
            updated: now,
            transitioned: now,
            suppressed_by: None,
        };
        alarm.previous = std::mem::replace(&mut alarm.state, state);
        alarm.muted = false;
        alarm.suppressed_until = None;
        let summary = format!(
            "Alarm updated from {} to {}",
            alarm.previous.value.name(),
            value.name()
        );
        self.record(now, name, HistoryItemType::StateUpdate, summary);
        if self.suppress(now, name) {
            return Vec::new();
        }
        self.act(now, name)
    }

    /// Runs the actions of the alarm's state, unless they are disabled or muted.
    fn act(&mut self, now: DateTime<Utc>, name: &str) -> Vec<Delivery> {
        let muted = self.is_muted(name, now);
        let Some(alarm) = self.alarms.get_mut(name) else {
            return Vec::new();
        };
        let targets = alarm.definition.actions(alarm.state.value).to_vec();
        if !alarm.definition.actions_enabled || targets.is_empty() {
            return Vec::new();
        }
        if muted {
            alarm.muted = true;
            let summary = "Actions muted by an alarm mute rule".to_owned();
            self.record(now, name, HistoryItemType::Action, summary);
            return Vec::new();
        }
        let mut sent = Vec::new();
        for target in targets {
            let Some(alarm) = self.alarms.get(name) else {
                continue;
            };
            let event = if target.contains(":lambda:") {
                Some(payload::lambda_event(&self.owner, alarm))
            } else if target.contains(":sns:") {
                let children = self.children(name);
                let message = payload::sns_message(&self.owner, alarm, &children);
                Some(Value::String(message))
            } else {
                None
            };
            // Other actions (Auto Scaling, EC2, …) have no one here to receive them; the history shows them all the same.
            let summary = format!("Successfully executed action {target}");
            self.record(now, name, HistoryItemType::Action, summary);
            sent.extend(event.map(|event| Delivery {
                at: now,
                target,
                event,
            }));
        }
        sent
    }

    /// The alarms that a composite alarm names and that exist, by ARN, with their states.
    fn children(&self, name: &str) -> Vec<(String, State)> {
        let Some(alarm) = self.alarms.get(name) else {
            return Vec::new();
        };
        let Kind::Composite(composite) = &alarm.definition.kind else {
            return Vec::new();
        };
        composite
            .rule
            .children()
            .into_iter()
            .filter_map(|child| self.alarm(child))
            .map(|child| (child.arn.clone(), child.state.clone()))
            .collect()
    }

    /// Evaluates composite alarms until nothing changes. (BC SetAlarmState) one is evaluated only when an alarm that it
    /// names has changed state, or when it was put.
    pub(super) fn evaluate_composites(&mut self, now: DateTime<Utc>) -> Vec<Delivery> {
        let mut sent = self.note_suppressors(now);
        let names: Vec<String> = self.alarms.keys().cloned().collect();
        // Each round settles at least one level of a tree; a circle of alarms is cut off after as many.
        for _ in 0..names.len() {
            let mut changed = false;
            for name in &names {
                if let Some(deliveries) = self.evaluate_composite(now, name) {
                    changed = true;
                    sent.extend(deliveries);
                }
            }
            if !changed {
                break;
            }
            sent.extend(self.note_suppressors(now));
        }
        sent
    }

    /// `None`: its state stays.
    fn evaluate_composite(&mut self, now: DateTime<Utc>, name: &str) -> Option<Vec<Delivery>> {
        let alarm = self.alarms.get(name)?;
        let Kind::Composite(composite) = &alarm.definition.kind else {
            return None;
        };
        let state_of = |child: &str| self.alarm(child).map(|child| child.state.value);
        let children: Vec<(String, Option<StateValue>)> = composite
            .rule
            .children()
            .into_iter()
            .map(|child| (child.to_owned(), state_of(child)))
            .collect();
        if alarm.seen_children.as_ref() == Some(&children) {
            return None;
        }
        let value = if composite.rule.holds(&state_of) {
            StateValue::Alarm
        } else {
            StateValue::Ok
        };
        let cause = alarm.seen_children.as_ref().and_then(|seen| {
            let changed = children.iter().find(|child| !seen.contains(child))?;
            self.alarm(&changed.0)
        });
        let (reason, triggering) = match cause {
            Some(child) => (
                format!(
                    "{} transitioned to {} at {}",
                    child.arn,
                    child.state.value.name(),
                    now.format("%A %d %B, %Y %H:%M:%S UTC")
                ),
                vec![(child.arn.clone(), child.state.clone())],
            ),
            None => {
                let verb = if alarm.fresh { "created" } else { "updated" };
                let reason = format!(
                    "{} was {verb} and its alarm rule evaluates to {}",
                    alarm.arn,
                    value.name()
                );
                (reason, self.children(name))
            }
        };
        let triggering: Vec<Value> = triggering
            .iter()
            .map(|(arn, state)| {
                json!({ "arn": arn, "state": { "value": state.value.name(), "timestamp": long_time(state.updated) } })
            })
            .collect();
        let data = json!({ "triggeringAlarms": triggering }).to_string();
        let alarm = self.alarms.get_mut(name)?;
        alarm.seen_children = Some(children);
        alarm.fresh = false;
        if alarm.state.value == value {
            return None;
        }
        Some(self.transition(now, name, value, reason, Some(data)))
    }

    /// Notes which suppressors went into ALARM or left it, and turns what waits accordingly.
    fn note_suppressors(&mut self, now: DateTime<Utc>) -> Vec<Delivery> {
        let looks: Vec<(String, bool, TimeDelta)> = self
            .alarms
            .iter()
            .filter_map(|(name, alarm)| {
                let Kind::Composite(composite) = &alarm.definition.kind else {
                    return None;
                };
                let suppressor = self.alarm(composite.suppressor.as_deref()?)?;
                Some((
                    name.clone(),
                    suppressor.state.value == StateValue::Alarm,
                    TimeDelta::seconds(composite.extension_seconds),
                ))
            })
            .collect();
        let mut sent = Vec::new();
        for (name, alarmed, extension) in looks {
            let Some(alarm) = self.alarms.get_mut(&name) else {
                continue;
            };
            let was = std::mem::replace(&mut alarm.suppressor_alarmed, alarmed);
            if was && !alarmed {
                alarm.suppressor_left = Some(now);
            }
            match alarm.state.suppressed_by {
                Some(SuppressedBy::WaitPeriod | SuppressedBy::ExtensionPeriod) if alarmed => {
                    alarm.state.suppressed_by = Some(SuppressedBy::Alarm);
                    alarm.suppressed_until = None;
                }
                Some(SuppressedBy::Alarm) if !alarmed => {
                    alarm.state.suppressed_by = Some(SuppressedBy::ExtensionPeriod);
                    alarm.suppressed_until = Some(now + extension);
                }
                Some(_) | None => {}
            }
        }
        sent.extend(self.release_suppressed(now));
        sent
    }

    /// Whether the state just entered is one whose actions must wait; notes why. (BC PutCompositeAlarm)
    fn suppress(&mut self, now: DateTime<Utc>, name: &str) -> bool {
        let Some(alarm) = self.alarms.get_mut(name) else {
            return false;
        };
        let Kind::Composite(composite) = &alarm.definition.kind else {
            return false;
        };
        if composite.suppressor.is_none() {
            return false;
        }
        let wait = TimeDelta::seconds(composite.wait_seconds);
        let extended = alarm
            .suppressor_left
            .map(|left| left + TimeDelta::seconds(composite.extension_seconds))
            .filter(|until| *until > now);
        let (by, until) = if alarm.suppressor_alarmed {
            (SuppressedBy::Alarm, None)
        } else if let Some(until) = extended {
            (SuppressedBy::ExtensionPeriod, Some(until))
        } else if alarm.state.value == StateValue::Alarm && wait > TimeDelta::zero() {
            // ASSUMED that only ALARM waits: what the wait is for is a suppressor that is about to fire.
            (SuppressedBy::WaitPeriod, Some(now + wait))
        } else {
            return false;
        };
        alarm.state.suppressed_by = Some(by);
        alarm.suppressed_until = until;
        let summary = by.reason();
        self.record(now, name, HistoryItemType::Action, summary);
        true
    }

    /// Runs the actions whose wait or extension period is over.
    fn release_suppressed(&mut self, now: DateTime<Utc>) -> Vec<Delivery> {
        let due: Vec<String> = self
            .alarms
            .iter()
            .filter(|(_, alarm)| alarm.suppressed_until.is_some_and(|until| until <= now))
            .map(|(name, _)| name.clone())
            .collect();
        let mut sent = Vec::new();
        for name in due {
            if let Some(alarm) = self.alarms.get_mut(&name) {
                alarm.previous = alarm.state.clone();
                alarm.state.suppressed_by = None;
                alarm.state.updated = now;
                alarm.suppressed_until = None;
            }
            sent.extend(self.act(now, &name));
        }
        sent
    }

    /// Runs the actions of alarms that are no longer muted. Facts 7: mute rules trigger muted actions again when the
    /// window ends and the alarm is still in that state.
    fn release_muted(&mut self, now: DateTime<Utc>) -> Vec<Delivery> {
        let due: Vec<String> = self
            .alarms
            .iter()
            .filter(|(name, alarm)| alarm.muted && !self.is_muted(name, now))
            .map(|(name, _)| name.clone())
            .collect();
        let mut sent = Vec::new();
        for name in due {
            if let Some(alarm) = self.alarms.get_mut(&name) {
                alarm.muted = false;
            }
            sent.extend(self.act(now, &name));
        }
        sent
    }
}
