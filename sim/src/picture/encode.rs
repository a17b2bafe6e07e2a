//! A story as numbers: each text is a pattern, kept once, and the numbers in it. Ten thousand steps fit into half a megabyte so.

use std::collections::BTreeMap;

use multiwatcher::testing::Party;
use serde::Serialize;

use crate::decisions::Decisions;
use crate::story::Story;
use crate::trace::{Delivered, Told};
use crate::words;

/// The steps of a story. One after the other in `flat`:
///
/// - the lane twice, and one more for a fault; the lane is -1 at the beginning,
/// - the number of the step, less that of the one before; the microseconds since that; the revnos since that,
/// - how many texts; each as its pattern and the numbers in it; the first says what was done,
/// - how many wake-ups; the lane of each,
/// - how many batches; of each the lane, how far its revno lies below the store's, how many revnos it spans (-1 for a first batch),
///   and its deltas as one text.
#[derive(Debug, Serialize)]
pub(super) struct Encoded {
    lanes: Vec<String>,
    patterns: Vec<String>,
    flat: Vec<i64>,
}

/// Stands for a number in a pattern; twice, for itself.
const NUMBER: char = '#';

struct Encoder<'a> {
    lanes: Vec<Party>,
    places: BTreeMap<String, i64>,
    patterns: Vec<String>,
    flat: Vec<i64>,
    decisions: &'a Decisions,
}

impl Encoded {
    /// Of this story.
    pub(super) fn of(decisions: &Decisions, story: &Story) -> Self {
        let moves = |party: &Party| {
            matches!(party, Party::Reader(_)) || story.told.iter().any(|told| told.party == Some(*party))
        };
        let lanes: Vec<_> = decisions.header.regime.parties().filter(moves).collect();
        let (places, patterns, flat) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut encoder = Encoder { lanes, places, patterns, flat, decisions };
        let mut before = (0, 0, 0);
        for told in &story.told {
            before = encoder.step(told, before);
        }
        let lanes = encoder.lanes.iter().map(|lane| words::party(*lane)).collect();
        Self { lanes, patterns: encoder.patterns, flat: encoder.flat }
    }
}

impl Encoder<'_> {
    /// Adds a step; takes and returns its number, time and revno, for the next to be told from there.
    fn step(&mut self, told: &Told, before: (i64, i64, i64)) -> (i64, i64, i64) {
        let (step, time) = (number(told.step as u64), number(told.time.as_nanos() / 1000));
        let revno = told.revno.map_or(before.2, |revno| number(revno.0));
        let operation = told.step.checked_sub(1).and_then(|at| self.decisions.operations.get(at));
        let is_fault = operation.is_some_and(|operation| operation.is_fault());
        let lane = told.party.map_or(-1, |party| self.lane(party));
        self.flat.push(lane * 2 + i64::from(is_fault));
        self.flat.extend([step - before.0, time - before.1, revno - before.2]);
        self.flat.push(count(told.noted.len() + 1));
        self.text(&told.what);
        told.noted.iter().for_each(|note| self.text(note));
        self.flat.push(count(told.woken.len()));
        for reader in &told.woken {
            let lane = self.lane(Party::Reader(*reader));
            self.flat.push(lane);
        }
        self.flat.push(count(told.delivered.len()));
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
        let next = count(self.patterns.len());
        let place = *self.places.entry(pattern).or_insert_with_key(|pattern| {
            self.patterns.push(pattern.clone());
            next
        });
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
