//! Uniform random over the parties that can move. The base line: it finds what needs many steps in no particular order,
//! and everything else is measured against it.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::{Moment, Scheduler};

/// Everybody who can move moves equally often.
#[derive(Debug, Clone, Copy)]
pub struct Uniform;

impl Scheduler for Uniform {
    fn begin(&mut self, _: &Regime, _: u32, _: &mut impl Choices) {}

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        moment.movable.nth(choices.below(Stream::Schedule, moment.movable.len()))
    }

    fn came_to_nothing(&mut self, _: Party) {}
}

#[cfg(test)]
mod tests {
    use super::super::PartySet;
    use super::*;
    use crate::random::Random;

    #[test]
    fn only_enabled_parties_are_picked_and_all_of_them_are() {
        let movable: PartySet = [Party::Stream, Party::Owner, Party::Reader(5)].into_iter().collect();
        let mut random = Random::new(1);
        let picked: PartySet =
            (0..100).map(|step| Uniform.pick(Moment { step, movable, waits_for_time: false }, &mut random)).collect();
        assert_eq!(picked, movable);
    }
}
