//! The schedulers by name: what a decision file and the command line call them. What they do stands in their own files.

use core::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::{Deserialize, Serialize};

/// The schedulers a run can have, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Uniform random.
    Uniform,
    /// Random by the regime's weights.
    Weighted,
    /// PCT of this depth.
    Pct(u8),
}

/// Every kind, in the order of their numbers.
pub const KINDS: [Kind; 5] = [Kind::Uniform, Kind::Weighted, Kind::Pct(1), Kind::Pct(2), Kind::Pct(3)];

impl Kind {
    /// Its name, and in a few words who moves.
    pub const fn name_and_story(self) -> (&'static str, &'static str) {
        match self {
            Self::Uniform => ("uniform", "anybody, equally often"),
            Self::Weighted => ("weighted", "anybody, as often as the seed says"),
            Self::Pct(0 | 1) => ("pct1", "the first in a random order"),
            Self::Pct(2) => ("pct2", "the same, and one falls once"),
            Self::Pct(3..) => ("pct3", "the same, and one falls twice"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_story().0)
    }
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &KINDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, story) = self.name_and_story();
        Some(PossibleValue::new(name).help(story))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_the_name_it_prints_and_no_two_share_one() {
        for kind in KINDS {
            assert_eq!(Kind::from_str(&kind.to_string(), false), Ok(kind));
        }
    }

    #[test]
    fn decision_files_keep_their_words_for_the_kinds() {
        let words: Vec<String> = KINDS.iter().map(|kind| serde_json::to_string(kind).unwrap()).collect();
        assert_eq!(words, [r#""uniform""#, r#""weighted""#, r#"{"pct":1}"#, r#"{"pct":2}"#, r#"{"pct":3}"#]);
        for (word, kind) in words.iter().zip(KINDS) {
            assert_eq!(serde_json::from_str::<Kind>(word).unwrap(), kind);
        }
    }
}
