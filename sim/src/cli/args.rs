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
    /// Say where two runs part
    Diff(DiffArgs),
    /// Say which step of a failing run decides
    Explain(ExplainArgs),
    /// Print a run as a Rust test
    Test(TestArgs),
    /// Run seeds twice, in two processes, and with other numbers of jobs, and compare
    CheckDeterminism(CheckArgs),
    /// Put bugs that really happened back, and count the schedules it takes to find each
    Zoo(ZooArgs),
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

A failing run is written to the failures folder, and its page
ends with the command that replays it.

Exit codes: 0 clean, 1 a promise is broken or a checker had
nothing to decide in 10,000 seeds, 2 usage.")]
pub struct RunArgs {
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
    /// Where the picture of a failing run is drawn
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim replay 4711
  mwsim replay 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
  mwsim replay sim-failures/exact-prefix-4711.jsonl
  mwsim replay 4711 --step             what everybody holds
  mwsim replay 4711 --html run.html    the picture of it

The same trace every time, byte for byte. A decision file may
be edited: what is no longer possible is skipped and counted.
On a terminal --step goes one step at a time: Enter next, b
back, q quit.

Exit codes: 0 clean, 1 the failure is there, 2 usage or a file
that cannot be read.")]
pub struct ReplayArgs {
    /// A seed (64-bit number or full commit hash), or a decision file
    #[arg(value_name = "SEED|FILE")]
    pub what: String,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
    /// Tell after each step what everybody holds
    #[arg(long)]
    pub step: bool,
    /// Draw the run into this file, instead of telling it
    #[arg(long, value_name = "OUT", conflicts_with = "step")]
    pub html: Option<PathBuf>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim diff before.jsonl after.jsonl
  mwsim diff 4711 sim-failures/exact-prefix-4711.jsonl

Names the settings that differ, the first decision where the
runs part, and what is seen where their traces part.

Exit codes: 0 the same, 1 they differ, 2 usage or a file that
cannot be read.")]
pub struct DiffArgs {
    /// A seed, or a decision file
    #[arg(value_name = "A")]
    pub one: String,
    /// Another
    #[arg(value_name = "B")]
    pub other: String,
    /// What is simulated, for seeds; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim explain sim-failures/exact-prefix-4711.jsonl
  mwsim explain sim-failures/exact-prefix-4711.jsonl --tails 1000

The beginnings of the run, each longer by one step, are run on
with random ends. The share of ends that break the same promise
jumps where the run was decided.

Exit codes: 0 explained, 1 the run breaks nothing, 2 usage or a
file that cannot be read.")]
pub struct ExplainArgs {
    /// A decision file, or a seed
    #[arg(value_name = "FILE|SEED")]
    pub what: String,
    /// How many random ends are tried after each step
    #[arg(long, value_name = "N", default_value = "100")]
    pub tails: NonZeroU32,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
}

/// Arguments of `test`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim test sim-failures/exact-prefix-4711.jsonl \\
    > sim/tests/exact_prefix_4711.rs

The test holds the decisions, the verdict, and the trace as an
inline snapshot. It can be committed as it is. Where what ships
breaks a promise, it fails until the promise is kept.

Exit codes: 0 printed, 2 usage or a file that cannot be read.")]
pub struct TestArgs {
    /// A decision file, or a seed
    #[arg(value_name = "FILE|SEED")]
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
