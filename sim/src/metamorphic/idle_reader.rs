//! An idle reader added: one that reads once and never again changes neither what the others are told nor when.

use multiwatcher::testing::{Character, FilterIx, Operation, Party, Subject};

use super::Compared;
use super::heard::{self, Listener};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// Compares a run with one that has one more reader. Not for runs in which it could not be added, or would be waited for: an age limit
/// makes a deadline of its own.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    let regime = &decisions.header.regime;
    if regime.readers.len() == Party::READERS || regime.config.lag_age.is_some() {
        return None;
    }
    let idle = u8::try_from(regime.readers.len()).ok()?;
    let (mut alone, mut beside) = {
        let mut with_idle = regime.clone();
        with_idle.readers.push(Character::Sleeping);
        (Listener::new(maker, regime.clone()), Listener::new(maker, with_idle))
    };
    let third = decisions.operations.len() / 3;
    for (at, operation) in decisions.operations.iter().enumerate() {
        if at == 0 {
            beside.apply(at, &Operation::Open { reader: idle, filter: FilterIx(0) });
        }
        if at == third {
            beside.apply(at, &Operation::TryNext { reader: idle });
        }
        alone.apply(at, operation);
        beside.apply(at, operation);
    }
    let names = ("without an idle reader", "with it");
    Some(heard::compare((alone.heard(), beside.heard()), names, regime.readers.len()))
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::{Planted, caught, with};

    #[test]
    fn it_notices_that_others_wait_for_the_slowest() {
        let text = caught(Relation::IdleReader, with(Planted::Backpressure));
        assert!(text.starts_with("idle reader added: "), "{text}");
    }
}
