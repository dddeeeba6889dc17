//! Describes: groups, nodes and events, page by page.

use chrono::{DateTime, Utc};

use super::{
    ElastiCache,
    log::{Event, RETENTION},
    model::{Node, ReplicationGroup, Settings},
    refusal::{Code, Outcome, Refusal},
};
use crate::cloud::{
    Parameters,
    request::{Page, Period, check, page},
};

pub use crate::cloud::request::Paging;

/// `DescribeEvents`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Needs a source type.
    pub source: Option<String>,
    /// As the wire spells it.
    pub source_type: Option<String>,
    /// Begin of the period.
    pub start: Option<DateTime<Utc>>,
    /// End of the period.
    pub end: Option<DateTime<Utc>>,
    /// Length of the period in minutes.
    pub minutes: Option<i32>,
    /// Which page.
    pub paging: Paging,
}

/// A node with what its group lends it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeEntry<'a> {
    pub(crate) node: &'a Node,
    pub(crate) settings: &'a Settings,
    /// `None`: the node is in no group.
    pub(crate) group: Option<&'a ReplicationGroup>,
}

impl ElastiCache {
    pub(crate) fn describe_replication_groups(
        &self,
        id: Option<&str>,
        paging: &Paging,
    ) -> Outcome<Page<&ReplicationGroup>> {
        match id {
            Some(id) => {
                let id = id.to_ascii_lowercase();
                let group = self.groups.get(&id).ok_or_else(|| Refusal::no_group(&id))?;
                check(paging, "groups")?;
                Ok(Page {
                    items: vec![group],
                    marker: None,
                })
            }
            None => Ok(page(self.groups.values(), paging, "groups", |group| {
                group.id.clone()
            })?),
        }
    }

    pub(crate) fn describe_cache_clusters(
        &self,
        id: Option<&str>,
        only_outside_groups: bool,
        paging: &Paging,
    ) -> Outcome<Page<NodeEntry<'_>>> {
        let members = self.groups.values().flat_map(|group| {
            let entry = move |node| NodeEntry {
                node,
                settings: &group.settings,
                group: Some(group),
            };
            group.nodes().map(entry)
        });
        let alone = self.standalone.values().map(|found| NodeEntry {
            node: &found.node,
            settings: &found.settings,
            group: None,
        });
        let mut all: Vec<NodeEntry<'_>> = members.chain(alone).collect();
        all.sort_by(|one, other| one.node.id.cmp(&other.node.id));
        if let Some(id) = id {
            check(paging, "nodes")?;
            let found = all
                .into_iter()
                .find(|entry| entry.node.id == id.to_ascii_lowercase());
            let entry = found.ok_or_else(|| {
                Refusal::new(
                    Code::CacheClusterNotFound,
                    format!("CacheCluster not found: {id}"),
                )
            })?;
            return Ok(Page {
                items: vec![entry],
                marker: None,
            });
        }
        all.retain(|entry| !only_outside_groups || entry.group.is_none());
        Ok(page(all, paging, "nodes", |entry| entry.node.id.clone())?)
    }

    /// Events that are visible by now, newest first as in \[BC\]'s examples.
    pub(crate) fn describe_events(
        &self,
        filter: &EventFilter,
        now: DateTime<Utc>,
        parameters: &Parameters,
    ) -> Outcome<Page<&Event>> {
        if filter.source.is_some() && filter.source_type.is_none() {
            return Err(Refusal::combination(
                "SourceIdentifier requires SourceType.",
            ));
        }
        let period = Period {
            start: filter.start,
            end: filter.end,
            minutes: filter.minutes,
        };
        let (start, end) = period.ends(now, RETENTION)?;
        let visible_until = now - parameters.event_delay;
        let events = self.log.events().iter().rev().filter(|event| {
            event.at <= visible_until
                && (start..=end).contains(&event.at)
                && filter
                    .source
                    .as_ref()
                    .is_none_or(|source| *source == event.source)
                && filter
                    .source_type
                    .as_ref()
                    .is_none_or(|kind| *kind == event.source_type.wire())
        });
        Ok(page(events, &filter.paging, "events", |event| {
            // Pages go from new to old, keys must ascend.
            format!("{:020}", u64::MAX - event.number)
        })?)
    }
}
