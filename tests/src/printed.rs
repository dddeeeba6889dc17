//! Whole passes with the very lines that a deployed function prints: its records with their metrics, and the heartbeat.

use std::time::Duration;

use clusterwarden::{
    aws::{failover_pass, failover_shard, reshard},
    metrics::{Heartbeat, Publication, record_line},
    policy::Policy,
    record::{Mode, Record, Report},
    trigger::Trigger,
};
use serde_json::Value;

use crate::{SharedCloud, emf, monday_morning};

/// What a pass did, and printed.
#[derive(Debug)]
pub struct Printed {
    /// What it did.
    pub report: Report,
    /// Its lines, the heartbeat last.
    pub lines: Vec<String>,
}

/// Where the metrics go.
pub fn publication() -> Publication {
    Publication {
        namespace: "clusterwarden/test".to_owned(),
        per_target: true,
    }
}

/// A pass of `reshard` in apply mode.
pub async fn reshard(cloud: &SharedCloud, policy: &Policy, event: &Value) -> Printed {
    let (aws, trigger) = (cloud.by("reshard").aws(), Trigger::read(event));
    let pass = reshard::Pass {
        aws: &aws,
        policy,
        mode: Mode::Apply,
        trigger: &trigger,
        clock: monday_morning,
    };
    let mut lines = Vec::new();
    let report = pass.run(|record| lines.push(line(record))).await;
    beat(&mut lines, "reshard", &report, cloud);
    Printed { report, lines }
}

/// A pass of `failover-shard` in apply mode.
pub async fn failover_shard(cloud: &SharedCloud, policy: &Policy, event: &Value) -> Printed {
    let (aws, trigger) = (cloud.by("failover-shard").aws(), Trigger::read(event));
    let pass = failover_pass::Pass {
        aws: &aws,
        policy,
        mode: Mode::Apply,
        trigger: &trigger,
        clock: monday_morning,
        watch_every: Duration::ZERO,
    };
    let mut lines = Vec::new();
    let report = failover_shard::run(&pass, |record| lines.push(line(record))).await;
    beat(&mut lines, "failover-shard", &report, cloud);
    Printed { report, lines }
}

fn line(record: &Record) -> String {
    record_line(record, Some(&publication()))
}

fn beat(lines: &mut Vec<String>, function: &'static str, report: &Report, cloud: &SharedCloud) {
    let at = cloud.lock().now();
    lines.push(Heartbeat::of(function, Mode::Apply, report, at).line(&publication()));
}

impl Printed {
    /// Gives CloudWatch the metrics of the lines, as CloudWatch Logs does.
    ///
    /// # Panics
    ///
    /// A line has none, or breaks the format's rules.
    pub fn publish(&self, cloud: &SharedCloud) {
        let mut cloud = cloud.lock();
        let now = cloud.now();
        for line in &self.lines {
            let at: Value = serde_json::from_str(line).expect("JSON");
            let at = at["_aws"]["Timestamp"].as_i64().expect("a time");
            let at = chrono::DateTime::from_timestamp_millis(at).expect("a time");
            let published = emf::read(line, now.timestamp_millis()).expect("metrics");
            for (series, values) in published {
                let dimensions = series.dimensions.iter();
                let dimensions: Vec<(&str, &str)> = dimensions
                    .map(|(name, value)| (&**name, &**value))
                    .collect();
                for value in values {
                    cloud.cloudwatch.put_datum(
                        &series.namespace,
                        &series.metric,
                        &dimensions,
                        at,
                        value,
                        &series.unit,
                    );
                }
            }
        }
    }
}
