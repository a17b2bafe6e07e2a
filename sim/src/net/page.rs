//! A failure as a page for the terminal.

use std::io::Write;

use serde_json::Value;

use super::history::{Told, in_short, shown};
use super::ledger::{Line, Party};
use super::run::Failure;
use crate::text::{COLUMNS, wrap};

/// Characters of a line of the trace that are shown.
const SHOWN: usize = 400;

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
        let text = wrap(&short(what), "          ", COLUMNS);
        write!(out, "  {:>6}  {}", at.as_millis(), text.trim_start())?;
    }
    Ok(())
}

/// A line of the trace with what matters of a reply: the deltas, and the marks they carry.
fn short(what: &str) -> String {
    let reply = what.strip_prefix("< ").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(reply) = reply else { return cut(what) };
    let number = &reply["request-id"];
    let response = &reply["response"];
    let said = match (reply.get("error"), response["deltas"].as_array(), response.get("watcher-id")) {
        (Some(error), _, _) => format!("error {error}"),
        (None, Some(deltas), _) if deltas.is_empty() => "no deltas".to_owned(),
        (None, Some(deltas), _) => deltas.iter().map(delta).collect::<Vec<_>>().join(", "),
        (None, None, Some(id)) => format!("watcher {id}"),
        (None, None, None) => "done".to_owned(),
    };
    cut(&format!("< {number} {said}"))
}

fn delta(delta: &Value) -> String {
    match Told::read(delta) {
        Ok(Told { id, is_removed: true, .. }) => format!("{} gone", in_short(&id)),
        Ok(Told { id, is_removed: false, mark }) => format!("{}={}", in_short(&id), shown(&mark)),
        Err(_) => delta.to_string(),
    }
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown} ...") } else { shown }
}
