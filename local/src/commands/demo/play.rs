//! The plays: each a scenario with its policy, its hours, and a claim of what it shows.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clusterwarden::policy::Policy;
use serde_json::{Value, json};

use super::{
    claims::{self, Evidence, Point},
    failure::DemoFailure,
    function::Job,
};

/// The topic to which the scenarios' groups send their notifications; the template subscribes the function of shards to it.
pub(super) const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:123456789012:elasticache";

/// The journal's table in the scenarios.
pub(super) const JOURNAL_TABLE: &str = "clusterwarden-journal";

/// The schedule of the template: every five minutes.
pub(super) const SCHEDULE_MINUTES: u32 = 5;

/// The functions that force failovers are played once an hour, so that the day stays short; and at the template's pace while a
/// drill of theirs is being measured.
pub(super) const FAILOVER_SCHEDULE_MINUTES: u32 = 60;

/// At which minute of the hour that is: not on the hour, where the load is told.
pub(super) const FAILOVER_SCHEDULE_AT: u32 = 5;

/// A change that the end of a play interrupts may take this long to complete; the longest here takes half an hour.
pub(super) const SETTLE_MINUTES: u32 = 120;

/// 2026-11-23 00:00 UTC, a Monday.
const MONDAY: DateTime<Utc> = match DateTime::from_timestamp(1_795_392_000, 0) {
    Some(monday) => monday,
    None => DateTime::UNIX_EPOCH,
};

/// One thing that the demo can show.
#[derive(Debug)]
pub(super) struct Play {
    /// What `--scenario` calls it, and the scenario's name.
    pub(super) name: &'static str,
    /// Whom it is about, as in "Monday of a shop".
    pub(super) of: &'static str,
    /// What is there to be seen if the claim holds.
    pub(super) shows: &'static str,
    /// The policy as the function reads it.
    pub(super) policy: &'static str,
    /// What people ask of the functions meanwhile.
    pub(super) requests: &'static [Errand],
    /// What must have happened.
    pub(super) claim: fn(&Evidence<'_>) -> Vec<Point>,
    /// Minutes after midnight, UTC, at which it starts.
    from_minute: i64,
    /// How many minutes it lasts.
    minutes: u32,
    /// Real seconds that the live view takes unless told otherwise.
    pub(super) seconds: u64,
}

/// Somebody asks a function for something.
#[derive(Debug)]
pub(super) struct Errand {
    /// Who, as the story tells it.
    pub(super) by: &'static str,
    /// Minutes after midnight, UTC.
    at_minute: i64,
    /// Whom they ask.
    pub(super) job: Job,
    /// The replication group, its shard, and the primary to leave.
    pub(super) of: [&'static str; 3],
    /// Why, in their words.
    pub(super) reason: &'static str,
}

/// In the afternoon a person wants the primary of a session shard on another host, while an import keeps its replica behind.
const LEAVE_A_PRIMARY: Errand = Errand {
    by: "jana",
    at_minute: 16 * 60,
    job: Job::FailoverShard,
    of: ["sessions-eu", "0001", "sessions-eu-0001-001"],
    reason: "its host is noisy",
};

/// The play that is given unless another is named.
pub(super) const DAY: Play = Play {
    name: "day",
    of: "a shop",
    shows: "an alarm scales out, the schedule scales in, a drill measures how long a shard takes to recover, \
            a failover that would lose writes is refused, and every hold says why.",
    policy: include_str!("../../../scenarios/day.policy.toml"),
    requests: &[LEAVE_A_PRIMARY],
    claim: claims::day,
    from_minute: 5 * 60,
    minutes: 18 * 60 + 30,
    seconds: 40,
};

/// Every play.
pub(super) static PLAYS: [Play; 7] = [
    DAY,
    Play {
        name: "hot-key",
        of: "a group with a hot key",
        shows: "one growth is tried; as it does not cool the hot shard, we hold and name the shard, \
                instead of adding shards up to the maximum.",
        policy: include_str!("../../../scenarios/hot-key.policy.toml"),
        claim: claims::hot_key,
        minutes: 3 * 60,
        ..MORNING
    },
    Play {
        name: "memory-growth",
        of: "a group that an import fills",
        shows: "shards are added for memory before any is full, and no key is ever evicted.",
        policy: include_str!("../../../scenarios/memory-growth.policy.toml"),
        claim: claims::memory_growth,
        minutes: 5 * 60,
        ..MORNING
    },
    Play {
        name: "flapping",
        of: "a batch job every hour",
        shows: "load that swings around the thresholds does not make the shard count swing.",
        policy: include_str!("../../../scenarios/flapping.policy.toml"),
        claim: claims::flapping,
        minutes: 5 * 60,
        ..MORNING
    },
    Play {
        name: "busy-weekday",
        of: "a shift in Berlin",
        shows: "the calendar has the shards there before the people, keeps them over lunch, and lets them go afterwards.",
        policy: include_str!("../../../scenarios/busy-weekday.policy.toml"),
        claim: claims::busy_weekday,
        from_minute: 6 * 60,
        minutes: 9 * 60,
        ..MORNING
    },
    Play {
        name: "metric-outage",
        of: "a group whose metrics fail",
        shows: "silence never removes a shard, whether of all shards or of one; an alarm still adds one.",
        policy: include_str!("../../../scenarios/metric-outage.policy.toml"),
        claim: claims::metric_outage,
        minutes: 5 * 60,
        ..MORNING
    },
    Play {
        name: "terraform-fights-us",
        of: "a group that a pipeline resets",
        shows: "a change by somebody else is left alone for the cooldown: until one of the two lets go, they take turns by the hour and not by the minute.",
        policy: include_str!("../../../scenarios/terraform-fights-us.policy.toml"),
        claim: claims::terraform_fights_us,
        minutes: 5 * 60,
        ..MORNING
    },
];

/// What the shorter plays share.
const MORNING: Play = Play {
    from_minute: 9 * 60,
    seconds: 25,
    requests: &[],
    ..DAY
};

impl Play {
    /// The play of a name.
    pub(super) fn named(name: &str) -> Result<&'static Self, DemoFailure> {
        PLAYS
            .iter()
            .find(|play| play.name == name)
            .ok_or_else(|| DemoFailure::UnknownPlay {
                name: name.to_owned(),
                names: PLAYS
                    .iter()
                    .map(|play| play.name)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// When it starts.
    pub(super) fn start(&self) -> DateTime<Utc> {
        MONDAY + TimeDelta::minutes(self.from_minute)
    }

    /// When it ends.
    pub(super) fn end(&self) -> DateTime<Utc> {
        self.start() + TimeDelta::minutes(i64::from(self.minutes))
    }

    /// How many virtual minutes there are.
    pub(super) fn minutes(&self) -> u32 {
        self.minutes
    }

    /// How much of it has passed at a moment, 0 to 1.
    pub(super) fn part(&self, at: DateTime<Utc>) -> f64 {
        let passed = i32::try_from((at - self.start()).num_minutes()).unwrap_or(i32::MAX);
        (f64::from(passed) / f64::from(self.minutes.max(1))).clamp(0.0, 1.0)
    }

    /// The policy, parsed as the function parses it.
    pub(super) fn policy(&self) -> Result<Policy, DemoFailure> {
        let name = format!("local/scenarios/{}.policy.toml", self.name);
        Policy::parse(&name, self.policy)
            .map_err(|mistakes| DemoFailure::Policy(mistakes.to_string()))
    }
}

impl Errand {
    /// Whether it falls into the time after `before` up to `at`.
    pub(super) fn is_due(&self, before: DateTime<Utc>, at: DateTime<Utc>) -> bool {
        let due = MONDAY + TimeDelta::minutes(self.at_minute);
        before < due && due <= at
    }

    /// The request as it is sent (as in events/request-failover.json), good for half an hour.
    pub(super) fn event(&self, at: DateTime<Utc>) -> Value {
        let [group, shard, from] = self.of;
        let expires = at + TimeDelta::minutes(30);
        json!({ "request": { "failover": {
            "replication_group": group, "shard": shard, "from": from,
            "reason": self.reason, "requested_by": self.by,
            "expires": expires.to_rfc3339_opts(SecondsFormat::Secs, true),
        } } })
    }
}

/// What SNS sends to a function for a notification ([SNS docs], as in events/notification-failover-complete-node.json).
pub(super) fn notification_event(at: DateTime<Utc>, message: &str) -> Value {
    json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{TOPIC_ARN}:21be56ed-a058-49f5-8c98-aedd2564c486"),
        "Sns": {
            "Type": "Notification",
            "MessageId": "f94e835c-8592-5798-8dee-dc04dd394142",
            "TopicArn": TOPIC_ARN,
            "Subject": "ElastiCache Notification",
            "Message": message,
            "Timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "MessageAttributes": {},
        },
    }] })
}

/// What an EventBridge rule sends ([EventBridge docs], as in events/schedule-rule.json).
pub(super) fn schedule_event(job: Job, at: DateTime<Utc>) -> Value {
    json!({
        "version": "0",
        "id": format!("53dc4d37-cffa-4f76-80c9-{:012x}", at.timestamp()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": "us-east-1",
        "resources": [format!("arn:aws:events:us-east-1:123456789012:rule/clusterwarden-{}", job.name())],
        "detail": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Parameters, scenario};

    #[test]
    fn every_policy_has_no_mistakes_and_covers_every_group_and_alarm_of_its_scenario() {
        for play in &PLAYS {
            let policy = play.policy().unwrap();
            let cloud = scenario::load(play.name, play.start(), Parameters::default()).unwrap();
            for group in cloud.elasticache.groups() {
                let id = clusterwarden::cluster::ReplicationGroupId::new(&group.id);
                assert!(
                    policy.reshard_for(&id).is_some(),
                    "{}: {}",
                    play.name,
                    group.id
                );
            }
            let alarms: Vec<&str> = cloud.cloudwatch.alarms().map(|alarm| alarm.name).collect();
            for entry in &policy.reshard {
                for name in entry.alarms.scale_out.iter().chain(&entry.alarms.stop) {
                    assert!(alarms.contains(&name.as_str()), "{}: {name}", play.name);
                }
            }
        }
    }

    #[test]
    fn every_play_is_a_named_scenario_and_the_other_way_round() {
        let plays: Vec<&str> = PLAYS.iter().map(|play| play.name).collect();
        assert_eq!(
            ["default"].iter().chain(&plays).collect::<Vec<_>>(),
            scenario::NAMES.iter().collect::<Vec<_>>()
        );
        assert_eq!(
            Play::named("dya").unwrap_err().to_string(),
            format!(
                "there is no demo `dya`; the scenarios are: {}",
                plays.join(", ")
            )
        );
    }

    #[test]
    fn the_day_starts_on_a_monday_morning() {
        assert_eq!(DAY.start().format("%A %H:%M").to_string(), "Monday 05:00");
        assert_eq!(DAY.end().format("%A %H:%M").to_string(), "Monday 23:30");
        let middle = DAY.start() + TimeDelta::minutes(i64::from(DAY.minutes()) / 2);
        assert!((DAY.part(middle) - 0.5).abs() < 1e-9);
    }
}
