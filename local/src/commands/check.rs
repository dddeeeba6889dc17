//! `clusterwarden check`: every mistake of a policy file at once.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::Args;
use clusterwarden::policy::Policy;

use super::{
    failure::{Failure, counted},
    surroundings::Surroundings,
};

/// What `clusterwarden check` may be told.
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The policy file [default: policy/policy.toml of the checkout]
    file: Option<PathBuf>,
}

/// Reads the policy as a function does at its start, and shows what is wrong with it.
pub(super) fn run(options: &CheckOptions, surroundings: &Surroundings) -> Result<(), Failure> {
    let path = surroundings.policy(options.file.as_deref())?;
    // The name that the person gave is the one to repeat.
    let name = options.file.as_deref().unwrap_or(&path);
    let colours =
        std::io::stderr().is_terminal() && !surroundings.variables.contains_key("NO_COLOR");
    let policy = read(&path, &name.display().to_string(), colours)?;
    println!(
        "{}: version {}, {}",
        name.display(),
        policy.version,
        counted(policy.reshard.len(), "[[reshard]] table"),
    );
    Ok(())
}

/// Parses a policy file; the drawn mistakes go to standard error.
fn read(path: &Path, name: &str, colours: bool) -> Result<Policy, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::Unreadable {
        what: "the policy",
        name: name.to_owned(),
        source,
    })?;
    Policy::parse(name, &text).map_err(|mistakes| {
        if colours {
            eprintln!("{}", mistakes.coloured());
        } else {
            eprintln!("{mistakes}");
        }
        Failure::PolicyMistakes {
            name: name.to_owned(),
            mistakes: mistakes.len(),
        }
    })
}
