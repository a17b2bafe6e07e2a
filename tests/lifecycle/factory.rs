//! Workers on demand: one opening for all, not found, the dead manager and its way back, and workers that ended.

use std::error::Error;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use multiwatcher::backing::{Backing, BackingError, Entities, Identity, MemoryBacking, Step, Subscription};
use multiwatcher::driver::{Factory, NextError, OpenError, ResumeError, Tokio, WatchError};
use multiwatcher::machine::{Backoff, CauseClass, Config, EntityId, Position};
use tokio::sync::Semaphore;
use tokio::time::{advance, sleep};

use crate::common::{id, told};

/// What the opener of a test does, call by call; the last one is repeated.
#[derive(Clone)]
enum Act {
    Open,
    NotFound,
    Fail(&'static str),
    Hang,
    Panic,
}

/// An opener that the test leads, and how often it was called.
#[derive(Clone)]
struct Led {
    database: MemoryBacking<u32>,
    acts: Arc<Mutex<Vec<Act>>>,
    calls: Arc<AtomicU32>,
    gate: Arc<Semaphore>,
}

impl Led {
    fn new(acts: impl Into<Vec<Act>>) -> Self {
        Self {
            database: MemoryBacking::new(),
            acts: Arc::new(Mutex::new(acts.into())),
            calls: Arc::default(),
            gate: Arc::new(Semaphore::new(1000)),
        }
    }

    async fn open(self) -> Result<MemoryBacking<u32>, OpenError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) as usize;
        let act = {
            let acts = self.acts.lock().expect("nobody panics while it is locked");
            acts[call.min(acts.len() - 1)].clone()
        };
        self.gate.acquire().await.expect("it is never closed").forget();
        match act {
            Act::Open => Ok(self.database.clone()),
            Act::NotFound => Err(OpenError::not_found("no such database")),
            Act::Fail(why) => Err(OpenError::failed(why)),
            Act::Hang => pending().await,
            Act::Panic => panic!("the opener panics"),
        }
    }

    fn factory(&self) -> Factory<u32> {
        let led = self.clone();
        let backoff = Backoff { min: Duration::from_secs(1), max: Duration::from_secs(8) };
        let config = Config { backoff, call_timeout: Duration::from_secs(10), ..Config::default() };
        Factory::new(move || led.clone().open(), config)
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

fn dead(error: &WatchError) -> String {
    match error {
        WatchError::Dead(failure) => failure.error().expect("the opener gave one").to_string(),
        WatchError::NotFound(_) | WatchError::Ended(_) => panic!("expected a dead manager, got {error:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_opened_before_somebody_asks_and_then_it_is_shared() {
    let led = Led::new([Act::Open]);
    led.database.put(id("x"), 1);
    let factory = led.factory();
    sleep(Duration::from_mins(1)).await;
    assert_eq!((led.calls(), factory.report().is_none()), (0, true));
    let (one, other) = tokio::join!(factory.watch_all_models(), factory.watch_model(id("x").model));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(told(&one.next().await.unwrap()), ["x=1"]);
    assert_eq!(told(&other.next().await.unwrap()), ["x=1"]);
    assert_eq!((led.calls(), led.database.subscriptions()), (1, 1));
    assert_eq!(factory.report().unwrap().census.watchers.total(), 2);
}

#[tokio::test(start_paused = true)]
async fn not_found_is_an_answer_that_nothing_remembers() {
    let led = Led::new([Act::NotFound, Act::NotFound, Act::Open]);
    let factory = led.factory();
    for call in 1..=2 {
        let error = factory.watch_all_models().await.unwrap_err();
        assert!(matches!(error, WatchError::NotFound(_)), "{error:?}");
        assert_eq!(error.to_string(), "no backing was found: no such database");
        assert_eq!((led.calls(), factory.report().is_none()), (call, true));
    }
    factory.watch_all_models().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_manager_answers_with_its_error_until_its_back_off_has_passed() {
    let led = Led::new([Act::Fail("first"), Act::Fail("second"), Act::Open]);
    let factory = led.factory();
    assert_eq!(dead(&factory.watch_all_models().await.unwrap_err()), "first");
    advance(Duration::from_millis(999)).await;
    assert_eq!(dead(&factory.watch_all_models().await.unwrap_err()), "first");
    assert_eq!(led.calls(), 1);
    advance(Duration::from_millis(1)).await;
    assert_eq!(dead(&factory.watch_all_models().await.unwrap_err()), "second");
    // The second wait is twice as long.
    advance(Duration::from_millis(1999)).await;
    assert_eq!(dead(&factory.watch_all_models().await.unwrap_err()), "second");
    assert_eq!(led.calls(), 2);
    advance(Duration::from_millis(1)).await;
    factory.watch_all_models().await.unwrap();
    assert_eq!(led.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_dead_manager_is_replaced_at_once_when_the_opener_changes() {
    let broken = Led::new([Act::Fail("broken")]);
    let factory = broken.factory();
    assert_eq!(dead(&factory.watch_all_models().await.unwrap_err()), "broken");
    let mended = Led::new([Act::Open]);
    let opener = mended.clone();
    factory.replace_opener(move || opener.clone().open());
    factory.watch_all_models().await.unwrap();
    assert_eq!((broken.calls(), mended.calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_opener_that_hangs_or_panics_yields_a_dead_manager() {
    let led = Led::new([Act::Hang, Act::Panic, Act::Open]);
    let factory = led.factory();
    let error = factory.watch_all_models().await.unwrap_err();
    assert_eq!(dead(&error), "opening the backing took longer than 10s");
    advance(Duration::from_secs(1)).await;
    assert_eq!(dead(&factory.watch_all_models().await.unwrap_err()), "opening the backing panicked: the opener panics");
    advance(Duration::from_secs(2)).await;
    factory.watch_all_models().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_dropped_takes_nothing_from_the_others() {
    let led = Led::new([Act::Open]);
    led.gate.forget_permits(1000);
    let factory = led.factory();
    let mut first = Box::pin(factory.watch_all_models());
    assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await);
    let mut second = pin!(factory.watch_all_models());
    assert!(poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx).is_pending())).await);
    drop(first);
    led.gate.add_permits(1);
    second.await.unwrap();
    assert_eq!(led.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_who_waited_for_an_opening_get_the_same_answer() {
    let led = Led::new([Act::NotFound, Act::Open]);
    let factory = led.factory();
    let (one, other) = tokio::join!(factory.watch_all_models(), factory.watch_all_models());
    assert!(matches!((one, other), (Err(WatchError::NotFound(_)), Err(WatchError::NotFound(_)))));
    assert_eq!(led.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_killed_worker_is_replaced_by_the_next_call_in_a_new_epoch() {
    let led = Led::new([Act::Open]);
    let factory = led.factory();
    let reader = factory.watch_all_models().await.unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap();
    factory.kill();
    match reader.next().await {
        Err(NextError::Ended(failure)) => assert_eq!(failure.class(), CauseClass::Killed),
        other => panic!("{other:?}"),
    }
    let next = factory.watch_all_models().await.unwrap();
    next.next().await.unwrap();
    // Nothing has happened in between, so the new one holds what its reader was told.
    let back = factory.resume(&token).await.unwrap();
    assert!(back.try_next().unwrap().is_none());
    assert_eq!(led.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn killing_while_it_opens_tells_those_who_wait_and_the_next_call_opens_anew() {
    let led = Led::new([Act::Hang, Act::Open]);
    let factory = led.factory();
    let waiting = tokio::spawn({
        let factory = factory.clone();
        async move { factory.watch_all_models().await }
    });
    tokio::task::yield_now().await;
    factory.kill();
    assert!(matches!(waiting.await.unwrap(), Err(WatchError::Ended(_))));
    factory.watch_all_models().await.unwrap();
    assert_eq!(led.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_ends_the_worker_and_the_factory_is_one_of_them() {
    let led = Led::new([Act::Open]);
    let factory = led.factory();
    let reader = factory.watch_all_models().await.unwrap();
    reader.next().await.unwrap();
    drop(factory);
    led.database.put(id("x"), 1);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
    assert_eq!(led.database.subscriptions(), 1);
    drop(reader);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(led.database.subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_until_every_task_has_ended() {
    let led = Led::new([Act::Open]);
    let factory = led.factory();
    let reader = factory.watch_all_models().await.unwrap();
    factory.close().await;
    assert_eq!(led.database.subscriptions(), 0);
    assert!(matches!(reader.next().await, Err(NextError::Ended(_))));
}

/// A backing that fails for good when it is asked for the second time what has changed, and never again.
struct FailsOnce(MemoryBacking<u32>, Arc<AtomicU32>);

impl Backing for FailsOnce {
    type Value = u32;

    fn identity(&self) -> Identity {
        self.0.identity()
    }

    async fn watch(&self) -> Result<Subscription<u32>, BackingError> {
        self.0.watch().await
    }

    fn get_all(&self) -> Entities<u32> {
        self.0.get_all()
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<u32>, BackingError> {
        if self.1.fetch_add(1, Ordering::SeqCst) == 1 {
            return Err(BackingError::permanent("the schema is too new"));
        }
        self.0.changed(since, ids).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_failed_for_good_is_replaced_after_its_back_off() {
    let (database, calls) = (MemoryBacking::new().tell_ids_only(), Arc::new(AtomicU32::new(0)));
    let asked = calls.clone();
    let backing = database.clone();
    let backoff = Backoff { min: Duration::from_secs(1), max: Duration::from_secs(8) };
    let factory = Factory::new(
        move || {
            let backing = FailsOnce(backing.clone(), asked.clone());
            async move { Ok::<_, OpenError>(backing) }
        },
        Config { backoff, ..Config::default() },
    );
    let reader = factory.watch_all_models().await.unwrap();
    reader.next().await.unwrap();
    database.put(id("x"), 1);
    match reader.next().await {
        Err(NextError::Ended(failure)) => {
            assert_eq!(failure.to_string(), "the backing failed for good: the schema is too new");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(factory.watch_all_models().await, Err(WatchError::Ended(_))));
    assert_eq!(calls.load(Ordering::SeqCst), 2, "no-spin: it is not opened again before its back-off");
    advance(Duration::from_secs(1)).await;
    factory.watch_all_models().await.unwrap().next().await.unwrap();
}

#[test]
fn a_runtime_that_shuts_down_while_it_opens_leaves_nobody_waiting() {
    let led = Led::new([Act::Hang]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let factory = {
        let _entered = runtime.enter();
        led.factory()
    };
    let other = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    other.block_on(async {
        let mut call = pin!(factory.watch_all_models());
        assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
        runtime.shutdown_background();
        let error = call.await.unwrap_err();
        assert!(dead(&error).contains("was dropped"), "{error}");
    });
}

#[tokio::test(start_paused = true)]
async fn whatever_a_program_holds_can_be_looked_at() {
    let led = Led::new([Act::Open]);
    let factory = led.factory();
    let (reader, worker) = (factory.watch_all_models().await.unwrap(), factory.worker().await.unwrap());
    let looked_at = [
        ("Factory", format!("{factory:?}")),
        ("Worker", format!("{worker:?}")),
        ("WorkerEnd", format!("{:?}", worker.wait())),
        ("Multiwatcher", format!("{reader:?}")),
        ("MultiwatcherEnd", format!("{:?}", reader.wait())),
        ("Next", format!("{:?}", reader.next())),
        ("Batches", format!("{:?}", reader.batches())),
        ("Tokio", format!("{:?}", Tokio::current())),
    ];
    for (name, text) in looked_at {
        assert!(text.starts_with(&format!("{name} {{")), "{name}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_leads_to_what_caused_it() {
    let led = Led::new([Act::NotFound]);
    let error = led.factory().watch_all_models().await.unwrap_err();
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no such database"));
    let error = ResumeError::from(error);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no such database"));
}
