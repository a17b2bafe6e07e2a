//! A store manager with a bug in it: `stop` leaves the watcher in the registry (Z7 of the bug zoo). It shows that a broken
//! promise is found and what that looks like; a campaign that does not find this one finds nothing.

use multiwatcher::machine::{Answer, Config, Epoch, Input, Output, Report, StoreManager, Time, Timeout};
use multiwatcher::testing::{Fresh, State, Subject, Universe, Val};

/// Wraps the machine and never lets a stop through.
#[derive(Debug)]
pub struct Canary {
    machine: StoreManager<Val>,
}

impl Fresh for Canary {
    fn fresh(config: Config, epoch: Epoch, now: Time) -> Self {
        Self { machine: StoreManager::fresh(config, epoch, now) }
    }
}

impl Subject for Canary {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        if let Input::Stop { .. } = input {
            return Answer::Done;
        }
        Subject::handle(&mut self.machine, now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        Subject::poll_output(&mut self.machine)
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        Subject::poll_timeout(&self.machine)
    }

    fn report(&self) -> Report {
        Subject::report(&self.machine)
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        Subject::store(&self.machine, universe)
    }

    fn check(&self) -> Result<(), String> {
        Subject::check(&self.machine)
    }

    fn fingerprint(&self, now: Time) -> Option<u128> {
        Subject::fingerprint(&self.machine, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Runner;
    use crate::tally::Tally;

    #[test]
    fn it_is_found_within_a_few_seeds() {
        let mut runner = Runner::<Canary>::new();
        let found = (0..20).find_map(|seed| runner.run(seed, &mut Tally::default()).err());
        assert_eq!(found.map(|failure| failure.broken.name()), Some("stop-quiescent"));
    }
}
