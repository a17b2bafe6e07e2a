//! Letters: what the backing says, put where the worker will find it.

use std::task::Waker;

use multiwatcher::backing::{Notice, Read, Reads, Step};
use multiwatcher::machine::{self, BackingCall, Cause, EntityId, FetchId, Generation, Input};
use multiwatcher::testing::Val;

use super::failure;
use super::wires::{self, Wires};

/// Posts what the backing says to whoever listens; wakes the worker if it waits for it.
pub(super) fn post(wires: &Wires, letter: u32, input: Input<Val>) -> bool {
    let mut state = wires.lock();
    let state = &mut *state;
    let waker = match input {
        Input::Subscribed { generation, position, backing } => {
            let session = state.session.as_mut().filter(|session| session.generation == generation);
            let Some(session) = session.filter(|session| !session.answered && session.answer.is_none()) else {
                return false;
            };
            session.answer = Some((letter, Ok((position, backing))));
            &mut session.waker
        }
        Input::Staged { generation, reads } => {
            let Some(load) = open_load(state, generation) else { return false };
            load.parts.push_back((letter, Ok(Some(with_errors(reads)))));
            &mut load.waker
        }
        Input::LoadDone { generation } => {
            let Some(load) = open_load(state, generation) else { return false };
            load.ending = true;
            load.parts.push_back((letter, Ok(None)));
            &mut load.waker
        }
        Input::Notice { generation, ids } => {
            return notice(state, generation, letter, Notice::Changed(ids));
        }
        Input::Mark { generation, position } => return notice(state, generation, letter, Notice::Mark(position)),
        Input::Step { generation, step } => {
            return notice(state, generation, letter, Notice::Step(step_with_errors(step)));
        }
        Input::Fetched { generation, fetch, step } => {
            let Some(open) = open_fetch(state, generation, fetch) else { return false };
            open.answer = Some((letter, Ok(step_with_errors(step))));
            &mut open.waker
        }
        Input::Failed { generation, call, cause } => return fail(state, generation, letter, call, cause),
        Input::Watch { .. }
        | Input::Resume { .. }
        | Input::Next { .. }
        | Input::TryNext { .. }
        | Input::DropCall { .. }
        | Input::Progress { .. }
        | Input::Stop { .. }
        | Input::Timeout
        | Input::Kill { .. } => unreachable!("what a reader or an owner does is not posted"),
    };
    wake(waker)
}

fn wake(waker: &mut Option<Waker>) -> bool {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
    true
}

fn open_load(state: &mut wires::State, generation: Generation) -> Option<&mut wires::Load> {
    state.load.as_mut().filter(|load| load.generation == generation && !load.ending)
}

fn open_fetch(state: &mut wires::State, generation: Generation, fetch: FetchId) -> Option<&mut wires::Fetch> {
    let mut open = state.fetches.iter_mut();
    open.find(|open| open.name == fetch && open.generation == generation && open.answer.is_none())
}

fn notice(state: &mut wires::State, generation: Generation, letter: u32, notice: Notice<Val>) -> bool {
    let session = state.session.as_mut().filter(|session| session.generation == generation && !session.failing);
    let Some(session) = session.filter(|session| session.answered || matches!(session.answer, Some((_, Ok(_))))) else {
        return false;
    };
    session.notices.push_back((letter, Some(Ok(notice))));
    wake(&mut session.waker)
}

fn fail(state: &mut wires::State, generation: Generation, letter: u32, call: BackingCall, cause: Cause) -> bool {
    let error = failure::backing_error(cause);
    match call {
        BackingCall::Subscription => {
            let session = state.session.as_mut().filter(|session| session.generation == generation);
            let Some(session) = session.filter(|session| !session.failing) else { return false };
            session.failing = true;
            if session.answered || session.answer.is_some() {
                // A failure that nobody has told of is a stream that ends.
                let told = (cause.id != 0).then_some(Err(error));
                session.notices.push_back((letter, told));
            } else {
                session.answer = Some((letter, Err(error)));
            }
            wake(&mut session.waker)
        }
        BackingCall::Load => {
            let Some(load) = open_load(state, generation) else { return false };
            load.ending = true;
            load.parts.push_back((letter, Err(error)));
            wake(&mut load.waker)
        }
        BackingCall::Fetch(fetch) => {
            let Some(open) = open_fetch(state, generation, fetch) else { return false };
            open.answer = Some((letter, Err(error)));
            wake(&mut open.waker)
        }
    }
}

fn step_with_errors(step: machine::Step<Val>) -> Step<Val> {
    let machine::Step { from, to, entities } = step;
    Step { from, to, entities: with_errors(entities) }
}

fn with_errors(reads: Vec<(EntityId, machine::Read<Val>)>) -> Reads<Val> {
    let with_error = |(id, read)| {
        let read = match read {
            machine::Read::Value(value) => Read::Value(value),
            machine::Read::Absent => Read::Absent,
            machine::Read::Error(cause) => Read::Error(failure::entity_error(cause)),
        };
        (id, read)
    };
    reads.into_iter().map(with_error).collect()
}
