//! The canary: a client that is wrong in every run, to see that the oracles see.

use std::io::Write;

use super::bugs::Bug;
use super::run::run;
use super::witness::Promise;
use crate::text::{COLUMNS, wrap};

/// So many seeds are tried: not in each of them does an entity die.
const SEEDS: u64 = 8;

/// A canary that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Which promise it broke.
    pub promise: Promise,
    /// In which seed.
    pub seed: u64,
}

/// Runs clients that take removals for changes, from this seed on; `None` if nobody noticed.
pub fn found(first: u64) -> Option<Found> {
    (first..first.saturating_add(SEEDS)).find_map(|seed| {
        let failure = run(seed, Bug::KeepsRemoved).failure?;
        Some(Found { promise: failure.broken.promise, seed })
    })
}

/// Says that it was not found.
pub fn write_void(first: u64, json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    if json {
        let verdict = serde_json::json!({ "world": "net", "clean": false, "void": "the canary was not found" });
        return writeln!(out, "{verdict}");
    }
    writeln!(out, "VOID  world net")?;
    let text = format!(
        "clients that take removals for changes were run from seed {first} on, and no oracle saw it: whatever is run here, nothing \
         is known of it"
    );
    write!(out, "{}", wrap(&text, "  ", COLUMNS))
}
