//! One run: the hosts are made, the network moves tick by tick, the plan is carried out, everything is healed, views are compared, and
//! all clients go.

use core::time::Duration;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;

use turmoil::{Builder, Sim};

use super::bugs::Bug;
use super::campaign::Counts;
use super::client::{self, Client};
use super::commits::Change;
use super::draws::{Concern, Draws};
use super::farewell;
use super::faults::Troubles;
use super::history::{History, in_short, shown};
use super::ledger::{Line, Party, SharedLedger};
use super::plan::{Plan, Script};
use super::server::{SERVER, Servers};
use super::timing::{self, BOUND, CHAOS, LATENCY, TICK, bound_in_words};
use super::witness::{Broken, Promise};
use crate::panics::caught;

/// After everybody holds what the database holds, this long nothing else may be told.
const QUIET: Duration = Duration::from_millis(40);

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// The hash of its trace.
    pub hash: u64,
    /// What was counted.
    pub counts: Counts,
    /// The promise that broke, if one did.
    pub failure: Option<Failure>,
}

/// A promise that broke in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Who saw it.
    pub party: Party,
    /// Which promise, and how.
    pub broken: Broken,
    /// When, in simulated time.
    pub at: Duration,
    /// The last that was said to and by the client concerned.
    pub said: Vec<Line>,
    /// The last that happened to the world.
    pub world: Vec<Line>,
}

/// Runs a seed, with a bug or without. What panics there is a broken promise.
pub fn run(seed: u64, bug: Bug) -> Ran {
    let plan = Plan::new(seed);
    let ledger = ledger_of(&plan);
    judged(plan, &ledger, bug)
}

/// The same, with every line of the trace.
pub fn told(seed: u64, bug: Bug) -> (Ran, Vec<(Party, Line)>) {
    let plan = Plan::new(seed);
    let ledger = ledger_of(&plan);
    ledger.open().keep_all();
    let ran = judged(plan, &ledger, bug);
    let trace = ledger.open().take_trace();
    (ran, trace)
}

fn ledger_of(plan: &Plan) -> SharedLedger {
    let scopes = plan.clients.iter().map(Script::scope).collect();
    SharedLedger::new(History::new(plan.ids_only), scopes)
}

fn judged(mut plan: Plan, ledger: &SharedLedger, bug: Bug) -> Ran {
    let seed = plan.seed;
    let mut at = Duration::ZERO;
    let ended = caught(AssertUnwindSafe(|| play(&mut plan, ledger, bug, &mut at)));
    let panicked = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("a host failed: {error}")),
        Err(said) => Some(format!("a host panicked: {said}")),
    };
    let mut ledger = ledger.open();
    if let Some(what) = panicked {
        ledger.break_promise(Party::World, Broken { promise: Promise::NoPanic, what });
    }
    let failure = ledger.broken.clone().map(|(party, broken)| Failure {
        seed,
        party,
        broken,
        at,
        said: match party {
            Party::World => Vec::new(),
            Party::Client(_) => ledger.last(party),
        },
        world: ledger.last(Party::World),
    });
    Ran { hash: ledger.hash(), counts: ledger.counts, failure }
}

fn play(plan: &mut Plan, ledger: &SharedLedger, bug: Bug, at: &mut Duration) -> turmoil::Result {
    let mut commits: VecDeque<_> = core::mem::take(&mut plan.commits).into();
    // What is there at first is there before the server.
    commit_due(ledger, &mut commits, Duration::ZERO);
    let mut sim = builder(plan).build();
    let servers = Servers::new(plan, ledger.clone(), bug);
    sim.host(SERVER, move || servers.clone().run());
    for (number, script) in plan.clients.iter().enumerate() {
        let client = Client::new(number, script.clone(), ledger.clone(), bug);
        sim.client(client::name(number), client.run());
    }
    let mut troubles = Troubles::new(ledger.clone(), plan.clients.len());
    let mut faults: VecDeque<_> = core::mem::take(&mut plan.faults).into();
    while *at < CHAOS && ledger.open().broken.is_none() {
        troubles.end(&mut sim, false);
        troubles.amid(&mut sim);
        while let Some((_, fault)) = faults.pop_front_if(|(time, _)| *time <= *at) {
            troubles.begin(&mut sim, fault);
        }
        commit_due(ledger, &mut commits, *at);
        sim.step()?;
        *at = sim.elapsed();
    }
    if ledger.open().broken.is_some() {
        return Ok(());
    }
    commit_due(ledger, &mut commits, *at);
    ledger.open().write(Party::World, *at, "everything is healed");
    troubles.end(&mut sim, true);
    ledger.open().is_calm = true;
    settle(&mut sim, ledger, at)?;
    if ledger.open().broken.is_some() {
        return Ok(());
    }
    farewell::play(&mut sim, ledger, &plan.clients, at)
}

/// Waits until every view is the database, and a little longer.
fn settle(sim: &mut Sim<'_>, ledger: &SharedLedger, at: &mut Duration) -> turmoil::Result {
    let (healed, mut since) = (*at, None);
    while ledger.open().broken.is_none() {
        sim.step()?;
        *at = sim.elapsed();
        let apart = ledger.open().apart();
        match (apart.first(), since) {
            (None, None) => since = Some(*at),
            (None, Some(since)) if at.saturating_sub(since) >= QUIET => {
                let took = since.saturating_sub(healed);
                ledger.open().counts.settled(took);
                return Ok(());
            }
            (None, Some(_)) => {}
            (Some(_), _) if at.saturating_sub(healed) <= BOUND => since = None,
            (Some(client), _) => {
                let what = format!("client {client} differs after {}", bound_in_words());
                let broken = Broken { promise: Promise::Convergence, what };
                ledger.open().break_promise(Party::Client(*client), broken);
            }
        }
    }
    Ok(())
}

fn commit_due(ledger: &SharedLedger, commits: &mut VecDeque<(Duration, Vec<Change>)>, now: Duration) {
    while let Some((_, changes)) = commits.pop_front_if(|(time, _)| *time <= now) {
        let mut ledger = ledger.open();
        let words: Vec<_> = changes
            .iter()
            .map(|(id, mark)| match mark {
                Some(mark) => format!("{}={}", in_short(id), shown(mark)),
                None => format!("{} gone", in_short(id)),
            })
            .collect();
        ledger.history.commit(changes);
        let what = format!("commit {}: {}", ledger.history.latest(), words.join(", "));
        ledger.write(Party::World, now, what);
    }
}

fn builder(plan: &Plan) -> Builder {
    let mut builder = Builder::new();
    builder
        .rng_seed(Draws::new(plan.seed, Concern::Network).word())
        .enable_random_order()
        .tick_duration(TICK)
        .min_message_latency(Duration::ZERO)
        .max_message_latency(LATENCY)
        .tcp_capacity(plan.segments)
        .simulation_duration(CHAOS + BOUND * 2 + timing::farewell() * 2);
    builder
}
