//! `mwsim test`: a run as a test to commit.

use std::io::Write;

use multiwatcher::testing::Subject;

use super::args::TestArgs;
use super::{CLEAN, UsageError, given};
use crate::decisions::Decisions;
use crate::ready;
use crate::worlds::{Maker, in_world};

/// Prints the test.
pub(super) fn test(args: &TestArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = given::decisions(&args.what, args.world, &args.drawing)?;
    in_world!(decisions.world(), write(&decisions, out))
}

fn write<S: Subject>(maker: Maker<S>, decisions: &Decisions, out: &mut dyn Write) -> Result<u8, UsageError> {
    ready::write(maker, decisions, out)?;
    Ok(CLEAN)
}
