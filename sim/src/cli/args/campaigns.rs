//! Arguments of what runs many seeds or many schedules.

use core::num::{NonZeroU32, NonZeroUsize};
use core::time::Duration;
use std::path::PathBuf;

use clap::Args;

use super::{Drawing, Reporting, WIDTH};
use crate::schedulers::Kind;
use crate::seed::{Seed, SeedRange};
use crate::worlds::{Runnable, World};
use crate::zoo::{Bug, table};

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim run --time 1m
  mwsim run --seeds 0..100000 --jobs 1
  mwsim run --scheduler pct2
  mwsim run --start $(git rev-parse HEAD) --time 30s
  mwsim run --without rewinds,stops --world machine
  mwsim run --scenario sim/scenarios/pruned_log.toml
  mwsim run --world net --seeds 0..200

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

First the corpus of capsules is replayed against what ships. A
failing run is made short and written to the failures folder,
and its page ends with the command that replays it.

A subject that breaks a promise as soon as somebody has read,
the canary, is run before each world, with the same flags. If
that is not seen, nothing is.

The world net is slow, some tens of seeds a second, and is run
when it is named. It has no capsules and takes no scenario: a
failing seed is told as it is, with the command that runs it.

Exit codes: 0 clean, 1 a promise is broken or a checker had
nothing to decide in 10,000 seeds, 2 usage, 3 something was
never reached that 10,000 seeds and more should reach, or the
situation of a scenario did not occur, 5 the canary was not
found.")]
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
    pub world: Option<Runnable>,
    /// How seeds are drawn
    #[command(flatten)]
    pub drawing: Drawing,
    /// Print the summary as one JSON object per world
    #[arg(long)]
    pub json: bool,
    /// What is done with a failure
    #[command(flatten)]
    pub reporting: Reporting,
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

/// Arguments of `explore`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim explore --scope sim/scopes/restart-and-stop.toml
  mwsim explore --scope sim/scopes/kill-and-drop.toml --jobs 2
  mwsim explore --scope mine.toml --world driver+z26

States with equal futures are tried once, so a small scope comes
to an end: it closes. The first failure found is a shortest one;
it is written to the failures folder, and its page ends with the
command that replays it.

A scope file may say how many states to expect of its own world,
and within what time; that is looked at unless the search is cut
off or not merged.

Exit codes: 0 closed and clean, 1 a promise is broken, 2 usage
or a scope that cannot be read, 3 clean, but not closed, with
another number of states than the scope file expects, or late.")]
pub struct ExploreArgs {
    /// What there is and what may happen, in TOML
    #[arg(long, value_name = "FILE")]
    pub scope: PathBuf,
    /// What is searched [default: what the scope says]
    #[arg(long, value_enum)]
    pub world: Option<World>,
    /// Workers; the outcome is the same with any number [default: one per core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Try no run of more operations [default: until no run reaches a new state]
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Do not merge runs: what the merging is checked against
    #[arg(long)]
    pub unmerged: bool,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
    /// What is done with a failure
    #[command(flatten)]
    pub reporting: Reporting,
}

/// Arguments of `zoo`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim zoo
  mwsim zoo z7 z26 --starts 1
  mwsim zoo z13 --scheduler pct3
  mwsim zoo --table sim/zoo.jsonl --time 10m
  mwsim zoo --table sim/zoo.jsonl --markdown > sim/ZOO.md
  mwsim run --world driver+z26     a failing run, and its page

Each bug is hunted in the machine world and in the driver world,
one of the driver itself in that alone: with all checkers, and
with the checkers of the promises alone that it breaks.

With --table each is hunted under every scheduler, and what each
trial comes to is kept in a file. The same command goes on where
it stopped, and prints the table as far as it is.

Exit codes: 0 all found, or a table; 1 one was not found in some
hunt; 2 usage; 5 the canary, which is looked for before a table
is filled, was not found.")]
pub struct ZooArgs {
    /// The bugs [default: all]
    #[arg(value_name = "BUG", value_parser = bug, hide_possible_values = true)]
    pub bugs: Vec<Bug>,
    /// Hunt among these seeds, the last one excluded; further hunts have as many, one after the other
    #[arg(long, value_name = "A..B", default_value = "0..20000", conflicts_with = "table")]
    pub seeds: SeedRange,
    /// How many hunts
    #[arg(long, value_name = "N", default_value = "10", conflicts_with = "table")]
    pub starts: NonZeroU32,
    /// Who says who moves [default: each seed draws one]
    #[arg(long, value_name = "NAME", value_enum, conflicts_with = "table")]
    pub scheduler: Option<Kind>,
    /// Workers [default: one per core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print one JSON array
    #[arg(long, conflicts_with = "table")]
    pub json: bool,
    /// Fill the control table that is kept in this file, and print it
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// Begin no trial of the table after this time [default: go on until it is done]
    #[arg(long, value_name = "TIME", value_parser = crate::text::duration, requires = "table")]
    pub time: Option<Duration>,
    /// Trials of each cell of the table
    #[arg(long, value_name = "N", default_value = "30", requires = "table",
        value_parser = clap::value_parser!(u32).range(10..=1000))]
    pub trials: u32,
    /// Schedules after which a trial ends
    #[arg(long, value_name = "N", default_value = "200000", requires = "table",
        value_parser = clap::value_parser!(u64).range(1..=table::SPAN))]
    pub most: u64,
    /// Print what is known of the table as Markdown, and hunt nothing
    #[arg(long, requires = "table", conflicts_with = "time")]
    pub markdown: bool,
}

fn bug(text: &str) -> Result<Bug, String> {
    let named = Bug::ALL.iter().find(|bug| bug.name() == text);
    named.copied().ok_or_else(|| "expected a bug such as z7; without any, all are hunted".to_owned())
}
