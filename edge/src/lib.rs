//! The edge of every function: the only place that reads clock and environment, and that knows Lambda.
//!
//! A function is its name and a pass; everything around it is the same for all of them and stands here.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clusterwarden::{
    aws::{Aws, failover_pass, reshard},
    metrics::{Heartbeat, record_line},
    policy::Policy,
    record::{Record, Report},
    settings::Settings,
    trigger::Trigger,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::filter::LevelFilter;

/// What a function works with, made once at init.
#[derive(Debug)]
pub struct Edge {
    aws: Aws,
    policy: Policy,
    settings: Settings,
}

impl Edge {
    /// A pass of the function `reshard`.
    pub fn reshard<'a>(&'a self, trigger: &'a Trigger) -> reshard::Pass<'a> {
        reshard::Pass {
            aws: &self.aws,
            policy: &self.policy,
            mode: self.settings.mode,
            trigger,
            clock,
        }
    }

    /// A pass of a function that forces failovers.
    pub fn failover<'a>(&'a self, trigger: &'a Trigger) -> failover_pass::Pass<'a> {
        failover_pass::Pass {
            aws: &self.aws,
            policy: &self.policy,
            mode: self.settings.mode,
            trigger,
            clock,
            watch_every: self.settings.watch_every,
        }
    }

    /// Prints a record as a line of its own, which no log formatter may nest: its metrics are read from the line's root. What it
    /// was decided from is another line.
    pub fn emit(&self, record: &Record) {
        println!("{}", record_line(record, self.settings.metrics.as_ref()));
        if let Some(line) = record.sight_line() {
            println!("{line}");
        }
    }

    /// Prints the heartbeat of a pass that is over, as a line of its own. Without a namespace for metrics there is none.
    fn beat(&self, function: &'static str, report: &Report) {
        if let Some(to) = &self.settings.metrics {
            let at = self.aws.now().unwrap_or_else(clock);
            let heartbeat = Heartbeat::of(function, self.settings.mode, report, at);
            println!("{}", heartbeat.line(to));
        }
    }
}

/// Serves a function until Lambda ends the process. `name` is the function's own.
pub async fn serve(name: &'static str, pass: impl AsyncFn(&Edge, &Trigger) -> Report) -> ExitCode {
    // The SDK's warnings only; records are printed as lines of their own.
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_max_level(LevelFilter::WARN)
        .init();
    match run(name, pass).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Display, not Debug: a policy's mistakes are drawn over several lines.
            eprintln!("{name} cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(
    name: &'static str,
    pass: impl AsyncFn(&Edge, &Trigger) -> Report,
) -> Result<(), Error> {
    let settings = Settings::read(variable)?;
    let file = &settings.policy_file;
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("policy {file} cannot be read: {error}"))?;
    let policy = Policy::parse(file, &text)
        .map_err(|mistakes| format!("policy {file} has mistakes\n{mistakes}"))?;
    let aws =
        Aws::from_environment(&settings.journal_table, settings.endpoint_url.as_deref()).await;
    let (edge, pass) = (
        &Edge {
            aws,
            policy,
            settings,
        },
        &pass,
    );
    // The event as it came: a payload that the runtime's own parser gives up on must not fail a pass.
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let trigger = Trigger::parse(event.payload.get());
        // Boxed: nested in the runtime's own futures, a pass is too deep for the compiler to lay out.
        let report = Box::pin(pass(edge, &trigger)).await;
        edge.beat(name, &report);
        report.into_response().map_err(|why| {
            // The runtime answers it, and logs nothing.
            eprintln!("{name} failed: {why}");
            unreadable(why)
        })
    }))
    .await
}

/// What Lambda shows of a failed invocation; its retries and the on-failure queue do the rest.
fn unreadable(error_message: String) -> Diagnostic {
    Diagnostic {
        error_type: "Unreadable".to_owned(),
        error_message,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: the only place of a function that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: the time of a pass when no service says what time it is"
)]
fn clock() -> DateTime<Utc> {
    Utc::now()
}
