//! A failing run while it is shrunk, and which of two is the simpler one.

use multiwatcher::testing::{IdSet, Operation, Party, Regime, Telling};

use super::edit;
use crate::decisions::{Decisions, Header};

/// What a run is told by: its regime, its operations before the healing, and whether it is healed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Story {
    pub(super) regime: Regime,
    pub(super) operations: Vec<Operation>,
    pub(super) heals: bool,
}

/// How long and how wide a story is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Size {
    /// Operations, the mark of the healing counted as one.
    pub operations: usize,
    /// Readers there are.
    pub readers: usize,
    /// Parties that move.
    pub parties: usize,
    /// Ids that are named.
    pub ids: u32,
    /// How often another party moves than the one before.
    pub switches: usize,
}

/// What is compared: first the size, then numbers, then how far the regime is from a calm one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    pub(super) size: Size,
    numbers: u32,
    regime: u32,
}

impl Story {
    pub(super) fn of(decisions: &Decisions) -> Self {
        Self {
            regime: decisions.header.regime.clone(),
            operations: decisions.before_healing().to_vec(),
            heals: decisions.healing.is_some(),
        }
    }

    pub(super) fn decisions(&self, header: &Header) -> Decisions {
        let header = Header {
            world: header.world.clone(),
            broken: header.broken.clone(),
            regime: self.regime.clone(),
            seed: header.seed,
            scheduler: header.scheduler,
        };
        let healing = self.heals.then_some(self.operations.len());
        Decisions { header, operations: self.operations.clone(), healing }
    }

    /// The same with other operations.
    pub(super) fn with(&self, operations: Vec<Operation>) -> Self {
        Self { regime: self.regime.clone(), operations, heals: self.heals }
    }

    pub(super) fn len(&self) -> usize {
        self.operations.len()
    }

    /// The ids that operations name.
    pub(super) fn named(&self) -> IdSet {
        self.operations.iter().fold(IdSet::EMPTY, |named, operation| named.or(edit::named(operation)))
    }

    pub(super) fn switches(operations: &[Operation]) -> usize {
        operations.windows(2).filter(|pair| pair[0].party() != pair[1].party()).count()
    }

    pub(super) fn size(&self) -> Size {
        let mut parties: Vec<usize> = self.operations.iter().map(|operation| operation.party().index()).collect();
        parties.sort_unstable();
        parties.dedup();
        Size {
            operations: self.operations.len() + usize::from(self.heals),
            readers: self.regime.readers.len(),
            parties: parties.len(),
            ids: self.named().len(),
            switches: Self::switches(&self.operations),
        }
    }

    pub(super) fn cost(&self) -> Cost {
        let numbers = self.operations.iter().map(edit::numbers).sum();
        Cost { size: self.size(), numbers, regime: distance(&self.regime) }
    }

    /// The parties that move.
    pub(super) fn parties(&self) -> Vec<Party> {
        let moves = |party: &Party| self.operations.iter().any(|operation| operation.party() == *party);
        (0..Party::COUNT).map(Party::at).filter(moves).collect()
    }
}

/// How far a regime is from the calm one with as many readers.
fn distance(regime: &Regime) -> u32 {
    let calm = Regime::calm(1, &[]);
    let (config, plain) = (&regime.config, &calm.config);
    let differs = [
        config.restart != plain.restart,
        config.backoff != plain.backoff,
        config.call_timeout != plain.call_timeout,
        config.fetch_attempts != plain.fetch_attempts,
        config.load_timeout != plain.load_timeout,
        config.heartbeat != plain.heartbeat,
        config.lag_limit != plain.lag_limit,
        config.lag_age != plain.lag_age,
        config.window != plain.window,
        config.queue_limit != plain.queue_limit,
        regime.telling != Telling::Notices,
        regime.unfiltered != calm.unfiltered,
        regime.commits != calm.commits,
        regime.faults != calm.faults,
        regime.weights != calm.weights,
        regime.budgets != calm.budgets,
    ];
    let differs: u32 = differs.into_iter().map(u32::from).sum();
    let shape = regime.shape;
    let shape = [shape.ids(), shape.models, shape.kinds, regime.values].into_iter().map(u32::from).sum::<u32>();
    let unlike = regime.readers.iter().filter(|reader| **reader != super::PLAIN).count();
    differs + shape + u32::try_from(unlike).unwrap_or(u32::MAX)
}
