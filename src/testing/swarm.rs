//! Swarm testing: of every seed only a random part of what could happen does happen, so that one thing does not always drown another
//! (Groce, Zhang, Eide, Chen, Regehr: "Swarm Testing", ISSTA 2012).
//!
//! What can be left out is a [`Family`]. What each of them does is told where it is drawn: in the deciders of faults, in the
//! habits of readers, in the regime.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::regime::{Character, Faults, Regime, Telling};
use crate::machine::{Config, RestartPolicy};

macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Something that can be left out of a run.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family {
            $($(#[$doc])* $variant,)+
        }

        impl Family {
            /// Every one: faults, then what readers do, then what the run is like.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name, on the command line and in a decision file.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

families! {
    /// Notices repeated, and of what was not owed.
    RepeatedNotices = "repeated-notices",
    /// Steps that start too late.
    Gaps = "gaps",
    /// Steps that start before they need.
    Overlaps = "overlaps",
    /// Answers that leave an id out.
    Unanswered = "unanswered",
    /// Answers that end before the position asked for.
    Contradictions = "contradictions",
    /// Answers that arrive twice.
    Doubled = "doubled",
    /// Answers that never arrive.
    Losses = "losses",
    /// Calls that fail.
    FailedCalls = "failed-calls",
    /// Calls that fail several times in a row, or for as long as the faults last.
    FailedAgain = "failed-again",
    /// Calls that fail for good, which ends the machine.
    FailedForGood = "failed-for-good",
    /// Calls whose time-out passes though they could be answered.
    Overdue = "overdue",
    /// Connections that die.
    Deaths = "deaths",
    /// Subscriptions that close without an error.
    Closes = "closes",
    /// Silence without an error.
    Silence = "silence",
    /// Logs that are pruned.
    Pruning = "pruning",
    /// Backings that go back.
    Rewinds = "rewinds",
    /// Ids that cannot be read.
    Unreadable = "unreadable",
    /// Messages of older generations, and those that answer nothing.
    Stale = "stale",
    /// Clocks that jump ahead by hours.
    Jumps = "jumps",
    /// Tasks that are polled though nobody woke them.
    SpuriousTurns = "spurious-turns",
    /// Kills, and tasks that are dropped.
    Kills = "kills",
    /// Machines that end before anything else happens.
    DeadStarts = "dead-starts",

    /// Readers that let time pass after each batch.
    Slow = "slow",
    /// Readers that stop reading.
    Sleeping = "sleeping",
    /// Calls that are dropped.
    Drops = "drops",
    /// Several calls in line.
    Crowds = "crowds",
    /// Watchers that are stopped while they could go on.
    Stops = "stops",
    /// Readers that come back with what they kept.
    Resumes = "resumes",
    /// Batches asked for without waiting.
    Tries = "tries",
    /// Questions for progress.
    Progress = "progress",
    /// Calls polled once more when they are over.
    LatePolls = "late-polls",
    /// Calls polled though nobody woke them.
    SpuriousPolls = "spurious-polls",

    /// Entities that are deleted.
    Deletes = "deletes",
    /// Commits that leave a value as it was.
    SameValues = "same-values",
    /// Positions that are left out.
    SkippedPositions = "skipped-positions",
    /// Backings that hand over steps unasked.
    Steps = "steps",
    /// Watchers that do not see everything.
    Filters = "filters",
    /// Restarts that end the watchers.
    EndingRestarts = "ending-restarts",
    /// Watchers that are ended for their lag.
    LagLimits = "lag-limits",
    /// Tombstones that are kept.
    Windows = "windows",
    /// Queues of notices with a low limit.
    FullQueues = "full-queues",
}

impl Family {
    /// The family of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|family| family.name() == name)
    }
}

/// A set of families.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct Families(u64);

impl Families {
    /// None.
    pub const NONE: Self = Self(0);

    /// Draws the families that a seed leaves out; `draw` gives numbers below its argument. One seed of eight leaves out
    /// nothing, half of the others a quarter of the families, the rest half of them.
    pub fn draw(draw: &mut impl FnMut(u32) -> u32) -> Self {
        let coin = |draw: &mut dyn FnMut(u32) -> u32| (0..4).fold(0, |bits, _| bits << 16 | u64::from(draw(1 << 16)));
        let (half, other) = (coin(draw), coin(draw));
        let all = (1 << Family::ALL.len()) - 1;
        Self(match draw(8) {
            0 => 0,
            1..=4 => half & other & all,
            _ => half & all,
        })
    }

    /// Whether this one is in it.
    #[inline]
    pub fn has(self, family: Family) -> bool {
        self.0 >> family as u32 & 1 == 1
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// With this one.
    #[must_use]
    pub fn with(self, family: Family) -> Self {
        Self(self.0 | 1 << family as u32)
    }

    /// With all of another set.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL.iter().copied().filter(move |family| self.has(*family))
    }
}

impl FromIterator<Family> for Families {
    fn from_iter<I: IntoIterator<Item = Family>>(families: I) -> Self {
        families.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, family) in self.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "," })?;
            f.write_str(family.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Families({self})")
    }
}

impl From<Families> for Vec<String> {
    fn from(families: Families) -> Self {
        families.iter().map(|family| family.name().to_owned()).collect()
    }
}

impl TryFrom<Vec<String>> for Families {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let family = |name: &String| {
            let all: Families = Family::ALL.iter().copied().collect();
            Family::named(name).ok_or_else(|| format!("there is no family {name:?}; expected any of {all}"))
        };
        names.iter().map(family).collect()
    }
}

impl Regime {
    /// The same without these families: nothing of them happens in a run of it.
    #[must_use]
    pub fn without(mut self, off: Families) -> Self {
        self.off = self.off.and(off);
        let off = self.off;
        if off.is_empty() {
            return self;
        }
        self.faults.leave_out(off);
        self.readers.iter_mut().for_each(|reader| *reader = reader.without(off));
        let zero = |value: &mut u16, family: Family| {
            if off.has(family) {
                *value = 0;
            }
        };
        zero(&mut self.commits.deletes, Family::Deletes);
        zero(&mut self.commits.same, Family::SameValues);
        zero(&mut self.commits.skips, Family::SkippedPositions);
        zero(&mut self.budgets.owner, Family::Kills);
        self.dead_start &= !off.has(Family::DeadStarts);
        if off.has(Family::Steps) {
            self.telling = Telling::Notices;
        }
        if off.has(Family::Filters) {
            self.unfiltered = 256;
        }
        calm(&mut self.config, off);
        self
    }
}

fn calm(config: &mut Config, off: Families) {
    if off.has(Family::EndingRestarts) {
        config.restart = RestartPolicy::Invisible;
    }
    if off.has(Family::LagLimits) {
        (config.lag_limit, config.lag_age) = (None, None);
    }
    if off.has(Family::Windows) {
        config.window = 0;
    }
    if off.has(Family::FullQueues) {
        config.queue_limit = Config::default().queue_limit;
    }
}

impl Faults {
    /// The rate of each family of faults that has one.
    fn rates(&mut self) -> [(Family, &mut u16); 20] {
        [
            (Family::RepeatedNotices, &mut self.repeated_notice),
            (Family::Gaps, &mut self.gap),
            (Family::Overlaps, &mut self.overlap),
            (Family::Unanswered, &mut self.unanswered),
            (Family::Contradictions, &mut self.contradiction),
            (Family::Doubled, &mut self.doubled),
            (Family::Losses, &mut self.lost),
            (Family::FailedCalls, &mut self.failed_call),
            (Family::FailedAgain, &mut self.failed_again),
            (Family::FailedForGood, &mut self.for_good),
            (Family::Overdue, &mut self.overdue),
            (Family::Deaths, &mut self.die),
            (Family::Closes, &mut self.close),
            (Family::Silence, &mut self.silence),
            (Family::Pruning, &mut self.prune),
            (Family::Rewinds, &mut self.rewind),
            (Family::Unreadable, &mut self.ail),
            (Family::Stale, &mut self.stale),
            (Family::Jumps, &mut self.jump),
            (Family::SpuriousTurns, &mut self.spurious_turn),
        ]
    }

    fn leave_out(&mut self, off: Families) {
        for (family, rate) in self.rates() {
            if off.has(family) {
                *rate = 0;
            }
        }
    }
}

impl Character {
    /// What such a reader is like when some of what it does is left out.
    fn without(self, off: Families) -> Self {
        let left_out = match self {
            Self::Eager => false,
            Self::Slow => off.has(Family::Slow),
            Self::Sleeping => off.has(Family::Sleeping),
            Self::Dropping => off.has(Family::Drops),
            Self::Crowding => off.has(Family::Crowds),
            Self::Stopping => off.has(Family::Stops),
            Self::Resuming => off.has(Family::Stops) || off.has(Family::Resumes),
            Self::Trying => off.has(Family::Tries),
        };
        if left_out { Self::Eager } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::choices::Word;
    use super::*;

    #[test]
    fn names_lead_back_to_their_families() {
        for family in Family::ALL {
            assert_eq!(Family::named(family.name()), Some(*family));
        }
        let some: Families = [Family::Jumps, Family::Drops].into_iter().collect();
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(text, r#"["jumps","drops"]"#);
        assert_eq!(serde_json::from_str::<Families>(&text).unwrap(), some);
        let error = serde_json::from_str::<Families>(r#"["drop"]"#).unwrap_err().to_string();
        assert!(error.starts_with(r#"there is no family "drop"; expected any of repeated-notices,gaps,"#), "{error}");
    }

    #[test]
    fn every_family_is_left_out_of_some_seeds_and_some_seeds_have_all() {
        let drawn: Vec<Regime> = (0..400).map(|seed| Regime::draw(&mut Word::new(seed))).collect();
        for family in Family::ALL {
            let out = drawn.iter().filter(|regime| regime.off.has(*family)).count();
            assert!((60..200).contains(&out), "{} is left out of {out} seeds of 400", family.name());
        }
        let whole = drawn.iter().filter(|regime| regime.off.is_empty()).count();
        assert!((20..90).contains(&whole), "{whole} seeds of 400 are un-swarmed");
    }

    #[test]
    fn what_is_left_out_has_no_rate_and_the_rest_keeps_its() {
        for seed in 0..200 {
            let regime = Regime::draw(&mut Word::new(seed));
            let mut masked = regime.clone().without(Families::NONE.with(Family::Rewinds).with(Family::Filters));
            assert_eq!((masked.faults.rewind, masked.unfiltered), (0, 256));
            (masked.faults.rewind, masked.unfiltered, masked.off) =
                (regime.faults.rewind, regime.unfiltered, regime.off);
            assert_eq!(masked, regime);
        }
    }
}
