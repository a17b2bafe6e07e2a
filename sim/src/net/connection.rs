//! One connection of a client after the websocket's handshake: requests that are numbered and waited for, watchers, and what they told.

mod replies;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::rc::Rc;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::bugs::Bug;
use super::campaign::Count;
use super::history::{Scope, View};
use super::ledger::{Party, SharedLedger};
use super::plan::Who;
use super::relay::Relay;
use super::server::PASSWORD;
use super::tap::Tap;
use super::timing::{CALL, now};
use super::witness::{Promise, Witness};

/// Why a client gives a connection up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The server closed it.
    Closed,
    /// Nobody listens.
    Unreachable,
    /// The other end is gone, and its system said so.
    Reset,
    /// It ended without a goodbye.
    Failed,
    /// Something was not answered in time.
    Overdue,
    /// The server cannot serve this client for the time being.
    Refused,
    /// A promise broke: the run ends.
    Broken,
}

impl Lost {
    pub(super) fn of(error: &Error) -> Self {
        let is_gone = |kind| matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
        if matches!(error, Error::Io(error) if is_gone(error.kind())) { Self::Reset } else { Self::Failed }
    }
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
    view: Rc<View>,
    was_told: bool,
    /// A call was told that it had ended of its own accord.
    has_ended: bool,
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
    socket: WebSocketStream<Tap>,
    client: usize,
    scope: Scope,
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
    /// How often the server had been told to shut down before.
    shutdowns: u64,
    /// What the client held when it was last connected: only one with a bug looks at it.
    kept: View,
}

impl Connection {
    pub(super) fn new(
        socket: WebSocketStream<Tap>,
        (client, scope): (usize, Scope),
        ledger: SharedLedger,
        bug: Bug,
        kept: View,
    ) -> Self {
        let shutdowns = ledger.open().shutdowns;
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
            shutdowns,
            kept,
        }
    }

    /// Logs in.
    pub(super) async fn log_in(&mut self, who: Who) -> Result<(), Lost> {
        let params = json!({ "auth-tag": format!("user-{}", who.name()), "credentials": PASSWORD });
        self.ask(Call::Login, ("Admin", "Login"), "", params).await?;
        self.answered().await
    }

    /// Asks for what only superusers may see, and hears that it may not.
    pub(super) async fn denied(&mut self) -> Result<(), Lost> {
        let request = ("Controller", "WatchAllModels");
        self.ask(Call::Nonsense("permission denied"), request, "", Value::Null).await?;
        self.answered().await?;
        self.ledger.open().count(Count::Denials);
        Ok(())
    }

    /// Hears what comes until everything is answered.
    async fn answered(&mut self) -> Result<(), Lost> {
        while !self.pending.is_empty() {
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
                    let facade = if self.scope.model.is_some() {
                        ("Client", "WatchAll")
                    } else {
                        ("Controller", "WatchAllModels")
                    };
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
        if self.scope.model.is_some() { "AllWatcher" } else { "AllModelWatcher" }
    }

    /// Reads one message and takes it up.
    pub(super) async fn hear(&mut self) -> Result<(), Lost> {
        let message = match self.socket.next().await {
            Some(Ok(message)) => message,
            None => return Err(Lost::Closed),
            Some(Err(error)) => return Err(Lost::of(&error)),
        };
        for _ in 0..self.socket.get_mut().take_long() {
            self.ledger.open().count(Count::SeveralFrames);
        }
        match message {
            Message::Text(text) => {
                self.note(format!("< {}", text.trim_end()));
                let Ok(reply) = serde_json::from_str::<Value>(&text) else {
                    return Err(self.broken(Promise::Protocol, "a reply is not JSON".to_owned()));
                };
                for reply in self.relay.received(reply) {
                    self.replied(reply).await?;
                }
                Ok(())
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
        self.places.first().and_then(|place| self.view_at(*place)).map(Rc::as_ref)
    }

    /// What the watcher at this place holds, if it was told anything.
    fn view_at(&self, place: Place) -> Option<&Rc<View>> {
        let Place::Open(key) = place else { return None };
        self.watchers.get(&key).filter(|watcher| watcher.was_told).map(|watcher| &watcher.view)
    }

    /// Whether a reply has begun to come and not ended.
    pub(super) fn is_within_reply(&self) -> bool {
        self.socket.get_ref().is_within_message()
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
            Ok(Err(error)) => Err(Lost::of(&error)),
            Err(_) => Err(Lost::Overdue),
        }
    }

    fn waits(&self, key: u32) -> bool {
        self.pending.values().any(|asked| asked.call == Call::Next(key))
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
