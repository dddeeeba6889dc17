//! Why this cluster would be failed over now: a person's request, an alarm on its writer, or a drill.

use super::Observation;
use crate::{
    alarm::Alarm,
    checks::Guards,
    cluster::{DbClusterId, InstanceId},
    db_cluster::DbCluster,
    failover::{
        FailoverRequest, Hold, Intent, RequestedTarget, Rotation,
        guards::{last_failover, require_calm, require_not_expired, require_outside_maintenance},
    },
    policy::FailoverPolicy,
};

/// The dimension of a metric of one instance.
const INSTANCE: &str = "DBInstanceIdentifier";

/// The dimension of a metric of a cluster; with [`ROLE`] it is of the writer or of the readers alone.
const CLUSTER: &str = "DBClusterIdentifier";

/// `WRITER` or `READER`; a series of the writer follows it when it changes.
const ROLE: &str = "Role";

/// The instances that a request about this cluster names. `None`: it is about something else.
pub(super) fn asked<'r>(
    request: &'r FailoverRequest,
    cluster: &DbClusterId,
) -> Option<(&'r InstanceId, Option<&'r InstanceId>)> {
    match &request.target {
        RequestedTarget::DbCluster {
            cluster: of,
            from,
            to,
        } if of == cluster => Some((from, to.as_ref())),
        RequestedTarget::DbCluster { .. }
        | RequestedTarget::Shard { .. }
        | RequestedTarget::Group { .. } => None,
    }
}

/// A person's request as the reason of a decision, whether or not it can be carried out.
pub(super) fn requested(request: &FailoverRequest) -> Intent {
    Intent::Request {
        reason: request.reason.clone(),
        expires: request.expires,
    }
}

/// The instance that a person wants left, and who is the writer instead of it: then nothing is left to do.
pub(super) fn already_done(seen: &Observation, cluster: &DbCluster) -> Option<(String, String)> {
    let (from, _) = asked(seen.request.as_ref()?, &cluster.id)?;
    let writer = cluster.writer()?;
    let is_member = cluster.members.iter().any(|member| member.id == *from);
    (is_member && writer.id != *from).then(|| (from.to_string(), writer.id.to_string()))
}

/// Why the cluster would be failed over: the first that there is of a request, an evacuation and a drill.
pub(super) fn require_intent(
    policy: &FailoverPolicy,
    seen: &Observation,
    cluster: &DbCluster,
    guards: &mut Guards,
) -> Result<Intent, Hold> {
    if let Some(request) = &seen.request {
        require_not_expired(Some(request), seen.at, guards)?;
        require_fitting(request, cluster, guards)?;
        return Ok(requested(request));
    }
    match evacuation(policy, seen, cluster, guards)? {
        Some(intent) => Ok(intent),
        None => require_drill(policy, seen, cluster, guards),
    }
}

/// The request names instances of this cluster, in roles that they can have.
fn require_fitting(
    request: &FailoverRequest,
    cluster: &DbCluster,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let mistake = match asked(request, &cluster.id) {
        None => Some(format!(
            "it is not about the cluster {}: name it as `db_cluster`, without a shard",
            cluster.id
        )),
        Some((from, to)) => unknown_instance(cluster, from, "from").or_else(|| match to {
            Some(to) if to == from => Some(format!(
                "`from` and `to` are both {to}: name a reader as `to`, or leave it out"
            )),
            Some(to) => unknown_instance(cluster, to, "to"),
            None => None,
        }),
    };
    let saw = mistake
        .clone()
        .unwrap_or_else(|| "its instances are the cluster's".to_owned());
    guards.require("request_fits", mistake.is_none(), saw, || {
        Hold::RequestUnfit(mistake.unwrap_or_default())
    })
}

fn unknown_instance(cluster: &DbCluster, id: &InstanceId, key: &str) -> Option<String> {
    let ids: Vec<&str> = cluster
        .members
        .iter()
        .map(|member| member.id.as_str())
        .collect();
    (!ids.contains(&id.as_str())).then(|| {
        format!(
            "{id} is no instance of {}: name one of {} as `{key}`",
            cluster.id,
            ids.join(", ")
        )
    })
}

/// What one alarm says about an evacuation.
enum Says {
    /// The writer is in trouble.
    Leave(Intent),
    /// It breaches, and a failover is not shown to be right.
    NotShown(String),
    /// Nothing: it is calm, silenced, or about another cluster.
    Nothing,
}

/// The evacuation that an alarm calls for. `None`: none breaches. One that breaches without calling for a failover holds drills
/// as well: something is wrong with the cluster, and practice could promote the very instance that is in trouble.
fn evacuation(
    policy: &FailoverPolicy,
    seen: &Observation,
    cluster: &DbCluster,
    guards: &mut Guards,
) -> Result<Option<Intent>, Hold> {
    let mut not_shown = None;
    for name in &policy.alarms.evacuate {
        let Some(alarm) = seen.alarms.get(name) else {
            continue;
        };
        match listen(alarm, seen, cluster) {
            Says::Leave(intent) => {
                let saw = format!("{name} {}", alarm.state);
                guards.require("evacuation_shown", true, saw, || Hold::Superseded)?;
                return Ok(Some(intent));
            }
            Says::NotShown(because) => {
                not_shown.get_or_insert((name, because));
            }
            Says::Nothing => {}
        }
    }
    let Some((name, because)) = not_shown else {
        return Ok(None);
    };
    let saw = format!("{name}: {because}");
    guards.require("evacuation_shown", false, saw, || {
        Hold::EvacuationNotShown {
            alarm: name.clone(),
            because,
        }
    })?;
    Ok(None)
}

fn listen(alarm: &Alarm, seen: &Observation, cluster: &DbCluster) -> Says {
    if !alarm.breaches() {
        return Says::Nothing;
    }
    match watches(alarm, cluster) {
        Watches::Another => return Says::Nothing,
        Watches::NotTheWriter(because) => return Says::NotShown(because),
        Watches::TheWriter => {}
    }
    let Some(since) = alarm.since else {
        return Says::NotShown("it is not known since when".to_owned());
    };
    let failed_over = last_failover(&seen.events, &seen.journal).filter(|at| *at >= since);
    match failed_over {
        Some(at) => Says::NotShown(format!(
            "there was a failover at {}, after it changed at {}",
            at.format("%H:%M UTC"),
            since.format("%H:%M UTC")
        )),
        None => Says::Leave(Intent::Evacuation {
            alarm: alarm.name.clone(),
            since,
        }),
    }
}

/// What an alarm's metric is about.
enum Watches {
    TheWriter,
    /// Of this cluster, or nobody can say; why it is not the writer.
    NotTheWriter(String),
    /// Another cluster.
    Another,
}

fn watches(alarm: &Alarm, cluster: &DbCluster) -> Watches {
    let of = |key: &str| alarm.dimensions.get(key).map(String::as_str);
    match (of(INSTANCE), of(CLUSTER), of(ROLE)) {
        (Some(instance), None, None) => watches_instance(&InstanceId::new(instance), cluster),
        (None, Some(id), role) if DbClusterId::new(id) == cluster.id => match role {
            Some("WRITER") => Watches::TheWriter,
            Some(role) => Watches::NotTheWriter(format!("it watches Role={role}, not the writer")),
            None => Watches::NotTheWriter(format!(
                "it watches the whole cluster {id}; with the dimension Role=WRITER it would watch the writer"
            )),
        },
        (None, Some(_), _) => Watches::Another,
        _ => Watches::NotTheWriter(
            "its dimensions name neither one instance nor the writer of one cluster".to_owned(),
        ),
    }
}

/// An alarm on an instance does not follow the writer.
fn watches_instance(instance: &InstanceId, cluster: &DbCluster) -> Watches {
    if cluster.members.iter().all(|member| member.id != *instance) {
        return Watches::Another;
    }
    match cluster.writer() {
        Some(writer) if writer.id == *instance => Watches::TheWriter,
        Some(writer) => Watches::NotTheWriter(format!(
            "it watches {instance}, and the writer is {}",
            writer.id
        )),
        None => Watches::NotTheWriter(format!(
            "it watches {instance}, and it is not known whether that is the writer"
        )),
    }
}

/// A drill is due, its window is open, and every alarm that would ask for an evacuation is known to be calm.
fn require_drill(
    policy: &FailoverPolicy,
    seen: &Observation,
    cluster: &DbCluster,
    guards: &mut Guards,
) -> Result<Intent, Hold> {
    let Some(drill) = &policy.drill else {
        return Err(Hold::NothingAsked("no drill is planned".to_owned()));
    };
    let units = std::iter::once(cluster.id.as_str());
    let rotation = Rotation::of(drill, units, &seen.journal);
    let due = rotation.next().and_then(|unit| unit.due);
    let last = rotation.next().and_then(|unit| unit.last);
    let next = match due {
        Some(due) => format!("the next drill is due on {}", due.format("%Y-%m-%d")),
        None => "no drill is known yet".to_owned(),
    };
    let is_due = rotation.due(seen.at).next().is_some();
    guards.require("drill_due", is_due, next.clone(), || {
        Hold::NothingAsked(next)
    })?;
    let window = drill.window.to_string();
    let open = drill.window.contains(seen.at);
    guards.require("drill_window", open, window.clone(), || Hold::DrillWaits {
        unit: cluster.id.to_string(),
        window,
    })?;
    require_outside_maintenance(cluster.maintenance_window, seen.at, guards)?;
    let of_another = |alarm: &Alarm| matches!(watches(alarm, cluster), Watches::Another);
    require_calm(
        policy,
        &seen.alarms,
        cluster.id.as_str(),
        of_another,
        guards,
    )?;
    Ok(Intent::Drill {
        due: due.unwrap_or(seen.at),
        last,
    })
}

#[cfg(test)]
mod tests;
