//! ElastiCache: replication groups with their shards, nodes, slots and events.
//!
//! Nothing here was checked against a live account. Each behaviour names its source in brackets or says `ASSUMED`:
//!
//! | key | source |
//! |---|---|
//! | `\[BC\]` | botocore 1.44.5, `data/elasticache/2015-02-02`: shapes, documentation, error codes, examples |
//! | `[EC-DG]` | ElastiCache user guide, 2026-04 |
//! | `[EC-DG23]` | the user guide as published on GitHub in May 2023, with the table of notifications |
//! | `[EC-NEW]` | pages of October and November 2026 on durability |
//! | `[GH owner/repository#number]` | a GitHub issue or pull request that shows an error or a time |
//! | "the published log" | a blog post of November 2022 that shows the events of a `TestFailover` |
//!
//! What AWS leaves unsaid and a client can see is a field of [`Parameters`]. Errors that depend on resources outside
//! this room (user groups, KMS keys, VPCs, snapshots' quotas) are not raised by themselves; inject them with
//! [`super::Faults`].

mod change;
pub mod create;
mod delete;
pub mod describe;
mod failover;
mod keyspace;
mod layout;
pub(crate) mod log;
mod migration;
pub(crate) mod model;
pub mod modify;
mod node_types;
mod placement;
pub mod refusal;
mod replacement;
pub mod reshard;
mod slot_set;
pub mod slots;
mod snapshot;
mod tags;
mod takeover;
mod validate;
mod view;
mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Delivery, Parameters};
use failover::BudgetEntry;
use log::Log;
use model::{AVAILABLE, CREATING, ReplicationGroup, Standalone, Work};
use placement::Zones;
use refusal::{Outcome, Refusal};

pub use keyspace::Keyspace;
pub use model::{ClusterMode, LogDelivery};
pub use node_types::max_memory;
pub use refusal::Code;
pub use view::{GroupSpec, GroupView, NodeView, ShardView};

/// What the account may have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Nodes, and so shards, of one group: 90 unless raised, to 500 at most ([EC-DG]).
    pub nodes_per_group: usize,
    /// Nodes in the Region: 300 unless raised ([EC-DG]).
    pub nodes_per_region: usize,
    /// Shards that `TestFailover` takes in 24 hours: 15 (\[BC\]). Distinct ones or every call, by
    /// `Parameters::repeated_failover_spends_budget`.
    pub failovers_per_day: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            nodes_per_group: 90,
            nodes_per_region: 300,
            failovers_per_day: 15,
        }
    }
}

/// All replication groups of the account.
#[derive(Debug)]
pub struct ElastiCache {
    account_id: String,
    region: String,
    /// By id.
    groups: BTreeMap<String, ReplicationGroup>,
    /// Nodes in no group, by id.
    standalone: BTreeMap<String, Standalone>,
    zones: Zones,
    quotas: Quotas,
    log: Log,
    /// Calls that count against the failover budget, oldest first.
    failovers: Vec<BudgetEntry>,
    failover_blocked: bool,
    /// The latest time that anyone told us.
    clock: DateTime<Utc>,
}

impl ElastiCache {
    /// No groups yet.
    pub fn new(account_id: &str, region: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            groups: BTreeMap::new(),
            standalone: BTreeMap::new(),
            zones: Zones::of_region(region),
            quotas: Quotas::default(),
            log: Log::default(),
            failovers: Vec::new(),
            failover_blocked: false,
            clock: DateTime::UNIX_EPOCH,
        }
    }

    /// Does what falls due by `now`.
    pub fn advance(&mut self, now: DateTime<Utc>, parameters: &Parameters) {
        self.tick(now);
        self.log.prune(now);
        let day_ago = now - TimeDelta::hours(24);
        self.failovers.retain(|entry| entry.at > day_ago);
        let mut deleted = Vec::new();
        for group in self.groups.values_mut() {
            takeover::step(group, now, parameters, &mut self.log);
            replacement::step(group, now, &mut self.log);
            match group.work.take() {
                None => {
                    snapshot::start_if_due(group, now);
                    if group.work.is_none() {
                        modify::begin_if_due(group, now);
                    }
                }
                Some(Work::Failed) => group.work = Some(Work::Failed),
                Some(Work::Create { until }) if now >= until => {
                    created(group, until, &mut self.log)
                }
                Some(Work::Delete {
                    until,
                    retain_primary,
                }) if now >= until => {
                    deleted.push(group.id.clone());
                    let retained = delete::finish(
                        group,
                        retain_primary,
                        until,
                        &mut self.log,
                        &mut self.zones,
                    );
                    self.standalone
                        .extend(retained.map(|found| (found.node.id.clone(), found)));
                }
                Some(Work::Snapshot { until, nodes }) if now >= until => {
                    snapshot::finish(group, &nodes, until, &mut self.log);
                }
                Some(Work::Modify { change, until }) if now >= until => {
                    modify::finish(group, *change, until, parameters, &mut self.log);
                }
                Some(Work::Reshard(reshard)) => {
                    migration::step(
                        group,
                        reshard,
                        now,
                        parameters,
                        &mut self.log,
                        &mut self.zones,
                    );
                }
                Some(
                    work @ (Work::Create { .. }
                    | Work::Delete { .. }
                    | Work::Snapshot { .. }
                    | Work::Modify { .. }),
                ) => group.work = Some(work),
            }
        }
        self.groups.retain(|id, _| !deleted.contains(id));
    }

    /// Notifications sent since the last call, oldest first: the target is the topic, the event the message's text.
    pub fn take_notifications(&mut self) -> Vec<Delivery> {
        self.log.take()
    }

    /// Limits the nodes that a zone can still take, or adds the zone; `None` lifts the limit.
    pub fn set_capacity(&mut self, zone: &str, nodes: Option<u32>) {
        self.zones.set_capacity(zone, nodes);
    }

    /// Replaces the account's quotas.
    pub fn set_quotas(&mut self, quotas: Quotas) {
        self.quotas = quotas;
    }

    /// Blocks `TestFailover` as AWS may do in large-scale events (\[BC\]), or frees it.
    pub fn block_test_failover(&mut self, blocked: bool) {
        self.failover_blocked = blocked;
    }

    /// Lets a creation under way fail: the group stays, `create-failed`, until it is deleted. `false`: there is none.
    pub fn fail_creation(&mut self, group: &str) -> bool {
        match self.groups.get_mut(group) {
            Some(group) if matches!(group.work, Some(Work::Create { .. })) => {
                group.work = Some(Work::Failed);
                true
            }
            Some(_) | None => false,
        }
    }

    /// The account and the Region, for ARNs and endpoints.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.account_id, &self.region)
    }

    fn tick(&mut self, now: DateTime<Utc>) {
        self.clock = self.clock.max(now);
    }

    /// The group that a call wants to change; ids are lower case in store (\[BC\]).
    fn group_for_change(&mut self, id: &str) -> Outcome<&mut ReplicationGroup> {
        let id = id.to_ascii_lowercase();
        self.groups
            .get_mut(&id)
            .ok_or_else(|| Refusal::no_group(&id))
    }

    fn node_count(&self) -> usize {
        self.groups
            .values()
            .map(|group| group.nodes().count())
            .sum::<usize>()
            + self.standalone.len()
    }

    fn knows_global_datastore(&self, id: &str) -> bool {
        let mut memberships = self
            .groups
            .values()
            .filter_map(|group| group.settings.global_datastore.as_ref());
        memberships.any(|(found, _)| found == id)
    }
}

/// Ends a creation (texts: the user guide's table; notification [EC-DG23]).
fn created(group: &mut ReplicationGroup, at: DateTime<Utc>, log: &mut Log) {
    for node in group.shards.iter_mut().flat_map(|shard| &mut shard.nodes) {
        if node.status == CREATING {
            node.status = AVAILABLE.to_owned();
            node.created = at;
            migration::created(node, &group.settings, at, log);
        }
    }
    log.group(
        at,
        &group.id,
        format!("Replication group {} created", group.id),
    );
    if group.settings.automatic_failover {
        let text = format!(
            "Automatic failover has been turned on for replication group {}",
            group.id
        );
        log.group(at, &group.id, text);
    }
    log.notify(
        at,
        &group.settings,
        "CreateReplicationGroupComplete",
        &group.id,
    );
}
