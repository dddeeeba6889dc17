//! Why CloudWatch refuses a request.

use thiserror::Error;

/// A refusal, named as CloudWatch's Query protocol names it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A parameter's value is not allowed.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// Parameters exclude or require one another.
    #[error("{0}")]
    InvalidParameterCombination(String),
    /// A required parameter is absent.
    #[error("{0}")]
    MissingParameter(String),
    /// The request breaks the service's model or a rule across parameters.
    #[error("{0}")]
    Validation(String),
    /// An alarm does not exist.
    #[error("{0}")]
    ResourceNotFound(String),
    /// A resource other than an alarm does not exist; newer operations use this code.
    #[error("{0}")]
    ResourceNotFoundException(String),
    /// Too many of something.
    #[error("{0}")]
    LimitExceeded(String),
    /// A paging token that this service did not give out.
    #[error("{0}")]
    InvalidNextToken(String),
    /// `StateReasonData` is not JSON.
    #[error("{0}")]
    InvalidFormat(String),
}

impl Refusal {
    /// The wire code (the `awsQueryError` code where the model names one).
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::InvalidParameterCombination(_) => "InvalidParameterCombination",
            Self::MissingParameter(_) => "MissingParameter",
            Self::Validation(_) => "ValidationError",
            Self::ResourceNotFound(_) => "ResourceNotFound",
            Self::ResourceNotFoundException(_) => "ResourceNotFoundException",
            Self::LimitExceeded(_) => "LimitExceeded",
            Self::InvalidNextToken(_) => "InvalidNextToken",
            Self::InvalidFormat(_) => "InvalidFormat",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::ResourceNotFound(_) | Self::ResourceNotFoundException(_) => 404,
            Self::InvalidParameterValue(_)
            | Self::InvalidParameterCombination(_)
            | Self::MissingParameter(_)
            | Self::Validation(_)
            | Self::LimitExceeded(_)
            | Self::InvalidNextToken(_)
            | Self::InvalidFormat(_) => 400,
        }
    }
}
