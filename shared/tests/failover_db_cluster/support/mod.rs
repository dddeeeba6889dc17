//! A small vocabulary for what was seen: a scenario is a few lines of TOML, and what it does not say is calm and known.

mod history;
mod instances;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clusterwarden::{
    alarm::AlarmsSeen,
    cluster::{DbClusterId, Status},
    db_cluster::DbCluster,
    failover::FailoverRequest,
    failover_db_cluster::Observation,
    journal::{Journal, Pause},
    pause::ScopedPause,
    policy::{FailoverPolicy, Policy},
    trigger::Trigger,
    window::WeeklyWindow,
};
use serde::Deserialize;
use toml::{Table, Value};

/// The cluster of every scenario.
pub(crate) const CLUSTER: &str = "graph-prod";

/// What was seen, in words. The cluster has the writer `graph-prod-w` in zone a, and the readers `graph-prod-r1` of tier 1 in
/// zone b and `graph-prod-r2` of tier 2 in zone c, all of one class; readers lag 40 ms. Nothing asks for a failover, and every
/// alarm of the policy is OK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Scenario {
    /// A Tuesday afternoon unless said otherwise.
    at: DateTime<Utc>,
    /// The entry as a person would write it.
    policy: Table,
    /// What differs on single instances, see [`instances::read`]; the key is the id behind `graph-prod-`.
    instances: BTreeMap<String, String>,
    engine: String,
    status: String,
    global_database: Option<String>,
    /// As the service spells it; `unsaid` where it does not.
    maintenance: String,
    /// By name, see [`history::alarm`].
    alarms: BTreeMap<String, String>,
    /// See [`history::event`].
    events: Vec<String>,
    /// The journal's failovers, see [`history::failover`].
    failovers: Vec<String>,
    /// Body of a request; `expires` in minutes from now, 30 unless said otherwise.
    request: Option<Table>,
    pause: Option<Paused>,
    /// Whether lags were read.
    lags: bool,
    unreadable: Option<String>,
    /// Whether the cluster exists.
    found: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paused {
    pattern: String,
    why: String,
    by: String,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            at: now(),
            policy: Table::new(),
            instances: BTreeMap::new(),
            engine: "neptune".to_owned(),
            status: "available".to_owned(),
            global_database: None,
            maintenance: "sun:05:00-sun:06:00".to_owned(),
            alarms: BTreeMap::new(),
            events: Vec::new(),
            failovers: Vec::new(),
            request: None,
            pause: None,
            lags: true,
            unreadable: None,
            found: true,
        }
    }
}

/// Tuesday, 2 pm.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

/// Policy and observation of a scenario.
pub(crate) fn read(text: &str) -> (FailoverPolicy, Observation) {
    let scenario: Scenario = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    let policy = policy(&scenario.policy);
    let seen = scenario.observation(&policy);
    (policy, seen)
}

/// The entry of a policy file with these keys.
pub(crate) fn policy(keys: &Table) -> FailoverPolicy {
    let mut entry = Table::new();
    entry.insert("db_cluster".to_owned(), Value::String(CLUSTER.to_owned()));
    entry.extend(keys.clone());
    let mut file = Table::new();
    file.insert("version".to_owned(), Value::Integer(1));
    let entries = Value::Array(vec![Value::Table(entry)]);
    file.insert("failover_db_cluster".to_owned(), entries);
    let text = toml::to_string(&file).unwrap();
    let mut policy =
        Policy::parse("scenario", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    policy.failover_db_cluster.remove(0)
}

impl Scenario {
    fn observation(&self, policy: &FailoverPolicy) -> Observation {
        let instances = instances::read(&self.instances, self.at);
        let (members, lags) = instances.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let cluster = DbCluster {
            id: DbClusterId::new(CLUSTER),
            engine: said(&self.engine).map(str::to_owned),
            status: Status::read(said(&self.status)),
            global_database: self.global_database.clone(),
            maintenance_window: said(&self.maintenance).map(WeeklyWindow::read_or_any_time),
            members,
        };
        let events = self.events.iter();
        Observation {
            at: self.at,
            cluster: self.found.then_some(cluster),
            alarms: self.alarms(policy),
            events: events.map(|text| history::event(text, self.at)).collect(),
            journal: self.journal(),
            pauses: self.pauses(false),
            request: self.request.as_ref().map(|body| self.read_request(body)),
            unreadable: self.unreadable.clone(),
            lags: self.lags.then(|| lags.into_iter().flatten().collect()),
        }
    }

    fn alarms(&self, policy: &FailoverPolicy) -> AlarmsSeen {
        policy
            .alarms
            .names()
            .filter_map(|name| {
                let text = self.alarms.get(name).map_or("OK @-600", String::as_str);
                Some((name.clone(), history::alarm(name, text, self.at)?))
            })
            .collect()
    }

    fn journal(&self) -> Journal {
        let failovers = self.failovers.iter();
        Journal {
            failovers: failovers
                .map(|text| history::failover(text, self.at))
                .collect(),
            pause: self.pauses(true).pop().map(|scoped| scoped.pause),
            ..Journal::default()
        }
    }

    /// The pause, if it is the cluster's own, or if it is a pattern's.
    fn pauses(&self, own: bool) -> Vec<ScopedPause> {
        let pause = self.pause.iter();
        pause
            .filter(|pause| (pause.pattern == CLUSTER) == own)
            .map(|pause| ScopedPause {
                pattern: pause.pattern.clone(),
                pause: Pause {
                    until: None,
                    why: pause.why.clone(),
                    by: pause.by.clone(),
                },
            })
            .collect()
    }

    /// The request as a function reads it.
    fn read_request(&self, body: &Table) -> FailoverRequest {
        let mut whole = Table::new();
        let about_us = !body.contains_key("replication_group");
        if about_us {
            whole.insert("db_cluster".to_owned(), Value::String(CLUSTER.to_owned()));
        }
        whole.insert("reason".to_owned(), Value::String("patching".to_owned()));
        whole.extend(body.clone());
        let expires = body
            .get("expires")
            .and_then(Value::as_integer)
            .unwrap_or(30);
        let expires = minutes(self.at, expires).to_rfc3339_opts(SecondsFormat::Secs, true);
        whole.insert("expires".to_owned(), Value::String(expires));
        let event = serde_json::json!({ "request": { "failover": whole } });
        let Trigger::Request(request) = Trigger::read(&event) else {
            panic!("{event} is no request");
        };
        let read = FailoverRequest::read(&request).unwrap();
        read.unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }
}

/// A word of the service; `unsaid` is none.
fn said(word: &str) -> Option<&str> {
    Some(word).filter(|word| *word != "unsaid")
}

/// A time so many minutes from now.
pub(crate) fn minutes(now: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
    now + TimeDelta::minutes(minutes)
}

/// Reads `@-20`: twenty minutes ago.
fn at(text: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    let from_now = text.strip_prefix('@').and_then(|text| text.parse().ok());
    minutes(
        now,
        from_now.unwrap_or_else(|| panic!("{text:?} is no time")),
    )
}
