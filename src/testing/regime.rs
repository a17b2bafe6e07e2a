//! What a whole run is like: everything that is drawn once, before the first operation.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::choices::{Choices, Stream};
use super::party::Party;
use super::swarm::Families;
use super::universe::{Shape, Universe};
use crate::machine::{Backoff, Config, RestartPolicy};

/// The plan of a run. Together with a list of operations it is the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regime {
    /// How many ids.
    pub shape: Shape,
    /// How many values an entity can have; few, so that old ones come back.
    pub values: u8,
    /// How the machine is made.
    pub config: Config,
    /// How the backing tells of commits.
    pub telling: Telling,
    /// One for each reader, at most [`Party::READERS`].
    pub readers: Vec<Character>,
    /// How many of 256 watchers are opened with the filter that lets everything through.
    pub unfiltered: u16,
    /// What commits are like.
    pub commits: Commits,
    /// How often something goes wrong.
    pub faults: Faults,
    /// How often each party moves, when the schedule is drawn by weight.
    pub weights: Weights,
    /// How many operations each party may make.
    pub budgets: Budgets,
    /// What is left out of the run.
    #[serde(default)]
    pub off: Families,
    /// The machine ends before anything else happens.
    #[serde(default)]
    pub dead_start: bool,
}

/// How the backing tells of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Telling {
    /// Notices without values.
    Notices,
    /// Steps nobody asked for, and notices only for what those leave out.
    Steps,
}

/// What a reader is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Character {
    /// Always has a call pending, and polls it when woken.
    Eager,
    /// Lets some time pass after each batch.
    Slow,
    /// Reads a few times and never again.
    Sleeping,
    /// Drops its calls, mostly after their wake-up.
    Dropping,
    /// Has several calls in line, polls and drops any of them.
    Crowding,
    /// Stops and opens anew at every point.
    Stopping,
    /// Stops, and comes back with what it kept, or with something it should not have.
    Resuming,
    /// Never waits: tries, and asks for its progress.
    Trying,
}

impl Character {
    /// Every character.
    pub const ALL: [Self; 8] = [
        Self::Eager,
        Self::Slow,
        Self::Sleeping,
        Self::Dropping,
        Self::Crowding,
        Self::Stopping,
        Self::Resuming,
        Self::Trying,
    ];
}

/// What commits are like; chances are in 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commits {
    /// The most ids one touches.
    pub most: u8,
    /// A touched id is deleted.
    pub deletes: u16,
    /// A touched id keeps its value.
    pub same: u16,
    /// Positions are left out before it.
    pub skips: u16,
}

/// How often something goes wrong, in 256 of the moments at which it could; 0 switches it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Faults {
    /// A notice is repeated, or names what was not asked for.
    pub repeated_notice: u16,
    /// A step starts too late.
    pub gap: u16,
    /// A step starts before it need.
    pub overlap: u16,
    /// An answer leaves out an id it was asked about.
    pub unanswered: u16,
    /// An answer is read too early and ends before the position asked for.
    pub contradiction: u16,
    /// An answer under way arrives twice.
    pub doubled: u16,
    /// An answer under way never arrives.
    pub lost: u16,
    /// A call fails.
    pub failed_call: u16,
    /// A call fails whose kind failed the last time too; with 256 it fails as long as there are faults.
    #[serde(default)]
    pub failed_again: u16,
    /// A failing call fails for good, which ends the machine.
    pub for_good: u16,
    /// Time runs over the deadline of a call that could be answered.
    pub overdue: u16,

    /// Weight, among what the saboteur does, of killing the connection.
    pub die: u16,
    /// ... of a subscription that closes without an error.
    #[serde(default)]
    pub close: u16,
    /// ... of silence.
    pub silence: u16,
    /// ... of pruning the log.
    pub prune: u16,
    /// ... of going back.
    pub rewind: u16,
    /// ... of an id that cannot be read, once or until mended.
    pub ail: u16,
    /// ... of messages of older generations, and unasked ones.
    pub stale: u16,
    /// ... of a clock that jumps ahead.
    #[serde(default)]
    pub jump: u16,
    /// ... of a task polled though nobody woke it.
    #[serde(default)]
    pub spurious_turn: u16,
}

impl Faults {
    /// The weight of everything the saboteur does.
    pub fn sabotage(&self) -> u16 {
        let Self { die, close, silence, prune, rewind, ail, stale, jump, spurious_turn, .. } = self;
        die + close + silence + prune + rewind + ail + stale + jump + spurious_turn
    }
}

/// How often each party moves, relative to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Commits.
    pub writer: u16,
    /// The subscription.
    pub stream: u16,
    /// Answers.
    pub caller: u16,
    /// Time.
    pub clock: u16,
    /// Faults that nobody's move brings along.
    pub saboteur: u16,
    /// Kill.
    pub owner: u16,
    /// Each reader.
    pub reader: u16,
}

impl Weights {
    /// For each party by its number, with so many readers.
    pub fn by_party(&self, readers: usize) -> [u16; Party::COUNT] {
        let mut weights = [0; Party::COUNT];
        weights[..6].copy_from_slice(&[self.writer, self.stream, self.caller, self.clock, self.saboteur, self.owner]);
        weights[6..6 + readers].fill(self.reader);
        // Twice as often as a reader: it has several to serve.
        weights[Party::Worker.index()] = self.reader * 2;
        weights
    }
}

/// The most operations of a party in one run. A replay does not look at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    /// Commits.
    pub writer: u16,
    /// Faults that nobody's move brings along.
    pub saboteur: u16,
    /// Kill.
    pub owner: u16,
    /// Watchers a reader opens.
    pub opens: u16,
}

impl Regime {
    /// Draws one.
    pub fn draw(choices: &mut impl Choices) -> Self {
        let mut draw = |n: u32| choices.below(Stream::Regime, n);
        let shape = draw_shape(&mut draw);
        let values = pick(&mut draw, &[2, 2, 3, 5]);
        let config = draw_config(&mut draw);
        let telling = if draw(4) == 0 { Telling::Steps } else { Telling::Notices };
        let readers = draw_readers(&mut draw);
        let commits = Commits {
            most: pick(&mut draw, &[1, 2, 2, 3, 4]),
            deletes: pick(&mut draw, &[64, 96, 128]),
            same: pick(&mut draw, &[0, 16, 48]),
            skips: pick(&mut draw, &[0, 0, 64]),
        };
        let faults = draw_faults(&mut draw);
        let weights = Weights {
            writer: pick(&mut draw, &[2, 3, 4, 8]),
            stream: pick(&mut draw, &[8, 24, 48]),
            caller: pick(&mut draw, &[24, 48, 64]),
            clock: pick(&mut draw, &[1, 1, 1, 2]),
            saboteur: pick(&mut draw, &[1, 1, 2]),
            owner: 1,
            reader: pick(&mut draw, &[8, 16, 24]),
        };
        let budgets = Budgets {
            writer: pick(&mut draw, &[20, 60, 200]),
            saboteur: pick(&mut draw, &[0, 3, 8, 24]),
            owner: u16::from(draw(16) == 0),
            opens: pick(&mut draw, &[4, 8, 20]),
        };
        let unfiltered = pick(&mut draw, &[128, 192, 256]);
        let (off, dead_start) = (Families::draw(&mut draw), draw(64) == 0);
        let whole = Self {
            shape,
            values,
            config,
            telling,
            readers,
            unfiltered,
            commits,
            faults,
            weights,
            budgets,
            off: Families::NONE,
            dead_start,
        };
        whole.without(off)
    }

    /// A plain regime: one model, one kind, the defaults of a calm machine, these readers, no faults. For scenarios.
    pub fn calm(names: u8, readers: &[Character]) -> Self {
        Self {
            shape: Shape { models: 1, kinds: 1, names },
            values: 2,
            config: Config {
                heartbeat: Duration::from_hours(1),
                call_timeout: Duration::from_hours(1),
                ..Config::default()
            },
            telling: Telling::Notices,
            readers: readers.to_vec(),
            unfiltered: 256,
            commits: Commits { most: 1, deletes: 96, same: 0, skips: 0 },
            faults: Faults::default(),
            weights: Weights { writer: 8, stream: 12, caller: 20, clock: 4, saboteur: 1, owner: 1, reader: 8 },
            budgets: Budgets { writer: u16::MAX, saboteur: 0, owner: 0, opens: 6 },
            off: Families::NONE,
            dead_start: false,
        }
    }

    /// How many filters the universe of this shape has.
    pub fn filters(&self) -> u8 {
        Universe::new(self.shape).filters()
    }

    /// The parties of this run.
    pub fn parties(&self) -> impl Iterator<Item = Party> {
        (0..6 + self.readers.len()).map(Party::at).chain([Party::Worker])
    }
}

fn pick<T: Copy>(draw: &mut impl FnMut(u32) -> u32, from: &[T]) -> T {
    from[draw(u32::try_from(from.len()).expect("a handful")) as usize]
}

fn draw_shape(draw: &mut impl FnMut(u32) -> u32) -> Shape {
    let (models, kinds, names) = pick(
        draw,
        &[
            (1, 1, 1),
            (1, 1, 2),
            (1, 1, 4),
            (1, 2, 2),
            (2, 1, 2),
            (2, 2, 1),
            (2, 2, 2),
            (3, 1, 2),
            (2, 2, 3),
            (3, 2, 2),
            (4, 1, 3),
        ],
    );
    Shape { models, kinds, names }
}

fn draw_config(draw: &mut impl FnMut(u32) -> u32) -> Config {
    let ms = Duration::from_millis;
    Config {
        restart: if draw(6) == 0 { RestartPolicy::EndWatchers } else { RestartPolicy::Invisible },
        backoff: Backoff { min: ms(pick(draw, &[1, 2, 4])), max: ms(pick(draw, &[4, 8, 16])) },
        call_timeout: ms(pick(draw, &[5, 10, 20])),
        fetch_attempts: pick(draw, &[1, 2, 3, 3, 3]),
        load_timeout: ms(pick(draw, &[10, 20, 40])),
        heartbeat: ms(pick(draw, &[6, 10, 20])),
        lag_limit: pick(draw, &[None, None, None, Some(1), Some(2), Some(4)]),
        lag_age: pick(draw, &[None, None, None, None, Some(ms(5)), Some(ms(20))]),
        window: pick(draw, &[0, 0, 1, 2, 4, 8]),
        queue_limit: pick(draw, &[1, 3, 1000, 1000, 1000, 1000, 1000, 1000]),
    }
}

fn draw_readers(draw: &mut impl FnMut(u32) -> u32) -> Vec<Character> {
    let count = pick(draw, &[1, 3, 4, 5, 6, 6, 6]);
    let uniform = draw(8) == 0;
    let first = pick(draw, &Character::ALL);
    (0..count).map(|_| if uniform { first } else { pick(draw, &Character::ALL) }).collect()
}

/// Rates with everything on, each family at its own scale; the swarm leaves families out.
fn draw_faults(draw: &mut impl FnMut(u32) -> u32) -> Faults {
    let for_good = if draw(24) == 0 { 32 } else { 0 };
    let failed_again = pick(draw, &[64, 192, 240, 256]);
    let mut rate = |base: u16| base * pick(draw, &[1, 1, 1, 1, 1, 3]);
    Faults {
        repeated_notice: rate(40),
        gap: rate(12),
        overlap: rate(24),
        unanswered: rate(10),
        contradiction: rate(2),
        doubled: rate(24),
        lost: rate(6),
        failed_call: rate(4),
        failed_again,
        for_good,
        overdue: rate(20),
        die: rate(4),
        close: rate(2),
        silence: rate(3),
        prune: rate(6),
        rewind: rate(3),
        ail: rate(12),
        stale: rate(12),
        jump: rate(2),
        spurious_turn: rate(6),
    }
}
