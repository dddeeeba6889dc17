//! The table of keys.

use super::failover::{
    CLUSTER_DRILL, FAILOVER_DB_CLUSTER, FAILOVER_SHARD, ON_REPLACEMENT, PROMOTE_REPLICA,
    SHARD_DRILL,
};
use super::{Absent, Key, Takes, numbers};

const SHARDS: Takes = whole(1, numbers::MOST_NODES);
const COOLDOWN: Takes = whole(0, numbers::LONGEST_COOLDOWN_MINUTES);

const fn whole(min: u32, max: u32) -> Takes {
    Takes::Whole { min, max }
}

const fn key(path: &'static str, meaning: &'static str, takes: Takes, absent: Absent) -> Key {
    Key {
        path,
        meaning,
        takes,
        absent,
    }
}

pub(in crate::policy) const VERSION: Key = key(
    "version",
    "The version of this format.",
    whole(1, 1),
    Absent::Required,
);
pub(in crate::policy) const FLEET: Key = key(
    "fleet",
    "What all targets together may do.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const FLEET_PER_PASS: Key = key(
    "fleet.max_changes_per_pass",
    "Changes that one pass may make over all targets; the others wait for the next pass.",
    whole(1, numbers::MOST_CHANGES),
    Absent::Whole(numbers::MAX_CHANGES_PER_PASS),
);
pub(in crate::policy) const FLEET_PER_HOUR: Key = key(
    "fleet.max_changes_per_hour",
    "Changes within any hour over all targets.",
    whole(1, numbers::MOST_CHANGES),
    Absent::Whole(numbers::MAX_CHANGES_PER_HOUR),
);
pub(in crate::policy) const FLEET_NODES: Key = key(
    "fleet.max_nodes_in_region",
    "Nodes that AWS allows in the Region, all groups together. No change goes beyond it. Raise it only after AWS raised the quota.",
    whole(1, numbers::MOST_NODES_IN_REGION),
    Absent::Whole(numbers::MAX_NODES_IN_REGION),
);
pub(in crate::policy) const FLEET_BREAKER: Key = key(
    "fleet.scale_in_breaker_percent",
    "When more than this percentage of the targets, and at least 3 of them, want a scale-in at once, all scale-ins are held: broken metrics look like this.",
    Takes::Percent,
    Absent::Number(numbers::SCALE_IN_BREAKER_PERCENT),
);
pub(in crate::policy) const FLEET_FAILURES: Key = key(
    "fleet.max_failures_per_hour",
    "So many failed, unchanged or partial changes within an hour, over all targets, stop every further change.",
    whole(1, numbers::MOST_CHANGES),
    Absent::Whole(numbers::MAX_FAILURES_PER_HOUR),
);
pub(in crate::policy) const FLEET_FAILOVERS: Key = key(
    "fleet.max_failovers_per_pass",
    "Failovers that one pass may start over all targets; the others wait for the next pass.",
    whole(1, numbers::MOST_FAILOVERS_PER_PASS),
    Absent::Whole(numbers::MAX_FAILOVERS_PER_PASS),
);
pub(in crate::policy) const FLEET_TEST_FAILOVERS: Key = key(
    "fleet.test_failovers_per_day",
    "Test failovers that AWS allows the account in any 24 hours, whoever asks for them.",
    whole(1, numbers::MOST_TEST_FAILOVERS_PER_DAY),
    Absent::Whole(numbers::TEST_FAILOVERS_PER_DAY),
);
pub(in crate::policy) const FLEET_RESERVE: Key = key(
    "fleet.test_failover_reserve",
    "So many of `test_failovers_per_day` are kept for what people request; at most all of them.",
    whole(0, numbers::MOST_TEST_FAILOVERS_PER_DAY),
    Absent::Whole(numbers::TEST_FAILOVER_RESERVE),
);
pub(in crate::policy) const DEFAULTS: Key = key(
    "defaults",
    "What the `[[reshard]]` entries share: every key of such an entry except `replication_group`. No other entries have defaults.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const RESHARD: Key = key(
    "reshard",
    "Entries for changes of shards, one `[[reshard]]` each. A file has at least one entry, of any kind.",
    Takes::Tables,
    Absent::Silent,
);
pub(in crate::policy) const REPLICATION_GROUP: Key = key(
    "reshard.replication_group",
    "The group's id, or a glob with `*` (any letters) and `?` (one letter). Ids are lower case: letters, digits and single hyphens, 40 at most.",
    Takes::Id,
    Absent::Required,
);
pub(in crate::policy) const APPLY: Key = key(
    "reshard.apply",
    "Which changes may be carried out while the function runs in apply mode. The others are planned and reported.",
    Takes::Word(&["none", "out", "all"]),
    Absent::Word("none"),
);
pub(in crate::policy) const MIN_SHARDS: Key = key(
    "reshard.min_shards",
    "Never fewer shards than this. A group found below is held and reported, not corrected.",
    SHARDS,
    Absent::Required,
);
pub(in crate::policy) const MAX_SHARDS: Key = key(
    "reshard.max_shards",
    "Never more shards than this; at least `min_shards`, at most `node_quota`.",
    SHARDS,
    Absent::Required,
);
pub(in crate::policy) const NODES: Key = key(
    "reshard.node_quota",
    "Nodes that AWS allows in one cluster, primaries and replicas together. Raise it only after AWS raised the quota.",
    SHARDS,
    Absent::Whole(numbers::NODE_QUOTA),
);
pub(in crate::policy) const WINDOW: Key = key(
    "reshard.window_minutes",
    "Minutes over which load is averaged before it asks for shards.",
    whole(1, numbers::LONGEST_WINDOW_MINUTES),
    Absent::Whole(numbers::WINDOW_MINUTES),
);
pub(in crate::policy) const STALE_AFTER: Key = key(
    "reshard.stale_after_minutes",
    "Minutes after which a newest sample is stale. Stale is missing, and missing is never zero.",
    whole(1, numbers::LONGEST_WINDOW_MINUTES),
    Absent::Whole(numbers::STALE_AFTER_MINUTES),
);
pub(in crate::policy) const TARGETS: Key = key(
    "reshard.targets",
    "What one shard should carry at the most.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const ENGINE_CPU: Key = key(
    "reshard.targets.engine_cpu",
    "Percent of the engine's thread on the shard's hottest node. Example: 60 leaves room for the reshard itself, which costs CPU.",
    Takes::Percent,
    Absent::Silent,
);
pub(in crate::policy) const MEMORY: Key = key(
    "reshard.targets.memory",
    "The memory target; both of its keys must be there.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const MEMORY_PERCENT: Key = key(
    "reshard.targets.memory.percent",
    "Percent of `maxmemory` on the shard's fullest node.",
    Takes::Percent,
    Absent::Required,
);
pub(in crate::policy) const MEMORY_EVICTS: Key = key(
    "reshard.targets.memory.evicts",
    "Whether the group evicts keys by design. An LRU cache is full on purpose, so its memory never asks for shards.",
    Takes::Flag,
    Absent::Required,
);
pub(in crate::policy) const NETWORK: Key = key(
    "reshard.targets.network",
    "Percent of the node's network baseline on the shard's busiest node: the larger of `NetworkBaselineUsageInPercentage` and `NetworkBaselineUsageOutPercentage`.",
    Takes::Percent,
    Absent::Silent,
);
pub(in crate::policy) const EVICTIONS: Key = key(
    "reshard.targets.evictions_per_minute",
    "Keys that one shard may evict per minute before it asks for more shards.",
    Takes::Number {
        min: 1.0,
        max: numbers::MOST_EVICTIONS_PER_MINUTE,
    },
    Absent::Silent,
);
pub(in crate::policy) const ALARMS: Key = key(
    "reshard.alarms",
    "Alarms that have a say, by name, not by ARN.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const ALARMS_SCALE_OUT: Key = key(
    "reshard.alarms.scale_out",
    "Each asks for one step when it goes into ALARM, and must be OK before a scale-in.",
    Takes::Names,
    Absent::Silent,
);
pub(in crate::policy) const ALARMS_SCALE_IN: Key = key(
    "reshard.alarms.scale_in",
    "Each must be in ALARM for a scale-in to happen (\"traffic is low\"). None of them asks for one.",
    Takes::Names,
    Absent::Silent,
);
pub(in crate::policy) const ALARMS_STOP: Key = key(
    "reshard.alarms.stop",
    "While one of these is in ALARM, or cannot be found, nothing is changed.",
    Takes::Names,
    Absent::Silent,
);
pub(in crate::policy) const ALARMS_AFTER: Key = key(
    "reshard.alarms.after_change",
    "Watched after a change of ours: one in ALARM within `care.after_change_minutes` freezes the next change.",
    Takes::Names,
    Absent::Silent,
);
pub(in crate::policy) const SCALE_OUT: Key = key(
    "reshard.scale_out",
    "The pace of growth.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const OUT_STEP: Key = key(
    "reshard.scale_out.max_step",
    "Shards that one change may add.",
    SHARDS,
    Absent::Whole(numbers::OUT_MAX_STEP),
);
pub(in crate::policy) const OUT_COOLDOWN: Key = key(
    "reshard.scale_out.cooldown_minutes",
    "Minutes after a change completed before the next scale-out.",
    COOLDOWN,
    Absent::Whole(numbers::OUT_COOLDOWN_MINUTES),
);
pub(in crate::policy) const SCALE_IN: Key = key(
    "reshard.scale_in",
    "The pace of shrinking.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const IN_STEP: Key = key(
    "reshard.scale_in.max_step",
    "Shards that one change may remove.",
    SHARDS,
    Absent::Whole(numbers::IN_MAX_STEP),
);
pub(in crate::policy) const IN_COOLDOWN: Key = key(
    "reshard.scale_in.cooldown_minutes",
    "Minutes after a change completed before the next scale-in.",
    COOLDOWN,
    Absent::Whole(numbers::IN_COOLDOWN_MINUTES),
);
pub(in crate::policy) const STABILIZATION: Key = key(
    "reshard.scale_in.stabilization_minutes",
    "Minutes for which the load must have been low before a scale-in.",
    whole(1, numbers::LONGEST_STABILIZATION_MINUTES),
    Absent::Whole(numbers::STABILIZATION_MINUTES),
);
pub(in crate::policy) const REVERSAL: Key = key(
    "reshard.scale_in.reversal_minutes",
    "Minutes after a scale-out completed in which there is no scale-in. It never delays growth.",
    COOLDOWN,
    Absent::Whole(numbers::REVERSAL_MINUTES),
);
pub(in crate::policy) const HEADROOM: Key = key(
    "reshard.headroom",
    "What the shards that stay must have.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const FREE_RATIO: Key = key(
    "reshard.headroom.free_memory_ratio",
    "Free bytes on a shard that stays, per byte it would receive. AWS advises 1.5.",
    Takes::Number {
        min: numbers::LEAST_FREE_MEMORY_RATIO,
        max: 100.0,
    },
    Absent::Number(numbers::FREE_MEMORY_RATIO),
);
pub(in crate::policy) const PERCENT_AFTER: Key = key(
    "reshard.headroom.max_memory_percent_after",
    "Percent of `maxmemory` that may be in use on a shard that stays, once it received its part.",
    Takes::Percent,
    Absent::Number(numbers::MAX_MEMORY_PERCENT_AFTER),
);
pub(in crate::policy) const SKEW: Key = key(
    "reshard.skew",
    "What to make of one shard that is hotter than the others.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const SKEW_RATIO_KEY: Key = key(
    "reshard.skew.ratio",
    "Load of the hottest shard, divided by the mean, from which load counts as skewed.",
    Takes::Number {
        min: numbers::LEAST_SKEW_RATIO,
        max: 100.0,
    },
    Absent::Number(numbers::SKEW_RATIO),
);
pub(in crate::policy) const REBALANCE: Key = key(
    "reshard.skew.rebalance",
    "Whether slots may be moved without a change of the count, where that cools the hottest shard.",
    Takes::Flag,
    Absent::Flag(true),
);
pub(in crate::policy) const SLOT_SPREAD: Key = key(
    "reshard.skew.slot_spread_percent",
    "Slots count as uneven when a shard has more, or fewer, than the even share by more than this percentage.",
    Takes::Percent,
    Absent::Number(numbers::SLOT_SPREAD_PERCENT),
);
pub(in crate::policy) const CARE: Key = key(
    "reshard.care",
    "Care around a change.",
    Takes::Table,
    Absent::Silent,
);
pub(in crate::policy) const CPU_GATE: Key = key(
    "reshard.care.cpu_gate",
    "What happens to a change while CPU is above the gate: it is made and the CPU recorded, or it waits.",
    Takes::Word(&["act", "wait"]),
    Absent::Word("act"),
);
pub(in crate::policy) const CPU_GATE_PERCENT_KEY: Key = key(
    "reshard.care.cpu_gate_percent",
    "The gate, in percent of CPU on the group's hottest node. The default is AWS's advice for resharding.",
    Takes::Percent,
    Absent::Said("80, or 50 on nodes of at most 2 vCPUs"),
);
pub(in crate::policy) const PLACE_ZONES: Key = key(
    "reshard.care.place_zones",
    "Whether the Availability Zones of new shards are chosen, so that primaries spread; otherwise AWS chooses. Off by default: whether AWS wants the list of zones for all shards or for the new ones is not verified.",
    Takes::Flag,
    Absent::Flag(false),
);
pub(in crate::policy) const AFTER_CHANGE: Key = key(
    "reshard.care.after_change_minutes",
    "Minutes after a change of ours completed in which `alarms.after_change` are watched.",
    whole(1, numbers::LONGEST_AFTER_CHANGE_MINUTES),
    Absent::Whole(numbers::AFTER_CHANGE_MINUTES),
);
pub(in crate::policy) const WINDOWS: Key = key(
    "reshard.windows",
    "Times at which other rules hold, one `[[reshard.windows]]` each.",
    Takes::Tables,
    Absent::Silent,
);
pub(in crate::policy) const WINDOW_NAME: Key = key(
    "reshard.windows.name",
    "What people call the window; unique in its entry.",
    Takes::Name,
    Absent::Required,
);
pub(in crate::policy) const WINDOW_ZONE: Key = key(
    "reshard.windows.time_zone",
    "Whose wall clock counts, such as \"Europe/Berlin\" or \"UTC\".",
    Takes::Zone,
    Absent::Required,
);
pub(in crate::policy) const WINDOW_DAYS: Key = key(
    "reshard.windows.days",
    "The days it opens on. A window that passes midnight belongs to the day it opened on.",
    Takes::Days,
    Absent::Said("every day"),
);
pub(in crate::policy) const WINDOW_FROM: Key = key(
    "reshard.windows.from",
    "When it opens.",
    Takes::Time { day_end: false },
    Absent::Word("00:00"),
);
pub(in crate::policy) const WINDOW_TO: Key = key(
    "reshard.windows.to",
    "When it closes. A time before `from` is on the next day; the same time makes it a whole day long.",
    Takes::Time { day_end: true },
    Absent::Word("24:00"),
);
pub(in crate::policy) const WINDOW_DATES: Key = key(
    "reshard.windows.dates",
    "The day it opens on, or the first and the last, both included.",
    Takes::Dates,
    Absent::Said("every year"),
);
pub(in crate::policy) const WINDOW_MIN: Key = key(
    "reshard.windows.min_shards",
    "The least shards while it is open; more than the entry's `min_shards`, at most `max_shards`.",
    SHARDS,
    Absent::Silent,
);
pub(in crate::policy) const WINDOW_FREEZE: Key = key(
    "reshard.windows.freeze",
    "What rests while it is open: nothing, scale-ins, or every change, growth too.",
    Takes::Word(&["none", "scale_in", "all"]),
    Absent::Word("none"),
);

/// Every key that the parser knows, in the order of the file.
pub const KEYS: &[Key] = &[
    VERSION,
    FLEET,
    FLEET_PER_PASS,
    FLEET_PER_HOUR,
    FLEET_NODES,
    FLEET_BREAKER,
    FLEET_FAILURES,
    FLEET_FAILOVERS,
    FLEET_TEST_FAILOVERS,
    FLEET_RESERVE,
    DEFAULTS,
    RESHARD,
    REPLICATION_GROUP,
    APPLY,
    MIN_SHARDS,
    MAX_SHARDS,
    NODES,
    WINDOW,
    STALE_AFTER,
    TARGETS,
    ENGINE_CPU,
    MEMORY,
    MEMORY_PERCENT,
    MEMORY_EVICTS,
    NETWORK,
    EVICTIONS,
    ALARMS,
    ALARMS_SCALE_OUT,
    ALARMS_SCALE_IN,
    ALARMS_STOP,
    ALARMS_AFTER,
    SCALE_OUT,
    OUT_STEP,
    OUT_COOLDOWN,
    SCALE_IN,
    IN_STEP,
    IN_COOLDOWN,
    STABILIZATION,
    REVERSAL,
    HEADROOM,
    FREE_RATIO,
    PERCENT_AFTER,
    SKEW,
    SKEW_RATIO_KEY,
    REBALANCE,
    SLOT_SPREAD,
    CARE,
    CPU_GATE,
    CPU_GATE_PERCENT_KEY,
    PLACE_ZONES,
    AFTER_CHANGE,
    WINDOWS,
    WINDOW_NAME,
    WINDOW_ZONE,
    WINDOW_DAYS,
    WINDOW_FROM,
    WINDOW_TO,
    WINDOW_DATES,
    WINDOW_MIN,
    WINDOW_FREEZE,
    FAILOVER_SHARD.entries,
    FAILOVER_SHARD.target,
    FAILOVER_SHARD.apply,
    FAILOVER_SHARD.cooldown,
    FAILOVER_SHARD.max_lag,
    FAILOVER_SHARD.stale_after,
    FAILOVER_SHARD.alarms,
    FAILOVER_SHARD.stop,
    FAILOVER_SHARD.evacuate,
    ON_REPLACEMENT,
    SHARD_DRILL.table,
    SHARD_DRILL.every,
    SHARD_DRILL.time_zone,
    SHARD_DRILL.days,
    SHARD_DRILL.from,
    SHARD_DRILL.to,
    SHARD_DRILL.objective,
    SHARD_DRILL.recovery,
    FAILOVER_DB_CLUSTER.entries,
    FAILOVER_DB_CLUSTER.target,
    FAILOVER_DB_CLUSTER.apply,
    FAILOVER_DB_CLUSTER.cooldown,
    FAILOVER_DB_CLUSTER.max_lag,
    FAILOVER_DB_CLUSTER.stale_after,
    FAILOVER_DB_CLUSTER.alarms,
    FAILOVER_DB_CLUSTER.stop,
    FAILOVER_DB_CLUSTER.evacuate,
    CLUSTER_DRILL.table,
    CLUSTER_DRILL.every,
    CLUSTER_DRILL.time_zone,
    CLUSTER_DRILL.days,
    CLUSTER_DRILL.from,
    CLUSTER_DRILL.to,
    CLUSTER_DRILL.objective,
    CLUSTER_DRILL.recovery,
    PROMOTE_REPLICA.entries,
    PROMOTE_REPLICA.target,
    PROMOTE_REPLICA.apply,
    PROMOTE_REPLICA.cooldown,
    PROMOTE_REPLICA.max_lag,
    PROMOTE_REPLICA.stale_after,
    PROMOTE_REPLICA.alarms,
    PROMOTE_REPLICA.stop,
    PROMOTE_REPLICA.evacuate,
];
