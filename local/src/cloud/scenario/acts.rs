//! From `[[acts]]` to what others do.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    build::{MOST_SHARDS, after, require},
    file::{ActFile, ActParametersFile},
};
use crate::cloud::{
    elasticache::ElastiCache,
    outside::{Act, Deed},
};

/// What can be played, with the parameters that each takes; it needs all of them.
const PLAYABLE: &[(&str, &[&str])] = &[
    (
        "ModifyReplicationGroupShardConfiguration",
        &["ReplicationGroupId", "NodeGroupCount"],
    ),
    ("FailPrimary", &["ReplicationGroupId", "NodeGroupId"]),
    (
        "ScheduleReplacement",
        &["CacheClusterId", "starts_after_minutes", "minutes"],
    ),
    ("BlockTestFailover", &[]),
    ("UnblockTestFailover", &[]),
    ("Lag", &["CacheClusterId", "seconds"]),
];

impl ActFile {
    /// The act, once every name in it is known to be right.
    pub(super) fn act(
        &self,
        start: DateTime<Utc>,
        elasticache: &ElastiCache,
    ) -> Result<Act, String> {
        if self.every_minutes == Some(0) {
            return Err("`every_minutes` must be at least 1".to_owned());
        }
        Ok(Act {
            by: self.by.clone(),
            at: after(start, self.after_minutes),
            every: self
                .every_minutes
                .map(|minutes| TimeDelta::minutes(i64::from(minutes))),
            deed: self.deed(elasticache)?,
        })
    }

    fn deed(&self, elasticache: &ElastiCache) -> Result<Deed, String> {
        let operation = self.operation.as_str();
        let Some((_, takes)) = PLAYABLE.iter().find(|(name, _)| *name == operation) else {
            let names: Vec<&str> = PLAYABLE.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "`operation` is {operation}; nothing but {} can be played",
                names.join(", ")
            ));
        };
        let given = &self.parameters;
        given.require_no_other(operation, takes)?;
        let group = || {
            let group = self.needed("ReplicationGroupId", given.group.as_ref())?;
            match elasticache.group(group) {
                Some(_) => Ok(group.clone()),
                None => Err(format!("there is no group `{group}`")),
            }
        };
        match operation {
            "FailPrimary" => Ok(Deed::FailPrimary {
                group: group()?,
                shard: self.needed("NodeGroupId", given.shard.as_ref())?.clone(),
            }),
            "ScheduleReplacement" => {
                let node = self.needed("CacheClusterId", given.node.as_ref())?;
                let starts_after =
                    self.needed("starts_after_minutes", given.starts_after_minutes)?;
                let length = self.needed("minutes", given.minutes)?;
                require_member(node, elasticache)?;
                Ok(Deed::ScheduleReplacement {
                    node: node.clone(),
                    starts_after: TimeDelta::minutes(i64::from(starts_after)),
                    length: TimeDelta::minutes(i64::from(length)),
                })
            }
            "BlockTestFailover" => Ok(Deed::BlockTestFailover(true)),
            "UnblockTestFailover" => Ok(Deed::BlockTestFailover(false)),
            "Lag" => {
                let node = self.needed("CacheClusterId", given.node.as_ref())?;
                let seconds = self.needed("seconds", given.seconds)?;
                require_member(node, elasticache)?;
                require("seconds", seconds, 0.0, f64::MAX)?;
                Ok(Deed::Lag {
                    node: node.clone(),
                    seconds,
                })
            }
            _ => {
                let shards = self.needed("NodeGroupCount", given.shards)?;
                if !(1..=MOST_SHARDS).contains(&shards) {
                    return Err(format!("`NodeGroupCount` must be from 1 to {MOST_SHARDS}"));
                }
                Ok(Deed::Count {
                    group: group()?,
                    shards,
                })
            }
        }
    }

    fn needed<T>(&self, key: &str, value: Option<T>) -> Result<T, String> {
        value.ok_or_else(|| format!("{} needs `{key}`", self.operation))
    }
}

fn require_member(node: &str, elasticache: &ElastiCache) -> Result<(), String> {
    let is_member = elasticache.groups().any(|group| {
        let mut nodes = group.shards.iter().flat_map(|shard| &shard.nodes);
        nodes.any(|member| member.id == node)
    });
    if is_member {
        Ok(())
    } else {
        Err(format!("there is no node `{node}`"))
    }
}

impl ActParametersFile {
    fn require_no_other(&self, operation: &str, takes: &[&str]) -> Result<(), String> {
        let given = [
            ("ReplicationGroupId", self.group.is_some()),
            ("NodeGroupCount", self.shards.is_some()),
            ("NodeGroupId", self.shard.is_some()),
            ("CacheClusterId", self.node.is_some()),
            ("starts_after_minutes", self.starts_after_minutes.is_some()),
            ("minutes", self.minutes.is_some()),
            ("seconds", self.seconds.is_some()),
        ];
        let mut others = given
            .into_iter()
            .filter(|(key, is_given)| *is_given && !takes.contains(key));
        match others.next() {
            Some((key, _)) => Err(format!("{operation} takes no `{key}`")),
            None => Ok(()),
        }
    }
}
