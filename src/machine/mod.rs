//! The pure room: the store manager as a state machine.
//!
//! Nothing here waits, reads a clock, draws a number, locks or logs. Time and ids come in as arguments, everything the
//! outside must do comes out as [`Output`]. What waits, wakes and talks to a backing lives elsewhere.

mod config;
mod connection;
mod delta;
mod entity;
mod error;
mod filter;
mod garbage;
mod identity;
mod input;
mod manager;
mod numbers;
mod output;
mod report;
mod store;
mod watchers;

pub use config::{Backoff, Config, RestartPolicy};
pub use delta::{Batch, Change, Delta};
pub use entity::{EntityId, Kind, ModelId, ParseModelIdError};
pub use error::{Cause, CauseClass, NextError, ResumeError, WatchError};
pub use filter::{Filter, Kinds, Models};
pub use garbage::Garbage;
pub use identity::Identity;
pub use input::{Answer, BackingCall, Input, NextPoll, Progress, Read, ResumePoint, Step};
pub use manager::{Broken, StoreManager};
pub use numbers::{CallId, Epoch, FetchId, Generation, Position, Revno, Time, WatcherId};
pub use output::{Output, Timeout, TimeoutReason};
pub use report::{Dropped, Failures, Phase, Report, Watchers};
