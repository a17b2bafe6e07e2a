//! `mwsim replay`: one run told step by step, the same bytes every time; walked through, or drawn.

use std::io::{BufRead, Write};

use multiwatcher::testing::Subject;

use super::args::ReplayArgs;
use super::{BROKEN, CLEAN, UsageError, given, picture, walk};
use crate::decisions::Decisions;
use crate::page;
use crate::text::wrap;
use crate::trace::{self, Replayed};
use crate::worlds::{Maker, in_world};

/// Prints the trace; the exit code says whether something is broken. `keys` is where somebody types, if anybody does.
pub(super) fn replay(args: &ReplayArgs, keys: Option<&mut dyn BufRead>, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = given::decisions(&args.what, args.world)?;
    in_world!(decisions.world(), tell(&decisions, args, keys, out))
}

fn tell<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    args: &ReplayArgs,
    keys: Option<&mut dyn BufRead>,
    out: &mut dyn Write,
) -> Result<u8, UsageError> {
    if let Some(path) = &args.html {
        return picture::save(maker, decisions, path, out);
    }
    writeln!(out, "seed {}, world {}", decisions.header.seed, decisions.header.world)?;
    write!(out, "{}", page::drawn(&decisions.header, page::WIDTH))?;
    let replayed = if args.step {
        walk::walk(maker, decisions, keys, out)?
    } else {
        trace::replay(maker, decisions, &mut |told| told.write(out))?
    };
    writeln!(out)?;
    verdict(decisions, &replayed, out)
}

/// What the run came to.
pub(super) fn verdict(decisions: &Decisions, replayed: &Replayed, out: &mut dyn Write) -> Result<u8, UsageError> {
    writeln!(out, "steps {}, skipped {}, hash {:016x}", replayed.made, replayed.skipped, replayed.hash)?;
    let Some(broken) = &replayed.broken else {
        match decisions.header.broken.as_str() {
            "" => writeln!(out, "clean")?,
            before => writeln!(out, "clean: {before} is not broken here")?,
        }
        return Ok(CLEAN);
    };
    writeln!(out, "BROKEN  {} at step {}", broken.name(), broken.step)?;
    write!(out, "{}", wrap(broken.promise_in_words(), "  ", page::WIDTH))?;
    write!(out, "{}", wrap(&broken.text, "  ", page::WIDTH))?;
    Ok(BROKEN)
}
