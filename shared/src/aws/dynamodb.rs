//! DynamoDB: the journal's table, one item per target, compare-and-set on its version.
//!
//! An item is `target` (text, the key), `version` (number) and `entry` (the journal's JSON, which a person can read).

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue, KeysAndAttributes},
};

use super::{Aws, ServiceError};
use crate::journal::Journal;

/// BatchGetItem takes at most this many keys.
const KEYS_PER_READ: usize = 100;

/// A batch that DynamoDB answers in parts is asked for again this often.
const READS_PER_BATCH: usize = 5;

/// The journal of each target, or why its item cannot be read.
pub(super) type Journals = BTreeMap<String, Result<Journal, ServiceError>>;

/// How a journal write ended.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and the large variant is the usual one"
)]
pub(super) enum Written {
    /// Written; this is the journal with its new version.
    Yes(Journal),
    /// Somebody else wrote first.
    Superseded,
}

impl Aws {
    /// The journals of these targets; a target without an item has an empty journal of version 0. An item that is there but
    /// says nothing readable is that target's error, not everybody's.
    pub(super) async fn journals(&self, targets: &[String]) -> Result<Journals, ServiceError> {
        let mut journals: Journals = targets
            .iter()
            .map(|target| (target.clone(), Ok(Journal::default())))
            .collect();
        for keys in targets.chunks(KEYS_PER_READ) {
            for item in self.items(keys).await? {
                let target = text(&item, "target").cloned().unwrap_or_default();
                let journal = read_item(&target, &item);
                journals.insert(target, journal);
            }
        }
        Ok(journals)
    }

    /// The journal of one target; one without an item is as in [`Aws::journals`].
    pub(super) async fn journal(&self, target: &str) -> Result<Journal, ServiceError> {
        let mut read = self.journals(&[target.to_owned()]).await?;
        Ok(read.remove(target).transpose()?.unwrap_or_default())
    }

    async fn items(
        &self,
        targets: &[String],
    ) -> Result<Vec<HashMap<String, AttributeValue>>, ServiceError> {
        let doing = format!(
            "reading the journal (BatchGetItem on {})",
            self.journal_table
        );
        let key = |target: &String| {
            HashMap::from([("target".to_owned(), AttributeValue::S(target.clone()))])
        };
        let keys: Vec<_> = targets.iter().map(key).collect();
        // Consistent: a copy that lags by a second is how two runs both believe to be first.
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build();
        let asked = asked.map_err(|error| ServiceError::new(&doing, &error))?;
        let (mut pending, mut items) = (
            HashMap::from([(self.journal_table.clone(), asked)]),
            Vec::new(),
        );
        for _ in 0..READS_PER_BATCH {
            let read = self
                .dynamodb
                .batch_get_item()
                .set_request_items(Some(pending))
                .send()
                .await;
            let read = read.map_err(|error| ServiceError::new(&doing, &error))?;
            items.extend(
                read.responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items),
            );
            pending = read.unprocessed_keys.unwrap_or_default();
            if pending.is_empty() {
                return Ok(items);
            }
        }
        Err(ServiceError {
            doing,
            cause: "the table answers in parts only; it is being throttled".to_owned(),
        })
    }

    /// Writes a target's journal if nobody has written it since it was read.
    pub(super) async fn write_journal(
        &self,
        target: &str,
        journal: &Journal,
    ) -> Result<Written, ServiceError> {
        let doing = format!(
            "writing the journal of {target} (PutItem on {})",
            self.journal_table
        );
        let entry =
            serde_json::to_string(journal).map_err(|error| ServiceError::new(&doing, &error))?;
        let next = journal.version + 1;
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.journal_table)
            .item("target", AttributeValue::S(target.to_owned()))
            .item("version", AttributeValue::N(next.to_string()))
            .item("entry", AttributeValue::S(entry));
        let put = if journal.version == 0 {
            // Version 0 also is what a person may have written by hand; it must not hold its target for ever.
            put.condition_expression("attribute_not_exists(#target) OR #version = :read")
                .expression_attribute_names("#target", "target")
        } else {
            put.condition_expression("#version = :read")
        };
        let put = put
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":read", AttributeValue::N(journal.version.to_string()));
        match put.send().await {
            Ok(_) => Ok(Written::Yes(Journal {
                version: next,
                ..journal.clone()
            })),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                Ok(Written::Superseded)
            }
            Err(error) => Err(ServiceError::new(&doing, &error)),
        }
    }
}

pub(super) fn text<'a>(
    item: &'a HashMap<String, AttributeValue>,
    name: &str,
) -> Option<&'a String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

pub(super) fn read_item(
    target: &str,
    item: &HashMap<String, AttributeValue>,
) -> Result<Journal, ServiceError> {
    let wrong = |cause: String| ServiceError {
        doing: format!("reading the journal of {target}"),
        cause,
    };
    let version = item
        .get("version")
        .and_then(|value| value.as_n().ok())
        .and_then(|number| number.parse().ok());
    let version = version.ok_or_else(|| wrong("its version is not a whole number".to_owned()))?;
    let entry = text(item, "entry").ok_or_else(|| wrong("it has no entry".to_owned()))?;
    let journal: Journal =
        serde_json::from_str(entry).map_err(|error| wrong(format!("its entry: {error}")))?;
    Ok(Journal { version, ..journal })
}
