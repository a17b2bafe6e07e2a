//! Deterministic simulation of the multiwatcher: the store manager that ships is driven through seeded schedules and
//! faults, every promise is checked after every step, and a failure is a list of decisions that replays byte for byte.
//!
//! A [`runner`] draws a [`plan`] from a seed, lets a [scheduler](schedulers) say who moves, and keeps the decisions; a
//! [`course`] applies them to the world and asks the [`checkers`]; a [`campaign`] does that for many seeds on all cores.
//!
//! A failure is told as a [`page`] for the terminal, drawn as a [`picture`], [explained](explain) by its decisive step, and kept as
//! a [`ready`] test.
//!
//! From the seed in a red line of CI to the picture of the failure are two commands, in the repository:
//!
//! ```text
//! cargo sim run --seeds 1234..1235 --world driver --html failure.html
//! xdg-open failure.html
//! ```
//!
//! The first makes the run short, prints its page and keeps it as a capsule. `cargo sim replay FILE --step` walks through a
//! capsule, `cargo sim explain FILE` names the step that decides, and `cargo sim test FILE` prints a test to commit.
//!
//! What a campaign draws freely a [`scenario`] file fixes: the folder `sim/scenarios` holds the well-known situations. Runs that
//! kept their promises are compared with others made of them, as [`metamorphic`] relations and the [`pairs`] say.

pub mod campaign;
pub mod canary;
pub mod checkers;
pub mod cli;
pub mod clock;
pub mod corpus;
mod counter;
pub mod course;
pub mod decisions;
mod difference;
pub mod driven;
pub mod exercised;
pub mod explain;
pub mod explore;
pub mod fault;
mod held;
pub mod juju;
pub mod metamorphic;
pub mod net;
pub mod page;
pub mod pairs;
mod panics;
pub mod picture;
pub mod plan;
pub mod random;
pub mod ready;
pub mod referee;
pub mod replay;
pub mod runner;
pub mod saturation;
pub mod scenario;
pub mod schedulers;
pub mod seed;
pub mod shrink;
pub mod story;
pub mod summary;
pub mod tally;
mod text;
pub mod trace;
mod trace_hash;
pub mod words;
pub mod worlds;
pub mod zoo;
