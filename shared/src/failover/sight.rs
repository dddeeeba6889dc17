//! One sight of a replication group, as the rooms that fail over its shards or promote its replicas share it: who is primary,
//! who could take over, and what the record shows of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    Evidence, Hold, NodeEvidence, Sample, ServiceEvent,
    guards::{require_no_stop_alarm, require_not_paused},
    last_failover,
};
use crate::{
    alarm::AlarmsSeen,
    checks::{Guards, Input},
    cluster::{Group, Node, NodeId, Shard},
    journal::Journal,
    load::delta,
    pause::ScopedPause,
    policy::FailoverPolicy,
};

/// How far apart the newest minutes of two nodes of a shard may be: one of them may have been published just before the look.
const ROLES_APART: TimeDelta = TimeDelta::minutes(1);

/// What was seen of one group that is there.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) policy: &'a FailoverPolicy,
    pub(crate) group: &'a Group,
    pub(crate) alarms: &'a AlarmsSeen,
    pub(crate) events: &'a [ServiceEvent],
    pub(crate) journal: &'a Journal,
    /// `None`: not read.
    pub(crate) evidence: Option<&'a Evidence>,
    pub(crate) at: DateTime<Utc>,
}

impl<'a> Sight<'a> {
    /// Neither a person nor a stop alarm wants the group left alone. `pauses` are those that cover it by a pattern.
    pub(crate) fn require_leave(
        &self,
        pauses: &[ScopedPause],
        guards: &mut Guards,
    ) -> Result<(), Hold> {
        let own = self.journal.scoped_pauses(self.group.id.as_str());
        require_not_paused(&own, pauses, self.at, guards)?;
        require_no_stop_alarm(self.policy, self.alarms, guards)
    }

    /// The shard and the node of an id. `None`: the group has no such node.
    pub(crate) fn node(&self, id: &NodeId) -> Option<(&'a Shard, &'a Node)> {
        self.group.shards.iter().find_map(|shard| {
            let node = shard.nodes.iter().find(|node| node.id == *id)?;
            Some((shard, node))
        })
    }

    /// What the metrics say of a node; nothing where it has no samples.
    pub(crate) fn of_node(&self, id: &NodeId) -> NodeEvidence {
        let found = self.evidence.and_then(|evidence| evidence.get(id));
        found.copied().unwrap_or_default()
    }

    /// A sample that is young enough to tell of now.
    pub(crate) fn fresh<T>(&self, sample: Option<Sample<T>>) -> Option<Sample<T>> {
        sample.filter(|(at, _)| self.at - *at <= delta(self.policy.stale_after))
    }

    /// The role of a node of a shard, if its newest plain sample is young, and not much older than the shard's newest: a node that
    /// has fallen silent while others of its shard still speak may be down, and the service about to fail it over by itself.
    pub(crate) fn role_of(&self, shard: &Shard, node: &NodeId) -> Option<Sample<bool>> {
        let of = |id: &NodeId| self.fresh(self.of_node(id).is_primary);
        let newest = shard.nodes.iter().filter_map(|one| of(&one.id));
        let newest = newest.map(|(at, _)| at).max()?;
        of(node).filter(|(at, _)| newest - *at <= ROLES_APART)
    }

    /// The inputs of a decision: the group's settings, its alarms, its last failover, and what the metrics say of these nodes.
    pub(crate) fn inputs(&self, nodes: &[&Node]) -> Vec<Input> {
        let (group, now) = (self.group, Some(TimeDelta::zero()));
        let mut inputs = vec![
            Input::new("status", json!(group.status.to_string()), now),
            Input::new("cluster mode", json!(group.cluster_mode), now),
            Input::new(
                "automatic failover",
                json!(group.automatic_failover.to_string()),
                now,
            ),
            Input::new("Multi-AZ", json!(group.multi_az.to_string()), now),
        ];
        inputs.extend(self.policy.alarms.names().map(|name| self.alarm(name)));
        let last = last_failover(self.events, self.journal);
        let age = last.map(|at| self.at - at);
        inputs.push(Input::new("last failover", json!(last), age));
        for node in nodes {
            inputs.extend(node.is_primary.map(|primary| {
                let name = format!("role of {} by the service", node.id);
                Input::new(name, json!(role(primary)), now)
            }));
            if self.evidence.is_some() {
                let found = self.of_node(&node.id);
                let name = format!("is primary, {}", node.id);
                inputs.push(self.sample(name, found.is_primary));
                inputs.push(self.sample(format!("lag of {}", node.id), found.lag));
            }
        }
        inputs
    }

    fn sample<T: serde::Serialize>(&self, name: String, sample: Option<Sample<T>>) -> Input {
        match sample {
            Some((at, value)) => Input::new(name, json!(value), Some(self.at - at)),
            None => Input::new(name, Value::Null, None),
        }
    }

    fn alarm(&self, name: &str) -> Input {
        let found = self.alarms.get(name);
        let value = found.map(|alarm| match &alarm.silence {
            Some(silence) => format!("{}, but {silence}", alarm.state),
            None => alarm.state.to_string(),
        });
        let age = found
            .and_then(|alarm| alarm.since)
            .map(|since| self.at - since);
        Input::new(format!("alarm {name}"), json!(value), age)
    }
}

fn role(primary: bool) -> &'static str {
    if primary { "primary" } else { "replica" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{ReplicationGroupId, ShardId, Status, Switch};

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn node(id: &str) -> Node {
        Node {
            id: NodeId::new(id),
            availability_zone: None,
            status: crate::cluster::Status::Available,
            is_primary: None,
        }
    }

    /// Whether the roles of `a`, which was primary, and of `b` are known at minute 10, by their newest minutes.
    fn known(a: i64, b: i64) -> [bool; 2] {
        let shard = Shard {
            id: ShardId::new("0001"),
            status: Status::Available,
            slots: None,
            nodes: vec![node("a"), node("b")],
        };
        let group = Group {
            id: ReplicationGroupId::new("orders"),
            status: Status::Available,
            cluster_mode: Some("enabled".to_owned()),
            node_type: None,
            automatic_failover: Switch::On,
            multi_az: Switch::On,
            global_datastore: None,
            snapshot_window: None,
            maintenance_window: None,
            slot_migration_percent: None,
            member_count: 2,
            shards: vec![shard.clone()],
        };
        let role = |at, primary| NodeEvidence {
            changed: None,
            is_primary: Some((minute(at), primary)),
            lag: None,
        };
        let evidence = Evidence::from([
            (NodeId::new("a"), role(a, true)),
            (NodeId::new("b"), role(b, false)),
        ]);
        let (policy, alarms, journal) = (
            FailoverPolicy::defaults("orders"),
            AlarmsSeen::new(),
            Journal::default(),
        );
        let sight = Sight {
            policy: &policy,
            group: &group,
            alarms: &alarms,
            events: &[],
            journal: &journal,
            evidence: Some(&evidence),
            at: minute(10),
        };
        ["a", "b"].map(|id| sight.role_of(&shard, &NodeId::new(id)).is_some())
    }

    #[test]
    fn a_primary_that_fell_silent_while_its_replica_speaks_is_not_known_to_be_primary() {
        assert_eq!(known(8, 8), [true, true]);
        assert_eq!(known(7, 8), [true, true]);
        // Young enough by itself, and older than what the other says.
        assert_eq!(known(5, 8), [false, true]);
        assert_eq!(known(5, 5), [true, true]);
    }
}
