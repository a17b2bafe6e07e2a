//! Arguments of what looks at one run.

use core::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

use super::{Drawing, WIDTH};
use crate::worlds::World;

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim replay 4711
  mwsim replay 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
  mwsim replay sim-failures/exact-prefix-4711.capsule
  mwsim replay 4711 --step             what everybody holds
  mwsim replay 4711 --html run.html    the picture of it

The same trace every time, byte for byte. A capsule may be
edited: what is no longer possible is skipped, and how much was
followed is told. On a terminal --step goes one step at a time:
Enter next, b back, q quit.

Exit codes: 0 clean, 1 a promise is broken, 2 usage or a file
that cannot be read, 4 stale: nothing is broken, but not all of
the capsule was followed, so that says nothing.")]
pub struct ReplayArgs {
    /// A seed (64-bit number or full commit hash), or a capsule
    #[arg(value_name = "SEED|FILE")]
    pub what: String,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
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
  mwsim diff before.capsule after.capsule
  mwsim diff 4711 sim-failures/exact-prefix-4711.capsule

Names the settings that differ, the first decision where the
runs part, and what is seen where their traces part.

Exit codes: 0 the same, 1 they differ, 2 usage or a file that
cannot be read.")]
pub struct DiffArgs {
    /// A seed, or a capsule
    #[arg(value_name = "A")]
    pub one: String,
    /// Another
    #[arg(value_name = "B")]
    pub other: String,
    /// What is simulated, for seeds; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim explain sim-failures/exact-prefix-4711.capsule
  mwsim explain sim-failures/exact-prefix-4711.capsule --tails 1000

The beginnings of the run, each longer by one step, are run on
with random ends. The share of ends that break the same promise
jumps where the run was decided.

Exit codes: 0 explained, 1 the run breaks nothing, 2 usage or a
file that cannot be read.")]
pub struct ExplainArgs {
    /// A capsule, or a seed
    #[arg(value_name = "FILE|SEED")]
    pub what: String,
    /// How many random ends are tried after each step
    #[arg(long, value_name = "N", default_value = "100")]
    pub tails: NonZeroU32,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
}

/// Arguments of `test`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim test sim-failures/exact-prefix-4711.capsule \\
    > sim/tests/exact_prefix_4711.rs
  mwsim test 4711 --world driver --no-shrink

The test holds the decisions, the verdict, and the trace as an
inline snapshot, of the shortest run that fails in that way. It
can be committed as it is: cargo takes up a file in sim/tests by
itself, one in sim/tests/all needs a line in its main.rs. Where
what ships breaks a promise, it fails until the promise is kept.

Exit codes: 0 printed, 2 usage or a file that cannot be read.")]
pub struct TestArgs {
    /// A capsule, or a seed
    #[arg(value_name = "FILE|SEED")]
    pub what: String,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
    /// Leave a failing run as long as it is
    #[arg(long)]
    pub no_shrink: bool,
}

/// Arguments of `shrink`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim shrink sim-failures/exact-prefix-4711.capsule
  mwsim shrink 4711 --world driver --out short.capsule
  mwsim shrink 4711 --out short.capsule --others also

What can be left out is left out, and the rest made simple, as
long as the same promise is broken in the same way. The same
run always shrinks to the same capsule.

Exit codes: 0 it is short, 2 usage or a file that cannot be
read, 4 it does not fail.")]
pub struct ShrinkArgs {
    /// A seed (64-bit number or full commit hash), or a capsule
    #[arg(value_name = "SEED|FILE")]
    pub what: String,
    /// What is simulated, for a seed; a file says it itself
    #[arg(long, value_enum, default_value_t = World::Machine)]
    pub world: World,
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
    /// Where the short capsule is written [default: it is printed]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where a capsule of each other failure met on the way is written
    #[arg(long, value_name = "DIR")]
    pub others: Option<PathBuf>,
    /// The most replays
    #[arg(long, value_name = "N", default_value_t = crate::shrink::REPLAYS)]
    pub replays: u64,
}
