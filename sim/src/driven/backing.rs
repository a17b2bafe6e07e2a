//! The backing that the worker watches: it answers with what was posted, and notes what it is asked.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use multiwatcher::backing::{Backing, BackingError, Entities, Identity, Notice, Reads, Step, Stream, Subscription};
use multiwatcher::machine::{EntityId, FetchId, Generation, Position};
use multiwatcher::testing::Val;

use super::wires::{Event, Wires};

/// A backing on wires.
#[derive(Debug)]
pub(super) struct Wired(pub(super) Wires);

impl Backing for Wired {
    type Value = Val;

    fn identity(&self) -> Identity {
        // Before the first subscription nobody asks for more than a name.
        self.0.lock().identity.unwrap_or(Identity(0))
    }

    async fn watch(&self) -> Result<Subscription<Val>, BackingError> {
        let generation = self.0.lock().open_session();
        let position = Subscribing(Line { wires: self.0.clone(), generation }).await?;
        Ok(Subscription::new(position, Notices(Line { wires: self.0.clone(), generation })))
    }

    fn get_all(&self) -> Entities<Val> {
        let generation = self.0.lock().open_load();
        Box::pin(Loading(Line { wires: self.0.clone(), generation }))
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<Val>, BackingError> {
        let fetch = self.0.lock().open_fetch(since, ids);
        Fetching { wires: self.0.clone(), fetch }.await
    }

    async fn release(&self) {
        self.0.note(Event::Released);
    }
}

struct Line {
    wires: Wires,
    generation: Generation,
}

/// A subscription that has not been said to stand.
struct Subscribing(Line);

impl Future for Subscribing {
    type Output = Result<Position, BackingError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.wires.lock();
        let Some(session) = &mut state.session else { return Poll::Pending };
        let Some((letter, answer)) = session.answer.take() else {
            session.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        session.answered = answer.is_ok();
        state.log.push_back(Event::Took(letter));
        Poll::Ready(answer.map(|(position, identity)| {
            state.identity = Some(identity);
            position
        }))
    }
}

impl Drop for Subscribing {
    fn drop(&mut self) {
        let mut state = self.0.wires.lock();
        if state.session.as_ref().is_some_and(|session| !session.answered) {
            state.close_session(self.0.generation);
        }
    }
}

/// The notices of a subscription.
struct Notices(Line);

impl Stream for Notices {
    type Item = Result<Notice<Val>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.wires.lock();
        let Some(session) = &mut state.session else { return Poll::Pending };
        let Some((letter, notice)) = session.notices.pop_front() else {
            session.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        state.log.push_back(Event::Took(letter));
        Poll::Ready(notice)
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        self.0.wires.lock().close_session(self.0.generation);
    }
}

/// A load.
struct Loading(Line);

impl Stream for Loading {
    type Item = Result<Reads<Val>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.wires.lock();
        let Some(load) = &mut state.load else { return Poll::Pending };
        let Some((letter, part)) = load.parts.pop_front() else {
            load.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        state.log.push_back(Event::Took(letter));
        Poll::Ready(part.transpose())
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.0.wires.lock().load.take_if(|load| load.generation == self.0.generation);
    }
}

/// A fetch.
struct Fetching {
    wires: Wires,
    fetch: FetchId,
}

impl Future for Fetching {
    type Output = Result<Step<Val>, BackingError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.wires.lock();
        let Some(open) = state.fetches.iter_mut().find(|open| open.name == self.fetch) else { return Poll::Pending };
        let Some((letter, answer)) = open.answer.take() else {
            open.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        state.log.push_back(Event::Took(letter));
        Poll::Ready(answer)
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.wires.lock().fetches.retain(|open| open.name != self.fetch);
    }
}
