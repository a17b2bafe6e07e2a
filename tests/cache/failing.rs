//! A database that fails when it is told to.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use multiwatcher::backing::{
    Backing, BackingError, Entities, FailureKind, Identity, Json, MemoryBacking, Notice, Notices, Step, Stream,
    Subscription,
};
use multiwatcher::machine::{EntityId, Position};

/// A memory backing that can be broken. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Failing {
    pub(crate) database: MemoryBacking<Json>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The subscription fails with this once.
    notices: Option<FailureKind>,
    /// Every new subscription fails.
    is_down: bool,
    wakers: Vec<Waker>,
}

impl Failing {
    pub(crate) fn new() -> Self {
        Self { database: MemoryBacking::new(), state: Arc::default() }
    }

    /// The subscription that stands fails.
    pub(crate) fn fail(&self, kind: FailureKind) {
        let wakers = {
            let mut state = self.state.lock().unwrap();
            state.notices = Some(kind);
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Nobody can subscribe, or everybody.
    pub(crate) fn down(&self, is_down: bool) {
        self.state.lock().unwrap().is_down = is_down;
    }

    pub(crate) fn is_down(&self) -> bool {
        self.state.lock().unwrap().is_down
    }
}

impl Backing for Failing {
    type Value = Json;

    fn identity(&self) -> Identity {
        self.database.identity()
    }

    async fn watch(&self) -> Result<Subscription<Json>, BackingError> {
        if self.is_down() {
            return Err(BackingError::transient("the database is down"));
        }
        // What was to fail was the subscription that stood.
        self.state.lock().unwrap().notices = None;
        let Subscription { position, notices } = self.database.watch().await?;
        Ok(Subscription::new(position, FailingNotices { notices, backing: self.clone() }))
    }

    fn get_all(&self) -> Entities<Json> {
        self.database.get_all()
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<Json>, BackingError> {
        self.database.changed(since, ids).await
    }
}

struct FailingNotices {
    notices: Notices<Json>,
    backing: Failing,
}

impl Stream for FailingNotices {
    type Item = Result<Notice<Json>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        {
            let mut state = self.backing.state.lock().unwrap();
            if let Some(kind) = state.notices.take() {
                return Poll::Ready(Some(Err(BackingError::new(kind, "the subscription broke"))));
            }
            state.wakers.push(cx.waker().clone());
        }
        self.notices.as_mut().poll_next(cx)
    }
}
