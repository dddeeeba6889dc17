//! Tags of replication groups.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    ElastiCache,
    model::{AVAILABLE, ReplicationGroup},
    refusal::{Code, Outcome, Refusal},
    validate,
};

/// The tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

impl ElastiCache {
    /// `ListTagsForResource`: an error unless the group is available ([BC]).
    pub(crate) fn list_tags(&mut self, arn: &str, now: DateTime<Utc>) -> Outcome<Tags> {
        Ok(self.tagged(arn, now)?.settings.tags.clone())
    }

    /// `AddTagsToResource`: a key that is there gets the new value ([BC]).
    pub(crate) fn add_tags(
        &mut self,
        arn: &str,
        tags: Vec<(String, String)>,
        now: DateTime<Utc>,
    ) -> Outcome<Tags> {
        if tags
            .iter()
            .any(|(key, _)| key.is_empty() || key.starts_with("aws:"))
        {
            // Which error is ASSUMED; that such keys are reserved is [EC-DG].
            return Err(Refusal::value(
                "Tag keys must not be empty or start with aws:.",
            ));
        }
        let group = self.tagged(arn, now)?;
        let mut next = group.settings.tags.clone();
        next.extend(tags);
        validate::tags(&next)?;
        group.settings.tags.clone_from(&next);
        Ok(next)
    }

    /// `RemoveTagsFromResource`: nothing is removed if one of the keys is not there (ASSUMED from the error in [BC]).
    pub(crate) fn remove_tags(
        &mut self,
        arn: &str,
        keys: &[String],
        now: DateTime<Utc>,
    ) -> Outcome<Tags> {
        let tags = &mut self.tagged(arn, now)?.settings.tags;
        if let Some(absent) = keys.iter().find(|key| !tags.contains_key(*key)) {
            let words = format!("{absent} is not a valid tag on this resource.");
            return Err(Refusal::new(Code::TagNotFound, words));
        }
        tags.retain(|key, _| !keys.contains(key));
        Ok(tags.clone())
    }

    /// The group that an ARN names. Other kinds of resources (nodes have their group's tags, [BC]) are refused here as
    /// ARNs of nothing.
    fn tagged(&mut self, arn: &str, now: DateTime<Utc>) -> Outcome<&mut ReplicationGroup> {
        let (account, region) = self.place();
        let (account, region) = (account.to_owned(), region.to_owned());
        let parts: Vec<&str> = arn.split(':').collect();
        let id = match parts.as_slice() {
            [
                "arn",
                _,
                "elasticache",
                place,
                owner,
                "replicationgroup",
                id,
            ] if *place == region && *owner == account => *id,
            _ => {
                let words = format!("{arn} is not a valid ARN of a replication group here.");
                return Err(Refusal::new(Code::InvalidArn, words));
            }
        };
        let group = self.group_for_change(id)?;
        if group.status(now) != AVAILABLE {
            return Err(Refusal::busy());
        }
        Ok(group)
    }
}
