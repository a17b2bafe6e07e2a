//! What the reading thread is asked, and the way to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use tokio::sync::oneshot;

use super::notices::Slot;
use super::reading::{Key, Page};
use crate::backing::{BackingError, Read, Step};
use crate::machine::{EntityId, Position};

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
    /// Whoever has left by now is to be signed off.
    Settle(Reply<()>),
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
    pub(super) told: Arc<Told>,
}

/// What the thread has been told and has not heeded yet.
#[derive(Default)]
pub(super) struct Told {
    /// It is to look.
    pub(super) look: AtomicBool,
    /// A file was written.
    pub(super) written: AtomicBool,
}

impl<V> Inbox<V> {
    pub(super) fn send(&self, message: Message<V>) {
        // The thread goes with the last handle; nobody is left to miss it.
        let _ = self.sender.send(message);
    }

    /// Asks for a look, unless one is coming.
    pub(super) fn look(&self) {
        if !self.told.look.swap(true, Ordering::AcqRel) {
            self.send(Message::Look);
        }
    }

    /// Says that a file was written.
    pub(super) fn written(&self) {
        self.told.written.store(true, Ordering::Release);
        self.look();
    }
}

impl<V> Clone for Inbox<V> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), told: Arc::clone(&self.told) }
    }
}

/// The way to a thread, and what it will be sent.
pub(super) fn channel<V>() -> (Inbox<V>, Receiver<Message<V>>) {
    let (sender, messages) = mpsc::channel();
    (Inbox { sender, told: Arc::default() }, messages)
}
