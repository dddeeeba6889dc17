//! The commands of the binary `clusterwarden`.
//!
//! What a command was asked for goes to standard output, everything else to standard error. A command that fails says
//! so in one sentence that starts with `clusterwarden: `.

mod check;
mod cloud;
pub mod demo;
mod doctor;
mod drills;
mod failure;
mod invoke;
mod items;
mod online;
mod pause;
mod reach;
pub mod rehearse;
mod replay;
mod status;
mod surroundings;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use surroundings::Surroundings;

/// Reshards ElastiCache replication groups, practises failovers of shards and of Neptune clusters, and proves it here first.
///
/// Nothing here needs an AWS account. `pause`, `resume`, `status`, `drills`, `doctor`, `check --online` and `rehearse` use the one that
/// your environment names, as any AWS tool does, unless --endpoint-url names an embedded one.
#[derive(Debug, Parser)]
#[command(name = "clusterwarden", version, about, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Without a command: demo.\n\n\
    Exit codes: 0 done; 1 the invocation failed, the policy has mistakes, the doctor found errors, the journal cannot be reached, \
    a rehearsal did not go through or left something, or the port is in use; 2 the command line or \
    a file it names is wrong.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch the real function keep an embedded cluster in shape
    Demo(demo::DemoOptions),
    /// Serve an embedded AWS on 127.0.0.1 until Ctrl-C
    Cloud(cloud::CloudOptions),
    /// Run a function's real binary on one event, as Lambda would
    Invoke(invoke::InvokeOptions),
    /// Leave a replication group, a glob of them, or everything alone, from the next pass on
    Pause(pause::PauseOptions),
    /// Lift a pause
    Resume(pause::ResumeOptions),
    /// Show what the journal knows of each target, of failovers, and what is paused
    Status(status::StatusOptions),
    /// Show what past failover drills measured, and whether recovery gets slower
    Drills(drills::DrillsOptions),
    /// Make the decisions of a function's log again, or see what another policy would have decided
    Replay(replay::ReplayOptions),
    /// Check a policy file and show every mistake of it
    Check(check::CheckOptions),
    /// Create a small replication group on a real account, reshard it, fail it over, write down what AWS says, and delete it
    Rehearse(rehearse::RehearseOptions),
    /// Look, before the first apply, at what would keep the deployed stack from working; reads only
    Doctor(doctor::DoctorOptions),
}

/// Reads the command line, runs the command and returns its exit code.
pub fn run() -> ExitCode {
    // clap prints its own words and exits with 2 when the command line is wrong.
    let command = match CommandLine::parse().command {
        Some(command) => command,
        None => match CommandLine::parse_from(["clusterwarden", "demo"]).command {
            Some(demo) => demo,
            None => return ExitCode::FAILURE,
        },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(dispatch(command));
            // A read of standard input that nobody waits for any more must not hold up the exit.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("clusterwarden: cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> ExitCode {
    let surroundings = Surroundings::of_this_process();
    let done = match command {
        Command::Demo(options) => return demo::run(options).await,
        Command::Cloud(options) => cloud::run(options).await,
        Command::Invoke(options) => invoke::run(options, &surroundings).await,
        Command::Pause(options) => pause::pause(options, &surroundings).await,
        Command::Resume(options) => pause::resume(options, &surroundings).await,
        Command::Status(options) => status::run(options, &surroundings).await,
        Command::Drills(options) => drills::run(options, &surroundings).await,
        Command::Replay(options) => replay::run(&options, &surroundings),
        Command::Doctor(options) => Box::pin(doctor::run(options, &surroundings)).await,
        Command::Check(options) => check::run_online(&options, &surroundings).await,
        Command::Rehearse(options) => rehearse::run(options, &surroundings).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn no_command_means_the_demo() {
        assert!(CommandLine::parse_from(["clusterwarden"]).command.is_none());
        let demo = CommandLine::parse_from(["clusterwarden", "demo"]).command;
        assert!(matches!(demo, Some(Command::Demo(_))));
    }
}
