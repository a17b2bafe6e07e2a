//! How soon all clients are told of a change.

#![expect(clippy::disallowed_types, reason = "a benchmark is about wall time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::client::Client;
use super::common::clock::Samples;
use super::place::{PATH, Place, Way, Wire};

/// What the clients hold: the number of the latest change, each.
struct Held {
    latest: Vec<AtomicUsize>,
    told: Notify,
    /// Clients that hold the change that is waited for.
    wanted: AtomicUsize,
    there: AtomicUsize,
}

impl Held {
    fn by_all(&self) -> usize {
        self.latest.iter().map(|latest| latest.load(Ordering::Acquire)).min().unwrap_or(0)
    }
}

async fn watchers(place: &Place, way: Way, clients: usize) -> Arc<Held> {
    place.change(0);
    let held = Arc::new(Held {
        latest: (0..clients).map(|_| AtomicUsize::new(0)).collect(),
        told: Notify::new(),
        wanted: AtomicUsize::new(usize::MAX),
        there: AtomicUsize::new(0),
    });
    for (number, stream) in place.connections(way, clients).await.into_iter().enumerate() {
        let mut client = Client::connect(stream, PATH).await;
        client.watch().await;
        client.ask_next().await;
        client.reply().await;
        tokio::spawn(follow(client, number, Arc::clone(&held)));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    held
}

async fn follow(mut client: Client<Wire>, number: usize, held: Arc<Held>) {
    loop {
        client.ask_next().await;
        let mut latest = 0;
        client.reply_with(|payload| latest = message(payload)).await;
        let before = held.latest[number].swap(latest, Ordering::AcqRel);
        let wanted = held.wanted.load(Ordering::Acquire);
        if before < wanted && latest >= wanted {
            let there = held.there.fetch_add(1, Ordering::AcqRel) + 1;
            if there == held.latest.len() {
                held.told.notify_one();
            }
        }
    }
}

/// The number that is the unit's message.
fn message(payload: &[u8]) -> usize {
    let text = core::str::from_utf8(payload).expect("a reply is text");
    let rest = text.split("\"message\":\"").nth(1).expect("it tells of the unit");
    rest.split('"').next().and_then(|digits| digits.parse().ok()).expect("its message is a number")
}

/// A change at a time: nanoseconds until the last client has it.
pub(crate) async fn one_change(way: Way, clients: usize, rounds: usize) -> Samples {
    let place = Place::new();
    let held = watchers(&place, way, clients).await;
    let mut samples = Samples::default();
    for round in 1..=rounds {
        held.there.store(0, Ordering::Release);
        held.wanted.store(round, Ordering::Release);
        let start = Instant::now();
        place.change(round);
        held.told.notified().await;
        samples.push(start.elapsed().as_secs_f64() * 1e9);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    samples
}

/// 100 changes a second: nanoseconds until all clients hold each, or a later one; of the first half and of the second.
pub(crate) async fn steady(clients: usize, changes: usize) -> (Samples, Samples) {
    let place = Place::new();
    let held = watchers(&place, Way::Tcp, clients).await;
    let mut made: Vec<Instant> = Vec::with_capacity(changes);
    let (mut early, mut late) = (Samples::default(), Samples::default());
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let start = Instant::now();
    let mut seen = 0;
    while seen < changes {
        ticks.tick().await;
        let due = start.elapsed().as_millis() / 10;
        while made.len() < changes && (made.len() as u128) < due {
            made.push(Instant::now());
            place.change(made.len());
        }
        let by_all = held.by_all();
        for change in made.get(seen..by_all).into_iter().flatten() {
            let took = change.elapsed().as_secs_f64() * 1e9;
            if seen < changes / 2 {
                early.push(took);
            } else {
                late.push(took);
            }
            seen += 1;
        }
    }
    (early, late)
}
