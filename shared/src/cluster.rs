//! The nouns of a cluster: ids, shard counts, slots.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a replication group, lower case, as ElastiCache returns it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplicationGroupId(String);

/// The id of a shard (the API's `NodeGroupId`), such as `0001`. Never computed: ids have gaps after a removal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(String);

/// The id of a node (the API's `CacheClusterId`), such as `orders-0001-001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(String);

macro_rules! id {
    ($name:ident) => {
        impl $name {
            /// Wraps an id as a service or a person spelled it; ElastiCache ids are lower case.
            pub fn new(id: &str) -> Self {
                Self(id.to_ascii_lowercase())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(ReplicationGroupId);
id!(ShardId);
id!(NodeId);
