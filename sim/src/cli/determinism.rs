//! `mwsim check-determinism`: the same seeds run twice here, in another process, and on other numbers of cores.

use core::num::NonZeroUsize;
use std::io::Write;
use std::process::Command;

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::Val;

use super::args::{CheckArgs, HashesArgs};
use super::{BROKEN, CLEAN, UsageError};
use crate::campaign::{self, Campaign, Seeds};
use crate::runner::Runner;
use crate::seed::SeedRange;
use crate::tally::Tally;
use crate::text::number;

type Machine = StoreManager<Val>;

/// Numbers of jobs whose campaigns are compared.
const JOBS: [usize; 3] = [1, 2, 5];

/// Compares; the exit code says whether there is a difference.
pub(super) fn check(args: &CheckArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let seeds = &args.seeds;
    let first = seed_hashes(seeds);
    writeln!(out, "{} seeds, hash {:016x}", number(seeds.count()), campaign(seeds, 1).0)?;
    if let Some(code) = compare(seeds, &first, &seed_hashes(seeds), "run twice", steps_here, out)? {
        return Ok(code);
    }
    let other = ask(&["hashes", "--seeds", &seeds.to_string()])?;
    if let Some(code) = compare(seeds, &first, &other, "in two processes", steps_elsewhere, out)? {
        return Ok(code);
    }
    let alone = campaign(seeds, JOBS[0]);
    for jobs in &JOBS[1..] {
        if campaign(seeds, *jobs) != alone {
            writeln!(out, "DIFFERENT  with {jobs} jobs than with {}: hash or summary", JOBS[0])?;
            return Ok(BROKEN);
        }
    }
    writeln!(out, "same  with 1, 2 and 5 jobs, summaries too")?;
    Ok(CLEAN)
}

/// Prints one hash per line, for whoever compares them.
pub(super) fn hashes(args: &HashesArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let hashes = match (&args.steps_of, &args.seeds) {
        (Some(seed), _) => step_hashes(seed.0),
        (None, Some(seeds)) => seed_hashes(seeds),
        (None, None) => Vec::new(),
    };
    for hash in hashes {
        writeln!(out, "{hash:016x}")?;
    }
    Ok(CLEAN)
}

/// Says that two lists of hashes are the same, or where the first differing seed parts.
fn compare(
    seeds: &SeedRange,
    one: &[u64],
    other: &[u64],
    how: &str,
    other_steps: fn(u64) -> Result<Vec<u64>, UsageError>,
    out: &mut dyn Write,
) -> Result<Option<u8>, UsageError> {
    let Some(at) = first_difference(one, other) else {
        writeln!(out, "same  {how}")?;
        return Ok(None);
    };
    let seed = seeds.first() + at as u64;
    match first_difference(&step_hashes(seed), &other_steps(seed)?) {
        Some(step) => writeln!(out, "DIFFERENT  {how}: seed {seed} parts at step {step}")?,
        None => writeln!(out, "DIFFERENT  {how}: seed {seed}, but not when run again")?,
    }
    writeln!(out, "replay: cargo sim replay {seed}")?;
    Ok(Some(BROKEN))
}

/// The first place where two lists differ, an end included.
pub(super) fn first_difference(one: &[u64], other: &[u64]) -> Option<usize> {
    let common = one.iter().zip(other).position(|(one, other)| one != other);
    common.or_else(|| (one.len() != other.len()).then(|| one.len().min(other.len())))
}

fn seed_hashes(seeds: &SeedRange) -> Vec<u64> {
    let mut runner = Runner::<Machine>::new();
    (seeds.first()..seeds.end())
        .map(|seed| match runner.run(seed, &mut Tally::default()) {
            Ok(hash) => hash,
            // A broken promise is not what is asked about here, but it must break the same way.
            Err(failure) => failure.broken.fold(),
        })
        .collect()
}

fn step_hashes(seed: u64) -> Vec<u64> {
    Runner::<Machine>::new().hashes(seed)
}

fn steps_here(seed: u64) -> Result<Vec<u64>, UsageError> {
    Ok(step_hashes(seed))
}

fn steps_elsewhere(seed: u64) -> Result<Vec<u64>, UsageError> {
    ask(&["hashes", "--steps-of", &seed.to_string()])
}

fn campaign(seeds: &SeedRange, jobs: usize) -> (u64, u64, Tally) {
    let jobs = NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN);
    let outcome = campaign::run(&Campaign { seeds: Seeds::Range(seeds.clone()), jobs }, Runner::<Machine>::new, |_| ());
    (outcome.hash, outcome.seeds, outcome.tally)
}

/// Asks another process of this program.
fn ask(args: &[&str]) -> Result<Vec<u64>, UsageError> {
    let failed = |what: String| UsageError::OtherProcess(what);
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let output = Command::new(program).args(args).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| u64::from_str_radix(line, 16).map_err(|_| failed(format!("expected a hash, got {line:?}"))))
        .collect()
}
