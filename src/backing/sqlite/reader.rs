//! The thread that reads: it answers the calls of workers, and looks whether something was committed: when the folder's watch says that
//! a file was written, and now and then without being told. It never waits for a lock that a writer holds.

use core::panic::AssertUnwindSafe;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};

use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::connection::{Identities, Link};
use super::notices::Slot;
use super::pace::Pace;
use super::place::Way;
use super::reading::{self, Key, Page, Spot};
use super::watch::FileWatch;
use super::writer;
use crate::backing::{BackingError, FailureKind, Notice, Read, Step, Value};
use crate::machine::{EntityId, Position};

/// How many of the places told are remembered, to know them again.
const REMEMBERED: usize = 4096;

/// Where an answer goes. Nobody may be left to hear it.
pub(super) type Reply<T> = oneshot::Sender<Result<T, BackingError>>;

/// What the thread is asked.
pub(super) enum Message<V> {
    /// Something may have been committed. There is at most one in the queue.
    Look,
    /// A subscription.
    Watch(Reply<(Position, Arc<Slot<V>>)>),
    /// Its stream is gone.
    Left(Arc<Slot<V>>),
    /// What happened since.
    Changed { since: Position, ids: Vec<EntityId>, reply: Reply<Step<V>> },
    /// Entities of a load.
    Page { after: Key, reply: Reply<Page<V>> },
    /// One entity.
    Get { id: EntityId, reply: Reply<Read<V>> },
    /// Where the log stands.
    Position(Reply<Position>),
    /// The last handle is gone.
    End,
}

/// The way to the thread.
pub(super) struct Inbox<V> {
    sender: Sender<Message<V>>,
    looks: Arc<AtomicBool>,
}

impl<V> Inbox<V> {
    pub(super) fn send(&self, message: Message<V>) {
        // The thread goes with the last handle; nobody is left to miss it.
        let _ = self.sender.send(message);
    }

    /// Asks for a look, unless one is coming.
    pub(super) fn look(&self) {
        if !self.looks.swap(true, Ordering::AcqRel) {
            self.send(Message::Look);
        }
    }
}

impl<V> Clone for Inbox<V> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), looks: Arc::clone(&self.looks) }
    }
}

/// One subscription, as the thread sees it.
struct Subscriber<V> {
    slot: Arc<Slot<V>>,
    began: Spot,
    told: Spot,
    /// The load is complete: what was told is what the worker has.
    follows: bool,
}

struct Reader<V> {
    link: Link,
    subscribers: Vec<Subscriber<V>>,
    /// The nonces of positions that workers were told.
    told: BTreeMap<Position, i64>,
    /// Something was committed that not every subscriber has been told.
    news: bool,
    writer: writer::Inbox,
    looks: Arc<AtomicBool>,
    pace: Pace,
}

/// The way to a thread, and what it will be sent.
pub(super) fn channel<V>() -> (Inbox<V>, Receiver<Message<V>>) {
    let (sender, messages) = mpsc::channel();
    (Inbox { sender, looks: Arc::new(AtomicBool::new(false)) }, messages)
}

/// Starts the thread, which opens the database and says how that went.
pub(super) fn start<V: Value + DeserializeOwned>(
    (way, create): (Way, bool),
    identities: Arc<Identities>,
    inbox: Inbox<V>,
    messages: Receiver<Message<V>>,
    writer: writer::Inbox,
    opened: Reply<()>,
) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("multiwatcher-sqlite".to_owned());
    let run = move || {
        let looks = Arc::clone(&inbox.looks);
        // It stands before the database is opened, and ends with the thread.
        let watch = FileWatch::start(&way.place, move || inbox.look());
        let (subscribers, told) = (Vec::new(), BTreeMap::new());
        let pace = Pace::new(watch.is_some());
        let link = Link::new(way, identities);
        let mut reader = Reader { link, subscribers, told, news: false, writer, looks, pace };
        let done = reader.link.open(create);
        let is_open = done.is_ok();
        answer(opened, done);
        if is_open {
            reader.run(&messages);
        }
        reader.writer.send(writer::Message::End);
    };
    thread.spawn(run).map(drop)
}

impl<V: Value + DeserializeOwned> Reader<V> {
    fn run(&mut self, messages: &Receiver<Message<V>>) {
        loop {
            let message = if self.subscribers.is_empty() {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                messages.recv_timeout(self.pace.wait())
            };
            let message = match message {
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
            };
            // A panic, which a value's own code may cause, fails the call that it happens in: its reply is dropped.
            let handled = catch_unwind(AssertUnwindSafe(|| {
                if let Some(message) = message {
                    self.handle(message);
                }
                if self.pace.is_due() {
                    self.look();
                }
            }));
            if handled.is_err() {
                tracing::error!("reading the database panicked");
                self.fail_all(&BackingError::transient("reading the database panicked"));
            }
        }
    }

    fn handle(&mut self, message: Message<V>) {
        match message {
            Message::Look => {
                // Set back before looking: what is committed afterwards asks for another look.
                self.looks.store(false, Ordering::Release);
                self.pace.told();
            }
            Message::Watch(reply) => {
                let watched = self.watch();
                answer(reply, watched);
            }
            Message::Left(slot) => {
                self.subscribers.retain(|subscriber| !Arc::ptr_eq(&subscriber.slot, &slot));
                self.writer.send(writer::Message::Leave { name: slot.name });
            }
            Message::Changed { since, ids, reply } => {
                if !reply.is_closed() {
                    let step = self.changed(since, &ids);
                    answer(reply, step);
                }
            }
            Message::Page { after, reply } => {
                if !reply.is_closed() {
                    let page = self.link.run(|connection| Ok(reading::page(connection, &after)?));
                    answer(reply, page);
                }
            }
            Message::Get { id, reply } => {
                let read = self.link.run(|connection| Ok(reading::read(connection, id.clone())?.1));
                answer(reply, read);
            }
            Message::Position(reply) => {
                let latest = self.link.run(|connection| Ok(reading::latest(connection)?.position));
                answer(reply, latest);
            }
            Message::End => {}
        }
    }

    fn watch(&mut self) -> Result<(Position, Arc<Slot<V>>), BackingError> {
        let latest = self.link.run(|connection| Ok(reading::latest(connection)?))?;
        self.remember(latest);
        let slot = Arc::new(Slot::new(latest.position));
        self.subscribers.push(Subscriber { slot: Arc::clone(&slot), began: latest, told: latest, follows: false });
        self.writer.send(writer::Message::Register { name: slot.name, needs: Arc::clone(&slot.needs) });
        self.pace.told();
        Ok((latest.position, slot))
    }

    fn changed(&mut self, since: Position, ids: &[EntityId]) -> Result<Step<V>, BackingError> {
        let spot = Spot { position: since, nonce: self.told.get(&since).copied() };
        let (step, to) = self.step(spot, ids)?;
        for subscriber in &mut self.subscribers {
            subscriber.follows |= subscriber.began.position == since;
        }
        self.remember(to);
        Ok(step)
    }

    /// Looks whether something was committed, and tells it.
    fn look(&mut self) {
        self.pace.looked();
        if self.subscribers.is_empty() {
            return;
        }
        match self.link.has_news() {
            Ok(news) => self.news |= news,
            Err(error) => return self.fail_all(&error),
        }
        let marks = self.pace.mark_is_due();
        if self.news || marks {
            // Who has no room is told later.
            self.news = self.subscribers.iter().any(|subscriber| !subscriber.slot.is_empty());
            let mut subscribers = core::mem::take(&mut self.subscribers);
            subscribers.retain_mut(|subscriber| self.tell(subscriber, marks));
            self.subscribers = subscribers;
        }
        if marks {
            self.pace.marked();
        }
    }

    /// Tells one subscriber what it does not know, if there is room for that. Whether it is still one.
    fn tell(&mut self, subscriber: &mut Subscriber<V>, mark: bool) -> bool {
        if !subscriber.slot.is_empty() {
            return true;
        }
        match self.step(subscriber.told, &[]) {
            Ok((step, to)) => {
                if to.position > subscriber.told.position {
                    self.remember(to);
                    subscriber.told = to;
                    subscriber.slot.put(Notice::Step(step));
                } else if mark {
                    subscriber.slot.put(Notice::Mark(to.position));
                }
                // Until its load is complete, a worker may ask what happened since it began.
                if subscriber.follows {
                    subscriber.slot.needs(subscriber.told.position);
                }
                true
            }
            Err(error) => {
                subscriber.slot.fail(error);
                false
            }
        }
    }

    fn step(&mut self, since: Spot, ids: &[EntityId]) -> Result<(Step<V>, Spot), BackingError> {
        let step = self.link.run(|connection| reading::step(connection, since, ids));
        if since.nonce.is_some() && step.as_ref().is_err_and(|error| error.kind() == FailureKind::Rewound) {
            self.writer.send(writer::Message::Renew);
        }
        step
    }

    fn fail_all(&mut self, error: &BackingError) {
        for subscriber in self.subscribers.drain(..) {
            subscriber.slot.fail(error.clone());
        }
    }

    fn remember(&mut self, spot: Spot) {
        if let Some(nonce) = spot.nonce {
            self.told.insert(spot.position, nonce);
            if self.told.len() > REMEMBERED {
                self.told.pop_first();
            }
        }
    }
}

fn answer<T>(reply: Reply<T>, answer: Result<T, BackingError>) {
    // A call that was dropped needs no answer.
    let _ = reply.send(answer);
}
