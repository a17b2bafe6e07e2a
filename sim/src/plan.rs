//! What a run is to be: everything drawn from the seed before the first step.

use multiwatcher::testing::{Choices, Regime, Stream};

use crate::exercised::Kinds;
use crate::schedulers::{Kind, Portfolio};

/// The plan of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What the run is like.
    pub regime: Regime,
    /// Who chooses who moves.
    pub scheduler: Kind,
    /// Steps before the healing begins.
    pub steps: u32,
    /// If the machine is to be killed, then at this step: so it is killed at every step equally often.
    pub kill_from: u32,
    /// Operations that are not made before the healing.
    pub never: Kinds,
}

/// Every run has at least so many steps before its healing.
pub const FEWEST_STEPS: u32 = 100;
/// How many more it may have. Odd lengths matter little, so the spread is small and the speed of campaigns even.
const SPREAD: u32 = 4;

impl Plan {
    /// Draws one.
    pub fn draw(choices: &mut impl Choices) -> Self {
        let regime = Regime::draw(choices);
        let scheduler = Portfolio::draw(choices);
        let steps = FEWEST_STEPS + choices.below(Stream::Regime, SPREAD);
        Self { regime, scheduler, steps, kill_from: choices.below(Stream::Regime, steps), never: Kinds::NONE }
    }
}
