//! What asks for a failover of a group's shards, in the order in which it is heard: alarms, replacements, drills. A person's request
//! comes before all of these and is looked at alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    alarm::Alarm,
    checks::Guards,
    cluster::{Group, NodeId, Shard},
    failover::{
        FailoverRequest, Hold, Intent, Replacement, ReplacementState, RequestedTarget, Rotation,
        Unit, evacuation::Alarmed, guards::require_calm, sight::Sight,
    },
    policy::{DrillPolicy, OnReplacement},
    window::WeeklyWindow,
};

/// How long before its announced time a primary is moved away from a node: not so early that the shard may be back on it by then.
const MOVED_WITHIN: TimeDelta = TimeDelta::hours(24);

/// One thing that asks for a failover, as far as can be told before the metrics are read.
pub(super) struct Wish<'a> {
    pub(super) intent: Intent,
    pub(super) shard: &'a Shard,
    pub(super) proof: Proof<'a>,
}

/// What the metrics must show besides, for a wish to stand.
pub(super) enum Proof<'a> {
    /// Nothing: a person's request was compared with the primary before, and drills are for any.
    None,
    /// The alarmed node is the primary.
    Alarmed(Alarmed<'a>),
    /// The node that is to be replaced is the primary.
    Replaced(&'a Replacement),
}

/// What was thought of.
pub(super) struct Thought<'a> {
    /// The intent, where it got so far.
    pub(super) intent: Option<Intent>,
    /// The checks made for it alone.
    pub(super) guards: Guards,
    /// What asks, or why it does not.
    pub(super) outcome: Result<Wish<'a>, Hold>,
}

/// Everything that may ask, the most urgent first; the last never does.
pub(super) fn thoughts<'a>(sight: Sight<'a>) -> Vec<Thought<'a>> {
    let alarmed = sight.evacuations().into_iter();
    let mut thoughts: Vec<Thought<'a>> = alarmed.map(|found| evacuation(sight, found)).collect();
    let replacements = sight.journal.replacements.iter();
    thoughts.extend(replacements.filter_map(|one| replaced(sight, one)));
    thoughts.extend(due_drill(sight));
    thoughts.push(Thought {
        intent: None,
        guards: Guards::default(),
        outcome: Err(Hold::NothingAsked(next(sight))),
    });
    thoughts
}

fn evacuation<'a>(sight: Sight<'a>, found: Result<Alarmed<'a>, Hold>) -> Thought<'a> {
    let mut guards = Guards::default();
    let intent = found.as_ref().ok().map(Alarmed::intent);
    let outcome = found.and_then(|alarmed| {
        sight.require_may_be_shown(&alarmed, &mut guards)?;
        Ok(Wish {
            intent: alarmed.intent(),
            shard: alarmed.shard,
            proof: Proof::Alarmed(alarmed),
        })
    });
    Thought {
        intent,
        guards,
        outcome,
    }
}

/// `None`: the group no longer has the node.
fn replaced<'a>(sight: Sight<'a>, one: &'a Replacement) -> Option<Thought<'a>> {
    let (shard, _) = sight.node(&NodeId::new(&one.node))?;
    let moves = sight.policy.on_replacement == OnReplacement::Move
        && one.state == ReplacementState::Scheduled
        && is_ahead(one, sight.at);
    let intent = Intent::Replacement {
        node: one.node.clone(),
        starts: one.starts,
    };
    Some(Thought {
        intent: moves.then(|| intent.clone()),
        guards: Guards::default(),
        outcome: if moves {
            Ok(Wish {
                intent,
                shard,
                proof: Proof::Replaced(one),
            })
        } else {
            let later = one
                .starts
                .is_some_and(|starts| starts - sight.at >= MOVED_WITHIN);
            let moving = sight.policy.on_replacement == OnReplacement::Move;
            Err(left_to_aws(one, moving && later))
        },
    })
}

/// The hold of a replacement that is left to AWS.
pub(super) fn left_to_aws(one: &Replacement, moved_before: bool) -> Hold {
    Hold::ReplacementScheduled {
        node: one.node.clone(),
        starts: one.starts,
        moved_before,
    }
}

/// Whether a replacement is still to come, and soon, or at a time that nobody could read.
fn is_ahead(one: &Replacement, now: DateTime<Utc>) -> bool {
    one.starts
        .is_none_or(|starts| now < starts && starts - now < MOVED_WITHIN)
}

/// The drill that is due: of the first shard of the rotation that has a replica. One without would stop the others' for ever; any other
/// reason not to drill a shard is one not to practise on its group. `None`: none is due.
fn due_drill(sight: Sight<'_>) -> Option<Thought<'_>> {
    let policy = sight.policy.drill.as_ref()?;
    let rotation = rotation(sight)?;
    let shard = |unit: &Unit| {
        let mut shards = sight.group.shards.iter();
        shards.find(|shard| shard.id.as_str() == unit.id)
    };
    let due: Vec<(&Unit, &Shard)> = rotation
        .due(sight.at)
        .filter_map(|unit| Some((unit, shard(unit)?)))
        .collect();
    let with_replica = due.iter().find(|(_, shard)| shard.nodes.len() > 1);
    let (unit, shard) = with_replica.or(due.first())?;
    Some(drill(sight, policy, unit, shard))
}

fn drill<'a>(sight: Sight<'a>, policy: &DrillPolicy, unit: &Unit, shard: &'a Shard) -> Thought<'a> {
    let intent = Intent::Drill {
        due: unit.due.unwrap_or(sight.at),
        last: unit.last,
    };
    let mut guards = Guards::default();
    let (open, window) = (policy.window.contains(sight.at), policy.window.to_string());
    let clear = guards
        .require("drill_window", open, window.clone(), || Hold::DrillWaits {
            unit: format!("shard {}", unit.id),
            window,
        })
        .and_then(|()| require_outside_maintenance(sight.group, sight.at, &mut guards))
        .and_then(|()| {
            let unit = format!("shard {}", unit.id);
            let of_another = |alarm: &Alarm| sight.watches_another(alarm);
            require_calm(sight.policy, sight.alarms, &unit, of_another, &mut guards)
        });
    Thought {
        intent: Some(intent.clone()),
        guards,
        outcome: clear.map(|()| Wish {
            intent,
            shard,
            proof: Proof::None,
        }),
    }
}

/// No drill while AWS may be replacing nodes; a window that the service does not name may be now.
fn require_outside_maintenance(
    group: &Group,
    now: DateTime<Utc>,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let window = group
        .maintenance_window
        .unwrap_or_else(|| WeeklyWindow::read_or_any_time("unsaid"));
    let outside = !window.contains(now);
    guards.require("outside_maintenance", outside, window.to_string(), || {
        Hold::MaintenanceWindow(window)
    })
}

/// The order in which the group's shards are drilled. `None`: they are not.
pub(super) fn rotation(sight: Sight<'_>) -> Option<Rotation> {
    let units = sight.group.shards.iter().map(|shard| shard.id.as_str());
    let policy = sight.policy.drill.as_ref()?;
    Some(Rotation::of(policy, units, sight.journal))
}

/// What comes next, in words.
fn next(sight: Sight<'_>) -> String {
    match rotation(sight).as_ref().and_then(Rotation::next) {
        Some(unit) => {
            let due = unit.due.unwrap_or(sight.at).format("%Y-%m-%d");
            format!("the next drill is that of shard {}, due {due}", unit.id)
        }
        None => "its shards are not drilled".to_owned(),
    }
}

/// The shard that a person's request is about, and the node it is to leave.
pub(super) fn require_fit<'a>(
    group: &'a Group,
    request: &'a FailoverRequest,
    guards: &mut Guards,
) -> Result<(&'a Shard, &'a NodeId), Hold> {
    let fit = fit(group, request);
    let saw = match &fit {
        Ok((shard, from)) => format!("shard {}, to leave {from}", shard.id),
        Err(why) => why.clone(),
    };
    guards.require("request_fits", fit.is_ok(), saw.clone(), || {
        Hold::RequestUnfit(saw.clone())
    })?;
    fit.map_err(Hold::RequestUnfit)
}

fn fit<'a>(
    group: &'a Group,
    request: &'a FailoverRequest,
) -> Result<(&'a Shard, &'a NodeId), String> {
    let (of, shard, from) = match &request.target {
        RequestedTarget::Shard { group, shard, from } => (group, shard, from),
        RequestedTarget::Group { .. } => {
            return Err("it names no shard: add `shard`, such as \"0001\"".to_owned());
        }
        RequestedTarget::DbCluster { .. } => {
            return Err(
                "it names a `db_cluster`: that is failover-db-cluster's to carry out".to_owned(),
            );
        }
    };
    if *of != group.id {
        return Err(format!("it is about {of}, not about {}", group.id));
    }
    let Some(found) = group.shards.iter().find(|one| one.id == *shard) else {
        let ids: Vec<&str> = group.shards.iter().map(|one| one.id.as_str()).collect();
        return Err(format!(
            "there is no shard {shard}; there are {}",
            ids.join(", ")
        ));
    };
    if !found.nodes.iter().any(|node| node.id == *from) {
        let ids: Vec<&str> = found.nodes.iter().map(|one| one.id.as_str()).collect();
        return Err(format!(
            "{from} is no node of shard {shard}; its nodes are {}",
            ids.join(", ")
        ));
    }
    Ok((found, from))
}
