//! A fleet that a test can write down: per target what there is, what it wants, and what was tried.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    admit::{Admission, Candidate, FleetView, Ruling, admit},
    cluster::{Group, Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch},
    journal::{Attempt, AttemptOutcome, Journal, Retry},
    policy::{Apply, Fleet},
    reshard::{Decision, Hold, Reshard},
};

/// One target.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) id: ReplicationGroupId,
    pub(crate) shards: u32,
    pub(crate) nodes_per_shard: u32,
    /// The count decided on; `None`: a hold.
    pub(crate) to: Option<u32>,
    /// Shards that load asks for.
    pub(crate) wanted: u32,
    pub(crate) spoken_of: bool,
    pub(crate) apply: Apply,
    pub(crate) attempts: Vec<Attempt>,
}

/// All targets.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) limits: Fleet,
    pub(crate) targets: Vec<Target>,
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// So many minutes ago.
pub(crate) fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

/// Limits that never bite.
pub(crate) fn generous() -> Fleet {
    Fleet {
        max_changes_per_pass: 1000,
        max_changes_per_hour: 1000,
        max_nodes_in_region: 10_000,
        scale_in_breaker_percent: 100.0,
        max_failures_per_hour: 1000,
        max_failovers_per_pass: 15,
        test_failovers_per_day: 15,
        test_failover_reserve: 0,
    }
}

/// A target of two nodes a shard that wants to go from one count to another; equal counts are a rebalance.
pub(crate) fn wants(id: &str, from: u32, to: u32) -> Target {
    Target {
        to: Some(to),
        wanted: to,
        ..holds(id, from)
    }
}

/// A target of two nodes a shard that wants nothing.
pub(crate) fn holds(id: &str, shards: u32) -> Target {
    Target {
        id: ReplicationGroupId::new(id),
        shards,
        nodes_per_shard: 2,
        to: None,
        wanted: shards,
        spoken_of: false,
        apply: Apply::All,
        attempts: Vec::new(),
    }
}

/// An attempt that was asked for at a time, with its outcome.
pub(crate) fn attempt(at: DateTime<Utc>, from: u32, to: u32, outcome: AttemptOutcome) -> Attempt {
    Attempt {
        at,
        from,
        to,
        remove: Vec::new(),
        hot: None,
        outcome,
    }
}

pub(crate) fn refused(retry: Retry) -> AttemptOutcome {
    AttemptOutcome::Refused {
        code: "Refused".to_owned(),
        retry,
    }
}

impl Target {
    pub(crate) fn tried(mut self, attempts: impl IntoIterator<Item = Attempt>) -> Self {
        self.attempts.extend(attempts);
        self
    }

    fn group(&self) -> Group {
        let node = |shard: u32, node: u32| Node {
            id: NodeId::new(&format!("{}-{shard:04}-{node:03}", self.id)),
            availability_zone: None,
            status: Status::Available,
            is_primary: None,
        };
        let shard = |number: u32| Shard {
            id: ShardId::new(&format!("{number:04}")),
            status: Status::Available,
            slots: None,
            nodes: (1..=self.nodes_per_shard)
                .map(|n| node(number, n))
                .collect(),
        };
        Group {
            id: self.id.clone(),
            status: Status::Available,
            cluster_mode: Some("enabled".to_owned()),
            node_type: Some("cache.r7g.xlarge".to_owned()),
            automatic_failover: Switch::On,
            multi_az: Switch::On,
            global_datastore: None,
            snapshot_window: None,
            maintenance_window: None,
            slot_migration_percent: None,
            member_count: usize::try_from(self.shards * self.nodes_per_shard).unwrap(),
            shards: (1..=self.shards).map(shard).collect(),
        }
    }

    pub(crate) fn decision(&self) -> Decision {
        match self.to {
            Some(to) => Decision::Reshard(Reshard {
                group: self.id.clone(),
                from: self.shards,
                to,
                remove: (to..self.shards)
                    .map(|n| ShardId::new(&format!("{:04}", n + 1)))
                    .collect(),
                zones: Vec::new(),
            }),
            None => Decision::Hold(Hold::Snapshotting),
        }
    }

    pub(crate) fn grows(&self) -> bool {
        self.to.is_some_and(|to| to > self.shards)
    }

    pub(crate) fn shrinks(&self) -> bool {
        self.to.is_some_and(|to| to < self.shards)
    }
}

impl World {
    pub(crate) fn new(limits: Fleet, targets: impl IntoIterator<Item = Target>) -> Self {
        Self {
            limits,
            targets: targets.into_iter().collect(),
        }
    }

    pub(crate) fn journals(&self) -> BTreeMap<String, Journal> {
        let journal = |target: &Target| Journal {
            attempts: target.attempts.clone(),
            ..Journal::default()
        };
        self.targets
            .iter()
            .map(|target| (target.id.to_string(), journal(target)))
            .collect()
    }

    pub(crate) fn admit(&self) -> Vec<Admission> {
        let groups = self
            .targets
            .iter()
            .map(|target| (target.id.clone(), target.group()))
            .collect();
        let decisions: Vec<Decision> = self.targets.iter().map(Target::decision).collect();
        let candidates: Vec<Candidate<'_>> = self
            .targets
            .iter()
            .zip(&decisions)
            .map(|(target, decision)| Candidate {
                target: &target.id,
                decision,
                wanted: target.wanted,
                spoken_of: target.spoken_of,
                apply: target.apply,
            })
            .collect();
        let journals = self.journals();
        let seen = FleetView {
            groups: &groups,
            journals: &journals,
        };
        admit(&self.limits, &candidates, seen, now())
    }

    /// The targets that may act, in order.
    pub(crate) fn admitted(&self) -> Vec<&Target> {
        let admissions = self.admit();
        let ids = admissions
            .iter()
            .filter(|admission| matches!(admission.ruling, Ruling::Admitted(_)))
            .map(|admission| &admission.target);
        ids.map(|id| self.targets.iter().find(|target| target.id == *id).unwrap())
            .collect()
    }

    /// The rulings in order, a line each: `orders acts`, `orders not_asked` or `orders <code>`.
    pub(crate) fn told(&self) -> Vec<String> {
        self.admit()
            .iter()
            .map(|admission| format!("{} {}", admission.target, told(&admission.ruling)))
            .collect()
    }

    /// The sentence of a target's hold.
    pub(crate) fn why(&self, id: &str) -> String {
        let admissions = self.admit();
        let found = admissions
            .iter()
            .find(|admission| admission.target.as_str() == id);
        match &found.unwrap().ruling {
            Ruling::Held(hold, _) => hold.to_string(),
            other @ (Ruling::NotAsked | Ruling::Admitted(_)) => {
                panic!("{id} is not held: {other:?}")
            }
        }
    }
}

/// A ruling in one word.
pub(crate) fn told(ruling: &Ruling) -> &'static str {
    match ruling {
        Ruling::NotAsked => "not_asked",
        Ruling::Admitted(_) => "acts",
        Ruling::Held(hold, _) => hold.code(),
    }
}
