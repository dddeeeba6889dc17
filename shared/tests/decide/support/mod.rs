//! A small vocabulary for what was seen: a scenario is a few lines of TOML, and what it does not say is calm and known.

pub(crate) mod build;
mod history;
mod series;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    alarm::AlarmsSeen,
    cluster::{Group, ShardId, Status},
    journal::{Change, EVERYTHING, Journal, Pause},
    load::Series,
    pause::ScopedPause,
    policy::{Policy, ReshardPolicy},
    reshard::{Evidence, Observation, ShardSeries},
    window::{DailyWindow, WeeklyWindow},
};
use serde::Deserialize;
use toml::{Table, Value};

/// What was seen, in words. Shards are `0001`, `0002`, … unless named; each has one replica; every node has 20 GiB, 4 GiB of
/// them used; nothing was evicted; we have known the group for a week; every alarm of the policy is OK. A measure that is
/// not given has no samples.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scenario {
    /// A Tuesday afternoon unless said otherwise.
    at: DateTime<Utc>,
    /// The entry as a person would write it; bounds 2 to 8 and `engine_cpu = 60` unless said otherwise.
    policy: Table,
    /// A count, or ids.
    shards: Value,
    /// Replicas per shard: one number, or one per shard.
    replicas: Value,
    /// Percent per shard, see [`series::read`].
    cpu: Option<Value>,
    memory: Option<Value>,
    network: Option<Value>,
    /// Keys evicted a minute, per shard.
    evictions: Option<Value>,
    /// Slots per shard; a word: unknown.
    slots: Option<Value>,
    node_type: String,
    cluster_mode: String,
    global_datastore: Option<String>,
    snapshot_window: Option<String>,
    maintenance_window: Option<String>,
    slot_migration: Option<f64>,
    /// Members that the group lists and no shard has.
    extra_members: usize,
    /// Statuses that are not `available`, by shard or node id, or `group`.
    status: BTreeMap<String, String>,
    /// By name, see [`history::alarm`].
    alarms: BTreeMap<String, String>,
    auto_scaling: Option<String>,
    /// Used GiB: one number, or one per shard.
    gib: Value,
    node_gib: f64,
    /// What differs on single nodes: `gib`, `percent`, `evictions`, `lag`, `zone`; a word: unknown.
    nodes: BTreeMap<String, Table>,
    /// Whether the nodes' memory was read.
    evidence: bool,
    journal: Past,
    /// The pause of everything.
    pause: Option<Paused>,
    unreadable: Option<String>,
    /// Whether the group exists.
    found: bool,
}

/// What the journal says; times are minutes from now, so the past is negative.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Past {
    first_seen: i64,
    last_change: Option<PastChange>,
    /// See [`history::attempt`].
    attempts: Vec<String>,
    /// See [`history::failover`].
    failovers: Vec<String>,
    /// See [`history::replacement`].
    replacements: Vec<String>,
    pause: Option<Paused>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PastChange {
    at: i64,
    from: Option<u32>,
    to: u32,
    ours: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paused {
    until: Option<i64>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    by: String,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            first_seen: -7 * 24 * 60,
            last_change: None,
            attempts: Vec::new(),
            failovers: Vec::new(),
            replacements: Vec::new(),
            pause: None,
        }
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            at: build::now(),
            policy: Table::new(),
            shards: Value::Integer(4),
            replicas: Value::Integer(1),
            cpu: None,
            memory: None,
            network: None,
            evictions: None,
            slots: None,
            node_type: "cache.r7g.xlarge".to_owned(),
            cluster_mode: "enabled".to_owned(),
            global_datastore: None,
            snapshot_window: None,
            maintenance_window: None,
            slot_migration: None,
            extra_members: 0,
            status: BTreeMap::new(),
            alarms: BTreeMap::new(),
            auto_scaling: None,
            gib: Value::Integer(4),
            node_gib: 20.0,
            nodes: BTreeMap::new(),
            evidence: true,
            journal: Past::default(),
            pause: None,
            unreadable: None,
            found: true,
        }
    }
}

/// Policy and observation of a scenario.
pub(crate) fn read(text: &str) -> (ReshardPolicy, Observation) {
    let scenario: Scenario = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    let policy = scenario.policy();
    let seen = scenario.observation(&policy);
    (policy, seen)
}

impl Scenario {
    fn policy(&self) -> ReshardPolicy {
        let mut entry: Table = toml::from_str(
            "replication_group = 'orders'\nmin_shards = 2\nmax_shards = 8\ntargets.engine_cpu = 60",
        )
        .unwrap();
        entry.extend(self.policy.clone());
        let mut file = Table::new();
        file.insert("version".to_owned(), Value::Integer(1));
        file.insert(
            "reshard".to_owned(),
            Value::Array(vec![Value::Table(entry)]),
        );
        let text = toml::to_string(&file).unwrap();
        let mut policy =
            Policy::parse("scenario", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        policy.reshard.remove(0)
    }

    fn observation(&self, policy: &ReshardPolicy) -> Observation {
        let group = self.group();
        let load = self.load(&group);
        let evidence = self.evidence.then(|| self.evidence(&group));
        Observation {
            at: self.at,
            load,
            alarms: self.alarms(policy),
            auto_scaling: self.auto_scaling.clone(),
            journal: self.journal(group.shard_count()),
            pauses: self
                .pause
                .iter()
                .map(|pause| ScopedPause {
                    pattern: EVERYTHING.to_owned(),
                    pause: pause.at(self.at),
                })
                .collect(),
            unreadable: self.unreadable.clone(),
            evidence,
            group: self.found.then_some(group),
        }
    }

    fn group(&self) -> Group {
        let ids: Vec<String> = match self.shards.as_integer() {
            Some(count) => (1..=count).map(|n| format!("{n:04}")).collect(),
            None => each(&self.shards, 0),
        };
        let replicas: Vec<usize> = numbers(&self.replicas, ids.len());
        let mut group = build::group(&ids, &replicas);
        if let Some(slots) = &self.slots {
            let slots = each(slots, ids.len());
            for (shard, slots) in group.shards.iter_mut().zip(slots) {
                shard.slots = slots.parse().ok();
            }
        }
        group.node_type = Some(self.node_type.clone());
        group.cluster_mode = Some(self.cluster_mode.clone()).filter(|mode| mode != "unsaid");
        group.global_datastore.clone_from(&self.global_datastore);
        let daily = self.snapshot_window.as_deref();
        group.snapshot_window = daily.map(DailyWindow::read_or_any_time);
        let weekly = self.maintenance_window.as_deref();
        group.maintenance_window = weekly.map(WeeklyWindow::read_or_any_time);
        group.slot_migration_percent = self.slot_migration;
        group.member_count += self.extra_members;
        let said = |id: &str| {
            let word = self.status.get(id).map_or("available", String::as_str);
            Status::read(Some(word).filter(|word| *word != "unsaid"))
        };
        group.status = said("group");
        for shard in &mut group.shards {
            shard.status = said(shard.id.as_str());
            for node in &mut shard.nodes {
                node.status = said(node.id.as_str());
                let differs = self.nodes.get(node.id.as_str());
                if let Some(zone) = differs.and_then(|table| table.get("zone")) {
                    node.availability_zone = zone.as_str().map(str::to_owned);
                }
            }
        }
        group
    }

    fn load(&self, group: &Group) -> BTreeMap<ShardId, ShardSeries> {
        let count = group.shards.len();
        let read = |measure: &Option<Value>| -> Vec<Series> {
            measure
                .as_ref()
                .map_or(vec![Series::default(); count], |value| {
                    each(value, count)
                        .iter()
                        .map(|text| series::read(text, self.at))
                        .collect()
                })
        };
        let (cpu, memory) = (read(&self.cpu), read(&self.memory));
        let (network, evictions) = (read(&self.network), read(&self.evictions));
        let ids = group.shards.iter().map(|shard| shard.id.clone());
        let four = cpu.into_iter().zip(memory).zip(network).zip(evictions);
        ids.zip(four)
            .map(|(id, (((engine_cpu, memory), network), evictions))| {
                let load = ShardSeries {
                    engine_cpu,
                    memory,
                    network,
                    evictions,
                };
                (id, load)
            })
            .collect()
    }

    fn evidence(&self, group: &Group) -> Evidence {
        let gib: Vec<f64> = numbers(&self.gib, group.shards.len());
        let mut evidence = Evidence::new();
        for (shard, gib) in group.shards.iter().zip(gib) {
            for (index, node) in shard.nodes.iter().enumerate() {
                let mut seen = build::node_evidence(gib, self.node_gib, index == 0);
                for (key, value) in self.nodes.get(node.id.as_str()).into_iter().flatten() {
                    let number = number(value);
                    match key.as_str() {
                        "gib" => {
                            seen = build::node_evidence(
                                number.unwrap_or(f64::NAN),
                                self.node_gib,
                                index == 0,
                            );
                            seen.bytes = seen.bytes.filter(|bytes| bytes.is_finite());
                        }
                        "percent" => seen.memory_percent = number,
                        "evictions" => seen.evictions = number,
                        "lag" => seen.replication_lag = number,
                        "zone" => {}
                        other => panic!("a node has no {other}"),
                    }
                }
                evidence.insert(node.id.clone(), seen);
            }
        }
        evidence
    }

    fn alarms(&self, policy: &ReshardPolicy) -> AlarmsSeen {
        policy
            .alarms
            .names()
            .filter_map(|name| {
                let text = self.alarms.get(name).map_or("OK @-600", String::as_str);
                Some((name.clone(), history::alarm(name, text, self.at)?))
            })
            .collect()
    }

    fn journal(&self, shards: u32) -> Journal {
        let past = &self.journal;
        Journal {
            first_seen: Some(minutes(self.at, past.first_seen)),
            shards: Some(shards),
            last_change: past.last_change.as_ref().map(|change| Change {
                at: minutes(self.at, change.at),
                from: change.from,
                to: change.to,
                ours: change.ours,
            }),
            attempts: past
                .attempts
                .iter()
                .map(|text| history::attempt(text, self.at))
                .collect(),
            failovers: past
                .failovers
                .iter()
                .map(|text| history::failover(text, self.at))
                .collect(),
            replacements: past
                .replacements
                .iter()
                .map(|text| history::replacement(text, self.at))
                .collect(),
            pause: past.pause.as_ref().map(|pause| pause.at(self.at)),
            ..Journal::default()
        }
    }
}

impl Paused {
    fn at(&self, now: DateTime<Utc>) -> Pause {
        Pause {
            until: self.until.map(|until| minutes(now, until)),
            why: self.why.clone(),
            by: self.by.clone(),
        }
    }
}

/// A time so many minutes from now.
pub(crate) fn minutes(now: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
    now + TimeDelta::minutes(minutes)
}

/// One text per shard: an array says each, anything else says all.
fn each(value: &Value, count: usize) -> Vec<String> {
    let text = |value: &Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    match value.as_array() {
        Some(values) => {
            assert!(
                count == 0 || values.len() == count,
                "{values:?} is not one per shard"
            );
            values.iter().map(text).collect()
        }
        None => vec![text(value); count],
    }
}

fn numbers<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value, count: usize) -> Vec<T> {
    let texts = each(value, count);
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A number; `None`: a word, which means unknown.
fn number(value: &Value) -> Option<f64> {
    value.to_string().parse().ok()
}
