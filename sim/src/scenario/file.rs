//! What stands in a scenario file, as it is written, and the plan that a seed makes of it.

use core::time::Duration;
use std::collections::BTreeMap;

use multiwatcher::machine::{Backoff, Config};
use multiwatcher::testing::{Budgets, Choices, Commits, Faults, Promise, Regime, Shape, Stream, Weights};
use serde::Deserialize;

use super::expect::Counted;
use super::numbers::{Number, Span};
use super::words::{InWorld, Listened, Never, Reader, Restarts, Seeds, Tells};
use crate::exercised::Kinds;
use crate::plan::Plan;
use crate::schedulers::Portfolio;
use crate::seed::SeedRange;
use crate::worlds::World;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    seeds: Seeds,
    readers: Readers,
    expect: BTreeMap<Counted, u64>,
    worlds: Option<Vec<InWorld>>,
    steps: Option<Number<1, 5000>>,
    promises: Option<Vec<Listened>>,
    #[serde(default)]
    never: Vec<Never>,
    values: Option<Number<2, 14>>,
    unfiltered: Option<Number<0, 256>>,
    telling: Option<Tells>,
    #[serde(default)]
    ids: Ids,
    #[serde(default)]
    machine: Machine,
    #[serde(default)]
    commits: CommitSection,
    #[serde(default)]
    faults: FaultSection,
    #[serde(default)]
    weights: WeightSection,
    #[serde(default)]
    budgets: BudgetSection,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<Reader>")]
struct Readers(Vec<Reader>);

#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "WrittenIds")]
struct Ids(WrittenIds);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenIds {
    models: Option<Number<1, 4>>,
    kinds: Option<Number<1, 3>>,
    names: Option<Number<1, 16>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "WrittenMachine")]
struct Machine(WrittenMachine);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenMachine {
    restart: Option<Restarts>,
    backoff_min: Option<Span>,
    backoff_max: Option<Span>,
    call_timeout: Option<Span>,
    fetch_attempts: Option<Number<1, { u32::MAX }>>,
    load_timeout: Option<Span>,
    heartbeat: Option<Span>,
    lag_limit: Option<Number<0, { u32::MAX }>>,
    lag_age: Option<Span>,
    window: Option<Number<0, { u32::MAX }>>,
    queue_limit: Option<Number<1, { u32::MAX }>>,
}

macro_rules! section {
    ($name:ident of $of:ident: $($field:ident $least:literal to $most:literal),+) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        struct $name {
            $($field: Option<Number<$least, $most>>,)+
        }

        impl $name {
            fn draw(&self, to: &mut $of, choices: &mut impl Choices) {
                $(
                    if let Some(number) = &self.$field {
                        let drawn = number.draw(choices);
                        to.$field = drawn.try_into().unwrap_or_else(|_| unreachable!("{drawn} is in its bounds"));
                    }
                )+
            }
        }
    };
    ($name:ident of $of:ident, $least:tt to $most:tt: $($field:ident),+) => {
        section!($name of $of: $($field $least to $most),+);
    };
}

section!(CommitSection of Commits: most 1 to 16, deletes 0 to 256, same 0 to 256, skips 0 to 256);
section!(WeightSection of Weights, 0 to 1000: writer, stream, caller, clock, saboteur, owner, reader);
section!(BudgetSection of Budgets, 0 to 10_000: writer, saboteur, owner, opens);
section!(
    FaultSection of Faults, 0 to 256:
    repeated_notice, gap, overlap, unanswered, contradiction, doubled, lost, failed_call, failed_again, for_good, overdue,
    die, close, silence, prune, rewind, ail, stale, jump, spurious_turn
);

/// Unless a file says otherwise.
const HEARTBEAT: Duration = Duration::from_millis(10);
const BACKOFF: Backoff = Backoff { min: Duration::from_millis(2), max: Duration::from_millis(8) };
const BUDGETS: Budgets = Budgets { writer: 200, saboteur: 8, owner: 0, opens: 8 };
const STEPS: u32 = 100;
const NAMES: u32 = 4;

impl File {
    pub(super) fn seeds(&self) -> &SeedRange {
        &self.seeds.0
    }

    pub(super) fn worlds(&self) -> Vec<World> {
        let said = self.worlds.iter().flatten().map(|world| world.0).collect::<Vec<_>>();
        if said.is_empty() { World::chosen(None) } else { said }
    }

    pub(super) fn promises(&self) -> Option<Vec<Promise>> {
        Some(self.promises.as_ref()?.iter().map(|promise| promise.0).collect())
    }

    pub(super) fn expected(&self) -> impl Iterator<Item = (&Counted, u64)> {
        self.expect.iter().map(|(counted, least)| (counted, *least))
    }

    pub(super) fn draw(&self, choices: &mut impl Choices) -> Plan {
        let steps = self.steps.as_ref().map_or(STEPS, |steps| steps.draw(choices));
        let mut never = Kinds::NONE;
        self.never.iter().for_each(|kind| never.insert(kind.0));
        let (regime, scheduler) = (self.regime(choices), Portfolio::draw(choices));
        Plan { regime, scheduler, steps, kill_from: choices.below(Stream::Regime, steps), never }
    }

    fn regime(&self, choices: &mut impl Choices) -> Regime {
        let readers: Vec<_> = self.readers.0.iter().map(|reader| reader.0).collect();
        let mut regime = Regime::calm(1, &readers);
        regime.shape = self.ids.draw(choices);
        regime.config = self.machine.draw(choices);
        regime.budgets = BUDGETS;
        if let Some(values) = &self.values {
            regime.values = small(values.draw(choices));
        }
        if let Some(unfiltered) = &self.unfiltered {
            regime.unfiltered = rate(unfiltered.draw(choices));
        }
        if let Some(telling) = &self.telling {
            regime.telling = telling.0;
        }
        self.commits.draw(&mut regime.commits, choices);
        self.faults.draw(&mut regime.faults, choices);
        self.weights.draw(&mut regime.weights, choices);
        self.budgets.draw(&mut regime.budgets, choices);
        regime
    }
}

impl Ids {
    fn draw(&self, choices: &mut impl Choices) -> Shape {
        let WrittenIds { models, kinds, names } = &self.0;
        Shape {
            models: small(models.as_ref().map_or(1, |number| number.draw(choices))),
            kinds: small(kinds.as_ref().map_or(1, |number| number.draw(choices))),
            names: small(names.as_ref().map_or(NAMES, |number| number.draw(choices))),
        }
    }
}

impl Machine {
    fn draw(&self, choices: &mut impl Choices) -> Config {
        let it = &self.0;
        let calm = Config::default();
        let mut time = |span: &Option<Span>, or: Duration| span.as_ref().map_or(or, |span| span.draw(choices));
        let min = time(&it.backoff_min, BACKOFF.min);
        let backoff = Backoff { min, max: time(&it.backoff_max, BACKOFF.max).max(min) };
        let (call_timeout, load_timeout) = (time(&it.call_timeout, HEARTBEAT), time(&it.load_timeout, HEARTBEAT * 2));
        let heartbeat = time(&it.heartbeat, HEARTBEAT);
        Config {
            restart: it.restart.as_ref().map_or(calm.restart, |restart| restart.0),
            backoff,
            call_timeout,
            fetch_attempts: it.fetch_attempts.as_ref().map_or(calm.fetch_attempts, |number| number.draw(choices)),
            load_timeout,
            heartbeat,
            lag_limit: it.lag_limit.as_ref().map(|number| u64::from(number.draw(choices))),
            lag_age: it.lag_age.as_ref().map(|span| span.draw(choices)),
            window: it.window.as_ref().map_or(calm.window, |number| u64::from(number.draw(choices))),
            queue_limit: it.queue_limit.as_ref().map_or(calm.queue_limit, |number| number.draw(choices) as usize),
        }
    }
}

impl TryFrom<Vec<Reader>> for Readers {
    type Error = String;

    fn try_from(readers: Vec<Reader>) -> Result<Self, String> {
        let most = multiwatcher::testing::Party::READERS;
        match readers.len() {
            count if (1..=most).contains(&count) => Ok(Self(readers)),
            count => Err(format!("expected 1 to {most} readers, got {count}")),
        }
    }
}

impl TryFrom<WrittenIds> for Ids {
    type Error = String;

    fn try_from(written: WrittenIds) -> Result<Self, String> {
        let WrittenIds { models, kinds, names } = &written;
        let most = models.as_ref().map_or(1, Number::largest)
            * kinds.as_ref().map_or(1, Number::largest)
            * names.as_ref().map_or(NAMES, Number::largest);
        if most > u32::from(Shape::IDS) {
            return Err(format!("expected at most {} ids, models times kinds times names; got {most}", Shape::IDS));
        }
        Ok(Self(written))
    }
}

impl TryFrom<WrittenMachine> for Machine {
    type Error = String;

    /// A healing takes a wait longer than three heartbeats for quiet.
    fn try_from(written: WrittenMachine) -> Result<Self, String> {
        let longest = |span: &Option<Span>, or| span.as_ref().map_or(or, Span::longest);
        let heartbeat = written.heartbeat.as_ref().map_or(HEARTBEAT, Span::shortest);
        let wait = longest(&written.backoff_max, BACKOFF.max).max(longest(&written.backoff_min, BACKOFF.min));
        if wait >= heartbeat * 3 {
            return Err(format!("expected a back-off below three heartbeats of {heartbeat:?}, got {wait:?}"));
        }
        Ok(Self(written))
    }
}

/// A chance in 256.
fn rate(number: u32) -> u16 {
    u16::try_from(number).unwrap_or_else(|_| unreachable!("{number} is in its bounds"))
}

/// A number whose bound is below 256.
fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or_else(|_| unreachable!("{number} is in its bounds"))
}
