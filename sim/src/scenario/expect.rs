//! What a scenario expects to be counted, and what was.

use core::fmt;

use serde::Deserialize;

use super::sights::Sight;
use crate::exercised::Kind;
use crate::fault::Fault;
use crate::tally::Tally;

/// Something that is counted over the runs of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Counted {
    /// Its place among the names.
    place: usize,
}

/// How often it must be counted, and how often it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What.
    pub counted: Counted,
    /// At least so often in 100 runs.
    pub least: u64,
    /// So often it was, in all runs.
    pub found: u64,
    /// How many runs that were.
    pub runs: u64,
}

const RESTARTS: &str = "restarts";
const QUARANTINES: &str = "quarantines";
const ENDS: &str = "machines ended";
const BATCHES: &str = "batches";

impl Counted {
    fn names() -> impl Iterator<Item = &'static str> {
        let sights = Sight::ALL.iter().map(|sight| sight.name());
        let kinds = Kind::ALL.iter().map(|kind| kind.name());
        let faults = Fault::ALL.iter().map(|fault| fault.name());
        sights.chain([RESTARTS, QUARANTINES, ENDS, BATCHES]).chain(kinds).chain(faults)
    }

    /// Its name, as a file writes it.
    pub fn name(&self) -> &'static str {
        Self::names().nth(self.place).expect("places are found among the names")
    }

    fn count(&self, tally: &Tally) -> u64 {
        let name = self.name();
        let sight = Sight::ALL.iter().find(|sight| sight.name() == name).map(|sight| tally.sights[*sight as usize]);
        let kind = || Kind::ALL.iter().find(|kind| kind.name() == name).map(|kind| tally.operations[*kind as usize]);
        let fault = || Fault::ALL.iter().find(|fault| fault.name() == name).map(|fault| tally.faults[*fault as usize]);
        match name {
            RESTARTS => tally.restarts,
            QUARANTINES => tally.quarantines,
            ENDS => tally.ends,
            BATCHES => tally.batches,
            _ => sight.or_else(kind).or_else(fault).unwrap_or(0),
        }
    }
}

impl TryFrom<String> for Counted {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let place = Self::names().position(|name| name == text);
        place.map(|place| Self { place }).ok_or_else(|| {
            let sights: Vec<_> = Sight::ALL.iter().map(|sight| sight.name()).collect();
            format!(
                "expected something that a summary counts, such as batches, restarts, stop or log pruned, or one of {}; \
                 got {text:?}",
                sights.join(", ")
            )
        })
    }
}

impl Expected {
    pub(super) fn new(counted: &Counted, least: u64, tally: &Tally) -> Self {
        Self { counted: counted.clone(), least, found: counted.count(tally), runs: tally.schedules }
    }

    /// Whether the situation occurred often enough. Of few runs nothing is asked: chance may have its way.
    pub fn is_met(&self) -> bool {
        /// From so many on something is.
        const ENOUGH_RUNS: u64 = 100;
        self.runs < ENOUGH_RUNS || self.found * 100 >= self.least * self.runs
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
