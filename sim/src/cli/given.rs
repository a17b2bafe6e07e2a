//! The run that a command is asked about: a seed, or a file of decisions.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use multiwatcher::testing::Subject;

use super::UsageError;
use crate::decisions::Decisions;
use crate::runner::Runner;
use crate::seed::Seed;
use crate::worlds::{Maker, World, in_world};

/// The decisions of a seed, or those of a file. What reads as a seed is one, whatever files there are.
pub(super) fn decisions(what: &str, world: World) -> Result<Decisions, UsageError> {
    let not_a_seed = match what.parse::<Seed>() {
        Ok(seed) => return Ok(in_world!(world, of_seed(seed))),
        Err(error) => error,
    };
    let path = Path::new(what);
    let file = File::open(path).map_err(|error| UsageError::NeitherSeedNorFile {
        given: what.to_owned(),
        seed: not_a_seed,
        file: error,
    })?;
    Decisions::read(BufReader::new(file)).map_err(|why| UsageError::DecisionFile { path: path.to_owned(), why })
}

fn of_seed<S: Subject>(maker: Maker<S>, seed: Seed) -> Decisions {
    Runner::of(maker).told(seed.0)
}
