//! What an event names: alarms, groups, nodes. Good for ordering targets and for nothing else.

use super::{AlarmTransition, Request, Trigger};
use crate::cluster::ReplicationGroupId;

impl Trigger {
    /// The alarms that the event names: the one that changed, and those that moved it if it is composite.
    pub fn alarm_names(&self) -> impl Iterator<Item = &str> {
        self.parts().iter().flat_map(|part| match part {
            Self::Alarm(alarm) => {
                let children = alarm.children.iter().map(String::as_str);
                std::iter::once(alarm.name.as_str())
                    .chain(children)
                    .collect()
            }
            Self::AlarmConfigurationChange { name, .. } => vec![name.as_str()],
            Self::Notification { .. }
            | Self::Schedule { .. }
            | Self::ConstantInput { .. }
            | Self::ApiCall { .. }
            | Self::DatabaseEvent { .. }
            | Self::ServerlessCacheEvent { .. }
            | Self::Request(_)
            | Self::Several { .. }
            | Self::Unrecognized { .. } => Vec::new(),
        })
    }

    /// The ids of groups, clusters and nodes that the event mentions. Only good for ordering targets.
    pub fn hints(&self) -> Vec<&str> {
        let mut hints: Vec<&str> = Vec::new();
        for part in self.parts() {
            match part {
                Self::Alarm(AlarmTransition { resources, .. })
                | Self::ConstantInput { resources, .. }
                | Self::Request(Request { resources, .. }) => {
                    hints.extend(resources.iter().map(String::as_str));
                }
                Self::Notification {
                    source,
                    replication_group,
                    ..
                } => hints.extend(
                    [replication_group, source]
                        .into_iter()
                        .flat_map(Option::as_deref),
                ),
                Self::ApiCall {
                    replication_group,
                    resources,
                    ..
                } => {
                    hints.extend(replication_group.as_deref());
                    hints.extend(resources.iter().map(String::as_str));
                }
                Self::DatabaseEvent { source, .. } => hints.extend(source.as_deref()),
                Self::ServerlessCacheEvent { cache, .. } => hints.extend(cache.as_deref()),
                Self::AlarmConfigurationChange { .. }
                | Self::Schedule { .. }
                | Self::Several { .. }
                | Self::Unrecognized { .. } => {}
            }
        }
        hints
    }

    /// Whether the event mentions a group or one of its nodes. Only good for ordering targets.
    pub fn mentions(&self, group: &ReplicationGroupId) -> bool {
        let mut hints = self.hints().into_iter();
        hints.any(|hint| is_of(hint, group))
    }

    /// The single triggers of this one.
    fn parts(&self) -> &[Self] {
        match self {
            Self::Several { triggers, .. } => triggers,
            Self::Alarm(_)
            | Self::AlarmConfigurationChange { .. }
            | Self::Notification { .. }
            | Self::Schedule { .. }
            | Self::ConstantInput { .. }
            | Self::ApiCall { .. }
            | Self::DatabaseEvent { .. }
            | Self::ServerlessCacheEvent { .. }
            | Self::Request(_)
            | Self::Unrecognized { .. } => std::slice::from_ref(self),
        }
    }
}

/// Whether an id is a group's, or that of a node of it: `orders`, `orders-0001-001` (a node of a shard), `orders-001` (a node
/// where cluster mode is off).
fn is_of(id: &str, group: &ReplicationGroupId) -> bool {
    let id = id.to_ascii_lowercase();
    let Some(rest) = id.strip_prefix(group.as_str()) else {
        return false;
    };
    let numbered = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match rest.split('-').collect::<Vec<_>>().as_slice() {
        [""] => true,
        ["", node] => numbered(node, 3),
        ["", shard, node] => numbered(shard, 4) && numbered(node, 3),
        _ => false,
    }
}
