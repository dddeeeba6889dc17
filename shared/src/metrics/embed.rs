//! CloudWatch's Embedded Metric Format: what is put beside the fields of a log line, so that CloudWatch Logs makes metrics of it.
//!
//! The format's rules (CloudWatch user guide, "Specification: Embedded metric format"): values and dimensions are members of the
//! line's root; a directive names at most 100 metrics; a dimension is a string of at most 1,024 characters, of ASCII by the API
//! that publishes it. CloudWatch takes times from 14 days ago to two hours ahead.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Number, Value};

use super::{Dimension, Metric, Publication};

/// The longest value of a dimension.
const LONGEST_VALUE: usize = 1024;

/// The values of the dimensions, as far as a line has them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Labels<'a> {
    pub(super) function: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) reason: Option<&'static str>,
    pub(super) outcome: Option<&'static str>,
    pub(super) end: Option<&'static str>,
    pub(super) target: Option<&'a str>,
}

/// What a line tells of one metric. Without values it tells nothing.
#[derive(Debug)]
pub(super) struct Told {
    metric: &'static Metric,
    values: Vec<Number>,
}

/// The members that make a line a document of the format.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Embedded {
    #[serde(rename = "_aws")]
    aws: Metadata,
    #[serde(flatten)]
    members: BTreeMap<&'static str, Value>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    dimensions: Vec<Vec<&'static str>>,
    metrics: Vec<Definition>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

impl Told {
    /// One occurrence.
    pub(super) fn once(metric: &'static Metric) -> Self {
        Self::count(metric, 1_u64)
    }

    /// One number.
    pub(super) fn count(metric: &'static Metric, count: impl Into<Number>) -> Self {
        Self::values(metric, [count.into()])
    }

    /// So many numbers as were measured, maybe none.
    pub(super) fn values(
        metric: &'static Metric,
        values: impl IntoIterator<Item = Number>,
    ) -> Self {
        let values = values.into_iter().collect();
        Self { metric, values }
    }
}

impl Labels<'_> {
    fn value_of(&self, dimension: Dimension) -> Option<&str> {
        let value = match dimension {
            Dimension::Function => Some(self.function),
            Dimension::Kind => self.kind,
            Dimension::Reason => self.reason,
            Dimension::Outcome => self.outcome,
            Dimension::End => self.end,
            Dimension::Target => self.target,
        };
        value.filter(|value| {
            let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
            is_plain && !value.is_empty() && value.len() <= LONGEST_VALUE
        })
    }

    /// The sets of a metric that this line can fill.
    fn sets_of(&self, metric: &Metric, to: &Publication) -> Vec<Vec<Dimension>> {
        let wanted = |set: &&&[Dimension]| to.per_target || !set.contains(&Dimension::Target);
        let known = |set: &&&[Dimension]| set.iter().all(|one| self.value_of(*one).is_some());
        let sets = metric.sets.iter().filter(wanted).filter(known);
        sets.map(|set| set.to_vec()).collect()
    }
}

impl Embedded {
    /// What makes a line about `at` tell these metrics. `has` are the dimensions that the line has as fields of its own, with the
    /// values of `labels`. `None`: there is nothing to tell.
    pub(super) fn new(
        to: &Publication,
        at: DateTime<Utc>,
        labels: &Labels<'_>,
        has: &[Dimension],
        told: Vec<Told>,
    ) -> Option<Self> {
        let mut members: BTreeMap<&'static str, Value> = BTreeMap::new();
        let mut by_sets: BTreeMap<Vec<Vec<Dimension>>, Vec<Definition>> = BTreeMap::new();
        for Told { metric, values } in told {
            let sets = labels.sets_of(metric, to);
            if sets.is_empty() || values.is_empty() {
                continue;
            }
            for dimension in sets.iter().flatten().filter(|one| !has.contains(one)) {
                let value = labels.value_of(*dimension);
                members.extend(value.map(|value| (dimension.name(), value.into())));
            }
            members.insert(metric.name, value(values));
            by_sets.entry(sets).or_default().push(Definition {
                name: metric.name,
                unit: metric.unit.name(),
            });
        }
        let directives = by_sets.into_iter().map(|(sets, metrics)| Directive {
            namespace: to.namespace.clone(),
            dimensions: sets.iter().map(|set| names(set)).collect(),
            metrics,
        });
        let metadata = Metadata {
            timestamp: at.timestamp_millis(),
            cloud_watch_metrics: directives.collect(),
        };
        (!metadata.cloud_watch_metrics.is_empty()).then_some(Self {
            aws: metadata,
            members,
        })
    }
}

fn names(set: &[Dimension]) -> Vec<&'static str> {
    set.iter().map(|one| one.name()).collect()
}

/// A number, or a list of them where there are several.
fn value(mut values: Vec<Number>) -> Value {
    match values.pop() {
        Some(only) if values.is_empty() => only.into(),
        Some(last) => {
            values.push(last);
            values.into_iter().map(Value::from).collect()
        }
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metrics::{ATTEMPTS, DRILLS_MISSED, METRICS, PASSES, SHARDS};

    fn to(per_target: bool) -> Publication {
        Publication {
            namespace: "clusterwarden/test".to_owned(),
            per_target,
        }
    }

    fn embedded(per_target: bool, labels: &Labels<'_>, told: Vec<Told>) -> Value {
        let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(1_500);
        let has = [Dimension::Function, Dimension::Target, Dimension::Outcome];
        let made = Embedded::new(&to(per_target), at, labels, &has, told);
        serde_json::to_value(made).unwrap()
    }

    const LABELS: Labels<'static> = Labels {
        function: "reshard",
        kind: None,
        reason: None,
        outcome: Some("accepted"),
        end: None,
        target: Some("orders"),
    };

    #[test]
    fn metrics_of_the_same_dimensions_share_a_directive_and_stand_at_the_root() {
        let told = vec![
            Told::once(&PASSES),
            Told::once(&ATTEMPTS),
            Told::once(&DRILLS_MISSED),
            Told::count(&SHARDS, 4_u32),
        ];
        assert_eq!(
            embedded(true, &LABELS, told),
            json!({
                "_aws": {
                    "Timestamp": 1500,
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "clusterwarden/test", "Dimensions": [[]],
                            "Metrics": [{ "Name": "DrillsMissed", "Unit": "Count" }],
                        },
                        {
                            "Namespace": "clusterwarden/test", "Dimensions": [["function"]],
                            "Metrics": [{ "Name": "Passes", "Unit": "Count" }],
                        },
                        {
                            "Namespace": "clusterwarden/test",
                            "Dimensions": [["function", "outcome"], ["function", "outcome", "target"]],
                            "Metrics": [{ "Name": "Attempts", "Unit": "Count" }],
                        },
                        {
                            "Namespace": "clusterwarden/test", "Dimensions": [["target"]],
                            "Metrics": [{ "Name": "Shards", "Unit": "Count" }],
                        },
                    ],
                },
                "Passes": 1, "Attempts": 1, "DrillsMissed": 1, "Shards": 4,
            })
        );
    }

    #[test]
    fn without_metrics_per_target_no_set_has_the_target_and_what_has_no_other_is_absent() {
        let told = vec![Told::once(&ATTEMPTS), Told::count(&SHARDS, 4_u32)];
        let made = embedded(false, &LABELS, told);
        assert_eq!(made["Shards"], Value::Null);
        let directives = &made["_aws"]["CloudWatchMetrics"];
        assert_eq!(directives.as_array().unwrap().len(), 1);
        assert_eq!(
            directives[0]["Dimensions"],
            json!([["function", "outcome"]])
        );
        assert_eq!(
            embedded(false, &LABELS, vec![Told::count(&SHARDS, 4_u32)]),
            Value::Null
        );
    }

    #[test]
    fn what_cloudwatch_would_not_take_as_a_dimension_is_none() {
        let long = "x".repeat(LONGEST_VALUE + 1);
        for target in ["", " ", "orders eu", "größe", "a\nb", long.as_str()] {
            let labels = Labels {
                target: Some(target),
                ..LABELS
            };
            let told = vec![Told::count(&SHARDS, 4_u32)];
            assert_eq!(embedded(true, &labels, told), Value::Null, "{target:?}");
        }
    }

    #[test]
    fn several_values_are_a_list_and_none_is_no_metric() {
        let numbers = |all: &[u64]| Told::values(&PASSES, all.iter().copied().map(Number::from));
        let made = embedded(true, &LABELS, vec![numbers(&[3, 4])]);
        assert_eq!(made["Passes"], json!([3, 4]));
        assert_eq!(embedded(true, &LABELS, vec![numbers(&[])]), Value::Null);
    }

    #[test]
    fn every_metric_has_a_name_of_its_own_that_is_no_dimensions() {
        let mut names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        names.extend(Dimension::ALL.map(Dimension::name));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(METRICS.iter().all(|metric| !metric.sets.is_empty()));
    }
}
