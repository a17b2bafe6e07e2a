//! `mwsim replay --step`: each step with what everybody holds after it; on a terminal one at a time, forward and back.

use std::io::{self, BufRead, Write};

use multiwatcher::testing::Subject;

use crate::decisions::Decisions;
use crate::trace::{self, Replayed};
use crate::worlds::Maker;
use crate::{held, page};

/// Tells the steps: all of them, or one for each line that is typed.
pub(super) fn walk<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    keys: Option<&mut dyn BufRead>,
    out: &mut dyn Write,
) -> io::Result<Replayed> {
    let mut steps: Vec<Vec<u8>> = Vec::new();
    let replayed = trace::observe(maker, decisions, &mut |course, told| {
        let mut text = Vec::new();
        told.write_narrow(page::WIDTH, &mut text)?;
        if let Some(course) = course {
            text.extend_from_slice(held::lines(course, page::WIDTH).as_bytes());
        }
        steps.push(text);
        Ok(())
    })?;
    match keys {
        None => steps.iter().try_for_each(|step| {
            writeln!(out)?;
            out.write_all(step)
        })?,
        Some(keys) => one_by_one(&steps, keys, out)?,
    }
    Ok(replayed)
}

/// Enter tells the next step, `b` the one before, `q` or the end of the input leaves.
fn one_by_one(steps: &[Vec<u8>], keys: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<()> {
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        writeln!(out)?;
        out.write_all(step)?;
        write!(out, "[{} of {}] Enter next, b back, q quit: ", at + 1, steps.len())?;
        out.flush()?;
        let mut key = String::new();
        if keys.read_line(&mut key)? == 0 {
            break;
        }
        match key.trim() {
            "q" => break,
            "b" => at = at.saturating_sub(1),
            _ => at += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_walk_forward_and_back_and_leave() {
        let steps: Vec<Vec<u8>> = ["one\n", "two\n", "three\n"].map(|step| step.as_bytes().to_vec()).to_vec();
        let told = |mut keys: &[u8]| {
            let mut out = Vec::new();
            one_by_one(&steps, &mut keys, &mut out).expect("it is written to memory");
            let text = String::from_utf8(out).expect("text");
            text.lines().filter(|line| ["one", "two", "three"].contains(line)).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(told(b"\n\nb\nq\n"), ["one", "two", "three", "two"]);
        assert_eq!(told(b"b\n\n\n\n\n"), ["one", "one", "two", "three"]);
        assert_eq!(told(b""), ["one"]);
    }
}
