//! The machine asked by hand: what it counts and hands over, to the number. The worlds compare these with a census; here they are
//! compared with what a reader of this file can count.

use std::sync::Arc;

use multiwatcher::machine::{
    Config, EntityId, Epoch, Filter, Garbage, Generation, ModelId, NextPoll, Output, Position, Read, Step,
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
    machine.subscribed(NOW, generation, Position(1));
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
