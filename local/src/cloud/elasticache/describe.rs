//! Describes: groups, nodes and events, page by page.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache,
    log::{Event, RETENTION},
    model::{Node, ReplicationGroup, Settings},
    refusal::{Code, Outcome, Refusal},
};
use crate::cloud::Parameters;

/// What `DescribeEvents` covers when the client names no time (\[BC\]).
const DEFAULT_PERIOD: TimeDelta = TimeDelta::hours(1);

/// Paging, as every describe takes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paging {
    /// 20 to 100; `None` means 100 (\[BC\]).
    pub max_records: Option<i32>,
    /// Where the last page ended.
    pub marker: Option<String>,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// `None`: this is the last page.
    pub(crate) marker: Option<String>,
}

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
            None => page(self.groups.values(), paging, "groups", |group| {
                group.id.clone()
            }),
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
        page(all, paging, "nodes", |entry| entry.node.id.clone())
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
        let (start, end) = period(filter, now)?;
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
        page(events, &filter.paging, "events", |event| {
            // Pages go from new to old, keys must ascend.
            format!("{:020}", u64::MAX - event.number)
        })
    }
}

/// Begin and end of the period asked for (which parameter wins is ASSUMED: `Duration` counts from the start if there is
/// one, else back from the end).
fn period(filter: &EventFilter, now: DateTime<Utc>) -> Outcome<(DateTime<Utc>, DateTime<Utc>)> {
    let length = match filter.minutes {
        Some(minutes) if minutes < 1 => {
            return Err(Refusal::value(format!(
                "Duration must be at least 1 minute: {minutes}."
            )));
        }
        Some(minutes) => Some(TimeDelta::minutes(minutes.into())),
        None => None,
    };
    if length.is_some_and(|length| length > RETENTION) {
        return Err(Refusal::value("Duration must not exceed 14 days."));
    }
    let (start, end) = match (filter.start, filter.end, length) {
        (Some(_), Some(_), Some(_)) => {
            return Err(Refusal::combination(
                "StartTime, EndTime and Duration cannot be specified together.",
            ));
        }
        (Some(start), Some(end), None) => (start, end),
        (Some(start), None, Some(length)) => (start, start + length),
        (Some(start), None, None) => (start, now),
        (None, end, length) => {
            let end = end.unwrap_or(now);
            (end - length.unwrap_or(DEFAULT_PERIOD), end)
        }
    };
    if start > end {
        return Err(Refusal::combination("StartTime must not be after EndTime."));
    }
    Ok((start, end))
}

/// The size of a page and the key after which it starts.
fn check(paging: &Paging, list: &str) -> Outcome<(usize, Option<String>)> {
    let size = paging.max_records.unwrap_or(100);
    let size = usize::try_from(size)
        .ok()
        .filter(|size| (20..=100).contains(size))
        .ok_or_else(|| {
            Refusal::value(format!(
                "Invalid value {size} for MaxRecords. Must be between 20 and 100."
            ))
        })?;
    // An empty marker is no marker: clients that page by hand send the last one back whatever it is.
    let given = paging.marker.as_deref().filter(|marker| !marker.is_empty());
    let after = given.map(|marker| {
        let bytes = BASE64_STANDARD.decode(marker).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (found, key) = text.split_once('/')?;
        (found == list).then(|| key.to_owned())
    });
    match after {
        Some(None) => Err(Refusal::value("Invalid Marker.")),
        Some(Some(key)) => Ok((size, Some(key))),
        None => Ok((size, None)),
    }
}

/// One page of `all`, which ascend by key. The marker holds the last key, so that a page goes on in the right place
/// though items come and go.
fn page<T>(
    all: impl IntoIterator<Item = T>,
    paging: &Paging,
    list: &str,
    key: impl Fn(&T) -> String,
) -> Outcome<Page<T>> {
    let (size, after) = check(paging, list)?;
    let mut rest = all
        .into_iter()
        .filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
    let items: Vec<T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let last = items
        .last()
        .map(|item| BASE64_STANDARD.encode(format!("{list}/{}", key(item))));
    Ok(Page {
        items,
        marker: last.filter(|_| more),
    })
}
