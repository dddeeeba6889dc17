//! `clusterwarden invoke`: a function's real binary on one event.

use std::{
    io::{IsTerminal, Read},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use serde_json::value::RawValue;

use super::{cloud, failure::Failure, surroundings::Surroundings};
use crate::{
    runtime_api::{Endpoint, Environment, Function, Logs, Source, binaries},
    wire::http_server::{Clockwork, CloudServer},
};

/// The journal's table in every scenario and in the template.
const JOURNAL_TABLE: &str = "clusterwarden-journal";

/// What `clusterwarden invoke` may be told.
#[derive(Debug, Args)]
pub(super) struct InvokeOptions {
    /// The function: a folder's name in functions/
    function: String,
    /// The event, a JSON file; `-` reads standard input
    #[arg(long, value_name = "FILE|-")]
    event: PathBuf,
    /// An AWS, reached with the caller's AWS_* credentials and Region [default: a fresh embedded AWS]
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The scenario of the fresh embedded AWS
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "default",
        conflicts_with = "endpoint_url"
    )]
    scenario: String,
    /// Report only, or act where the policy lets it
    #[arg(long, value_enum, default_value_t = Mode::Plan)]
    mode: Mode,
    /// The policy file [default: policy/policy.toml of the checkout]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Have the log lines carry metrics of this namespace, as a deployed function's do [default: records alone]
    #[arg(long, value_name = "NAMESPACE")]
    metrics: Option<String>,
    /// The function's timeout [default: 60; 480 for a function that waits for the new primary or writer]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout: Option<u64>,
}

impl InvokeOptions {
    /// Whether the function stays after its call until the new primary or writer is seen.
    fn waits(&self) -> bool {
        self.function != "reshard"
    }

    fn timeout(&self) -> Duration {
        let seconds = if self.waits() { 480 } else { 60 };
        Duration::from_secs(self.timeout.unwrap_or(seconds))
    }
}

/// Virtual time that a fresh embedded AWS takes for each answer to a function that waits: its failovers of one or two minutes
/// are then over after a few looks, at once for the person who looks on.
const ANSWER_TIME: TimeDelta = TimeDelta::seconds(5);

/// The function's `MODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Plan,
    Apply,
}

impl Mode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

/// Runs the function once: its answer on standard output, its log on standard error.
pub(super) async fn run(
    options: InvokeOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    binaries::require_known(&options.function)?;
    let event = read_event(&options.event)?;
    let policy = surroundings.policy(options.policy.as_deref())?;
    let named = match &options.endpoint_url {
        Some(url) => Some(Endpoint::named(url, surroundings.variables.clone())?),
        None => None,
    };
    // Both live as long as the invocation.
    let mut embedded = None;
    let endpoint = match named {
        Some(endpoint) => endpoint,
        None => {
            let mut cloud = cloud::load(&options.scenario)?;
            if options.waits() {
                cloud.parameters.answer_time = ANSWER_TIME;
            }
            let cloud = Arc::new(Mutex::new(cloud));
            let server = CloudServer::start(Arc::clone(&cloud), 0).map_err(Failure::Serve)?;
            let endpoint = Endpoint::embedded(&server.url)?;
            embedded = Some((server, Clockwork::start(cloud, 1.0)));
            endpoint
        }
    };
    let binary = binaries::locate(&options.function, |line| eprintln!("{line}")).await?;

    let mut function = Function::new(&options.function, binary)
        .with("MODE", options.mode.as_str())
        .with("POLICY_FILE", policy.to_string_lossy())
        .with("JOURNAL_TABLE", JOURNAL_TABLE);
    if let Some(namespace) = &options.metrics {
        function = function.with("METRICS_NAMESPACE", namespace);
    }
    function.timeout = options.timeout();
    if embedded.is_some() {
        // Time passes with each answer, so nobody needs to wait between two looks.
        function = function.with("WATCH_SECONDS", "0");
    }
    if let Some(filter) = surroundings.variables.get("RUST_LOG") {
        function = function.with("RUST_LOG", filter);
    }
    let failed = |source| Failure::Invoke {
        function: options.function.clone(),
        source,
    };
    // Lines for `replay` only fill a terminal; a file gets them.
    let watched = std::io::stderr().is_terminal();
    let logs: Logs = Arc::new(move |line| match line.source {
        Source::Stdout if watched && line.text.starts_with(SIGHT) => {}
        Source::Stdout | Source::Stderr | Source::Platform => eprintln!("{}", line.text),
    });
    let invocation = Environment::new(function, endpoint, logs)
        .invoke(&*event, REQUEST_ID)
        .await
        .map_err(failed)?;
    drop(embedded);
    println!("{:#}", invocation.payload());
    match invocation.failure() {
        None => Ok(()),
        Some(what) => Err(Failure::InvocationFailed {
            function: options.function,
            what,
        }),
    }
}

/// How a line that says what was seen begins.
const SIGHT: &str = r#"{"observation_of":"#;

/// There is one invocation, and its log should not differ from run to run.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000001";

/// The event as it was written: whether the function can read it is for the function to say.
fn read_event(file: &PathBuf) -> Result<Box<RawValue>, Failure> {
    let piped = file.as_os_str() == "-";
    let name = if piped {
        "from standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let mut bytes = Vec::new();
    let read = if piped {
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = read.map_err(|source| Failure::Unreadable {
        what: "the event",
        name: name.clone(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| Failure::EventNotJson { name, source })
}
