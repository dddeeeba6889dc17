//! An operator's request for a failover: read whole, with every mistake of it at once.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    cluster::{DbClusterId, InstanceId, NodeId, ReplicationGroupId, ShardId},
    trigger::{Expiry, Request},
};

/// A failover that a person asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailoverRequest {
    /// Of what, and which primary or writer is to be left.
    pub target: RequestedTarget,
    /// Why, in the person's words.
    pub reason: String,
    /// The first instant at which it no longer holds.
    pub expires: DateTime<Utc>,
    /// Pace checks that it waives.
    pub accept: Vec<Waiver>,
}

/// What a request is about, with the state that it assumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedTarget {
    /// A shard of a replication group.
    Shard {
        /// The group.
        group: ReplicationGroupId,
        /// The shard.
        shard: ShardId,
        /// The primary to leave.
        from: NodeId,
    },
    /// A replication group without shards, a replica of which is to be promoted.
    Group {
        /// The group.
        group: ReplicationGroupId,
        /// The primary to leave.
        from: NodeId,
        /// The replica to promote. `None`: the one with the least lag.
        to: Option<NodeId>,
    },
    /// A Neptune cluster.
    DbCluster {
        /// The cluster.
        cluster: DbClusterId,
        /// The writer to leave.
        from: InstanceId,
        /// The reader to promote. `None`: the best by rank.
        to: Option<InstanceId>,
    },
}

/// A pace check that a person may waive. Safety checks cannot be waived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiver {
    /// The time since the last failover of the target.
    Cooldown,
}

/// Why a request is not read: every mistake, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMistakes(pub Vec<String>);

/// Keys that a request may have.
const KEYS: [&str; 9] = [
    "replication_group",
    "db_cluster",
    "shard",
    "from",
    "to",
    "reason",
    "expires",
    "accept",
    "requested_by",
];

impl FailoverRequest {
    /// Reads a request. `None`: it asks for something else than a failover.
    pub fn read(request: &Request) -> Option<Result<Self, RequestMistakes>> {
        if request.kind.as_deref() != Some("failover") {
            return None;
        }
        let mut form = Form {
            map: request.body.as_object().cloned().unwrap_or_default(),
            mistakes: Vec::new(),
        };
        form.refuse_unknown();
        let target = form.target();
        // The journal keeps the reason, and its items have a limit: the label's words are cut where they get long.
        let reason = form
            .text("reason", "say why, in a few words")
            .and(request.reason.clone());
        let expires = form.expires(request.expires);
        let accept = form.accept();
        Some(match (target, reason, expires) {
            (Some(target), Some(reason), Some(expires)) if form.mistakes.is_empty() => Ok(Self {
                target,
                reason,
                expires,
                accept,
            }),
            _ => Err(RequestMistakes(form.mistakes)),
        })
    }

    /// The journal's key of what it is about.
    pub fn id(&self) -> &str {
        match &self.target {
            RequestedTarget::Shard { group, .. } | RequestedTarget::Group { group, .. } => {
                group.as_str()
            }
            RequestedTarget::DbCluster { cluster, .. } => cluster.as_str(),
        }
    }

    /// Whether it no longer holds.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires
    }
}

impl Waiver {
    /// Its name in requests and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
        }
    }
}

struct Form {
    map: Map<String, Value>,
    mistakes: Vec<String>,
}

impl Form {
    fn refuse_unknown(&mut self) {
        for key in self.map.keys() {
            if !KEYS.contains(&key.as_str()) {
                let known = KEYS.join(", ");
                self.mistakes
                    .push(format!("`{key}` is not known; known are {known}"));
            }
        }
    }

    fn target(&mut self) -> Option<RequestedTarget> {
        let (group, cluster) = (
            self.optional("replication_group"),
            self.optional("db_cluster"),
        );
        let (shard, to) = (self.optional("shard"), self.optional("to"));
        let from = self.text(
            "from",
            "name the primary or writer to leave, so that a repeated request does nothing",
        );
        match (group, cluster, shard) {
            (Some(_), Some(_), _) => {
                self.wrong("`replication_group` and `db_cluster` exclude each other");
                None
            }
            (None, None, _) => {
                self.wrong("name the `replication_group` (with its `shard`) or the `db_cluster`");
                None
            }
            (Some(group), None, Some(shard)) => {
                if to.is_some() {
                    self.wrong("`to` cannot be chosen for a shard: AWS promotes the replica with the least lag");
                }
                Some(RequestedTarget::Shard {
                    group: ReplicationGroupId::new(&group),
                    shard: ShardId::new(&shard),
                    from: NodeId::new(&from?),
                })
            }
            (Some(group), None, None) => Some(RequestedTarget::Group {
                group: ReplicationGroupId::new(&group),
                from: NodeId::new(&from?),
                to: to.as_deref().map(NodeId::new),
            }),
            (None, Some(cluster), shard) => {
                if shard.is_some() {
                    self.wrong("a `db_cluster` has no `shard`");
                }
                Some(RequestedTarget::DbCluster {
                    cluster: DbClusterId::new(&cluster),
                    from: InstanceId::new(&from?),
                    to: to.as_deref().map(InstanceId::new),
                })
            }
        }
    }

    /// A text that may be absent; one that is not a text is a mistake.
    fn optional(&mut self, key: &str) -> Option<String> {
        match self.map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Some(_) => {
                self.wrong(&format!("`{key}` takes a text that is not empty"));
                None
            }
        }
    }

    fn text(&mut self, key: &str, fix: &str) -> Option<String> {
        let before = self.mistakes.len();
        let text = self.optional(key);
        if text.is_none() && self.mistakes.len() == before {
            self.wrong(&format!("`{key}` is missing: {fix}"));
        }
        text
    }

    fn expires(&mut self, expires: Expiry) -> Option<DateTime<Utc>> {
        match expires {
            Expiry::At(at) => Some(at),
            Expiry::NotGiven => {
                self.wrong("`expires` is missing: write the time after which it must not be carried out, such as \"2026-11-20T11:00:00Z\"");
                None
            }
            Expiry::Unreadable => {
                self.wrong("`expires` is no time: write it such as \"2026-11-20T11:00:00Z\"");
                None
            }
        }
    }

    fn accept(&mut self) -> Vec<Waiver> {
        let listed = match self.map.get("accept") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(listed)) => listed.clone(),
            Some(_) => {
                self.wrong("`accept` takes a list, such as [\"cooldown\"]");
                return Vec::new();
            }
        };
        let mut waivers = Vec::new();
        for one in &listed {
            match one.as_str() {
                Some("cooldown") => waivers.push(Waiver::Cooldown),
                _ => self.wrong(&format!(
                    "`accept` cannot name {one}: only the pace check \"cooldown\" can be waived, no safety check"
                )),
            }
        }
        waivers.dedup();
        waivers
    }

    fn wrong(&mut self, sentence: &str) {
        self.mistakes.push(sentence.to_owned());
    }
}

impl fmt::Display for RequestMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trigger::Trigger;

    fn read(body: Value) -> Result<FailoverRequest, RequestMistakes> {
        let Trigger::Request(request) = Trigger::read(&json!({ "request": { "failover": body } }))
        else {
            panic!("not a request");
        };
        FailoverRequest::read(&request).expect("it asks for a failover")
    }

    #[test]
    fn a_whole_request_is_read() {
        let request = read(json!({
            "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
            "reason": "leave us-east-1a", "expires": "2026-11-20T11:00:00Z", "accept": ["cooldown"],
        }))
        .unwrap();
        assert_eq!(
            request.target,
            RequestedTarget::Shard {
                group: ReplicationGroupId::new("orders"),
                shard: ShardId::new("0001"),
                from: NodeId::new("orders-0001-001"),
            }
        );
        assert_eq!(request.accept, [Waiver::Cooldown]);
        assert!(request.has_expired("2026-11-20T11:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_neptune_request_may_name_its_target() {
        let request = read(json!({
            "db_cluster": "graph-prod", "from": "graph-prod-w", "to": "graph-prod-r1",
            "reason": "patching", "expires": "2026-11-20T11:00:00Z",
        }))
        .unwrap();
        assert_eq!(request.id(), "graph-prod");
        assert!(matches!(
            request.target,
            RequestedTarget::DbCluster { to: Some(_), .. }
        ));
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let RequestMistakes(mistakes) = read(json!({
            "replication_group": "orders", "db_cluster": "graph", "force": true, "expires": "soon",
            "accept": ["lag"],
        }))
        .unwrap_err();
        let all = mistakes.join("\n");
        for part in [
            "`force`",
            "exclude each other",
            "`from`",
            "`reason`",
            "`expires`",
            "\"lag\"",
        ] {
            assert!(all.contains(part), "{part} is not in:\n{all}");
        }
    }

    #[test]
    fn a_reason_is_cut_before_it_can_fill_the_journals_item() {
        let request = read(json!({
            "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
            "reason": "log ".repeat(10_000), "expires": "2026-11-20T11:00:00Z",
        }))
        .unwrap();
        assert!(request.reason.len() < 300, "{}", request.reason.len());
    }

    #[test]
    fn a_safety_check_cannot_be_waived() {
        let mistakes = read(json!({
            "replication_group": "orders", "shard": "0001", "from": "orders-0001-001",
            "reason": "now", "expires": "2026-11-20T11:00:00Z", "accept": ["cooldown", "replica_lag"],
        }))
        .unwrap_err();
        assert!(
            mistakes.to_string().contains("no safety check"),
            "{mistakes}"
        );
    }
}
