//! All schedulers behind one, and the mix of them: which one a run gets is drawn by weight. The weights are one table.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::kind::{KINDS, Kind};
use super::{Moment, Pct, Scheduler, Uniform, Weighted};

/// All schedulers, one of them chosen for the run.
#[derive(Debug)]
pub struct Portfolio {
    kind: Kind,
    uniform: Uniform,
    weighted: Weighted,
    pct: Pct,
}

/// Two of three runs are random, the others share the depths of PCT.
const WEIGHTS: [u16; KINDS.len()] = [1, 13, 2, 2, 2];

impl Portfolio {
    /// None chosen yet.
    pub fn new() -> Self {
        Self { kind: Kind::Uniform, uniform: Uniform, weighted: Weighted::default(), pct: Pct::default() }
    }

    /// Draws the kind for a run.
    pub fn draw(choices: &mut impl Choices) -> Kind {
        KINDS[choices.weighted(Stream::Regime, &WEIGHTS)]
    }

    /// Chooses the kind of the run to begin.
    pub fn choose(&mut self, kind: Kind) {
        self.kind = kind;
        match kind {
            Kind::Uniform | Kind::Weighted => (),
            Kind::Pct(depth) => self.pct.set_depth(depth),
        }
    }
}

impl Default for Portfolio {
    fn default() -> Self {
        Self::new()
    }
}

impl Scheduler for Portfolio {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        match self.kind {
            Kind::Uniform => self.uniform.begin(regime, steps, choices),
            Kind::Weighted => self.weighted.begin(regime, steps, choices),
            Kind::Pct(_) => self.pct.begin(regime, steps, choices),
        }
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        match self.kind {
            Kind::Uniform => self.uniform.pick(moment, choices),
            Kind::Weighted => self.weighted.pick(moment, choices),
            Kind::Pct(_) => self.pct.pick(moment, choices),
        }
    }

    fn came_to_nothing(&mut self, party: Party) {
        match self.kind {
            Kind::Uniform => self.uniform.came_to_nothing(party),
            Kind::Weighted => self.weighted.came_to_nothing(party),
            Kind::Pct(_) => self.pct.came_to_nothing(party),
        }
    }
}
