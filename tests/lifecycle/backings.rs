//! The backings that ship.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use multiwatcher::backing::{
    Backing, BackingError, Documents, DocumentsBacking, Entities, FailureKind, Identity, MemoryBacking, Notice, Read,
    Reads, Stream, Subscription, Touched,
};
use multiwatcher::driver::{ResumeError, Worker};
use multiwatcher::machine::{Config, EntityId, Position};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::common::{id, settle, short, told};

async fn next<V>(subscription: &mut Subscription<V>) -> Option<Result<Notice<V>, BackingError>> {
    std::future::poll_fn(|cx| subscription.notices.as_mut().poll_next(cx)).await
}

#[tokio::test(start_paused = true)]
async fn a_memory_backing_tells_of_every_commit_after_p0_also_of_one_before_the_first_poll() {
    let backing = MemoryBacking::new().tell_ids_only();
    backing.put(id("x"), 1);
    let mut subscription = backing.watch().await.unwrap();
    assert_eq!(subscription.position, Position(1));
    backing.put(id("y"), 1);
    backing.transaction().put(id("x"), 2).remove(id("z")).commit();
    match next(&mut subscription).await {
        Some(Ok(Notice::Changed(ids))) => assert_eq!(ids, [id("x"), id("y"), id("z")]),
        other => panic!("{other:?}"),
    }
    let step = backing.changed(Position(1), vec![id("w")]).await.unwrap();
    let read: Vec<_> = step.entities.iter().map(|(id, read)| (id.id(), matches!(read, Read::Absent))).collect();
    assert_eq!((step.from, step.to), (Position(1), Position(3)));
    assert_eq!(read, [("w", true), ("x", false), ("y", false), ("z", true)]);
}

#[tokio::test(start_paused = true)]
async fn a_memory_backing_hands_over_steps_that_join() {
    let backing = MemoryBacking::new();
    let mut subscription = backing.watch().await.unwrap();
    for (from, name) in (0..).zip(["x", "y"]) {
        backing.put(id(name), 1);
        match next(&mut subscription).await {
            Some(Ok(Notice::Step(step))) => {
                assert_eq!((step.from, step.to), (Position(from), Position(from + 1)));
                assert_eq!(step.entities.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [id(name)]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_memory_backing_is_never_silent() {
    let backing = MemoryBacking::<u32>::new();
    let mut subscription = backing.watch().await.unwrap();
    for _ in 0..3 {
        let mark = timeout(Config::default().heartbeat, next(&mut subscription)).await;
        assert!(matches!(mark, Ok(Some(Ok(Notice::Mark(Position(0)))))), "{mark:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_memory_backing_beats_as_fast_as_an_impatient_worker_wants() {
    let heartbeat = Duration::from_secs(1);
    let worker = Worker::start(MemoryBacking::<u32>::new().heartbeat(heartbeat), Config { heartbeat, ..short() });
    sleep(Duration::from_mins(1)).await;
    assert_eq!(worker.report().restarts, 0);
    // No faster than this, which would be a busy loop; and no slower than an hour.
    let never = MemoryBacking::<u32>::new().heartbeat(Duration::ZERO);
    let mut subscription = never.watch().await.unwrap();
    let began = Instant::now();
    next(&mut subscription).await;
    assert_eq!(began.elapsed(), Duration::from_millis(10));
    assert!(MemoryBacking::<u32>::new().heartbeat(Duration::MAX).watch().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_pruned_log_is_an_error_and_readers_still_see_everything() {
    let backing = MemoryBacking::new().keep_commits(2);
    let mut subscription = backing.watch().await.unwrap();
    let worker = Worker::start(backing.clone(), short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    for value in 0..10 {
        backing.put(id("x"), value);
    }
    let error = next(&mut subscription).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), FailureKind::Pruned);
    let error = backing.changed(Position(3), Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Pruned);
    let error = backing.changed(Position(11), Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Rewound);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=9"]);
    assert_eq!(worker.report().restarts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transactions_of_many_writers_are_seen_whole() {
    for steps in [false, true] {
        let backing = if steps { MemoryBacking::new() } else { MemoryBacking::new().tell_ids_only() };
        let worker = Worker::start(backing.clone(), Config::default());
        let reader = worker.watch_all_models().unwrap();
        reader.next().await.unwrap();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let backing = backing.clone();
            writers.spawn(async move {
                for value in 0..500u32 {
                    let value = value * 4 + writer;
                    backing.transaction().put(id("left"), value).put(id("right"), value).commit();
                    tokio::task::yield_now().await;
                }
            });
        }
        let last = backing.clone();
        tokio::spawn(async move {
            writers.join_all().await;
            last.put(id("end"), 0);
        });
        let mut view = BTreeMap::new();
        while !view.contains_key("end") {
            for delta in reader.next().await.unwrap().deltas() {
                view.insert(delta.id().id().to_owned(), **delta.value());
            }
            assert_eq!(view.get("left"), view.get("right"), "half a transaction was seen");
        }
        assert_eq!(Some(view["left"]), backing.get(&id("left")).map(|value| *value));
    }
}

/// Documents without a log. Reads can be made slow.
#[derive(Clone)]
struct Store {
    documents: Arc<Mutex<BTreeMap<EntityId, u32>>>,
    subscribers: Arc<Mutex<Vec<mpsc::UnboundedSender<EntityId>>>>,
    slow: Arc<Mutex<Vec<Duration>>>,
}

struct Heard(mpsc::UnboundedReceiver<EntityId>);

impl Stream for Heard {
    type Item = Result<Vec<EntityId>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|id| id.map(|id| Ok(vec![id])))
    }
}

impl Store {
    fn new() -> Self {
        Self { documents: Arc::default(), subscribers: Arc::default(), slow: Arc::default() }
    }

    fn put(&self, name: &str, value: u32) {
        self.documents.lock().expect("nobody panics under it").insert(id(name), value);
        self.tell(name);
    }

    fn remove(&self, name: &str) {
        self.documents.lock().expect("nobody panics under it").remove(&id(name));
        self.tell(name);
    }

    fn tell(&self, name: &str) {
        let mut subscribers = self.subscribers.lock().expect("nobody panics under it");
        subscribers.retain(|subscriber| subscriber.send(id(name)).is_ok());
    }
}

impl Documents for Store {
    type Value = u32;

    fn identity(&self) -> Identity {
        Identity(3)
    }

    async fn watch(&self) -> Result<Touched, BackingError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.subscribers.lock().expect("nobody panics under it").push(sender);
        Ok(Box::pin(Heard(receiver)))
    }

    fn get_all(&self) -> Entities<u32> {
        struct Once(Option<Reads<u32>>);
        impl Stream for Once {
            type Item = Result<Reads<u32>, BackingError>;

            fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                Poll::Ready(self.0.take().map(Ok))
            }
        }
        let documents = self.documents.lock().expect("nobody panics under it");
        let all = documents.iter().map(|(id, value)| (id.clone(), Read::Value(Arc::new(*value)))).collect();
        Box::pin(Once(Some(all)))
    }

    async fn read(&self, ids: Vec<EntityId>) -> Result<Reads<u32>, BackingError> {
        let read = |id: EntityId| {
            let value = self.documents.lock().expect("nobody panics under it").get(&id).copied();
            (id, value.map_or(Read::Absent, |value| Read::Value(Arc::new(value))))
        };
        let reads = ids.into_iter().map(read).collect();
        let slow = self.slow.lock().expect("nobody panics under it").pop();
        if let Some(wait) = slow {
            sleep(wait).await;
        }
        Ok(reads)
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_of_documents_is_a_backing() {
    let store = Store::new();
    store.put("x", 1);
    let worker = Worker::start(DocumentsBacking::new(store.clone()), short());
    let reader = worker.watch_all_models().unwrap();
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
    store.put("y", 2);
    assert_eq!(told(&reader.next().await.unwrap()), ["y=2"]);
    store.remove("x");
    assert_eq!(told(&reader.next().await.unwrap()), ["-x"]);
    // What is touched without being changed tells nobody.
    store.put("y", 2);
    settle().await;
    assert!(reader.try_next().unwrap().is_none());
}

/// As when a process ends, and the next one opens the same documents.
#[tokio::test(start_paused = true)]
async fn what_one_adapter_has_counted_means_nothing_to_another() {
    let store = Store::new();
    store.put("x", 1);
    let start = || Worker::start(DocumentsBacking::new(store.clone()), Config { window: 10, ..short() });
    let first = start();
    let reader = first.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap();
    assert!(first.resume(&token).await.is_ok(), "it is good where it is from");
    store.put("x", 2);
    let second = start();
    assert_eq!(told(&second.watch_all_models().unwrap().next().await.unwrap()), ["x=2"]);
    let resumed = second.resume(&token).await;
    assert!(matches!(resumed, Err(ResumeError::Gone { .. })), "resume-or-gone: {resumed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_adapter_counts_a_reload_as_a_commit() {
    let store = Store::new();
    store.put("x", 1);
    let worker = Worker::start(DocumentsBacking::new(store.clone()), short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let before = reader.progress().unwrap().unwrap().position;
    store.subscribers.lock().unwrap().clear();
    store.put("x", 2);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
    let after = reader.progress().unwrap().unwrap().position;
    assert!(after > before, "another state at the same position, {before}");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_given_up_on_is_read_again_and_its_old_answer_is_worth_nothing() {
    let store = Store::new();
    let config = Config { call_timeout: Duration::from_secs(2), ..short() };
    let worker = Worker::start(DocumentsBacking::new(store.clone()), config);
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    store.slow.lock().unwrap().push(Duration::from_secs(3));
    store.put("x", 1);
    settle().await;
    store.documents.lock().unwrap().insert(id("x"), 2);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
    sleep(Duration::from_secs(5)).await;
    assert!(reader.try_next().unwrap().is_none());
    assert_eq!(worker.report().restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_notices_that_closes_is_a_failure() {
    let store = Store::new();
    store.put("x", 1);
    let worker = Worker::start(DocumentsBacking::new(store.clone()), short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    // Nobody is told of this one: the subscribers are gone.
    store.subscribers.lock().unwrap().clear();
    store.put("x", 2);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
    let report = worker.report();
    assert_eq!((report.restarts, report.last_failures.len()), (1, 1));
    assert_eq!(report.last_failures[0].1.to_string(), "the backing failed: the stream of notices was closed");
}
