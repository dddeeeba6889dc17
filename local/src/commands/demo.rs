//! `clusterwarden demo`.

use std::process::ExitCode;

use clap::Args;

/// What `clusterwarden demo` may be told.
#[derive(Debug, Args)]
pub struct DemoOptions {}

/// Runs the demo.
pub async fn run(_options: DemoOptions) -> ExitCode {
    eprintln!("clusterwarden: the demo is not part of this build");
    ExitCode::FAILURE
}
