//! `clusterwarden check`: every mistake of a policy file at once, warnings, and where each value of a target comes from.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use clusterwarden::policy::{Mistakes, PolicyFile, Warnings, schema};

use super::{
    failure::{Failure, counted},
    online,
    reach::ReachOptions,
    surroundings::Surroundings,
};

/// What `clusterwarden check` may be told.
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The policy file [default: policy/policy.toml of the checkout]
    file: Option<PathBuf>,
    /// Show the effective policy of this replication group or Neptune cluster, and where each value comes from
    #[arg(long, value_name = "TARGET")]
    explain: Option<String>,
    /// Fail on warnings, as on mistakes
    #[arg(long)]
    deny_warnings: bool,
    /// Print the JSON Schema of policy files, for editors
    #[arg(long, exclusive = true)]
    schema: bool,
    /// Compare it also with the groups and alarms of the account and Region that your environment names; reads only
    #[arg(long)]
    online: bool,
    /// With --online: an AWS elsewhere, such as an embedded one
    #[arg(long, value_name = "URL", requires = "online")]
    endpoint_url: Option<String>,
    /// With --online: the Region [default: as AWS_REGION or your profile says]
    #[arg(long, value_name = "REGION", requires = "online")]
    region: Option<String>,
}

/// Checks the file as [`run`] does; with `--online`, and unless the file has mistakes, then compares it with the account.
pub(super) async fn run_online(
    options: &CheckOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let offline = run(options, surroundings);
    if !options.online || !matches!(offline, Ok(()) | Err(Failure::PolicyWarnings { .. })) {
        return offline;
    }
    let (name, file, colours) = read(options.file.as_deref(), surroundings)?;
    let reach = ReachOptions {
        endpoint_url: options.endpoint_url.clone(),
        region: options.region.clone(),
    };
    let findings = online::findings(&file, &reach.access(surroundings)?).await?;
    if findings.is_empty() {
        print(&format!("{name}: the account has all that it names\n"))?;
        return offline;
    }
    show(&findings, colours);
    offline?;
    if options.deny_warnings {
        let warnings = findings.len();
        return Err(Failure::PolicyWarnings { name, warnings });
    }
    Ok(())
}

/// Reads the policy as a function does at its start, and shows what is wrong or unwise about it.
pub(super) fn run(options: &CheckOptions, surroundings: &Surroundings) -> Result<(), Failure> {
    if options.schema {
        return print(&schema());
    }
    let (name, file, colours) = read(options.file.as_deref(), surroundings)?;
    let warnings = file.warnings();
    if !warnings.is_empty() {
        show(&warnings, colours);
    }
    match &options.explain {
        Some(target) => print(&explain(&file, &name, target))?,
        None => print(&summary(&file, &name, &warnings))?,
    }
    if options.deny_warnings && !warnings.is_empty() {
        let warnings = warnings.len();
        return Err(Failure::PolicyWarnings { name, warnings });
    }
    Ok(())
}

/// The file with the name to call it by, and whether reports about it have colours.
pub(super) fn read(
    file: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<(String, PolicyFile, bool), Failure> {
    let path = surroundings.policy(file)?;
    // The name that the person gave is the one to repeat.
    let given = file.unwrap_or(&path);
    let name = given.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|source| Failure::Unreadable {
        what: "the policy",
        name: name.clone(),
        source,
    })?;
    let colours =
        std::io::stderr().is_terminal() && !surroundings.variables.contains_key("NO_COLOR");
    let file =
        PolicyFile::parse(&name, &text).map_err(|mistakes| refuse(&name, &mistakes, colours))?;
    Ok((name, file, colours))
}

fn refuse(name: &str, mistakes: &Mistakes, colours: bool) -> Failure {
    if colours {
        eprintln!("{}", mistakes.coloured());
    } else {
        eprintln!("{mistakes}");
    }
    Failure::PolicyMistakes {
        name: name.to_owned(),
        mistakes: mistakes.len(),
    }
}

fn show(warnings: &Warnings, colours: bool) {
    if colours {
        eprintln!("{}", warnings.coloured());
    } else {
        eprintln!("{warnings}");
    }
}

fn summary(file: &PolicyFile, name: &str, warnings: &Warnings) -> String {
    let policy = file.policy();
    let kinds = [
        (policy.reshard.len(), "[[reshard]] table"),
        (policy.failover_shard.len(), "[[failover_shard]] table"),
        (
            policy.failover_db_cluster.len(),
            "[[failover_db_cluster]] table",
        ),
        (policy.promote_replica.len(), "[[promote_replica]] table"),
    ];
    let written = kinds.into_iter().filter(|(count, _)| *count > 0);
    let written: Vec<String> = written.map(|(count, what)| counted(count, what)).collect();
    let entries = written.join(", ");
    let warnings = match warnings.len() {
        0 => String::new(),
        count => format!(", {}", counted(count, "warning")),
    };
    format!("{name}: version {}, {entries}{warnings}\n", policy.version)
}

fn explain(file: &PolicyFile, name: &str, target: &str) -> String {
    file.explain(target).map_or_else(
        || format!("{target}: no entry of {name} names it, so it is never touched\n"),
        |explanation| explanation.to_string(),
    )
}

/// Writes to standard output; whoever reads it may stop early, as `head` does, and that is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
