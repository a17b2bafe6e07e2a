//! The exhaustive search of a small scope: every order of everything that a [`scope`] lets happen, all promises checked after every
//! operation, until no run reaches a new state.
//!
//! The [`search()`] goes breadth first, so the first run that breaks a promise is a shortest one. Runs are merged where their
//! fingerprints are equal. Futures cannot be cloned, so a state is reached again by retracing its operations, without judging them
//! once more: the walker does that. A run that comes to its end, because nothing more can happen, is healed, and must have converged.

pub mod left;
pub mod moves;
pub mod order;
pub mod scope;
pub mod search;
pub mod summary;
mod walker;

pub use scope::{Scope, ScopeError};
pub use search::{Found, Limits, Outcome, Progress, search};
