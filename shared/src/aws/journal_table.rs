//! The journal as a person reaches it, with their own credentials: pause, resume, and what is known of each target.
//!
//! The functions' roles need nothing of this file.

use std::{collections::BTreeMap, fmt};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use chrono::{DateTime, Utc};

use super::{
    Aws, ServiceError,
    access::{Access, configuration},
    dynamodb::{Written, read_item, text},
};
use crate::{
    journal::{EVERYTHING, Journal},
    pause::{End, Pause, ScopedPause, item_of},
};

/// A write that a pass won is tried again this often; passes write a target a few times in five minutes.
const TRIES: usize = 5;

/// The journal's table with the way to it.
#[derive(Debug)]
pub struct JournalTable {
    aws: Aws,
    region: Option<String>,
    endpoint: Option<String>,
    clock: fn() -> DateTime<Utc>,
}

/// Where the table is: to be shown before anything is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The table's name.
    pub table: String,
    /// The account that owns it; `None`: the caller may not describe the table.
    pub account: Option<String>,
    /// The Region; `None`: nobody said.
    pub region: Option<String>,
    /// The endpoint, if it is not AWS's own.
    pub endpoint: Option<String>,
}

/// What a pause or a resume did.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The pause of this pattern that there was, if it was still in force.
    pub before: Option<Pause>,
    /// The pause of this pattern that there is now.
    pub after: Option<ScopedPause>,
    /// Whether a pass has ever seen the target. Always true for a pattern.
    pub known: bool,
}

/// Why the journal could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The table could not be read or written.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The end lies in the past.
    #[error("{} is over: it is {} now", minute(*until), minute(*now))]
    Over {
        /// The end asked for.
        until: DateTime<Utc>,
        /// The services' time.
        now: DateTime<Utc>,
    },
    /// Others wrote the item each time.
    #[error("the item of {0} was written by others {TRIES} times in a row; try again")]
    Contended(String),
}

/// A time as these messages spell it.
fn minute(at: DateTime<Utc>) -> impl fmt::Display {
    at.format("%Y-%m-%d %H:%M UTC")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account.as_deref().unwrap_or("unknown");
        let region = self.region.as_deref().unwrap_or("unknown");
        write!(
            f,
            "table {}, account {account}, Region {region}",
            self.table
        )?;
        match &self.endpoint {
            Some(url) => write!(f, ", endpoint {url}"),
            None => Ok(()),
        }
    }
}

impl JournalTable {
    /// The table of this name, reached as `access` says. `clock` is for when no answer says what time it is.
    pub async fn open(table: &str, access: &Access, clock: fn() -> DateTime<Utc>) -> Self {
        Self::new(&configuration(access).await, table, clock)
    }

    /// The table of this name with a configuration of one's own.
    pub fn new(config: &SdkConfig, table: &str, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            aws: Aws::new(config, table),
            region: config.region().map(|region| region.as_ref().to_owned()),
            endpoint: config.endpoint_url().map(str::to_owned),
            clock,
        }
    }

    /// Where the table is. The account is the one that really answers, not one that a profile claims.
    ///
    /// # Errors
    ///
    /// The table is not there, or nothing answers.
    pub async fn place(&self) -> Result<Place, ServiceError> {
        let table = &self.aws.journal_table;
        let asked = self.aws.dynamodb.describe_table().table_name(table);
        let arn = match asked.send().await {
            Ok(described) => described
                .table
                .and_then(|table| table.table_arn)
                .unwrap_or_default(),
            Err(error)
                if error
                    .code()
                    .is_some_and(|code| code.starts_with("AccessDenied")) =>
            {
                String::new()
            }
            Err(error) => {
                let doing = format!("looking for the table {table} (DescribeTable)");
                return Err(ServiceError::new(&doing, &error));
            }
        };
        let part = |index| arn.split(':').nth(index).map(str::to_owned);
        Ok(Place {
            table: table.clone(),
            account: part(4),
            region: part(3).or_else(|| self.region.clone()),
            endpoint: self.endpoint.clone(),
        })
    }

    /// Whether anything said which Region is meant; without one no call can be made.
    pub fn knows_region(&self) -> bool {
        self.region.is_some()
    }

    /// The services' time, as of the newest answer.
    pub fn now(&self) -> DateTime<Utc> {
        self.aws.clock.now().unwrap_or_else(self.clock)
    }

    /// Pauses a target, the targets of a glob, or [`EVERYTHING`]; effective from the next pass on. Everything else in the
    /// item stays as it is.
    ///
    /// # Errors
    ///
    /// The end is over, or the table could not be read or written.
    pub async fn pause(
        &self,
        pattern: &str,
        end: &End,
        why: &str,
        by: &str,
    ) -> Result<Changed, ChangeError> {
        self.change(pattern, |read, now| {
            let until = end.after(now);
            if let Some(until) = until.filter(|until| *until <= now) {
                return Err(ChangeError::Over { until, now });
            }
            let (why, by) = (why.to_owned(), by.to_owned());
            let scoped = ScopedPause {
                pattern: pattern.to_owned(),
                pause: Pause { until, why, by },
            };
            Ok((read.pausing(scoped.clone(), now), Some(scoped)))
        })
        .await
    }

    /// Lifts the pause of exactly this target, glob, or [`EVERYTHING`]; pauses of other patterns stay.
    ///
    /// # Errors
    ///
    /// The table could not be read or written.
    pub async fn resume(&self, pattern: &str) -> Result<Changed, ChangeError> {
        self.change(pattern, |read, _| Ok((read.resuming(pattern), None)))
            .await
    }

    /// Reads the pattern's item, changes it, and writes it unless somebody wrote in between; then again.
    async fn change(
        &self,
        pattern: &str,
        next: impl Fn(&Journal, DateTime<Utc>) -> Result<(Journal, Option<ScopedPause>), ChangeError>,
    ) -> Result<Changed, ChangeError> {
        let key = item_of(pattern);
        for _ in 0..TRIES {
            let read = self.aws.journal(key).await?;
            let now = self.now();
            let mut pauses = read.scoped_pauses(key).into_iter();
            let before = pauses
                .find(|scoped| scoped.pattern == pattern && scoped.pause.holds(now))
                .map(|scoped| scoped.pause);
            let (next, after) = next(&read, now)?;
            let changed = Changed {
                before,
                after,
                known: key == EVERYTHING || read.first_seen.is_some(),
            };
            if next == read {
                return Ok(changed);
            }
            match self.aws.write_journal(key, &next).await? {
                Written::Yes(_) => return Ok(changed),
                Written::Superseded => {}
            }
        }
        Err(ChangeError::Contended(key.to_owned()))
    }

    /// The pauses in force that concern a target: its own, and those of patterns that cover it.
    ///
    /// # Errors
    ///
    /// The table could not be read.
    pub async fn pauses_of(&self, target: &str) -> Result<Vec<ScopedPause>, ServiceError> {
        let mut keys = vec![target.to_owned(), EVERYTHING.to_owned()];
        keys.dedup();
        let read = self.aws.journals(&keys).await?;
        let now = self.now();
        let mut pauses = Vec::new();
        for (key, journal) in read {
            pauses.extend(journal?.scoped_pauses(&key));
        }
        pauses.retain(|scoped| scoped.covers(target) && scoped.pause.holds(now));
        Ok(pauses)
    }

    /// Every item of the table, by key, or why it says nothing readable.
    ///
    /// # Errors
    ///
    /// The table could not be read.
    pub async fn items(
        &self,
    ) -> Result<BTreeMap<String, Result<Journal, ServiceError>>, ServiceError> {
        let table = &self.aws.journal_table;
        let doing = format!("reading the journal (Scan on {table})");
        let mut pages = self
            .aws
            .dynamodb
            .scan()
            .table_name(table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut items = BTreeMap::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| ServiceError::new(&doing, &error))?;
            let target = text(&item, "target").cloned().unwrap_or_default();
            let journal = read_item(&target, &item);
            items.insert(target, journal);
        }
        Ok(items)
    }
}
