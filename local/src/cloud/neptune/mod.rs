//! Neptune: database clusters with their instances, failovers and events, behind the control plane that Neptune shares
//! with Aurora and DocumentDB. As at AWS, clusters of all these engines are here, and every call works on all of them.
//!
//! Nothing here was checked against a live account. Each behaviour names its source in brackets or says `ASSUMED`:
//!
//! | key | source |
//! |---|---|
//! | `\[BC\]` | botocore 1.44.5, `data/neptune/2014-10-31`: shapes, documentation, error codes |
//! | `[NEP-DG]` | Neptune user guide: event lists, fault tolerance |
//! | `[RDS-DG]` | RDS and Aurora user guides: event messages, notifications |
//! | `[GH owner/repository#number]` | a GitHub issue or pull request that shows a text |
//!
//! What AWS leaves unsaid and a client can see is a field of [`NeptuneParameters`]. Errors that depend on resources
//! outside this room (subnet groups, KMS keys, quotas) are not raised by themselves; inject them with
//! [`super::Faults`].

mod classes;
pub mod create;
pub(crate) mod defaults;
mod delete;
pub mod describe;
mod failover;
pub(crate) mod log;
pub(crate) mod model;
mod parameters;
pub mod refusal;
mod tags;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Delivery, Parameters, arn};
use log::{Happened, Log};
use model::{AVAILABLE, CREATING, DELETING, DbCluster, DbInstance, Work};
use refusal::{Outcome, Refusal};

pub use classes::memory;
pub use parameters::{NeptuneParameters, StatusInFailover};
pub use refusal::Code;
pub use view::{DbClusterSpec, DbClusterView, DbInstanceSpec, DbInstanceView};

/// All database clusters of the account, whatever their engine.
#[derive(Debug)]
pub struct Neptune {
    place: Place,
    /// By id.
    clusters: BTreeMap<String, DbCluster>,
    log: Log,
    /// How many clusters and instances were ever made: it numbers their resource ids.
    made: u64,
}

impl Neptune {
    /// No clusters yet.
    pub fn new(account_id: &str, region: &str) -> Self {
        let place = Place {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
        };
        Self {
            log: Log::new(place.clone()),
            place,
            clusters: BTreeMap::new(),
            made: 0,
        }
    }

    /// Does what falls due by `now`.
    pub fn advance(&mut self, now: DateTime<Utc>, parameters: &Parameters) {
        self.log.prune(now);
        for cluster in self.clusters.values_mut() {
            failover::step(cluster, now, &parameters.neptune, &mut self.log);
            finish_instances(cluster, now, &mut self.log);
            if let Some(Work::Create { until }) = cluster.work
                && now >= until
            {
                cluster.work = None;
                cluster.created = until;
                self.log.write(until, cluster, &Happened::ClusterCreated);
            }
        }
        let gone = |cluster: &DbCluster| match cluster.work {
            Some(Work::Delete { until }) if now >= until && cluster.instances.is_empty() => {
                Some(until)
            }
            Some(Work::Create { .. } | Work::Delete { .. }) | None => None,
        };
        for cluster in self.clusters.values() {
            if let Some(at) = gone(cluster) {
                self.log.write(at, cluster, &Happened::ClusterDeleted);
            }
        }
        self.clusters.retain(|_, cluster| gone(cluster).is_none());
    }

    /// Notifications sent since the last call, oldest first: the target is the topic, the event the message's text.
    pub fn take_notifications(&mut self) -> Vec<Delivery> {
        self.log.take()
    }

    /// The account and the Region, for ARNs and endpoints.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The cluster that a call names; ids are not case-sensitive (\[BC\]).
    fn cluster_for_change(&mut self, id: &str) -> Outcome<&mut DbCluster> {
        let id = id.to_ascii_lowercase();
        self.clusters
            .get_mut(&id)
            .ok_or_else(|| Refusal::no_cluster(&id))
    }

    /// The cluster of an instance.
    fn cluster_of(&self, instance: &str) -> Option<&DbCluster> {
        let mut clusters = self.clusters.values();
        clusters.find(|cluster| cluster.instance(instance).is_some())
    }

    fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}

/// Ends the creations and deletions of instances that are due.
fn finish_instances(cluster: &mut DbCluster, now: DateTime<Utc>, log: &mut Log) {
    let due = |instance: &DbInstance, status: &str| {
        let until = instance.until?;
        (instance.status == status && now >= until).then_some(until)
    };
    for instance in &mut cluster.instances {
        if let Some(at) = due(instance, CREATING) {
            instance.status = AVAILABLE.to_owned();
            (instance.created, instance.restarted, instance.until) = (at, at, None);
        }
    }
    let born = |instance: &&DbInstance| instance.status == AVAILABLE && !instance.announced;
    for instance in cluster.instances.iter().filter(born) {
        let happened = Happened::InstanceCreated(&instance.id);
        log.write(instance.created, cluster, &happened);
    }
    for instance in &mut cluster.instances {
        instance.announced |= instance.status == AVAILABLE;
    }
    for instance in &cluster.instances {
        if let Some(at) = due(instance, DELETING) {
            log.write(at, cluster, &Happened::InstanceDeleted(&instance.id));
        }
    }
    cluster
        .instances
        .retain(|instance| due(instance, DELETING).is_none());
    // Whoever is left when a writer went without a successor. ASSUMED.
    if cluster.writer().is_none()
        && let Some(first) = cluster.instances.iter_mut().find(|one| one.available())
    {
        first.writer = true;
    }
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account_id: String,
    pub(crate) region: String,
}

impl Place {
    /// ARN of a `cluster` or a `db`: they are RDS's, whatever the engine (\[BC\]).
    pub(crate) fn arn(&self, kind: &str, id: &str) -> String {
        let Self { account_id, region } = self;
        let partition = arn::partition(region);
        format!("arn:{partition}:rds:{region}:{account_id}:{kind}:{id}")
    }
}
