//! What AWS does not document, as parameters: tests draw them, and a safety property counts as shown only if it holds
//! for every plausible draw.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// One choice for each behaviour that AWS leaves unsaid.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// From a metric's minute to the first answer that contains it. UNKNOWN; plausible 0–10 min.
    pub metric_delay: TimeDelta,
    /// From an ElastiCache event to the first `DescribeEvents` that lists it. UNKNOWN; plausible 0–10 min.
    pub event_delay: TimeDelta,
    /// Whether the shard count in an answer changes when a reshard starts (`true`) or when it ends. UNKNOWN.
    pub shard_count_changes_at_start: bool,
    /// Whether a refused `TestFailover` counts against the 15 in 24 hours. UNKNOWN.
    pub refused_failover_spends_budget: bool,
    /// Bytes per second that one shard receives while slots move. ASSUMED 16 MiB/s: the service's 2017 announcement
    /// spoke of about 1 GB a minute.
    pub migration_bytes_per_second: u64,
    /// Time to create a shard's nodes before slots move, and to delete nodes after. ASSUMED 5 min: an empty group's
    /// reshards took tens of minutes in a public acceptance test.
    pub node_creation: TimeDelta,
    /// Time from an accepted change until a describe shows `modifying`. UNKNOWN; plausible 0–1 min.
    pub modifying_delay: TimeDelta,
    /// How the event of a completed failover reads. Three wordings are documented.
    pub failover_wording: FailoverWording,
    /// Whether a promotion (`ModifyReplicationGroup` with `PrimaryClusterId`) tells of itself as a failover does, by event
    /// and notification (`true`), or by nothing. UNKNOWN.
    pub promotion_tells_failover: bool,
    /// Whether a second `TestFailover` of the same shard within 24 hours counts against the 15 again. UNKNOWN: the
    /// documentation counts shards, not calls.
    pub repeated_failover_spends_budget: bool,
    /// Whether the recovery after a `TestFailover` sends `CacheNodeReplaceStarted` and `CacheNodeReplaceComplete`, as the
    /// replacement of a broken node does. UNKNOWN: the guide gives the second of them the text that this recovery's event
    /// has.
    pub test_failover_notifies_replacement: bool,
    /// How times read in the events of a node's replacement. UNKNOWN.
    pub replacement_times: EventTimes,
    /// Whether the notification `ElastiCache:FailoverComplete` names the new primary (`true`) or the group. UNKNOWN.
    pub failover_complete_names_node: bool,
    /// Whether a `TestFailover` during another one of the group is refused with `InvalidCacheClusterState` (`true`) or
    /// with `InvalidReplicationGroupState`. UNKNOWN.
    pub busy_failover_blames_member: bool,
    /// CPU, in percent of one core, that slot migration adds to each shard it touches. ASSUMED.
    pub migration_cpu_percent: f64,
}

/// How the event of a completed failover reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailoverWording {
    /// `Failover from primary node A to replica node B completed`, on the old primary and on the group, as botocore's
    /// documentation says.
    FromPrimary,
    /// `Failover from master node A to replica node B completed`, on the old primary and on the group, as older
    /// documentation says.
    FromMaster,
    /// `Failover to replica node B completed`, on the group alone, as in a log of 2022; the older user guide has the text
    /// too.
    ReplicaAlone,
}

impl FailoverWording {
    /// Every documented wording.
    pub const ALL: [Self; 3] = [Self::FromPrimary, Self::FromMaster, Self::ReplicaAlone];
}

/// How an event's text spells a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTimes {
    /// `2026-11-29T05:00:00Z`.
    Rfc3339,
    /// `2026-11-29T05:00:00.000Z`, as answers have it.
    Milliseconds,
    /// `Sun Nov 29 05:00:00 UTC 2026`, as Java prints a date.
    Java,
}

impl EventTimes {
    /// Every plausible spelling.
    pub const ALL: [Self; 3] = [Self::Rfc3339, Self::Milliseconds, Self::Java];

    /// Spells a time.
    pub fn spell(self, at: DateTime<Utc>) -> String {
        match self {
            Self::Rfc3339 => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::Milliseconds => at.to_rfc3339_opts(SecondsFormat::Millis, true),
            Self::Java => at.format("%a %b %d %H:%M:%S UTC %Y").to_string(),
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            metric_delay: TimeDelta::minutes(1),
            event_delay: TimeDelta::minutes(1),
            shard_count_changes_at_start: false,
            refused_failover_spends_budget: false,
            migration_bytes_per_second: 16 * 1024 * 1024,
            node_creation: TimeDelta::minutes(5),
            modifying_delay: TimeDelta::zero(),
            failover_wording: FailoverWording::ReplicaAlone,
            promotion_tells_failover: true,
            repeated_failover_spends_budget: false,
            test_failover_notifies_replacement: false,
            replacement_times: EventTimes::Rfc3339,
            failover_complete_names_node: false,
            busy_failover_blames_member: false,
            migration_cpu_percent: 5.0,
        }
    }
}
