//! The heartbeat: one line at the end of each pass, of the pass as a whole.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Dimension, METRICS_BOUGHT, PASSES, Publication, TARGETS, TEST_FAILOVERS_LEFT,
    embed::{Embedded, Labels, Told},
    write,
};
use crate::record::{Mode, Report};

/// What a pass was as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heartbeat {
    /// The function.
    function: &'static str,
    /// Whether it may act.
    mode: Mode,
    /// When the pass ended.
    at: DateTime<Utc>,
    #[serde(skip)]
    targets: usize,
    #[serde(skip)]
    metrics_bought: u64,
    #[serde(skip)]
    test_failovers_left: Option<u32>,
}

impl Heartbeat {
    /// The heartbeat of a pass that has ended at `at`.
    pub fn of(function: &'static str, mode: Mode, report: &Report, at: DateTime<Utc>) -> Self {
        Self {
            function,
            mode,
            at,
            targets: report.records.len(),
            metrics_bought: report.metrics_bought,
            test_failovers_left: report.test_failovers_left,
        }
    }

    /// The log line: one line of JSON.
    pub fn line(&self, to: &Publication) -> String {
        let mut told = vec![
            Told::once(&PASSES),
            Told::count(&TARGETS, self.targets),
            Told::count(&METRICS_BOUGHT, self.metrics_bought),
        ];
        told.extend(
            self.test_failovers_left
                .map(|left| Told::count(&TEST_FAILOVERS_LEFT, left)),
        );
        let labels = Labels {
            function: self.function,
            ..Labels::default()
        };
        let has = [Dimension::Function];
        write(self, Embedded::new(to, self.at, &labels, &has, told))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::trigger::Trigger;

    #[test]
    fn a_heartbeat_tells_passes_targets_and_metrics_and_of_the_budget_only_what_is_known() {
        let mut report = Report::new(&Trigger::read(&json!({})));
        report.metrics_bought = 18;
        let to = Publication {
            namespace: "clusterwarden/test".to_owned(),
            per_target: true,
        };
        let line = |report: &Report| {
            let at = DateTime::UNIX_EPOCH;
            let beat = Heartbeat::of("failover-shard", Mode::Apply, report, at);
            serde_json::from_str::<Value>(&beat.line(&to)).unwrap()
        };
        let beat = line(&report);
        assert_eq!(
            (&beat["function"], &beat["mode"], &beat["Passes"]),
            (&json!("failover-shard"), &json!("apply"), &json!(1))
        );
        assert_eq!(
            (&beat["Targets"], &beat["MetricsBought"]),
            (&json!(0), &json!(18))
        );
        assert!(beat.get("TestFailoversLeft").is_none());
        report.test_failovers_left = Some(0);
        assert_eq!(line(&report)["TestFailoversLeft"], 0);
    }
}
