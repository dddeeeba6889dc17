//! The function `reshard`: clock, environment, policy and clients, wired to the pass.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clusterwarden::{
    aws::{Aws, reshard::Pass},
    policy::Policy,
    settings::Settings,
    trigger::Trigger,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // The SDK's warnings only; records are printed as lines of their own, which no formatter may nest.
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_max_level(LevelFilter::WARN)
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Display, not Debug: a policy's mistakes are drawn over several lines.
            eprintln!("reshard cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Error> {
    let settings = Settings::read(variable)?;
    let file = &settings.policy_file;
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("policy {file} cannot be read: {error}"))?;
    let policy = Policy::parse(file, &text)
        .map_err(|mistakes| format!("policy {file} has mistakes\n{mistakes}"))?;
    let aws = Aws::from_environment(&settings.journal_table).await;
    let (aws, policy) = (&aws, &policy);
    // The event as it came: a payload that the runtime's own parser gives up on must not fail a pass.
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let trigger = Trigger::parse(event.payload.get());
        let pass = Pass {
            aws,
            policy,
            mode: settings.mode,
            trigger: &trigger,
            clock,
        };
        pass.run(|record| println!("{}", record.line()))
            .await
            .into_response()
            .map_err(unreadable)
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
    reason = "the edge: the only place of the function that reads the environment"
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
