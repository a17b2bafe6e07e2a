//! The run that a command is asked about: a seed, or a file of decisions.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use multiwatcher::testing::Subject;

use super::UsageError;
use super::args::Drawing;
use crate::decisions::Decisions;
use crate::replay::Replayer;
use crate::seed::Seed;
use crate::worlds::{Maker, World, in_world};

/// The decisions of a seed in this world, drawn so, or those of a file. What reads as a seed is one, whatever files there are.
pub(super) fn decisions(what: &str, world: World, drawing: &Drawing) -> Result<Decisions, UsageError> {
    let not_a_seed = match what.parse::<Seed>() {
        Ok(seed) => return Ok(in_world!(world, of_seed(seed, drawing))),
        Err(error) => error,
    };
    let path = Path::new(what);
    let file = File::open(path).map_err(|error| UsageError::NeitherSeedNorFile {
        given: what.to_owned(),
        seed: not_a_seed,
        file: error,
    })?;
    let read = Decisions::read(BufReader::new(file));
    let read = read.map_err(|why| UsageError::DecisionFile { path: path.to_owned(), why })?;
    Ok(in_world!(read.world(), completed(read)))
}

fn completed<S: Subject>(maker: Maker<S>, read: Decisions) -> Decisions {
    Replayer::of(maker).completed(read)
}

fn of_seed<S: Subject>(maker: Maker<S>, seed: Seed, drawing: &Drawing) -> Decisions {
    drawing.runner(maker).told(seed.0)
}
