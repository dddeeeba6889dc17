//! What the whole fleet may do at once: for now, in which order.

use crate::{cluster::ReplicationGroupId, policy::Alarms, reshard::Decision, trigger::Trigger};

/// The order in which decisions are carried out, smallest first: the target that the trigger speaks of, then growth before
/// shrinking, then by id.
pub fn rank(
    group: &ReplicationGroupId,
    alarms: &Alarms,
    decision: &Decision,
    trigger: &Trigger,
) -> (bool, u8, ReplicationGroupId) {
    // A composite alarm names no group; the policy says whose alarm it is.
    let named = |alarm: &str| {
        alarms
            .scale_out
            .iter()
            .chain(&alarms.stop)
            .any(|name| name == alarm)
    };
    let spoken_of = trigger.mentions(group) || trigger.alarm_names().any(named);
    let kind = match decision {
        Decision::Reshard(reshard) if reshard.to > reshard.from => 0,
        Decision::Reshard(_) => 1,
        Decision::Hold(_) => 2,
    };
    (!spoken_of, kind, group.clone())
}
