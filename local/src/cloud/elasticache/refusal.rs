//! Refusals: the errors of the service with the codes and statuses of its model (\[BC\]).

use thiserror::Error;

use crate::cloud::{codes::codes, request::Invalid};

codes! {
    /// More than 15 distinct shards failed over in 24 hours.
    ApiCallRateForCustomerExceeded = "APICallRateForCustomerExceeded", 400;
    /// No such node.
    CacheClusterNotFound = "CacheClusterNotFound", 404;
    /// No such Global Datastore.
    GlobalReplicationGroupNotFound = "GlobalReplicationGroupNotFoundFault", 404;
    /// An Availability Zone has no more nodes of the type.
    InsufficientCacheClusterCapacity = "InsufficientCacheClusterCapacity", 400;
    /// Not an ARN, or not of anything here.
    InvalidArn = "InvalidARN", 400;
    /// The action does not exist.
    InvalidAction = "InvalidAction", 400;
    /// A member is creating, deleting or recovering.
    InvalidCacheClusterState = "InvalidCacheClusterState", 400;
    /// Parameters that exclude one another.
    InvalidParameterCombination = "InvalidParameterCombination", 400;
    /// A parameter out of range.
    InvalidParameterValue = "InvalidParameterValue", 400;
    /// The group is busy, or there is nothing to do.
    InvalidReplicationGroupState = "InvalidReplicationGroupState", 400;
    /// A required parameter is absent.
    MissingParameter = "MissingParameter", 400;
    /// No such shard.
    NodeGroupNotFound = "NodeGroupNotFoundFault", 404;
    /// Too many shards in one group.
    NodeGroupsPerReplicationGroupQuotaExceeded = "NodeGroupsPerReplicationGroupQuotaExceeded", 400;
    /// Too many nodes in one group.
    NodeQuotaForClusterExceeded = "NodeQuotaForClusterExceeded", 400;
    /// Too many nodes in the Region.
    NodeQuotaForCustomerExceeded = "NodeQuotaForCustomerExceeded", 400;
    /// The id is taken.
    ReplicationGroupAlreadyExists = "ReplicationGroupAlreadyExists", 400;
    /// No such group.
    ReplicationGroupNotFound = "ReplicationGroupNotFoundFault", 404;
    /// No such tag on the resource.
    TagNotFound = "TagNotFound", 404;
    /// More than 50 tags.
    TagQuotaPerResourceExceeded = "TagQuotaPerResourceExceeded", 400;
    /// AWS blocks the test API.
    TestFailoverNotAvailable = "TestFailoverNotAvailableFault", 400;
}

/// Why the service did not do what was asked. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {message}", code.wire())]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// The text for people.
    pub message: String,
}

impl Refusal {
    /// A refusal with this text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// `InvalidParameterValue`.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// `InvalidParameterCombination`.
    pub fn combination(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterCombination, message)
    }

    /// A change asked of a group that is at work, in the words of [GH terraform-aws-elasticache-redis#54].
    pub fn busy() -> Self {
        Self::new(
            Code::InvalidReplicationGroupState,
            "Replication group must be in available state to modify.",
        )
    }

    /// No such group (wording ASSUMED).
    pub fn no_group(id: &str) -> Self {
        Self::new(
            Code::ReplicationGroupNotFound,
            format!("ReplicationGroup {id} not found."),
        )
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Missing(message) => Self::new(Code::MissingParameter, message),
            Invalid::Value(message) => Self::value(message),
            Invalid::Combination(message) => Self::combination(message),
        }
    }
}

/// The result of one call.
pub type Outcome<T> = Result<T, Refusal>;
