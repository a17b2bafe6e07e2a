//! The arguments and their help texts.

use core::num::{NonZeroU32, NonZeroUsize};
use core::time::Duration;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use multiwatcher::testing::{Families, Family, Subject};

use crate::runner::Runner;
use crate::schedulers::Kind;
use crate::seed::{Seed, SeedRange};
use crate::worlds::{Maker, World};
use crate::zoo::{Bug, table};

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
  mwsim shrink 4711             a failing seed made short
  mwsim check-determinism

Exit codes: 0 clean, 1 a promise is broken, 2 usage, 3 a
campaign did not reach what it should, 4 a stale capsule, 5 the
canary was not found.")]
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
    /// Print the trace of one seed or of one capsule
    Replay(ReplayArgs),
    /// Make a failing run short
    Shrink(ShrinkArgs),
    /// Say where two runs part
    Diff(DiffArgs),
    /// Say which step of a failing run decides
    Explain(ExplainArgs),
    /// Print a run as a Rust test
    Test(TestArgs),
    /// Run seeds twice, in two processes, and with other numbers of jobs, and compare
    CheckDeterminism(CheckArgs),
    /// Try every order of everything that a small scope lets happen
    Explore(ExploreArgs),
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
  mwsim run --scheduler pct2
  mwsim run --start $(git rev-parse HEAD) --time 30s
  mwsim run --without rewinds,stops --world machine
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

First the corpus of capsules is replayed against what ships. A
failing run is made short and written to the failures folder,
and its page ends with the command that replays it.

A subject that breaks a promise at once, the canary, is run
before each world. If that is not seen, nothing is.

Exit codes: 0 clean, 1 a promise is broken or a checker had
nothing to decide in 10,000 seeds, 2 usage, 3 something was
never reached that 20,000 seeds and more should reach, or the
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
    pub world: Option<World>,
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

/// What is done with a failure.
#[derive(Debug, Clone, Args)]
pub struct Reporting {
    /// Where the capsule of a failing run is written
    #[arg(long, value_name = "DIR", default_value = "sim-failures")]
    pub failures: PathBuf,
    /// Leave a failing run as long as it was
    #[arg(long)]
    pub no_shrink: bool,
    /// Where the picture of a failing run is drawn
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
}

/// How seeds are drawn. A seed must be replayed with what it was run with.
#[derive(Debug, Clone, Default, Args)]
pub struct Drawing {
    /// Who says who moves [default: each seed draws one]
    #[arg(long, value_name = "NAME", value_enum)]
    pub scheduler: Option<Kind>,
    /// Leave these out of every seed, besides what it leaves out of its own accord
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = family())]
    pub without: Vec<Family>,
}

impl Drawing {
    /// A runner that draws seeds so.
    pub fn runner<S: Subject>(&self, maker: Maker<S>) -> Runner<S> {
        let runner = Runner::of(maker).without(self.without.iter().copied().collect());
        if let Some(kind) = self.scheduler { runner.scheduled_by(kind) } else { runner }
    }

    /// The flags that say the same, each after a space.
    pub fn flags(&self) -> String {
        let scheduler = self.scheduler.map(|kind| format!(" --scheduler {kind}")).unwrap_or_default();
        let without: Families = self.without.iter().copied().collect();
        if without.is_empty() { scheduler } else { format!("{scheduler} --without {without}") }
    }
}

/// A family by its name.
fn family() -> impl TypedValueParser<Value = Family> {
    PossibleValuesParser::new(Family::ALL.iter().map(|family| family.name()))
        .map(|name| Family::named(&name).expect("only names of families are let through"))
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
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
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
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
}

/// Arguments of `test`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim test sim-failures/exact-prefix-4711.jsonl \\
    > tests/exact_prefix_4711.rs

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
    /// How a seed is drawn
    #[command(flatten)]
    pub drawing: Drawing,
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

A scope file may say how many states to expect of its own world;
then the search counts them, unless it is cut off or not merged.

Exit codes: 0 closed and clean, 1 a promise is broken, 2 usage
or a scope that cannot be read, 3 clean, but not closed or with
another number of states than the scope file expects.")]
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
with all checkers, and with the checkers of the promises alone
that it breaks.

With --table each is hunted under every scheduler, and what each
trial comes to is kept in a file. The same command goes on where
it stopped, and prints the table as far as it is.

Exit codes: 0 all found, or a table; 1 one was not found in some
hunt; 2 usage; 4 the canary was not found.")]
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
