//! Facts about the embedded Neptune, by subject.

mod describing;
mod failing_over;
mod lifecycle;
mod refusing;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Code, DbClusterSpec, DbClusterView, DbInstanceSpec, Neptune,
    describe::{EventQuery, Filter},
    refusal::Refusal,
};
use crate::cloud::{Parameters, request::Paging};

/// A Monday morning.
pub(super) fn start() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// An account with clusters, its clock and its parameters.
pub(super) struct World {
    pub(super) neptune: Neptune,
    pub(super) parameters: Parameters,
    pub(super) now: DateTime<Utc>,
}

impl World {
    /// With the seeded clusters of these specifications.
    pub(super) fn with(specs: impl IntoIterator<Item = DbClusterSpec>) -> Self {
        let mut neptune = Neptune::new("123456789012", "us-east-1");
        for spec in specs {
            neptune.seed_cluster(spec, start());
        }
        Self {
            neptune,
            parameters: Parameters {
                event_delay: TimeDelta::zero(),
                ..Parameters::default()
            },
            now: start(),
        }
    }

    /// With the cluster `graph` of the default specification.
    pub(super) fn graph() -> Self {
        Self::with([DbClusterSpec::default()])
    }

    /// With the cluster `graph` whose instances are these: id, class, zone's letter, tier.
    pub(super) fn of(instances: &[(&str, &str, char, u8)]) -> Self {
        let instance = |(id, class, zone, tier): &(&str, &str, char, u8)| {
            DbInstanceSpec::new(id, class, &format!("us-east-1{zone}"), *tier)
        };
        Self::with([DbClusterSpec {
            instances: instances.iter().map(instance).collect(),
            ..DbClusterSpec::default()
        }])
    }

    /// Lets time pass in steps of ten seconds.
    pub(super) fn pass(&mut self, seconds: i64) {
        let until = self.now + TimeDelta::seconds(seconds);
        while self.now < until {
            self.now = (self.now + TimeDelta::seconds(10)).min(until);
            self.neptune.advance(self.now, &self.parameters);
        }
    }

    pub(super) fn fail_over(&mut self, cluster: &str, target: Option<&str>) -> Result<(), Refusal> {
        let answer = self
            .neptune
            .failover_db_cluster(cluster, target, self.now, &self.parameters);
        answer.map(|_| ())
    }

    /// The code of a failover that must be refused.
    #[track_caller]
    pub(super) fn refused(&mut self, cluster: &str, target: Option<&str>) -> Code {
        self.fail_over(cluster, target).unwrap_err().code
    }

    pub(super) fn view(&self, cluster: &str) -> DbClusterView {
        self.neptune.cluster(cluster).unwrap()
    }

    pub(super) fn writer(&self, cluster: &str) -> String {
        self.view(cluster).writer().unwrap().id.clone()
    }

    /// `Status` of the cluster `graph` as a describe shows it.
    pub(super) fn status(&self) -> String {
        let id = Some("graph");
        let page = self
            .neptune
            .describe_db_clusters(id, &[], &Paging::default(), &self.parameters);
        let cluster = page.unwrap().items[0];
        cluster.status(&self.parameters.neptune).to_owned()
    }

    /// Status of an instance of `graph`.
    pub(super) fn instance_status(&self, id: &str) -> String {
        let view = self.view("graph");
        let found = view.instances.into_iter().find(|one| one.id == id);
        found.unwrap().status
    }

    /// Events that a query finds: seconds since the start, source and text.
    pub(super) fn events(&self, query: &EventQuery) -> Vec<(i64, String, String)> {
        let page = self
            .neptune
            .describe_events(query, self.now, &self.parameters)
            .unwrap();
        let told = page.items.into_iter().map(|event| {
            let after = (event.at - start()).num_seconds();
            (after, event.source.clone(), event.message.clone())
        });
        told.collect()
    }
}

/// One filter with one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter {
        name: name.to_owned(),
        values: vec![value.to_owned()],
    }
}
