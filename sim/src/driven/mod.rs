//! The driver world: the shipped worker, its handles and their futures, on an executor, a clock and a backing of the
//! simulator's own.
//!
//! [`Driven`] is a subject with a task. What a reader asks is put to its handle; what the backing says is posted and waits
//! until the worker, polled when the schedule says so, takes it. What happens is told in the order in which it happened.

mod backing;
mod failure;
pub mod plant;
mod post;
mod print;
mod readers;
mod runtime;
mod subject;
mod watched;
mod wires;

pub use subject::{Driven, Inside};
