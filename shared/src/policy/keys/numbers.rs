//! The numbers of the policy file: built-in defaults and the ends of ranges, each with the argument for it.

/// AWS's default quota of nodes per cluster; more is granted on request, up to 500.
pub(in crate::policy) const NODE_QUOTA: u32 = 90;

/// Node metrics come once a minute: five samples see past a burst of one minute, and are still short beside a reshard,
/// which moves slots for many minutes.
pub(in crate::policy) const WINDOW_MINUTES: u32 = 5;

/// Twice the default schedule. CloudWatch may show a sample minutes late, which is not silence; a sample older than this says
/// nothing of the present load.
pub(in crate::policy) const STALE_AFTER_MINUTES: u32 = 10;

/// Growth comes late by nature, so it may take two shards at once; a larger step moves so many slots that the migration
/// itself weighs on shards that are already hot.
pub(in crate::policy) const OUT_MAX_STEP: u32 = 2;

/// One averaging window to fill with samples of the new shape, and as much again for late metrics: earlier, the next decision
/// would read the load from before the change.
pub(in crate::policy) const OUT_COOLDOWN_MINUTES: u32 = 10;

/// One at a time: a shard too many costs money, a shard too few costs an outage.
pub(in crate::policy) const IN_MAX_STEP: u32 = 1;

/// Three times the pace of growth, so that a group that breathes every few minutes does not follow its breath.
pub(in crate::policy) const IN_COOLDOWN_MINUTES: u32 = 30;

/// Longer than the usual lull between two peaks of one busy hour.
pub(in crate::policy) const STABILIZATION_MINUTES: u32 = 30;

/// AWS advises that shards which stay have at least 1.5 times the memory free that they will receive.
pub(in crate::policy) const FREE_MEMORY_RATIO: f64 = 1.5;

/// Leaves three tenths of a node for what resharding and replication themselves need, and for growth until the next pass.
pub(in crate::policy) const MAX_MEMORY_PERCENT_AFTER: f64 = 70.0;

/// A ratio below 1 would drain more into the shards that stay than they have free.
pub(super) const LEAST_FREE_MEMORY_RATIO: f64 = 1.0;

/// A week: what is meant to rest longer should be `apply = "none"`.
pub(super) const LONGEST_COOLDOWN_MINUTES: u32 = 7 * 24 * 60;

/// A day of one-minute samples, a whole turn of the usual load.
pub(super) const LONGEST_STABILIZATION_MINUTES: u32 = 24 * 60;

/// Load older than an hour is no reason to grow now.
pub(super) const LONGEST_WINDOW_MINUTES: u32 = 60;

/// The most nodes, and so the most shards, that AWS grants a cluster.
pub(super) const MOST_NODES: u32 = 500;

/// More than any node evicts: the range only keeps typing slips out.
pub(super) const MOST_EVICTIONS_PER_MINUTE: f64 = 1_000_000_000.0;

/// Half as hot again as the mean: ordinary hashing over many keys keeps shards well within it, one hot key does not.
pub(in crate::policy) const SKEW_RATIO: f64 = 1.5;

/// A ratio of 1 would call every group skewed.
pub(super) const LEAST_SKEW_RATIO: f64 = 1.01;

/// A rebalance that evens out less than a tenth of a shard's slots costs more CPU than it frees.
pub(in crate::policy) const SLOT_SPREAD_PERCENT: f64 = 10.0;

/// Connections to removed nodes, cold connection pools and evicted working sets show within half an hour of a change.
pub(in crate::policy) const AFTER_CHANGE_MINUTES: u32 = 30;

/// A watch longer than a day would blame a change for the next day's load.
pub(super) const LONGEST_AFTER_CHANGE_MINUTES: u32 = 24 * 60;

/// Growth that was needed within the last hour is likely to be needed again in the next.
pub(in crate::policy) const REVERSAL_MINUTES: u32 = 60;

/// AWS's advice: below this CPU, in percent, while a group of larger nodes is resharded.
pub(in crate::policy) const CPU_GATE_PERCENT: f64 = 80.0;

/// AWS's advice for nodes of at most two vCPUs, where the reshard and the engine share a core.
pub(in crate::policy) const SMALL_CPU_GATE_PERCENT: f64 = 50.0;

/// Two changes can be followed by one person; the rest is taken up by the next pass, five minutes later.
pub(in crate::policy) const MAX_CHANGES_PER_PASS: u32 = 2;

/// One every ten minutes: a policy gone wrong is noticed before it has changed the whole fleet.
pub(in crate::policy) const MAX_CHANGES_PER_HOUR: u32 = 6;

/// AWS's default quota of nodes in one Region.
pub(in crate::policy) const MAX_NODES_IN_REGION: u32 = 300;

/// Far beyond what AWS grants without talking to people.
pub(super) const MOST_NODES_IN_REGION: u32 = 10_000;

/// Groups rarely go quiet together, broken metrics do: more than a third of the fleet is taken for an artefact.
pub(in crate::policy) const SCALE_IN_BREAKER_PERCENT: f64 = 33.0;

/// Once may be chance, twice may be one group; a third failure within the hour is about us, the permissions or the service.
pub(in crate::policy) const MAX_FAILURES_PER_HOUR: u32 = 3;

/// More changes than this in one hour is no limit.
pub(super) const MOST_CHANGES: u32 = 1000;

/// Full recovery takes a quarter of an hour, and people who were paged need longer than that to look.
pub(in crate::policy) const FAILOVER_COOLDOWN_MINUTES: u32 = 60;

/// Below ten minutes the node that was primary is hardly ever back, so that a second failover meets a shard without a replica.
pub(super) const LEAST_FAILOVER_COOLDOWN_MINUTES: u32 = 10;

/// In seconds: replication within a Region lags milliseconds, so seconds are trouble, and what lags is lost.
pub(in crate::policy) const MAX_LAG_SECONDS: f64 = 5.0;

/// In milliseconds: Neptune's readers share the writer's storage and usually lag less than a tenth of this.
pub(in crate::policy) const MAX_LAG_MILLISECONDS: f64 = 1000.0;

/// In seconds. A replica an hour behind is no replica to fail over to.
pub(super) const LONGEST_LAG_SECONDS: f64 = 3600.0;

/// Less than a thousandth of a second cannot be measured; 0 would allow none.
pub(super) const LEAST_LAG_SECONDS: f64 = 0.001;

/// One pass that moves more than two primaries is an incident of its own.
pub(in crate::policy) const MAX_FAILOVERS_PER_PASS: u32 = 2;

/// AWS's quota of TestFailover calls per account in any 24 hours; it was 5 until 2024.
pub(in crate::policy) const TEST_FAILOVERS_PER_DAY: u32 = 15;

/// A third: an incident rarely needs more, and drills can wait.
pub(in crate::policy) const TEST_FAILOVER_RESERVE: u32 = 5;

/// In milliseconds: an hour, as for replicas.
pub(super) const LONGEST_LAG_MILLISECONDS: f64 = 3_600_000.0;

/// AWS grants this many test failovers a day to an account; a single pass can never start more.
pub(super) const MOST_FAILOVERS_PER_PASS: u32 = 15;

/// Far beyond what AWS grants for a test API.
pub(super) const MOST_TEST_FAILOVERS_PER_DAY: u32 = 1000;

/// A year: what is drilled more rarely is not practised.
pub(super) const LONGEST_ROTATION_DAYS: u32 = 365;

/// A failover that AWS published took one to two minutes until the new primary served.
pub(in crate::policy) const OBJECTIVE_SECONDS: u32 = 120;

/// An hour without a primary is an outage, not an objective.
pub(super) const LONGEST_OBJECTIVE_SECONDS: u32 = 3600;

/// A day: a node that takes longer to come back is a matter for people.
pub(super) const LONGEST_RECOVERY_MINUTES: u32 = 24 * 60;
