//! How a service took a request that was sent once: what its answer means for the attempt.

use aws_sdk_elasticache::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};

use crate::{journal::Retry, record::CallFailure};

/// How the service took a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is at it.
    Accepted {
        /// The service's id of the call.
        request_id: Option<String>,
    },
    /// There was nothing to do.
    AlreadySo {
        /// The service's id of the call.
        request_id: Option<String>,
        /// Its words.
        message: String,
    },
    /// Something else is going on: the world changed since we looked.
    Busy {
        /// The service's id of the call.
        request_id: Option<String>,
        /// Its words.
        failure: CallFailure,
    },
    /// Nothing was sent: a last look before the call found that what was decided on is not so any more.
    NotSent {
        /// What it found.
        failure: CallFailure,
    },
    /// It refused, or nobody knows (no `retry`).
    Failed {
        /// The service's id of the call, if there was an answer.
        request_id: Option<String>,
        /// Its words.
        failure: CallFailure,
    },
}

/// What an error code means, if it is one of the operation's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// What was asked for is so already.
    AlreadySo,
    /// Something else is going on.
    Busy,
    /// It may work after a while.
    Later,
    /// A person must do something.
    Person,
}

impl Answer {
    /// The answer to a call, whose errors `reading` knows by code and message.
    pub(super) fn of<T: RequestId, E>(
        sent: Result<T, SdkError<E>>,
        reading: fn(&str, &str) -> Reading,
    ) -> Self
    where
        E: ProvideErrorMetadata + RequestId + std::error::Error + 'static,
    {
        match sent {
            Ok(output) => Self::Accepted {
                request_id: output.request_id().map(str::to_owned),
            },
            Err(error) => sort(&error, reading),
        }
    }
}

/// Sorts a failed call into: done already, busy, to be tried later, for a person, or not known.
fn sort<E: ProvideErrorMetadata + RequestId + std::error::Error + 'static>(
    error: &SdkError<E>,
    reading: fn(&str, &str) -> Reading,
) -> Answer {
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let (code, request_id) = (error.code(), error.request_id().map(str::to_owned));
    let (Some(code), Some(0..500)) = (code, status) else {
        // No answer, or one that does not say whether anything was done.
        let failure = CallFailure {
            code: code.map_or_else(|| "NoAnswer".to_owned(), str::to_owned),
            message: super::causes(error),
            retry: None,
        };
        return Answer::Failed {
            request_id,
            failure,
        };
    };
    let message = error.message().unwrap_or_default().to_owned();
    let failure = |retry| CallFailure {
        code: code.to_owned(),
        message: message.clone(),
        retry: Some(retry),
    };
    let reading = match code {
        "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "RequestExpired" => {
            Reading::Later
        }
        _ => reading(code, &message),
    };
    match reading {
        Reading::AlreadySo => Answer::AlreadySo {
            request_id,
            message,
        },
        Reading::Busy => Answer::Busy {
            request_id,
            failure: failure(Retry::Now),
        },
        Reading::Later => Answer::Failed {
            request_id,
            failure: failure(Retry::Later),
        },
        Reading::Person => Answer::Failed {
            request_id,
            failure: failure(Retry::Person),
        },
    }
}
