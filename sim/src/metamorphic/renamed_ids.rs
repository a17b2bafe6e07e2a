//! Ids renamed: within each model and kind the names change places. Filters look at models and kinds, so everything is as before under
//! the new names; only deltas of the same revno, which stand in the order of their ids, stand in another.

use multiwatcher::testing::{Changes, IdIx, IdSet, Operation, Shape, State, Subject};

use super::Compared;
use super::heard::{self, Heard, Listener};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// Compares a run with one whose ids have other names.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    let regime = &decisions.header.regime;
    let renaming = Renaming(regime.shape);
    if regime.shape.names < 2 {
        return None;
    }
    let (mut named, mut renamed) = (Listener::new(maker, regime.clone()), Listener::new(maker, regime.clone()));
    for (at, operation) in decisions.operations.iter().enumerate() {
        named.apply(at, operation);
        renamed.apply(at, &renaming.operation(operation));
    }
    let back = |heard: &mut Heard| {
        heard.deltas.iter_mut().for_each(|delta| delta.id = renaming.id(delta.id));
        renaming.view(heard);
    };
    renamed.heard_mut().iter_mut().for_each(back);
    let (store, other) = (named.store(), renamed.store().map(|state| renaming.state(state)));
    if store != other {
        return Some(Err(format!("the store held at the end {store:?}; with other names {other:?}").into()));
    }
    // Deltas of one revno stand in the order of the ids, so only the order between revnos is compared.
    for run in [&mut named, &mut renamed] {
        run.heard_mut().iter_mut().for_each(|heard| heard.deltas.sort_by_key(|delta| (delta.revno, delta.id)));
    }
    let which = ("as it was", "with other names");
    Some(heard::compare((named.heard(), renamed.heard()), which, regime.readers.len()))
}

/// The last name is the first, and so on. It is its own inverse.
#[derive(Clone, Copy)]
struct Renaming(Shape);

impl Renaming {
    fn id(self, id: IdIx) -> IdIx {
        let names = self.0.names;
        if id.0 >= self.0.ids() {
            return id;
        }
        let name = id.0 % names;
        IdIx(id.0 - name + (names - 1 - name))
    }

    fn ids(self, ids: IdSet) -> IdSet {
        let mut renamed = IdSet::EMPTY;
        ids.iter().for_each(|id| renamed.insert(self.id(id)));
        renamed
    }

    fn state(self, state: State) -> State {
        let mut renamed = State::EMPTY;
        state.alive().iter().for_each(|id| renamed.set(self.id(id), state.get(id)));
        renamed
    }

    fn view(self, heard: &mut Heard) {
        if let multiwatcher::testing::Observation::Resumed { view, .. } = &mut heard.observation {
            *view = self.state(*view);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other operation names an id")]
    fn operation(self, operation: &Operation) -> Operation {
        match *operation {
            Operation::Commit { changes: Changes { ids, values }, skip } => {
                Operation::Commit { changes: Changes { ids: self.ids(ids), values: self.state(values) }, skip }
            }
            Operation::Notice { ids, twice } => Operation::Notice { ids: self.ids(ids), twice },
            Operation::ReadLoad { ids, absent } => Operation::ReadLoad { ids: self.ids(ids), absent },
            Operation::ReadFetch { fetch, skip, omit, behind } => {
                Operation::ReadFetch { fetch, skip, omit: self.ids(omit), behind }
            }
            Operation::Ail { id, once } => Operation::Ail { id: self.id(id), once },
            Operation::Mend { id } => Operation::Mend { id: self.id(id) },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::{Planted, caught, with};

    #[test]
    fn it_notices_that_the_last_ids_of_a_batch_are_lost() {
        let text = caught(Relation::RenamedIds, with(Planted::ShortBuffer));
        assert!(text.starts_with("ids renamed: "), "{text}");
    }
}
