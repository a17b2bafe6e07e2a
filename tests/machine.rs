//! The machine asked by hand: what it counts, hands over and tells apart, to the number. The worlds compare these with a census; here they are
//! compared with what a reader of this file can count.

use std::sync::Arc;

use multiwatcher::machine::{
    Config, EntityId, Epoch, Filter, Garbage, Generation, Identity, ModelId, NextPoll, Output, Position, Read, Step,
    StoreManager, Time,
};

const NOW: Time = Time::ZERO;
const MODEL: ModelId = ModelId::from_u128(1);

fn id(name: &str) -> EntityId {
    EntityId::new("unit", MODEL, name)
}

fn step(from: u64, to: u64, name: &str, value: Option<u32>) -> Step<u32, multiwatcher::machine::Cause> {
    let read = value.map_or(Read::Absent, |value| Read::Value(Arc::new(value)));
    Step { from: Position(from), to: Position(to), entities: vec![(id(name), read)] }
}

/// A machine that follows an empty backing at position 1.
fn following(config: Config) -> (StoreManager<u32>, Generation) {
    let mut machine = StoreManager::new(config, Epoch(1), NOW);
    let Some(Output::Subscribe { generation }) = machine.poll_output() else { panic!("a new machine subscribes") };
    machine.subscribed(NOW, generation, Position(1), Identity(1));
    assert_eq!(machine.poll_output(), Some(Output::Load { generation }));
    machine.load_done(NOW, generation);
    let Some(Output::Fetch { fetch, since, .. }) = machine.poll_output() else {
        panic!("a load is completed by a step")
    };
    machine.fetched(NOW, generation, fetch, Step { from: since, to: since, entities: Vec::new() });
    assert_eq!(machine.poll_output(), None);
    machine.swap_garbage(&mut Garbage::default());
    (machine, generation)
}

#[test]
fn duplicates_are_the_notices_of_ids_that_were_queued_already() {
    let (mut machine, generation) = following(Config::default());
    assert_eq!(machine.duplicates(), 0);
    machine.notice(NOW, generation, vec![id("a"), id("b")]);
    while machine.poll_output().is_some() {}
    // The fetch under way has taken both; from here on they are queued again, each once.
    machine.notice(NOW, generation, vec![id("a"), id("c")]);
    assert_eq!(machine.duplicates(), 0);
    machine.notice(NOW, generation, vec![id("a"), id("b"), id("c")]);
    assert_eq!(machine.duplicates(), 2);
}

#[test]
fn there_is_garbage_exactly_when_a_value_was_replaced_and_not_taken_away() {
    let (mut machine, generation) = following(Config::default());
    assert!(!machine.has_garbage());
    machine.step(NOW, generation, step(1, 2, "a", Some(1)));
    machine.step(NOW, generation, step(2, 3, "a", Some(2)));
    while machine.poll_output().is_some() {}
    assert!(machine.has_garbage(), "the value 1 is no longer needed");
    let mut garbage = Garbage::default();
    machine.swap_garbage(&mut garbage);
    assert!(!machine.has_garbage() && !garbage.is_empty());
}

#[test]
fn a_life_that_nobody_may_ask_for_any_more_is_forgotten_once() {
    let (mut machine, generation) = following(Config { window: 2, ..Config::default() });
    let watcher = machine.watch(NOW, Filter::all_models()).expect("it follows");
    assert!(matches!(machine.next(NOW, watcher, None), NextPoll::Ready(Ok(_))));
    for (round, value) in (0..20).zip([Some(1), None].into_iter().cycle()) {
        machine.step(NOW, generation, step(round + 1, round + 2, "a", value));
        while machine.poll_output().is_some() {}
        // The watcher never reads on, so the first lives are pinned by it and the later ones by the window.
        machine.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    assert!(matches!(machine.next(NOW, watcher, None), NextPoll::Pending(_)), "born and gone: nothing to tell");
    machine.check().unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn lag_is_that_of_the_watcher_furthest_behind() {
    let (mut machine, generation) = following(Config::default());
    let (first, second) = (open(&mut machine), open(&mut machine));
    assert_eq!(machine.lag(), 0);
    for round in 0..3 {
        machine.step(NOW, generation, step(round + 1, round + 2, "a", Some(7 + u32::try_from(round).expect("small"))));
        while machine.poll_output().is_some() {}
        assert_eq!(machine.lag(), round + 1);
        assert!(matches!(machine.next(NOW, first, None), NextPoll::Ready(Ok(_))));
        assert_eq!(machine.lag(), round + 1, "one has read, the other has not");
    }
    assert!(matches!(machine.next(NOW, second, None), NextPoll::Ready(Ok(_))));
    assert_eq!(machine.lag(), 0);
}

/// A watcher that has read the empty store.
fn open(machine: &mut StoreManager<u32>) -> multiwatcher::machine::WatcherId {
    let watcher = machine.watch(NOW, Filter::all_models()).expect("it follows");
    assert!(matches!(machine.next(NOW, watcher, None), NextPoll::Ready(Ok(_))));
    watcher
}

/// States of which each two differ in one thing that matters for what comes next.
#[test]
fn what_matters_tells_fingerprints_apart() {
    let later = |millis: u64| Time::from_nanos(millis * 1_000_000);
    let error = |id| multiwatcher::machine::Cause { id, class: multiwatcher::machine::CauseClass::Transient };
    let states: Vec<(&str, StoreManager<u32>)> = vec![
        ("following", following(Config::default()).0),
        ("not subscribed", StoreManager::new(Config::default(), Epoch(1), NOW)),
        ("an entity", after(|machine, generation| machine.step(NOW, generation, step(1, 2, "a", Some(1))))),
        ("another value", after(|machine, generation| machine.step(NOW, generation, step(1, 2, "a", Some(2))))),
        ("another id", after(|machine, generation| machine.step(NOW, generation, step(1, 2, "b", Some(1))))),
        (
            "a watcher",
            after(|machine, _| {
                open(machine);
            }),
        ),
        (
            "a fresh watcher",
            after(|machine, _| {
                machine.watch(NOW, Filter::all_models()).expect("it follows");
            }),
        ),
        (
            "a watcher behind",
            after(|machine, generation| {
                open(machine);
                machine.step(NOW, generation, step(1, 2, "a", Some(1)));
            }),
        ),
        (
            "a call that waits",
            after(|machine, _| {
                let watcher = open(machine);
                assert!(matches!(machine.next(NOW, watcher, None), NextPoll::Pending(_)));
            }),
        ),
        ("a fetch under way", after(|machine, generation| machine.notice(NOW, generation, vec![id("a")]))),
        ("of another id", after(|machine, generation| machine.notice(NOW, generation, vec![id("b")]))),
        ("asked later", after(|machine, generation| machine.notice(later(5), generation, vec![id("a")]))),
        (
            "and one more queued",
            after(|machine, generation| {
                machine.notice(NOW, generation, vec![id("a")]);
                while machine.poll_output().is_some() {}
                machine.notice(NOW, generation, vec![id("c")]);
            }),
        ),
        ("quarantine", after(|machine, generation| ail(machine, generation, NOW, "a", error(1)))),
        ("of another id", after(|machine, generation| ail(machine, generation, NOW, "b", error(1)))),
        ("with another cause", after(|machine, generation| ail(machine, generation, NOW, "a", error(2)))),
        ("begun later", after(|machine, generation| ail(machine, generation, later(5), "a", error(1)))),
        ("killed", after(|machine, _| machine.kill(NOW, error(1)))),
        ("killed by another cause", after(|machine, _| machine.kill(NOW, error(2)))),
    ];
    let at = later(10);
    let prints: Vec<_> =
        states.iter().map(|(what, machine)| (machine.fingerprint(at, |value| u64::from(*value)), what)).collect();
    for (number, (print, what)) in prints.iter().enumerate() {
        for (other, other_what) in &prints[number + 1..] {
            assert_ne!(print, other, "{what}; {other_what}");
        }
    }
    let again = following(Config::default()).0;
    assert_eq!(again.fingerprint(at, |value| u64::from(*value)), prints[0].0, "the same is the same");
    let stopped = after(|machine, generation| {
        let watcher = open(machine);
        machine.step(NOW, generation, step(1, 2, "a", Some(1)));
        machine.stop(NOW, watcher);
    });
    assert_eq!(stopped.fingerprint(at, |value| u64::from(*value)), prints[2].0, "a stop leaves nothing behind");
}

/// What was done to a machine that follows; all it asks for is taken.
fn after(act: impl FnOnce(&mut StoreManager<u32>, Generation)) -> StoreManager<u32> {
    let (mut machine, generation) = following(Config::default());
    act(&mut machine, generation);
    while machine.poll_output().is_some() {}
    machine
}

/// An entity can no longer be read.
fn ail(
    machine: &mut StoreManager<u32>,
    generation: Generation,
    now: Time,
    name: &str,
    error: multiwatcher::machine::Cause,
) {
    let entities = vec![(id(name), Read::Error(error))];
    machine.step(now, generation, Step { from: Position(1), to: Position(2), entities });
}

#[test]
fn a_batch_is_kept_as_long_as_a_waiting_call_can_use_it() {
    let (mut machine, generation) = following(Config::default());
    let watchers = [open(&mut machine), open(&mut machine)];
    let calls = watchers.map(|watcher| match machine.next(NOW, watcher, None) {
        NextPoll::Pending(call) => call,
        NextPoll::Ready(answer) => panic!("there is nothing to tell: {answer:?}"),
    });
    machine.step(NOW, generation, step(1, 2, "a", Some(1)));
    while machine.poll_output().is_some() {}
    let mut take = |number: usize| match machine.next(NOW, watchers[number], Some(calls[number])) {
        // Whoever took it has dropped it when the number is read.
        NextPoll::Ready(Ok(batch)) => (batch.deltas().len(), drop(batch), machine.report().shared_batches),
        other @ (NextPoll::Ready(_) | NextPoll::Pending(_)) => panic!("it was woken: {other:?}"),
    };
    assert_eq!(take(0), (1, (), 1), "the second call is in line for the same batch");
    assert_eq!(take(1), (1, (), 0), "nobody is in line for it any more");
}

#[test]
fn times_are_read_in_seconds() {
    assert_eq!(format!("{:?}", Time::from_nanos(1_500_000_000)), "1.500s");
}

/// Which is older matters, however long ago both were; also among many.
#[test]
fn revnos_and_positions_enter_fingerprints_by_their_rank() {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let born_together = Step {
        from: Position(1),
        to: Position(2),
        entities: NAMES.map(|name| (id(name), Read::Value(Arc::new(0)))).into(),
    };
    // A watcher that was brought to the revno of so many of the changes that follow.
    let read_until = |changes: usize| {
        after(|machine, generation| {
            machine.step(NOW, generation, born_together.clone());
            let watcher = open(machine);
            for (round, name) in (0..).zip(NAMES) {
                if round == changes {
                    assert!(matches!(machine.next(NOW, watcher, None), NextPoll::Ready(Ok(_))));
                }
                let at = 2 + round as u64;
                machine.step(NOW, generation, step(at, at + 1, name, Some(1)));
                while machine.poll_output().is_some() {}
            }
        })
    };
    for changes in 2..NAMES.len() - 1 {
        assert_ne!(print(&read_until(changes), NOW), print(&read_until(changes + 1), NOW), "{changes}");
    }

    // Watchers behind at positions 1 to 4, the store further on, and a reload that begins after that or before.
    let reloads = |store: u64, p0: u64| {
        after(|machine, generation| {
            for (at, to) in [(1, 2), (2, 3), (3, 4), (4, store)] {
                open(machine);
                machine.step(NOW, generation, step(at, to, "a", Some(u32::try_from(at).expect("small"))));
                while machine.poll_output().is_some() {}
            }
            fail(machine, generation);
            let again = Time::from_nanos(1_000_000_000);
            machine.handle_timeout(again);
            let Some(Output::Subscribe { generation }) = machine.poll_output() else { panic!("the back-off is over") };
            machine.subscribed(again, generation, Position(p0), Identity(1));
        })
    };
    let at = Time::from_nanos(2_000_000_000);
    assert_ne!(print(&reloads(5, 7), at), print(&reloads(7, 5), at));
}

/// The same that happened later is the same.
#[test]
fn times_enter_fingerprints_by_their_distance_from_now() {
    let shifted = |nanos: u64| {
        let now = Time::from_nanos(nanos);
        let mut machine = StoreManager::<u32>::new(Config::default(), Epoch(1), now);
        while machine.poll_output().is_some() {}
        print(&machine, Time::from_nanos(nanos + 3))
    };
    assert_eq!(shifted(0), shifted(1_000));
}

#[test]
fn who_takes_the_same_while_it_is_there_is_handed_the_same() {
    let (mut machine, generation) = following(Config::default());
    let watchers = [open(&mut machine), open(&mut machine)];
    machine.step(NOW, generation, step(1, 2, "a", Some(1)));
    while machine.poll_output().is_some() {}
    let [one, other] = watchers.map(|watcher| machine.try_next(NOW, watcher).expect("it is open").expect("a change"));
    assert!(std::ptr::eq(one.deltas(), other.deltas()), "built once for both");
}

fn print(machine: &StoreManager<u32>, at: Time) -> u128 {
    machine.fingerprint(at, |value| u64::from(*value))
}

fn fail(machine: &mut StoreManager<u32>, generation: Generation) {
    let cause = multiwatcher::machine::Cause::new(multiwatcher::machine::CauseClass::Transient, 1);
    machine.failed(NOW, generation, multiwatcher::machine::BackingCall::Subscription, cause);
    while machine.poll_output().is_some() {}
}
