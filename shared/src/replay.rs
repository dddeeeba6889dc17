//! A decision made again: from the line that says what was seen, and the policy file.
//!
//! The decision is a function of these two, so it comes out the same, or something is wrong. What a pass adds afterwards (the
//! target's tag, the events before a scale-in, the fleet's limits, a lost race) is in the record alone: there the replay says
//! that the decision came out the same and what held it then.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    cluster::{DbClusterId, ReplicationGroupId},
    failover_db_cluster, failover_shard,
    policy::Policy,
    promote_replica,
    record::{Mode, Record},
    reshard,
    seen::{FORMAT, Seen, Sight},
};

/// The fields of a record that the decision alone fills, and that nothing adds to.
const DECIDED: [&str; 6] = [
    "demand",
    "intent",
    "kept",
    "ranking",
    "waived",
    "replacements",
];

/// The fields to whose end later looks may add.
const GROWING: [&str; 2] = ["inputs", "guards"];

/// Why a decision cannot be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Another version of the program wrote the line in another form.
    #[error(
        "the line has format {found}, and this program reads {FORMAT}: replay it with clusterwarden {program}"
    )]
    Format {
        /// The line's.
        found: u32,
        /// The version that wrote it.
        program: String,
    },
    /// The policy does not name the target.
    #[error("no entry of [[{section}]] in this policy names {target}")]
    NotInPolicy {
        /// Of the policy file.
        section: &'static str,
        /// The target.
        target: String,
    },
}

/// What became of a replay.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Everything that the decision fills is the same.
    Same,
    /// The decision is the same, and then it was held.
    HeldAfterwards {
        /// The record's reason.
        reason: String,
        /// The record's sentence.
        sentence: String,
    },
    /// Something is not the same.
    Different(Vec<Difference>),
}

/// One field of a record that came out otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The field.
    pub field: String,
    /// As it was recorded; null: not at all.
    pub recorded: Value,
    /// As it came out now; null: not at all.
    pub replayed: Value,
}

/// Decides again. The record is as one of plan mode, before any later look.
///
/// # Errors
///
/// The line is of another format, or the policy does not name its target.
pub fn replay(policy: &Policy, sight: &Sight) -> Result<Record, ReplayError> {
    if sight.format != FORMAT {
        return Err(ReplayError::Format {
            found: sight.format,
            program: sight.program.clone(),
        });
    }
    let target = sight.observation_of.as_str();
    let record = |verdict: crate::record::Shown| {
        Record::new(sight.seen.function(), Mode::Plan, target, sight.at, verdict)
    };
    let group = ReplicationGroupId::new(target);
    let missing = |section: &'static str| move || not_named(section, target);
    let mut record = match &sight.seen {
        Seen::Reshard(seen) => {
            let entry = policy.reshard_for(&group).ok_or_else(missing("reshard"))?;
            record(reshard::decide(entry, seen).into())
        }
        Seen::FailoverShard(seen) => {
            let entry = policy
                .failover_shard_for(&group)
                .ok_or_else(missing("failover_shard"))?;
            record(failover_shard::decide(entry, seen).into())
        }
        Seen::FailoverDbCluster(seen) => {
            let cluster = DbClusterId::new(target);
            let found = policy.failover_db_cluster_for(&cluster);
            let entry = found.ok_or_else(missing("failover_db_cluster"))?;
            record(failover_db_cluster::decide(entry, seen).into())
        }
        Seen::PromoteReplica(seen) => {
            let entry = policy
                .promote_replica_for(&group)
                .ok_or_else(missing("promote_replica"))?;
            record(promote_replica::decide(entry, seen).into())
        }
    };
    record.policy.clone_from(&policy.version);
    Ok(record)
}

fn not_named(section: &'static str, target: &str) -> ReplayError {
    ReplayError::NotInPolicy {
        section,
        target: target.to_owned(),
    }
}

/// Compares a record of the log with the decision made again.
pub fn compare(recorded: &Map<String, Value>, replayed: &Record) -> Comparison {
    // A record holds strings, numbers and lists only, which always serialize.
    let replayed = serde_json::to_value(replayed).unwrap_or_default();
    let (was, now) = (
        |field: &str| of(recorded, field),
        |field: &str| replayed.get(field).cloned().unwrap_or_default(),
    );
    let mut differences = Vec::new();
    let mut require = |field: &str, same: bool| {
        if !same {
            differences.push(Difference {
                field: field.to_owned(),
                recorded: was(field),
                replayed: now(field),
            });
        }
    };
    for field in DECIDED {
        require(field, was(field) == now(field));
    }
    for field in GROWING {
        require(field, begins_with(&was(field), &now(field)));
    }
    let held = held_afterwards(recorded, &replayed);
    if held.is_none() {
        for field in ["decision", "request"] {
            require(field, was(field) == now(field));
        }
    }
    match (differences.is_empty(), held) {
        (false, _) => Comparison::Different(differences),
        (true, Some(held)) => held,
        (true, None) => Comparison::Same,
    }
}

fn of(record: &Map<String, Value>, field: &str) -> Value {
    record.get(field).cloned().unwrap_or_default()
}

/// Whether a list is another one, or that with more at its end.
fn begins_with(longer: &Value, shorter: &Value) -> bool {
    match (longer.as_array(), shorter.as_array()) {
        (Some(longer), Some(shorter)) => longer.starts_with(shorter),
        _ => longer == shorter,
    }
}

/// The reasons by which a last look holds without a check of its own: a lost race, and what could not be looked at.
const WITHOUT_A_GUARD: [&str; 3] = ["superseded", "unreadable", "not_available"];

/// What held the decision after it was made. `None`: nothing that the record tells, and it must be the same as the record's.
fn held_afterwards(recorded: &Map<String, Value>, replayed: &Value) -> Option<Comparison> {
    let (was, now) = (of(recorded, "decision"), replayed.get("decision")?);
    let word = |decision: &Value, key: &str| Some(decision.get(key)?.as_str()?.to_owned());
    if word(&was, "kind")? != "hold" || was == *now {
        return None;
    }
    let reason = word(&was, "reason")?;
    let acts = word(now, "kind")? != "hold";
    let is_told = if acts {
        WITHOUT_A_GUARD.contains(&reason.as_str()) || has_a_later_failure(recorded, replayed)
    } else {
        // Only a lost race replaces a hold by another one.
        reason == "superseded"
    };
    let wanted = of(recorded, "wanted");
    let is_the_same = |key: &&str| wanted.get(key) == now.get(key);
    let agrees = wanted.is_null() || ["kind", "from", "to", "sentence"].iter().all(is_the_same);
    (is_told && agrees).then(|| Comparison::HeldAfterwards {
        sentence: word(&was, "sentence").unwrap_or_default(),
        reason,
    })
}

/// Whether the record ends in a failed check that the decision did not make.
fn has_a_later_failure(recorded: &Map<String, Value>, replayed: &Value) -> bool {
    let count = |guards: Option<&Value>| guards?.as_array().map(Vec::len);
    let was = of(recorded, "guards");
    let last = was.as_array().and_then(|guards| guards.last());
    let failed = last.and_then(|guard| guard.get("passed")) == Some(&Value::Bool(false));
    failed && count(Some(&was)) > count(replayed.get("guards"))
}
