//! Tags of clusters and instances.

use std::collections::BTreeMap;

use super::{
    Neptune,
    refusal::{Outcome, Refusal},
};

/// The tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// The most tags of a resource ([RDS-DG]).
const MOST: usize = 50;

impl Neptune {
    /// `ListTagsForResource`.
    pub(crate) fn list_tags(&mut self, arn: &str) -> Outcome<Tags> {
        Ok(self.tagged(arn)?.clone())
    }

    /// `AddTagsToResource`: a key that is there gets the new value.
    pub(crate) fn add_tags(&mut self, arn: &str, tags: &[(String, String)]) -> Outcome<()> {
        let found = self.tagged(arn)?;
        let mut all: Vec<(String, String)> = found.clone().into_iter().collect();
        all.extend_from_slice(tags);
        *found = checked(&all)?;
        Ok(())
    }

    /// `RemoveTagsFromResource`: a key that is not there is passed over (ASSUMED: the model has no error for it).
    pub(crate) fn remove_tags(&mut self, arn: &str, keys: &[String]) -> Outcome<()> {
        self.tagged(arn)?.retain(|key, _| !keys.contains(key));
        Ok(())
    }

    /// The tags of the cluster or the instance that an ARN names.
    fn tagged(&mut self, arn: &str) -> Outcome<&mut Tags> {
        let parts: Vec<&str> = arn.split(':').collect();
        let (kind, id) = match parts.as_slice() {
            [
                "arn",
                _,
                "rds",
                region,
                account,
                kind @ ("cluster" | "db"),
                id,
            ] if *region == self.place.region && *account == self.place.account_id => (*kind, *id),
            _ => return Err(Refusal::value(format!("Invalid resource name: {arn}"))),
        };
        if kind == "cluster" {
            return Ok(&mut self.cluster_for_change(id)?.settings.tags);
        }
        let mut clusters = self.clusters.values_mut();
        let instance = clusters.find_map(|cluster| cluster.instance_mut(id));
        instance
            .map(|instance| &mut instance.tags)
            .ok_or_else(|| Refusal::no_instance(id))
    }
}

/// Tags by key, the last of a key's values (which error comes for wrong ones is ASSUMED).
pub(crate) fn checked(tags: &[(String, String)]) -> Outcome<Tags> {
    let reserved = |key: &str| key.is_empty() || key.starts_with("aws:");
    if tags.iter().any(|(key, _)| reserved(key)) {
        return Err(Refusal::value(
            "Tag keys must not be empty or start with aws:.",
        ));
    }
    let tags: Tags = tags.iter().cloned().collect();
    if tags.len() > MOST {
        return Err(Refusal::value(format!(
            "A resource must not have more than {MOST} tags."
        )));
    }
    Ok(tags)
}
