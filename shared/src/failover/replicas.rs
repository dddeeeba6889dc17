//! Who of a shard could take over from its primary: available, and known to lag little.

use chrono::{DateTime, Utc};

use super::{Hold, Ranked, sight::Sight};
use crate::{
    checks::Guards,
    cluster::{Node, NodeId, Shard, Status},
};

/// The replicas of a shard as they could take over.
pub(crate) struct Replicas<'a> {
    /// Those that are fit, the one with the least lag first.
    pub(crate) fit: Vec<(&'a Node, f64)>,
    /// Available, and known to lag too far; the one with the least lag first.
    lagging: Vec<(&'a Node, f64)>,
    /// Available, and nobody knows how far behind.
    unknown: Vec<&'a Node>,
    /// Not available.
    busy: Vec<&'a Node>,
}

impl<'a> Sight<'a> {
    /// The shard's nodes other than its primary, by their fitness.
    pub(crate) fn replicas(&self, shard: &'a Shard, primary: &NodeId) -> Replicas<'a> {
        let mut replicas = Replicas {
            fit: Vec::new(),
            lagging: Vec::new(),
            unknown: Vec::new(),
            busy: Vec::new(),
        };
        for node in shard.nodes.iter().filter(|node| node.id != *primary) {
            match (self.lag(node), node.status == Status::Available) {
                (_, false) => replicas.busy.push(node),
                (None, true) => replicas.unknown.push(node),
                (Some((_, lag)), true) if lag <= self.policy.max_lag => {
                    replicas.fit.push((node, lag));
                }
                (Some((_, lag)), true) => replicas.lagging.push((node, lag)),
            }
        }
        for known in [&mut replicas.fit, &mut replicas.lagging] {
            known.sort_by(|(a, lag_a), (b, lag_b)| lag_a.total_cmp(lag_b).then(a.id.cmp(&b.id)));
        }
        replicas
    }

    /// How far a node lags, in seconds. `None`: not known, or only of a time too long ago.
    fn lag(&self, node: &Node) -> Option<(DateTime<Utc>, f64)> {
        self.fresh(self.of_node(&node.id).lag)
            .filter(|(_, lag)| lag.is_finite() && *lag >= 0.0)
    }

    /// Somebody is there to take over, whatever their lag: what can be told before the metrics are read.
    pub(crate) fn require_replica(&self, shard: &Shard, guards: &mut Guards) -> Result<(), Hold> {
        let replicas = shard.nodes.len().saturating_sub(1);
        let saw = format!("{replicas} in shard {}", shard.id);
        guards.require("replica", replicas > 0, saw, || {
            Hold::NoReplica(format!("shard {} has no replica", shard.id))
        })
    }

    /// The replica with the least lag that is fit to take over, with its lag.
    pub(crate) fn require_fit_replica(
        &self,
        replicas: &Replicas<'a>,
        guards: &mut Guards,
    ) -> Result<(&'a Node, f64), Hold> {
        let limit = self.policy.max_lag;
        if let Some((node, lag)) = replicas.fit.first() {
            let saw = format!("{} lags {lag:.3} s, at most {limit} s", node.id);
            guards.require("replica_lag", true, saw, || Hold::Superseded)?;
            return Ok((node, *lag));
        }
        let (saw, hold) = replicas.unfit(limit, self.policy.stale_after.as_secs() / 60);
        guards.require("replica_lag", false, saw, || hold.clone())?;
        Err(hold)
    }

    /// Everybody who could take over, for the reader of the record; `then` says what that means for those that are fit.
    pub(crate) fn ranking(&self, replicas: &Replicas<'_>, then: &str) -> Vec<Ranked> {
        let limit = self.policy.max_lag;
        let fit = replicas.fit.iter().zip(1_u32..).map(|((node, lag), rank)| {
            let because = format!("available in {}, lags {lag:.3} s{then}", zone(node));
            ranked(node, Some(rank), because)
        });
        let lagging = replicas.lagging.iter().map(|(node, lag)| {
            let because = format!("lags {lag:.3} s, more than {limit} s");
            ranked(node, None, because)
        });
        let unknown = replicas.unknown.iter().map(|node| {
            let minutes = self.policy.stale_after.as_secs() / 60;
            let because = format!("no sample of its lag in the last {minutes} min");
            ranked(node, None, because)
        });
        let busy = replicas
            .busy
            .iter()
            .map(|node| ranked(node, None, format!("its status is {}", node.status)));
        fit.chain(lagging).chain(unknown).chain(busy).collect()
    }
}

impl Replicas<'_> {
    /// Why nobody is fit: the words of the check, and the hold.
    fn unfit(&self, limit: f64, minutes: u64) -> (String, Hold) {
        let names = |nodes: &[&Node]| {
            let names: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
            names.join(" and ")
        };
        if let Some((node, seconds)) = self.lagging.first() {
            let hold = Hold::Lagging {
                node: node.id.to_string(),
                seconds: *seconds,
                limit,
            };
            let saw = format!("{} lags {seconds:.3} s, at most {limit} s", node.id);
            return (saw, hold);
        }
        let (why, hold): (String, fn(String) -> Hold) = if self.unknown.is_empty() {
            let why = match self.busy.as_slice() {
                [] => "there is no replica".to_owned(),
                busy => format!("{} not available", names(busy)),
            };
            (why, Hold::NoReplica)
        } else {
            let of = names(&self.unknown);
            let why = format!("no sample of the lag of {of} in the last {minutes} min");
            (why, Hold::LagUnknown)
        };
        (why.clone(), hold(why))
    }
}

fn ranked(node: &Node, rank: Option<u32>, because: String) -> Ranked {
    Ranked {
        id: node.id.to_string(),
        rank,
        because,
    }
}

fn zone(node: &Node) -> &str {
    node.availability_zone
        .as_deref()
        .unwrap_or("a zone that nobody names")
}
