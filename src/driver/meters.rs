//! The worker's metrics, told through the `metrics` facade: the eight that the original has, and what they leave out.
//!
//! Each series has the label `backing`, its identity. Gauges are brought up to date whenever the worker was told something, and when a
//! watcher is opened or stopped; they then equal the census.
//!
//! | name | kind | what |
//! |---|---|---|
//! | `multiwatcher_watchers` | gauge | watchers opened and not stopped |
//! | `multiwatcher_restarts` | gauge | how often the backing was opened again |
//! | `multiwatcher_store_size` | gauge | live entities |
//! | `multiwatcher_queue_size` | gauge | notices queued for the next fetch |
//! | `multiwatcher_queue_age_seconds` | gauge | how long the oldest of them has been queued |
//! | `multiwatcher_append_seconds` | histogram | a turn of the worker that queued a notice: its backing was polled, the notice queued |
//! | `multiwatcher_duplicates` | gauge | notices of ids that were queued already, since the beginning |
//! | `multiwatcher_process_seconds` | histogram | a turn of the worker that applied a step: its backing was polled, the step applied, readers woken |
//! | `multiwatcher_tombstones` | gauge | dead entities still owed to somebody |
//! | `multiwatcher_batch_deltas` | histogram | deltas of a batch |
//! | `multiwatcher_lag` | gauge | revnos by which the watcher furthest behind is behind |
//! | `multiwatcher_wakeups_total` | counter | calls woken |
//! | `multiwatcher_quarantined` | gauge | ids whose last read was an error |
//! | `multiwatcher_staleness_seconds` | gauge | for how long the backing has been out of reach, else 0 |

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, Gauge, Histogram, SharedString};

use super::shared::Census;
use super::worker::Came;
use crate::backing::{Identity, Notice};
use crate::machine::Time;

/// Handles of the series, asked for once.
pub(super) struct Meters {
    watchers: Gauge,
    restarts: Gauge,
    store_size: Gauge,
    queue_size: Gauge,
    queue_age: Gauge,
    append: Histogram,
    duplicates: Gauge,
    process: Histogram,
    tombstones: Gauge,
    batch_deltas: Histogram,
    lag: Gauge,
    wakeups: Counter,
    quarantined: Gauge,
    staleness: Gauge,
    shown: Mutex<Shown>,
}

/// What the gauges show. Whoever records them is foreign and may take its time, so it is called without this lock, by one thread; those
/// that come meanwhile leave theirs to it, and wait for nothing.
#[derive(Default)]
struct Shown {
    /// The number of the latest census. Threads that were given theirs in one order may come here in another.
    number: u64,
    /// Whether somebody is about to show one.
    is_busy: bool,
    /// What it is to show afterwards.
    next: Option<(Census, Time)>,
}

/// Somebody shows. If that panics, others may go on.
struct Showing<'a>(&'a Mutex<Shown>);

/// What was told to the machine, as far as its time is measured.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Notice,
    Step,
    Other,
}

impl What {
    pub(super) fn of<V>(came: &Came<V>) -> Self {
        match came {
            Came::Noticed(Notice::Changed(_)) => Self::Notice,
            Came::Noticed(Notice::Step(_)) | Came::Fetched(..) => Self::Step,
            Came::Noticed(Notice::Mark(_))
            | Came::Subscribed(..)
            | Came::Staged(_)
            | Came::LoadDone
            | Came::SubscriptionFailed(_)
            | Came::LoadFailed(_)
            | Came::FetchFailed(..) => Self::Other,
        }
    }
}

impl Meters {
    pub(super) fn new(backing: Identity) -> Self {
        let backing = SharedString::from_shared(Arc::from(backing.to_string()));
        let gauge = |name: &'static str| metrics::gauge!(name, "backing" => backing.clone());
        let histogram = |name: &'static str| metrics::histogram!(name, "backing" => backing.clone());
        Self {
            watchers: gauge("multiwatcher_watchers"),
            restarts: gauge("multiwatcher_restarts"),
            store_size: gauge("multiwatcher_store_size"),
            queue_size: gauge("multiwatcher_queue_size"),
            queue_age: gauge("multiwatcher_queue_age_seconds"),
            append: histogram("multiwatcher_append_seconds"),
            duplicates: gauge("multiwatcher_duplicates"),
            process: histogram("multiwatcher_process_seconds"),
            tombstones: gauge("multiwatcher_tombstones"),
            batch_deltas: histogram("multiwatcher_batch_deltas"),
            lag: gauge("multiwatcher_lag"),
            wakeups: metrics::counter!("multiwatcher_wakeups_total", "backing" => backing.clone()),
            quarantined: gauge("multiwatcher_quarantined"),
            staleness: gauge("multiwatcher_staleness_seconds"),
            shown: Mutex::default(),
        }
    }

    /// Something was told to the machine and took so long.
    pub(super) fn took(&self, what: What, time: Duration) {
        match what {
            What::Notice => self.append.record(time),
            What::Step => self.process.record(time),
            What::Other => {}
        }
    }

    /// A batch was told.
    pub(super) fn told(&self, deltas: usize) {
        self.batch_deltas.record(float(deltas));
    }

    /// So many calls are woken.
    pub(super) fn woke(&self, calls: usize) {
        if calls > 0 {
            self.wakeups.increment(calls as u64);
        }
    }

    /// Brings the gauges up to date, unless they show a later census already.
    pub(super) fn publish(&self, census: &Census, now: Time) {
        let Some(showing) = Showing::begin(&self.shown, census, now) else { return };
        self.show(census, now);
        while let Some((census, now)) = showing.next() {
            self.show(&census, now);
        }
    }

    fn show(&self, census: &Census, now: Time) {
        let Census { number: _, report: census, lag, duplicates } = census;
        let age = |since: Option<Time>| since.map_or(0.0, |since| now.since(since).as_secs_f64());
        self.watchers.set(float(census.watchers.total()));
        self.restarts.set(large(census.generation.0.saturating_sub(1)));
        self.store_size.set(float(census.entities));
        self.queue_size.set(float(census.queued));
        self.queue_age.set(age(census.queued_since));
        self.duplicates.set(large(*duplicates));
        self.tombstones.set(float(census.tombstones));
        self.lag.set(large(*lag));
        self.quarantined.set(float(census.quarantined));
        self.staleness.set(age(census.out_of_reach_since));
    }
}

impl<'a> Showing<'a> {
    /// If this is the latest census, and nobody shows another one.
    fn begin(shown: &'a Mutex<Shown>, census: &Census, now: Time) -> Option<Self> {
        let mut guard = lock(shown);
        if census.number <= guard.number {
            return None;
        }
        guard.number = census.number;
        if guard.is_busy {
            guard.next = Some((*census, now));
            return None;
        }
        guard.is_busy = true;
        Some(Self(shown))
    }

    /// What came meanwhile. If nothing did, it is over.
    fn next(&self) -> Option<(Census, Time)> {
        let mut shown = lock(self.0);
        let next = shown.next.take();
        shown.is_busy = next.is_some();
        next
    }
}

impl Drop for Showing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.0).is_busy = false;
        }
    }
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}

fn float(count: usize) -> f64 {
    large(count as u64)
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floats, and 2^53 of anything here is far away")]
fn large(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use metrics::GaugeFn;

    use super::*;
    use crate::machine::{Config, Epoch, Filter, StoreManager};

    #[test]
    fn a_census_that_comes_late_does_not_replace_a_later_one() {
        let watchers = Arc::new(AtomicU64::new(0));
        let meters = Meters { watchers: Gauge::from_arc(Arc::clone(&watchers)), ..Meters::new(Identity(1)) };
        let [first, second] = censuses();
        let shown = || f64::from_bits(watchers.load(Ordering::Relaxed)).to_string();
        meters.publish(&second, Time::ZERO);
        assert_eq!(shown(), "2");
        meters.publish(&first, Time::ZERO);
        assert_eq!(shown(), "2", "truthful-report: the gauges show the latest census");
    }

    #[test]
    fn nobody_waits_for_a_recorder_that_takes_its_time() {
        let ((begins, began), (go, goes)) = (channel(), channel());
        let shown = Arc::new(AtomicU64::new(0));
        let slow = Slow { begins, goes: Mutex::new(goes), shown: Arc::clone(&shown) };
        let meters = Arc::new(Meters { watchers: Gauge::from_arc(Arc::new(slow)), ..Meters::new(Identity(1)) });
        let [first, second] = censuses();
        let one = thread::spawn({
            let meters = Arc::clone(&meters);
            move || meters.publish(&first, Time::ZERO)
        });
        began.recv().expect("the first one is shown");
        let (tell, told) = channel();
        let other = thread::spawn(move || {
            meters.publish(&second, Time::ZERO);
            tell.send(()).expect("the test waits");
        });
        let told = told.recv_timeout(Duration::from_secs(10));
        (0..2).for_each(|_| go.send(()).expect("the recorder waits"));
        one.join().expect("it shows both");
        other.join().expect("it leaves its own to the first one");
        assert!(told.is_ok(), "stop-total: whoever stops waits for nothing but the lock");
        assert_eq!(shown.load(Ordering::SeqCst), 2, "truthful-report: the gauges show the latest census");
    }

    /// A gauge that waits before it is set.
    struct Slow {
        begins: Sender<()>,
        goes: Mutex<Receiver<()>>,
        shown: Arc<AtomicU64>,
    }

    impl GaugeFn for Slow {
        fn increment(&self, _: f64) {}

        fn decrement(&self, _: f64) {}

        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of watchers")]
        fn set(&self, value: f64) {
            self.begins.send(()).expect("the test waits");
            self.goes.lock().expect("nobody panics under it").recv().expect("the test says when");
            self.shown.store(value as u64, Ordering::SeqCst);
        }
    }

    /// Of one watcher, and then of two.
    fn censuses() -> [Census; 2] {
        let mut machine = StoreManager::<u8>::new(Config::default(), Epoch(1), Time::ZERO);
        while machine.poll_output().is_some() {}
        [1, 2].map(|number| {
            machine.watch(Time::ZERO, Filter::all_models()).expect("it has not ended");
            Census { number, report: machine.report(), lag: 0, duplicates: 0 }
        })
    }
}
