//! Why a command failed, in one sentence, and the exit code that goes with it.

use std::{error::Error, io, path::PathBuf, process::ExitCode};

use clusterwarden_account::rehearse::capture::NotACapture;

use crate::{
    cloud::{scenario::ScenarioError, stack::StackError},
    runtime_api::{EndpointError, InvokeFailure, binaries::BinaryError},
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A file named on the command line, or standard input, can't be read.
    #[error("cannot read {what} {name}")]
    Unreadable {
        /// `the event`, `the policy`.
        what: &'static str,
        /// The file's name as given, or `from standard input`.
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("the event {name} is not JSON")]
    EventNotJson {
        name: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("there is no policy at {} (name one, or run this inside the checkout)", path.display())]
    NoPolicy { path: PathBuf },
    #[error("{name} has {}", counted(*mistakes, "mistake"))]
    PolicyMistakes { name: String, mistakes: usize },
    #[error("{name} has {}, and warnings are denied", counted(*warnings, "warning"))]
    PolicyWarnings { name: String, warnings: usize },
    #[error("{}", doctors_words(*errors, *others))]
    Doctor {
        errors: usize,
        /// Warnings and what could not be read, where they are denied.
        others: usize,
    },
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    #[error(transparent)]
    Binary(#[from] BinaryError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("no Region: give --region, or set AWS_REGION")]
    NoRegion,
    #[error("not paused: {0}")]
    NotAPause(String),
    #[error("the account cannot be compared with")]
    Account(#[source] clusterwarden::aws::ServiceError),
    #[error("{what}")]
    Journal {
        /// `orders is not paused`, `the journal is not readable`.
        what: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("cannot write {name}, so nothing was created")]
    Unwritable {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot listen for Ctrl-C, so nothing was created")]
    Signals(#[source] io::Error),
    #[error("the file {name} cannot be compared")]
    NotACapture {
        name: String,
        #[source]
        source: NotACapture,
    },
    #[error("the rehearsal left {id}")]
    RehearsalLeft { id: String },
    #[error("the rehearsal ended before its end, and left nothing: {sentence}")]
    RehearsalEnded { sentence: String },
    #[error("not everything is cleaned: {0}")]
    CleaningEnded(String),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error("the stack of this checkout's template.yaml cannot be deployed")]
    Stack(#[from] StackError),
    #[error("cannot serve the embedded AWS")]
    Serve(#[source] io::Error),
    #[error("cannot invoke `{function}`")]
    Invoke {
        function: String,
        #[source]
        source: InvokeFailure,
    },
    #[error("{name} holds no line with what was seen (they begin with {{\"observation_of\")")]
    NothingToReplay { name: String },
    #[error("{} not as recorded, {} not readable", counted(*failed, "decision"), counted(*strange, "line"))]
    NotReplayed { failed: usize, strange: usize },
    #[error("the invocation of `{function}` failed: {what}")]
    InvocationFailed { function: String, what: String },
}

impl Failure {
    /// Says on standard error what went wrong, with its causes, and returns the exit code.
    pub(super) fn report(&self) -> ExitCode {
        let mut sentence = self.to_string();
        let mut cause = self.source();
        while let Some(source) = cause {
            sentence.push_str(&format!(": {source}"));
            cause = source.source();
        }
        eprintln!("clusterwarden: {sentence}");
        self.exit_code()
    }

    /// 1: it was tried and failed. 2: what was asked for can't be tried.
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::PolicyMistakes { .. }
            | Self::Journal { .. }
            | Self::Account(_)
            | Self::PolicyWarnings { .. }
            | Self::Doctor { .. }
            | Self::Output(_)
            | Self::NotReplayed { .. }
            | Self::Signals(_)
            | Self::RehearsalLeft { .. }
            | Self::RehearsalEnded { .. }
            | Self::CleaningEnded(_)
            | Self::Serve(_)
            | Self::Stack(_)
            | Self::Invoke { .. }
            | Self::InvocationFailed { .. } => ExitCode::from(1),
            Self::Binary(error) => match error {
                BinaryError::Unknown { .. } => ExitCode::from(2),
                BinaryError::NotInFolder { .. }
                | BinaryError::NotBuilt { .. }
                | BinaryError::Executable(_)
                | BinaryError::Cargo { .. }
                | BinaryError::BuildFailed { .. } => ExitCode::from(1),
            },
            Self::Unreadable { .. }
            | Self::EventNotJson { .. }
            | Self::NoPolicy { .. }
            | Self::NoRegion
            | Self::NothingToReplay { .. }
            | Self::NotAPause(_)
            | Self::Unwritable { .. }
            | Self::NotACapture { .. }
            | Self::Endpoint(_)
            | Self::Scenario(_) => ExitCode::from(2),
        }
    }
}

fn doctors_words(errors: usize, others: usize) -> String {
    let found = format!("the doctor found {}", counted(errors, "error"));
    match others {
        0 => found,
        others => format!("{found} and {others} warnings or unknowns, which are denied"),
    }
}

/// `1 mistake`, `2 mistakes`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
