//! The day: when it starts and ends, what wakes the function, and under which policy.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clusterwarden::policy::Policy;
use serde_json::{Value, json};

use super::failure::DemoFailure;

/// The scenario.
pub(super) const SCENARIO: &str = "day";

/// The function that is woken.
pub(super) const FUNCTION: &str = "reshard";

/// The function's ARN, on which the scenario's alarms act.
pub(super) const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:reshard";

/// The journal's table in the scenario.
pub(super) const JOURNAL_TABLE: &str = "clusterwarden-journal";

/// The policy as the function reads it.
pub(super) const POLICY: &str = include_str!("../../../scenarios/day.policy.toml");

/// Its name, in messages about it.
const POLICY_NAME: &str = "local/scenarios/day.policy.toml";

/// The schedule of the template: every five minutes.
pub(super) const SCHEDULE_MINUTES: u32 = 5;

/// A change that the end of the day interrupts may take this long to complete; the longest here takes half an hour.
pub(super) const SETTLE_MINUTES: u32 = 120;

const LENGTH: TimeDelta = TimeDelta::minutes(18 * 60 + 30);

/// 2026-11-23 05:00 UTC, a Monday.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_410_000, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Half past eleven in the evening.
pub(super) fn end() -> DateTime<Utc> {
    start() + LENGTH
}

/// How many virtual minutes there are.
pub(super) fn minutes() -> u32 {
    u32::try_from(LENGTH.num_minutes()).unwrap_or(u32::MAX)
}

/// How much of the day has passed at a moment, 0 to 1.
pub(super) fn part(at: DateTime<Utc>) -> f64 {
    let passed = i32::try_from((at - start()).num_minutes()).unwrap_or(i32::MAX);
    (f64::from(passed) / f64::from(minutes())).clamp(0.0, 1.0)
}

/// The policy, parsed as the function parses it.
pub(super) fn policy() -> Result<Policy, DemoFailure> {
    Policy::parse(POLICY_NAME, POLICY).map_err(|mistakes| DemoFailure::Policy(mistakes.to_string()))
}

/// What an EventBridge rule sends ([EventBridge docs], as in events/schedule-rule.json).
pub(super) fn schedule_event(at: DateTime<Utc>) -> Value {
    json!({
        "version": "0",
        "id": format!("53dc4d37-cffa-4f76-80c9-{:012x}", at.timestamp()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/clusterwarden-reshard"],
        "detail": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Parameters, scenario};

    #[test]
    fn the_policy_of_the_day_has_no_mistakes_and_covers_every_group_of_it() {
        let policy = policy().unwrap();
        let cloud = scenario::load(SCENARIO, start(), Parameters::default()).unwrap();
        for group in cloud.elasticache.groups() {
            let id = clusterwarden::cluster::ReplicationGroupId::new(&group.id);
            assert!(policy.reshard_for(&id).is_some(), "{}", group.id);
        }
        let alarms: Vec<&str> = cloud.cloudwatch.alarms().map(|alarm| alarm.name).collect();
        for entry in &policy.reshard {
            for name in entry.alarms.scale_out.iter().chain(&entry.alarms.stop) {
                assert!(alarms.contains(&name.as_str()), "{name}");
            }
        }
    }

    #[test]
    fn the_day_starts_on_a_monday_morning() {
        assert_eq!(start().format("%A %H:%M").to_string(), "Monday 05:00");
        assert_eq!(end().format("%A %H:%M").to_string(), "Monday 23:30");
        assert!((part(start() + LENGTH / 2) - 0.5).abs() < 1e-9);
    }
}
