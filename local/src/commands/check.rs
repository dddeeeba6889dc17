//! `clusterwarden check`: every mistake of a policy file at once, warnings, and where each value of a target comes from.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::Args;
use clusterwarden::{
    cluster::ReplicationGroupId,
    policy::{Mistakes, PolicyFile, Warnings, schema},
};

use super::{
    failure::{Failure, counted},
    surroundings::Surroundings,
};

/// What `clusterwarden check` may be told.
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The policy file [default: policy/policy.toml of the checkout]
    file: Option<PathBuf>,
    /// Show the effective policy of this replication group, and where each value comes from
    #[arg(long, value_name = "TARGET")]
    explain: Option<String>,
    /// Fail on warnings, as on mistakes
    #[arg(long)]
    deny_warnings: bool,
    /// Print the JSON Schema of policy files, for editors
    #[arg(long, exclusive = true)]
    schema: bool,
}

/// Reads the policy as a function does at its start, and shows what is wrong or unwise about it.
pub(super) fn run(options: &CheckOptions, surroundings: &Surroundings) -> Result<(), Failure> {
    if options.schema {
        return print(&schema());
    }
    let path = surroundings.policy(options.file.as_deref())?;
    // The name that the person gave is the one to repeat.
    let given = options.file.as_deref().unwrap_or(&path);
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
    let entries = counted(policy.reshard.len(), "[[reshard]] table");
    let warnings = match warnings.len() {
        0 => String::new(),
        count => format!(", {}", counted(count, "warning")),
    };
    format!("{name}: version {}, {entries}{warnings}\n", policy.version)
}

fn explain(file: &PolicyFile, name: &str, target: &str) -> String {
    let group = ReplicationGroupId::new(target);
    file.explain(&group).map_or_else(
        || format!("{group}: no entry of {name} names it, so it is never touched\n"),
        |explanation| explanation.to_string(),
    )
}

/// Writes to standard output; whoever reads it may stop early, as `head` does, and that is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
