//! The arguments and their help texts.

mod campaigns;
mod failures;

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use multiwatcher::testing::{Families, Family, Subject};

use crate::runner::{Runner, Terms};
use crate::scenario::Scenario;
use crate::schedulers::Kind;
use crate::seed::{Seed, SeedRange};
use crate::worlds::{Maker, World};

pub(super) use campaigns::{CheckArgs, ExploreArgs, RunArgs, ZooArgs};
pub(super) use failures::{DiffArgs, ExplainArgs, ReplayArgs, ShrinkArgs, TestArgs};

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
        self.terms(None).runner(maker)
    }

    /// The same with a scenario, for a campaign and for its canary.
    pub fn terms(&self, scenario: Option<&Arc<Scenario>>) -> Terms {
        let without = self.without.iter().copied().collect();
        Terms { scheduler: self.scheduler, without, scenario: scenario.cloned() }
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
