//! `mwsim diff`: where two runs part: the first decision, and what is seen there.

use core::time::Duration;
use std::io::Write;

use multiwatcher::testing::Subject;

use super::args::DiffArgs;
use super::{BROKEN, CLEAN, UsageError, given};
use crate::decisions::Decisions;
use crate::page::WIDTH;
use crate::story::Story;
use crate::text::wrap;
use crate::trace::Told;
use crate::worlds::{Maker, in_world};

/// Columns before what is compared.
const INDENT: &str = "     ";

/// Compares; the exit code says whether the runs are the same.
pub(super) fn diff(args: &DiffArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let [one, other] = [&args.one, &args.other].map(|what| given::decisions(what, args.world, &args.drawing));
    let (one, other) = (one?, other?);
    let stories = [&one, &other].map(|decisions| in_world!(decisions.world(), story(decisions)));
    let [story, other_story] = stories;
    let (story, other_story) = (story?, other_story?);
    head("A", &args.one, &one, &story, out)?;
    head("B", &args.other, &other, &other_story, out)?;
    let mut differs = headers(&one, &other, out)?;
    differs |= decisions(&one, &other, [&story, &other_story], out)?;
    differs |= traces(&story, &other_story, out)?;
    if !differs {
        writeln!(out, "\nthe same {} steps, hash {:016x}", story.replayed.made, story.replayed.hash)?;
    }
    Ok(if differs { BROKEN } else { CLEAN })
}

fn story<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> std::io::Result<Story> {
    Story::of(maker, decisions)
}

fn head(name: &str, given: &str, decisions: &Decisions, story: &Story, out: &mut dyn Write) -> std::io::Result<()> {
    let verdict = story.replayed.broken.as_ref().map_or("clean", |broken| broken.name());
    writeln!(out, "{name}    {given}")?;
    writeln!(out, "{INDENT}world {}, {} steps, {verdict}", decisions.header.world, story.replayed.made)
}

/// What was drawn once: the world, and the regime, setting by setting.
fn headers(one: &Decisions, other: &Decisions, out: &mut dyn Write) -> Result<bool, UsageError> {
    let (a, b) = (&one.header, &other.header);
    if a.world != b.world {
        writeln!(out, "\nthe worlds differ: A {}, B {}", a.world, b.world)?;
    }
    let (mut from, mut to) = (Vec::new(), Vec::new());
    flatten("", &json(&a.regime)?, &mut from);
    flatten("", &json(&b.regime)?, &mut to);
    let value = |all: &[(String, String)], name: &str| {
        all.iter().find(|(other, _)| other == name).map_or("nothing".to_owned(), |(_, value)| value.clone())
    };
    let mut names: Vec<_> = from.iter().chain(&to).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let parts: Vec<_> = names
        .into_iter()
        .map(|name| (name, value(&from, name), value(&to, name)))
        .filter(|(_, a, b)| a != b)
        .map(|(name, a, b)| format!("{name} {a}, not {b}"))
        .collect();
    if !parts.is_empty() {
        writeln!(out, "\nthe regimes differ: A has")?;
        write!(out, "{}", wrap(&parts.join("; "), INDENT, WIDTH))?;
    }
    Ok(a.world != b.world || !parts.is_empty())
}

fn json(regime: &multiwatcher::testing::Regime) -> Result<serde_json::Value, UsageError> {
    serde_json::to_value(regime).map_err(|error| UsageError::from(std::io::Error::from(error)))
}

/// Every setting with its path.
fn flatten(path: &str, value: &serde_json::Value, into: &mut Vec<(String, String)>) {
    match value {
        // How a time is stored is no help to whoever reads it.
        serde_json::Value::Object(fields) if fields.contains_key("nanos") => {
            let part = |name: &str| fields.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            let time = Duration::from_secs(part("secs")) + Duration::from_nanos(part("nanos"));
            into.push((path.to_owned(), format!("{time:?}")));
        }
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, into);
            }
        }
        serde_json::Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| value.to_string().replace('"', "")).collect();
            into.push((path.to_owned(), values.join(" ").to_lowercase()));
        }
        serde_json::Value::Null => into.push((path.to_owned(), "none".to_owned())),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => {
            into.push((path.to_owned(), value.to_string().replace('"', "")));
        }
    }
}

/// The first decision that is another one.
fn decisions(
    one: &Decisions,
    other: &Decisions,
    stories: [&Story; 2],
    out: &mut dyn Write,
) -> Result<bool, UsageError> {
    let (a, b) = (&one.operations, &other.operations);
    let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    if at == a.len() && at == b.len() {
        if one.healing != other.healing {
            let told = |healing: Option<usize>| healing.map_or("never".to_owned(), |at| format!("after step {at}"));
            writeln!(out, "\nthe healing begins: A {}, B {}", told(one.healing), told(other.healing))?;
        }
        return Ok(one.healing != other.healing);
    }
    writeln!(out, "\nthe decisions part at step {}", at + 1)?;
    for ((name, decisions), story) in [("A", one), ("B", other)].into_iter().zip(stories) {
        let told = story.told.iter().find(|told| told.step == at + 1);
        let what = match (told, decisions.operations.get(at)) {
            (Some(told), _) => format!("{:<8} {}", told.who, told.what),
            (None, Some(operation)) => format!("not made: {}", serde_json::to_string(operation).unwrap_or_default()),
            (None, None) => "the end".to_owned(),
        };
        writeln!(out, "{name}    {what}")?;
    }
    Ok(true)
}

/// The first step of which something else is seen, and what.
fn traces(one: &Story, other: &Story, out: &mut dyn Write) -> Result<bool, UsageError> {
    let at = one.told.iter().zip(&other.told).take_while(|(a, b)| same(a, b)).count();
    let (a, b) = (one.told.get(at), other.told.get(at));
    if a.is_none() && b.is_none() {
        let verdict = |story: &Story| story.replayed.broken.as_ref().map_or("clean", |broken| broken.name());
        let (a, b) = (verdict(one), verdict(other));
        if a != b {
            writeln!(out, "\nthe traces are the same, the verdicts are not: A {a}, B {b}")?;
        }
        return Ok(a != b);
    }
    let step = a.or(b).map_or(0, |told| told.step);
    writeln!(out, "\nthe traces part at step {step}")?;
    for (name, told) in [("A", a), ("B", b)] {
        match told {
            None => writeln!(out, "{name}    the end")?,
            Some(told) => {
                let revno = told.revno.map_or(String::new(), |revno| format!(", r{}", revno.0));
                writeln!(out, "{name}    step {}, {}ms{revno}", told.step, told.millis())?;
                writeln!(out, "{INDENT}{:<8} {}", told.who, told.what)?;
                told.seen.iter().try_for_each(|line| write!(out, "{}", wrap(line, "       ", WIDTH)))?;
            }
        }
    }
    Ok(true)
}

/// Whether the same happened. The revno is what is reported, which a run need not show otherwise.
fn same(a: &Told, b: &Told) -> bool {
    (a.time, a.party, &a.what, a.revno, &a.seen) == (b.time, b.party, &b.what, b.revno, &b.seen)
}
