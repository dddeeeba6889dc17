//! Refusals: the errors of the service with the codes and statuses of its model (\[BC\]).

use thiserror::Error;

use crate::cloud::{codes::codes, request::Invalid};

codes! {
    /// The cluster's id is taken.
    DbClusterAlreadyExists = "DBClusterAlreadyExistsFault", 400;
    /// No such cluster.
    DbClusterNotFound = "DBClusterNotFoundFault", 404;
    /// The instance's id is taken.
    DbInstanceAlreadyExists = "DBInstanceAlreadyExists", 400;
    /// No such instance.
    DbInstanceNotFound = "DBInstanceNotFound", 404;
    /// The action does not exist.
    InvalidAction = "InvalidAction", 400;
    /// The cluster is busy, or not in the state that the call needs.
    InvalidDbClusterState = "InvalidDBClusterStateFault", 400;
    /// The instance is not in the state that the call needs.
    InvalidDbInstanceState = "InvalidDBInstanceState", 400;
    /// Parameters that exclude one another.
    InvalidParameterCombination = "InvalidParameterCombination", 400;
    /// A parameter out of range.
    InvalidParameterValue = "InvalidParameterValue", 400;
    /// A required parameter is absent.
    MissingParameter = "MissingParameter", 400;
}

/// Why the service did not do what was asked. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {message}", code.wire())]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// The text for people; wordings are ASSUMED unless a source is named.
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

    /// `InvalidDBClusterStateFault`.
    pub fn cluster_state(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidDbClusterState, message)
    }

    /// `InvalidDBInstanceState`.
    pub fn instance_state(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidDbInstanceState, message)
    }

    /// No such cluster.
    pub fn no_cluster(id: &str) -> Self {
        Self::new(
            Code::DbClusterNotFound,
            format!("DBCluster {id} not found."),
        )
    }

    /// No such instance.
    pub fn no_instance(id: &str) -> Self {
        Self::new(
            Code::DbInstanceNotFound,
            format!("DBInstance {id} not found."),
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
