//! `mwsim`, the simulator's command line. Everything is in the library, so that tests can ask the same questions.

use std::process::ExitCode;

/// A run makes and drops a few hundred small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    multiwatcher_sim::cli::from_env()
}
