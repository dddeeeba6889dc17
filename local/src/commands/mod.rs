//! The commands of the binary `clusterwarden`.

use std::process::ExitCode;

/// Reads the command line, runs the command and returns its exit code.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
