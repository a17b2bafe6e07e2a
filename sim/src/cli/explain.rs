//! `mwsim explain`: which step of a failing run decides.

use std::io::Write;

use multiwatcher::testing::Subject;

use super::args::ExplainArgs;
use super::{BROKEN, CLEAN, UsageError, given};
use crate::decisions::Decisions;
use crate::explain;
use crate::worlds::{Maker, in_world};

/// Prints the chart; the exit code says whether there was something to explain.
pub(super) fn explain(args: &ExplainArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = given::decisions(&args.what, args.world, &args.drawing)?;
    in_world!(decisions.world(), explain_in(&decisions, args.tails.get(), out))
}

fn explain_in<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    tails: u32,
    out: &mut dyn Write,
) -> Result<u8, UsageError> {
    let Some(explained) = explain::explain(maker, decisions, tails)? else {
        writeln!(out, "the run breaks nothing: there is no step to explain")?;
        return Ok(BROKEN);
    };
    explained.write(out)?;
    Ok(CLEAN)
}
