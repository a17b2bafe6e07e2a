//! What checks a store manager: a small world to run it in, a generator of legal operations, and a reference model.
//!
//! [`World`] puts a [`Subject`] between a simulated backing and simulated readers. A [`Generator`] draws [`Operation`]s from
//! [`Choices`]; the world applies them and writes down [`Observation`]s; the [`Reference`] says from those alone what the
//! promises demand; [`Lockstep`] compares. Property tests, the fuzz target, the exhaustive search and the simulator all
//! stand on these.

mod backing;
mod choices;
#[cfg(feature = "driver")]
pub mod conformance;
mod deliver;
pub mod exhaustive;
mod faults;
mod forward;
mod generator;
mod habits;
mod handles;
mod healing;
mod lockstep;
mod observation;
mod operation;
mod party;
mod print;
mod promise;
#[cfg(test)]
mod properties;
mod readers;
mod reference;
mod regime;
mod sabotage;
mod stage;
mod state;
mod subject;
mod swarm;
mod universe;
mod world;

pub use backing::{Backing, Flight, Load, LogEntry, Message, OpenFetch, Reading, Session, StepRead};
pub use choices::{Bytes, Choices, Stream, Word};
pub use generator::Generator;
pub use healing::Healing;
pub use lockstep::Lockstep;
pub use observation::{BatchSeen, CallSeen, DeltaSeen, EPOCH, How, Observation, Seen};
pub use operation::{CallKind, Failing, Operation, StaleKind, Token};
pub use party::{Parties, Party};
pub use promise::{Broken, Promise};
pub use readers::{Call, Held, Reader, Status};
pub use reference::{ConnectionStage, Expected, Reference, Watcher, WatcherStage};
pub use regime::{Budgets, Character, Commits, Faults, Regime, Telling, Weights};
pub use stage::Stage;
pub use state::{Changes, IdSet, Ids, State};
pub use subject::{Fresh, Happened, Subject};
pub use swarm::{Families, Family};
pub use universe::{FilterIx, IdIx, Shape, Universe, Val};
pub use world::{Cut, World};
