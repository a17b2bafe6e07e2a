//! A story as numbers: each text is a pattern, kept once, and the numbers in it. Ten thousand steps fit into half a megabyte so.

use std::collections::BTreeMap;

use multiwatcher::testing::{Operation, Party};
use serde::Serialize;

use crate::decisions::Decisions;
use crate::story::Story;
use crate::trace::{Delivered, Told};
use crate::words;

/// The steps of a story. One after the other in `flat`:
///
/// - who moved and what has changed: a bit each for a step left out before it, for time, for a revno, and for a fault; above them
///   the lane and one, so that zero is the beginning;
/// - as far as the bits say: the steps left out, the microseconds, and the revnos since the step before;
/// - how many texts, and above them, from [`MANY_TEXTS`] on, how many wake-ups, and above those, from [`MANY_WOKEN`] on, batches;
/// - of each text its pattern and the numbers in it; the first says what was done;
/// - of each wake-up the lane;
/// - of each batch the lane, how far its revno lies below the store's, how many revnos it spans (-1 for a first batch), and its
///   deltas as one text.
///
/// A pattern is a list of words.
#[derive(Debug, Serialize)]
pub(super) struct Encoded {
    lanes: Vec<String>,
    words: Vec<String>,
    patterns: Vec<Vec<i64>>,
    flat: Vec<i64>,
}

/// A step has fewer texts than this, ...
const MANY_TEXTS: i64 = 1024;
/// ... and fewer wake-ups than this.
const MANY_WOKEN: i64 = 64;

/// Stands for a number in a pattern; twice, for itself.
const NUMBER: char = '#';

struct Encoder<'a> {
    lanes: Vec<Party>,
    words: Table<String>,
    patterns: Table<Vec<i64>>,
    flat: Vec<i64>,
    decisions: &'a Decisions,
}

/// What was met, in the order in which it was met first, and the place of each.
struct Table<T> {
    places: BTreeMap<T, i64>,
    met: Vec<T>,
}

impl<T: Ord + Clone> Table<T> {
    fn new() -> Self {
        Self { places: BTreeMap::new(), met: Vec::new() }
    }

    fn place(&mut self, what: T) -> i64 {
        let next = count(self.met.len());
        *self.places.entry(what).or_insert_with_key(|what| {
            self.met.push(what.clone());
            next
        })
    }
}

impl Encoded {
    /// Of this story.
    pub(super) fn of(decisions: &Decisions, story: &Story) -> Self {
        let moves = |party: &Party| {
            matches!(party, Party::Reader(_)) || story.told.iter().any(|told| told.party == Some(*party))
        };
        let lanes: Vec<_> = decisions.header.regime.parties().filter(moves).collect();
        let mut encoder = Encoder { lanes, words: Table::new(), patterns: Table::new(), flat: Vec::new(), decisions };
        let mut before = (-1, 0, 0);
        for told in &story.told {
            before = encoder.step(told, before);
        }
        let lanes = encoder.lanes.iter().map(|lane| words::party(*lane)).collect();
        Self { lanes, words: encoder.words.met, patterns: encoder.patterns.met, flat: encoder.flat }
    }
}

impl Encoder<'_> {
    /// Adds a step; takes and returns its number, time and revno, for the next to be told from there.
    fn step(&mut self, told: &Told, before: (i64, i64, i64)) -> (i64, i64, i64) {
        let (step, time) = (number(told.step as u64), number(told.time.as_nanos() / 1000));
        let revno = told.revno.map_or(before.2, |revno| number(revno.0));
        let operation = told.step.checked_sub(1).and_then(|at| self.decisions.operations.get(at));
        let is_fault = operation.is_some_and(Operation::is_fault);
        let lane = told.party.map_or(-1, |party| self.lane(party));
        let changes = [step - before.0 - 1, time - before.1, revno - before.2];
        let bits = [changes[0] != 0, changes[1] != 0, changes[2] != 0, is_fault];
        let bits = bits.into_iter().rev().fold(0, |all, bit| all * 2 + i64::from(bit));
        self.flat.push((lane + 1) * 16 + bits);
        self.flat.extend(changes.into_iter().filter(|change| *change != 0));
        let texts = count(told.noted.len() + 1).min(MANY_TEXTS - 1);
        let woken = count(told.woken.len()).min(MANY_WOKEN - 1);
        self.flat.push(texts + MANY_TEXTS * (woken + MANY_WOKEN * count(told.delivered.len())));
        self.text(&told.what);
        told.noted.iter().zip(1..texts).for_each(|(note, _)| self.text(note));
        for (reader, _) in told.woken.iter().zip(0..woken) {
            let lane = self.lane(Party::Reader(*reader));
            self.flat.push(lane);
        }
        told.delivered.iter().for_each(|batch| self.batch(batch, revno));
        (step, time, revno)
    }

    fn batch(&mut self, batch: &Delivered, store: i64) {
        let revno = number(batch.revno.0);
        let span = batch.after.map_or(-1, |after| revno - number(after.0));
        let lane = self.lane(Party::Reader(batch.reader));
        self.flat.extend([lane, store - revno, span]);
        let deltas = if batch.deltas.is_empty() { "empty".to_owned() } else { batch.deltas.join(" ") };
        self.text(&deltas);
    }

    fn lane(&self, party: Party) -> i64 {
        self.lanes.iter().position(|lane| *lane == party).map_or(-1, count)
    }

    fn text(&mut self, text: &str) {
        let (pattern, numbers) = split(text);
        let pattern = pattern.split(' ').map(|word| self.words.place(word.to_owned())).collect();
        let place = self.patterns.place(pattern);
        self.flat.push(place);
        self.flat.extend(numbers);
    }
}

/// A text as a pattern and the numbers in it. What begins with a zero, or is too long to be exact, stays text.
fn split(text: &str) -> (String, Vec<i64>) {
    let (mut pattern, mut numbers) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (taken, after) = rest.split_at(if digits == 0 { first.len_utf8() } else { digits });
        rest = after;
        match taken.parse() {
            Ok(number) if digits <= 9 && (digits == 1 || first != '0') => {
                pattern.push(NUMBER);
                numbers.push(number);
            }
            Ok(_) | Err(_) => {
                pattern.push_str(taken);
                if first == NUMBER {
                    pattern.push(NUMBER);
                }
            }
        }
    }
    (pattern, numbers)
}

fn count(count: usize) -> i64 {
    number(count as u64)
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_pattern_and_its_numbers() {
        assert_eq!(split("1/a=2 @17"), ("#/a=# @#".to_owned(), vec![1, 2, 17]));
        assert_eq!(split("no. #5, 007, 0, 12345678901"), ("no. ###, 007, #, 12345678901".to_owned(), vec![5, 0]));
    }
}
