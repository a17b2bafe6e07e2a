//! What the worker tells those who run it: metrics. Its events are in a program of their own, `tests/events.rs`.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::atomics::AtomicU64;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use multiwatcher::backing::{BackingError, Notice, Read};
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Config, Position};
use tokio::time::sleep;

use crate::common::{id, settle, short};
use crate::scripted::{Act, Script};

/// A recorder that keeps what each series was told last; of a histogram, how often it was told something. The one that comes with
/// `metrics-util` sets a gauge back whenever it is looked at.
#[derive(Clone, Default)]
struct Series(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Series {
    fn of(&self, key: &Key) -> Arc<AtomicU64> {
        let mut series = self.0.lock().expect("nobody panics under it");
        Arc::clone(series.entry(key.name().trim_start_matches("multiwatcher_").to_owned()).or_default())
    }

    /// The series, by name.
    fn all(&self) -> BTreeMap<String, f64> {
        let series = self.0.lock().expect("nobody panics under it");
        let value = |(name, value): (&String, &Arc<AtomicU64>)| {
            let bits = value.load(Ordering::SeqCst);
            // A small number of bits is a count, everything else a float.
            let value = u32::try_from(bits).map_or_else(|_| f64::from_bits(bits), f64::from);
            (name.clone(), value)
        };
        series.iter().map(value).collect()
    }
}

struct Counts(Arc<AtomicU64>);

impl HistogramFn for Counts {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Recorder for Series {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.of(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Counts(self.of(key))))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made")
}

#[test]
fn gauges_equal_the_census_after_everything_the_worker_is_told() {
    let recorder = Series::default();
    metrics::with_local_recorder(&recorder, || {
        runtime().block_on(async {
            let script = Script::<u32>::default();
            let worker = Worker::start(script.clone(), short());
            let equal = |what: &str| {
                let (report, series) = (worker.report(), recorder.all());
                let census = &report.census;
                let due = [
                    ("watchers", census.watchers.total()),
                    ("restarts", usize::try_from(report.restarts).expect("a few")),
                    ("store_size", census.entities),
                    ("queue_size", census.queued),
                    ("tombstones", census.tombstones),
                    ("quarantined", census.quarantined),
                ];
                for (name, due) in due {
                    let told = series[name];
                    assert!(
                        (told - f64::from(u32::try_from(due).expect("a few"))).abs() < 0.1,
                        "{what}: {name} is {told}, not {due}"
                    );
                }
                assert!(series.values().all(|value| *value >= 0.0), "{what}: {series:?}");
                series
            };
            settle().await;
            equal("it has begun");
            script.follows(1, vec![(id("x"), 1), (id("y"), 1)]);
            settle().await;
            equal("it has loaded");
            let (reader, behind) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
            equal("two watchers were opened");
            reader.next().await.unwrap();
            behind.next().await.unwrap();
            let told = equal("both have read");
            assert!(told["lag"] < 0.1 && told["duplicates"] < 0.1, "nobody is behind, nothing came twice");
            let ill = Read::Error(BackingError::transient("bad JSON").into_error());
            let back = worker.resume(&reader.resume_token().unwrap().unwrap()).await.unwrap();
            equal("one came back");
            drop(back);
            script.fetch(Act::Answer((Position(2), vec![(id("x"), Read::Absent), (id("y"), ill)])));
            script.notice(Act::Answer(Notice::Changed(vec![id("x"), id("y"), id("x")])));
            settle().await;
            let told = equal("one is gone, one cannot be read");
            assert!((told["lag"] - 1.0).abs() < 0.1 && (told["duplicates"] - 1.0).abs() < 0.1);
            drop(behind);
            equal("one was dropped");
            script.notice(Act::Fail(BackingError::transient("no")));
            sleep(Duration::from_millis(50)).await;
            equal("it is out of reach");
            script.follows(3, vec![(id("x"), 3)]);
            sleep(Duration::from_secs(3)).await;
            let told = equal("it is back");
            let mut names: Vec<_> =
                told.keys().map(|name| name.trim_start_matches("multiwatcher_").to_owned()).collect();
            names.sort_unstable();
            assert_eq!(
                names,
                [
                    "append_seconds",
                    "batch_deltas",
                    "duplicates",
                    "lag",
                    "process_seconds",
                    "quarantined",
                    "queue_age_seconds",
                    "queue_size",
                    "restarts",
                    "staleness_seconds",
                    "store_size",
                    "tombstones",
                    "wakeups_total",
                    "watchers",
                ]
            );
        });
    });
}

#[test]
fn staleness_grows_while_the_backing_is_out_of_reach() {
    let recorder = Series::default();
    metrics::with_local_recorder(&recorder, || {
        runtime().block_on(async {
            let script = Script::<u32>::default();
            script.follows(1, Vec::new());
            let worker = Worker::start(script.clone(), Config::default());
            worker.watch_all_models().unwrap().next().await.unwrap();
            script.notice(Act::Fail(BackingError::transient("no")));
            sleep(Duration::from_mins(1)).await;
            let stale = recorder.all()["staleness_seconds"];
            assert!((1.0..=60.0).contains(&stale), "{stale}");
        });
    });
}
