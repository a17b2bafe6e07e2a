//! Wrong store managers, for the broken twins: the real one, with something bent on its way in or out.

use core::marker::PhantomData;
use std::collections::VecDeque;

use super::common::store;
use crate::driver::machine::Machine;
use crate::machine::{
    Answer, CallId, Cause, EntityId, Garbage, Input, NextPoll, Output, Report, StoreManager, Time, Timeout,
};

/// What is bent.
pub(super) trait Bend: Default + Send + 'static {
    /// Stands for the machine's own `handle`.
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        machine.handle(now, input)
    }

    /// What becomes of an output.
    fn output(&mut self, output: Output) -> Vec<Output> {
        vec![output]
    }

    /// What becomes of a report.
    fn report(&self, report: Report) -> Report {
        report
    }
}

/// The machine that is bent so.
pub(super) struct Bent<B> {
    machine: StoreManager<u8>,
    bend: B,
    outputs: VecDeque<Output>,
}

/// A loaded store, bent.
pub(super) fn bent<B: Bend>() -> Bent<B> {
    Bent { machine: store(), bend: B::default(), outputs: VecDeque::new() }
}

impl<B: Bend> Machine<u8> for Bent<B> {
    fn handle(&mut self, now: Time, input: Input<u8>) -> Answer<u8> {
        self.bend.handle(&mut self.machine, now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        while let Some(output) = self.machine.poll_output() {
            self.outputs.extend(self.bend.output(output));
        }
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.machine.poll_timeout()
    }

    fn swap_garbage(&mut self, empty: &mut Garbage<u8>) {
        self.machine.swap_garbage(empty);
    }

    fn report(&self) -> Report {
        self.bend.report(self.machine.report())
    }

    fn quarantined(&self) -> Vec<(EntityId, Cause)> {
        self.machine.quarantined().map(|(id, cause)| (id.clone(), cause)).collect()
    }

    fn causes(&self) -> Vec<Cause> {
        self.machine.causes().collect()
    }
}

/// What a machine can be asked.
#[derive(PartialEq, Eq)]
pub(super) enum Asked {
    Step,
    Drop,
    Stop,
    Kill,
    Other,
}

impl Asked {
    fn of(input: &Input<u8>) -> Self {
        match input {
            Input::Step { .. } => Self::Step,
            Input::DropCall { .. } => Self::Drop,
            Input::Stop { .. } => Self::Stop,
            Input::Kill { .. } => Self::Kill,
            Input::Watch { .. }
            | Input::Resume { .. }
            | Input::Next { .. }
            | Input::TryNext { .. }
            | Input::Progress { .. }
            | Input::Subscribed { .. }
            | Input::Staged { .. }
            | Input::LoadDone { .. }
            | Input::Notice { .. }
            | Input::Mark { .. }
            | Input::Fetched { .. }
            | Input::Failed { .. }
            | Input::Timeout => Self::Other,
        }
    }
}

/// One of the inputs, as a type.
pub(super) trait Which: Default + Send + 'static {
    const ASKED: Asked;
}

macro_rules! which {
    ($($name:ident),*) => {$(
        #[derive(Default)]
        pub(super) struct $name;

        impl Which for $name {
            const ASKED: Asked = Asked::$name;
        }
    )*};
}

which!(Step, Drop, Stop, Kill);

/// Wakes nobody because of this input.
#[derive(Default)]
pub(super) struct Mute<W> {
    mute: bool,
    which: PhantomData<W>,
}

impl<W: Which> Bend for Mute<W> {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        self.mute = Asked::of(&input) == W::ASKED;
        machine.handle(now, input)
    }

    fn output(&mut self, output: Output) -> Vec<Output> {
        if self.mute && matches!(output, Output::Wake { .. }) { vec![] } else { vec![output] }
    }
}

/// Only notes this input, and carries it out after the next poll of a call.
#[derive(Default)]
pub(super) struct Later<W> {
    noted: Option<Input<u8>>,
    which: PhantomData<W>,
}

impl<W: Which> Bend for Later<W> {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        if Asked::of(&input) == W::ASKED {
            self.noted = Some(input);
            return Answer::Done;
        }
        let is_poll = matches!(input, Input::Next { .. });
        let answer = machine.handle(now, input);
        if let Some(noted) = self.noted.take_if(|_| is_poll) {
            machine.handle(now, noted);
        }
        answer
    }
}

/// Wakes every call that waits, where one can take.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: Vec<CallId>,
}

impl Bend for Crowd {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        let answer = machine.handle(now, input);
        if let Answer::Next(NextPoll::Pending(call)) = &answer {
            self.waiting.push(*call);
        }
        answer
    }

    fn output(&mut self, output: Output) -> Vec<Output> {
        if matches!(output, Output::Wake { .. }) {
            self.waiting.drain(..).map(|call| Output::Wake { call }).collect()
        } else {
            vec![output]
        }
    }
}

/// Wakes one call at most, where several can take.
#[derive(Default)]
pub(super) struct FirstOnly {
    woke: bool,
}

impl Bend for FirstOnly {
    fn output(&mut self, output: Output) -> Vec<Output> {
        let is_wake = matches!(output, Output::Wake { .. });
        if is_wake && core::mem::replace(&mut self.woke, is_wake) { vec![] } else { vec![output] }
    }
}
