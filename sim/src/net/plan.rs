//! What a seed draws: the shape of the world, what is committed, what each client does, and what goes wrong.

use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use multiwatcher::machine::EntityId;

use super::draws::{Concern, Draws};
use super::faults::Fault;
use super::history::{MODELS, Mark, ids, model_entity};
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

/// What a commit does to an entity.
pub type Change = (EntityId, Option<Mark>);

/// What a client does until the plan ends.
#[derive(Debug, Clone)]
pub struct Script {
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
        let many = shape.chance(10);
        let count = if many { shape.within(6..13) } else { shape.within(1..5) };
        let clients = (0..count).map(|number| Script::drawn(&mut Draws::new(seed, Concern::Client(number)))).collect();
        Self {
            seed,
            // As many connections wait to be accepted, and the network panics at one more: all clients may come at once, each with
            // what was held of its last tries.
            segments: shape.pick(&[1, 2, 4]) * (8 + 6 * count as usize),
            ids_only: shape.chance(40),
            lag_limit: shape.chance(25).then(|| u64::from(shape.within(2..8))),
            clients,
            commits: commits(&mut Draws::new(seed, Concern::Commits)),
            faults: faults(&mut Draws::new(seed, Concern::Faults), count),
        }
    }
}

impl Script {
    fn drawn(draws: &mut Draws) -> Self {
        let model = (!draws.chance(35)).then(|| draws.below(MODELS));
        let begins = draws.millis(0..120);
        let episodes = (0..draws.within(1..5)).map(|_| Episode::drawn(draws)).collect();
        let parting = match draws.below(8) {
            0..=3 => Parting::Close,
            4..=6 => Parting::Drop,
            _ => Parting::Silent,
        };
        Self { model, begins, episodes, parting }
    }
}

impl Episode {
    fn drawn(draws: &mut Draws) -> Self {
        let watchers = if draws.chance(25) { 2 } else { 1 };
        let acts = (0..draws.below(4)).map(|_| (draws.millis(5..250), Act::drawn(draws))).collect();
        let ending = match draws.below(5) {
            0 | 1 => Ending::Close,
            2 => Ending::Drop,
            3 => Ending::Early(draws.millis(0..60)),
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

/// Times within the plan, in order.
fn times(draws: &mut Draws, count: u32, until: u32) -> Vec<Duration> {
    let mut times: Vec<_> = (0..count).map(|_| draws.millis(0..until)).collect();
    times.sort_unstable();
    times
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).expect("plans are short")
}

fn commits(draws: &mut Draws) -> Vec<(Duration, Vec<Change>)> {
    let (mut last, mut used) = (0, BTreeMap::<EntityId, Vec<Mark>>::new());
    let mut put = |draws: &mut Draws, id: EntityId| {
        let before = used.entry(id.clone()).or_default();
        // Now and then it comes back to a value that it had.
        if !before.is_empty() && draws.chance(25) {
            let places: Vec<_> = (0..before.len()).collect();
            let back = Rc::clone(&before[draws.pick(&places)]);
            return (id, Some(back));
        }
        last += 1;
        let mark: Mark = format!("v{last}").into();
        before.push(Rc::clone(&mark));
        (id, Some(mark))
    };
    // What is there at first.
    let mut first = Vec::new();
    for number in 0..MODELS {
        for (place, id) in ids(number).into_iter().enumerate() {
            if place == 0 || draws.chance(50) {
                first.push(put(draws, id));
            }
        }
    }
    let mut commits = vec![(Duration::ZERO, first)];
    let (count, bursts) = (draws.within(5..40), draws.chance(30));
    for time in times(draws, count, millis(CHAOS)) {
        for _ in 0..if bursts { draws.within(1..4) } else { 1 } {
            commits.push((time, changes(draws, &mut put)));
        }
    }
    // Every model is there in the end: clients of one that is not cannot log in.
    commits.push((CHAOS, (0..MODELS).map(|number| put(draws, model_entity(number))).collect()));
    commits
}

fn changes(draws: &mut Draws, put: &mut impl FnMut(&mut Draws, EntityId) -> Change) -> Vec<Change> {
    if draws.chance(4) {
        // A whole model goes.
        return ids(draws.below(MODELS)).into_iter().map(|id| (id, None)).collect();
    }
    let mut changes = BTreeMap::new();
    for _ in 0..draws.within(1..4) {
        let number = draws.below(MODELS);
        let all = ids(number);
        // The entity of the model itself comes back now and then, and goes only with all others.
        let places: Vec<_> = (0..all.len()).collect();
        let place = draws.pick(&places);
        let id = all[place].clone();
        let (id, mark) = if place > 0 && draws.chance(30) { (id, None) } else { put(draws, id) };
        changes.insert(id, mark);
    }
    changes.into_iter().collect()
}

fn faults(draws: &mut Draws, clients: u32) -> Vec<(Duration, Fault)> {
    let count = draws.below(7);
    let times = times(draws, count, millis(CHAOS) - 100);
    times.into_iter().map(|time| (time, Fault::drawn(draws, clients))).collect()
}
