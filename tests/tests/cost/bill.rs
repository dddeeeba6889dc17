//! From what passes use to dollars a month.

use std::collections::BTreeMap;

use crate::count::{Function, Used};

/// Hours of a month, as AWS reckons.
const HOURS: f64 = 730.0;

/// Days of a month.
const DAYS: f64 = HOURS / 24.0;

/// AWS bills data by the GB; taken as the smaller one, which errs on the dear side.
const GB: f64 = 1e9;

/// Custom metrics at the first price.
const TIER: f64 = 10_000.0;

/// The minutes between two passes, as the template has them.
pub(crate) const EVERY: f64 = 5.0;

/// The prices and assumptions of the page, by name.
#[derive(Debug)]
pub(crate) struct Prices(pub(crate) BTreeMap<String, f64>);

impl Prices {
    fn of(&self, name: &str) -> f64 {
        let found = self.0.get(name);
        *found.unwrap_or_else(|| panic!("docs/cost.md has no row `{name}`"))
    }
}

/// Passes of a function in a month, by the schedule alone.
pub(crate) fn passes(every: f64) -> f64 {
    HOURS * 60.0 / every
}

/// What is deployed, as far as the bill is concerned.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// What a quiet pass of each function uses.
    pub(crate) passes: BTreeMap<Function, Used>,
    /// Alarms and dashboards of the template.
    pub(crate) alarms: u32,
    pub(crate) dashboards: u32,
    /// Minutes between two passes.
    pub(crate) every: f64,
    /// Days that log lines are kept.
    pub(crate) retention: f64,
}

/// The lines of a bill, in the order of the page.
pub(crate) fn lines(deployment: &Deployment, prices: &Prices) -> Vec<(&'static str, f64)> {
    let passes = passes(deployment.every);
    let sum = |of: fn(&Used) -> u64| {
        let each = deployment.passes.values().map(|used| of(used) as f64);
        each.sum::<f64>() * passes
    };
    let functions = deployment.passes.len() as f64;
    let bytes = sum(|used| used.bytes) + prices.of("platform_log_bytes") * functions * passes;
    let seconds = sum(Used::all_calls) * prices.of("seconds_per_call")
        + sum(|used| used.lines) * prices.of("seconds_per_target");
    let memory = prices.of("memory_gb");
    let kept = bytes * (deployment.retention / DAYS) * prices.of("compressed_to");
    let each = deployment.passes.values().map(|used| used.series as f64);
    let series: f64 = each.sum();
    vec![
        (
            "CloudWatch `GetMetricData`",
            sum(|used| used.metrics) / 1e3 * prices.of("metric_requested_1000"),
        ),
        (
            "CloudWatch, other requests",
            sum(Used::cloudwatch_requests) / 1e3 * prices.of("cloudwatch_request_1000"),
        ),
        ("log lines, taken in", bytes / GB * prices.of("log_gb_in")),
        ("log lines, kept", kept / GB * prices.of("log_gb_month")),
        (
            "custom metrics",
            series.min(TIER) * prices.of("custom_metric")
                + (series - TIER).max(0.0) * prices.of("custom_metric_beyond_10000"),
        ),
        (
            "the stack's alarms",
            f64::from(deployment.alarms) * prices.of("alarm"),
        ),
        (
            "dashboard",
            f64::from(deployment.dashboards) * prices.of("dashboard"),
        ),
        (
            "DynamoDB, reads",
            sum(|used| used.reads) / 1e6 * prices.of("read_units_million"),
        ),
        (
            "DynamoDB, writes",
            sum(|used| used.writes) / 1e6 * prices.of("write_units_million"),
        ),
        (
            "Lambda, duration (assumed)",
            seconds * memory * prices.of("lambda_gb_second"),
        ),
        (
            "Lambda, requests",
            functions * passes / 1e6 * prices.of("lambda_requests_million"),
        ),
        (
            "EventBridge Scheduler",
            functions * passes / 1e6 * prices.of("scheduler_million"),
        ),
    ]
}

/// The whole bill.
pub(crate) fn total(deployment: &Deployment, prices: &Prices) -> f64 {
    let lines = lines(deployment, prices);
    lines.iter().map(|(_, dollars)| dollars).sum()
}
