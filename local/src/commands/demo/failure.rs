//! Why the demo could not be played to its end.

use std::{error::Error, io, process::ExitCode};

use crate::{
    cloud::scenario::ScenarioError,
    runtime_api::{EndpointError, InvokeFailure, binaries::BinaryError},
};

/// Why the demo could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoFailure {
    /// A person wants no more.
    #[error("interrupted")]
    Interrupted,
    #[error("there is no demo `{name}`; the scenarios are: {names}")]
    UnknownPlay { name: String, names: String },
    #[error("the policy of the demo has mistakes\n{0}")]
    Policy(String),
    #[error(transparent)]
    Binary(#[from] BinaryError),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("cannot serve the embedded AWS")]
    Serve(#[source] io::Error),
    #[error("cannot write the policy to a temporary file")]
    PolicyFile(#[source] io::Error),
    #[error("cannot invoke the function")]
    Invoke(#[from] InvokeFailure),
    #[error("cannot write to the terminal or to standard output")]
    Output(#[source] io::Error),
    #[error("cannot read the shard counts back")]
    ReadBack(#[source] io::Error),
}

/// Says on standard error what went wrong, with its causes, and returns the exit code. 130 is a shell's for Ctrl-C.
pub(super) fn report(failure: &DemoFailure) -> ExitCode {
    let mut sentence = failure.to_string();
    let mut cause = failure.source();
    while let Some(source) = cause {
        sentence.push_str(&format!(": {source}"));
        cause = source.source();
    }
    eprintln!("clusterwarden: {sentence}");
    match failure {
        DemoFailure::Interrupted => ExitCode::from(130),
        DemoFailure::UnknownPlay { .. } => ExitCode::from(2),
        DemoFailure::Policy(_)
        | DemoFailure::Binary(_)
        | DemoFailure::Scenario(_)
        | DemoFailure::Endpoint(_)
        | DemoFailure::Serve(_)
        | DemoFailure::PolicyFile(_)
        | DemoFailure::Invoke(_)
        | DemoFailure::Output(_)
        | DemoFailure::ReadBack(_) => ExitCode::FAILURE,
    }
}
