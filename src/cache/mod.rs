//! The model cache: typed entities of the twelve kinds, and a replica of all models that one multiwatcher keeps current.
//!
//! A [`ModelCache`] is a client of the worker, made from a [`Factory`](crate::driver::Factory) or a
//! [`Worker`](crate::driver::Worker) over JSON. It serves reads from memory:
//!
//! - A [`Snapshot`] is everything at one revno, a [`CachedModel`] one model of it, with typed reads and what leads from one entity to
//!   others. Neither ever holds half of a batch, and neither takes a lock.
//! - [`wait_for`](ModelCache::wait_for) waits until a model is as you want it; a [`NotifyWatcher`] tells that something changed, a
//!   [`StringsWatcher`] which ids.
//! - [`report`](ModelCache::report) says how old what is held may be.
//! - [`status`] computes from a model what Juju's clients ask for: the full status, the model's info, its summary.
//!
//! # When the worker goes
//!
//! A backing that fails and comes back is the worker's business: the cache does not notice. When the worker itself ends, a cache
//! made from a factory goes on serving what it holds, says since when it has not heard, and opens another multiwatcher with growing
//! waits. The first batch of that one is the whole state, of another epoch. It takes the place of what is held in one move, and whoever
//! watches the cache hears the difference only. So nothing that lives is evicted meanwhile, and nothing that died stays.
//!
//! # Changed and changed back
//!
//! | between two answers | a notify watcher | a strings watcher |
//! |---|---|---|
//! | A became B | once | the id, once |
//! | A became B, then A again | once, though nothing is different | the id, once |
//! | removed and created again | once | the id, once |
//! | created and removed | once, though nothing is different | the id, once; there is nothing under it |
//! | any of these within one step of the backing, or created and removed within one batch of the worker | nothing, unless something is different | nothing, unless something is different |
//! | any of these while the cache had no worker | nothing, unless something is different | the ids that are different |

mod applying;
mod cached_model;
mod contents;
mod counts;
pub mod entities;
mod held;
mod links;
mod model_cache;
mod replica;
mod report;
mod retired;
mod shared;
mod snapshot;
mod source;
pub mod status;
mod task;
mod wait;
mod watch;
mod watches;

pub use applying::Applying;
pub use cached_model::CachedModel;
pub use counts::{Counts, Of};
pub use held::Held;
pub use model_cache::ModelCache;
pub use replica::{Changes, Feed, Replica};
pub use report::{CacheEnd, CacheReport};
pub use snapshot::Snapshot;
pub use source::Source;
pub use wait::End;
pub use watch::{NotifyWatcher, StringsWatcher};
