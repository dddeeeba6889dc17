//! What the whole fleet may do at once: for now, in which order.

use crate::{cluster::ReplicationGroupId, reshard::Decision, trigger::Trigger};

/// The order in which decisions are carried out: the target that the trigger speaks of first, then growth before
/// shrinking, then by id. `false` sorts before `true`.
pub fn rank(
    group: &ReplicationGroupId,
    decision: &Decision,
    trigger: &Trigger,
) -> (bool, u8, ReplicationGroupId) {
    let kind = match decision {
        Decision::Reshard(reshard) if reshard.to > reshard.from => 0,
        Decision::Reshard(_) => 1,
        Decision::Hold(_) => 2,
    };
    (!trigger.mentions(group), kind, group.clone())
}
