//! The machine inside the driver, watched: it notes when it is told that a deadline may have passed.

use multiwatcher::driver::Machine;
use multiwatcher::machine::{
    Answer, CallId, Cause, EntityId, Garbage, Input, NextPoll, Output, Report, Time, Timeout, WatcherId,
};
use multiwatcher::testing::{Subject, Val};

use super::subject::Inside;
use super::wires::{Event, Wires};

/// A machine that is watched.
#[derive(Debug)]
pub(super) struct Watched<M> {
    pub(super) machine: M,
    wires: Wires,
}

impl<M: Inside> Watched<M> {
    pub(super) fn new(machine: M, wires: Wires) -> Self {
        Self { machine, wires }
    }

    /// In one turn the machine may be told several things. What it holds after each is to be judged, so it is kept before the next one.
    fn settle(&mut self, is_letter: bool) {
        let mut state = self.wires.lock();
        state.told += 1;
        if state.told > 1 {
            let store = state.universe.as_ref().and_then(|universe| self.machine.store(universe));
            let settled = Event::Settled(Box::new((Subject::report(&self.machine), store)));
            // What is about to be told was taken already, if it is a letter; what came of taking it belongs to it.
            let end = state.log.len();
            let taken = state.log.iter().rposition(|event| matches!(event, Event::Took(_)));
            state.log.insert(if is_letter { taken.unwrap_or(end) } else { end }, settled);
        }
    }
}

impl<M: Inside> Machine<Val> for Watched<M> {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        match input {
            Input::Watch { .. }
            | Input::Resume { .. }
            | Input::Next { .. }
            | Input::TryNext { .. }
            | Input::DropCall { .. }
            | Input::Progress { .. }
            | Input::Stop { .. }
            | Input::Kill { .. } => {}
            Input::Timeout => {
                self.settle(false);
                self.wires.note(Event::TimedOut);
            }
            Input::Subscribed { .. }
            | Input::Staged { .. }
            | Input::LoadDone { .. }
            | Input::Notice { .. }
            | Input::Mark { .. }
            | Input::Step { .. }
            | Input::Fetched { .. }
            | Input::Failed { .. } => self.settle(true),
        }
        Machine::handle(&mut self.machine, now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = Machine::poll_output(&mut self.machine);
        if let Some(Output::Wake { call }) = output {
            let mut state = self.wires.lock();
            if state.awake.contains(&call) {
                // Its waker is spent, as it should be: whoever is awake need not be woken.
                state.log.push_back(Event::Woken(call));
            }
        }
        output
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        Machine::poll_timeout(&self.machine)
    }

    fn swap_garbage(&mut self, empty: &mut Garbage<Val>) {
        self.machine.swap_garbage(empty);
    }

    fn report(&self) -> Report {
        Machine::report(&self.machine)
    }

    fn quarantined(&self) -> Vec<(EntityId, Cause)> {
        Machine::quarantined(&self.machine)
    }

    fn causes(&self) -> Vec<Cause> {
        Machine::causes(&self.machine)
    }

    fn next(&mut self, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        Machine::next(&mut self.machine, now, watcher, call)
    }
}
