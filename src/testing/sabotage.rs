//! Time, and what goes wrong on purpose.

use core::time::Duration;

use super::observation::Observation;
use super::state::IdSet;
use super::subject::Subject;
use super::universe::IdIx;
use super::world::World;
use crate::machine::{BackingCall, Cause, CauseClass, Input, Time};

impl<S: Subject> World<S> {
    pub(super) fn advance(&mut self, micros: u32) -> bool {
        self.move_to(self.stage.now.after(Duration::from_micros(u64::from(micros))))
    }

    pub(super) fn timeout(&mut self) -> bool {
        if !S::HAS_TASK {
            self.seen.push(Observation::TimedOut);
        }
        self.tell(Input::Timeout)
    }

    pub(super) fn run_out(&mut self, late: u32) -> bool {
        let Some(deadline) = self.stage.deadline else { return false };
        self.move_to(self.stage.now.max(deadline.at).after(Duration::from_micros(u64::from(late))));
        self.timeout()
    }

    fn move_to(&mut self, time: Time) -> bool {
        let moved = time > self.stage.now;
        if moved {
            self.stage.now = time;
            self.seen.push(Observation::Now(time));
        }
        moved
    }

    pub(super) fn die(&mut self) -> bool {
        match self.stage.backing.session {
            Some(session) => self.say_failed(session.generation, BackingCall::Subscription, CauseClass::Transient),
            None => false,
        }
    }

    /// The cause is the subject's own: nobody has told an error.
    pub(super) fn close(&mut self) -> bool {
        match self.stage.backing.session {
            Some(session) if session.said => {
                let cause = Cause::new(CauseClass::Transient, 0);
                self.say_failed_by(session.generation, BackingCall::Subscription, cause)
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn jump(&mut self, minutes: u16, told: bool) -> bool {
        self.move_to(self.stage.now.after(Duration::from_mins(u64::from(minutes)))) && (!told || self.timeout())
    }

    pub(super) fn silence(&mut self, silent: bool) -> bool {
        let backing = &mut self.stage.backing;
        let possible = backing.silent != silent && (backing.session.is_some() || !silent);
        if possible {
            backing.silent = silent;
        }
        possible
    }

    pub(super) fn rewind(&mut self, back: u8, told: bool) -> bool {
        let Some(entry) = self.stage.backing.rewind(back) else { return false };
        self.seen.push(Observation::Rewound { position: entry.position, state: entry.state });
        match self.stage.backing.session {
            Some(session) if told && session.rewound && !self.stage.backing.silent => {
                self.say_failed(session.generation, BackingCall::Subscription, CauseClass::Rewound)
            }
            Some(_) | None => true,
        }
    }

    pub(super) fn ail(&mut self, id: IdIx, once: bool) -> bool {
        let backing = &mut self.stage.backing;
        if !self.stage.universe.all().has(id) || backing.ailing.has(id) {
            return false;
        }
        backing.ailing.insert(id);
        backing.ailing_once =
            if once { backing.ailing_once.or(IdSet::one(id)) } else { backing.ailing_once.minus(IdSet::one(id)) };
        true
    }

    pub(super) fn mend(&mut self, id: IdIx) -> bool {
        let backing = &mut self.stage.backing;
        let possible = id.0 < 16 && backing.ailing.has(id);
        if possible {
            backing.ailing.remove(id);
        }
        possible
    }

    pub(super) fn kill(&mut self) -> bool {
        if self.stage.ended {
            return false;
        }
        self.stage.cause += 1;
        let cause = Cause::new(CauseClass::Killed, self.stage.cause);
        self.seen.push(Observation::Killed(cause));
        self.tell(Input::Kill { cause })
    }
}
