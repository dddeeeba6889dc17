//! Requests: what the services with AWS Query refuse alike, their pages, and the periods of their events.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};

/// What `DescribeEvents` covers when the client names no time (\[BC\], of ElastiCache and of Neptune).
const DEFAULT_PERIOD: TimeDelta = TimeDelta::hours(1);

/// A request that no state of the account could make right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// `MissingParameter`.
    Missing(String),
    /// `InvalidParameterValue`.
    Value(String),
    /// `InvalidParameterCombination`.
    Combination(String),
}

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

/// The period that a client asks events of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Period {
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    /// Its length.
    pub(crate) minutes: Option<i32>,
}

impl Period {
    /// Begin and end (which parameter wins is ASSUMED: `Duration` counts from the start if there is one, else back from
    /// the end). The service remembers events for `retention`.
    pub(crate) fn ends(
        self,
        now: DateTime<Utc>,
        retention: TimeDelta,
    ) -> Result<(DateTime<Utc>, DateTime<Utc>), Invalid> {
        let length = match self.minutes {
            Some(minutes) if minutes < 1 => {
                let text = format!("Duration must be at least 1 minute: {minutes}.");
                return Err(Invalid::Value(text));
            }
            Some(minutes) => Some(TimeDelta::minutes(minutes.into())),
            None => None,
        };
        if length.is_some_and(|length| length > retention) {
            let text = format!("Duration must not exceed {} days.", retention.num_days());
            return Err(Invalid::Value(text));
        }
        let (start, end) = match (self.start, self.end, length) {
            (Some(_), Some(_), Some(_)) => {
                return Err(Invalid::Combination(
                    "StartTime, EndTime and Duration cannot be specified together.".to_owned(),
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
            let text = "StartTime must not be after EndTime.".to_owned();
            return Err(Invalid::Combination(text));
        }
        Ok((start, end))
    }
}

/// The size of a page and the key after which it starts.
pub(crate) fn check(paging: &Paging, list: &str) -> Result<(usize, Option<String>), Invalid> {
    let size = paging.max_records.unwrap_or(100);
    let size = usize::try_from(size)
        .ok()
        .filter(|size| (20..=100).contains(size))
        .ok_or_else(|| {
            Invalid::Value(format!(
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
        Some(None) => Err(Invalid::Value("Invalid Marker.".to_owned())),
        Some(Some(key)) => Ok((size, Some(key))),
        None => Ok((size, None)),
    }
}

/// One page of `all`, which ascend by key. The marker holds the last key, so that a page goes on in the right place
/// though items come and go.
pub(crate) fn page<T>(
    all: impl IntoIterator<Item = T>,
    paging: &Paging,
    list: &str,
    key: impl Fn(&T) -> String,
) -> Result<Page<T>, Invalid> {
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
