//! What AWS does not document, as parameters: tests draw them, and a safety property counts as shown only if it holds
//! for every plausible draw.

use chrono::TimeDelta;

use super::neptune::NeptuneParameters;

/// One choice for each behaviour that AWS leaves unsaid.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// From a metric's minute to the first answer that contains it. UNKNOWN; plausible 0–10 min.
    pub metric_delay: TimeDelta,
    /// From an event of ElastiCache or of Neptune to the first `DescribeEvents` that lists it. UNKNOWN; plausible 0–10 min.
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
    /// Whether a failover's event reads `Failover from primary node A to replica node B completed`, on the node and on
    /// the group, as botocore's documentation says (`true`), or `Failover to replica node B completed`, on the group
    /// alone, as in a log of 2022.
    pub failover_event_names_primary: bool,
    /// Whether the notification `ElastiCache:FailoverComplete` names the new primary (`true`) or the group. UNKNOWN.
    pub failover_complete_names_node: bool,
    /// Whether a `TestFailover` during another one of the group is refused with `InvalidCacheClusterState` (`true`) or
    /// with `InvalidReplicationGroupState`. UNKNOWN.
    pub busy_failover_blames_member: bool,
    /// CPU, in percent of one core, that slot migration adds to each shard it touches. ASSUMED.
    pub migration_cpu_percent: f64,
    /// Virtual time that passes before each call is answered, so that a program that polls sees time move though nobody
    /// else moves the clock.
    pub answer_time: TimeDelta,
    /// What AWS leaves unsaid of Neptune.
    pub neptune: NeptuneParameters,
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
            failover_event_names_primary: false,
            failover_complete_names_node: false,
            busy_failover_blames_member: false,
            migration_cpu_percent: 5.0,
            answer_time: TimeDelta::zero(),
            neptune: NeptuneParameters::default(),
        }
    }
}
