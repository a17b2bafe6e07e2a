//! restart-transparent: a reload is one more revno at most, and nothing of an old generation touches the store.

use multiwatcher::machine::{NextError, RestartPolicy, ResumeError, ResumePoint, Revno, WatchError, WatcherId};
use multiwatcher::testing::{
    Broken, CallSeen, ConnectionStage, Expected, Observation, Party, Promise, State, WatcherStage,
};

use super::{Census, Checker, Facts, Polled, Verdict, ensure, generation_of};

/// Looks at what messages of old generations and reloads change, and at what readers are told of a failure.
#[derive(Debug, Clone, Default)]
pub struct RestartTransparent {
    decided: u64,
    revno: Revno,
    store: State,
    /// What this operation must not do more than.
    limit: Option<Limit>,
    woken: bool,
    /// By reader, that a reload brought something for it, and it has had no batch since.
    brought: [bool; Party::READERS],
}

/// What may come of what was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// Nothing.
    Nothing,
    /// What a finished reload makes.
    Reload,
}

impl Checker for RestartTransparent {
    const PROMISE: Promise = Promise::RestartTransparent;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        *self = Self { decided: self.decided, ..Self::default() };
    }

    fn put(&mut self, facts: Facts<'_>, seen: &Observation) -> Verdict {
        let reference = facts.reference;
        let completing = matches!(reference.connection(), ConnectionStage::Completing { .. });
        self.limit = match generation_of(seen) {
            Some(generation) if generation != reference.generation() => Some(Limit::Nothing),
            Some(_) if completing && reference.is_loaded() && matches!(seen, Observation::Stepped { .. }) => {
                Some(Limit::Reload)
            }
            Some(_) | None => None,
        };
        self.decided += u64::from(self.limit.is_some());
        Ok(())
    }

    fn asked(&mut self, _: Facts<'_>, seen: &Observation) -> Verdict {
        ensure!(self.limit != Some(Limit::Nothing), "a message of an old generation led to {seen:?}");
        Ok(())
    }

    fn woken(&mut self, _: Facts<'_>, reader: u8, call: u32) -> Verdict {
        ensure!(
            self.limit != Some(Limit::Nothing),
            "a message of an old generation woke call {call} of reader {reader}"
        );
        self.woken = true;
        Ok(())
    }

    fn called(&mut self, facts: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, seen, expected, .. } = polled;
        let told = matches!(seen, CallSeen::Error(NextError::Ended(_)));
        let invisible = facts.regime.config.restart == RestartPolicy::Invisible && facts.reference.ended().is_none();
        ensure!(!(told && invisible), "reader {reader} was told of a failure of the backing: {seen:?}");
        let brought = &mut self.brought[usize::from(reader)];
        ensure!(
            !(*brought && expected == Expected::Batch && matches!(seen, CallSeen::Waits | CallSeen::Nothing)),
            "reader {reader} is not told what a reload brought, but got {seen:?}"
        );
        *brought &= !matches!(seen, CallSeen::Batch(_));
        Ok(())
    }

    fn opened(&mut self, _: Facts<'_>, reader: u8, _: Result<WatcherId, WatchError>) -> Verdict {
        self.brought[usize::from(reader)] = false;
        Ok(())
    }

    fn resumed(&mut self, _: Facts<'_>, reader: u8, _: ResumePoint, _: Result<WatcherId, ResumeError>) -> Verdict {
        self.brought[usize::from(reader)] = false;
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, owed: Option<&Broken>) -> Verdict {
        let (limit, woken) = (self.limit.take(), core::mem::take(&mut self.woken));
        let before = core::mem::replace(&mut self.revno, census.report.revno);
        let held = match census.store {
            Some(store) => core::mem::replace(&mut self.store, store),
            None => self.store,
        };
        let (now, differs) = (self.revno, held != self.store);
        // A step that does not complete the load leads to another failure, which readers may be told of.
        let completed = matches!(facts.reference.connection(), ConnectionStage::Following { .. });
        match limit {
            None => Ok(()),
            Some(Limit::Reload) if !completed => Ok(()),
            Some(Limit::Nothing) => {
                ensure!(
                    now == before && !differs,
                    "a message of an old generation brought the store from {before} to {now}"
                );
                Ok(())
            }
            Some(Limit::Reload) => {
                let steps = now.0 - before.0.min(now.0);
                ensure!(steps <= 1, "a reload brought the store from {before} to {now}");
                // A store that cannot be looked into is taken to differ as the reference model says.
                let differs = if census.store.is_some() { differs } else { facts.reference.latest() > before };
                ensure!((steps == 1) == differs, "a reload made {steps} revnos, and the store {}", changed(differs));
                ensure!(differs || !woken, "a reload that found no difference woke somebody");
                let untold = owed.filter(|owed| owed.promise == Promise::Convergence);
                ensure!(untold.is_none(), "a reload found a difference: {}", untold.map_or("", |owed| &owed.text));
                for (reader, brought) in (0..).zip(&mut self.brought) {
                    *brought |= differs && matches!(facts.watcher(reader).stage(), WatcherStage::Behind { .. });
                }
                Ok(())
            }
        }
    }
}

fn changed(differs: bool) -> &'static str {
    if differs { "differs" } else { "is the same" }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_step_of_an_old_generation_that_is_taken() {
        let mut story = Story::following("0=1");
        story.fail();
        story.reopen();
        story.commit("0=2");
        story.stale_step(|census| {
            census.report.revno = Revno(2);
        });
        assert_eq!(story.verdict(), Some(Promise::RestartTransparent));
    }

    #[test]
    fn can_fail_on_a_reload_without_difference_that_makes_a_revno() {
        let mut story = Story::following("0=1");
        story.fail();
        story.reopen();
        story.load_with(|census, _| census.report.revno = Revno(2));
        assert_eq!(story.verdict(), Some(Promise::RestartTransparent));
    }

    #[test]
    fn can_fail_on_a_reader_that_is_not_told_what_a_reload_brought() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.fail();
        story.reopen();
        story.commit("0=2");
        story.load();
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.verdict(), Some(Promise::RestartTransparent));
    }

    #[test]
    fn can_fail_on_a_reload_that_wakes_nobody() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.next(0);
        story.fail();
        story.reopen();
        story.commit("0=2");
        story.load_without_wakes();
        assert_eq!(story.verdict(), Some(Promise::RestartTransparent));
    }

    #[test]
    fn can_fail_on_a_reader_that_is_told_of_the_failure() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        let cause = story.fail();
        story.next_sees(0, CallSeen::Error(NextError::Ended(cause)));
        assert_eq!(story.verdict(), Some(Promise::RestartTransparent));
    }
}
