//! Describes: clusters, instances and events, page by page.

use chrono::{DateTime, Utc};

use super::{
    Neptune, Place,
    log::{Event, RETENTION},
    model::{DbCluster, DbInstance},
    refusal::{Outcome, Refusal},
};
use crate::cloud::{
    Parameters,
    request::{Page, Paging, Period, check, page},
};

/// One filter of a describe: any of the values will do; of several filters all must.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// `engine` or `db-cluster-id`.
    pub name: String,
    /// For `db-cluster-id` ids or ARNs.
    pub values: Vec<String>,
}

/// `DescribeEvents`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventQuery {
    /// Needs a source type.
    pub source: Option<String>,
    /// As the wire spells it.
    pub source_type: Option<String>,
    /// Any of these; empty: all.
    pub categories: Vec<String>,
    /// Begin of the period.
    pub start: Option<DateTime<Utc>>,
    /// End of the period.
    pub end: Option<DateTime<Utc>>,
    /// Length of the period in minutes.
    pub minutes: Option<i32>,
    /// Which page.
    pub paging: Paging,
}

/// An instance with its cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InstanceEntry<'a> {
    pub(crate) instance: &'a DbInstance,
    pub(crate) cluster: &'a DbCluster,
}

impl Neptune {
    pub(crate) fn describe_db_clusters(
        &self,
        id: Option<&str>,
        filters: &[Filter],
        paging: &Paging,
        parameters: &Parameters,
    ) -> Outcome<Page<&DbCluster>> {
        require_known(filters)?;
        check(paging, "clusters")?;
        let lower = id.map(str::to_ascii_lowercase);
        if let Some(id) = &lower {
            let cluster = self
                .clusters
                .get(id)
                .ok_or_else(|| Refusal::no_cluster(id))?;
            if parameters.neptune.filtered_out_is_not_found && !self.passes(cluster, filters) {
                return Err(Refusal::no_cluster(id));
            }
        }
        let all = self.clusters.values().filter(|cluster| {
            lower.as_ref().is_none_or(|id| *id == cluster.id) && self.passes(cluster, filters)
        });
        Ok(page(all, paging, "clusters", |cluster| cluster.id.clone())?)
    }

    pub(crate) fn describe_db_instances(
        &self,
        id: Option<&str>,
        filters: &[Filter],
        paging: &Paging,
        parameters: &Parameters,
    ) -> Outcome<Page<InstanceEntry<'_>>> {
        require_known(filters)?;
        check(paging, "instances")?;
        let lower = id.map(str::to_ascii_lowercase);
        if let Some(id) = &lower {
            let found = self.cluster_of(id);
            let excluded = parameters.neptune.filtered_out_is_not_found
                && found.is_some_and(|cluster| !self.passes(cluster, filters));
            if found.is_none() || excluded {
                return Err(Refusal::no_instance(id));
            }
        }
        let passing = self
            .clusters
            .values()
            .filter(|cluster| self.passes(cluster, filters));
        let mut all: Vec<InstanceEntry<'_>> = passing
            .flat_map(|cluster| {
                let entry = move |instance| InstanceEntry { instance, cluster };
                cluster.instances.iter().map(entry)
            })
            .filter(|entry| lower.as_ref().is_none_or(|id| *id == entry.instance.id))
            .collect();
        all.sort_by(|one, other| one.instance.id.cmp(&other.instance.id));
        let key = |entry: &InstanceEntry<'_>| entry.instance.id.clone();
        Ok(page(all, paging, "instances", key)?)
    }

    /// Events that are visible by now.
    pub(crate) fn describe_events(
        &self,
        query: &EventQuery,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<Page<&Event>> {
        if query.source.is_some() && query.source_type.is_none() {
            return Err(Refusal::combination(
                "SourceIdentifier requires SourceType.",
            ));
        }
        let period = Period {
            start: query.start,
            end: query.end,
            minutes: query.minutes,
        };
        let (start, end) = period.ends(now, RETENTION)?;
        let visible_until = now - parameters.event_delay;
        let is = |asked: &Option<String>, found: &str| {
            asked.as_ref().is_none_or(|asked| asked.as_str() == found)
        };
        let categories = &query.categories;
        let mut found: Vec<&Event> = self
            .log
            .events()
            .iter()
            .filter(|event| {
                event.at <= visible_until
                    && (start..=end).contains(&event.at)
                    && is(&query.source, &event.source)
                    && is(&query.source_type, event.source_type.wire())
                    && (categories.is_empty() || categories.iter().any(|one| one == event.category))
            })
            .collect();
        // By time, as one cluster's events may be written before an earlier one's of another.
        let newest_first = parameters.neptune.events_newest_first;
        let key = |event: &&Event| {
            // Keys must ascend from page to page.
            let order = |number: u64| {
                if newest_first {
                    u64::MAX - number
                } else {
                    number
                }
            };
            let time = event.at.timestamp_millis().unsigned_abs();
            format!("{:020}{:020}", order(time), order(event.number))
        };
        found.sort_by_key(key);
        Ok(page(found, &query.paging, "events", key)?)
    }

    /// Whether a cluster is one that all filters let pass.
    fn passes(&self, cluster: &DbCluster, filters: &[Filter]) -> bool {
        filters.iter().all(|filter| {
            let mut values = filter.values.iter();
            if filter.name == ENGINE {
                values.any(|value| *value == cluster.settings.engine)
            } else {
                values.any(|value| names(value, cluster, &self.place))
            }
        })
    }
}

const ENGINE: &str = "engine";
const CLUSTER: &str = "db-cluster-id";

/// Whether a filter's value, an id or an ARN, is this cluster's.
fn names(value: &str, cluster: &DbCluster, place: &Place) -> bool {
    value.eq_ignore_ascii_case(&cluster.id) || value == place.arn("cluster", &cluster.id)
}

fn require_known(filters: &[Filter]) -> Outcome<()> {
    match filters
        .iter()
        .find(|filter| ![ENGINE, CLUSTER].contains(&filter.name.as_str()))
    {
        Some(filter) => Err(Refusal::value(format!(
            "Unrecognized filter name: {}",
            filter.name
        ))),
        None => Ok(()),
    }
}
