//! Operations and observations in words, for traces and failure pages. Rendered only when somebody wants to read them.

mod observation;
mod operation;

use multiwatcher::machine::Change;
use multiwatcher::testing::{Changes, DeltaSeen, FilterIx, IdIx, IdSet, Party, Shape, State, Universe};

pub use observation::observation;
pub use operation::operation;

/// Names ids and filters as short as the universe allows.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    universe: &'a Universe,
}

impl<'a> Words<'a> {
    /// The words of this universe.
    pub fn new(universe: &'a Universe) -> Self {
        Self { universe }
    }

    /// An id: its name, with the number of its model and its kind where there is more than one.
    pub fn id(&self, ix: IdIx) -> String {
        let Some(id) = self.universe.ids().get(ix.at()) else { return "an unknown id".to_owned() };
        let Shape { models, kinds, names } = self.universe.shape();
        let mut text = String::new();
        if kinds > 1 {
            text.push_str(id.kind.as_str());
            text.push('/');
        }
        if models > 1 {
            text.push_str(&(ix.0 / names % models + 1).to_string());
            text.push('/');
        }
        text.push_str(id.id());
        text
    }

    /// A delta: the value, or that there is none.
    pub fn delta(&self, delta: &DeltaSeen) -> String {
        match delta.change {
            Change::Changed => format!("{}={}", self.id(delta.id), delta.value),
            Change::Removed => format!("del {}", self.id(delta.id)),
        }
    }

    /// Ids in order.
    pub fn ids(&self, ids: IdSet) -> String {
        if ids.is_empty() {
            return "nothing".to_owned();
        }
        join(ids.iter().map(|ix| self.id(ix)))
    }

    /// What a commit does.
    pub fn changes(&self, changes: &Changes) -> String {
        join(changes.ids.iter().map(|ix| match changes.values.get(ix) {
            Some(value) => format!("{}={value}", self.id(ix)),
            None => format!("del {}", self.id(ix)),
        }))
    }

    /// Everything alive with its value.
    pub fn state(&self, state: State) -> String {
        if state.alive().is_empty() {
            return "nothing".to_owned();
        }
        join(state.alive().iter().map(|ix| format!("{}={}", self.id(ix), state.get(ix).unwrap_or(0))))
    }

    /// Two states where they differ: what one has, and what the other.
    pub fn difference(&self, one: State, other: State) -> String {
        let value = |state: State, ix| state.get(ix).map_or("nothing".to_owned(), |value| value.to_string());
        join(
            one.differs(other)
                .iter()
                .map(|ix| format!("{} is {}, not {}", self.id(ix), value(one, ix), value(other, ix))),
        )
    }

    /// A filter: what it lets through.
    pub fn filter(&self, filter: FilterIx) -> String {
        let passing = self.universe.passing(filter);
        if passing == self.universe.all() { "everything".to_owned() } else { self.ids(passing) }
    }
}

/// Who moves.
pub fn party(party: Party) -> String {
    match party {
        Party::Writer => "writer".to_owned(),
        Party::Stream => "stream".to_owned(),
        Party::Caller => "caller".to_owned(),
        Party::Clock => "clock".to_owned(),
        Party::Saboteur => "saboteur".to_owned(),
        Party::Owner => "owner".to_owned(),
        Party::Reader(reader) => format!("reader {reader}"),
        Party::Worker => "worker".to_owned(),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}
