//! What stands between a client and its connection: nothing that matters, or a planted bug.

use std::collections::BTreeMap;

use multiwatcher::machine::EntityId;
use serde_json::{Value, json};

use super::bugs::Bug;
use super::history::Told;

/// Passes replies on.
#[derive(Debug)]
pub(super) struct Relay {
    bug: Bug,
    /// Requests that are not answered.
    asked: BTreeMap<u64, Asked>,
    watchers: BTreeMap<String, Heard>,
}

/// A request that was passed on.
#[derive(Debug)]
enum Asked {
    /// What is next of this watcher.
    Next(String),
    /// The end of this one.
    Stop(String),
    Ping,
}

/// What was heard of a watcher.
#[derive(Debug, Default)]
struct Heard {
    /// Replies with deltas.
    replies: u32,
    /// The last answer to a call for what is next.
    last: Option<Value>,
    /// The last delta of each entity that lives.
    alive: BTreeMap<EntityId, Value>,
    /// The call whose reply is held back.
    held: Option<u64>,
    /// Its stop was sent.
    is_stopped: bool,
}

impl Relay {
    pub(super) fn new(bug: Bug) -> Self {
        Self { bug, asked: BTreeMap::new(), watchers: BTreeMap::new() }
    }

    /// A request goes out.
    pub(super) fn sent(&mut self, number: u64, method: &str, watcher: &str) {
        if !self.is_wrong() {
            return;
        }
        let asked = match method {
            "Next" => Asked::Next(watcher.to_owned()),
            "Stop" => {
                self.watchers.entry(watcher.to_owned()).or_default().is_stopped = true;
                Asked::Stop(watcher.to_owned())
            }
            "Ping" => Asked::Ping,
            _ => return,
        };
        self.asked.insert(number, asked);
    }

    /// A reply comes in; what the client gets, in that order.
    pub(super) fn received(&mut self, reply: Value) -> Vec<Value> {
        let number = reply["request-id"].as_u64().filter(|_| self.is_wrong());
        let asked = number.and_then(|number| Some((number, self.asked.remove(&number)?)));
        match asked {
            Some((number, Asked::Next(watcher))) => self.next(number, &watcher, reply).into_iter().collect(),
            Some((_, Asked::Stop(watcher))) => self.stopped(&watcher, reply),
            Some((_, Asked::Ping)) if self.bug == Bug::AnswersTwice => vec![reply.clone(), reply],
            None | Some((_, Asked::Ping)) => vec![reply],
        }
    }

    /// The answer to a call for what is next.
    fn next(&mut self, number: u64, watcher: &str, mut reply: Value) -> Option<Value> {
        let heard = self.watchers.entry(watcher.to_owned()).or_default();
        heard.last = Some(reply.clone());
        let Some(deltas) = reply["response"]["deltas"].as_array_mut() else {
            let is_swallowed = self.bug == Bug::SwallowsStopped && heard.is_stopped;
            return (!is_swallowed).then_some(reply);
        };
        heard.replies += 1;
        if self.bug == Bug::RepeatsAll {
            heard.repeat_all(deltas);
        }
        if self.bug == Bug::TellsTwice {
            deltas.extend(deltas.first().cloned());
        }
        if self.bug == Bug::LosesDeltas && heard.replies > 1 {
            deltas.clear();
        }
        if self.bug == Bug::SwallowsSecond && heard.replies == 2 {
            heard.held = Some(number);
            return None;
        }
        Some(reply)
    }

    /// The answer to a stop.
    fn stopped(&mut self, watcher: &str, reply: Value) -> Vec<Value> {
        let heard = self.watchers.entry(watcher.to_owned()).or_default();
        let mut passed = Vec::new();
        if let Some(held) = heard.held.take() {
            passed.push(json!({ "request-id": held, "error": "watcher was stopped" }));
        }
        let is_forgotten = self.bug == Bug::ForgetsWatchers;
        let unknown = || json!({ "request-id": reply["request-id"], "error": "unknown watcher id" });
        passed.push(if is_forgotten { unknown() } else { reply });
        if self.bug == Bug::ReplayAfterStop
            && let Some(mut again) = heard.last.take()
        {
            let waits = |asked: &Asked| matches!(asked, Asked::Next(waits) if waits == watcher);
            if let Some((number, _)) = self.asked.iter().find(|(_, asked)| waits(asked)) {
                again["request-id"] = (*number).into();
            }
            passed.push(again);
        }
        passed
    }

    /// Whether replies are not passed on as they are.
    fn is_wrong(&self) -> bool {
        match self.bug {
            Bug::ReplayAfterStop
            | Bug::SwallowsStopped
            | Bug::RepeatsAll
            | Bug::TellsTwice
            | Bug::LosesDeltas
            | Bug::SwallowsSecond
            | Bug::AnswersTwice
            | Bug::ForgetsWatchers => true,
            Bug::None
            | Bug::OldSnapshot
            | Bug::KeepsDead
            | Bug::KeepsRemoved
            | Bug::KeepsWatchers
            | Bug::NeverPings
            | Bug::TellsOffers
            | Bug::GrantsAll
            | Bug::PanickingHost
            | Bug::PanickingSession => false,
        }
    }
}

impl Heard {
    /// Adds to these deltas what was told before of other entities that live.
    fn repeat_all(&mut self, deltas: &mut Vec<Value>) {
        let mut repeated = core::mem::take(&mut self.alive);
        for delta in &*deltas {
            // One that cannot be read is the client's to complain of.
            let Ok(told) = Told::read(delta) else { continue };
            repeated.remove(&told.id);
            if !told.is_removed {
                self.alive.insert(told.id, delta.clone());
            }
        }
        deltas.extend(repeated.values().cloned());
        self.alive.append(&mut repeated);
    }
}
