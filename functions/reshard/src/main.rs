//! The function `reshard`: clock, environment, policy and clients, wired to the pass.

use chrono::{DateTime, Utc};
use clusterwarden::{
    aws::{Aws, reshard::Pass},
    policy::Policy,
    settings::Settings,
    trigger::Trigger,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let settings = Settings::read(variable)?;
    let text = std::fs::read_to_string(&settings.policy_file).map_err(|error| {
        format!(
            "the policy file {} cannot be read: {error}",
            settings.policy_file
        )
    })?;
    let policy =
        Policy::parse(&settings.policy_file, &text).map_err(|mistakes| mistakes.to_string())?;
    let aws = Aws::from_environment(&settings.journal_table).await;
    let (aws, policy) = (&aws, &policy);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let trigger = Trigger::read(&event.payload);
        let pass = Pass {
            aws,
            policy,
            mode: settings.mode,
            trigger: &trigger,
            clock,
        };
        // One line of its own per record: a nesting log formatter would hide it from metric filters.
        let report = pass.run(|record| println!("{}", record.line())).await;
        if report.failures.is_empty() {
            Ok(report.response())
        } else {
            Err(Error::from(report.failures.join("; ")))
        }
    }))
    .await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the function's edge: the only place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the function's edge: used only if no service says what time it is"
)]
fn clock() -> DateTime<Utc> {
    Utc::now()
}
