//! The keys of forced failovers: three kinds of entries that have most keys in common.

use super::{Absent, Key, Takes, numbers};

/// The keys of one kind of failover entries.
pub(in crate::policy) struct FailoverKeys {
    /// The entries themselves.
    pub(in crate::policy) entries: Key,
    pub(in crate::policy) target: Key,
    pub(in crate::policy) apply: Key,
    pub(in crate::policy) cooldown: Key,
    pub(in crate::policy) max_lag: Key,
    pub(in crate::policy) stale_after: Key,
    pub(in crate::policy) alarms: Key,
    pub(in crate::policy) stop: Key,
    pub(in crate::policy) evacuate: Key,
    /// `None`: entries of this kind do not have it.
    pub(in crate::policy) on_replacement: Option<Key>,
    /// `None`: entries of this kind have no drills.
    pub(in crate::policy) drill: Option<DrillKeys>,
}

/// The keys of `[….drill]`.
pub(in crate::policy) struct DrillKeys {
    /// The table itself.
    pub(in crate::policy) table: Key,
    pub(in crate::policy) every: Key,
    pub(in crate::policy) time_zone: Key,
    pub(in crate::policy) days: Key,
    pub(in crate::policy) from: Key,
    pub(in crate::policy) to: Key,
    pub(in crate::policy) objective: Key,
    pub(in crate::policy) recovery: Key,
}

const fn key(path: &'static str, meaning: &'static str, takes: Takes, absent: Absent) -> Key {
    Key {
        path,
        meaning,
        takes,
        absent,
    }
}

/// The keys that all three kinds have, with what differs between them.
macro_rules! failover_keys {
    ($kind:literal {
        entries: $entries:literal,
        target: $target:literal = $target_means:literal,
        max_lag: $lag:literal = $lag_means:literal, $lag_takes:expr, $lag_absent:expr,
        evacuate: $evacuate:literal,
        on_replacement: $on_replacement:expr,
        drill: $drill:expr,
    }) => {
        FailoverKeys {
            entries: key($kind, $entries, Takes::Tables, Absent::Silent),
            target: key(concat!($kind, ".", $target), $target_means, Takes::Id, Absent::Required),
            apply: key(
                concat!($kind, ".apply"),
                "Whether failovers may be carried out while the function runs in apply mode. With \"none\" they are planned and reported.",
                Takes::Word(&["none", "all"]),
                Absent::Word("none"),
            ),
            cooldown: key(
                concat!($kind, ".cooldown_minutes"),
                "Minutes after a failover of the target, whoever caused it, before the next.",
                Takes::Whole {
                    min: numbers::LEAST_FAILOVER_COOLDOWN_MINUTES,
                    max: numbers::LONGEST_COOLDOWN_MINUTES,
                },
                Absent::Whole(numbers::FAILOVER_COOLDOWN_MINUTES),
            ),
            max_lag: key(concat!($kind, ".", $lag), $lag_means, $lag_takes, $lag_absent),
            stale_after: key(
                concat!($kind, ".stale_after_minutes"),
                "Minutes after which a newest sample is stale. A stale lag is unknown, and nothing is failed over to an unknown lag.",
                Takes::Whole {
                    min: 1,
                    max: numbers::LONGEST_WINDOW_MINUTES,
                },
                Absent::Whole(numbers::STALE_AFTER_MINUTES),
            ),
            alarms: key(
                concat!($kind, ".alarms"),
                "Alarms that have a say, by name, not by ARN.",
                Takes::Table,
                Absent::Silent,
            ),
            stop: key(
                concat!($kind, ".alarms.stop"),
                "While one of these is in ALARM, or cannot be found, nothing is failed over.",
                Takes::Names,
                Absent::Silent,
            ),
            evacuate: key(
                concat!($kind, ".alarms.evacuate"),
                $evacuate,
                Takes::Names,
                Absent::Silent,
            ),
            on_replacement: $on_replacement,
            drill: $drill,
        }
    };
}

macro_rules! drill_keys {
    ($kind:literal, table: $table:literal, every: $every:literal, objective: $objective:literal) => {
        DrillKeys {
            table: key(concat!($kind, ".drill"), $table, Takes::Table, Absent::Silent),
            every: key(
                concat!($kind, ".drill.every_days"),
                $every,
                Takes::Whole {
                    min: 1,
                    max: numbers::LONGEST_ROTATION_DAYS,
                },
                Absent::Required,
            ),
            time_zone: key(
                concat!($kind, ".drill.time_zone"),
                "Whose wall clock counts, such as \"Europe/Berlin\" or \"UTC\".",
                Takes::Zone,
                Absent::Required,
            ),
            days: key(
                concat!($kind, ".drill.days"),
                "The days on which drills may start. A window that passes midnight belongs to the day it opened on.",
                Takes::Days,
                Absent::Said("every day"),
            ),
            from: key(
                concat!($kind, ".drill.from"),
                "From when drills may start.",
                Takes::Time { day_end: false },
                Absent::Required,
            ),
            to: key(
                concat!($kind, ".drill.to"),
                "From when none starts any more. A time before `from` is on the next day; the same time makes the window a whole day long.",
                Takes::Time { day_end: true },
                Absent::Required,
            ),
            objective: key(
                concat!($kind, ".drill.objective_seconds"),
                $objective,
                Takes::Whole {
                    min: 1,
                    max: numbers::LONGEST_OBJECTIVE_SECONDS,
                },
                Absent::Whole(numbers::OBJECTIVE_SECONDS),
            ),
            recovery: key(
                concat!($kind, ".drill.recovery_objective_minutes"),
                "Minutes that it may take from the accepted call until everything is available again. Without it that time is measured, and not judged.",
                Takes::Whole {
                    min: 1,
                    max: numbers::LONGEST_RECOVERY_MINUTES,
                },
                Absent::Silent,
            ),
        }
    };
}

const LAG_SECONDS: Takes = Takes::Number {
    min: numbers::LEAST_LAG_SECONDS,
    max: numbers::LONGEST_LAG_SECONDS,
};

pub(in crate::policy) const FAILOVER_SHARD: FailoverKeys = failover_keys!("failover_shard" {
    entries: "Entries for failovers of shards (`TestFailover`), one `[[failover_shard]]` each.",
    target: "replication_group" = "The group's id, or a glob with `*` and `?`; as in `[[reshard]]`, where the same group may stand too.",
    max_lag: "max_lag_seconds" = "Seconds that a replica may lag behind its primary to be failed over to. What lags is lost.",
        LAG_SECONDS, Absent::Number(numbers::MAX_LAG_SECONDS),
    evacuate: "Each asks, while it is in ALARM, for a failover away from the node it watches, as long as that node is the primary. Without any, evacuation is off.",
    on_replacement: Some(ON_REPLACEMENT),
    drill: Some(SHARD_DRILL),
});

pub(super) const ON_REPLACEMENT: Key = key(
    "failover_shard.on_replacement",
    "What happens when AWS schedules the replacement of a node: it is recorded, told, and no shard is removed until it is done; \"move\" also moves the primary away before.",
    Takes::Word(&["freeze", "move"]),
    Absent::Word("freeze"),
);

pub(super) const SHARD_DRILL: DrillKeys = drill_keys!(
    "failover_shard",
    table: "Failovers for practice, one shard of a group at a time, the one not drilled longest first.",
    every: "Days in which each shard is drilled once.",
    objective: "Seconds that it may take from the accepted call to the new primary."
);

pub(in crate::policy) const FAILOVER_DB_CLUSTER: FailoverKeys = failover_keys!("failover_db_cluster" {
    entries: "Entries for failovers of Neptune clusters (`FailoverDBCluster`), one `[[failover_db_cluster]]` each.",
    target: "db_cluster" = "The Neptune cluster's id, or a glob with `*` (any letters) and `?` (one letter). Ids are lower case: letters, digits and single hyphens, 63 at most.",
    max_lag: "max_lag_milliseconds" = "Milliseconds that a reader may lag behind the writer to be failed over to.",
        Takes::Number {
            min: 1.0,
            max: numbers::LONGEST_LAG_MILLISECONDS,
        }, Absent::Number(numbers::MAX_LAG_MILLISECONDS),
    evacuate: "Each asks, while it is in ALARM, for a failover away from the instance it watches, as long as that instance is the writer. Without any, evacuation is off.",
    on_replacement: None,
    drill: Some(CLUSTER_DRILL),
});

pub(super) const CLUSTER_DRILL: DrillKeys = drill_keys!(
    "failover_db_cluster",
    table: "Failovers for practice.",
    every: "Days in which the cluster is drilled once.",
    objective: "Seconds that it may take from the accepted call to the new writer."
);

pub(in crate::policy) const PROMOTE_REPLICA: FailoverKeys = failover_keys!("promote_replica" {
    entries: "Entries for promotions (`ModifyReplicationGroup`) in groups with cluster mode and automatic failover off, one `[[promote_replica]]` each.",
    target: "replication_group" = "The group's id, or a glob with `*` and `?`; as in `[[reshard]]`. The same text cannot stand in a `[[failover_shard]]` too.",
    max_lag: "max_lag_seconds" = "Seconds that a replica may lag behind the primary to be promoted. What lags is lost.",
        LAG_SECONDS, Absent::Number(numbers::MAX_LAG_SECONDS),
    evacuate: "Each asks, while it is in ALARM, for a promotion away from the node it watches, as long as that node is the primary. Without any, evacuation is off.",
    on_replacement: None,
    drill: None,
});
