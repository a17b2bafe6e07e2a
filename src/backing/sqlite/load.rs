//! The stream of a load: page after page, the next one being read while the last one is taken in.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::inbox::Message;
use super::reading::{Key, Page};
use super::{Shared, ask, given_up};
use crate::backing::{BackingError, Reads, Stream, Value};

pub(super) struct SqliteLoad<V> {
    shared: Arc<Shared<V>>,
    state: State<V>,
}

enum State<V> {
    Next(Key),
    Waiting(oneshot::Receiver<Result<Page<V>, BackingError>>),
    Done,
}

impl<V> SqliteLoad<V> {
    pub(super) fn new(shared: Arc<Shared<V>>) -> Self {
        Self { shared, state: State::Next(Key::default()) }
    }

    fn ask(&mut self, after: Key) {
        self.state = State::Waiting(ask(&self.shared, |reply| Message::Page { after, reply }));
    }
}

impl<V: Value> Stream for SqliteLoad<V> {
    type Item = Result<Reads<V>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let State::Next(after) = &mut this.state {
            let after = core::mem::take(after);
            this.ask(after);
        }
        let State::Waiting(answer) = &mut this.state else { return Poll::Ready(None) };
        let page = ready!(Pin::new(answer).poll(cx)).unwrap_or_else(|_| Err(given_up()));
        this.state = State::Done;
        Poll::Ready(Some(page.map(|(reads, end)| {
            if let Some(end) = end {
                this.ask(end);
            }
            reads
        })))
    }
}
