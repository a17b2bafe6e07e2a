//! What lies between the world and the worker, and what the readers wait with, as numbers for the fingerprint of the driver world.
//!
//! Numbers that only name something enter by order: generations by their distance from the newest, fetches and calls by rank,
//! positions by their distance from the machine's. The numbers of letters are left out: they say which one was taken, and those of one
//! line are taken in order.

use std::hash::{Hash, Hasher};

use multiwatcher::backing::{BackingError, Notice, Read, Reads, Step};
use multiwatcher::machine::{CallId, EntityId, Position};
use multiwatcher::testing::Val;

use super::failure;
use super::readers::Readers;
use super::subject::Inside;
use super::wires::{Fetch, Load, Session, State};

/// What is printed, seen from where the machine stands.
struct Print<'a, H> {
    at: Position,
    into: &'a mut H,
}

impl State {
    /// Everything open, with what was posted to it. `at` is where the machine stands.
    pub(super) fn print(&self, at: Position, into: &mut impl Hasher) {
        let mut print = Print { at, into };
        let newest = self.newest_generation();
        let age = |generation: u64| newest.0.wrapping_sub(generation);
        self.session.as_ref().map(|session| age(session.generation.0)).hash(print.into);
        self.session.iter().for_each(|session| print.session(session));
        self.load.as_ref().map(|load| age(load.generation.0)).hash(print.into);
        self.load.iter().for_each(|load| print.load(load));
        for fetch in &self.fetches {
            (age(fetch.generation.0), self.fetches.iter().filter(|other| other.name < fetch.name).count())
                .hash(print.into);
            print.fetch(fetch);
        }
        // In which order calls were woken does not matter.
        let mut awake: Vec<CallId> = self.awake.clone();
        awake.sort_unstable();
        awake.len().hash(print.into);
    }
}

impl<M: Inside> Readers<M> {
    /// The pending calls by age: whether each is awake, whether it has a waker with the driver, whether that is the one of its newest poll,
    /// and whether the next poll will bring another.
    pub(super) fn print(&self, has_waker: impl Fn(CallId) -> bool, into: &mut impl Hasher) {
        let state = self.wires.lock();
        for pending in &self.calls {
            let held = (has_waker(pending.call), pending.is_held());
            (state.awake.contains(&pending.call), held, pending.polls % 2).hash(into);
        }
        self.calls.len().hash(into);
    }
}

impl<H: Hasher> Print<'_, H> {
    fn session(&mut self, session: &Session) {
        (session.answered, session.failing, session.waker.is_some(), session.notices.len()).hash(self.into);
        match &session.answer {
            None => 0u8.hash(self.into),
            Some((_, Ok((position, backing)))) => (1u8, self.from(*position), backing).hash(self.into),
            Some((_, Err(error))) => self.error(error),
        }
        for (_, notice) in &session.notices {
            match notice {
                Some(Ok(Notice::Changed(ids))) => (1u8, ids).hash(self.into),
                Some(Ok(Notice::Mark(position))) => (2u8, self.from(*position)).hash(self.into),
                Some(Ok(Notice::Step(step))) => self.step(step),
                Some(Err(error)) => self.error(error),
                // It closes.
                None => 5u8.hash(self.into),
            }
        }
    }

    fn load(&mut self, load: &Load) {
        (load.ending, load.waker.is_some(), load.parts.len()).hash(self.into);
        for (_, part) in &load.parts {
            match part {
                Ok(Some(reads)) => self.reads(reads),
                Ok(None) => 0u8.hash(self.into),
                Err(error) => self.error(error),
            }
        }
    }

    fn fetch(&mut self, fetch: &Fetch) {
        fetch.waker.is_some().hash(self.into);
        match &fetch.answer {
            None => 0u8.hash(self.into),
            Some((_, Ok(step))) => self.step(step),
            Some((_, Err(error))) => self.error(error),
        }
    }

    fn step(&mut self, step: &Step<Val>) {
        (1u8, self.from(step.from), self.from(step.to)).hash(self.into);
        self.reads(&step.entities);
    }

    fn reads(&mut self, reads: &Reads<Val>) {
        reads.len().hash(self.into);
        reads.iter().for_each(|(id, read)| self.read(id, read));
    }

    fn read(&mut self, id: &EntityId, read: &Read<Val>) {
        id.hash(self.into);
        match read {
            Read::Value(value) => (1u8, **value).hash(self.into),
            Read::Absent => 2u8.hash(self.into),
            Read::Error(error) => (3u8, failure::told(error)).hash(self.into),
        }
    }

    fn error(&mut self, error: &BackingError) {
        (4u8, error.kind(), failure::told(error.error())).hash(self.into);
    }

    fn from(&self, position: Position) -> i128 {
        i128::from(position.0) - i128::from(self.at.0)
    }
}
