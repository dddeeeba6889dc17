//! Every metric there is: name, unit, dimensions. What is written is taken from here, and so are the tests of the dashboard, of the
//! alarms and of docs/metrics.md, so that none of them can name a metric that nobody writes.

/// What a metric can be told apart by. The values are of closed sets of ours, but for `Target`: those are the ids of groups and
/// clusters that the services describe. No event can add one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The function.
    Function,
    /// What was decided: `decision.kind` of a record.
    Kind,
    /// Why it was held: `decision.reason`.
    Reason,
    /// What became of a decision: `outcome`.
    Outcome,
    /// How an earlier attempt ended: `outcome.kind` of the attempt in `ended`.
    End,
    /// The replication group or the cluster.
    Target,
}

/// Units, as CloudWatch spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// Of a hundred.
    Percent,
    /// Time.
    Seconds,
}

/// One metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, which is also the key of its value in a line. No field of a record is written like this.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// The sets of dimensions under which it is published, each a metric of its own to CloudWatch and on its bill.
    pub sets: &'static [&'static [Dimension]],
}

/// Under no dimension: all functions together, for an alarm.
const OF_THE_STACK: &[&[Dimension]] = &[&[]];

/// For a function as a whole.
const OF_A_FUNCTION: &[&[Dimension]] = &[&[Dimension::Function]];

/// For a function as a whole, and for each of its targets.
const OF_FUNCTION_AND_TARGET: &[&[Dimension]] = &[
    &[Dimension::Function],
    &[Dimension::Function, Dimension::Target],
];

/// For each target of `reshard`.
const OF_A_TARGET: &[&[Dimension]] = &[&[Dimension::Target]];

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 6] = [
        Self::Function,
        Self::Kind,
        Self::Reason,
        Self::Outcome,
        Self::End,
        Self::Target,
    ];

    /// Its name, which is also the key of its value in a line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Kind => "kind",
            Self::Reason => "reason",
            Self::Outcome => "outcome",
            Self::End => "end",
            Self::Target => "target",
        }
    }
}

impl Unit {
    /// CloudWatch's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Percent => "Percent",
            Self::Seconds => "Seconds",
        }
    }
}

/// Decisions: one per target and pass.
pub static DECISIONS: Metric = Metric {
    name: "Decisions",
    unit: Unit::Count,
    sets: &[&[Dimension::Function, Dimension::Kind]],
};

/// Holds among the decisions, by reason.
pub static HOLDS: Metric = Metric {
    name: "Holds",
    unit: Unit::Count,
    sets: &[&[Dimension::Function, Dimension::Reason]],
};

/// What was tried, by what is known of it when the record is written. A failover that is accepted and then seen to switch counts
/// under both.
pub static ATTEMPTS: Metric = Metric {
    name: "Attempts",
    unit: Unit::Count,
    sets: &[
        &[Dimension::Function, Dimension::Outcome],
        &[Dimension::Function, Dimension::Outcome, Dimension::Target],
    ],
};

/// Reshards of ours whose end a later pass saw, by how they ended; each once.
pub static ATTEMPTS_ENDED: Metric = Metric {
    name: "AttemptsEnded",
    unit: Unit::Count,
    sets: &[
        &[Dimension::Function, Dimension::End],
        &[Dimension::Function, Dimension::End, Dimension::Target],
    ],
};

/// Reshards that were refused, or of whose call nobody knows.
pub static RESHARDS_FAILED: Metric = Metric {
    name: "ReshardsFailed",
    unit: Unit::Count,
    sets: OF_THE_STACK,
};

/// Reshards that were accepted and ended partly or not at all; each once.
pub static RESHARDS_INCOMPLETE: Metric = Metric {
    name: "ReshardsIncomplete",
    unit: Unit::Count,
    sets: OF_THE_STACK,
};

/// Failovers that were refused, or of whose call nobody knows, whichever function asked.
pub static FAILOVERS_FAILED: Metric = Metric {
    name: "FailoversFailed",
    unit: Unit::Count,
    sets: OF_THE_STACK,
};

/// Drills that missed their objective or were not seen to their end; each once.
pub static DRILLS_MISSED: Metric = Metric {
    name: "DrillsMissed",
    unit: Unit::Count,
    sets: OF_THE_STACK,
};

/// Replacements of nodes that AWS has announced and that are not done, told in each pass.
pub static NODE_REPLACEMENTS: Metric = Metric {
    name: "NodeReplacements",
    unit: Unit::Count,
    sets: OF_THE_STACK,
};

/// From a failover's request to the new primary or writer, where the pass that asked saw it.
pub static FAILOVER_SECONDS: Metric = Metric {
    name: "FailoverSeconds",
    unit: Unit::Seconds,
    sets: OF_FUNCTION_AND_TARGET,
};

/// From a drill's request to the new primary or writer, by the service's events.
pub static DRILL_FAILOVER_SECONDS: Metric = Metric {
    name: "DrillFailoverSeconds",
    unit: Unit::Seconds,
    sets: OF_FUNCTION_AND_TARGET,
};

/// From a drill's request to the end of the old one's recovery, by the service's events.
pub static DRILL_RECOVERY_SECONDS: Metric = Metric {
    name: "DrillRecoverySeconds",
    unit: Unit::Seconds,
    sets: OF_FUNCTION_AND_TARGET,
};

/// From a drill's request until all of the target was available again.
pub static DRILL_AVAILABLE_SECONDS: Metric = Metric {
    name: "DrillAvailableSeconds",
    unit: Unit::Seconds,
    sets: OF_FUNCTION_AND_TARGET,
};

/// Shards of a group, as `reshard` saw them.
pub static SHARDS: Metric = Metric {
    name: "Shards",
    unit: Unit::Count,
    sets: OF_A_TARGET,
};

/// The policy's `targets.engine_cpu` for a group.
pub static ENGINE_CPU_TARGET: Metric = Metric {
    name: "EngineCpuTarget",
    unit: Unit::Percent,
    sets: OF_A_TARGET,
};

/// The policy's `targets.memory` for a group.
pub static MEMORY_TARGET: Metric = Metric {
    name: "MemoryTarget",
    unit: Unit::Percent,
    sets: OF_A_TARGET,
};

/// Passes that came to their end: the heartbeat.
pub static PASSES: Metric = Metric {
    name: "Passes",
    unit: Unit::Count,
    sets: OF_A_FUNCTION,
};

/// Targets that a pass looked at.
pub static TARGETS: Metric = Metric {
    name: "Targets",
    unit: Unit::Count,
    sets: OF_A_FUNCTION,
};

/// Metrics that a pass asked of GetMetricData, which CloudWatch bills.
pub static METRICS_BOUGHT: Metric = Metric {
    name: "MetricsBought",
    unit: Unit::Count,
    sets: OF_A_FUNCTION,
};

/// Test failovers that the account has left of its 24 hours, those kept for people among them.
pub static TEST_FAILOVERS_LEFT: Metric = Metric {
    name: "TestFailoversLeft",
    unit: Unit::Count,
    sets: OF_A_FUNCTION,
};

/// Every metric, in the order of docs/metrics.md.
pub static METRICS: [&Metric; 20] = [
    &PASSES,
    &TARGETS,
    &METRICS_BOUGHT,
    &TEST_FAILOVERS_LEFT,
    &DECISIONS,
    &HOLDS,
    &ATTEMPTS,
    &ATTEMPTS_ENDED,
    &RESHARDS_FAILED,
    &RESHARDS_INCOMPLETE,
    &FAILOVERS_FAILED,
    &FAILOVER_SECONDS,
    &DRILL_FAILOVER_SECONDS,
    &DRILL_RECOVERY_SECONDS,
    &DRILL_AVAILABLE_SECONDS,
    &DRILLS_MISSED,
    &NODE_REPLACEMENTS,
    &SHARDS,
    &ENGINE_CPU_TARGET,
    &MEMORY_TARGET,
];
