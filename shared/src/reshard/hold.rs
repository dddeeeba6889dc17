//! The closed set of reasons not to reshard. Each has a code (an API: changing one is a CHANGELOG entry), a sentence, and
//! a row in docs/operations.md.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{
    Measure,
    words::{bytes, clock, clock_after, told_apart},
};
use crate::{
    admit::FleetHold,
    alarm::AlarmState,
    cluster::ShardId,
    pause::ScopedPause,
    window::{DailyWindow, WeeklyWindow},
};

/// A reason not to act.
#[derive(Debug, Clone, PartialEq)]
pub enum Hold {
    /// The load fits the shards that there are, and does not fit fewer.
    LoadFits {
        /// The arithmetic in words.
        because: String,
    },
    /// The group is not there.
    NotFound,
    /// Something that a decision rests on could not be read at all.
    Unreadable(String),
    /// The journal changed between look and act: another run is at it.
    Superseded,
    /// Shards can be changed only with cluster mode `enabled`.
    ClusterModeNotEnabled(Option<String>),
    /// A member of a Global Datastore is resharded through the datastore.
    GlobalDatastoreMember(String),
    /// The group, a shard or a node is not available.
    NotAvailable {
        /// Which.
        what: String,
        /// The service's word.
        status: String,
        /// Progress of slot migration in percent, if any runs.
        migrated: Option<f64>,
    },
    /// A backup is being taken.
    Snapshotting,
    /// A backup is about to be taken.
    SnapshotWindow(DailyWindow),
    /// AWS may replace nodes now.
    MaintenanceWindow(WeeklyWindow),
    /// A person asked us to leave it alone, by name or by a pattern.
    Paused(ScopedPause),
    /// The group carries the tag that pauses it.
    PausedByTag,
    /// A stop alarm is in ALARM.
    StopAlarm(String),
    /// A stop alarm was not found.
    StopAlarmMissing(String),
    /// AWS Application Auto Scaling governs the group.
    ApplicationAutoScaling(String),
    /// We asked for a change whose effect is not to be seen yet.
    InFlight {
        /// When we asked.
        asked: DateTime<Utc>,
        /// For how many shards.
        to: u32,
    },
    /// We forced a failover a short while ago.
    FailoverInFlight {
        /// When we asked.
        asked: DateTime<Utc>,
        /// The shard, or the group itself.
        unit: String,
    },
    /// AWS means to replace a node, and no shard is removed until it is done.
    ReplacementScheduled {
        /// The node.
        node: String,
    },
    /// The shard count is outside the policy's bounds.
    OutsideBounds {
        /// What it is.
        shards: u32,
        /// The least allowed.
        min: u32,
        /// The most allowed.
        max: u32,
    },
    /// More shards are needed than allowed.
    AtMaximum {
        /// Shards there are.
        shards: u32,
        /// Shards needed.
        needed: u32,
        /// The bound that bit, with its number.
        bound: String,
    },
    /// The last change of ours is too recent.
    CoolingDown {
        /// Until when.
        until: DateTime<Utc>,
        /// When it completed.
        since: DateTime<Utc>,
    },
    /// We have not known the group for a cooldown, so that it may have been changed just before.
    NewlySeen {
        /// Until when.
        until: DateTime<Utc>,
        /// Since when we know it.
        since: DateTime<Utc>,
    },
    /// A change completed so recently that its load is not measured yet.
    Settling {
        /// When it completed.
        since: DateTime<Utc>,
    },
    /// The calendar freezes the change.
    Frozen {
        /// The open window's name.
        window: String,
        /// Whether it freezes scale-ins only.
        scale_in_only: bool,
    },
    /// A scale-out completed too recently for a scale-in.
    Reversal {
        /// Until when.
        until: DateTime<Utc>,
        /// When it completed.
        since: DateTime<Utc>,
    },
    /// An alarm went off after our last change, or does not say whether it did.
    AfterChangeAlarm {
        /// Which.
        alarm: String,
        /// What it says; `None`: it was not found.
        state: Option<AlarmState>,
        /// When the change was asked for.
        change: DateTime<Utc>,
    },
    /// The CPU is above the gate, and the policy says to wait.
    CpuGate {
        /// The hottest shard.
        shard: ShardId,
        /// Its load in percent.
        load: f64,
        /// The gate.
        limit: f64,
    },
    /// One shard is hot, and growth did not cool it.
    HotShard {
        /// By which measure.
        measure: Measure,
        /// Which shard.
        shard: ShardId,
        /// Its load in percent.
        load: f64,
        /// What it carried before the last growth.
        before: f64,
        /// The mean over all shards.
        mean: f64,
    },
    /// Somebody else changed the group too recently.
    ChangedByOthers {
        /// Until when.
        until: DateTime<Utc>,
        /// When it completed.
        since: DateTime<Utc>,
    },
    /// Our last attempts failed.
    BackingOff {
        /// Until when.
        until: DateTime<Utc>,
        /// When the last one ended.
        since: DateTime<Utc>,
        /// How many failed in a row.
        failures: u32,
        /// How the last one ended.
        last: String,
    },
    /// No shard has fresh load.
    NoFreshLoad {
        /// What is missing.
        missing: String,
    },
    /// Fewer shards would do now, but have not for long enough.
    NotLowLongEnough {
        /// Shards that would do now.
        to: u32,
        /// Why not yet.
        because: String,
    },
    /// An alarm does not agree to a scale-in.
    AlarmDisagrees {
        /// Which.
        alarm: String,
        /// What it says; `None`: it was not found.
        state: Option<AlarmState>,
        /// What it would have to say. Where that is what it says, it is silenced.
        wanted: AlarmState,
    },
    /// The load that the shards that stay would carry is too high.
    LoadAfterwards {
        /// Which load.
        measure: Measure,
        /// Which shard.
        shard: ShardId,
        /// The predicted percent.
        predicted: f64,
        /// The most allowed.
        limit: f64,
    },
    /// What the proof of a scale-in needs is not known.
    EvidenceMissing(String),
    /// Keys were evicted.
    Evicting {
        /// Where.
        node: String,
        /// How many in the window.
        keys: f64,
    },
    /// A replica lags, or there is none where there should be.
    ReplicasUnhealthy(String),
    /// A shard that stays has too little free memory for what it would receive.
    HeadroomShort {
        /// Which shard.
        shard: ShardId,
        /// Free bytes of its worst node at the window's peak.
        free: f64,
        /// Bytes it would receive.
        receives: f64,
        /// Free bytes wanted per byte received.
        ratio: f64,
    },
    /// A shard that stays would be too full afterwards.
    MemoryAfterwards {
        /// Which shard.
        shard: ShardId,
        /// The predicted percent of `maxmemory`.
        predicted: f64,
        /// The most allowed.
        limit: f64,
    },
    /// It would be right for this target, but not now for the whole fleet; never the answer of `decide`.
    Fleet(FleetHold),
}

impl Hold {
    /// The closed code of the reason, as records and docs/operations.md spell it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LoadFits { .. } => "load_fits",
            Self::NotFound => "not_found",
            Self::Unreadable(_) => "unreadable",
            Self::Superseded => "superseded",
            Self::ClusterModeNotEnabled(_) => "cluster_mode_not_enabled",
            Self::GlobalDatastoreMember(_) => "global_datastore_member",
            Self::NotAvailable { .. } => "not_available",
            Self::Snapshotting => "snapshotting",
            Self::SnapshotWindow(_) => "snapshot_window",
            Self::MaintenanceWindow(_) => "maintenance_window",
            Self::Paused(_) => "paused",
            Self::PausedByTag => "paused_by_tag",
            Self::StopAlarm(_) => "stop_alarm",
            Self::StopAlarmMissing(_) => "stop_alarm_missing",
            Self::ApplicationAutoScaling(_) => "application_auto_scaling",
            Self::InFlight { .. } => "in_flight",
            Self::FailoverInFlight { .. } => "failover_in_flight",
            Self::ReplacementScheduled { .. } => "replacement_scheduled",
            Self::OutsideBounds { .. } => "outside_bounds",
            Self::AtMaximum { .. } => "at_maximum",
            Self::CoolingDown { .. } => "cooling_down",
            Self::NewlySeen { .. } => "newly_seen",
            Self::Settling { .. } => "settling",
            Self::Frozen { .. } => "frozen",
            Self::Reversal { .. } => "reversal",
            Self::AfterChangeAlarm { .. } => "after_change_alarm",
            Self::CpuGate { .. } => "cpu_gate",
            Self::HotShard { .. } => "hot_shard",
            Self::ChangedByOthers { .. } => "changed_by_others",
            Self::BackingOff { .. } => "backing_off",
            Self::NoFreshLoad { .. } => "no_fresh_load",
            Self::NotLowLongEnough { .. } => "not_low_long_enough",
            Self::AlarmDisagrees { .. } => "alarm_disagrees",
            Self::LoadAfterwards { .. } => "load_afterwards",
            Self::EvidenceMissing(_) => "evidence_missing",
            Self::Evicting { .. } => "evicting",
            Self::ReplicasUnhealthy(_) => "replicas_unhealthy",
            Self::HeadroomShort { .. } => "headroom_short",
            Self::MemoryAfterwards { .. } => "memory_afterwards",
            Self::Fleet(hold) => hold.code(),
        }
    }

    /// Every code, for the test that compares them with docs/operations.md.
    pub const CODES: [&'static str; 44] = [
        "load_fits",
        "not_found",
        "unreadable",
        "superseded",
        "cluster_mode_not_enabled",
        "global_datastore_member",
        "not_available",
        "snapshotting",
        "snapshot_window",
        "maintenance_window",
        "paused",
        "paused_by_tag",
        "stop_alarm",
        "stop_alarm_missing",
        "application_auto_scaling",
        "in_flight",
        "failover_in_flight",
        "replacement_scheduled",
        "outside_bounds",
        "at_maximum",
        "cooling_down",
        "newly_seen",
        "settling",
        "frozen",
        "reversal",
        "after_change_alarm",
        "cpu_gate",
        "hot_shard",
        "changed_by_others",
        "backing_off",
        "no_fresh_load",
        "not_low_long_enough",
        "alarm_disagrees",
        "load_afterwards",
        "evidence_missing",
        "evicting",
        "replicas_unhealthy",
        "headroom_short",
        "memory_afterwards",
        "fleet_pass_limit",
        "fleet_hour_limit",
        "fleet_node_limit",
        "scale_in_breaker",
        "failure_breaker",
    ];

    /// Whether the hold says only that all is well.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::LoadFits { .. })
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fleet(hold) => hold.fmt(f),
            Self::LoadFits { because } => write!(f, "the load fits: {because}"),
            Self::NotFound => f.write_str("ElastiCache knows no replication group of this id"),
            Self::Unreadable(what) => f.write_str(what),
            Self::Superseded => f.write_str("another run wrote the journal first"),
            Self::ClusterModeNotEnabled(Some(mode)) => {
                write!(
                    f,
                    "cluster mode is {mode}; shards can be changed only where it is enabled"
                )
            }
            Self::ClusterModeNotEnabled(None) => {
                f.write_str("the service did not say whether cluster mode is enabled")
            }
            Self::GlobalDatastoreMember(id) => {
                write!(
                    f,
                    "member of Global Datastore {id}, whose shards change through the datastore"
                )
            }
            Self::NotAvailable {
                what,
                status,
                migrated: None,
            } => write!(f, "{what} is {status}"),
            Self::NotAvailable {
                what,
                status,
                migrated: Some(percent),
            } => {
                write!(
                    f,
                    "{what} is {status}, {percent:.0} % of its slots migrated"
                )
            }
            Self::Snapshotting => f.write_str("a backup is being taken"),
            Self::SnapshotWindow(window) => write!(f, "near the backup window {window}"),
            Self::MaintenanceWindow(window) => {
                write!(f, "no scale-in in the maintenance window {window}")
            }
            Self::Paused(scoped) => scoped.write_sentence(f),
            Self::PausedByTag => f.write_str("paused by the tag clusterwarden=paused on the group"),
            Self::StopAlarm(name) => write!(f, "stop alarm {name} is in ALARM"),
            Self::StopAlarmMissing(name) => write!(
                f,
                "stop alarm {name} was not found, which stops as if it were in ALARM"
            ),
            Self::ApplicationAutoScaling(alarm) => {
                write!(
                    f,
                    "AWS Application Auto Scaling governs the group (alarm {alarm}); two must not"
                )
            }
            Self::FailoverInFlight { asked, unit } => write!(
                f,
                "a failover of {unit} was asked for at {}, and the old primary may still be on its way back",
                clock(*asked)
            ),
            Self::ReplacementScheduled { node } => write!(
                f,
                "no scale-in until AWS has replaced {node}, as it has announced"
            ),
            Self::InFlight { asked, to } => {
                write!(
                    f,
                    "waiting to see the change to {to} shards asked for at {}",
                    clock(*asked)
                )
            }
            Self::OutsideBounds { shards, min, max } => {
                write!(
                    f,
                    "{shards} shards lie outside the policy's {min} to {max}; a person must choose"
                )
            }
            Self::AtMaximum {
                shards,
                needed,
                bound,
            } => write!(
                f,
                "{needed} shards are needed, {shards} is the most: {bound}"
            ),
            Self::NewlySeen { until, since } => {
                write!(
                    f,
                    "nothing but growth until {}: known only since {}",
                    clock_after(*until, *since),
                    clock(*since)
                )
            }
            Self::Frozen {
                window,
                scale_in_only: true,
            } => write!(f, "window {window} freezes scale-ins"),
            Self::Frozen {
                window,
                scale_in_only: false,
            } => write!(f, "window {window} freezes every change"),
            Self::Reversal { until, since } => write!(
                f,
                "no scale-in until {}: the group grew at {}",
                clock(*until),
                clock(*since)
            ),
            Self::AfterChangeAlarm {
                alarm,
                state: Some(AlarmState::Alarm),
                change,
            } => write!(
                f,
                "alarm {alarm} went off after our change of {}; no further change until it is over",
                clock(*change)
            ),
            Self::AfterChangeAlarm {
                alarm,
                state,
                change,
            } => write!(
                f,
                "alarm {alarm} is {} after our change of {}; nothing but growth until it says that all is well",
                said(*state),
                clock(*change)
            ),
            Self::CpuGate { shard, load, limit } => write!(
                f,
                "shard {shard} is at {load:.0} %; a reshard waits until it is below {limit:.0} %"
            ),
            Self::HotShard {
                measure,
                shard,
                load,
                before,
                mean,
            } => write!(
                f,
                "shard {shard} is hot by itself: {measure} {load:.0} % where the mean is {mean:.0} %, and growth did not cool it \
                 ({before:.0} % before); a hot key is not cured by shards"
            ),
            Self::Settling { since } => {
                write!(
                    f,
                    "settling: the last change completed at {}, and its load is not measured yet",
                    clock(*since)
                )
            }
            Self::CoolingDown { until, since } => {
                write!(
                    f,
                    "cooling down until {} (settled at {})",
                    clock_after(*until, *since),
                    clock(*since)
                )
            }
            Self::ChangedByOthers { until, since } => {
                write!(
                    f,
                    "someone else changed the group; waiting until {} (settled at {})",
                    clock_after(*until, *since),
                    clock(*since)
                )
            }
            Self::BackingOff {
                until,
                since,
                failures,
                last,
            } => {
                let times = if *failures == 1 {
                    "the last attempt".to_owned()
                } else {
                    format!("the last of {failures} failed attempts")
                };
                let until = clock_after(*until, *since);
                write!(f, "{times} {last}; trying again after {until}")
            }
            Self::NoFreshLoad { missing } => write!(
                f,
                "no fresh load for {missing}; silence is no reason to act"
            ),
            Self::NotLowLongEnough { to, because } => write!(f, "{to} would do now, but {because}"),
            Self::AlarmDisagrees {
                alarm,
                state,
                wanted: AlarmState::Alarm,
            } => {
                let silenced = if *state == Some(AlarmState::Alarm) {
                    ", but silenced"
                } else {
                    ""
                };
                write!(
                    f,
                    "no scale-in unless alarm {alarm} is in ALARM: it is {}{silenced}",
                    said(*state)
                )
            }
            Self::AlarmDisagrees { alarm, state, .. } => {
                write!(f, "no scale-in while alarm {alarm} is {}", said(*state))
            }
            Self::LoadAfterwards {
                measure,
                shard,
                predicted,
                limit,
            } => {
                let (predicted, limit) = told_apart(*predicted, *limit);
                write!(
                    f,
                    "{measure} of shard {shard} would be {predicted} % afterwards, more than {limit} %"
                )
            }
            Self::EvidenceMissing(what) => {
                write!(f, "a scale-in is not proven safe: {what} is not known")
            }
            Self::Evicting { node, keys } => write!(
                f,
                "no scale-in while keys are evicted ({keys:.0} on {node})"
            ),
            Self::ReplicasUnhealthy(why) => write!(f, "no scale-in: {why}"),
            Self::HeadroomShort {
                shard,
                free,
                receives,
                ratio,
            } => write!(
                f,
                "shard {shard} has {} free for {} it would receive, less than {ratio} times",
                bytes(*free),
                bytes(*receives)
            ),
            Self::MemoryAfterwards {
                shard,
                predicted,
                limit,
            } => {
                let (predicted, limit) = told_apart(*predicted, *limit);
                write!(
                    f,
                    "shard {shard} would be {predicted} % full afterwards, more than {limit} %"
                )
            }
        }
    }
}

/// An alarm's state as sentences spell it.
fn said(state: Option<AlarmState>) -> String {
    state.map_or_else(|| "not to be found".to_owned(), |state| state.to_string())
}
