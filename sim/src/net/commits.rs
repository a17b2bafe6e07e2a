//! What a plan commits: values that are new or come back, entities and whole models that go, and now and then values that are longer than
//! a frame, or a crowd that comes, changes and goes in one commit.

use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use multiwatcher::machine::EntityId;

use super::draws::Draws;
use super::history::{MODELS, Mark, crowd, ids, model_entity};
use super::timing::CHAOS;

/// What a commit does to an entity.
pub type Change = (EntityId, Option<Mark>);

/// The model that a crowd is of.
const CROWDED: u32 = 0;

/// What is committed, by time.
pub(super) fn drawn(draws: Draws) -> Vec<(Duration, Vec<Change>)> {
    let mut commits = Commits { is_long: false, has_crowd: false, last: 0, used: BTreeMap::new(), draws };
    (commits.is_long, commits.has_crowd) = (commits.draws.chance(15), commits.draws.chance(10));
    let mut all = vec![(Duration::ZERO, commits.first())];
    let (count, bursts) = (commits.draws.within(5..40), commits.draws.chance(30));
    for time in times(&mut commits.draws, count, CHAOS) {
        for _ in 0..if bursts { commits.draws.within(1..4) } else { 1 } {
            all.push((time, commits.next()));
        }
    }
    // Every model is there in the end: clients of one that is not cannot log in.
    all.push((CHAOS, (0..MODELS).map(|number| commits.put(model_entity(number))).collect()));
    all
}

/// Times until then, in order.
pub(super) fn times(draws: &mut Draws, count: u32, until: Duration) -> Vec<Duration> {
    let until = u32::try_from(until.as_millis()).expect("plans are short");
    let mut times: Vec<_> = (0..count).map(|_| draws.millis(0..until)).collect();
    times.sort_unstable();
    times
}

struct Commits {
    draws: Draws,
    /// Some values are longer than a frame.
    is_long: bool,
    has_crowd: bool,
    /// The number of the latest mark.
    last: u32,
    /// The marks that an entity had.
    used: BTreeMap<EntityId, Vec<Mark>>,
}

impl Commits {
    /// What is there at first.
    fn first(&mut self) -> Vec<Change> {
        let mut first = Vec::new();
        for number in 0..MODELS {
            for (place, id) in ids(number).into_iter().enumerate() {
                if place == 0 || self.draws.chance(50) {
                    first.push(self.put(id));
                }
            }
        }
        if self.has_crowd {
            first.extend(crowd(CROWDED).into_iter().map(|id| self.put(id)));
        }
        first
    }

    fn next(&mut self) -> Vec<Change> {
        if self.draws.chance(4) {
            return self.model_goes();
        }
        if self.has_crowd && self.draws.chance(12) {
            let goes = self.draws.chance(30);
            return crowd(CROWDED).into_iter().map(|id| if goes { (id, None) } else { self.put(id) }).collect();
        }
        let mut changes = BTreeMap::new();
        for _ in 0..self.draws.within(1..4) {
            let number = self.draws.below(MODELS);
            let all = ids(number);
            // The entity of the model itself comes back now and then, and goes only with all others.
            let places: Vec<_> = (0..all.len()).collect();
            let place = self.draws.pick(&places);
            let id = all[place].clone();
            let (id, mark) = if place > 0 && self.draws.chance(30) { (id, None) } else { self.put(id) };
            changes.insert(id, mark);
        }
        changes.into_iter().collect()
    }

    fn model_goes(&mut self) -> Vec<Change> {
        let number = self.draws.below(MODELS);
        let beside = if self.has_crowd && number == CROWDED { crowd(number) } else { Vec::new() };
        ids(number).into_iter().chain(beside).map(|id| (id, None)).collect()
    }

    fn put(&mut self, id: EntityId) -> Change {
        let before = self.used.entry(id.clone()).or_default();
        // Now and then it comes back to a value that it had.
        if !before.is_empty() && self.draws.chance(25) {
            let places: Vec<_> = (0..before.len()).collect();
            let back = Rc::clone(&before[self.draws.pick(&places)]);
            return (id, Some(back));
        }
        self.last += 1;
        let is_long = self.is_long && self.draws.chance(15);
        let more = if is_long { "-".repeat(self.draws.within(6..60) as usize * 1024) } else { String::new() };
        let mark: Mark = format!("v{}{more}", self.last).into();
        before.push(Rc::clone(&mark));
        (id, Some(mark))
    }
}
