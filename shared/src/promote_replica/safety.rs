//! What must be so before a replica is promoted, whoever asks; told before the metrics are read, because those cost money.

use super::Observation;
use crate::{
    checks::Guards,
    cluster::{Group, Switch},
    failover::{
        Draft, Hold, IntentKind,
        guards::{
            require_backed_off, require_cooled_down, require_not_expired, require_nothing_in_flight,
        },
    },
    failover_shard::safety::{require_available, require_no_global_datastore},
    policy::FailoverPolicy,
};

/// Everything about the group that must be so. A pace check that the request waives, and that
/// would have held, is noted in `waived`, also where a later check holds.
pub(super) fn require_safe(
    policy: &FailoverPolicy,
    seen: &Observation,
    group: &Group,
    kind: IntentKind,
    draft: &mut Draft,
) -> Result<(), Hold> {
    let guards = &mut draft.guards;
    let request = seen.request.as_ref();
    require_not_expired(request, seen.at, guards)?;
    require_off(
        "automatic_failover_off",
        "automatic failover",
        &group.automatic_failover,
        guards,
    )?;
    require_off("multi_az_off", "Multi-AZ", &group.multi_az, guards)?;
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
    require_backed_off(policy, &seen.journal, kind, seen.at, guards)
}

/// One shard, whose primary the service names: only there can a replica be made primary by hand.
pub(super) fn require_cluster_mode_disabled(
    group: &Group,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let mode = group.cluster_mode.as_deref();
    let disabled = mode == Some("disabled");
    guards.require("cluster_mode", disabled, mode.unwrap_or("unsaid"), || {
        Hold::ClusterModeNotDisabled(group.cluster_mode.clone())
    })
}

/// Where AWS fails over by itself, a promotion would race it; and where Multi-AZ is on, AWS refuses one.
fn require_off(
    name: &'static str,
    what: &'static str,
    state: &Switch,
    guards: &mut Guards,
) -> Result<(), Hold> {
    guards.require(name, *state == Switch::Off, state.to_string(), || {
        Hold::FailoverIsAwss {
            what,
            state: state.clone(),
        }
    })
}
