//! `clusterwarden doctor`: a policy and a deployed stack against the account, before the first apply. Reads only.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use clusterwarden::aws::access::configuration;
use clusterwarden_account::doctor::{Report, Severity, examine, look};

use super::{check, failure::Failure, reach::ReachOptions, surroundings::Surroundings};

/// What `clusterwarden doctor` may be told.
#[derive(Debug, Args)]
pub(super) struct DoctorOptions {
    /// The policy file [default: policy/policy.toml of the checkout]
    file: Option<PathBuf>,
    /// The stack whose functions are looked at
    #[arg(long, value_name = "NAME", default_value = "clusterwarden")]
    stack: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Fail on warnings, and on what could not be read, as on errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    reach: ReachOptions,
}

/// Looks, and prints what is to be said.
pub(super) async fn run(
    options: DoctorOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let (name, file, _) = check::read(options.file.as_deref(), surroundings)?;
    let config = configuration(&options.reach.access(surroundings)?).await;
    if config.region().is_none() {
        return Err(Failure::NoRegion);
    }
    let seen = look(&file, &options.stack, &config, clock).await;
    let findings = examine(&file, &seen);
    let report = Report {
        policy: &name,
        seen: &seen,
        findings: &findings,
    };
    if options.json {
        check::print(&format!("{:#}\n", report.json()))?;
    } else {
        check::print(&report.text())?;
    }
    let errors = report.count(Severity::Error);
    let others = report.count(Severity::Warning) + report.count(Severity::Unknown);
    if errors > 0 || (options.deny_warnings && others > 0) {
        return Err(Failure::Doctor {
            errors,
            others: if options.deny_warnings { others } else { 0 },
        });
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: this machine's clock is what is compared with AWS's"
)]
fn clock() -> DateTime<Utc> {
    Utc::now()
}
