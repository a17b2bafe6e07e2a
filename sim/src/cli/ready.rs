//! `mwsim test`: a run as a test to commit, made short first if it fails.

use std::io::Write;

use multiwatcher::testing::Subject;

use super::args::TestArgs;
use super::{CLEAN, UsageError, given};
use crate::decisions::Decisions;
use crate::ready;
use crate::shrink;
use crate::worlds::{Maker, in_world};

/// Prints the test.
pub(super) fn test(args: &TestArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = given::decisions(&args.what, args.world, &args.drawing)?;
    in_world!(decisions.world(), write(&decisions, args.no_shrink, out))
}

fn write<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    is_whole: bool,
    out: &mut dyn Write,
) -> Result<u8, UsageError> {
    // What breaks nothing is not shrunk.
    let shrunk = if is_whole { None } else { shrink::shrink(maker, decisions, shrink::REPLAYS) };
    ready::write(maker, shrunk.as_ref().map_or(decisions, |shrunk| &shrunk.decisions), out)?;
    Ok(CLEAN)
}
