//! The worker seen from outside, on tokio, mostly with a clock that the tests move.

mod backings;
mod common;
mod dropping;
mod elsewhere;
mod factory;
mod openings;
mod overdue;
mod panics;
mod reading;
mod restarts;
mod scripted;
mod stops;
mod telling;
