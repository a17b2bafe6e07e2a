//! `mwsim check-determinism`: the same seeds run twice here, in another process, and on other numbers of cores.

use core::num::NonZeroUsize;
use std::io::Write;
use std::process::Command;

use multiwatcher::testing::Subject;

use super::args::{CheckArgs, HashesArgs};
use super::{BROKEN, CLEAN, UsageError};
use crate::campaign::{self, Campaign, Seeds};
use crate::runner::Runner;
use crate::seed::SeedRange;
use crate::tally::Tally;
use crate::text::number;
use crate::worlds::{Maker, World, in_world};

/// Numbers of jobs whose campaigns are compared.
const JOBS: [usize; 3] = [1, 2, 5];

/// Compares; the exit code says whether there is a difference.
pub(super) fn check(args: &CheckArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    for (place, world) in World::chosen(args.world).iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        let code = in_world!(*world, check_in(&args.seeds, out))?;
        if code != CLEAN {
            return Ok(code);
        }
    }
    Ok(CLEAN)
}

/// Prints one hash per line, for whoever compares them.
pub(super) fn hashes(args: &HashesArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let hashes = match (&args.steps_of, &args.seeds) {
        (Some(seed), _) => in_world!(args.world, step_hashes(seed.0)),
        (None, Some(seeds)) => in_world!(args.world, seed_hashes(seeds)),
        (None, None) => Vec::new(),
    };
    for hash in hashes {
        writeln!(out, "{hash:016x}")?;
    }
    Ok(CLEAN)
}

fn check_in<S: Subject + Send>(maker: Maker<S>, seeds: &SeedRange, out: &mut dyn Write) -> Result<u8, UsageError> {
    let world = maker.world.name();
    let first = seed_hashes(maker, seeds);
    let alone = campaign(maker, seeds, JOBS[0]);
    writeln!(out, "{} seeds, world {world}, hash {:016x}", number(seeds.count()), alone.0)?;
    let here = |seed: u64| Ok(step_hashes(maker, seed));
    if let Some(code) = compare(maker, seeds, &first, &seed_hashes(maker, seeds), "run twice", &here, out)? {
        return Ok(code);
    }
    let other = ask(&["hashes", "--world", world, "--seeds", &seeds.to_string()])?;
    let elsewhere = |seed: u64| ask(&["hashes", "--world", world, "--steps-of", &seed.to_string()]);
    if let Some(code) = compare(maker, seeds, &first, &other, "in two processes", &elsewhere, out)? {
        return Ok(code);
    }
    for jobs in &JOBS[1..] {
        if campaign(maker, seeds, *jobs) != alone {
            writeln!(out, "DIFFERENT  with {jobs} jobs than with {}: hash or summary", JOBS[0])?;
            return Ok(BROKEN);
        }
    }
    writeln!(out, "same  with 1, 2 and 5 jobs, summaries too")?;
    Ok(CLEAN)
}

/// How the hashes of one seed's steps are had in the other place.
type Steps<'a> = &'a dyn Fn(u64) -> Result<Vec<u64>, UsageError>;

/// Says that two lists of hashes are the same, or where the first differing seed parts.
fn compare<S: Subject>(
    maker: Maker<S>,
    seeds: &SeedRange,
    one: &[u64],
    other: &[u64],
    how: &str,
    other_steps: Steps<'_>,
    out: &mut dyn Write,
) -> Result<Option<u8>, UsageError> {
    let Some(at) = first_difference(one, other) else {
        writeln!(out, "same  {how}")?;
        return Ok(None);
    };
    let seed = seeds.first() + at as u64;
    match first_difference(&step_hashes(maker, seed), &other_steps(seed)?) {
        Some(step) => writeln!(out, "DIFFERENT  {how}: seed {seed} parts at step {step}")?,
        None => writeln!(out, "DIFFERENT  {how}: seed {seed}, but not when run again")?,
    }
    writeln!(out, "replay: cargo sim replay {seed}")?;
    Ok(Some(BROKEN))
}

/// The first place where two lists differ, an end included.
fn first_difference(one: &[u64], other: &[u64]) -> Option<usize> {
    let common = one.iter().zip(other).position(|(one, other)| one != other);
    common.or_else(|| (one.len() != other.len()).then(|| one.len().min(other.len())))
}

fn seed_hashes<S: Subject>(maker: Maker<S>, seeds: &SeedRange) -> Vec<u64> {
    let mut runner = Runner::of(maker);
    (seeds.first()..seeds.end())
        .map(|seed| match runner.run(seed, &mut Tally::default()) {
            Ok(hash) => hash,
            // A broken promise is not what is asked about here, but it must break the same way.
            Err(failure) => failure.broken.fold(),
        })
        .collect()
}

/// The hash at the beginning and after each step.
fn step_hashes<S: Subject>(maker: Maker<S>, seed: u64) -> Vec<u64> {
    Runner::of(maker).hashes(seed)
}

fn campaign<S: Subject + Send>(maker: Maker<S>, seeds: &SeedRange, jobs: usize) -> (u64, u64, Tally) {
    let jobs = NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN);
    let outcome = campaign::run(&Campaign { seeds: Seeds::Range(seeds.clone()), jobs }, || Runner::of(maker), |_| ());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_a_step_or_the_end_of_one() {
        assert_eq!(first_difference(&[1, 2, 3], &[1, 2, 3]), None);
        assert_eq!(first_difference(&[1, 2, 3], &[1, 9, 3]), Some(1));
        assert_eq!(first_difference(&[1, 2, 3], &[1, 2]), Some(2));
    }
}
