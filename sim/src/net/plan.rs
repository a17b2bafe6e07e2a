//! What a seed draws: the shape of the world, what is committed, what each client does, and what goes wrong.

use core::time::Duration;

use super::commits::{self, Change};
use super::draws::{Concern, Draws};
use super::faults::Fault;
use super::history::{MODELS, Scope, model};
use super::timing::{CHAOS, IDLE};

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How many segments a connection holds in one direction.
    pub segments: usize,
    /// Notices of the database carry no values.
    pub ids_only: bool,
    /// The machine ends a watcher that is so many revnos behind.
    pub lag_limit: Option<u64>,
    /// The clients.
    pub clients: Vec<Script>,
    /// Commits, by time.
    pub commits: Vec<(Duration, Vec<Change>)>,
    /// Faults, by time.
    pub faults: Vec<(Duration, Fault)>,
}

/// What a client may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everything.
    Superuser,
    /// Everything of each model.
    Administrator,
    /// Each model without its offers.
    Reader,
    /// Nothing.
    Guest,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Superuser, Self::Administrator, Self::Reader, Self::Guest];

    /// The name to log in with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Superuser => "admin",
            Self::Administrator => "boss",
            Self::Reader => "bob",
            Self::Guest => "eve",
        }
    }
}

/// What a client does until the plan ends.
#[derive(Debug, Clone)]
pub struct Script {
    /// Who it is.
    pub who: Who,
    /// The number of its model; none for all.
    pub model: Option<u32>,
    /// When it first connects.
    pub begins: Duration,
    /// One after the other; after the last one it only watches.
    pub episodes: Vec<Episode>,
    /// How it goes when all is over.
    pub parting: Parting,
}

/// One connection.
#[derive(Debug, Clone)]
pub struct Episode {
    /// Watchers.
    pub watchers: usize,
    /// What is done, and how long after what came before.
    pub acts: Vec<(Duration, Act)>,
    /// How it ends.
    pub ending: Ending,
}

/// Something that a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It stops a watcher, whose call may be waiting, and opens another.
    Stop(usize),
    /// It asks for signs of life and reads nothing for so long.
    Idle(Duration, u32),
    /// It asks for something that is not there.
    Nonsense(Nonsense),
}

/// A request that is answered with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonsense {
    /// What is next of a watcher that is not known.
    UnknownWatcher,
    /// A facade that is not there.
    UnknownFacade,
    /// A second stop.
    StopUnknown,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With a close frame.
    Close,
    /// It is dropped, whatever was not read.
    Drop,
    /// It stands, and the client neither reads nor writes for so long.
    Vanish(Duration),
    /// It is dropped in the middle of the handshake or login.
    Early(Duration),
    /// A guest asks for what only superusers may see, and drops it.
    Denied,
}

/// How a client goes for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// With a close frame.
    Close,
    /// Its connection is dropped.
    Drop,
    /// Its link is cut before, so that the server has to find out.
    Silent,
}

impl Plan {
    /// What this seed draws.
    pub fn new(seed: u64) -> Self {
        let mut shape = Draws::new(seed, Concern::Shape);
        let count = match shape.below(100) {
            0 => shape.within(30..51),
            1..=10 => shape.within(6..13),
            _ => shape.within(1..5),
        };
        let clients = (0..count).map(|number| Script::drawn(&mut Draws::new(seed, Concern::Client(number)))).collect();
        Self {
            seed,
            // As many connections wait to be accepted, and the network panics at one more: all clients may come at once, each with
            // what was held of its last tries.
            segments: shape.pick(&[1, 2, 4]) * (8 + 6 * count as usize),
            ids_only: shape.chance(40),
            lag_limit: shape.chance(25).then(|| u64::from(shape.within(2..8))),
            clients,
            commits: commits::drawn(Draws::new(seed, Concern::Commits)),
            faults: faults(&mut Draws::new(seed, Concern::Faults), count),
        }
    }
}

impl Script {
    fn drawn(draws: &mut Draws) -> Self {
        let model = (!draws.chance(35)).then(|| draws.below(MODELS));
        let who = if model.is_some() {
            draws.pick(&[Who::Superuser, Who::Administrator, Who::Reader])
        } else {
            Who::Superuser
        };
        let begins = draws.millis(0..120);
        let episodes = (0..draws.within(1..5)).map(|_| Episode::drawn(draws)).collect();
        let parting = match draws.below(8) {
            0..=3 => Parting::Close,
            4..=6 => Parting::Drop,
            _ => Parting::Silent,
        };
        Self { who, model, begins, episodes, parting }
    }

    /// What it is told of.
    pub fn scope(&self) -> Scope {
        Scope { model: self.model.map(model), has_offers: self.who != Who::Reader }
    }
}

impl Episode {
    fn drawn(draws: &mut Draws) -> Self {
        let watchers = if draws.chance(25) { 2 } else { 1 };
        let acts = (0..draws.below(4)).map(|_| (draws.millis(5..250), Act::drawn(draws))).collect();
        let ending = match draws.below(11) {
            0..=3 => Ending::Close,
            4 | 5 => Ending::Drop,
            6 | 7 => Ending::Early(draws.millis(0..60)),
            8 => Ending::Denied,
            _ => Ending::Vanish(draws.millis(100..700)),
        };
        Self { watchers, acts, ending }
    }
}

impl Act {
    fn drawn(draws: &mut Draws) -> Self {
        match draws.below(7) {
            0..=2 => Self::Stop(draws.below(2) as usize),
            3 | 4 => {
                let most = u32::try_from(IDLE.as_millis()).expect("the longest pause is short");
                // Some ask for more than a connection holds, so that the server cannot write.
                let pings = if draws.chance(30) { draws.within(30..100) } else { draws.below(10) };
                Self::Idle(draws.millis(20..most), pings)
            }
            _ => {
                Self::Nonsense(draws.pick(&[Nonsense::UnknownWatcher, Nonsense::UnknownFacade, Nonsense::StopUnknown]))
            }
        }
    }
}

fn faults(draws: &mut Draws, clients: u32) -> Vec<(Duration, Fault)> {
    let count = draws.below(7);
    let times = commits::times(draws, count, CHAOS.saturating_sub(Duration::from_millis(100)));
    times.into_iter().map(|time| (time, Fault::drawn(draws, clients))).collect()
}
