//! Uniform random over the parties that can move. The base line: it finds what needs many steps in no particular order,
//! and everything else is measured against it.

use multiwatcher::testing::{Choices, Party, Stream};

use super::{PartySet, Scheduler};

/// Everybody who can move moves equally often.
#[derive(Debug, Clone, Copy)]
pub struct Uniform;

impl Scheduler for Uniform {
    fn begin(&mut self, _: PartySet, _: u32, _: &mut impl Choices) {}

    #[inline]
    fn pick(&mut self, _: u32, enabled: PartySet, choices: &mut impl Choices) -> Party {
        enabled.nth(choices.below(Stream::Schedule, enabled.len()))
    }

    fn came_to_nothing(&mut self, _: Party) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn only_enabled_parties_are_picked_and_all_of_them_are() {
        let enabled: PartySet = [Party::Stream, Party::Owner, Party::Reader(5)].into_iter().collect();
        let mut random = Random::new(1);
        let picked: PartySet = (0..100).map(|step| Uniform.pick(step, enabled, &mut random)).collect();
        assert_eq!(picked, enabled);
    }
}
