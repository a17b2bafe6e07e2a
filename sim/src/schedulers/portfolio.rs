//! All schedulers behind one, and the mix of them: which one a run gets is drawn by weight. The weights are one table.

use multiwatcher::testing::{Choices, Operation, Party, Regime, Stream};

use super::kind::{COUNT, KINDS, Kind};
use super::{Burst, Delay, FairPct, Hold, Moment, Pct, Pos, Scheduler, Starve, Uniform, Weighted};

/// How often each kind is drawn, in the order of [`KINDS`]. `hold` finds in a third of the schedules what takes an entity that is gone
/// and comes back (z2), of all bugs the one that takes random the longest, so it has the most. `pos`, `starve` and `weighted` are best
/// or nearly so in most other rows of the zoo's table, `fair-pct2` in a few; `uniform`, the delays and `burst` are best in some rows that
/// need little of anybody, and PCT of one depth alone in none, so these have the least that keeps them in.
const WEIGHTS: [u16; COUNT] = [1, 4, 1, 1, 1, 3, 1, 1, 4, 3, 1, 11];

/// All schedulers, one of them chosen for the run.
#[derive(Debug)]
pub struct Portfolio {
    kind: Kind,
    uniform: Uniform,
    weighted: Weighted,
    pct: Pct,
    fair_pct: FairPct,
    delay: Delay,
    pos: Pos,
    starve: Starve,
    burst: Burst,
    hold: Hold,
}

/// Asks the chosen one.
macro_rules! chosen {
    ($portfolio:expr, $scheduler:ident => $ask:expr) => {{
        let portfolio = $portfolio;
        match portfolio.kind {
            // Whatever is drawn after an exhaustive search is drawn evenly.
            Kind::Uniform | Kind::Exhaustive => {
                let $scheduler = &mut portfolio.uniform;
                $ask
            }
            Kind::Weighted => {
                let $scheduler = &mut portfolio.weighted;
                $ask
            }
            Kind::Pct(_) => {
                let $scheduler = &mut portfolio.pct;
                $ask
            }
            Kind::FairPct(_) => {
                let $scheduler = &mut portfolio.fair_pct;
                $ask
            }
            Kind::Delay(_) => {
                let $scheduler = &mut portfolio.delay;
                $ask
            }
            Kind::Pos => {
                let $scheduler = &mut portfolio.pos;
                $ask
            }
            Kind::Starve => {
                let $scheduler = &mut portfolio.starve;
                $ask
            }
            Kind::Burst => {
                let $scheduler = &mut portfolio.burst;
                $ask
            }
            Kind::Hold => {
                let $scheduler = &mut portfolio.hold;
                $ask
            }
        }
    }};
}

impl Portfolio {
    /// None chosen yet.
    pub fn new() -> Self {
        Self {
            kind: Kind::Uniform,
            uniform: Uniform,
            weighted: Weighted::default(),
            pct: Pct::default(),
            fair_pct: FairPct::default(),
            delay: Delay::default(),
            pos: Pos::default(),
            starve: Starve::default(),
            burst: Burst::default(),
            hold: Hold::default(),
        }
    }

    /// Draws the kind for a run.
    pub fn draw(choices: &mut impl Choices) -> Kind {
        KINDS[choices.weighted(Stream::Regime, &WEIGHTS)]
    }

    /// Chooses the kind of the run to begin.
    pub fn choose(&mut self, kind: Kind) {
        self.kind = kind;
        match kind {
            Kind::Uniform | Kind::Weighted | Kind::Pos | Kind::Starve | Kind::Burst | Kind::Hold | Kind::Exhaustive => {
                ()
            }
            Kind::Pct(depth) => self.pct.set_depth(depth),
            Kind::FairPct(depth) => self.fair_pct.set_depth(depth),
            Kind::Delay(delays) => self.delay.set_delays(delays),
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
        chosen!(self, scheduler => scheduler.begin(regime, steps, choices));
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        chosen!(self, scheduler => scheduler.pick(moment, choices))
    }

    #[inline]
    fn moved(&mut self, operation: &Operation) {
        chosen!(self, scheduler => scheduler.moved(operation));
    }

    fn came_to_nothing(&mut self, party: Party) {
        chosen!(self, scheduler => scheduler.came_to_nothing(party));
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::super::PartySet;
    use super::*;
    use crate::random::Random;

    /// Something that this party does.
    fn operation_of(party: Party) -> Operation {
        let operation = match party {
            Party::Writer => Operation::Commit { changes: "0=1".parse().unwrap(), skip: 0 },
            Party::Stream => Operation::Mark { behind: 0 },
            Party::Caller => Operation::Deliver { flight: 0, keep: false },
            Party::Clock => Operation::Timeout,
            Party::Saboteur => Operation::Die,
            Party::Owner => Operation::Kill,
            Party::Reader(reader) => Operation::Next { reader },
            Party::Worker => Operation::Turn,
        };
        assert_eq!(operation.party(), party);
        operation
    }

    #[test]
    fn every_scheduler_picks_only_who_can_move_whatever_happened_before() {
        for kind in KINDS {
            let (mut random, mut sets, mut portfolio) = (Random::new(1), Random::new(2), Portfolio::new());
            portfolio.choose(kind);
            for run in 0..100u32 {
                let regime = Regime::calm(1, &vec![Character::Eager; (run % 7) as usize]);
                let parties: PartySet = regime.parties().collect();
                portfolio.begin(&regime, 80, &mut random);
                for step in 0..100 {
                    let chance = sets.below(Stream::Values, 257);
                    let mut movable: PartySet = parties.iter().filter(|_| sets.often(Stream::Values, chance)).collect();
                    if movable.is_empty() {
                        movable.insert(parties.nth(sets.below(Stream::Values, parties.len())));
                    }
                    let waits_for_time = sets.often(Stream::Values, 64);
                    let party = portfolio.pick(Moment { step, movable, waits_for_time }, &mut random);
                    assert!(movable.has(party), "{kind}, run {run}, step {step}: {party:?} of {movable:?}");
                    if sets.often(Stream::Faults, 192) {
                        portfolio.moved(&operation_of(party));
                    }
                    if sets.often(Stream::Faults, 96) {
                        portfolio.came_to_nothing(party);
                    }
                }
            }
        }
    }

    #[test]
    fn every_scheduler_lets_everybody_move_in_some_run() {
        for kind in KINDS {
            let (mut random, mut portfolio) = (Random::new(4), Portfolio::new());
            portfolio.choose(kind);
            let regime = Regime::calm(1, &[Character::Eager; 3]);
            let movable: PartySet = regime.parties().collect();
            let mut moved = PartySet::EMPTY;
            for _ in 0..60 {
                portfolio.begin(&regime, 100, &mut random);
                for step in 0..100 {
                    let party = portfolio.pick(Moment { step, movable, waits_for_time: false }, &mut random);
                    portfolio.moved(&operation_of(party));
                    moved.insert(party);
                }
            }
            assert_eq!(moved, movable, "{kind}");
        }
    }

    #[test]
    fn each_kind_is_drawn_as_often_as_its_weight_says() {
        let mut drawn = [0u32; COUNT];
        let total: u32 = WEIGHTS.iter().copied().map(u32::from).sum();
        let mut random = Random::new(3);
        for _ in 0..total * 400 {
            let kind = Portfolio::draw(&mut random);
            drawn[KINDS.iter().position(|other| *other == kind).unwrap()] += 1;
        }
        for ((kind, drawn), weight) in KINDS.iter().zip(drawn).zip(WEIGHTS) {
            let due = 400 * u32::from(weight);
            assert!(weight > 0 && drawn.abs_diff(due) < due / 4, "{kind}: {drawn}, not about {due}");
        }
    }
}
