//! The worker seen from outside, on tokio with a clock that the tests move.

mod common;
mod factory;
mod reading;
