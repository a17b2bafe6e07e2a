//! The driver: one task that waits on behalf of the machine, and the handles by which programs use it.
//!
//! The machine decides; nothing here does. [`Worker`] starts the task and opens [`Multiwatcher`]s, [`Factory`] starts workers on
//! demand. How the lock, the wakers and the task work together is told in [`docs::driver`](crate::docs::driver).

mod after;
mod causes;
mod error;
mod factory;
mod foreign;
mod machine;
mod meters;
#[cfg(test)]
#[cfg(multiwatcher_loom)]
mod models;
mod multiwatcher;
mod report;
mod seam;
mod shared;
mod sync;
mod token;
mod wakers;
mod worker;

pub use causes::Failure;
pub use error::{NextError, ResumeError, WatchError};
pub use factory::{Factory, OpenError, Opener};
pub use machine::Machine;
pub use multiwatcher::{Batches, Multiwatcher, MultiwatcherEnd, Next};
pub use report::Report;
pub use seam::{Seam, Tokio, TokioSleep};
pub use token::{ParseTokenError, ResumeToken};
pub use worker::{Doing, Resume, Worker, WorkerEnd};
