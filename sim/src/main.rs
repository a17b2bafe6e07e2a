//! `mwsim`, the simulator's command line. Everything is in the library, so that tests can ask the same questions.

use std::process::ExitCode;

fn main() -> ExitCode {
    multiwatcher_sim::cli::from_env()
}
