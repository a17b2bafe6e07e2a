//! A run as a Rust test that can be committed as it is: the decisions, the verdict, and the trace as an inline snapshot. What
//! such a test calls stands here too.

use core::fmt::Write;
use std::io;

use multiwatcher::testing::Subject;

use crate::decisions::Decisions;
use crate::story::Story;
use crate::text::wrap;
use crate::worlds::{Maker, World, in_world};

/// What a stored run comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// `clean`, or the name of what is broken.
    pub verdict: &'static str,
    /// What was seen, and what it should have been; empty if nothing is broken.
    pub seen: String,
    /// Its trace.
    pub story: String,
}

/// Columns of a comment in a test.
const COMMENT: usize = 100;

/// Replays the text of a decision file.
///
/// # Panics
///
/// If it cannot be read, with the reason.
pub fn play(run: &str) -> Played {
    match Decisions::read(run.as_bytes()) {
        Ok(decisions) => in_world!(decisions.world(), play_in(&decisions)),
        Err(why) => panic!("the run cannot be read: {why}"),
    }
}

fn play_in<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Played {
    played(maker, decisions).expect("nobody refuses to be told")
}

fn played<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> io::Result<Played> {
    let Story { told, replayed } = Story::of(maker, decisions)?;
    let mut story = format!("world {}\n", decisions.header.world).into_bytes();
    told.iter().try_for_each(|told| told.write(&mut story))?;
    let story = String::from_utf8_lossy(&story).trim_end().to_owned();
    Ok(match replayed.broken {
        Some(broken) => Played { verdict: broken.name(), seen: broken.text, story },
        None => Played { verdict: "clean", seen: String::new(), story },
    })
}

/// Writes the test of this run.
pub fn write<S: Subject>(maker: Maker<S>, decisions: &Decisions, out: &mut dyn io::Write) -> io::Result<()> {
    let played = played(maker, decisions)?;
    let mut run = Vec::new();
    decisions.write(&mut run)?;
    let run = String::from_utf8_lossy(&run);
    let ships = matches!(decisions.world(), World::Machine | World::Driver);
    let wanted = if ships { "clean" } else { played.verdict };
    let name = format!("{}_of_seed_{}", played.verdict.replace('-', "_"), decisions.header.seed);
    write!(out, "{}", comment(&head(decisions, &played, ships)))?;
    writeln!(out, "\nuse multiwatcher_sim::ready::play;\n")?;
    writeln!(out, "#[test]\nfn {name}() {{")?;
    writeln!(out, "    let played = play(RUN);")?;
    writeln!(out, "    assert_eq!(played.verdict, \"{wanted}\", \"{{}}\", played.seen);")?;
    writeln!(out, "    insta::assert_snapshot!(played.story, @{});", literal(&indented(&played.story)))?;
    writeln!(out, "}}\n")?;
    writeln!(out, "/// The decisions: what `mwsim replay` reads.")?;
    writeln!(out, "const RUN: &str = {};", literal(&format!("\n{run}")))
}

/// What the test is about, when it passes and when it fails.
fn head(decisions: &Decisions, played: &Played, ships: bool) -> Vec<String> {
    let (world, seed) = (&decisions.header.world, decisions.header.seed);
    let name = played.verdict;
    let first = match name {
        "clean" => format!("A run of seed {seed} in the world {world} that keeps every promise."),
        name => format!("{name}, broken in the world {world} by a run of seed {seed}: {}.", played.seen),
    };
    let when = match (name, ships) {
        ("clean", _) => "The test fails when it breaks one, or when its trace is another.",
        (_, true) => "The test fails until the promise is kept. Then look at the trace once more, and accept it.",
        (_, false) => "That world has the bug planted: the test passes as long as it is found in this trace.",
    };
    vec![first, when.to_owned()]
}

fn comment(paragraphs: &[String]) -> String {
    let paragraphs: Vec<_> = paragraphs.iter().map(|paragraph| wrap(paragraph, "//! ", COMMENT)).collect();
    paragraphs.join("//!\n")
}

/// Each line with the indent of the code around it.
fn indented(story: &str) -> String {
    let mut text = String::from("\n");
    for line in story.lines() {
        writeln!(text, "    {line}").expect("a string takes all that is written");
    }
    text + "    "
}

/// A raw string with as many hashes as it needs.
fn literal(text: &str) -> String {
    let mut hashes = String::new();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}
