//! The thread that reads: it answers the calls of workers, and looks whether something was committed: when the folder's watch says that
//! a file was written, and now and then without being told. The watch's own thread looks as well, several times in a row: whoever hears
//! of a write is the first who can see what was written. Neither waits for a lock that a writer holds.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::de::DeserializeOwned;

use super::identities::Identities;
use super::inbox::{Inbox, Message, Reply, Told};
use super::notices::Slot;
use super::pace::Pace;
use super::place::Way;
use super::reading::{self, Spot};
use super::source::Source;
use super::watch::FileWatch;
use super::writer;
use crate::backing::{BackingError, Notice, Step, Value};
use crate::machine::{EntityId, Position};

/// One subscription, as the thread sees it.
struct Subscriber<V> {
    slot: Arc<Slot<V>>,
    began: Spot,
    told: Spot,
    /// The load is complete: what was told is what the worker has.
    follows: bool,
}

/// What a look came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// There was nothing new, so a moment later there may be.
    Nothing,
    /// There was something new, or nobody is there to be told, or it failed.
    Done,
}

struct Reader<V> {
    source: Source,
    subscribers: Vec<Subscriber<V>>,
    /// Something was committed that not every subscriber has been told.
    news: bool,
    writer: writer::Inbox,
    inbox: Arc<Told>,
    pace: Pace,
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
        let (source, subscribers) = (Source::new(way.clone(), identities), Vec::new());
        let (pace, heeded) = (Pace::new(&way.place), Arc::clone(&inbox.told));
        let reader = Reader { source, subscribers, news: false, writer: writer.clone(), inbox: heeded, pace };
        let reader = Arc::new(Mutex::new(reader));
        let looking = Arc::downgrade(&reader);
        // It stands before the database is opened, and ends with the thread.
        let watch = FileWatch::start(&way.place, move || written(&looking, &inbox));
        let done = {
            let mut reader = lock(&reader);
            if watch.is_some() {
                reader.pace.is_watched();
            }
            reader.source.link.open(create)
        };
        let is_open = done.is_ok();
        answer(opened, done);
        if is_open {
            run(&reader, &messages);
        }
        writer.send(writer::Message::End);
    };
    thread.spawn(run).map(drop)
}

fn run<V: Value + DeserializeOwned>(reader: &Mutex<Reader<V>>, messages: &Receiver<Message<V>>) {
    loop {
        let wait = lock(reader).wait();
        let message = match wait {
            Some(wait) => messages.recv_timeout(wait),
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let message = match message {
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
        };
        lock(reader).guarded(|reader| {
            if let Some(message) = message {
                reader.handle(message);
            }
            if reader.pace.is_due() {
                reader.look();
            }
        });
    }
}

/// A file was written. Whoever says so looks at once, if nobody is at it, so the thread need not be woken first. What is not visible by
/// then the thread finds a moment later.
fn written<V: Value + DeserializeOwned>(reader: &Weak<Mutex<Reader<V>>>, inbox: &Inbox<V>) {
    if let Some(reader) = reader.upgrade() {
        glance(&reader);
    }
    inbox.written();
}

/// Looks again and again: the commit is visible some microseconds after its first page was written, sooner than a thread wakes.
fn glance<V: Value + DeserializeOwned>(reader: &Mutex<Reader<V>>) {
    let mut made = 0;
    // Whoever has it looks anyway.
    while let Ok(mut reader) = reader.try_lock() {
        if reader.guarded(Reader::look) != Some(Looked::Nothing) {
            return;
        }
        made += 1;
        if made >= reader.pace.glances() {
            return reader.pace.in_vain();
        }
        // Nobody waits for it while others run. Whoever writes may need this core to come to the end.
        drop(reader);
        std::thread::yield_now();
    }
}

/// Panics do not get out while it is locked.
fn lock<V>(reader: &Mutex<Reader<V>>) -> MutexGuard<'_, Reader<V>> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V: Value + DeserializeOwned> Reader<V> {
    /// How long until it is to look without being asked.
    fn wait(&self) -> Option<Duration> {
        (!self.subscribers.is_empty()).then(|| self.pace.wait())
    }

    /// A panic, which a value's own code may cause, fails the call that it happens in: its reply is dropped.
    fn guarded<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> Option<R> {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).ok();
        if done.is_none() {
            tracing::error!("reading the database panicked");
            self.source.link.end_moment();
            self.fail_all(&BackingError::transient("reading the database panicked"));
        }
        done
    }

    fn handle(&mut self, message: Message<V>) {
        match message {
            Message::Look => {
                // Set back before looking: what is committed afterwards asks for another look.
                self.inbox.look.store(false, Ordering::Release);
                if self.inbox.written.swap(false, Ordering::AcqRel) {
                    self.pace.written();
                } else {
                    self.pace.asked();
                }
            }
            Message::Watch(reply) => {
                let watched = self.watch();
                answer(reply, watched);
            }
            Message::Left(slot) => {
                self.subscribers.retain(|subscriber| !Arc::ptr_eq(&subscriber.slot, &slot));
                self.writer.send(writer::Message::Leave { name: slot.name });
            }
            Message::Settle(reply) => self.writer.send(writer::Message::Settle(reply)),
            Message::Changed { since, ids, reply } => {
                if !reply.is_closed() {
                    let step = self.changed(since, &ids);
                    answer(reply, step);
                }
            }
            Message::Page { after, reply } => {
                if !reply.is_closed() {
                    let page = self.source.link.run(|connection| Ok(reading::page(connection, &after)?));
                    answer(reply, page);
                }
            }
            Message::Get { id, reply } => {
                let read = self.source.link.run(|connection| Ok(reading::read(connection, id.clone())?.1));
                answer(reply, read);
            }
            Message::Position(reply) => {
                let latest = self.source.link.run(|connection| Ok(reading::latest(connection)?.position));
                answer(reply, latest);
            }
            Message::End => {}
        }
    }

    fn watch(&mut self) -> Result<(Position, Arc<Slot<V>>), BackingError> {
        let latest = self.source.latest();
        self.end_past();
        let latest = latest?;
        let slot = Arc::new(Slot::new(latest.position));
        self.subscribers.push(Subscriber { slot: Arc::clone(&slot), began: latest, told: latest, follows: false });
        self.writer.send(writer::Message::Register { name: slot.name, needs: Arc::clone(&slot.needs) });
        self.pace.asked();
        Ok((latest.position, slot))
    }

    fn changed(&mut self, since: Position, ids: &[EntityId]) -> Result<Step<V>, BackingError> {
        let step = self.source.since(since, ids);
        self.end_past();
        if step.is_ok() {
            for subscriber in &mut self.subscribers {
                subscriber.follows |= subscriber.began.position == since;
            }
        }
        step
    }

    /// Looks whether something was committed, and tells it.
    fn look(&mut self) -> Looked {
        if self.pace.is_quiet() {
            self.source.link.settled();
        }
        self.pace.looked();
        if self.subscribers.is_empty() {
            return Looked::Done;
        }
        let looked = match self.source.link.begin_moment().and_then(|()| self.source.link.has_news()) {
            Ok(news) => {
                self.news |= news;
                self.tell_all();
                if news { Looked::Done } else { Looked::Nothing }
            }
            Err(error) => {
                self.fail_all(&error);
                Looked::Done
            }
        };
        self.source.link.end_moment();
        if looked == Looked::Done {
            self.pace.found();
        }
        looked
    }

    /// Tells all subscribers what they do not know, and gives a sign of life if one is due.
    fn tell_all(&mut self) {
        let marks = self.pace.mark_is_due();
        if self.news || marks {
            // Who has no room is told later.
            self.news = self.subscribers.iter().any(|subscriber| !subscriber.slot.is_empty());
            let Self { subscribers, source, .. } = self;
            // In their place: if the code of a value panics, all are there to be failed.
            subscribers.retain_mut(|subscriber| source.is_rewound() || subscriber.tell(source, marks));
            self.end_past();
        }
        if marks {
            self.pace.marked();
        }
    }

    /// If the past came back, nobody goes on: not even who stood before that, for each must know the database as another one.
    fn end_past(&mut self) {
        if let Some(error) = self.source.take_rewound() {
            self.fail_all(&error);
        }
    }

    fn fail_all(&mut self, error: &BackingError) {
        for subscriber in self.subscribers.drain(..) {
            subscriber.slot.fail(error.clone());
        }
    }
}

impl<V: Value + DeserializeOwned> Subscriber<V> {
    /// Tells it what it does not know, if there is room for that. Whether it is still one.
    fn tell(&mut self, source: &mut Source, mark: bool) -> bool {
        if !self.slot.is_empty() {
            return true;
        }
        match source.after(self.told) {
            Ok((step, to)) => {
                if to.position > self.told.position {
                    self.told = to;
                    self.slot.put(Notice::Step(step));
                } else if mark {
                    self.slot.put(Notice::Mark(to.position));
                }
                // Until its load is complete, a worker may ask what happened since it began.
                if self.follows {
                    self.slot.needs(self.told.position);
                }
                true
            }
            Err(error) => {
                self.slot.fail(error);
                false
            }
        }
    }
}

fn answer<T>(reply: Reply<T>, answer: Result<T, BackingError>) {
    // A call that was dropped needs no answer.
    let _ = reply.send(answer);
}
