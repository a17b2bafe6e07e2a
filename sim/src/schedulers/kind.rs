//! The schedulers by name: what a decision file and the command line call them. What they do stands in their own files.

use core::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::{Deserialize, Serialize};

/// What chose who moved, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Uniform random.
    Uniform,
    /// Random by the regime's weights.
    Weighted,
    /// PCT of this depth.
    Pct(u8),
    /// Random, then PCT of this depth, then fair.
    FairPct(u8),
    /// Round robin with so many delays.
    Delay(u8),
    /// Partial-order sampling.
    Pos,
    /// One party starves.
    Starve,
    /// Many moves in a row.
    Burst,
    /// Commit by commit, and readers are held.
    Hold,
    /// Nobody drew anything: the exhaustive search tries every order. No run can ask for it.
    Exhaustive,
}

/// Every kind that a run can have, in the order of their numbers.
pub const KINDS: [Kind; COUNT] = [
    Kind::Uniform,
    Kind::Weighted,
    Kind::Pct(1),
    Kind::Pct(2),
    Kind::Pct(3),
    Kind::FairPct(2),
    Kind::Delay(2),
    Kind::Delay(5),
    Kind::Pos,
    Kind::Starve,
    Kind::Burst,
    Kind::Hold,
];

/// How many there are.
pub(super) const COUNT: usize = 12;

/// Their names, and in a few words who moves.
const NAMES: [(&str, &str); COUNT] = [
    ("uniform", "anybody, equally often"),
    ("weighted", "anybody, as often as the seed says"),
    ("pct1", "the first in a random order"),
    ("pct2", "the same, and one falls once"),
    ("pct3", "the same, and one falls twice"),
    ("fair-pct2", "weighted, then pct2, then in turn"),
    ("delay2", "in turn, two turns are lost"),
    ("delay5", "in turn, five turns are lost"),
    ("pos", "by priorities, redrawn on conflict"),
    ("starve", "weighted, but one party waits"),
    ("burst", "one party many times in a row"),
    ("hold", "commit by commit, readers are held"),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Weighted => f.write_str("weighted"),
            Self::Pct(depth) => write!(f, "pct{depth}"),
            Self::FairPct(depth) => write!(f, "fair-pct{depth}"),
            Self::Delay(delays) => write!(f, "delay{delays}"),
            Self::Pos => f.write_str("pos"),
            Self::Starve => f.write_str("starve"),
            Self::Burst => f.write_str("burst"),
            Self::Hold => f.write_str("hold"),
            Self::Exhaustive => f.write_str("the exhaustive search"),
        }
    }
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &KINDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let place = KINDS.iter().position(|kind| kind == self)?;
        let (name, story) = NAMES[place];
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
        let words = KINDS.iter().map(|kind| serde_json::to_string(kind).unwrap()).collect::<Vec<_>>().join(" ");
        assert_eq!(
            words,
            r#""uniform" "weighted" {"pct":1} {"pct":2} {"pct":3} {"fairpct":2} {"delay":2} {"delay":5} "pos" "starve" "burst" "hold""#
        );
        for (word, kind) in words.split(' ').zip(KINDS) {
            assert_eq!(serde_json::from_str::<Kind>(word).unwrap(), kind);
        }
        assert_eq!(serde_json::to_string(&Kind::Exhaustive).unwrap(), r#""exhaustive""#);
    }

    #[test]
    fn no_run_can_ask_for_the_exhaustive_search() {
        assert!(Kind::from_str("exhaustive", false).is_err() && Kind::Exhaustive.to_possible_value().is_none());
    }
}
