//! What is done with a failure, whoever found it: it is made short, kept, told, and drawn if that was asked for.

use std::io::Write;

use multiwatcher::testing::Subject;

use super::args::Reporting;
use super::shrink::{save, summary};
use super::{UsageError, picture};
use crate::clock::Stopwatch;
use crate::decisions::Header;
use crate::page;
use crate::runner::Failure;
use crate::shrink;
use crate::story::Story;
use crate::worlds::Maker;

/// Shrinks the failure, writes its capsule to a file and its page to `out`. With these flags its seed makes it again.
pub(super) fn report<S: Subject>(
    maker: Maker<S>,
    failure: &Failure,
    args: &Reporting,
    flags: &str,
    out: &mut dyn Write,
) -> Result<(), UsageError> {
    let watch = Stopwatch::start();
    let shrunk = if args.no_shrink { None } else { shrink::shrink(maker, &failure.decisions, shrink::REPLAYS) };
    writeln!(out)?;
    let (decisions, broken) = match &shrunk {
        Some(shrunk) => {
            summary(shrunk, watch.elapsed(), out)?;
            writeln!(out)?;
            (&shrunk.decisions, &shrunk.broken)
        }
        None => (&failure.decisions, &failure.broken),
    };
    let Header { seed, world, .. } = &decisions.header;
    let path = args.failures.join(format!("{}-{seed}.capsule", broken.name()));
    let command = match save(decisions, &path) {
        Ok(()) => format!("replay: cargo sim replay {}", path.display()),
        Err(error) => {
            let folder = args.failures.display();
            format!(
                "the capsule could not be written to {folder}: {error}\nreplay: cargo sim replay {seed} --world \
                 {world}{flags}"
            )
        }
    };
    page::write(maker, decisions, broken, &command, out)?;
    if let Some(path) = &args.html {
        picture::write(decisions, &Story::of(maker, decisions)?, path)?;
        writeln!(out, "picture: {}", path.display())?;
    }
    Ok(())
}
