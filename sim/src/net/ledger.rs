//! What all hosts of a run write to: the hash of the trace, the last messages, what was counted, and the first promise that broke.

use core::cell::{RefCell, RefMut};
use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::rc::Rc;

use multiwatcher::backing::Json;
use multiwatcher::driver::Factory;
use multiwatcher::service::Service;
use xxhash_rust::xxh3::Xxh3Default;

use super::campaign::{Count, Counts};
use super::history::{History, Scope, View};
use super::witness::Broken;

/// Messages of a client that are kept for the page.
const KEPT: usize = 14;

/// Who did or said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The network, the database and the server's host.
    World,
    /// A client by number.
    Client(usize),
}

/// A line of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Simulated time.
    pub at: Duration,
    /// What was said or done.
    pub what: String,
}

/// What a client holds, for the comparison at the end.
#[derive(Debug)]
pub struct Held {
    /// What it watches.
    pub scope: Scope,
    /// The view of each of its watchers; none of one that was told nothing yet.
    pub views: Vec<Option<Rc<View>>>,
    /// A reply has begun to come, and has not ended.
    pub is_within_reply: bool,
}

/// The ledger. One thread runs all hosts.
pub struct Ledger {
    /// The database.
    pub history: History,
    /// Nobody may be told anything older than this position any more.
    pub floor: u64,
    /// How often the server came up.
    pub life: u64,
    /// How often it was told to shut down.
    pub shutdowns: u64,
    /// The service of the server that is up.
    pub service: Option<(Service, Factory<Json>)>,
    /// The plan has ended and everything is healed.
    pub is_calm: bool,
    /// Views were compared: clients go.
    pub is_over: bool,
    /// What clients hold.
    pub clients: Vec<Held>,
    /// What was counted.
    pub counts: Counts,
    /// The first promise that broke, and whose.
    pub broken: Option<(Party, Broken)>,
    hash: Xxh3Default,
    /// Every line, if somebody asked for them.
    trace: Option<Vec<(Party, Line)>>,
    world: VecDeque<Line>,
    said: Vec<VecDeque<Line>>,
}

/// The ledger, shared.
#[derive(Debug, Clone)]
pub struct SharedLedger(Rc<RefCell<Ledger>>);

impl SharedLedger {
    /// A ledger of a run with these clients.
    pub fn new(history: History, scopes: Vec<Scope>) -> Self {
        let said = vec![VecDeque::new(); scopes.len()];
        let clients =
            scopes.into_iter().map(|scope| Held { scope, views: Vec::new(), is_within_reply: false }).collect();
        Self(Rc::new(RefCell::new(Ledger {
            history,
            floor: 0,
            life: 0,
            shutdowns: 0,
            service: None,
            is_calm: false,
            is_over: false,
            clients,
            counts: Counts::default(),
            broken: None,
            hash: Xxh3Default::new(),
            trace: None,
            world: VecDeque::new(),
            said,
        })))
    }

    /// Opens it. Nobody holds it open across a wait.
    pub fn open(&self) -> RefMut<'_, Ledger> {
        self.0.borrow_mut()
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("clients", &self.clients.len()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Something was said or done.
    pub fn write(&mut self, party: Party, at: Duration, what: impl Into<String>) {
        let what = what.into();
        let (number, lines) = match party {
            Party::World => (u64::MAX, &mut self.world),
            Party::Client(client) => (client as u64, &mut self.said[client]),
        };
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.hash.update(&number.to_le_bytes());
        self.hash.update(&nanos.to_le_bytes());
        self.hash.update(&(what.len() as u64).to_le_bytes());
        self.hash.update(what.as_bytes());
        if let Some(trace) = &mut self.trace {
            trace.push((party, Line { at, what: what.clone() }));
        }
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(Line { at, what });
    }

    /// Counts one.
    pub fn count(&mut self, what: Count) {
        self.counts.add(what);
    }

    /// A promise broke; the first is kept.
    pub fn break_promise(&mut self, party: Party, broken: Broken) {
        if self.broken.is_none() {
            self.broken = Some((party, broken));
        }
    }

    /// From now on every line is kept.
    pub fn keep_all(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// The lines that were kept.
    pub fn take_trace(&mut self) -> Vec<(Party, Line)> {
        self.trace.take().unwrap_or_default()
    }

    /// The hash of all that was written.
    pub fn hash(&self) -> u64 {
        self.hash.digest()
    }

    /// The last lines of a party.
    pub fn last(&self, party: Party) -> Vec<Line> {
        match party {
            Party::World => self.world.iter().cloned().collect(),
            Party::Client(client) => self.said[client].iter().cloned().collect(),
        }
    }

    /// The clients with a view that is not what the database holds, or with none.
    pub fn apart(&self) -> Vec<usize> {
        let latest = self.history.latest();
        let is_apart = |held: &Held| {
            let is_old = |view: &Option<Rc<View>>| {
                view.as_ref().is_none_or(|view| !self.history.equals(view, held.scope, latest))
            };
            held.views.is_empty() || held.views.iter().any(is_old)
        };
        let clients = self.clients.iter().enumerate();
        clients.filter(|(_, held)| is_apart(held)).map(|(client, _)| client).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::model_entity;
    use super::*;

    #[test]
    fn a_client_is_apart_if_any_of_its_views_is() {
        let mut history = History::new(false);
        history.commit(vec![(model_entity(0), Some("v1".into()))]);
        let old = Rc::new(history.view(Scope::ALL, 1));
        history.commit(vec![(model_entity(0), Some("v2".into()))]);
        let new = Rc::new(history.view(Scope::ALL, 2));
        let ledger = SharedLedger::new(history, vec![Scope::ALL]);
        let is_apart = |views: &[Option<&Rc<View>>]| {
            ledger.open().clients[0].views = views.iter().map(|view| view.cloned()).collect();
            let apart = ledger.open().apart();
            !apart.is_empty()
        };
        assert!(!is_apart(&[Some(&new)]) && !is_apart(&[Some(&new), Some(&new)]));
        assert!(is_apart(&[Some(&new), Some(&old)]), "the second watcher is behind");
        assert!(is_apart(&[Some(&new), None]), "the second watcher was told nothing");
        assert!(is_apart(&[]), "there is no watcher");
    }
}
