//! The way from a command to an AWS: the one that the environment names, or an embedded one at an endpoint.

use chrono::{DateTime, Utc};
use clap::Args;
use clusterwarden::aws::{access::Access, journal_table::JournalTable};

use super::{failure::Failure, surroundings::Surroundings};
use crate::runtime_api::Endpoint;

/// The journal's table unless `JOURNAL_TABLE` names another.
const JOURNAL_TABLE: &str = "clusterwarden-journal";

/// Which AWS a command means.
#[derive(Debug, Clone, Args)]
pub(super) struct ReachOptions {
    /// An AWS elsewhere, such as an embedded one [default: the real one, as AWS_* and your profile say]
    #[arg(long, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// The Region [default: as AWS_REGION or your profile says]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
}

/// Which journal a command means.
#[derive(Debug, Clone, Args)]
pub(super) struct JournalOptions {
    /// The journal's DynamoDB table [default: JOURNAL_TABLE, else clusterwarden-journal]
    #[arg(long, value_name = "NAME")]
    journal_table: Option<String>,
    #[command(flatten)]
    reach: ReachOptions,
}

impl ReachOptions {
    /// What the SDK is to be told beyond the environment. At a loopback endpoint, where nobody checks them, credentials and
    /// a Region that are missing are made up.
    pub(super) fn access(&self, surroundings: &Surroundings) -> Result<Access, Failure> {
        let mut access = Access {
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            embedded: false,
        };
        if let Some(url) = &self.endpoint_url {
            let endpoint = Endpoint::named(url, surroundings.variables.clone())?;
            access.embedded = endpoint.is_embedded();
            if access.embedded && access.region.is_none() {
                let named = ["AWS_REGION", "AWS_DEFAULT_REGION"]
                    .iter()
                    .find_map(|name| surroundings.variables.get(*name).cloned());
                access.region = named.or_else(|| Some(endpoint.region().to_owned()));
            }
        }
        Ok(access)
    }
}

impl JournalOptions {
    /// The journal's table, after a look whether it is there. Says on standard error which one it is.
    pub(super) async fn open(&self, surroundings: &Surroundings) -> Result<JournalTable, Failure> {
        let named = self.journal_table.as_ref();
        let table = named
            .or_else(|| surroundings.variables.get("JOURNAL_TABLE"))
            .filter(|name| !name.is_empty());
        let table = table.map_or(JOURNAL_TABLE, String::as_str);
        let access = self.reach.access(surroundings)?;
        let journal = JournalTable::open(table, &access, clock).await;
        if !journal.knows_region() {
            return Err(Failure::NoRegion);
        }
        let place = journal.place().await;
        let place = place.map_err(|source| Failure::Journal {
            what: "the journal is not to be reached".to_owned(),
            source: source.into(),
        })?;
        eprintln!("{place}");
        Ok(journal)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: the time when no service says what time it is"
)]
fn clock() -> DateTime<Utc> {
    Utc::now()
}
