//! What must be so before a shard is failed over, whoever asks; told before the metrics are read, because those cost money.

use crate::{
    checks::Guards,
    cluster::{Activity, Group, Switch},
    failover::{
        Draft, FailoverRequest, Hold, IntentKind,
        guards::{
            require_backed_off, require_cooled_down, require_not_expired, require_nothing_in_flight,
        },
    },
    policy::FailoverPolicy,
};

use super::Observation;

/// Everything about the group and the account that must be so. A pace check that the request waives, and that
/// would have held, is noted in `waived`, also where a later check holds.
pub(super) fn require_safe(
    policy: &FailoverPolicy,
    seen: &Observation,
    group: &Group,
    kind: IntentKind,
    draft: &mut Draft,
) -> Result<(), Hold> {
    let guards = &mut draft.guards;
    let request: Option<&FailoverRequest> = seen.request.as_ref();
    require_not_expired(request, seen.at, guards)?;
    require_automatic_failover(group, guards)?;
    require_multi_az(group, guards)?;
    require_no_global_datastore(group, guards)?;
    require_available(group, guards)?;
    require_nothing_in_flight(policy, &seen.journal, seen.at, guards)?;
    draft.waived.extend(require_cooled_down(
        policy,
        &seen.events,
        &seen.journal,
        request,
        seen.at,
        guards,
    )?);
    require_backed_off(policy, &seen.journal, kind, seen.at, guards)?;
    require_budget(seen, kind, guards)
}

fn require_automatic_failover(group: &Group, guards: &mut Guards) -> Result<(), Hold> {
    let state = &group.automatic_failover;
    guards.require(
        "automatic_failover",
        *state == Switch::On,
        state.to_string(),
        || Hold::AutomaticFailoverOff(state.clone()),
    )
}

fn require_multi_az(group: &Group, guards: &mut Guards) -> Result<(), Hold> {
    let state = &group.multi_az;
    guards.require("multi_az", *state == Switch::On, state.to_string(), || {
        Hold::MultiAzOff(state.clone())
    })
}

/// No member of a Global Datastore: its failovers are the datastore's.
pub(crate) fn require_no_global_datastore(group: &Group, guards: &mut Guards) -> Result<(), Hold> {
    let datastore = group.global_datastore.as_deref();
    let saw = datastore.unwrap_or("none");
    guards.require("global_datastore", datastore.is_none(), saw, || {
        Hold::GlobalDatastoreMember(datastore.unwrap_or_default().to_owned())
    })
}

/// Group, shards and nodes are available. While a backup is taken they are not: what a failover does to it is not documented.
pub(crate) fn require_available(group: &Group, guards: &mut Guards) -> Result<(), Hold> {
    let (what, status) = match group.activity() {
        Activity::Idle => {
            let saw = "group, shards and nodes available";
            return guards.require("available", true, saw, || Hold::Superseded);
        }
        Activity::Snapshotting => (
            format!("replication group {}", group.id),
            "snapshotting".to_owned(),
        ),
        Activity::Changing { what, status } => (what, status),
    };
    let saw = format!("{what} {status}");
    guards.require("available", false, saw, || Hold::NotAvailable {
        what,
        status,
    })
}

fn require_budget(seen: &Observation, kind: IntentKind, guards: &mut Guards) -> Result<(), Hold> {
    let budget = seen.budget;
    let saw = format!(
        "{} of {} test failovers spent in 24 h",
        budget.used,
        budget.limit_for(kind)
    );
    guards.require("budget", budget.has_room(kind), saw, || Hold::BudgetSpent {
        budget,
        kind,
    })
}
