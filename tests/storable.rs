//! What happens to a machine can be stored and read back: a run written down as JSON and replayed input by input gives the same
//! answers, the same outputs and the same state; and the typed methods do what the inputs do.

use std::sync::Arc;

use multiwatcher::machine::{
    Answer, CallId, Config, EntityId, Epoch, Filter, Garbage, Generation, Identity, Input, Kind, ModelId, NextPoll,
    Output, Position, Read, Report, Step, StoreManager, Time, Timeout,
};
use multiwatcher::testing::{EPOCH, Fresh, Generator, Regime, Subject, Val, Word, World};

/// Writes down what is put to the machine, and what came of it.
struct Recorder {
    machine: StoreManager<Val>,
    inputs: Vec<(Time, String)>,
    outputs: Vec<String>,
    answers: Vec<Answer<Val>>,
}

impl Fresh for Recorder {
    fn fresh(config: Config, epoch: Epoch, now: Time) -> Self {
        let machine = StoreManager::new(config, epoch, now);
        Self { machine, inputs: Vec::new(), outputs: Vec::new(), answers: Vec::new() }
    }
}

impl Subject for Recorder {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        self.inputs.push((now, serde_json::to_string(&input).expect("an input can be written as JSON")));
        let answer = self.machine.handle(now, input);
        self.answers.push(answer.clone());
        answer
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = self.machine.poll_output();
        self.outputs.extend(output.as_ref().map(|output| serde_json::to_string(output).expect("so can an output")));
        output
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.machine.poll_timeout()
    }

    fn report(&self) -> Report {
        self.machine.report()
    }
}

#[test]
fn a_stored_run_replays() {
    let mut put = 0;
    for seed in 0..200 {
        let regime = Regime::draw(&mut Word::new(seed));
        let mut choices = Word::new(seed ^ 0x5eed);
        let mut world = World::<Recorder>::start(regime.clone());
        for _ in 0..150 {
            let Some(operation) = Generator::next(world.stage(), &mut choices) else { break };
            world.apply(&operation);
            world.clear_seen();
        }
        let recorded = world.subject();
        let mut machine = StoreManager::<Val>::new(regime.config, EPOCH, Time::ZERO);
        let mut outputs: Vec<Output> = std::iter::from_fn(|| machine.poll_output()).collect();
        for ((now, input), answer) in recorded.inputs.iter().zip(&recorded.answers) {
            let input: Input<Val> = serde_json::from_str(input).expect("what was written can be read");
            assert_eq!(machine.handle(*now, input), *answer);
            outputs.extend(std::iter::from_fn(|| machine.poll_output()));
        }
        let read: Vec<Output> = recorded
            .outputs
            .iter()
            .map(|output| serde_json::from_str(output).expect("what was written can be read"))
            .collect();
        assert_eq!(outputs, read);
        assert_eq!(machine.report(), recorded.machine.report());
        put += recorded.inputs.len();
    }
    assert!(put > 10_000, "only {put} inputs were stored");
}

#[test]
fn an_input_reads_as_what_it_is() {
    let model: ModelId = "4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11".parse().expect("a uuid");
    let filter = Filter::model(model).except_kinds([Kind::new("charm")]);
    let watch: Input<u32> = Input::Watch { filter };
    insta::assert_snapshot!(serde_json::to_string(&watch).unwrap(), @r#"{"Watch":{"filter":{"models":{"One":"4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11"},"kinds":{"Except":["charm"]}}}}"#);
    let reads = vec![(EntityId::new("unit", model, "mysql/0"), Read::Value(Arc::new(7)))];
    let staged = Input::Staged { generation: Generation(1), reads };
    insta::assert_snapshot!(serde_json::to_string(&staged).unwrap(), @r#"{"Staged":{"generation":1,"reads":[[{"kind":"unit","model":"4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11","id":"mysql/0"},{"Value":7}]]}}"#);
}

#[test]
fn a_damaged_input_is_refused_with_what_was_expected() {
    let error = serde_json::from_str::<Input<u32>>(r#"{"Stop":{"watcher":"three"}}"#).unwrap_err();
    insta::assert_snapshot!(error, @r#"invalid type: string "three", expected u64 at line 1 column 26"#);
    let error = serde_json::from_str::<Input<u32>>(r#"{"Watch":{"filter":{"models":{"One":"m1"},"kinds":"All"}}}"#)
        .unwrap_err();
    insta::assert_snapshot!(error, @r#"expected a model's uuid such as 4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11, got "m1" at line 1 column 41"#);
}

/// Values are shared, so nothing asks that they can be cloned.
#[test]
fn a_value_that_cannot_be_cloned_is_shared_by_clones_of_everything() {
    #[derive(Debug, PartialEq)]
    struct Unique(u32);

    let (now, id) = (Time::ZERO, EntityId::new("unit", ModelId::from_u128(1), "mysql/0"));
    let value = Arc::new(Unique(7));
    let mut machine = StoreManager::<Unique>::new(Config::default(), Epoch(1), now);
    let Some(Output::Subscribe { generation }) = machine.poll_output() else { panic!("first it subscribes") };
    machine.subscribed(now, generation, Position(7), Identity(1));
    while machine.poll_output().is_some() {}
    let input = Input::Staged { generation, reads: vec![(id.clone(), Read::Value(Arc::clone(&value)))] };
    assert_eq!(machine.handle(now, input.clone()), Answer::Done);
    machine.load_done(now, generation);
    let Some(Output::Fetch { fetch, since, .. }) = machine.poll_output() else { panic!("a step completes the load") };
    let step = Step { from: since, to: Position(8), entities: vec![(id, Read::Absent)] };
    let mut other = machine.clone();
    machine.fetched(now, generation, fetch, Step { entities: vec![], ..step.clone() });
    other.fetched(now, generation, fetch, step);
    let read = |machine: &mut StoreManager<Unique>| {
        let Answer::Watch(Ok(watcher)) = machine.handle(now, Input::Watch { filter: Filter::all_models() }) else {
            panic!("a machine that follows takes watchers")
        };
        machine.handle(now, Input::Next { watcher, call: None })
    };
    let answer = read(&mut machine);
    let Answer::Next(NextPoll::Ready(Ok(batch))) = answer.clone() else { panic!("the first batch is there") };
    assert!(Arc::ptr_eq(batch.deltas()[0].value(), &value), "a value was copied");
    let Answer::Next(NextPoll::Ready(Ok(empty))) = read(&mut other) else { panic!("so is the clone's") };
    assert!(empty.deltas().is_empty(), "the clone took another step");
    let mut garbage = Garbage::new();
    other.swap_garbage(&mut garbage);
    assert!(!garbage.clone().is_empty(), "the removed value is handed out");
    drop((machine, other, garbage, answer, batch));
    let Input::Staged { reads, .. } = input else { unreachable!("it was made so") };
    assert_eq!((reads.len(), Arc::strong_count(&value)), (1, 2), "only the input and we still share it");
}

#[test]
#[should_panic(expected = "the outputs of the last mutation must be drained before the next")]
fn an_undrained_output_is_a_bug_of_the_driver() {
    let mut machine = StoreManager::<u32>::new(Config::default(), Epoch(1), Time::ZERO);
    machine.subscribed(Time::ZERO, Generation(1), Position(0), Identity(1));
}

#[test]
#[should_panic(expected = "time must not run backwards: it was 0.002s, then 0.001s")]
fn time_that_runs_backwards_is_a_bug_of_the_driver() {
    let mut machine = StoreManager::<u32>::new(Config::default(), Epoch(1), Time::from_millis(2));
    while machine.poll_output().is_some() {}
    machine.handle_timeout(Time::from_millis(1));
}

#[test]
fn a_reader_that_is_wrong_gets_an_error() {
    let mut machine = StoreManager::<u32>::new(Config::default(), Epoch(1), Time::ZERO);
    while machine.poll_output().is_some() {}
    let watcher = machine.watch(Time::ZERO, Filter::all_models()).expect("the machine lives");
    let NextPoll::Ready(Err(error)) = machine.next(Time::ZERO, watcher, Some(CallId(9))) else {
        panic!("a call that never was cannot wait")
    };
    assert_eq!(error.to_string(), "watcher w1 has no pending call c9");
}
