//! What a journal's table holds, as the commands that only show it read it.

use chrono::{DateTime, Utc};
use clusterwarden::{
    aws::{ServiceError, failover_db_cluster::cluster_of_key},
    failover::LEDGER,
    journal::{EVERYTHING, Journal},
};
use serde::Serialize;

use super::{
    failure::Failure, pause::wildmatch, reach::JournalOptions, surroundings::Surroundings,
};

/// What kind of thing a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A replication group of ElastiCache.
    ReplicationGroup,
    /// A cluster of Neptune.
    DbCluster,
}

/// A target with the item that the journal keeps of it.
#[derive(Debug)]
pub(super) struct Target {
    /// As people and AWS spell it.
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) item: Journal,
}

/// Everything that could be read.
#[derive(Debug)]
pub(super) struct Items {
    /// The services' time.
    pub(super) now: DateTime<Utc>,
    /// By id.
    pub(super) targets: Vec<Target>,
    /// Of every target together: the pauses of patterns. `None`: there is no such item.
    pub(super) everything: Option<Journal>,
    /// The account's test failovers. `None`: none was ever asked for.
    pub(super) ledger: Option<Journal>,
    unreadable: Option<ServiceError>,
}

impl Target {
    /// Whether its item holds nothing but a person's pause.
    fn is_only_paused(&self) -> bool {
        let unpaused = Journal {
            version: self.item.version,
            ..Journal::default()
        };
        let rest = Journal {
            pause: None,
            ..self.item.clone()
        };
        rest == unpaused
    }

    /// Whether an id or a glob means it.
    pub(super) fn is_meant(&self, wanted: &str) -> bool {
        wildmatch(wanted, &self.id)
    }
}

/// A target's id, with its kind where that is not what most are.
pub(super) fn name(id: &str, kind: Kind) -> String {
    match kind {
        Kind::ReplicationGroup => id.to_owned(),
        Kind::DbCluster => format!("{id} (Neptune)"),
    }
}

impl Items {
    /// Reads the whole table.
    pub(super) async fn read(
        options: &JournalOptions,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let journal = options.open(surroundings).await?;
        let items = journal.items().await.map_err(|source| Failure::Journal {
            what: "the journal is not readable".to_owned(),
            source: source.into(),
        })?;
        let mut unreadable = None;
        let mut readable = Vec::new();
        for (key, item) in items {
            match item {
                Ok(item) => readable.push((key, item)),
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        Ok(Self {
            unreadable,
            ..Self::of(readable, journal.now())
        })
    }

    /// Items by key, told apart by what they are about.
    pub(super) fn of(items: Vec<(String, Journal)>, now: DateTime<Utc>) -> Self {
        let mut sorted = Self {
            now,
            targets: Vec::new(),
            everything: None,
            ledger: None,
            unreadable: None,
        };
        for (key, item) in items {
            let (id, kind) = match (key.as_str(), cluster_of_key(&key)) {
                (EVERYTHING, _) => {
                    sorted.everything = Some(item);
                    continue;
                }
                (LEDGER, _) => {
                    sorted.ledger = Some(item);
                    continue;
                }
                (_, Some(cluster)) => (cluster.to_owned(), Kind::DbCluster),
                (_, None) => (key, Kind::ReplicationGroup),
            };
            sorted.targets.push(Target { id, kind, item });
        }
        sorted
            .targets
            .sort_by(|a, b| (&a.id, a.kind).cmp(&(&b.id, b.kind)));
        sorted
    }

    /// The targets that an id or a glob means. A cluster is paused by its name, in an item that would be a group's: that is not
    /// one more target.
    pub(super) fn meant<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a Target> {
        let pauses_a_cluster = |target: &Target| {
            let mut twins = self.targets.iter().filter(|twin| twin.id == target.id);
            target.kind == Kind::ReplicationGroup
                && twins.any(|twin| twin.kind == Kind::DbCluster)
                && target.is_only_paused()
        };
        self.targets
            .iter()
            .filter(move |target| target.is_meant(wanted) && !pauses_a_cluster(target))
    }

    /// Shown is what could be read; a pass holds the target of the rest.
    pub(super) fn all_readable(self) -> Result<(), Failure> {
        match self.unreadable {
            Some(source) => Err(Failure::Journal {
                what: "not every item is readable".to_owned(),
                source: source.into(),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clusterwarden::pause::Pause;

    use super::*;

    fn paused() -> Journal {
        Journal {
            pause: Some(Pause {
                until: None,
                why: "w".to_owned(),
                by: "jana".to_owned(),
            }),
            ..Journal::default()
        }
    }

    #[test]
    fn keys_are_told_apart_and_a_clusters_pause_is_no_target_of_its_own() {
        let now = DateTime::UNIX_EPOCH;
        let seen = Journal {
            shards: Some(3),
            ..paused()
        };
        let items = [
            (EVERYTHING, Journal::default()),
            (LEDGER, Journal::default()),
            ("db-cluster:graph-prod", Journal::default()),
            ("graph-prod", paused()),
            ("orders", paused()),
            ("db-cluster:orders", Journal::default()),
        ];
        let mut items: Vec<(String, Journal)> = items
            .into_iter()
            .map(|(key, item)| (key.to_owned(), item))
            .collect();
        items[4].1 = seen;
        let items = Items::of(items, now);
        assert!(items.everything.is_some() && items.ledger.is_some());
        let names: Vec<String> = items
            .meant("*")
            .map(|target| name(&target.id, target.kind))
            .collect();
        assert_eq!(
            names,
            ["graph-prod (Neptune)", "orders", "orders (Neptune)"]
        );
        assert_eq!(items.meant("gra*").count(), 1);
    }
}
