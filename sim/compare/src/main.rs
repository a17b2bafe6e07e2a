//! One small model, a store with watchers, under three schedulers: the simulator of this project, `shuttle` (random and PCT) and
//! `turmoil`. Prints how many schedules a second each makes on one core, and how many schedules it takes to find three bugs of the zoo
//! planted in the model.
//!
//! `cargo run --release` in this folder prints the table; it takes about two minutes.

mod model;
mod ours;
mod shuttled;
mod subject;
mod turmoiled;

use std::time::{Duration, Instant};

use model::Bug;

/// How long the speed of each is measured.
const SPEED: Duration = Duration::from_secs(2);
/// Hunts of each bug.
const TRIALS: u64 = 10;
/// A hunt ends after so many schedules ...
const MOST: u64 = 20_000;
/// ... or after so long.
const LONGEST: Duration = Duration::from_secs(10);

/// A scheduler under comparison.
struct Tool {
    name: &'static str,
    /// Runs schedules from a seed on until the bug shows, the number is reached or the time is up; returns how many were run, and
    /// whether it showed.
    hunt: fn(Bug, u64, u64, Duration) -> (u64, bool),
}

const TOOLS: [Tool; 4] = [
    Tool { name: "multiwatcher-sim", hunt: ours::hunt },
    Tool { name: "shuttle, random", hunt: shuttled::hunt_random },
    Tool { name: "shuttle, PCT(3)", hunt: shuttled::hunt_pct },
    Tool { name: "turmoil", hunt: turmoiled::hunt },
];

fn main() {
    // What is found shows as a panic in some of them.
    std::panic::set_hook(Box::new(|_| ()));
    println!("median schedules to find, of {TRIALS} hunts of at most {MOST} schedules or {} s", LONGEST.as_secs());
    println!();
    println!("{:<18}{:>12}{:>10}{:>10}{:>10}", "", "a second", "Z1", "Z3", "Z26");
    for Tool { name, hunt } in TOOLS {
        let start = Instant::now();
        let (runs, found) = hunt(Bug::None, 0, u64::MAX, SPEED);
        let speed = runs as f64 / start.elapsed().as_secs_f64();
        assert!(!found, "{name} finds a bug where there is none, after {runs} schedules");
        let medians = [Bug::Z1, Bug::Z3, Bug::Z26].map(|bug| median(hunt, bug));
        println!("{name:<18}{speed:>12.0}{:>10}{:>10}{:>10}", medians[0], medians[1], medians[2]);
    }
}

fn median(hunt: fn(Bug, u64, u64, Duration) -> (u64, bool), bug: Bug) -> String {
    let mut counts: Vec<u64> = (0..TRIALS)
        .map(|trial| match hunt(bug, (trial + 1) * 1_000_000, MOST, LONGEST) {
            (runs, true) => runs,
            (_, false) => u64::MAX,
        })
        .collect();
    counts.sort_unstable();
    match counts[counts.len() / 2] {
        u64::MAX => "not found".to_owned(),
        runs => runs.to_string(),
    }
}
