//! The binary `clusterwarden`: hands the command line to the library and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    clusterwarden_local::commands::run()
}
