//! The closed set of reasons not to force a failover. Each has a code (an API: changing one is a CHANGELOG entry), a sentence,
//! and a row in docs/operations.md.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Budget, IntentKind, decision::day_and_time};
use crate::{cluster::Switch, pause::ScopedPause, window::WeeklyWindow};

/// A reason not to act.
#[derive(Debug, Clone, PartialEq)]
pub enum Hold {
    /// Nobody and nothing asks for a failover. The words say what comes next, such as the next drill.
    NothingAsked(String),
    /// A drill is due, and its window is not open.
    DrillWaits {
        /// Which shard or cluster.
        unit: String,
        /// The window in words.
        window: String,
    },
    /// A drill is due, and an alarm that could ask for an evacuation is not OK.
    DrillWaitsForAlarm {
        /// Which shard or cluster.
        unit: String,
        /// Which alarm.
        alarm: String,
        /// What it says, in words.
        state: String,
    },
    /// AWS means to replace a node; that is left to AWS, at least for now.
    ReplacementScheduled {
        /// The node.
        node: String,
        /// From when on. `None`: not known.
        starts: Option<DateTime<Utc>>,
        /// Whether the policy has the primary moved away in the day before.
        moved_before: bool,
    },
    /// An alarm asks for an evacuation that is not shown to be right.
    EvacuationNotShown {
        /// The alarm.
        alarm: String,
        /// What is missing.
        because: String,
    },
    /// A person's request came too late.
    RequestExpired(DateTime<Utc>),
    /// A person's request does not fit what is there.
    RequestUnfit(String),
    /// The target is not there.
    NotFound,
    /// Something that a decision rests on could not be read at all.
    Unreadable(String),
    /// The journal changed between look and act: another run is at it.
    Superseded,
    /// A person asked us to leave it alone, by name or by a pattern.
    Paused(ScopedPause),
    /// The target carries the tag that pauses it.
    PausedByTag,
    /// A stop alarm is in ALARM.
    StopAlarm(String),
    /// A stop alarm was not found.
    StopAlarmMissing(String),
    /// The cluster is not Neptune's, or nobody said whose it is.
    NotNeptune(Option<String>),
    /// A member of a Neptune Global Database is failed over through that.
    GlobalDatabaseMember(String),
    /// A member of an ElastiCache Global Datastore.
    GlobalDatastoreMember(String),
    /// A test failover needs automatic failover.
    AutomaticFailoverOff(Switch),
    /// A test failover needs Multi-AZ.
    MultiAzOff(Switch),
    /// A promotion is only for groups without automatic failover and Multi-AZ; which of the two is in the way, and its state.
    FailoverIsAwss {
        /// `automatic failover` or `Multi-AZ`.
        what: &'static str,
        /// Its state.
        state: Switch,
    },
    /// A promotion needs cluster mode disabled.
    ClusterModeNotDisabled(Option<String>),
    /// The target or a member of it is not available.
    NotAvailable {
        /// Which.
        what: String,
        /// The service's word.
        status: String,
    },
    /// A change or a failover that we asked for is not seen to have ended.
    InFlight {
        /// When we asked.
        asked: DateTime<Utc>,
        /// For what, in words.
        what: String,
        /// When it is no longer waited for.
        until: DateTime<Utc>,
    },
    /// It is not known which node is the primary.
    PrimaryUnknown(String),
    /// There is nobody who could take over.
    NoReplica(String),
    /// It is not known how far who could take over lags.
    LagUnknown(String),
    /// Who could take over lags too far: the last writes would be lost.
    Lagging {
        /// The one that lags least.
        node: String,
        /// Its lag, in seconds.
        seconds: f64,
        /// The most allowed, in seconds.
        limit: f64,
    },
    /// There was a failover within the cooldown, whoever caused it.
    CoolingDown {
        /// When.
        since: DateTime<Utc>,
        /// Until when to wait.
        until: DateTime<Utc>,
    },
    /// AWS refused our last request.
    BackingOff {
        /// With which code.
        code: String,
        /// Until when to wait.
        until: DateTime<Utc>,
    },
    /// No drill in the weekly window in which AWS may replace nodes.
    MaintenanceWindow(WeeklyWindow),
    /// The account's quota of test failovers is used up, or only its reserve is left.
    BudgetSpent {
        /// What is left.
        budget: Budget,
        /// Who asks.
        kind: IntentKind,
    },
    /// The pass has started its failovers elsewhere.
    PassLimit {
        /// The most of a pass.
        limit: u32,
    },
    /// The pass drills another target.
    AnotherDrill,
}

impl Hold {
    /// The closed code of the reason, as records and docs/operations.md spell it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingAsked(_) => "nothing_asked",
            Self::DrillWaits { .. } => "drill_waits",
            Self::DrillWaitsForAlarm { .. } => "drill_waits_for_alarm",
            Self::ReplacementScheduled { .. } => "replacement_scheduled",
            Self::EvacuationNotShown { .. } => "evacuation_not_shown",
            Self::RequestExpired(_) => "request_expired",
            Self::RequestUnfit(_) => "request_unfit",
            Self::NotFound => "not_found",
            Self::Unreadable(_) => "unreadable",
            Self::Superseded => "superseded",
            Self::Paused(_) => "paused",
            Self::PausedByTag => "paused_by_tag",
            Self::StopAlarm(_) => "stop_alarm",
            Self::StopAlarmMissing(_) => "stop_alarm_missing",
            Self::NotNeptune(_) => "not_neptune",
            Self::GlobalDatabaseMember(_) => "global_database_member",
            Self::GlobalDatastoreMember(_) => "global_datastore_member",
            Self::AutomaticFailoverOff(_) => "automatic_failover_off",
            Self::MultiAzOff(_) => "multi_az_off",
            Self::FailoverIsAwss { .. } => "failover_is_awss",
            Self::ClusterModeNotDisabled(_) => "cluster_mode_not_disabled",
            Self::NotAvailable { .. } => "not_available",
            Self::InFlight { .. } => "in_flight",
            Self::PrimaryUnknown(_) => "primary_unknown",
            Self::NoReplica(_) => "no_replica",
            Self::LagUnknown(_) => "lag_unknown",
            Self::Lagging { .. } => "lagging",
            Self::CoolingDown { .. } => "cooling_down",
            Self::BackingOff { .. } => "backing_off",
            Self::MaintenanceWindow(_) => "maintenance_window",
            Self::BudgetSpent { .. } => "budget_spent",
            Self::PassLimit { .. } => "failover_pass_limit",
            Self::AnotherDrill => "another_drill",
        }
    }

    /// Every code, for the test that compares them with docs/operations.md.
    pub const CODES: [&'static str; 33] = [
        "nothing_asked",
        "drill_waits",
        "drill_waits_for_alarm",
        "replacement_scheduled",
        "evacuation_not_shown",
        "request_expired",
        "request_unfit",
        "not_found",
        "unreadable",
        "superseded",
        "paused",
        "paused_by_tag",
        "stop_alarm",
        "stop_alarm_missing",
        "not_neptune",
        "global_database_member",
        "global_datastore_member",
        "automatic_failover_off",
        "multi_az_off",
        "failover_is_awss",
        "cluster_mode_not_disabled",
        "not_available",
        "in_flight",
        "primary_unknown",
        "no_replica",
        "lag_unknown",
        "lagging",
        "cooling_down",
        "backing_off",
        "maintenance_window",
        "budget_spent",
        "failover_pass_limit",
        "another_drill",
    ];

    /// Whether the hold says only that all is well.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::NothingAsked(_) | Self::DrillWaits { .. })
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingAsked(next) => write!(f, "nothing asks for a failover; {next}"),
            Self::DrillWaits { unit, window } => {
                write!(f, "the drill of {unit} waits for its window, {window}")
            }
            Self::DrillWaitsForAlarm { unit, alarm, state } => write!(
                f,
                "the drill of {unit} waits until alarm {alarm} is OK: it is {state}"
            ),
            Self::ReplacementScheduled {
                node,
                starts,
                moved_before,
            } => {
                write!(f, "AWS means to replace {node}")?;
                if let Some(starts) = starts {
                    write!(f, " from {} on", day_and_time(*starts))?;
                }
                f.write_str(if *moved_before {
                    "; a primary is moved away from it in the day before"
                } else {
                    "; that is left to AWS, and no shard is removed until it is done"
                })
            }
            Self::EvacuationNotShown { alarm, because } => write!(
                f,
                "alarm {alarm} is in ALARM, but that does not call for a failover: {because}"
            ),
            Self::RequestExpired(at) => write!(f, "the request expired at {}", day_and_time(*at)),
            Self::RequestUnfit(why) => write!(f, "the request cannot be carried out: {why}"),
            Self::NotFound => f.write_str("there is no such target in this account and Region"),
            Self::Unreadable(why) => write!(f, "not everything could be read: {why}"),
            Self::Superseded => f.write_str("another run is at this target"),
            Self::Paused(scoped) => scoped.write_sentence(f),
            Self::PausedByTag => f.write_str("paused by its tag clusterwarden=paused"),
            Self::StopAlarm(name) => write!(f, "stop alarm {name} is in ALARM"),
            Self::StopAlarmMissing(name) => write!(f, "stop alarm {name} is not to be found"),
            Self::NotNeptune(engine) => write!(
                f,
                "its engine is {}, not neptune: it is never failed over",
                engine.as_deref().unwrap_or("unsaid")
            ),
            Self::GlobalDatabaseMember(id) => write!(
                f,
                "it belongs to Global Database {id}, which is failed over as a whole"
            ),
            Self::GlobalDatastoreMember(id) => {
                write!(f, "it belongs to Global Datastore {id}")
            }
            Self::AutomaticFailoverOff(state) => {
                write!(f, "automatic failover is {state}; a test failover needs it")
            }
            Self::MultiAzOff(state) => write!(f, "Multi-AZ is {state}; a test failover needs it"),
            Self::FailoverIsAwss { what, state } => write!(
                f,
                "{what} is {state}; a promotion is only for groups where both are disabled"
            ),
            Self::ClusterModeNotDisabled(mode) => write!(
                f,
                "cluster mode is {}; a promotion needs it disabled",
                mode.as_deref().unwrap_or("unsaid")
            ),
            Self::NotAvailable { what, status } => write!(f, "{what} is {status}"),
            Self::InFlight { asked, what, until } => write!(
                f,
                "{what} was asked for at {} and is not seen to have ended; waiting until {}",
                day_and_time(*asked),
                day_and_time(*until)
            ),
            Self::PrimaryUnknown(why) => write!(f, "it is not known who is primary: {why}"),
            Self::NoReplica(why) => write!(f, "nobody could take over: {why}"),
            Self::LagUnknown(why) => write!(f, "it is not known how far behind they are: {why}"),
            Self::Lagging {
                node,
                seconds,
                limit,
            } => write!(
                f,
                "{node} lags {seconds:.3} s, more than {limit} s: the last writes would be lost"
            ),
            Self::CoolingDown { since, until } => write!(
                f,
                "there was a failover at {}; waiting until {}",
                day_and_time(*since),
                day_and_time(*until)
            ),
            Self::BackingOff { code, until } => write!(
                f,
                "AWS refused the last one with {code}; waiting until {}",
                day_and_time(*until)
            ),
            Self::MaintenanceWindow(window) => {
                write!(f, "no drill in the maintenance window, {window}")
            }
            Self::BudgetSpent { budget, kind } => {
                write!(
                    f,
                    "{} of {} test failovers are spent in 24 h",
                    budget.used, budget.limit
                )?;
                if *kind != IntentKind::Request {
                    write!(f, ", and {} are kept for people", budget.reserve)?;
                }
                match budget.frees {
                    Some(at) => write!(f, "; the next is free at {}", day_and_time(at)),
                    None => Ok(()),
                }
            }
            Self::PassLimit { limit } => write!(
                f,
                "all failovers of this pass are taken (fleet.max_failovers_per_pass {limit})"
            ),
            Self::AnotherDrill => f.write_str("another target is drilled in this pass"),
        }
    }
}
