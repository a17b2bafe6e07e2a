//! One commit and its readers: the clock, and who stops it.

#![expect(clippy::disallowed_types, reason = "a benchmark is about wall time")]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::common::clock::Samples;

/// Between two rounds everything comes to rest.
pub(crate) const CALM: Duration = Duration::from_millis(2);

/// Or hardly does: nobody waits for anything any more, but the processor still holds what the last round used.
pub(crate) const BRISK: Duration = Duration::from_micros(100);

/// What the readers of a round tell.
pub(crate) struct Rounds {
    epoch: Instant,
    pace: Duration,
    ended: AtomicU64,
    readers: usize,
    told: AtomicUsize,
    waiting: AtomicUsize,
    last_told: AtomicU64,
    all_wait: Notify,
}

/// How long it took, round by round.
#[derive(Default)]
pub(crate) struct Took {
    pub(crate) told: Samples,
    pub(crate) waiting: Samples,
    /// How often those were polled that had nothing to be told, after they had begun to wait.
    pub(crate) others: usize,
}

impl Rounds {
    /// Rounds in which so many readers are told, so long apart.
    pub(crate) fn new(readers: usize, pace: Duration) -> Self {
        Self {
            epoch: Instant::now(),
            pace,
            ended: AtomicU64::new(0),
            readers,
            told: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            last_told: AtomicU64::new(0),
            all_wait: Notify::new(),
        }
    }

    /// Lets something happen, and says how long it took until all were told and waited again.
    pub(crate) async fn round(&self, happen: impl FnOnce()) -> (f64, f64) {
        tokio::time::sleep(self.pace).await;
        self.told.store(0, Ordering::SeqCst);
        self.waiting.store(0, Ordering::SeqCst);
        let began = self.now();
        happen();
        self.all_wait.notified().await;
        let ended = self.ended.load(Ordering::SeqCst);
        // Whoever joins was told before it counted.
        let last_told = self.last_told.load(Ordering::SeqCst).max(began);
        (nanos(last_told - began), nanos(ended - began))
    }

    /// So many rounds, after some to warm up, once all readers wait.
    pub(crate) async fn rounds(&self, count: usize, mut happen: impl FnMut()) -> Took {
        let mut took = Took::default();
        self.all_wait.notified().await;
        tokio::time::sleep(100 * CALM).await;
        for number in 0..count + count / 10 {
            let (told, waiting) = self.round(&mut happen).await;
            if number >= count / 10 {
                took.told.push(told);
                took.waiting.push(waiting);
            }
        }
        took
    }

    /// Waits for this, and tells when that begins and when it is over.
    pub(crate) async fn wait<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        let mut waits = false;
        let answer = std::future::poll_fn(|cx| {
            let polled = wait.as_mut().poll(cx);
            if polled.is_pending() && !std::mem::replace(&mut waits, true) {
                self.waits();
            }
            polled
        });
        let answer = answer.await;
        if self.told.fetch_add(1, Ordering::SeqCst) + 1 == self.readers {
            self.last_told.store(self.now(), Ordering::SeqCst);
        }
        answer
    }

    fn waits(&self) {
        if self.waiting.fetch_add(1, Ordering::SeqCst) + 1 == self.readers {
            self.ended.store(self.now(), Ordering::SeqCst);
            self.all_wait.notify_one();
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).expect("a benchmark takes less than centuries")
    }
}

#[expect(clippy::cast_precision_loss, reason = "a round takes far fewer nanoseconds than a float counts exactly")]
fn nanos(nanos: u64) -> f64 {
    nanos as f64
}
