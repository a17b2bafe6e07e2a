//! A failure as a page for the terminal.

use std::io::Write;

use super::ledger::{Line, Party};
use super::run::Failure;
use crate::text::{COLUMNS, wrap};

/// Characters of a line of the trace that are shown.
const SHOWN: usize = 240;

/// Writes the page of a failure.
pub fn write(failure: &Failure, out: &mut dyn Write) -> std::io::Result<()> {
    let Failure { seed, party, broken, at, said, world } = failure;
    writeln!(out, "BROKEN  {}", broken.promise.name())?;
    write!(out, "{}", wrap(broken.promise.in_words(), "  ", COLUMNS))?;
    writeln!(out, "seed {seed}, world net, at {} ms", at.as_millis())?;
    write!(out, "{}", wrap(&broken.what, "  ", COLUMNS))?;
    if let Party::Client(client) = party {
        writeln!(out, "\nlast of client {client}")?;
        lines(said, out)?;
    }
    writeln!(out, "\nlast of the world")?;
    lines(world, out)?;
    writeln!(out, "\nA run of this world is not made shorter: its seed is all there is.")?;
    writeln!(out, "replay: cargo sim run --world net --seeds {}", range(*seed))
}

fn range(seed: u64) -> String {
    // The last seed of all has none beyond it, and no range of seeds holds it.
    format!("{seed}..{}", seed.saturating_add(1))
}

fn lines(lines: &[Line], out: &mut dyn Write) -> std::io::Result<()> {
    for Line { at, what } in lines {
        let mut shown: String = what.chars().take(SHOWN).collect();
        if shown.len() < what.len() {
            shown.push_str(" ...");
        }
        write!(out, "{}", wrap(&format!("{:>5} {shown}", at.as_millis()), "  ", COLUMNS))?;
    }
    Ok(())
}
