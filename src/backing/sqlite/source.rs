//! What the reading thread reads from, and what workers were told of it: by that it knows when the past came back.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::connection::Link;
use super::error::is_of_another_past;
use super::identities::Identities;
use super::place::Way;
use super::reading::{self, Spot};
use crate::backing::{BackingError, Identity, Step, Value};
use crate::machine::{EntityId, Position};

/// How many of the places told are remembered, to know them again.
const REMEMBERED: usize = 4096;

pub(super) struct Source {
    pub(super) link: Link,
    identities: Arc<Identities>,
    /// The nonces of positions that workers were told, and of which database.
    told: BTreeMap<Position, i64>,
    of: Identity,
    /// The past came back, and those that are told do not know it yet.
    rewound: Option<BackingError>,
}

impl Source {
    pub(super) fn new(way: Way, identities: Arc<Identities>) -> Self {
        let link = Link::new(way, Arc::clone(&identities));
        Self { link, identities, told: BTreeMap::new(), of: Identity(0), rewound: None }
    }

    /// Where the log stands, for somebody who begins there. What others were told is looked for: if that is of another past, it came back
    /// while nobody looked.
    pub(super) fn latest(&mut self) -> Result<Spot, BackingError> {
        let told = self.told.last_key_value().map(|(&position, &nonce)| Spot { position, nonce: Some(nonce) });
        if let Some(told) = told.filter(|_| self.of == self.identities.current()) {
            let confirmed = self.link.run(|connection| reading::confirm(connection, told));
            self.judge(told, confirmed)?;
        }
        let latest = self.link.run(|connection| Ok(reading::latest(connection)?))?;
        self.remember(latest);
        Ok(latest)
    }

    /// What happened since a position, as a worker asks for it.
    pub(super) fn since<V: Value + DeserializeOwned>(
        &mut self,
        since: Position,
        ids: &[EntityId],
    ) -> Result<Step<V>, BackingError> {
        let spot = Spot { position: since, nonce: self.told.get(&since).copied() };
        let step = self.link.run(|connection| reading::step(connection, spot, ids));
        let (step, to) = self.judge(spot, step)?;
        self.remember(to);
        Ok(step)
    }

    /// What happened since a place that was told. Whoever looks has just seen that it is the file.
    pub(super) fn after<V: Value + DeserializeOwned>(&mut self, told: Spot) -> Result<(Step<V>, Spot), BackingError> {
        let step = self.link.run_on(|connection| reading::step(connection, told, &[]));
        let (step, to) = self.judge(told, step)?;
        self.remember(to);
        Ok((step, to))
    }

    /// The error that ends all subscriptions, once: the past came back.
    pub(super) fn take_rewound(&mut self) -> Option<BackingError> {
        self.rewound.take()
    }

    /// Whether there is such an error.
    pub(super) fn is_rewound(&self) -> bool {
        self.rewound.is_some()
    }

    /// If a place that was told is of another past, all that was told is.
    fn judge<T>(&mut self, told: Spot, read: Result<T, BackingError>) -> Result<T, BackingError> {
        if let Err(error) = &read
            && told.nonce.is_some()
            && is_of_another_past(error)
        {
            self.told.clear();
            self.link.rewound();
            self.rewound = Some(error.clone());
        }
        read
    }

    fn remember(&mut self, spot: Spot) {
        let current = self.identities.current();
        if self.of != current {
            self.told.clear();
            self.of = current;
        }
        if let Some(nonce) = spot.nonce {
            self.told.insert(spot.position, nonce);
            if self.told.len() > REMEMBERED {
                self.told.pop_first();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::backing::sqlite::error::PlaceError;
    use crate::backing::sqlite::place::Place;

    fn source() -> Source {
        let place = Place::Memory("never opened".to_owned());
        Source::new(Way { place, busy_timeout: Duration::ZERO, max_pages: None, cache: 0 }, Identities::new())
    }

    fn spot(position: u64) -> Spot {
        Spot { position: Position(position), nonce: Some(7) }
    }

    #[test]
    fn places_that_come_after_a_rewind_are_remembered_though_they_are_lower() {
        let mut source = source();
        for position in 10_000..20_000 {
            source.remember(spot(position));
        }
        assert_eq!(source.told.len(), REMEMBERED);
        let read: Result<(), _> = Err(PlaceError::Ahead { since: 1, latest: 0 }.into());
        assert!(source.judge(spot(19_999), read).is_err());
        assert!(source.identities.is_outdated() && source.take_rewound().is_some());
        source.remember(spot(3));
        assert!(source.told.contains_key(&Position(3)));
    }

    #[test]
    fn who_asks_since_a_position_that_was_never_told_ends_nobody_elses_past() {
        let mut source = source();
        let read: Result<(), _> = Err(PlaceError::Other { since: 1 }.into());
        assert!(source.judge(Spot { position: Position(1), nonce: None }, read).is_err());
        assert!(!source.identities.is_outdated() && !source.is_rewound());
    }
}
