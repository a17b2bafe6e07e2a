//! Notes in one run which pairs it reaches: a few nanoseconds an operation, which is still too much for every run, so it looks at
//! the runs of every second seed. Faults are counted in all.

use multiwatcher::testing::{Operation, Party, Reference, Stage};

use super::Saturation;
use super::pair::Pair;
use super::state::State;
use crate::exercised::Kind;
use crate::fault::Fault;

/// The share of seeds whose runs are looked at.
pub const ONE_OF: u64 = 2;

/// The pairs of one run after the other.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    /// By pair, the run that reached it last.
    stamps: Vec<u32>,
    run: u32,
    /// Whether this run is looked at.
    looks: bool,
    /// Pairs of this run, each once.
    reached: Vec<u16>,
    faults: [u32; Fault::COUNT],
    /// The reader whose state is looked at next, when the operation is nobody's in particular.
    turn: u8,
}

/// An operation that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// What is noted, if this run is looked at.
    met: Option<(State, Kind)>,
    faults: u64,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let reached = Vec::with_capacity(512);
        Self { stamps: vec![0; Pair::COUNT], run: 0, looks: false, reached, faults: [0; Fault::COUNT], turn: 0 }
    }

    /// The run of another seed.
    pub(crate) fn begin(&mut self, seed: u64) {
        self.looks = seed.is_multiple_of(ONE_OF);
        self.run = self.run.wrapping_add(1);
        if self.run == 0 {
            self.stamps.fill(0);
            self.run = 1;
        }
        self.reached.clear();
        (self.faults, self.turn) = ([0; Fault::COUNT], 0);
    }

    /// Looks at the stage before an operation is made on it.
    #[inline]
    pub(crate) fn look(&mut self, stage: &Stage, reference: &Reference, operation: &Operation) -> Look {
        let faults = Fault::of(operation, stage);
        if !self.looks {
            return Look { met: None, faults };
        }
        let readers = stage.readers().len();
        let reader = match operation.party() {
            Party::Reader(reader) if usize::from(reader) < readers => reader,
            Party::Reader(_)
            | Party::Writer
            | Party::Stream
            | Party::Caller
            | Party::Clock
            | Party::Saboteur
            | Party::Owner
            | Party::Worker => {
                self.turn = if usize::from(self.turn) + 1 < readers { self.turn + 1 } else { 0 };
                self.turn
            }
        };
        Look { met: Some((State::of(stage, reference, reader), Kind::of(operation))), faults }
    }

    /// It was possible and has been made.
    #[inline]
    pub(crate) fn keep(&mut self, look: Look) {
        if let Some((state, kind)) = look.met {
            self.reach(Pair::Operation(state, kind));
        }
        let mut faults = look.faults;
        while faults != 0 {
            let fault = Fault::ALL[faults.trailing_zeros() as usize];
            faults &= faults - 1;
            self.faults[fault as usize] += 1;
            if let Some((state, _)) = look.met {
                self.reach(Pair::Fault(fault, state));
            }
        }
    }

    #[inline]
    fn reach(&mut self, pair: Pair) {
        let index = pair.index();
        if self.stamps[index] != self.run {
            self.stamps[index] = self.run;
            self.reached.push(u16::try_from(index).expect("the table has fewer pairs"));
        }
    }

    /// Adds what the run reached to counts.
    pub(crate) fn add_to(&self, saturation: &mut Saturation, faults: &mut [u64; Fault::COUNT]) {
        if self.looks {
            saturation.add_run(&self.reached);
        }
        for (to, from) in faults.iter_mut().zip(self.faults) {
            *to += u64::from(from);
        }
    }
}
