//! One generation of the connection, as the worker holds it: the calls and streams of the backing that are open, polled so that a
//! panic in one of them is a failure of the backing and of nothing else.

use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::panic::catch_unwind;
use std::sync::Arc;

use crate::backing::{Backing, BackingError, Entities, Identity, Notice, Notices, Read, Step, Subscription, Value};
use crate::driver::foreign::{discard, message};
use crate::machine::{EntityId, FetchId, Generation, Position};

type Call<T> = Pin<Box<dyn Future<Output = Result<T, BackingError>> + Send>>;

/// What is open under one generation. It is to be ended, not dropped.
pub(super) struct Life<V> {
    pub(super) generation: Generation,
    subscribing: Option<Call<(Subscription<V>, Identity)>>,
    notices: Option<Notices<V>>,
    loading: Option<Entities<V>>,
    fetching: Option<(FetchId, Call<Step<V>>)>,
    /// Which source was polled last.
    turn: Source,
}

/// The sources of a life, polled in turn so that none starves another.
#[derive(Debug, Clone, Copy)]
enum Source {
    Fetch,
    Load,
    Subscription,
}

/// How many sources a life has.
pub(super) const SOURCES: usize = 3;

impl Source {
    fn next(self) -> Self {
        match self {
            Self::Fetch => Self::Load,
            Self::Load => Self::Subscription,
            Self::Subscription => Self::Fetch,
        }
    }
}

/// What came of a poll.
pub(in crate::driver) enum Came<V> {
    /// The subscription stands, of this backing.
    Subscribed(Position, Identity),
    /// The subscription told something.
    Noticed(Notice<V>),
    /// The load brought entities.
    Staged(Vec<(EntityId, Read<V>)>),
    /// The load has brought everything.
    LoadDone,
    /// A fetch was answered.
    Fetched(FetchId, Step<V>),
    /// Subscribing failed, or the subscription.
    SubscriptionFailed(BackingError),
    /// The load failed.
    LoadFailed(BackingError),
    /// A fetch failed.
    FetchFailed(FetchId, BackingError),
}

/// What the worker waits for besides time. Everything that the worker's task will do follows from this, the machine, and what
/// the open calls answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each of the calls may be open or not, independently")]
pub struct Doing {
    /// The generation, while it has open calls.
    pub generation: Option<Generation>,
    /// Subscribing.
    pub subscribing: bool,
    /// Hearing notices.
    pub subscribed: bool,
    /// Loading.
    pub loading: bool,
    /// Fetching.
    pub fetching: Option<FetchId>,
    /// Releasing the backing.
    pub releasing: bool,
    /// Which of the open calls was polled last; the next poll begins after it.
    pub polled: u8,
}

impl<V: Value> Life<V> {
    /// Subscribes. As for the calls that follow: the new one is the first to be polled, so that calls begin in the order in
    /// which they were ordered.
    pub(super) fn begin<B: Backing<Value = V>>(generation: Generation, backing: &Arc<B>) -> Self {
        let backing = Arc::clone(backing);
        let subscribing: Call<_> = Box::pin(async move { Ok((backing.watch().await?, backing.identity())) });
        let subscribing = Some(subscribing);
        Self { generation, subscribing, notices: None, loading: None, fetching: None, turn: Source::Load }
    }

    /// Loads.
    pub(super) fn load<B: Backing<Value = V>>(&mut self, backing: &Arc<B>) -> Result<(), BackingError> {
        self.loading = Some(guard(|| Ok(backing.get_all()))?);
        self.turn = Source::Fetch;
        Ok(())
    }

    /// Fetches; a fetch that is still open is given up.
    pub(super) fn fetch<B: Backing<Value = V>>(
        &mut self,
        fetch: FetchId,
        since: Position,
        ids: Vec<EntityId>,
        backing: &Arc<B>,
    ) {
        let backing = Arc::clone(backing);
        discard(self.fetching.take());
        self.fetching = Some((fetch, Box::pin(async move { backing.changed(since, ids).await })));
        self.turn = Source::Subscription;
    }

    /// Polls its sources until one has something. The next time it begins after that one.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Came<V>> {
        for _ in 0..SOURCES {
            self.turn = self.turn.next();
            let came = match self.turn {
                Source::Fetch => self.poll_fetch(cx),
                Source::Load => self.poll_load(cx),
                Source::Subscription => self.poll_subscription(cx),
            };
            if came.is_ready() {
                return came;
            }
        }
        Poll::Pending
    }

    /// Ends the subscription and gives up the calls, each by itself: two that panic in one drop would end the process.
    pub(super) fn end(self) {
        let Self { generation: _, subscribing, notices, loading, fetching, turn: _ } = self;
        discard(notices);
        discard(subscribing);
        discard(loading);
        discard(fetching);
    }

    pub(super) fn doing(&self) -> Doing {
        Doing {
            generation: Some(self.generation),
            subscribing: self.subscribing.is_some(),
            subscribed: self.notices.is_some(),
            loading: self.loading.is_some(),
            fetching: self.fetching.as_ref().map(|(fetch, _)| *fetch),
            releasing: false,
            polled: self.turn as u8,
        }
    }

    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<Came<V>> {
        let Some((fetch, call)) = &mut self.fetching else { return Poll::Pending };
        let fetch = *fetch;
        let answered = poll_guarded(|| call.as_mut().poll(cx));
        if answered.is_ready() {
            discard(self.fetching.take());
        }
        answered.map(|answer| match answer {
            Ok(step) => Came::Fetched(fetch, step),
            Err(error) => Came::FetchFailed(fetch, error),
        })
    }

    fn poll_load(&mut self, cx: &mut Context<'_>) -> Poll<Came<V>> {
        let Some(load) = &mut self.loading else { return Poll::Pending };
        let came = poll_guarded(|| load.as_mut().poll_next(cx).map(Option::transpose));
        came.map(|came| match came {
            Ok(Some(reads)) => Came::Staged(reads),
            Ok(None) => {
                discard(self.loading.take());
                Came::LoadDone
            }
            Err(error) => {
                discard(self.loading.take());
                Came::LoadFailed(error)
            }
        })
    }

    fn poll_subscription(&mut self, cx: &mut Context<'_>) -> Poll<Came<V>> {
        if let Some(call) = &mut self.subscribing {
            let answered = poll_guarded(|| call.as_mut().poll(cx));
            if answered.is_ready() {
                discard(self.subscribing.take());
            }
            return answered.map(|answer| match answer {
                Ok((Subscription { position, notices }, identity)) => {
                    self.notices = Some(notices);
                    Came::Subscribed(position, identity)
                }
                Err(error) => Came::SubscriptionFailed(error),
            });
        }
        let Some(notices) = &mut self.notices else { return Poll::Pending };
        let came = poll_guarded(|| notices.as_mut().poll_next(cx).map(Option::transpose));
        came.map(|came| match came {
            Ok(Some(notice)) => Came::Noticed(notice),
            Ok(None) => {
                discard(self.notices.take());
                Came::SubscriptionFailed(BackingError::transient("the stream of notices was closed"))
            }
            Err(error) => {
                discard(self.notices.take());
                Came::SubscriptionFailed(error)
            }
        })
    }
}

fn poll_guarded<T>(poll: impl FnOnce() -> Poll<Result<T, BackingError>>) -> Poll<Result<T, BackingError>> {
    let polled = guard(|| match poll() {
        Poll::Ready(Ok(answer)) => Ok(Poll::Ready(answer)),
        Poll::Ready(Err(error)) => Err(error),
        Poll::Pending => Ok(Poll::Pending),
    });
    match polled {
        Ok(polled) => polled.map(Ok),
        Err(error) => Poll::Ready(Err(error)),
    }
}

/// A panic in a backing's call is a failure of the backing.
fn guard<T>(call: impl FnOnce() -> Result<T, BackingError>) -> Result<T, BackingError> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|panic| Err(BackingError::transient(format!("the backing panicked: {}", message(&*panic)))))
}
