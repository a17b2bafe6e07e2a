//! Saturation in the summary of a campaign: as text, and as a part of its JSON object.

use std::io::{self, Write};

use serde::Serialize;

use super::misses::Misses;
use super::{RUNS, Saturation};
use crate::text::{number, wrap};

/// A phone shows about this many.
const COLUMNS: usize = 64;
/// So many misses are told one by one; `--json` has them all.
const TOLD: usize = 12;

/// Writes the section.
pub fn write(saturation: &Saturation, misses: &Misses, out: &mut dyn Write) -> io::Result<()> {
    let row = |out: &mut dyn Write, name: &str, value: &str| writeln!(out, "  {name:<22} {value}");
    writeln!(out, "\nsaturation: states with operations, faults with watchers")?;
    let reached = misses.possible - misses.pairs.len();
    row(out, "runs looked at", &number(saturation.runs()))?;
    row(out, "pairs reached", &format!("{} of {} possible", number(reached as u64), number(misses.possible as u64)))?;
    let new = saturation.new_pairs();
    row(out, "new, by 1,000 runs", &thousands(new))?;
    row(out, "new in the next 1,000", &format!("{:.1} (Good-Turing)", saturation.expected_new()))?;
    row(out, "unseen, at least", &format!("{} (Chao)", number(saturation.unseen())))?;
    let due = misses.due().count();
    row(out, "due and never reached", &number(due as u64))?;
    row(out, "too rare to be due", &number((misses.pairs.len() - due) as u64))?;
    let whole = misses.kinds.iter().map(|kind| kind.name()).chain(misses.faults.iter().map(|fault| fault.name()));
    for name in whole {
        write!(out, "{}", wrap(&format!("MISS  {name}: never at all"), "  ", COLUMNS))?;
    }
    for miss in misses.due().take(TOLD) {
        let text = format!("MISS  {}; expected in {:.0} runs", miss.pair, miss.expected);
        write!(out, "{}", wrap(&text, "  ", COLUMNS))?;
    }
    if due > TOLD {
        writeln!(out, "  and {} more, with --json", due - TOLD)?;
    }
    Ok(())
}

/// The first, the tenth, the hundredth ... and the last.
fn thousands(new: &[u32]) -> String {
    let tens = core::iter::successors(Some(1), |place| Some(place * 10)).take_while(|place| *place < new.len());
    let told: Vec<String> = tens
        .chain((!new.is_empty()).then_some(new.len()))
        .map(|at| format!("{}: {}", number(at as u64), new[at - 1]))
        .collect();
    told.join(", ")
}

/// The same for a machine.
#[derive(Debug, Serialize)]
pub struct Json {
    runs: u64,
    possible: usize,
    reached: usize,
    /// By so many runs.
    block: u64,
    new_pairs: Vec<u32>,
    expected_new: Option<f64>,
    unseen_at_least: u64,
    never: Vec<&'static str>,
    misses: Vec<JsonMiss>,
}

#[derive(Debug, Serialize)]
struct JsonMiss {
    pair: String,
    expected: f64,
    due: bool,
}

impl Json {
    /// All there is to say.
    pub fn new(saturation: &Saturation, misses: &Misses) -> Self {
        let expected = saturation.expected_new();
        let kinds = misses.kinds.iter().map(|kind| kind.name());
        let miss = |miss: &super::Miss| JsonMiss {
            pair: miss.pair.to_string(),
            expected: (miss.expected * 10.0).round() / 10.0,
            due: miss.due,
        };
        Self {
            runs: saturation.runs(),
            possible: misses.possible,
            reached: misses.possible - misses.pairs.len(),
            block: RUNS,
            new_pairs: saturation.new_pairs().to_vec(),
            expected_new: expected.is_finite().then_some(expected),
            unseen_at_least: saturation.unseen(),
            never: kinds.chain(misses.faults.iter().map(|fault| fault.name())).collect(),
            misses: misses.pairs.iter().map(miss).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::impossible::Setting;
    use super::super::pair::Pair;
    use super::*;
    use crate::exercised::Kind;
    use crate::fault::Fault;
    use multiwatcher::testing::Families;

    #[test]
    fn the_section_names_what_is_missing() {
        let mut saturation = Saturation::default();
        let setting = Setting { driven: false, without: Families::NONE };
        let possible = |pair: &Pair| super::super::impossible::why(*pair, setting).is_none();
        let reached: Vec<u16> = Pair::all()
            .filter(possible)
            .filter(|pair| !matches!(pair, Pair::Operation(state, Kind::Resume) if state.phase_words() == "loading"))
            .map(|pair| u16::try_from(pair.index()).unwrap())
            .collect();
        (0..5_000).for_each(|_| saturation.add_run(&reached));
        let mut faults = [1; Fault::COUNT];
        faults[Fault::Jumped as usize] = 0;
        let misses = Misses::of(&saturation, &faults, setting);
        assert!(misses.is_any_due());
        let mut text = Vec::new();
        write(&saturation, &misses, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 64), "{text}");
        insta::assert_snapshot!(text);
    }
}
