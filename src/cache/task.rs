//! The cache's task: it takes batches from one multiwatcher after the other, and applies each in slices, between which other tasks get
//! their turn. What was applied becomes visible whole.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use super::replica::Replica;
use super::report::CacheEnd;
use super::retired::Retired;
use super::shared::Shared;
use super::source::{Reader, Source};
use crate::backing::SharedError;
use crate::driver::{NextError, Seam};
use crate::machine::Backoff;

/// What is parsed in one poll, in bytes of JSON: less than a millisecond.
const SLICE: usize = 64 << 10;
/// Deltas of a batch that it takes a millisecond to take.
const MANY: usize = 10_000;

/// Runs until the cache ends. However it is dropped, whoever waits for the end is told.
pub(super) struct Task<S: Seam> {
    shared: Arc<Shared<S>>,
    run: Option<Pin<Box<dyn Future<Output = CacheEnd> + Send>>>,
}

impl<S: Seam> Task<S> {
    pub(super) fn new(shared: Arc<Shared<S>>, source: Source<S>, backoff: Backoff) -> Self {
        let run = Box::pin(run(Arc::clone(&shared), source, backoff));
        Self { shared, run: Some(run) }
    }
}

impl<S: Seam> Future for Task<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(run) = &mut this.run else { return Poll::Ready(()) };
        if this.shared.begin_poll(cx).is_ready() {
            this.run = None;
            return Poll::Ready(());
        }
        let polled = run.as_mut().poll(cx);
        this.shared.end_poll();
        polled.map(|end| {
            this.shared.end(end);
            this.run = None;
        })
    }
}

impl<S: Seam> Drop for Task<S> {
    fn drop(&mut self) {
        self.run = None;
        self.shared.over();
    }
}

async fn run<S: Seam>(shared: Arc<Shared<S>>, source: Source<S>, backoff: Backoff) -> CacheEnd {
    let (mut replica, mut failures) = (Replica::new(), 0u32);
    loop {
        let failure: SharedError = match source.open().await {
            Ok(reader) => {
                let opened = shared.seam.now();
                let error = read(&shared, &mut replica, reader).await;
                if shared.seam.now().since(opened) >= backoff.max {
                    failures = 0;
                }
                Arc::new(error)
            }
            Err(error) => Arc::new(error),
        };
        tracing::warn!(error = %failure, "the model cache hears no changes");
        shared.lost(Arc::clone(&failure));
        if !source.goes_on() {
            return CacheEnd::Worker(failure);
        }
        failures = failures.saturating_add(1);
        let until = shared.seam.now().after(backoff.wait(failures));
        shared.seam.sleep_until(until).await;
    }
}

/// Applies batches until there are no more.
async fn read<S: Seam>(shared: &Shared<S>, replica: &mut Replica, reader: Reader<S>) -> NextError {
    shared.opened(reader.clone());
    let feed = replica.open();
    loop {
        let batch = match reader.next().await {
            Ok(batch) => batch,
            Err(error) => return error,
        };
        let epoch = match reader.resume_token() {
            Ok(token) => token.expect("a batch was taken, so there is one").point().epoch,
            Err(error) => return error,
        };
        shared.applies();
        let before = replica.snapshot().cloned();
        let mut applying = replica.begin(feed, epoch, &batch).expect("this feed was opened last");
        if batch.deltas().len() > MANY {
            // To take it was work enough for one poll.
            shared.seam.pause().await;
        }
        while !applying.advance(SLICE) {
            shared.seam.pause().await;
        }
        let changes = replica.finish(applying).expect("nothing else was applied meanwhile");
        shared.publish(replica.snapshot().expect("a batch was applied").clone(), &changes);
        if let Some(mut retired) = before.and_then(|before| Retired::new(before, changes)) {
            // Beside the next batch.
            let seam = shared.seam.clone();
            shared.seam.spawn(async move {
                while !retired.advance(SLICE) {
                    seam.pause().await;
                }
            });
        }
    }
}
