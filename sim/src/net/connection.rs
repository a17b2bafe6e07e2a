//! One connection of a client after the websocket's handshake: requests that are numbered and waited for, watchers, and what they told.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_util::{SinkExt as _, StreamExt as _};
use multiwatcher::machine::ModelId;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use turmoil::net::TcpStream;

use super::bugs::Bug;
use super::campaign::Count;
use super::history::{Told, View};
use super::ledger::{Party, SharedLedger};
use super::relay::Relay;
use super::server::{PASSWORD, USER};
use super::timing::{CALL, now};
use super::witness::{Broken, Promise, Witness};

/// Why a client gives a connection up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The server closed it.
    Closed,
    /// The stream failed.
    Failed,
    /// Something was not answered in time.
    Overdue,
    /// The server cannot serve this client for the time being.
    Refused,
    /// A promise broke: the run ends.
    Broken,
}

/// A request that is not answered.
#[derive(Debug)]
struct Asked {
    call: Call,
    sent: Duration,
    /// What had been told when it was sent.
    floor: u64,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Login,
    /// A watcher for this place.
    Watch(usize),
    Next(u32),
    Stop(u32),
    /// With the calls that must have been answered by then.
    Ping(Vec<u64>),
    /// Something that is refused, with this text.
    Nonsense(&'static str),
}

/// A watcher.
#[derive(Debug)]
struct Watcher {
    id: String,
    witness: Witness,
    view: View,
    was_told: bool,
    /// The client has sent its stop; whether that was answered.
    stop: Option<bool>,
}

/// Where a client wants a watcher to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// One is to be opened, not before that moment.
    Empty(Duration),
    Opening,
    Open(u32),
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    socket: WebSocketStream<TcpStream>,
    client: usize,
    scope: Option<ModelId>,
    ledger: SharedLedger,
    bug: Bug,
    relay: Relay,
    last: u64,
    pending: BTreeMap<u64, Asked>,
    /// Calls of stopped watchers that were answered.
    answered_stopped: BTreeSet<u64>,
    watchers: BTreeMap<u32, Watcher>,
    opened: u32,
    places: Vec<Place>,
    is_logged_in: bool,
    /// What the client held when it was last connected: only one with a bug looks at it.
    kept: View,
}

impl Connection {
    pub(super) fn new(
        socket: WebSocketStream<TcpStream>,
        (client, scope): (usize, Option<ModelId>),
        ledger: SharedLedger,
        bug: Bug,
        kept: View,
    ) -> Self {
        Self {
            socket,
            client,
            scope,
            ledger,
            bug,
            relay: Relay::new(bug),
            last: 0,
            pending: BTreeMap::new(),
            answered_stopped: BTreeSet::new(),
            watchers: BTreeMap::new(),
            opened: 0,
            places: Vec::new(),
            is_logged_in: false,
            kept,
        }
    }

    /// Logs in.
    pub(super) async fn log_in(&mut self) -> Result<(), Lost> {
        let params = json!({ "auth-tag": format!("user-{USER}"), "credentials": PASSWORD });
        self.ask(Call::Login, ("Admin", "Login"), "", params).await?;
        while !self.is_logged_in {
            match timeout(CALL, self.hear()).await {
                Ok(heard) => heard?,
                Err(_) => return Err(Lost::Overdue),
            }
        }
        Ok(())
    }

    /// The client wants so many watchers from now on.
    pub(super) fn want(&mut self, watchers: usize) {
        self.places.resize(watchers, Place::Empty(now()));
    }

    /// Opens the watchers that are wanted, and asks those that are open for what is next.
    pub(super) async fn keep_watching(&mut self) -> Result<(), Lost> {
        for place in 0..self.places.len() {
            match self.places[place] {
                Place::Empty(after) if after <= now() => {
                    self.places[place] = Place::Opening;
                    let facade =
                        if self.scope.is_some() { ("Client", "WatchAll") } else { ("Controller", "WatchAllModels") };
                    self.ask(Call::Watch(place), facade, "", Value::Null).await?;
                }
                Place::Open(key) if !self.waits(key) => {
                    let id = self.watchers[&key].id.clone();
                    self.ask(Call::Next(key), (self.facade(), "Next"), &id, Value::Null).await?;
                }
                Place::Empty(_) | Place::Opening | Place::Open(_) => {}
            }
        }
        Ok(())
    }

    /// Stops the watcher at this place; another is opened after it.
    pub(super) async fn stop(&mut self, place: usize) -> Result<(), Lost> {
        let place = place % self.places.len().max(1);
        let Some(Place::Open(key)) = self.places.get(place).copied() else { return Ok(()) };
        self.ledger.open().count(Count::Stops);
        self.places[place] = Place::Empty(now());
        self.show();
        let watcher = self.watchers.get_mut(&key).expect("a place is open while its watcher is there");
        watcher.stop = Some(false);
        let id = watcher.id.clone();
        self.ask(Call::Stop(key), (self.facade(), "Stop"), &id, Value::Null).await
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&mut self, after: Vec<u64>) -> Result<(), Lost> {
        self.ask(Call::Ping(after), ("Pinger", "Ping"), "", Value::Null).await
    }

    /// Asks for something that is refused.
    pub(super) async fn nonsense(&mut self, request: (&str, &str), error: &'static str) -> Result<(), Lost> {
        self.ask(Call::Nonsense(error), request, "999", Value::Null).await
    }

    /// The name of the facade of its watchers.
    pub(super) fn facade(&self) -> &'static str {
        if self.scope.is_some() { "AllWatcher" } else { "AllModelWatcher" }
    }

    /// Reads one message and takes it up.
    pub(super) async fn hear(&mut self) -> Result<(), Lost> {
        let message = match self.socket.next().await {
            Some(Ok(message)) => message,
            None => return Err(Lost::Closed),
            Some(Err(_)) => return Err(Lost::Failed),
        };
        match message {
            Message::Text(text) => {
                self.note(format!("< {}", text.trim_end()));
                let Ok(reply) = serde_json::from_str::<Value>(&text) else {
                    return Err(self.broken(Promise::Protocol, "a reply is not JSON".to_owned()));
                };
                let again = self.relay.received(&reply);
                self.replied(reply).await?;
                match again {
                    Some(again) => self.replied(again).await,
                    None => Ok(()),
                }
            }
            Message::Close(frame) => {
                let code = frame.map_or(0, |frame| u16::from(frame.code));
                self.note(format!("< close {code}"));
                Ok(())
            }
            Message::Ping(_) => {
                self.note("< websocket ping".to_owned());
                Ok(())
            }
            Message::Binary(_) | Message::Pong(_) | Message::Frame(_) => {
                Err(self.broken(Promise::Protocol, "a message is no text".to_owned()))
            }
        }
    }

    /// Says goodbye, if that can be said at once.
    pub(super) async fn close(mut self) {
        self.note("> close".to_owned());
        _ = timeout(CALL, self.socket.close(None)).await;
    }

    /// Whether anything but what is next was not answered in time.
    pub(super) fn overdue(&self) -> Result<(), Lost> {
        let now = now();
        let is_overdue = |asked: &Asked| !matches!(asked.call, Call::Next(_)) && now >= asked.sent + CALL;
        if self.pending.values().any(is_overdue) { Err(Lost::Overdue) } else { Ok(()) }
    }

    /// The client has not read for a while, and does not hold that against the server.
    pub(super) fn forgive(&mut self) {
        let now = now();
        self.pending.values_mut().for_each(|asked| asked.sent = now);
    }

    /// What its first watcher holds.
    pub(super) fn view(&self) -> Option<&View> {
        let Some(Place::Open(key)) = self.places.first() else { return None };
        self.watchers.get(key).filter(|watcher| watcher.was_told).map(|watcher| &watcher.view)
    }

    /// Writes into the trace.
    pub(super) fn note(&self, what: String) {
        self.ledger.open().write(Party::Client(self.client), now(), what);
    }

    async fn ask(&mut self, call: Call, (facade, method): (&str, &str), id: &str, params: Value) -> Result<(), Lost> {
        self.last += 1;
        let number = self.last;
        let request = json!({
            "request-id": number, "type": facade, "request": method, "version": version(facade), "id": id, "params": params,
        });
        let text = if id.is_empty() { String::new() } else { format!(" of watcher {id}") };
        self.note(format!("> {number} {facade}.{method}{text}"));
        self.relay.sent(number, method, id);
        let floor = self.ledger.open().floor;
        self.pending.insert(number, Asked { call, sent: now(), floor });
        match timeout(CALL, self.socket.send(Message::text(request.to_string()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Lost::Failed),
            Err(_) => Err(Lost::Overdue),
        }
    }

    fn waits(&self, key: u32) -> bool {
        self.pending.values().any(|asked| asked.call == Call::Next(key))
    }

    async fn replied(&mut self, mut reply: Value) -> Result<(), Lost> {
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
            (Call::Login, None) => {
                self.is_logged_in = true;
                Ok(())
            }
            (Call::Login, Some(error)) => self.login_refused(&error),
            (Call::Watch(place), None) => self.opened(place, &reply),
            (Call::Watch(place), Some(error)) => self.not_opened(place, &error),
            (Call::Next(key), None) => self.told(number, key, reply["response"]["deltas"].take(), floor),
            (Call::Next(key), Some(error)) => self.ended(number, key, &error),
            (Call::Stop(key), None) => self.stopped(key).await,
            // It had ended of its own accord.
            (Call::Stop(_), Some(error)) if error == "unknown watcher id" => Ok(()),
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
        let witness = Witness::new(self.scope);
        let watcher = Watcher { id: id.to_owned(), witness, view, was_told: false, stop: None };
        self.watchers.insert(self.opened, watcher);
        self.places[place] = Place::Open(self.opened);
        Ok(())
    }

    fn not_opened(&mut self, place: usize, error: &str) -> Result<(), Lost> {
        if error.contains("watcher was stopped") {
            self.places[place] = Place::Empty(now() + super::timing::RETRY_MIN);
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
        let before = watcher.view.clone();
        fold(&mut watcher.view, &told, self.bug);
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
                *place = Place::Empty(now() + super::timing::RETRY_MIN);
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
    fn show(&self) {
        let view = self.view().cloned();
        self.ledger.open().clients[self.client].view = view;
    }

    fn broken(&self, promise: Promise, what: String) -> Lost {
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

fn version(facade: &str) -> u32 {
    match facade {
        "Pinger" => 1,
        "AllModelWatcher" => 4,
        "Client" => 6,
        "Controller" => 11,
        _ => 3,
    }
}
