//! What a client makes of each reply: watchers open, tell, end and stop, and every reply is judged.

use std::rc::Rc;

use serde_json::Value;

use super::{Asked, Call, Connection, Lost, Place, Watcher};
use crate::net::bugs::Bug;
use crate::net::campaign::Count;
use crate::net::history::{Told, View};
use crate::net::ledger::Party;
use crate::net::timing::{RETRY_MIN, now};
use crate::net::witness::{Broken, Promise, Witness};

impl Connection {
    pub(super) async fn replied(&mut self, mut reply: Value) -> Result<(), Lost> {
        let number = reply["request-id"].as_u64().unwrap_or(0);
        let Some(Asked { call, floor, .. }) = self.pending.remove(&number) else {
            let (promise, what) = if self.answered_stopped.contains(&number) {
                (Promise::StopQuiescent, "a call of a stopped watcher is answered again")
            } else {
                (Promise::Protocol, "a request is answered that nobody waits for")
            };
            return Err(self.broken(promise, format!("{what}: {number}")));
        };
        let error = reply.get("error").map(|error| error.as_str().unwrap_or_default().to_owned());
        match (call, error) {
            (Call::Login, None) => Ok(()),
            (Call::Login, Some(error)) => self.login_refused(&error),
            (Call::Watch(place), None) => self.opened(place, &reply),
            (Call::Watch(place), Some(error)) => self.not_opened(place, &error),
            (Call::Next(key), None) => self.told(number, key, reply["response"]["deltas"].take(), floor),
            (Call::Next(key), Some(error)) => self.ended(number, key, &error),
            (Call::Stop(key), None) => self.stopped(key).await,
            (Call::Stop(key), Some(error)) if error == "unknown watcher id" && self.may_be_unknown(key) => Ok(()),
            (Call::Ping(after), None) => match after.iter().find(|number| self.pending.contains_key(number)) {
                None => Ok(()),
                Some(number) => {
                    let what = format!("call {number} of a stopped watcher is not answered, and later ones are");
                    Err(self.broken(Promise::StopQuiescent, what))
                }
            },
            (Call::Nonsense(expected), Some(error)) if error == expected => Ok(()),
            (call, error) => Err(self.broken(Promise::Protocol, format!("{call:?} is answered with {error:?}"))),
        }
    }

    /// Whether the server may have forgotten a watcher that was not stopped: one that ended of its own accord, which a call was told,
    /// or with all others when the server was shut down.
    fn may_be_unknown(&self, key: u32) -> bool {
        let has_ended = self.watchers.get(&key).is_none_or(|watcher| watcher.has_ended);
        has_ended || self.ledger.open().shutdowns > self.shutdowns
    }

    fn login_refused(&self, error: &str) -> Result<(), Lost> {
        let is_known = ["unknown model", "the models are not known yet"].iter().any(|known| error.starts_with(known));
        if is_known {
            self.ledger.open().count(Count::LoginsRefused);
            return Err(Lost::Refused);
        }
        Err(self.broken(Promise::Protocol, format!("a login is refused with {error:?}")))
    }

    fn opened(&mut self, place: usize, reply: &Value) -> Result<(), Lost> {
        let Some(id) = reply["response"]["watcher-id"].as_str() else {
            return Err(self.broken(Promise::Protocol, format!("a watcher has no id: {reply}")));
        };
        self.opened += 1;
        let view = if self.bug == Bug::KeepsDead { self.kept.clone() } else { View::new() };
        let view = Rc::new(view);
        let witness = Witness::new(self.scope);
        let watcher = Watcher { id: id.to_owned(), witness, view, was_told: false, has_ended: false, stop: None };
        self.watchers.insert(self.opened, watcher);
        self.places[place] = Place::Open(self.opened);
        Ok(())
    }

    fn not_opened(&mut self, place: usize, error: &str) -> Result<(), Lost> {
        if error.contains("watcher was stopped") {
            self.places[place] = Place::Empty(now() + RETRY_MIN);
            return Ok(());
        }
        Err(self.broken(Promise::Protocol, format!("a watcher is refused with {error:?}")))
    }

    fn told(&mut self, number: u64, key: u32, deltas: Value, floor: u64) -> Result<(), Lost> {
        let Value::Array(deltas) = deltas else {
            return Err(self.broken(Promise::Protocol, "a reply to Next has no deltas".to_owned()));
        };
        let Some(watcher) = self.watchers.get_mut(&key) else {
            return Err(
                self.broken(Promise::StopQuiescent, format!("call {number} of a watcher that ended brings deltas"))
            );
        };
        if watcher.stop == Some(true) {
            let what = format!("call {number} brings {} deltas after the stop was answered", deltas.len());
            return Err(self.broken(Promise::StopQuiescent, what));
        }
        let told = match deltas.iter().map(Told::read).collect::<Result<Vec<_>, _>>() {
            Ok(told) => told,
            Err(why) => return Err(self.broken(Promise::Protocol, why)),
        };
        let before = Rc::clone(&watcher.view);
        fold(Rc::make_mut(&mut watcher.view), &told, self.bug);
        let mut ledger = self.ledger.open();
        let judged = watcher.witness.judge(&ledger.history, (&before, &watcher.view), &told, floor);
        watcher.was_told = true;
        ledger.count(Count::Replies);
        ledger.counts.deltas(told.len());
        drop(ledger);
        match judged {
            Ok(position) => {
                let mut ledger = self.ledger.open();
                ledger.floor = ledger.floor.max(position);
            }
            Err(Broken { promise, what }) => return Err(self.broken(promise, what)),
        }
        self.show();
        Ok(())
    }

    /// A watcher has ended, by a stop or of its own accord. In the second case another is opened.
    fn ended(&mut self, number: u64, key: u32, error: &str) -> Result<(), Lost> {
        let was_stopped = self.watchers.get(&key).is_none_or(|watcher| watcher.stop.is_some());
        let is_stopped = error.contains("watcher was stopped");
        if was_stopped && (is_stopped || error == "unknown watcher id") {
            if let Some(watcher) = self.watchers.get_mut(&key) {
                watcher.has_ended |= is_stopped && error != "watcher was stopped";
            }
            self.answered_stopped.insert(number);
            return Ok(());
        }
        if was_stopped || !is_stopped || error == "watcher was stopped" {
            return Err(self.broken(Promise::Protocol, format!("a watcher ends with {error:?}")));
        }
        self.ledger.open().count(Count::WatchersEnded);
        self.watchers.remove(&key);
        for place in &mut self.places {
            if *place == Place::Open(key) {
                *place = Place::Empty(now() + RETRY_MIN);
            }
        }
        self.show();
        Ok(())
    }

    async fn stopped(&mut self, key: u32) -> Result<(), Lost> {
        if let Some(watcher) = self.watchers.get_mut(&key) {
            watcher.stop = Some(true);
        }
        let of_it = self.pending.iter().filter(|(_, asked)| asked.call == Call::Next(key));
        let waiting: Vec<_> = of_it.map(|(number, _)| *number).collect();
        self.ledger.open().counts.waiting_stops(waiting.len());
        self.ping(waiting).await
    }

    /// Tells the ledger what is held, for the comparison at the end.
    pub(super) fn show(&self) {
        let views = self.places.iter().map(|place| self.view_at(*place).cloned()).collect();
        self.ledger.open().clients[self.client].views = views;
    }

    pub(super) fn broken(&self, promise: Promise, what: String) -> Lost {
        self.ledger.open().break_promise(Party::Client(self.client), Broken { promise, what });
        Lost::Broken
    }
}

fn fold(view: &mut View, told: &[Told], bug: Bug) {
    for told in told {
        if told.is_removed && bug != Bug::KeepsRemoved {
            view.remove(&told.id);
        } else {
            view.insert(told.id.clone(), Rc::clone(&told.mark));
        }
    }
}
