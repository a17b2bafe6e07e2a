//! `mwsim replay`: one run told step by step, the same bytes every time; walked through, or drawn.

use std::io::{BufRead, Write};

use multiwatcher::testing::Subject;

use super::args::ReplayArgs;
use super::{BROKEN, CLEAN, STALE, UsageError, given, picture, walk};
use crate::decisions::Decisions;
use crate::page;
use crate::replay::Verdict;
use crate::text::wrap;
use crate::trace::{self, Replayed};
use crate::worlds::{Maker, in_world};

/// Prints the trace; the exit code says whether something is broken. `keys` is where somebody types, if anybody does.
pub(super) fn replay(args: &ReplayArgs, keys: Option<&mut dyn BufRead>, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = given::decisions(&args.what, args.world, &args.drawing)?;
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
    let &Replayed { made, followed, skipped, hash, ref broken } = replayed;
    writeln!(out, "steps {made}, followed {followed} of {}, hash {hash:016x}", followed + skipped)?;
    let written = decisions.header.broken.as_str();
    let verdict = Verdict::of(written, broken.as_ref(), skipped);
    if let Some(broken) = broken {
        writeln!(out, "BROKEN  {} at step {}", broken.name(), broken.step)?;
        if verdict == Verdict::Otherwise {
            writeln!(out, "  and not {written}, for which it was written")?;
        }
        write!(out, "{}", wrap(broken.promise_in_words(), "  ", page::WIDTH))?;
        write!(out, "{}", wrap(&broken.text, "  ", page::WIDTH))?;
    } else if verdict == Verdict::Stale {
        writeln!(out, "STALE  followed {followed} of {}: this says nothing", followed + skipped)?;
    } else if written.is_empty() {
        writeln!(out, "clean")?;
    } else {
        writeln!(out, "clean: {written} is not broken here")?;
    }
    Ok(match verdict {
        Verdict::Clean => CLEAN,
        Verdict::AsWritten | Verdict::Otherwise => BROKEN,
        Verdict::Stale => STALE,
    })
}
