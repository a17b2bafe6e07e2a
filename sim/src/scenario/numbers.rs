//! Numbers and times as a scenario file writes them: one, a range, or a list, of which each seed draws.

use core::time::Duration;

use multiwatcher::testing::{Choices, Stream};
use serde::Deserialize;

/// A number between two bounds, or several to draw from.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "WrittenNumber")]
pub(super) struct Number<const LEAST: u32, const MOST: u32>(Vec<u32>);

/// A time, or several to draw from.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "WrittenTime")]
pub(super) struct Span(Vec<Duration>);

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number, a range such as \"2..6\", or a list such as [1, 2, 8]")]
enum WrittenNumber {
    One(u32),
    Range(String),
    OneOf(Vec<u32>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a time such as \"10ms\", or a list such as [\"5ms\", \"1s\"]")]
enum WrittenTime {
    One(String),
    OneOf(Vec<String>),
}

/// Ranges are written out, so they are not to be long.
const LONGEST: u32 = 10_000;

impl<const LEAST: u32, const MOST: u32> Number<LEAST, MOST> {
    /// Draws one; a single one uses nothing up.
    pub(super) fn draw(&self, choices: &mut impl Choices) -> u32 {
        pick(&self.0, choices)
    }

    /// The largest that can be drawn.
    pub(super) fn largest(&self) -> u32 {
        self.0.iter().copied().max().unwrap_or(LEAST)
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<WrittenNumber> for Number<LEAST, MOST> {
    type Error = String;

    fn try_from(written: WrittenNumber) -> Result<Self, String> {
        let numbers = match written {
            WrittenNumber::One(number) => vec![number],
            WrittenNumber::OneOf(numbers) => numbers,
            WrittenNumber::Range(text) => range(&text)?,
        };
        if numbers.is_empty() {
            return Err("expected a list with a number in it".to_owned());
        }
        match numbers.iter().find(|number| !(LEAST..=MOST).contains(number)) {
            Some(number) if MOST == u32::MAX => Err(format!("expected {LEAST} or more, got {number}")),
            Some(number) => Err(format!("expected {LEAST} to {MOST}, got {number}")),
            None => Ok(Self(numbers)),
        }
    }
}

impl Span {
    /// Draws one; a single one uses nothing up.
    pub(super) fn draw(&self, choices: &mut impl Choices) -> Duration {
        pick(&self.0, choices)
    }

    /// The shortest that can be drawn.
    pub(super) fn shortest(&self) -> Duration {
        self.0.iter().copied().min().unwrap_or_default()
    }

    /// The longest that can be drawn.
    pub(super) fn longest(&self) -> Duration {
        self.0.iter().copied().max().unwrap_or_default()
    }
}

impl TryFrom<WrittenTime> for Span {
    type Error = String;

    fn try_from(written: WrittenTime) -> Result<Self, String> {
        let texts = match written {
            WrittenTime::One(text) => vec![text],
            WrittenTime::OneOf(texts) => texts,
        };
        if texts.is_empty() {
            return Err("expected a list with a time in it".to_owned());
        }
        texts.iter().map(|text| crate::text::duration(text)).collect::<Result<_, _>>().map(Self)
    }
}

fn pick<T: Copy>(from: &[T], choices: &mut impl Choices) -> T {
    let count = u32::try_from(from.len()).unwrap_or(u32::MAX);
    from[choices.below(Stream::Regime, count) as usize]
}

fn range(text: &str) -> Result<Vec<u32>, String> {
    let wrong = || format!("expected a range such as \"2..6\", got {text:?}");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let (from, to): (u32, u32) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from >= to || to - from > LONGEST {
        return Err(format!("expected a range of 1 to {LONGEST} numbers, got {text:?}"));
    }
    Ok((from..to).collect())
}
