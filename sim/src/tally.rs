//! What a campaign counts. It is added up in the order of the seeds, so the number of jobs cannot show in it.

use multiwatcher::testing::Promise;

use crate::campaign;
use crate::exercised::Kind;
use crate::fault::Fault;
use crate::metamorphic::Relation;
use crate::saturation::Saturation;
use crate::scenario::Sight;
use crate::schedulers::KINDS;

/// Counts of one run or of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub schedules: u64,
    /// Runs by scheduler, in the order of [`KINDS`].
    pub schedulers: [u64; KINDS.len()],
    /// Operations made, those of the healing included.
    pub steps: u64,
    /// The fewest of one run.
    pub fewest_steps: u64,
    /// Operations of the healing.
    pub healing: u64,
    /// Operations by kind.
    pub operations: [u64; Kind::COUNT],
    /// Faults by family.
    pub faults: [u64; Fault::COUNT],
    /// Batches taken.
    pub batches: u64,
    /// Deltas in them.
    pub deltas: u64,
    /// Generations after the first of a run.
    pub restarts: u64,
    /// Ids that went to quarantine.
    pub quarantines: u64,
    /// Machines that ended.
    pub ends: u64,
    /// The most revnos a watcher with a delta pending was behind.
    pub deepest_backlog: u64,
    /// Runs made a second time to compare them.
    pub pairs: u64,
    /// Of them, those that a relation said something about, in the order of [`Relation::ALL`].
    pub relations: [u64; Relation::ALL.len()],
    /// Moments that scenarios are watched for, in the order of [`Sight::ALL`]; none where there is no scenario.
    pub sights: [u64; Sight::COUNT],
    /// How often each checker had something to decide, in the order of [`Promise::ALL`].
    pub decided: [u64; Promise::ALL.len()],
    /// In how many runs each pair of a state and an operation was reached.
    pub saturation: Saturation,
}

impl Tally {
    /// All faults.
    pub fn all_faults(&self) -> u64 {
        self.faults.iter().sum()
    }

    /// The checkers that never had anything to decide.
    pub fn idle_checkers(&self) -> impl Iterator<Item = Promise> {
        Promise::ALL.iter().zip(self.decided).filter(|(_, decided)| *decided == 0).map(|(promise, _)| *promise)
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            schedules: 0,
            schedulers: [0; KINDS.len()],
            steps: 0,
            fewest_steps: u64::MAX,
            healing: 0,
            operations: [0; Kind::COUNT],
            faults: [0; Fault::COUNT],
            batches: 0,
            deltas: 0,
            restarts: 0,
            quarantines: 0,
            ends: 0,
            deepest_backlog: 0,
            pairs: 0,
            relations: [0; Relation::ALL.len()],
            sights: [0; Sight::COUNT],
            decided: [0; Promise::ALL.len()],
            saturation: Saturation::default(),
        }
    }
}

impl campaign::Tally for Tally {
    fn merge(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.fewest_steps = self.fewest_steps.min(other.fewest_steps);
        self.healing += other.healing;
        self.batches += other.batches;
        self.deltas += other.deltas;
        self.restarts += other.restarts;
        self.quarantines += other.quarantines;
        self.ends += other.ends;
        self.deepest_backlog = self.deepest_backlog.max(other.deepest_backlog);
        self.pairs += other.pairs;
        add(&mut self.schedulers, &other.schedulers);
        add(&mut self.operations, &other.operations);
        add(&mut self.faults, &other.faults);
        add(&mut self.relations, &other.relations);
        add(&mut self.sights, &other.sights);
        add(&mut self.decided, &other.decided);
        self.saturation.merge(&other.saturation);
    }
}

fn add(to: &mut [u64], from: &[u64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}
