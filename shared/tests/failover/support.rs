//! Scenarios: what was seen, in TOML. Everything that is not said is as it should be: the group is available, the first node of each
//! shard is the primary, replicas lag 0.2 s, nothing was failed over, nothing asks.

use std::{collections::BTreeMap, time::Duration};

use clusterwarden::{
    cluster::{
        DbClusterId, Group, InstanceId, NodeId, ReplicationGroupId, ShardId, Status, Switch,
    },
    failover::{Evidence, FailoverRequest, RequestedTarget, Verdict, Waiver},
    journal::{EVERYTHING, Journal, Pause},
    pause::ScopedPause,
    policy::{FailoverPolicy, OnReplacement},
    window::WeeklyWindow,
};
use serde::Deserialize;

use crate::{
    build::{self, Room, Seen, minutes},
    words,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Scenario {
    /// `shard`, or `promote`.
    room: String,
    shards: usize,
    replicas: usize,
    /// Such as `30 days, 14:00 to 16:00`, on Berlin's clock.
    drill: Option<String>,
    stop: Vec<String>,
    evacuate: Vec<String>,
    on_replacement: String,
    cooldown: u64,
    max_lag: f64,
    cluster_mode: Option<String>,
    automatic_failover: Option<String>,
    multi_az: Option<String>,
    global_datastore: Option<String>,
    maintenance_window: String,
    /// Whom the service names as primary; `unsaid`: nobody.
    primary: Option<String>,
    /// Statuses that are not `available`, by shard or node id, or `group`.
    status: BTreeMap<String, String>,
    /// By name, see [`words::alarm`].
    alarms: BTreeMap<String, String>,
    /// See [`words::event`].
    events: Vec<String>,
    /// See [`words::attempt`].
    failovers: Vec<String>,
    /// See [`words::replacement`].
    replacements: Vec<String>,
    /// A change of the shard count that is under way, such as `@-5`.
    reshard: Option<String>,
    /// `IsMaster` by node, such as `1 @-2`; see [`words::sample`].
    roles: BTreeMap<String, String>,
    /// Seconds by node, such as `0.2 @-2`.
    lag: BTreeMap<String, String>,
    budget: String,
    request: Option<Asked>,
    pause: Option<String>,
    unreadable: Option<String>,
    evidence: bool,
    found: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    shard: Option<String>,
    db_cluster: Option<String>,
    from: String,
    to: Option<String>,
    /// Minutes from now.
    #[serde(default = "soon")]
    expires: i64,
    #[serde(default)]
    accept: Vec<String>,
}

fn soon() -> i64 {
    30
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            room: "shard".to_owned(),
            shards: 2,
            replicas: 1,
            drill: None,
            stop: Vec::new(),
            evacuate: Vec::new(),
            on_replacement: "freeze".to_owned(),
            cooldown: 60,
            max_lag: 1.0,
            cluster_mode: None,
            automatic_failover: None,
            multi_az: None,
            global_datastore: None,
            maintenance_window: "sun:05:00-sun:06:00".to_owned(),
            primary: None,
            status: BTreeMap::new(),
            alarms: BTreeMap::new(),
            events: Vec::new(),
            failovers: Vec::new(),
            replacements: Vec::new(),
            reshard: None,
            roles: BTreeMap::new(),
            lag: BTreeMap::new(),
            budget: "2 of 15, 5 kept".to_owned(),
            request: None,
            pause: None,
            unreadable: None,
            evidence: true,
            found: true,
        }
    }
}

/// What is decided in a scenario.
pub(crate) fn decide(text: &str) -> Verdict {
    let scenario: Scenario = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    scenario.seen().decide(scenario.room(), &scenario.policy())
}

impl Scenario {
    fn room(&self) -> Room {
        match self.room.as_str() {
            "shard" => Room::Shard,
            "promote" => Room::Promote,
            other => panic!("{other:?} is no room"),
        }
    }

    fn policy(&self) -> FailoverPolicy {
        let mut policy = FailoverPolicy::defaults("orders");
        policy.cooldown = Duration::from_secs(self.cooldown * 60);
        policy.max_lag = self.max_lag;
        policy.alarms.stop.clone_from(&self.stop);
        policy.alarms.evacuate.clone_from(&self.evacuate);
        policy.on_replacement = match self.on_replacement.as_str() {
            "freeze" => OnReplacement::Freeze,
            "move" => OnReplacement::Move,
            other => panic!("{other:?} is no way"),
        };
        policy.drill = self.drill.as_deref().map(|text| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let [days, "days,", from, "to", to] = words.as_slice() else {
                panic!("{text:?} is no drill");
            };
            build::drill(days.parse().unwrap(), from, to)
        });
        policy
    }

    fn seen(&self) -> Seen {
        let group = self.group();
        let evidence = self.evidence.then(|| self.evidence(&group));
        let alarms = self.alarms.iter();
        Seen {
            at: build::now(),
            alarms: alarms
                .map(|(name, text)| (name.clone(), words::alarm(name, text)))
                .collect(),
            events: self.events.iter().map(|text| words::event(text)).collect(),
            journal: self.journal(),
            pauses: self.pause.iter().map(|why| paused(why)).collect(),
            budget: words::budget(&self.budget),
            request: self.request.as_ref().map(Asked::request),
            unreadable: self.unreadable.clone(),
            evidence,
            group: self.found.then_some(group),
        }
    }

    fn group(&self) -> Group {
        let shards = match self.room() {
            Room::Shard => self.shards,
            Room::Promote => 1,
        };
        let mut group = build::group(self.room(), shards, self.replicas);
        let said = |word: &Option<String>| word.clone().filter(|word| word != "unsaid");
        if self.cluster_mode.is_some() {
            group.cluster_mode = said(&self.cluster_mode);
        }
        if self.automatic_failover.is_some() {
            group.automatic_failover = Switch::read(said(&self.automatic_failover).as_deref());
        }
        if self.multi_az.is_some() {
            group.multi_az = Switch::read(said(&self.multi_az).as_deref());
        }
        group.global_datastore.clone_from(&self.global_datastore);
        group.maintenance_window = WeeklyWindow::read(&self.maintenance_window);
        let status = |id: &str| {
            let word = self.status.get(id).map_or("available", String::as_str);
            Status::read(Some(word).filter(|word| *word != "unsaid"))
        };
        group.status = status("group");
        for shard in &mut group.shards {
            shard.status = status(shard.id.as_str());
            for node in &mut shard.nodes {
                node.status = status(node.id.as_str());
                if let Some(primary) = &self.primary {
                    let named = primary == node.id.as_str();
                    node.is_primary = (primary != "unsaid").then_some(named);
                }
            }
        }
        group
    }

    fn evidence(&self, group: &Group) -> Evidence {
        let mut evidence = build::evidence(group);
        for (node, text) in &self.roles {
            let found = evidence.get_mut(&NodeId::new(node)).unwrap();
            found.is_primary = words::sample(text, |word| word == "1");
        }
        for (node, text) in &self.lag {
            let found = evidence.get_mut(&NodeId::new(node)).unwrap();
            found.lag = words::sample(text, |word| word.parse().unwrap());
        }
        evidence
    }

    fn journal(&self) -> Journal {
        let mut journal = Journal::default();
        if let Some(time) = &self.reshard {
            journal = journal.asking(words::at(time), 2, 3, Vec::new());
        }
        let failovers = self.failovers.iter();
        journal.failovers = failovers.map(|text| words::attempt(text)).collect();
        let replacements = self.replacements.iter();
        journal.replacements = replacements.map(|text| words::replacement(text)).collect();
        journal
    }
}

fn paused(why: &str) -> ScopedPause {
    ScopedPause {
        pattern: EVERYTHING.to_owned(),
        pause: Pause {
            until: None,
            why: why.to_owned(),
            by: String::new(),
        },
    }
}

impl Asked {
    fn request(&self) -> FailoverRequest {
        let group = ReplicationGroupId::new("orders");
        let (from, to) = (self.from.as_str(), self.to.as_deref());
        let target = match (&self.db_cluster, &self.shard) {
            (Some(cluster), _) => RequestedTarget::DbCluster {
                cluster: DbClusterId::new(cluster),
                from: InstanceId::new(from),
                to: to.map(InstanceId::new),
            },
            (None, Some(shard)) => RequestedTarget::Shard {
                group,
                shard: ShardId::new(shard),
                from: NodeId::new(from),
            },
            (None, None) => RequestedTarget::Group {
                group,
                from: NodeId::new(from),
                to: to.map(NodeId::new),
            },
        };
        FailoverRequest {
            target,
            reason: "rack work".to_owned(),
            expires: minutes(self.expires),
            accept: self
                .accept
                .iter()
                .map(|name| {
                    assert_eq!(name, Waiver::Cooldown.name());
                    Waiver::Cooldown
                })
                .collect(),
        }
    }
}
