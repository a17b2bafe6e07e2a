//! The arguments and their help texts.

use core::num::{NonZeroU32, NonZeroUsize};
use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::seed::{Seed, SeedRange};
use crate::worlds::World;
use crate::zoo::Bug;

/// Help texts are wrapped for a narrow screen; a phone shows about this many columns.
const WIDTH: usize = 68;

/// Deterministic simulation of the multiwatcher.
#[derive(Debug, Parser)]
#[command(name = "mwsim", version, max_term_width = WIDTH, subcommand_required = true, arg_required_else_help = true)]
#[command(long_about = "Deterministic simulation of the multiwatcher.\n\n\
    Runs the store manager that ships through seeded schedules and faults, checks every promise after every step, and \
    turns a failure into a file that replays byte for byte.")]
#[command(after_help = "Examples:
  mwsim run                     ten seconds, all cores
  mwsim run --seeds 0..100000   these seeds
  mwsim replay 4711             the trace of one seed
  mwsim check-determinism

Exit codes: 0 clean, 1 a promise is broken, 2 usage.")]
pub struct Cli {
    /// What is asked.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a campaign: many seeds, all promises checked
    Run(RunArgs),
    /// Print the trace of one seed or of one decision file
    Replay(ReplayArgs),
    /// Run seeds twice, in two processes, and with other numbers of jobs, and compare
    CheckDeterminism(CheckArgs),
    /// Put bugs that really happened back, and count the schedules it takes to find each
    Zoo(ZooArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print a man page
    Man(ManArgs),
    /// Print the hashes of traces, for the other process of check-determinism
    #[command(hide = true)]
    Hashes(HashesArgs),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim run --time 1m
  mwsim run --seeds 0..100000 --jobs 1
  mwsim run --start $(git rev-parse HEAD) --time 30s
  mwsim run --scenario sim/scenarios/pruned_log.toml

A scenario file fixes what seeds draw otherwise:

  # What it is about, in comment lines at the top.
  seeds = \"0..300\"
  readers = [\"eager\", \"slow\"]
  [machine]
  window = [0, 4]         one of these, by seed
  lag-limit = \"2..6\"      2 to 5
  [faults]
  prune = 32              in 256
  [expect]
  \"log pruned\" = 50       at least, in 100 runs

More: worlds, steps, promises, never, values, telling, ids,
commits, weights, budgets; see the crate docs of `scenario`.

A failing run is written to the failures folder, and its page
ends with the command that replays it.

Exit codes: 0 clean, 1 a promise is broken, a checker had
nothing to decide in 10,000 seeds, or the situation of a
scenario did not occur, 2 usage.")]
pub struct RunArgs {
    /// Run a situation that is written down [default seeds: its own]
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Run these seeds, the last one excluded
    #[arg(long, value_name = "A..B", conflicts_with_all = ["time", "start"])]
    pub seeds: Option<SeedRange>,
    /// Run as many seeds as fit into this time [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = crate::text::duration)]
    pub time: Option<Duration>,
    /// First seed of a timed campaign: a number or a full commit hash [default: 0]
    #[arg(long, value_name = "SEED")]
    pub start: Option<Seed>,
    /// Workers [default: one per core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// What is simulated [default: machine, then driver, half the time each]
    #[arg(long, value_enum)]
    pub world: Option<World>,
    /// Print the summary as one JSON object per world
    #[arg(long)]
    pub json: bool,
    /// Where the decisions of a failing run are written
    #[arg(long, value_name = "DIR", default_value = "sim-failures")]
    pub failures: PathBuf,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim replay 4711
  mwsim replay 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
  mwsim replay sim-failures/exact-prefix-4711.jsonl

The same trace every time, byte for byte. A decision file may
be edited: what is no longer possible is skipped and counted.

Exit codes: 0 clean, 1 the failure is there, 2 usage or a file
that cannot be read.")]
pub struct ReplayArgs {
    /// A seed (64-bit number or full commit hash), or a decision file
    #[arg(value_name = "SEED|FILE")]
    pub what: String,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
}

/// Arguments of `check-determinism`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim check-determinism
  mwsim check-determinism --seeds 0..100000

On a difference the first seed and the first step where two
runs part are printed.

Exit codes: 0 no difference, 1 a difference, 2 usage.")]
pub struct CheckArgs {
    /// Compare these seeds, the last one excluded
    #[arg(long, value_name = "A..B", default_value = "0..2000")]
    pub seeds: SeedRange,
    /// What is simulated [default: machine, then driver]
    #[arg(long, value_enum)]
    pub world: Option<World>,
}

/// Arguments of `zoo`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim zoo
  mwsim zoo z7 z26 --starts 1
  mwsim run --world driver+z26     a failing run, and its page

Each bug is hunted in the machine world and in the driver world,
with all checkers, and with the checkers of the promises alone
that it breaks.

Exit codes: 0 all found, 1 one was not found in some hunt,
2 usage.")]
pub struct ZooArgs {
    /// The bugs [default: all]
    #[arg(value_name = "BUG", value_parser = bug, hide_possible_values = true)]
    pub bugs: Vec<Bug>,
    /// Hunt among these seeds, the last one excluded; further hunts have as many, one after the other
    #[arg(long, value_name = "A..B", default_value = "0..20000")]
    pub seeds: SeedRange,
    /// How many hunts
    #[arg(long, value_name = "N", default_value = "10")]
    pub starts: NonZeroU32,
    /// Workers [default: one per core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
}

fn bug(text: &str) -> Result<Bug, String> {
    let named = Bug::ALL.iter().find(|bug| bug.name() == text);
    named.copied().ok_or_else(|| "expected a bug such as z7; without any, all are hunted".to_owned())
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim completions bash > mwsim.bash
  source mwsim.bash
  mwsim completions fish | source

Exit codes: 0 printed, 2 usage.")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim man | man -l -
  mwsim man run > mwsim-run.1

Exit codes: 0 printed, 2 usage.")]
pub struct ManArgs {
    /// Of one command [default: of all together]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Arguments of `hashes`.
#[derive(Debug, Args)]
pub struct HashesArgs {
    /// Print one hash per seed
    #[arg(long, value_name = "A..B", required_unless_present = "steps_of")]
    pub seeds: Option<SeedRange>,
    /// Print one hash per step of this seed
    #[arg(long, value_name = "SEED", conflicts_with = "seeds")]
    pub steps_of: Option<Seed>,
    /// What is simulated
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
}
