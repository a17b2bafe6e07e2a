//! What was never reached though it can be, and how often it should have been.
//!
//! How often a pair should have been reached is told by the same campaign: from how often its operation meets that phase, its operation
//! that reader, and that phase that reader, as if the three had no more to do with each other than two by two. Where even two of
//! them never met, each is taken alone.

use super::Saturation;
use super::impossible::{self, Setting};
use super::pair::Pair;
use super::state::State;
use crate::exercised::Kind;
use crate::fault::Fault;

/// A pair that was never reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Miss {
    /// Which.
    pub pair: Pair,
    /// In how many runs it should have been.
    pub expected: f64,
    /// Whether that is often enough to say that something is wrong with what is drawn.
    pub due: bool,
}

/// All that was never reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Misses {
    /// Pairs that can happen.
    pub possible: usize,
    /// Those of them that never did, the most expected first.
    pub pairs: Vec<Miss>,
    /// Operations that never happened at all.
    pub kinds: Vec<Kind>,
    /// Faults that never happened at all.
    pub faults: Vec<Fault>,
}

/// From so many runs on that were looked at, which are those of 10,000 seeds, something can be due, and an operation or a fault that
/// never happened at all is.
pub const ENOUGH_RUNS: u64 = 5_000;
/// A pair is due that should have been reached in so many runs ...
pub const EXPECTED: f64 = 40.0;
/// ... and at least in one run of so many: what is rarer may be rarer still than two by two can tell.
pub const ONE_OF: f64 = 5_000.0;

impl Misses {
    /// What is missing from these counts.
    pub fn of(saturation: &Saturation, faults: &[u64; Fault::COUNT], setting: Setting) -> Self {
        let margins = Margins::of(saturation);
        // What is left out has consequences beyond its own pairs, and some operations and faults are of several families: when any is
        // left out, nothing is said of those.
        let whole = setting.without.is_empty();
        let can = |pair: Pair| impossible::why(pair, setting).is_none();
        let possible: Vec<Pair> = Pair::all().filter(|pair| can(*pair)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a threshold")]
        let runs = saturation.runs() as f64;
        let miss = |pair: &Pair| {
            let expected = margins.expected(*pair);
            let enough = whole && saturation.runs() >= ENOUGH_RUNS;
            let due = enough && expected >= EXPECTED && expected * ONE_OF >= runs;
            Miss { pair: *pair, expected, due }
        };
        let mut pairs: Vec<Miss> = possible.iter().filter(|pair| saturation.count(**pair) == 0).map(miss).collect();
        pairs.sort_by(|one, other| other.expected.total_cmp(&one.expected));
        let is_possible = |wanted: &dyn Fn(&Pair) -> bool| possible.iter().any(wanted);
        let never = |kind: &Kind| {
            is_possible(&|pair| matches!(pair, Pair::Operation(_, of) if of == kind))
                && margins.never(*kind)
                && (whole || impossible::family_of(*kind).is_some())
        };
        let never_wrong = |fault: &Fault| {
            // Those that show only in what is seen have no pairs, but a place among the counts.
            let can = if matches!(fault, Fault::TornLoad | Fault::FullQueue) {
                whole
            } else {
                is_possible(&|pair| matches!(pair, Pair::Fault(of, _) if of == fault))
            };
            can && faults[*fault as usize] == 0 && (whole || impossible::family_of_fault(*fault).is_some())
        };
        let enough = saturation.runs() >= ENOUGH_RUNS;
        Self {
            possible: possible.len(),
            pairs,
            kinds: Kind::ALL.iter().copied().filter(|kind| enough && never(kind)).collect(),
            faults: Fault::ALL.iter().copied().filter(|fault| enough && never_wrong(fault)).collect(),
        }
    }

    /// The pairs that are due.
    pub fn due(&self) -> impl Iterator<Item = &Miss> {
        self.pairs.iter().filter(|miss| miss.due)
    }

    /// Whether something should have been reached and was not.
    pub fn is_any_due(&self) -> bool {
        self.due().next().is_some() || !self.kinds.is_empty() || !self.faults.is_empty()
    }
}

const PHASES: usize = State::COUNT / State::READERS;

/// Sums of the counts over one or two of the three parts of a pair.
struct Margins {
    all: f64,
    phases: Vec<f64>,
    readers: Vec<f64>,
    kinds: Vec<f64>,
    phase_reader: Vec<f64>,
    phase_kind: Vec<f64>,
    reader_kind: Vec<f64>,
    faults: Vec<f64>,
    fault_readers: Vec<f64>,
}

impl Margins {
    fn of(saturation: &Saturation) -> Self {
        let zeros = |count: usize| vec![0.0; count];
        let mut it = Self {
            all: 0.0,
            phases: zeros(PHASES),
            readers: zeros(State::READERS),
            kinds: zeros(Kind::COUNT),
            phase_reader: zeros(State::COUNT),
            phase_kind: zeros(PHASES * Kind::COUNT),
            reader_kind: zeros(State::READERS * Kind::COUNT),
            faults: zeros(Fault::COUNT),
            fault_readers: zeros(State::READERS),
        };
        for pair in Pair::all() {
            let count = f64::from(saturation.count(pair));
            match pair {
                Pair::Operation(state, kind) => {
                    let (phase, reader, kind) = (state.phase as usize, state.reader_index(), kind as usize);
                    it.all += count;
                    it.phases[phase] += count;
                    it.readers[reader] += count;
                    it.kinds[kind] += count;
                    it.phase_reader[state.index()] += count;
                    it.phase_kind[phase * Kind::COUNT + kind] += count;
                    it.reader_kind[reader * Kind::COUNT + kind] += count;
                }
                Pair::Fault(fault, state) => {
                    it.faults[fault as usize] += count;
                    it.fault_readers[state.reader_index()] += count;
                }
            }
        }
        it
    }

    fn never(&self, kind: Kind) -> bool {
        self.kinds[kind as usize] <= 0.0
    }

    fn expected(&self, pair: Pair) -> f64 {
        let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
        match pair {
            Pair::Operation(state, kind) => {
                let (phase, reader, kind) = (state.phase as usize, state.reader_index(), kind as usize);
                let alone = self.phases[phase] * self.readers[reader] * self.kinds[kind];
                let pairs = self.phase_reader[state.index()]
                    * self.phase_kind[phase * Kind::COUNT + kind]
                    * self.reader_kind[reader * Kind::COUNT + kind];
                if pairs > 0.0 { ratio(pairs * self.all, alone) } else { ratio(alone, self.all * self.all) }
            }
            Pair::Fault(fault, state) => {
                let all: f64 = self.faults.iter().sum();
                ratio(self.faults[fault as usize] * self.fault_readers[state.reader_index()], all)
            }
        }
    }
}
