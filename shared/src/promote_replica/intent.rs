//! What a person's request to promote a replica must name.

use crate::{
    checks::Guards,
    cluster::{Group, NodeId, Shard},
    failover::{FailoverRequest, Hold, RequestedTarget},
};

/// What a request asks for.
pub(super) struct Asked<'a> {
    pub(super) from: &'a NodeId,
    /// `None`: the replica with the least lag.
    pub(super) to: Option<&'a NodeId>,
}

/// The primary that a person's request is to leave, and the replica it names.
pub(super) fn require_fit<'a>(
    group: &Group,
    shard: &Shard,
    request: &'a FailoverRequest,
    guards: &mut Guards,
) -> Result<Asked<'a>, Hold> {
    let fit = fit(group, shard, request);
    let saw = match &fit {
        Ok(asked) => format!("to leave {}", asked.from),
        Err(why) => why.clone(),
    };
    guards.require("request_fits", fit.is_ok(), saw.clone(), || {
        Hold::RequestUnfit(saw.clone())
    })?;
    fit.map_err(Hold::RequestUnfit)
}

fn fit<'a>(
    group: &Group,
    shard: &Shard,
    request: &'a FailoverRequest,
) -> Result<Asked<'a>, String> {
    let (of, from, to) = match &request.target {
        RequestedTarget::Group { group, from, to } => (group, from, to.as_ref()),
        RequestedTarget::Shard { .. } => {
            return Err(
                "it names a `shard`: leave that away to promote a replica of the whole group"
                    .to_owned(),
            );
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
    for named in std::iter::once(from).chain(to) {
        if !shard.nodes.iter().any(|node| node.id == *named) {
            let ids: Vec<&str> = shard.nodes.iter().map(|one| one.id.as_str()).collect();
            return Err(format!(
                "{named} is no node of {}; its nodes are {}",
                group.id,
                ids.join(", ")
            ));
        }
    }
    if to == Some(from) {
        return Err(format!("it names {from} as `from` and as `to`"));
    }
    Ok(Asked { from, to })
}
